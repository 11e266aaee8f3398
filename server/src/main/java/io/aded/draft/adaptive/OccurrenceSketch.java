package io.aded.draft.adaptive;

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

    /**
     * Of each slot, in the lower 32 bits, how often its tokens stood, and in the upper 32 one more than the position
     * where one of them stood last, 0 for never: both are wanted together, and lie together.
     */
    private final long[] slots = new long[SLOTS];

    private int sampled;

    /** An upper bound, up to 127, most often exact. */
    int count(int token) {
        return (int) slots[slot(token)];
    }

    /** How long ago the token stood last: 0 for never, then one more than the logarithm to base 2. */
    int recency(int token, int now) {
        int at = (int) (slots[slot(token)] >>> Integer.SIZE) - 1;
        return at < 0 ? 0 : Math.min(RECENCIES - 1, 32 - Integer.numberOfLeadingZeros(Math.max(1, now - at)));
    }

    void add(int token, int position) {
        int slot = slot(token);
        slots[slot] = position + 1L << Integer.SIZE | Math.min(Byte.MAX_VALUE, count(token) + 1);
        if (++sampled == SAMPLE) {
            sampled /= 2;
            for (int i = 0; i < SLOTS; i++) {
                slots[i] = slots[i] >>> Integer.SIZE << Integer.SIZE | (int) slots[i] >> 1;
            }
        }
    }

    private static int slot(int token) {
        return (token * 0x9E3779B1) >>> 20;
    }

    long stateBytes() {
        return 8L * SLOTS;
    }
}
