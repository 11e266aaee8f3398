package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.gguf.GgufFile;
import io.aded.gguf.ModelCopy;
import io.aded.gguf.Quantization;
import io.aded.gguf.SkippedLayers;
import io.aded.gguf.SyntheticFormat;
import io.aded.gguf.SyntheticModel;
import io.aded.gguf.TensorType;
import io.aded.model.AdedException;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RequantizerTest {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void copy_tinyModel_givesNearlyTheSameLogits(LlamaLibrary library) throws Exception {
        Path source = TinyModels.f32(directory);
        float[] exact = logits(library, source);
        Path eight = directory.resolve("eight.gguf");
        Path four = directory.resolve("four.gguf");
        Path again = directory.resolve("again.gguf");
        List<Double> reported = new ArrayList<>();
        LlamaModel.copy(library, source, eight, ModelCopy.of(Quantization.Q8_0), reported::add);
        LlamaModel.copy(library, source, four, ModelCopy.of(Quantization.Q4_0), share -> {});
        LlamaModel.copy(library, eight, again, ModelCopy.of(Quantization.Q8_0), share -> {});

        assertThat(GgufFile.read(eight).quantization()).isEqualTo("Q8_0");
        assertThat(GgufFile.read(eight).integer("general.file_type", -1)).isEqualTo(7);
        assertThat(GgufFile.read(four).quantization()).isEqualTo("Q4_0");
        assertThat(reported).isSorted().last().isEqualTo(1.0);
        double noise8 = correlation(exact, logits(library, eight));
        double noise4 = correlation(exact, logits(library, four));
        assertThat(noise8).isGreaterThan(0.999);
        assertThat(noise4).isBetween(0.6, noise8);
        // Q8_0 of Q8_0 is the same numbers.
        assertThat(logits(library, again)).isEqualTo(logits(library, eight));
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files.map(file -> String.valueOf(file.getFileName()))).noneMatch(name -> name.endsWith(".part"));
        }
    }

    /** Native code is handed addresses; what it reads must be ours until it has read it, whoever's buffer it was. */
    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void convert_rowsInAnyKindOfBuffer_giveTheSameBytes(LlamaLibrary library) {
        RowFunctions rows = library.natives().rows;
        byte[] packed =
                new byte[34 * 64 * 8]; // 8 rows of 64 blocks of Q8_0: a scale (half a float) and 32 numbers each
        for (int i = 0; i < packed.length; i++) {
            packed[i] = (byte) (i % 34 < 2 ? 0x14 * (i % 34) : i * 31);
        }
        ByteBuffer direct = ByteBuffer.allocateDirect(packed.length + 5).position(5);
        direct.put(packed).position(5);

        byte[] expected = rows.convert(TensorType.Q8_0, ByteBuffer.wrap(packed), TensorType.Q4_0, 8, 64 * 32);

        assertThat(expected).hasSize(18 * 64 * 8).isNotEqualTo(new byte[18 * 64 * 8]);
        assertThat(rows.convert(TensorType.Q8_0, direct, TensorType.Q4_0, 8, 64 * 32))
                .isEqualTo(expected);
        assertThat(rows.convert(TensorType.Q8_0, direct.asReadOnlyBuffer(), TensorType.Q4_0, 8, 64 * 32))
                .isEqualTo(expected);
    }

    @Test
    void copy_badArguments_areRefused() {
        LlamaLibrary library = LlamaLibrary.bundled();
        Path source = TinyModels.f32(directory);
        Path out = directory.resolve("out.gguf");
        ModelCopy eightBits = ModelCopy.of(Quantization.Q8_0);
        assertThatThrownBy(() -> LlamaModel.copy(library, directory.resolve("none.gguf"), out, eightBits, share -> {}))
                .isInstanceOf(AdedException.NotFound.class);
        assertThatThrownBy(() -> LlamaModel.copy(
                        library, source, directory.resolve("no/such/place.gguf"), eightBits, share -> {}))
                .isInstanceOf(AdedException.class)
                .hasMessageContaining("place.gguf");
    }

    /** From each kind of source, into each format with a K, and by either line of llama.cpp. */
    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void copy_kFormats_loadAndSayTheSame(LlamaLibrary library) throws Exception {
        Path halves = wide(SyntheticFormat.F16, 256);
        Path eights = wide(SyntheticFormat.Q8_0, 256);
        Map<Quantization, Path> sources =
                Map.of(Quantization.Q4_K_M, halves, Quantization.Q4_K, eights, Quantization.Q6_K, eights);
        Map<Quantization, Integer> fileTypes =
                Map.of(Quantization.Q4_K_M, 15, Quantization.Q4_K, 14, Quantization.Q6_K, 18);
        for (Map.Entry<Quantization, Path> entry : sources.entrySet()) {
            Quantization format = entry.getKey();
            Path copy = directory.resolve(format + ".gguf");
            LlamaModel.copy(library, entry.getValue(), copy, ModelCopy.of(format), share -> {});

            GgufFile header = GgufFile.read(copy);
            assertThat(header.quantization()).isEqualTo(format == Quantization.Q6_K ? "Q6_K" : "Q4_K");
            assertThat(header.integer("general.file_type", -1)).isEqualTo((long) fileTypes.get(format));
            assertThat(header.integer("general.quantization_version", -1)).isEqualTo(2);
            float[] before = logits(library, entry.getValue());
            float[] after = logits(library, copy);
            assertThat(correlation(before, after)).isGreaterThan(format == Quantization.Q6_K ? 0.99 : 0.95);
            assertThat(best(after)).isEqualTo(best(before));
        }
        Path mixture = directory.resolve("Q4_K_M.gguf");
        Map<String, TensorType> types = GgufFile.read(mixture).tensors().stream()
                .collect(Collectors.toMap(GgufFile.Tensor::name, GgufFile.Tensor::type));
        assertThat(types)
                .containsEntry("output.weight", TensorType.Q6_K)
                .containsEntry("blk.1.attn_v.weight", TensorType.Q4_K)
                .containsEntry("blk.2.attn_v.weight", TensorType.Q6_K)
                .containsEntry("blk.3.ffn_down.weight", TensorType.Q6_K)
                .containsEntry("blk.1.ffn_up.weight", TensorType.Q4_K)
                .containsEntry("blk.1.ffn_norm.weight", TensorType.F32);
    }

    /** Rows of 64 weights become what they can. */
    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void copy_rowsTooShortForK_areWrittenInAnotherFormatAndLoad(LlamaLibrary library) {
        Path source = TinyModels.f32(directory);
        Path copy = directory.resolve("copy.gguf");
        LlamaModel.copy(library, source, copy, ModelCopy.of(Quantization.Q4_K_M), share -> {});

        assertThat(GgufFile.read(copy).tensors().stream().map(GgufFile.Tensor::type))
                .contains(TensorType.Q5_0, TensorType.Q8_0)
                .doesNotContain(TensorType.Q4_K, TensorType.Q6_K);
        assertThat(correlation(logits(library, source), logits(library, copy))).isGreaterThan(0.9);
    }

    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void copy_weightThatIsNoNumber_isRefusedByItsTensor(LlamaLibrary library) throws Exception {
        Path source = TinyModels.f32(directory);
        GgufFile header = GgufFile.read(source);
        GgufFile.Tensor tensor = header.tensors().stream()
                .filter(any -> any.name().equals("blk.1.ffn_up.weight"))
                .findFirst()
                .orElseThrow();
        try (FileChannel file = FileChannel.open(source, StandardOpenOption.WRITE)) {
            ByteBuffer bad = ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putFloat(Float.NaN)
                    .flip();
            file.write(bad, header.dataOffset() + tensor.offset() + 400);
        }
        Path copy = directory.resolve("copy.gguf");
        assertThatThrownBy(() -> LlamaModel.copy(library, source, copy, ModelCopy.of(Quantization.Q4_0), share -> {}))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("blk.1.ffn_up.weight")
                .hasMessageContaining("NaN");
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).containsExactly(source);
        }
    }

    /** Layers that add nothing to the stream may as well go: the copy says exactly the same. */
    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void copy_withoutLayersThatDoNothing_givesTheSameLogits(LlamaLibrary library) throws Exception {
        Path source = directory.resolve("four.gguf");
        TinyModels.writer(1, 4).write(source);
        GgufFile header = GgufFile.read(source);
        try (FileChannel file = FileChannel.open(source, StandardOpenOption.WRITE)) {
            for (GgufFile.Tensor tensor : header.tensors()) {
                if (tensor.name().matches("blk\\.[12]\\.(attn_output|ffn_down)\\.weight")) {
                    ByteBuffer nothing = ByteBuffer.allocate((int) tensor.bytes());
                    file.write(nothing, header.dataOffset() + tensor.offset());
                }
            }
        }
        Path copy = directory.resolve("two.gguf");
        LlamaModel.copy(
                library,
                source,
                copy,
                new ModelCopy(null, SkippedLayers.parse("1-2"), Map.of("aded.note", "ä")),
                share -> {});

        GgufFile copied = GgufFile.read(copy);
        assertThat(copied.integer("llama.block_count", 0)).isEqualTo(2);
        assertThat(copied.string("aded.note")).isEqualTo("ä");
        assertThat(copied.tensors()).hasSize(header.tensors().size() - 18);
        assertThat(logits(library, copy)).isEqualTo(logits(library, source));
    }

    /** Random weights in four layers with rows of so many. */
    private Path wide(SyntheticFormat format, int width) throws IOException {
        Path file = directory.resolve("wide-" + format + ".gguf");
        SyntheticModel.Shape shape = new SyntheticModel.Shape("wide", 4, width, 4, 2, 2 * width, 0, 256, 10_000f);
        SyntheticModel.write(shape, format, 1, TinyModels.f32(directory), file, (bytes, total) -> {});
        return file;
    }

    private static int best(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    private static float[] logits(LlamaLibrary library, Path file) {
        try (LlamaModel model = LlamaModel.load(library, file, ModelParameters.DEFAULT);
                TargetContext context = model.newContext(Tiny.EXACT)) {
            TokenBatch batch = new TokenBatch();
            int[] tokens = model.vocabulary().tokenize("the cat and the dog", true, false);
            for (int i = 0; i < tokens.length; i++) {
                batch.add(tokens[i], i, 0, true);
            }
            context.decode(batch);
            float[] row = new float[model.vocabulary().size()];
            context.copyLogits(tokens.length - 1, row);
            return row;
        }
    }

    private static double correlation(float[] a, float[] b) {
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int i = 0; i < a.length; i++) {
            ab += a[i] * b[i];
            aa += a[i] * a[i];
            bb += b[i] * b[i];
        }
        return ab / Math.sqrt(aa * bb);
    }
}
