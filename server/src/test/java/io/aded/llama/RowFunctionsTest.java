package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.gguf.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RowFunctionsTest {
    private static final int WEIGHTS = 256 * 256;

    /** Blocks put together by hand, and what their layout makes of them. */
    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void convert_blocksByHand_giveTheWeightsOfTheirLayout(LlamaLibrary library) {
        byte[] four = new byte[144];
        ByteBuffer.wrap(four)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort(Float.floatToFloat16(1))
                .putShort(Float.floatToFloat16(0.5f));
        four[4] = (byte) (2 | 1 << 6); // scale of group 0, and what is high in that of group 4
        four[8] = (byte) (3 | 2 << 6); // minimum of group 0, and what is high in that of group 4
        four[12] = 5 | 1 << 4; // scale and minimum of group 4, the lower halves
        four[16] = 5 | 7 << 4; // the first weights of groups 0 and 1
        four[16 + 64] = 9; // the first weight of group 4
        float[] fourWeights = floats(library, TensorType.Q4_K, four);
        assertThat(fourWeights[0]).isEqualTo(1f * 2 * 5 - 0.5f * 3);
        assertThat(fourWeights[1]).isEqualTo(-0.5f * 3);
        assertThat(fourWeights[32]).isZero(); // its group has neither a scale nor a minimum
        assertThat(fourWeights[128]).isEqualTo(1f * (16 + 5) * 9 - 0.5f * (32 + 1));
        assertThat(fourWeights).isEqualTo(PackedBlocks.unpackFourBits(four));

        byte[] six = new byte[210];
        ByteBuffer.wrap(six).order(ByteOrder.LITTLE_ENDIAN).putShort(208, Float.floatToFloat16(0.5f));
        six[0] = 0x21; // lower bits of weights 0 and 64
        six[32] = 0x43; // of weights 32 and 96
        six[128] = (byte) 0b11_10_01_10; // the upper ones of weights 96, 64, 32, 0
        six[192] = -2;
        six[192 + 2] = 1;
        six[192 + 4] = 4;
        six[192 + 6] = 3;
        float[] sixWeights = floats(library, TensorType.Q6_K, six);
        assertThat(sixWeights[0]).isEqualTo(0.5f * -2 * (0x21 - 32));
        assertThat(sixWeights[32]).isEqualTo(0.5f * 1 * (0x13 - 32));
        assertThat(sixWeights[64]).isEqualTo(0.5f * 4 * (0x22 - 32));
        assertThat(sixWeights[96]).isEqualTo(0.5f * 3 * (0x34 - 32));
        assertThat(sixWeights).isEqualTo(PackedBlocks.unpackSixBits(six));
    }

    /** The error of normally distributed weights, relative to their deviation, is what the field knows it to be. */
    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void convert_normalWeights_loseWhatTheFormatMust(LlamaLibrary library) {
        float[] weights = normal();
        byte[] four = packed(library, TensorType.Q4_K, weights);
        byte[] six = packed(library, TensorType.Q6_K, weights);

        assertThat(floats(library, TensorType.Q4_K, four)).isEqualTo(PackedBlocks.unpackFourBits(four));
        assertThat(floats(library, TensorType.Q6_K, six)).isEqualTo(PackedBlocks.unpackSixBits(six));
        assertThat(error(weights, PackedBlocks.unpackFourBits(four))).isBetween(0.06, 0.08);
        assertThat(error(weights, PackedBlocks.unpackSixBits(six))).isBetween(0.012, 0.02);
        assertThat(error(weights, again(library, TensorType.Q8_0, weights))).isBetween(0.004, 0.006);
        assertThat(error(weights, again(library, TensorType.Q5_K, weights))).isBetween(0.03, 0.04);
        assertThat(error(weights, again(library, TensorType.Q5_0, weights))).isBetween(0.035, 0.045);
        assertThat(error(weights, again(library, TensorType.Q4_0, weights))).isBetween(0.07, 0.1);
    }

    /** A column of equal weights, and nothing at all, have no range to search a scale in. */
    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void convert_zerosAndEqualWeights_comeBack(LlamaLibrary library) {
        float[] weights = new float[512];
        Arrays.fill(weights, 256, 512, -0.25f);
        for (TensorType type : new TensorType[] {TensorType.Q4_K, TensorType.Q6_K}) {
            float[] back = again(library, type, weights);
            for (int i = 0; i < weights.length; i++) {
                assertThat(back[i]).isCloseTo(weights[i], Offset.offset(0.001f));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void convert_halfFloatsOfEitherKind_likeFloats(LlamaLibrary library) {
        float[] weights = normal();
        ByteBuffer halves = ByteBuffer.allocate(2 * WEIGHTS).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer brains = ByteBuffer.allocate(2 * WEIGHTS).order(ByteOrder.LITTLE_ENDIAN);
        float[] ofHalves = new float[WEIGHTS];
        float[] ofBrains = new float[WEIGHTS];
        for (int i = 0; i < WEIGHTS; i++) {
            short half = Float.floatToFloat16(weights[i]);
            short brain = (short) (Float.floatToIntBits(weights[i]) >> 16);
            halves.putShort(half);
            brains.putShort(brain);
            ofHalves[i] = Float.float16ToFloat(half);
            ofBrains[i] = Float.intBitsToFloat(brain << 16);
        }
        RowFunctions rows = library.natives().rows;
        assertThat(rows.convert(TensorType.F16, halves.flip(), TensorType.Q4_K, 4, WEIGHTS / 4))
                .isEqualTo(packed(library, TensorType.Q4_K, ofHalves));
        assertThat(rows.convert(TensorType.BF16, brains.flip(), TensorType.Q6_K, 4, WEIGHTS / 4))
                .isEqualTo(packed(library, TensorType.Q6_K, ofBrains));
    }

    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void convert_whatIsNoNumber_isRefused(LlamaLibrary library) {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            float[] weights = new float[256];
            weights[255] = bad;
            assertThatThrownBy(() -> packed(library, TensorType.Q4_K, weights))
                    .isInstanceOf(ArithmeticException.class)
                    .hasMessageContaining(String.valueOf(bad));
        }
    }

    private static float[] normal() {
        Random random = new Random(7);
        float[] weights = new float[WEIGHTS];
        for (int i = 0; i < WEIGHTS; i++) {
            weights[i] = (float) (0.02 * random.nextGaussian());
        }
        return weights;
    }

    private static byte[] packed(LlamaLibrary library, TensorType type, float[] weights) {
        ByteBuffer rows = ByteBuffer.allocate(4 * weights.length).order(ByteOrder.LITTLE_ENDIAN);
        rows.asFloatBuffer().put(weights);
        return library.natives().rows.convert(TensorType.F32, rows, type, 1, weights.length);
    }

    private static float[] floats(LlamaLibrary library, TensorType type, byte[] rows) {
        int count = rows.length / type.blockBytes() * type.blockElements();
        byte[] bytes = library.natives().rows.convert(type, ByteBuffer.wrap(rows), TensorType.F32, 1, count);
        float[] weights = new float[count];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(weights);
        return weights;
    }

    private static float[] again(LlamaLibrary library, TensorType type, float[] weights) {
        return floats(library, type, packed(library, type, weights));
    }

    private static double error(float[] weights, float[] again) {
        double squares = 0;
        double errors = 0;
        for (int i = 0; i < weights.length; i++) {
            squares += (double) weights[i] * weights[i];
            errors += Math.pow((double) weights[i] - again[i], 2);
        }
        return Math.sqrt(errors / squares);
    }
}
