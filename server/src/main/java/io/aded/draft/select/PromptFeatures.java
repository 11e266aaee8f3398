package io.aded.draft.select;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What can be told of a prompt from its tokens alone, in numbers around 1: how long it is, how much of it repeats
 * itself, and which tokens it is made of, in a few bins. It keeps no text.
 */
final class PromptFeatures {
    static final int DENSE = 5;
    private static final int BINS = 16;

    /** Numbers of a prompt; the first is always 1. */
    static final int COUNT = DENSE + BINS;

    /** The most that each number can be; the least is 0. The second is that of 2³¹ tokens. */
    private static final double[] MOST = most();

    /** Names what the numbers are: a choice fits where this is the same. */
    static final String LAYOUT =
            "1, log2(1 + tokens) / 10, repeated pairs, distinct tokens, longest repeat / 16, " + BINS + " token bins";

    /** A name for each number, in their order. */
    static final List<String> NAMES = names();

    private static final int LONGEST_REPEAT = 16;

    /** Bits of the sets of tokens and of pairs that were seen; long prompts fill them, and look repetitive. */
    private static final int BITS = 1 << 13;

    private final long[] tokensSeen = new long[BITS / Long.SIZE];
    private final long[] pairsSeen = new long[BITS / Long.SIZE];
    private final int[] bins = new int[BINS];
    private int tokens;
    private int distinct;
    private int repeatedPairs;
    private int repeat;
    private int longestRepeat;
    private int last;

    private static List<String> names() {
        return Stream.concat(
                        Stream.of("constant", "length", "repeated pairs", "distinct tokens", "longest repeat"),
                        IntStream.range(0, BINS).mapToObj(bin -> "token bin " + bin))
                .toList();
    }

    private static double[] most() {
        double[] most = new double[COUNT];
        Arrays.fill(most, 1);
        most[1] = 3.1;
        return most;
    }

    /** What number of a feature no prompt can have, and what it can; null if it can have all of them. */
    static @Nullable String wrongIn(double[] numbers) {
        for (int i = 0; i < COUNT; i++) {
            // Written so that NaN fails.
            if (!(numbers[i] >= 0 && numbers[i] <= MOST[i])) {
                return NAMES.get(i) + " of " + numbers[i] + "; allowed: 0 to " + MOST[i];
            }
        }
        return null;
    }

    /** The numbers of a whole prompt. */
    static double[] of(int[] prompt) {
        PromptFeatures features = new PromptFeatures();
        features.clear();
        features.add(prompt, 0, prompt.length);
        double[] numbers = new double[COUNT];
        features.writeTo(numbers);
        return numbers;
    }

    /** A new prompt begins. */
    void clear() {
        Arrays.fill(tokensSeen, 0);
        Arrays.fill(pairsSeen, 0);
        Arrays.fill(bins, 0);
        tokens = 0;
        distinct = 0;
        repeatedPairs = 0;
        repeat = 0;
        longestRepeat = 0;
    }

    /** More of the prompt. */
    void add(int[] prompt, int from, int to) {
        for (int i = from; i < to; i++) {
            int token = prompt[i];
            int hash = hash(token);
            bins[hash >>> 28]++;
            distinct += mark(tokensSeen, hash) ? 1 : 0;
            if (tokens > 0) {
                boolean isNew = mark(pairsSeen, hash(31 * hash(last) + token));
                repeatedPairs += isNew ? 0 : 1;
                repeat = isNew ? 0 : repeat + 1;
                longestRepeat = Math.max(longestRepeat, repeat);
            }
            last = token;
            tokens++;
        }
    }

    private static int hash(int value) {
        int mixed = value * 0x9E3779B1;
        mixed ^= mixed >>> 15;
        return mixed * 0x85EBCA77;
    }

    /** Marks a value as seen. Returns whether it was not. */
    private static boolean mark(long[] seen, int hash) {
        int bit = hash >>> 19;
        long mask = 1L << bit;
        boolean isNew = (seen[bit / Long.SIZE] & mask) == 0;
        seen[bit / Long.SIZE] |= mask;
        return isNew;
    }

    /** Writes the numbers to an array of {@link #COUNT}. */
    void writeTo(double[] features) {
        double all = Math.max(1, tokens);
        features[0] = 1;
        features[1] = Math.log(1.0 + tokens) / Math.log(2) / 10;
        features[2] = repeatedPairs / all;
        features[3] = distinct / all;
        features[4] = Math.min(LONGEST_REPEAT, longestRepeat) / (double) LONGEST_REPEAT;
        for (int bin = 0; bin < BINS; bin++) {
            features[DENSE + bin] = bins[bin] / all;
        }
    }

    long stateBytes() {
        return 8L * (tokensSeen.length + pairsSeen.length) + 4L * BINS;
    }
}
