package io.aded.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.gguf.GgufFile;
import io.aded.gguf.Quantization;
import io.aded.gguf.SkippedLayers;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.llama.TinyModels;
import io.aded.model.AdedException;
import io.aded.store.ProcessEnvironment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With prices that are given: each pass of any model costs the same. */
final class SkipChooserTest {
    @TempDir
    Path directory;

    private final LlamaLibrary library = LlamaLibrary.bundled();
    private final List<String> notes = new ArrayList<>();
    private final HostListener listener = new HostListener() {
        @Override
        public void note(String line) {
            notes.add(line);
        }
    };
    private Path model = Path.of("");

    /** Six layers, of which two add nothing. */
    @BeforeEach
    void write() throws IOException {
        model = directory.resolve("six.gguf");
        TinyModels.writer(1, 6).write(model);
        GgufFile header = GgufFile.read(model);
        try (FileChannel file = FileChannel.open(model, StandardOpenOption.WRITE)) {
            for (GgufFile.Tensor tensor : header.tensors()) {
                if (tensor.name().matches("blk\\.[23]\\.(attn_output|ffn_down)\\.weight")) {
                    file.write(ByteBuffer.allocate((int) tensor.bytes()), header.dataOffset() + tensor.offset());
                }
            }
        }
    }

    private SkipChooser chooser() {
        HostConfiguration configuration = HostConfiguration.DEFAULT
                .withContext(ContextConfiguration.DEFAULT.withThreads(1))
                .withEnvironment(new ProcessEnvironment(Map.of(), directory, directory));
        return new SkipChooser(configuration, listener, SkipChooserTest::prices);
    }

    private static double[] prices(LlamaModel anyModel) {
        double[] nanos = new double[10];
        Arrays.fill(nanos, 5);
        return nanos;
    }

    @Test
    void choose_layersThatAddNothing_areFoundOnceAndKept() throws IOException {
        assertThat(chooser().choose(library, model, null)).isEqualTo(SkippedLayers.parse("2-3"));
        String cost = costWithoutTwoLayers();
        assertThat(notes)
                .contains("  without layers 2-3: guesses 100.0 % of the tokens, each in " + cost
                        + " of the model's time for one")
                .last()
                .asString()
                .startsWith("Without layers 2-3: the copy guesses 100 % of the model's tokens, each in " + cost
                        + " of the time that the model takes for one");
        try (Stream<Path> files = Files.list(directory.resolve(".cache/aded/derived"))) {
            assertThat(files.filter(Files::isRegularFile)
                            .map(file -> file.getFileName().toString()))
                    .isNotEmpty()
                    .allSatisfy(name -> assertThat(name).endsWith("-skip.json"));
        }

        notes.clear();
        assertThat(chooser().choose(library, model, null)).isEqualTo(SkippedLayers.parse("2-3"));
        assertThat(notes).hasSize(1);
    }

    /** The share of the weights that a pass reads: all but the embedding, of which it reads a row. */
    private String costWithoutTwoLayers() {
        double all = 0;
        double layers = 0;
        for (GgufFile.Tensor tensor : GgufFile.read(model).tensors()) {
            boolean read = !tensor.name().equals("token_embd.weight");
            all += read ? tensor.bytes() : 0;
            layers += tensor.name().startsWith("blk.2.") || tensor.name().startsWith("blk.3.") ? tensor.bytes() : 0;
        }
        return String.format(Locale.ROOT, "%.2f", (all - layers) / all);
    }

    @Test
    void choose_inAnotherFormat_comparesWithAllLayersToo() {
        SkippedLayers chosen = chooser().choose(library, model, Quantization.Q8_0);
        assertThat(notes).anySatisfy(note -> assertThat(note).startsWith("  with all layers: "));
        assertThat(chosen).isEqualTo(SkippedLayers.parse("2-3"));
    }

    @Test
    void choose_trialsThatAKilledProcessLeft_areSweptAndNoneStays() throws IOException {
        Path trials = Files.createDirectories(directory.resolve(".cache/aded/derived/trials"));
        Files.write(trials.resolve("trial.gguf.part"), new byte[1000]);
        Files.write(trials.resolve("trial-77.gguf"), new byte[1000]);
        chooser().choose(library, model, Quantization.Q8_0);
        try (Stream<Path> left = Files.walk(directory.resolve(".cache/aded/derived"))) {
            // Neither trials nor the copy with all layers, which was written for the search.
            assertThat(left.map(file -> file.getFileName().toString())).noneMatch(name -> name.contains(".gguf"));
        }
    }

    @Test
    void choose_findingThatCannotBeKept_isRefusedBeforeTheSearch() throws IOException {
        chooser().choose(library, model, null);
        Path derived = directory.resolve(".cache/aded/derived");
        try (Stream<Path> files = Files.list(derived)) {
            for (Path finding :
                    files.filter(file -> file.toString().endsWith("-skip.json")).toList()) {
                Files.delete(finding);
                Files.createDirectory(finding);
            }
        }
        notes.clear();
        assertThatThrownBy(() -> chooser().choose(library, model, null))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("a directory is in its place");
        assertThat(notes).isEmpty();
    }

    @Test
    void choose_tooFewLayers_isRefused() {
        Path two = TinyModels.f32(directory);
        assertThatThrownBy(() -> chooser().choose(library, two, null))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining("at least 3");
    }
}
