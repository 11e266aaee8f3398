package io.aded.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.gguf.Quantization;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.TinyModels;
import io.aded.model.AdedException;
import io.aded.store.TransferListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RequantizedModelsTest {
    @TempDir
    Path directory;

    private final List<String> notes = new ArrayList<>();
    private Path model = Path.of("");

    @BeforeEach
    void write() {
        model = TinyModels.f32(directory);
    }

    private Path find() {
        TransferListener listener = new TransferListener() {
            @Override
            public void note(String line) {
                notes.add(line);
            }
        };
        return new RequantizedModels(directory).find(LlamaLibrary.bundled(), model, Quantization.Q8_0, listener);
    }

    @Test
    void find_fileThatWasDamaged_isWrittenAgain() throws IOException {
        Path file = find();
        byte[] whole = Files.readAllBytes(file);
        assertThat(find()).isEqualTo(file);
        assertThat(notes).hasSize(1);

        byte[] damaged = whole.clone();
        damaged[whole.length - 100] ^= 1;
        Files.delete(file);
        Files.write(file, damaged);
        assertThat(find()).isEqualTo(file).hasBinaryContent(whole);
        assertThat(notes).hasSize(2);
    }

    @Test
    void find_directoryInItsPlace_isRefusedBeforeAnythingIsWritten() throws IOException {
        Path file = find();
        Files.delete(file);
        Files.createDirectory(file);
        notes.clear();
        assertThatThrownBy(this::find)
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("a directory is in its place");
        assertThat(notes).isEmpty();
    }
}
