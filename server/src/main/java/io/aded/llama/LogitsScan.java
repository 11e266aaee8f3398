package io.aded.llama;

import io.aded.model.TopTokens;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Reads a row of logits once: the best tokens and the log of the sum of exponentials.
 *
 * <p>A logit that is not a number counts as minus infinity, and -0 as less than 0. An instance owns its scratch arrays:
 * one per thread.
 */
public final class LogitsScan {
    /*
     * One pass in blocks
     * ==================
     * The row is read in blocks that stay in the first-level cache, by plain loops that the compiler vectorises; every
     * block costs two of them:
     *
     *   1. the least and the greatest value. Floats compare as their bits do once those of negative numbers are turned
     *      over, and a maximum of ints is one instruction, while Math.max of floats is six (NaN, -0) and was the
     *      dearest part;
     *   2. exp(x - m), added lane by lane to an array of sums, where m is the row's maximum so far. A block that raises
     *      m scales the sums down first (the online soft-max of [1]).
     *
     * The best tokens
     * ===============
     * The k-th largest of the block maxima bounds the k-th largest logit from below, for k blocks hold at least one
     * logit each that is as large. So only blocks whose maximum reaches it can hold a best token: k of them, ties
     * aside. They are looked at again after the pass, with a threshold that almost no element reaches.
     *
     * exp without bit tricks
     * ======================
     * exp(y) = exp(y / 32)^32: a polynomial of degree 4 and five squarings. (Putting an exponent together from bits
     * would be shorter, but C2 does not vectorise the change from int to float.) The polynomial is exact at 0 and
     * interpolates at Chebyshev nodes of [-16, 0], where the power is within 3e-5 of exp(y), relatively. Further down
     * it drifts off, but down there all tokens of a vocabulary together weigh less than that: whatever the row, up to
     * 262,144 tokens, the logarithm of the sum is off by at most 2e-5, rounding aside. This holds down to y = -80;
     * blocks that reach lower are clamped there by a slower loop.
     *
     * A sample
     * ========
     * Who only wants to know roughly how likely the best tokens are (drafters) is served by an eighth of each block.
     * The eighths of several blocks are put together first: a loop over a few elements ends before its unrolled form
     * begins. What the best tokens themselves contribute is known exactly, so the error is that of the others' share
     * alone: some percent of it.
     *
     * What is rare
     * ============
     * A block with a NaN is cleaned and looked at again; with +infinity in the row the sum is infinite.
     *
     * [1] M. Milakov, N. Gimelshein: Online normalizer calculation for softmax. arXiv:1805.02867, 2018.
     */

    /** Three arrays of it stay in the first-level cache; smaller blocks pay for loop prologues. */
    private static final int BLOCK = 1024;

    /** A block that may hold a best token is searched by columns: their maxima are found without a branch. */
    private static final int COLUMNS = BLOCK / 8;

    /** Bits of a float that sort below all others. */
    private static final int LEAST_BITS = -1;

    /** Shorter rows are not worth sampling. */
    private static final int LEAST_SAMPLED = 4 * BLOCK;

    /** Sums that are left to be added one after the other. */
    private static final int LANES = 16;

    private static final float LOWEST = -80f;
    private static final float C1 = 3.12490705e-2f;
    private static final float C2 = 4.87711865e-4f;
    private static final float C3 = 4.97668287e-6f;
    private static final float C4 = 3.12267696e-8f;

    private static final int INFINITY = sortable(Float.floatToRawIntBits(Float.POSITIVE_INFINITY));
    private static final int MINUS_INFINITY = sortable(Float.floatToRawIntBits(Float.NEGATIVE_INFINITY));

    /** Logits of one block or of the samples of several, to be summed. */
    private final float[] values = new float[BLOCK];

    private final int[] bits = new int[BLOCK];
    private final int[] columns = new int[BLOCK / 2];
    private final float[] sums = new float[BLOCK];

    /** The greatest value of each block, sortable; grows to the largest row ever seen. */
    private int[] maxima = new int[256];

    /** The largest of {@link #maxima}, falling. */
    private int[] greatest = new int[16];

    /** Whether the last row had no NaN and no +infinity, and not only -infinity. */
    private boolean finite;

    private int blockMin;
    private int blockMax;

    /**
     * Scans one row.
     *
     * @param memory where the row lies
     * @param offset of the row's first element, in bytes
     * @param count elements in the row, at least 1
     * @param out receives up to its capacity of tokens, best first, ties by lower id
     */
    public void scan(MemorySegment memory, long offset, int count, TopTokens out) {
        int blocks = (count + BLOCK - 1) / BLOCK;
        if (maxima.length < blocks) {
            maxima = new int[blocks];
        }
        TopTokens.Mass mass =
                count < LEAST_SAMPLED && out.mass() == TopTokens.Mass.SAMPLED ? TopTokens.Mass.EXACT : out.mass();
        float max = sumExponentials(memory, offset, count, mass);
        int size = best(memory, offset, count, out);
        out.filled(size, logSumExp(max, mass, count, size, out), finite);
    }

    private float logSumExp(float max, TopTokens.Mass mass, int count, int size, TopTokens out) {
        if (mass == TopTokens.Mass.NONE) {
            return Float.NaN;
        }
        if (Float.isInfinite(max)) {
            return max;
        }
        double total = total();
        if (mass == TopTokens.Mass.SAMPLED) {
            // Of the best tokens all is known; the others of the sample stand for the others of the row.
            double known = 0;
            int sampled = sampledOf(count);
            for (int i = 0; i < size; i++) {
                double e = Math.exp(out.logit(i) - max);
                known += e;
                if (isSampled(out.token(i), count)) {
                    total -= e;
                    sampled--;
                }
            }
            total = known + Math.max(0, total) * (count - size) / sampled;
        }
        return (float) (max + Math.log(total));
    }

    /** How many elements of a block of this length are in the sample: those in front. */
    private static int eighth(int length) {
        return length / 8;
    }

    private static int sampledOf(int count) {
        return count / BLOCK * eighth(BLOCK) + eighth(count % BLOCK);
    }

    private static boolean isSampled(int token, int count) {
        int start = token / BLOCK * BLOCK;
        return token - start < eighth(Math.min(BLOCK, count - start));
    }

    /**
     * The best token alone, which takes a third of the time.
     *
     * @param memory where the row lies
     * @param offset of the row's first element, in bytes
     * @param count elements in the row, at least 1
     * @return the lowest id of those with the largest logit; {@link #isFinite} says whether that means anything
     */
    public int best(MemorySegment memory, long offset, int count) {
        int best = MINUS_INFINITY;
        int bestStart = 0;
        finite = true;
        for (int start = 0; start < count; start += BLOCK) {
            int length = Math.min(BLOCK, count - start);
            long at = offset + (long) Float.BYTES * start;
            findExtremes(memory, at, length);
            if (hasNotNumbers()) {
                findExtremesOfNumbers(memory, at, length);
                finite = false;
            }
            if (blockMax > best) {
                best = blockMax;
                bestStart = start;
            }
        }
        finite &= best > MINUS_INFINITY && best < INFINITY;
        int length = Math.min(BLOCK, count - bestStart);
        for (int i = 0; i < length; i++) {
            long at = offset + (long) Float.BYTES * (bestStart + i);
            if (withoutNan(sortable(memory.get(ValueLayout.JAVA_INT_UNALIGNED, at))) == best) {
                return bestStart + i;
            }
        }
        return 0;
    }

    /**
     * Whether the row that was read last is a distribution: no NaN, no +infinity, and not only -infinity. The
     * extremes of its blocks tell, which are looked for anyway: it takes no time of its own.
     */
    public boolean isFinite() {
        return finite;
    }

    // The sum

    /** Adds up exponentials, relative to the greatest logit, which is returned. */
    private float sumExponentials(MemorySegment memory, long offset, int count, TopTokens.Mass mass) {
        Arrays.fill(sums, 0f);
        float max = Float.NEGATIVE_INFINITY;
        float summedTo = max;
        int min = INFINITY;
        int waiting = 0;
        finite = true;
        for (int start = 0, number = 0; start < count; start += BLOCK, number++) {
            int length = Math.min(BLOCK, count - start);
            long at = offset + (long) Float.BYTES * start;
            int summed = switch (mass) {
                case EXACT -> length;
                case SAMPLED -> eighth(length);
                case NONE -> 0;
            };
            findExtremes(memory, at, length);
            MemorySegment.copy(memory, ValueLayout.JAVA_FLOAT, at, values, waiting, summed);
            if (hasNotNumbers()) {
                findExtremesOfNumbers(memory, at, length);
                clean(waiting, waiting + summed);
                finite = false;
            }
            waiting += summed;
            maxima[number] = blockMax;
            max = Math.max(max, Float.intBitsToFloat(sortable(blockMax)));
            min = Math.min(min, blockMin);
            if (waiting + summed <= BLOCK && start + length < count) {
                continue; // until there are enough of them
            }
            if (max > summedTo) {
                scaleSums(summedTo, max);
                summedTo = max;
            }
            if (Float.isFinite(max)) {
                addExponentials(waiting, max, Float.intBitsToFloat(sortable(min)));
            }
            waiting = 0;
            min = INFINITY;
        }
        finite &= Float.isFinite(max);
        return max;
    }

    /** A float's bits such that they compare as the floats do. Its own inverse. */
    private static int sortable(int floatBits) {
        return floatBits ^ ((floatBits >> 31) & Integer.MAX_VALUE);
    }

    private void findExtremes(MemorySegment memory, long at, int length) {
        int max = Integer.MIN_VALUE;
        int min = Integer.MAX_VALUE;
        for (int i = 0; i < length; i++) {
            int value = sortable(memory.get(ValueLayout.JAVA_INT_UNALIGNED, at + (long) Integer.BYTES * i));
            max = Math.max(max, value);
            min = Math.min(min, value);
        }
        blockMax = max;
        blockMin = min;
    }

    /** Whether the block has a NaN: they sort beyond the infinities. */
    private boolean hasNotNumbers() {
        return blockMax > INFINITY || blockMin < MINUS_INFINITY;
    }

    /** As {@link #findExtremes} if every NaN is a minus infinity. */
    private void findExtremesOfNumbers(MemorySegment memory, long at, int length) {
        blockMax = MINUS_INFINITY;
        blockMin = MINUS_INFINITY;
        for (int i = 0; i < length; i++) {
            int value = sortable(memory.get(ValueLayout.JAVA_INT_UNALIGNED, at + (long) Integer.BYTES * i));
            blockMax = Math.max(blockMax, withoutNan(value));
        }
    }

    private void clean(int from, int to) {
        for (int i = from; i < to; i++) {
            if (Float.isNaN(values[i])) {
                values[i] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    private void scaleSums(float oldMax, float newMax) {
        if (oldMax == Float.NEGATIVE_INFINITY) {
            return;
        }
        float factor = (float) Math.exp(oldMax - newMax);
        for (int i = 0; i < BLOCK; i++) {
            sums[i] *= factor;
        }
    }

    private void addExponentials(int length, float max, float min) {
        if (min - max >= LOWEST) {
            addExponentials(values, length, max, sums);
        } else {
            addClamped(values, length, max, sums);
        }
    }

    // fma is one instruction on every processor that a supported library runs on (x86-64 with AVX2, ARMv8).
    private static void addExponentials(float[] values, int length, float max, float[] sums) {
        for (int i = 0; i < length; i++) {
            float y = values[i] - max;
            float e = Math.fma(y, C4, C3);
            e = Math.fma(y, e, C2);
            e = Math.fma(y, e, C1);
            e = Math.fma(y, e, 1f);
            e *= e;
            e *= e;
            e *= e;
            e *= e;
            e *= e;
            sums[i] += e;
        }
    }

    private static void addClamped(float[] values, int length, float max, float[] sums) {
        for (int i = 0; i < length; i++) {
            float y = Math.max(values[i] - max, LOWEST);
            float e = Math.fma(y, C4, C3);
            e = Math.fma(y, e, C2);
            e = Math.fma(y, e, C1);
            e = Math.fma(y, e, 1f);
            e *= e;
            e *= e;
            e *= e;
            e *= e;
            e *= e;
            sums[i] += e;
        }
    }

    /** Folds the lanes: halves are added while that vectorises, the rest in double. */
    private double total() {
        for (int half = BLOCK / 2; half >= LANES; half /= 2) {
            for (int i = 0; i < half; i++) {
                sums[i] += sums[i + half];
            }
        }
        double total = 0;
        for (int i = 0; i < LANES; i++) {
            total += sums[i];
        }
        return total;
    }

    // The best tokens

    private int best(MemorySegment memory, long offset, int count, TopTokens out) {
        int[] tokens = out.tokenArray();
        float[] logits = out.logitArray();
        int capacity = tokens.length;
        if (capacity == 0) {
            return 0;
        }
        int blocks = (count + BLOCK - 1) / BLOCK;
        int threshold = blockThreshold(blocks, capacity);
        int size = 0;
        for (int block = 0; block < blocks; block++) {
            if (maxima[block] < threshold) {
                continue;
            }
            int start = block * BLOCK;
            int length = Math.min(BLOCK, count - start);
            long at = offset + (long) Integer.BYTES * start;
            if (length == BLOCK) {
                foldIntoColumns(memory, at);
            } else {
                foldIntoColumns(memory, at, length);
            }
            for (int column = 0; column < COLUMNS; column++) {
                if (columns[column] < threshold) {
                    continue;
                }
                for (int i = column; i < length; i += COLUMNS) {
                    int bitsHere = memory.get(ValueLayout.JAVA_INT_UNALIGNED, at + (long) Integer.BYTES * i);
                    int value = withoutNan(sortable(bitsHere));
                    if (value >= threshold) {
                        size = insert(start + i, Float.intBitsToFloat(sortable(value)), size, tokens, logits);
                        if (size == capacity) {
                            // An equal one may still come from the same block with a lower id.
                            threshold = Math.max(threshold, worst(logits));
                        }
                    }
                }
            }
            if (size == capacity) {
                // From other blocks only what is better: they have the higher ids.
                threshold = Math.max(threshold, worst(logits) + 1);
            }
        }
        return size;
    }

    /** The greatest value of each column, if a block is laid out in rows of {@link #COLUMNS}. */
    private void foldIntoColumns(MemorySegment memory, long at) {
        long half = at + Integer.BYTES * (BLOCK / 2);
        for (int i = 0; i < BLOCK / 2; i++) {
            long step = (long) Integer.BYTES * i;
            int one = sortable(memory.get(ValueLayout.JAVA_INT_UNALIGNED, at + step));
            int other = sortable(memory.get(ValueLayout.JAVA_INT_UNALIGNED, half + step));
            columns[i] = Math.max(one, other);
        }
        foldColumns();
    }

    /** The same of the last block, which may be shorter. */
    private void foldIntoColumns(MemorySegment memory, long at, int length) {
        MemorySegment.copy(memory, ValueLayout.JAVA_INT, at, bits, 0, length);
        Arrays.fill(bits, length, BLOCK, LEAST_BITS);
        for (int i = 0; i < BLOCK / 2; i++) {
            columns[i] = Math.max(sortable(bits[i]), sortable(bits[i + BLOCK / 2]));
        }
        foldColumns();
    }

    /** By constant distances: else the compiler does not see that no element is read after it was written. */
    private void foldColumns() {
        for (int i = 0; i < BLOCK / 4; i++) {
            columns[i] = Math.max(columns[i], columns[i + BLOCK / 4]);
        }
        for (int i = 0; i < COLUMNS; i++) {
            columns[i] = Math.max(columns[i], columns[i + COLUMNS]);
        }
    }

    private static int worst(float[] logits) {
        return sortable(Float.floatToRawIntBits(logits[logits.length - 1]));
    }

    /** The {@code k}-th largest of the block maxima; less than every value if there are fewer blocks. */
    private int blockThreshold(int blocks, int k) {
        if (blocks < k) {
            return Integer.MIN_VALUE;
        }
        if (greatest.length < k) {
            greatest = new int[k];
        }
        int size = 0;
        for (int block = 0; block < blocks; block++) {
            int value = maxima[block];
            if (size == k && value <= greatest[k - 1]) {
                continue;
            }
            int at = size < k ? size++ : k - 1;
            while (at > 0 && greatest[at - 1] < value) {
                greatest[at] = greatest[at - 1];
                at--;
            }
            greatest[at] = value;
        }
        return greatest[k - 1];
    }

    private static int withoutNan(int value) {
        return value > INFINITY || value < MINUS_INFINITY ? MINUS_INFINITY : value;
    }

    /** Insertion into the sorted list, which few elements reach. Returns its size. */
    private static int insert(int token, float logit, int size, int[] tokens, float[] logits) {
        int at = size;
        while (at > 0 && isBetter(token, logit, tokens[at - 1], logits[at - 1])) {
            at--;
        }
        if (at == tokens.length) {
            return size;
        }
        int moved = Math.min(size, tokens.length - 1) - at;
        System.arraycopy(tokens, at, tokens, at + 1, moved);
        System.arraycopy(logits, at, logits, at + 1, moved);
        tokens[at] = token;
        logits[at] = logit;
        return Math.min(size + 1, tokens.length);
    }

    private static boolean isBetter(int token, float logit, int otherToken, float otherLogit) {
        int order = Float.compare(logit, otherLogit);
        return order > 0 || (order == 0 && token < otherToken);
    }
}
