package io.aded.draft.adaptive;

import java.util.Arrays;

/**
 * How often each token has stood in the stream, and how long ago last, approximately: one row of a count-min sketch
 * whose counts are halved from time to time, so that they stay a matter of the recent past.
 */
final class OccurrenceSketch {
    /** Recencies told apart: never, and the powers of two from 1 to 2048 or more tokens ago. */
    static final int RECENCIES = 13;

    private static final int SLOTS = 1 << 12;
    /** Counts are told apart up to 16, so the sample may be a few times the text that shows such a count. */
    private static final int SAMPLE = 1 << 14;

    private final byte[] counts = new byte[SLOTS];
    private final int[] lastAt = new int[SLOTS];
    private int sampled;

    OccurrenceSketch() {
        Arrays.fill(lastAt, -1);
    }

    /** An upper bound, up to 127, most often exact. */
    int count(int token) {
        return counts[slot(token)];
    }

    /** How long ago the token stood last: 0 for never, then one more than the logarithm to base 2. */
    int recency(int token, int now) {
        int at = lastAt[slot(token)];
        return at < 0 ? 0 : Math.min(RECENCIES - 1, 32 - Integer.numberOfLeadingZeros(Math.max(1, now - at)));
    }

    void add(int token, int position) {
        int slot = slot(token);
        lastAt[slot] = position;
        if (counts[slot] < Byte.MAX_VALUE) {
            counts[slot]++;
        }
        if (++sampled == SAMPLE) {
            sampled /= 2;
            for (int i = 0; i < SLOTS; i++) {
                counts[i] >>= 1;
            }
        }
    }

    private static int slot(int token) {
        return (token * 0x9E3779B1) >>> 20;
    }

    long stateBytes() {
        return 5L * SLOTS;
    }
}
