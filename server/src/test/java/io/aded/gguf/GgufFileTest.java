package io.aded.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.llama.GgufWriter;
import io.aded.llama.TinyModels;
import io.aded.model.AdedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufFileTest {
    @TempDir
    private Path directory;

    private byte[] whole = {};

    @BeforeEach
    void writeTinyModel() throws IOException {
        whole = Files.readAllBytes(TinyModels.f32(directory));
    }

    @Test
    void read_tinyModel_tellsWhatIsInIt() {
        GgufFile file = GgufFile.read(TinyModels.f32(directory));
        file.requireModel();
        assertThat(file.version()).isEqualTo(3);
        assertThat(file.architecture()).isEqualTo("llama");
        assertThat(file.name()).isEqualTo("tiny random llama 1");
        assertThat(file.quantization()).isEqualTo("F32");
        assertThat(file.trainedContext()).isEqualTo(TinyModels.TRAINED_CONTEXT);
        assertThat(file.integer("llama.attention.head_count", -1)).isEqualTo(4);
        assertThat(file.number("llama.rope.freq_base", 0)).isEqualTo(10_000);
        assertThat(file.flag("tokenizer.ggml.add_bos_token", false)).isTrue();
        assertThat(file.string("no.such.key")).isNull();
        assertThat(file.metadata().get("tokenizer.ggml.tokens"))
                .isInstanceOfSatisfying(GgufFile.Array.class, tokens -> {
                    assertThat(tokens.elementType()).isEqualTo("string");
                    assertThat(tokens.head()).startsWith("<unk>", "<s>", "</s>");
                });
        assertThat(file.tensors()).hasSize(21);
        assertThat(file.parameters())
                .isEqualTo(file.tensors().stream()
                        .mapToLong(GgufFile.Tensor::elements)
                        .sum());
    }

    @Test
    void read_missingFile_isNotFound() {
        assertThatThrownBy(() -> GgufFile.read(directory.resolve("none.gguf")))
                .isInstanceOf(AdedException.NotFound.class)
                .hasMessageContaining("none.gguf");
    }

    @Test
    void read_directory_isRefused() {
        refused(directory, "directory");
    }

    @Test
    void read_truncatedAnywhere_isRefusedAndSaysSo() throws IOException {
        int header = (int) GgufFile.read(TinyModels.f32(directory)).dataOffset();
        for (int length = 0; length < whole.length; length += length < header ? 97 : 20_011) {
            Path file = Files.write(directory.resolve("cut.gguf"), Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> GgufFile.read(file))
                    .as("cut to " + length)
                    .isInstanceOf(AdedException.InvalidArtifact.class)
                    .message()
                    .containsAnyOf("truncated", "less than a GGUF header");
        }
    }

    @Test
    void read_countsBeyondTheFile_areRefusedWithoutMemory() throws IOException {
        for (long count : new long[] {-1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 40, 1 << 28}) {
            refused(patched(8, count), "number of tensors");
            refused(patched(16, count), "number of entries");
            // The length of the first key.
            refused(patched(24, count), "length of a text");
        }
    }

    @Test
    void read_wrongMagicVersionOrByteOrder_isRefused() throws IOException {
        refused(changed(0, (byte) 'X'), "does not begin with \"GGUF\"");
        refused(changed(4, (byte) 1), "version is 1");
        refused(changed(4, (byte) 9), "version is 9");
        byte[] bigEndian = whole.clone();
        bigEndian[4] = 0;
        bigEndian[7] = 3;
        refused(Files.write(directory.resolve("big.gguf"), bigEndian), "big-endian");
    }

    @Test
    void requireModel_whatLlamaCppTakesForGranted_isRefused() throws IOException {
        unusable(writer -> {}, "does not name an architecture");
        unusable(writer -> writer.text("general.architecture", "llama"), "no tensors");
        GgufWriter duplicates = minimal(List.of("a", "b", "a"));
        unusable(duplicates, "token 2 has the text of an earlier one");
        unusable(minimal(List.of("a", "b")), "of the 256 byte tokens");
        List<String> single = List.of("a", "\\n", "\\\\", "\\xff", "\\xFF", "<0x07>", "ab");
        // The library reads the capital letters as if they were digits, and that is another byte.
        unusable(minimal("rwkv", single), "only 4 of the 256 single bytes");
        unusable(minimal("rwkv", List.of("a", "\\x\0\u0001", "\0", "\\\0", "\\x4")), "only 1 of the 256 single bytes");
        unusable(minimal("rwkv", List.of("a", "\\x")), "only 1 of the 256 single bytes");
        unusable(minimal(List.of("<0x1f>", "<0x1E>", "<0x1D")), "only 1 of the 256 byte tokens");
        unusable(minimal(List.of("a\0b", "c", "a\0d")), "token 2 has the text of an earlier one");
        unusable(minimal(List.of("\0b", "\0c")), "of the 256 byte tokens");
        unusable(minimal(List.of()), "no tokens");
        unusable(minimal(List.of("a")).numbers("tokenizer.ggml.scores", new float[2]), "byte tokens");
    }

    @Test
    void read_tensorThatOverlapsOrIsAbsurd_isRefused() throws IOException {
        GgufWriter twice = new GgufWriter().tensor("a", new float[32], 32).tensor("a", new float[32], 32);
        refused(twice.write(directory.resolve("twice.gguf")), "the tensor a twice");
        Path zero = new GgufWriter().tensor("a", new float[0], 0).write(directory.resolve("zero.gguf"));
        refused(zero, "impossible size 0");
        Path huge = new GgufWriter()
                .tensor("a", new float[8], Long.MAX_VALUE, Long.MAX_VALUE)
                .write(directory.resolve("huge.gguf"));
        refused(huge, "impossible size");
        Path short1 = new GgufWriter().tensor("a", new float[8], 1 << 20).write(directory.resolve("short.gguf"));
        refused(short1, "truncated");
    }

    private static GgufWriter minimal(List<String> tokens) {
        return minimal("llama", tokens);
    }

    private static GgufWriter minimal(String tokeniser, List<String> tokens) {
        return new GgufWriter()
                .text("general.architecture", "llama")
                .integer("llama.block_count", 1)
                .integer("llama.embedding_length", 64)
                .integer("llama.context_length", 64)
                .text("tokenizer.ggml.model", tokeniser)
                .texts("tokenizer.ggml.tokens", tokens)
                .tensor("a", new float[32], 32);
    }

    private void unusable(Consumer<GgufWriter> filling, String because) throws IOException {
        GgufWriter writer = new GgufWriter();
        filling.accept(writer);
        unusable(writer, because);
    }

    private void unusable(GgufWriter writer, String because) throws IOException {
        GgufFile file = GgufFile.read(writer.write(directory.resolve("unusable.gguf")));
        assertThatThrownBy(file::requireModel)
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining(because);
    }

    private static void refused(Path file, String because) {
        assertThatThrownBy(() -> GgufFile.read(file))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining(because);
    }

    private Path changed(int at, byte value) throws IOException {
        byte[] bytes = whole.clone();
        bytes[at] = value;
        return Files.write(directory.resolve("changed.gguf"), bytes);
    }

    private Path patched(int at, long value) throws IOException {
        byte[] bytes = whole.clone();
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(at, value);
        return Files.write(directory.resolve("patched.gguf"), bytes);
    }

    @Test
    void read_device_isRefusedBeforeItIsRead() {
        Path device = Path.of("/dev/zero");
        Assumptions.assumeTrue(Files.exists(device));
        assertThatThrownBy(() -> GgufFile.read(device))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("/dev/zero is not a usable GGUF file: it is a device, a pipe or a socket");
    }
}
