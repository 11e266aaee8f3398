package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.gguf.GgufFile;
import io.aded.gguf.TensorType;
import io.aded.model.AdedException;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
    void quantize_tinyModel_givesNearlyTheSameLogits(LlamaLibrary library) throws Exception {
        Path source = TinyModels.f32(directory);
        float[] exact = logits(library, source);
        Path eight = directory.resolve("eight.gguf");
        Path four = directory.resolve("four.gguf");
        Path again = directory.resolve("again.gguf");
        List<Double> reported = new ArrayList<>();
        LlamaModel.quantize(library, source, eight, TensorType.Q8_0, reported::add);
        LlamaModel.quantize(library, source, four, TensorType.Q4_0, share -> {});
        LlamaModel.quantize(library, eight, again, TensorType.Q8_0, share -> {});

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
    void quantize_badArguments_areRefused() {
        LlamaLibrary library = LlamaLibrary.bundled();
        Path source = TinyModels.f32(directory);
        Path out = directory.resolve("out.gguf");
        assertThatThrownBy(() -> LlamaModel.quantize(library, source, out, TensorType.Q2_K, share -> {}))
                .isInstanceOf(AdedException.InvalidRequest.class);
        assertThatThrownBy(() ->
                        LlamaModel.quantize(library, directory.resolve("none.gguf"), out, TensorType.Q8_0, share -> {}))
                .isInstanceOf(AdedException.NotFound.class);
        assertThatThrownBy(() -> LlamaModel.quantize(
                        library, source, directory.resolve("no/such/place.gguf"), TensorType.Q8_0, share -> {}))
                .isInstanceOf(AdedException.class)
                .hasMessageContaining("place.gguf");
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
