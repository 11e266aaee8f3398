package io.aded.bench;

import io.aded.model.TopTokens;
import java.util.SplittableRandom;

/**
 * Endless text that is as repetitive as text is: words by Zipf's law, each with a few likely successors, and now and
 * then a passage copied from earlier with a word changed.
 */
final class SyntheticText {
    private static final int VOCABULARY = 8_000;
    private static final int SUCCESSORS = 12;
    private static final int MEMORY = 1 << 13;
    private static final double COPY = 0.02;
    private static final double STOP_COPYING = 0.06;
    private static final double SLIP = 0.03;

    private final SplittableRandom random;
    private final int[] memory = new int[MEMORY];
    private int written;
    private int copyFrom = -1;
    private int last;

    SyntheticText(long seed) {
        random = new SplittableRandom(seed);
    }

    /** The next token. */
    int next() {
        if (copyFrom >= 0 && random.nextDouble() < STOP_COPYING) {
            copyFrom = -1;
        } else if (copyFrom < 0 && written > MEMORY && random.nextDouble() < COPY) {
            copyFrom = written - 64 - random.nextInt(MEMORY - 128);
        }
        int token = copyFrom >= 0 && random.nextDouble() >= SLIP ? memory[copyFrom % MEMORY] : successor(last, rank());
        if (copyFrom >= 0) {
            copyFrom++;
        }
        memory[written++ % MEMORY] = token;
        last = token;
        return token;
    }

    /** The next {@code count} tokens. */
    int[] next(int count) {
        int[] tokens = new int[count];
        for (int i = 0; i < count; i++) {
            tokens[i] = next();
        }
        return tokens;
    }

    /** What a model of this text thinks after {@code token}, with {@code emitted} first. */
    void view(int token, int emitted, TopTokens top) {
        top.tokenArray()[0] = emitted;
        top.logitArray()[0] = (float) Math.log(0.5);
        int count = 1;
        for (int rank = 0; count < top.capacity(); rank++) {
            int successor = successor(token, rank);
            if (successor != emitted) {
                top.tokenArray()[count] = successor;
                top.logitArray()[count] = (float) Math.log(0.25 / (1 << count));
                count++;
            }
        }
        top.filled(count, 0f);
    }

    private int rank() {
        int rank = 0;
        while (rank < SUCCESSORS - 1 && random.nextDouble() < 0.5) {
            rank++;
        }
        return rank;
    }

    private static int successor(int token, int rank) {
        // A fixed pseudo-random map whose images crowd at the low, frequent ids.
        long hash = (token * 31L + rank + 1) * 0x9E3779B97F4A7C15L;
        double uniform = (hash >>> 11) * 0x1.0p-53;
        return (int) Math.min(VOCABULARY - 1, Math.pow(VOCABULARY, uniform));
    }
}
