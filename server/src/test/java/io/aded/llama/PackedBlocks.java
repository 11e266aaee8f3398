package io.aded.llama;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Blocks of the k-formats unpacked by their layout, for holding ggml's own functions against.
 *
 * <pre>
 * Q4_K: d f16 | dmin f16 | 12 bytes: eight scales and eight minima of 6 bits | 128 bytes: 64 low, 64 high halves …
 * Q6_K: 128 bytes low 4 bits | 64 bytes high 2 bits | 16 scales i8 | d f16
 * </pre>
 */
final class PackedBlocks {
    private static final int BLOCK = 256;

    private PackedBlocks() {}

    static float[] unpackFourBits(byte[] rows) {
        ByteBuffer in = ByteBuffer.wrap(rows).order(ByteOrder.LITTLE_ENDIAN);
        float[] weights = new float[rows.length / 144 * BLOCK];
        for (int block = 0; block < weights.length / BLOCK; block++) {
            int at = block * 144;
            float scale = Float.float16ToFloat(in.getShort(at));
            float minimum = Float.float16ToFloat(in.getShort(at + 2));
            for (int i = 0; i < BLOCK; i++) {
                int group = i / 32;
                int packed = rows[at + 16 + i / 64 * 32 + i % 32];
                int level = group % 2 == 0 ? packed & 15 : packed >> 4 & 15;
                weights[block * BLOCK + i] =
                        scale * sixBits(rows, at + 4, group, 0) * level - minimum * sixBits(rows, at + 4, group, 1);
            }
        }
        return weights;
    }

    /** The i-th scale, or minimum: of the first four the lower six bits; the others are put together. */
    private static int sixBits(byte[] rows, int at, int i, int isMinimum) {
        if (i < 4) {
            return rows[at + 4 * isMinimum + i] & 63;
        }
        int low = rows[at + 4 + i] >> 4 * isMinimum & 15;
        int high = rows[at + 4 * isMinimum + i - 4] >> 6 & 3;
        return high << 4 | low;
    }

    static float[] unpackSixBits(byte[] rows) {
        ByteBuffer in = ByteBuffer.wrap(rows).order(ByteOrder.LITTLE_ENDIAN);
        float[] weights = new float[rows.length / 210 * BLOCK];
        for (int block = 0; block < weights.length / BLOCK; block++) {
            int at = block * 210;
            float scale = Float.float16ToFloat(in.getShort(at + 208));
            for (int i = 0; i < BLOCK; i++) {
                int quarter = i % 128 / 32;
                int low = rows[at + i / 128 * 64 + (quarter % 2) * 32 + i % 32] >> quarter / 2 * 4 & 15;
                int high = rows[at + 128 + i / 128 * 32 + i % 32] >> 2 * quarter & 3;
                weights[block * BLOCK + i] = scale * rows[at + 192 + i / 16] * ((high << 4 | low) - 32);
            }
        }
        return weights;
    }
}
