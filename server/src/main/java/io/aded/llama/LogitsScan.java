package io.aded.llama;

import io.aded.model.TopTokens;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Reads a row of logits once: the best tokens and the log of the sum of exponentials.
 *
 * <h2>One pass in blocks</h2>
 *
 * The row is copied block by block into a small array that stays in the first-level cache, where plain loops over
 * {@code float[]} are vectorised by the compiler. For each block:
 *
 * <ol>
 *   <li>the maximum of the block. If it does not beat the worst of the best tokens so far, no element of the block can
 *       enter, and the block is not looked at again for them. After the first few blocks that is nearly always so;
 *   <li>exp(x - m) is added lane by lane to an array of sums, where m is the row's maximum so far. When a block raises
 *       m, the sums are scaled down once (the "online softmax" of Milakov and Gimelshein, 2018).
 * </ol>
 *
 * <h2>exp without a table and without bit tricks</h2>
 *
 * exp(y) = exp(y/64)^64. For y in [-87, 0] the quotient lies in [-1.36, 0], where a series of degree 8 around the middle
 * is exact to about 1e-7, and six squarings bring it back. Only multiplications and additions, so it vectorises
 * on every target; the relative error of the sum is below 1e-5.
 *
 * <p>An instance owns its scratch arrays: one per thread.
 */
public final class LogitsScan {
    /** Small enough for the first-level cache beside its scratch, large enough to amortise the per-block work. */
    private static final int BLOCK = 512;

    /** exp(-88) is the smallest that a float can hold as a normal number. */
    private static final float SMALLEST = -87f;

    private final float[] block = new float[BLOCK];
    private final float[] sums = new float[BLOCK];

    /**
     * Scans one row.
     *
     * @param memory where the row lies
     * @param offset of the row's first element, in bytes
     * @param count elements in the row, at least 1
     * @param out receives up to its capacity of tokens, best first, ties by lower id
     */
    public void scan(MemorySegment memory, long offset, int count, TopTokens out) {
        int[] tokens = out.tokenArray();
        float[] logits = out.logitArray();
        int capacity = tokens.length;
        int size = 0;
        float worst = Float.NEGATIVE_INFINITY;
        float max = Float.NEGATIVE_INFINITY;
        Arrays.fill(sums, 0f);

        for (int start = 0; start < count; start += BLOCK) {
            int length = Math.min(BLOCK, count - start);
            MemorySegment.copy(memory, ValueLayout.JAVA_FLOAT, offset + 4L * start, block, 0, length);
            float blockMax = max(block, length);
            if (blockMax > max) {
                if (max != Float.NEGATIVE_INFINITY) {
                    scale(sums, (float) Math.exp(max - blockMax));
                }
                max = blockMax;
            }
            if (max != Float.NEGATIVE_INFINITY) {
                addExponentials(block, length, max, sums);
            }
            if (capacity > 0 && (size < capacity || blockMax > worst)) {
                size = insertBest(start, length, size, tokens, logits);
                worst = size == capacity ? logits[size - 1] : Float.NEGATIVE_INFINITY;
            }
        }
        out.filled(size, (float) (max + Math.log(sum(sums))));
    }

    /** Insertion into the sorted list: few elements get this far. */
    private int insertBest(int start, int length, int filled, int[] tokens, float[] logits) {
        int size = filled;
        int capacity = tokens.length;
        for (int i = 0; i < length; i++) {
            float logit = block[i];
            if (size == capacity && !(logit > logits[size - 1])) {
                continue;
            }
            int at = size < capacity ? size++ : capacity - 1;
            while (at > 0 && logit > logits[at - 1]) {
                logits[at] = logits[at - 1];
                tokens[at] = tokens[at - 1];
                at--;
            }
            logits[at] = logit;
            tokens[at] = start + i;
        }
        return size;
    }

    private static float max(float[] values, int length) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < length; i++) {
            max = Math.max(max, values[i]);
        }
        return max;
    }

    private static void scale(float[] values, float factor) {
        for (int i = 0; i < values.length; i++) {
            values[i] *= factor;
        }
    }

    private static void addExponentials(float[] values, int length, float max, float[] sums) {
        for (int i = 0; i < length; i++) {
            // y/64 shifted by the middle of its range, so that the series below converges fast at both ends.
            float z = Math.max(values[i] - max, SMALLEST) * (1f / 64f) + 0.6796875f;
            float e = 1f + z * (1f / 8f);
            e = 1f + z * (1f / 7f) * e;
            e = 1f + z * (1f / 6f) * e;
            e = 1f + z * (1f / 5f) * e;
            e = 1f + z * (1f / 4f) * e;
            e = 1f + z * (1f / 3f) * e;
            e = 1f + z * (1f / 2f) * e;
            e = (1f + z * e) * 0.50677535f;
            e *= e;
            e *= e;
            e *= e;
            e *= e;
            e *= e;
            e *= e;
            sums[i] += e;
        }
    }

    private static double sum(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += value;
        }
        return sum;
    }
}
