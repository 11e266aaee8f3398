package io.aded.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.gguf.GgufFile;
import io.aded.gguf.Quantization;
import io.aded.gguf.SkippedLayers;
import io.aded.host.DerivedModels.Request;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.TinyModels;
import io.aded.model.AdedException;
import io.aded.store.Checksum;
import io.aded.store.ProcessEnvironment;
import io.aded.store.TransferListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DerivedModelsTest {
    private static final SkippedLayers LAST = SkippedLayers.parse("1");

    @TempDir
    Path directory;

    private final LlamaLibrary library = LlamaLibrary.bundled();
    private final List<String> notes = new ArrayList<>();
    private final TransferListener listener = new TransferListener() {
        @Override
        public void note(String line) {
            notes.add(line);
        }
    };
    private Path model = Path.of("");

    @BeforeEach
    void write() {
        model = TinyModels.f32(directory);
    }

    private Path find(@Nullable Quantization format, SkippedLayers skipped, @Nullable Path output) {
        return new DerivedModels(new ProcessEnvironment(Map.of(), directory, directory))
                .find(library, new Request(model, format, skipped, output), listener);
    }

    @Test
    void find_copyTellsWhatItWasMadeFrom() throws IOException {
        GgufFile copy = GgufFile.read(find(Quantization.Q4_K, LAST, null));

        assertThat(copy.integer("llama.block_count", 0)).isEqualTo(1);
        assertThat(copy.string("aded.derived.source_sha256"))
                .isEqualTo(Checksum.of("SHA-256", model).hex());
        assertThat(copy.string("aded.derived.format")).isEqualTo("Q4_K");
        assertThat(copy.string("aded.derived.skipped_layers")).isEqualTo("1");
        assertThat(copy.path().getFileName().toString()).startsWith("tiny-1-f32-Q4_K-without-1-");
        assertThat(copy.metadata().get("tokenizer.ggml.tokens"))
                .isEqualTo(GgufFile.read(model).metadata().get("tokenizer.ggml.tokens"));
    }

    @Test
    void find_secondTime_isTheSameFileUntilTheModelChanges() throws IOException {
        Path copy = find(null, LAST, null);
        FileTime written = FileTime.fromMillis(1_000_000);
        Files.setLastModifiedTime(copy, written);
        assertThat(find(null, LAST, null)).isEqualTo(copy);
        assertThat(Files.getLastModifiedTime(copy)).isEqualTo(written);
        assertThat(notes).hasSize(1);

        // Cut off by hand: it is no whole file any more.
        replace(copy, Arrays.copyOf(Files.readAllBytes(copy), 5000));
        assertThat(GgufFile.read(find(null, LAST, null)).integer("llama.block_count", 0))
                .isEqualTo(1);

        Files.copy(TinyModels.f32(directory, 2), model, StandardCopyOption.REPLACE_EXISTING);
        assertThat(find(null, LAST, null)).isNotEqualTo(copy);
    }

    /** Whoever may write to the directory may do so, though not into the file. */
    private static void replace(Path file, byte[] bytes) throws IOException {
        Files.delete(file);
        Files.write(file, bytes);
    }

    @Test
    void find_weightsThatWereDamaged_areWrittenAgain() throws IOException {
        Path copy = find(Quantization.Q8_0, LAST, null);
        byte[] whole = Files.readAllBytes(copy);
        FileTime time = Files.getLastModifiedTime(copy);
        byte[] damaged = whole.clone();
        damaged[whole.length - 100] ^= 1;
        replace(copy, damaged);
        Files.setLastModifiedTime(copy, time); // nothing but a look at all of it tells

        assertThat(find(Quantization.Q8_0, LAST, null)).isEqualTo(copy);
        assertThat(Files.readAllBytes(copy)).isEqualTo(whole);
        assertThat(notes).hasSize(3).anySatisfy(note -> assertThat(note).contains("is not what was written"));
    }

    @Test
    void find_copy_isSealedAndNobodyMayWriteIntoIt() throws IOException {
        Path copy = find(Quantization.Q8_0, LAST, null);
        assertThat(Files.getPosixFilePermissions(copy))
                .noneMatch(right -> right.name().endsWith("WRITE"));
        assertThat(Files.readString(copy.resolveSibling(copy.getFileName() + ".sha256")))
                .isEqualTo(Checksum.of("SHA-256", copy).hex() + "  " + copy.getFileName() + "\n");
    }

    @Test
    void find_somethingElseInItsPlace_isRefusedBeforeAnythingIsWritten() throws IOException {
        Path copy = find(Quantization.Q8_0, LAST, null);
        notes.clear();
        for (String kind : List.of("directory", "circle")) {
            Files.delete(copy);
            if (kind.equals("directory")) {
                Files.createDirectory(copy);
            } else {
                Files.createSymbolicLink(copy, copy);
            }
            assertThatThrownBy(() -> find(Quantization.Q8_0, LAST, null))
                    .isInstanceOf(AdedException.InvalidArtifact.class)
                    .hasMessageContaining("is in its place");
            assertThat(notes).isEmpty();
        }
        Path no = Files.writeString(directory.resolve("no"), "a file where a directory is wanted");
        assertThatThrownBy(() -> find(Quantization.Q8_0, LAST, no.resolve("x.gguf")))
                .isInstanceOf(AdedException.InvalidArtifact.class);
        assertThat(notes).isEmpty();
    }

    @Test
    void find_whatAKilledWriterLeft_isSwept() throws IOException {
        Path derived = Files.createDirectories(directory.resolve(".cache/aded/derived"));
        Path left = Files.write(derived.resolve("other-Q4_0.gguf.part"), new byte[1000]);
        find(Quantization.Q8_0, LAST, null);
        assertThat(left).doesNotExist();
    }

    @Test
    void find_copyAsLargeAsTheModel_saysThatItGainsNothing() {
        model = find(Quantization.Q8_0, SkippedLayers.NONE, null);
        notes.clear();
        find(Quantization.Q8_0, SkippedLayers.NONE, directory.resolve("again.gguf"));
        assertThat(notes).anySatisfy(note -> assertThat(note).contains("hardly faster"));
    }

    @Test
    void find_outputThatIsAnotherFile_isRefusedAndLeftAlone() throws IOException {
        Path output = directory.resolve("draft.gguf");
        assertThat(find(Quantization.Q8_0, SkippedLayers.NONE, output)).isEqualTo(output);
        assertThat(find(Quantization.Q8_0, SkippedLayers.NONE, output)).isEqualTo(output);
        byte[] before = Files.readAllBytes(output);

        assertThatThrownBy(() -> find(Quantization.Q4_0, SkippedLayers.NONE, output))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining("draft.gguf");
        assertThatThrownBy(() -> find(Quantization.Q4_0, SkippedLayers.NONE, model))
                .isInstanceOf(AdedException.InvalidRequest.class);
        assertThat(Files.readAllBytes(output)).isEqualTo(before);
    }

    @Test
    void find_nothingToChangeOrNoModel_isRefused() {
        assertThatThrownBy(() -> find(null, SkippedLayers.NONE, null))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining("the model itself");
        model = directory.resolve("nosuch.gguf");
        assertThatThrownBy(() -> find(null, LAST, null)).isInstanceOf(AdedException.NotFound.class);
    }
}
