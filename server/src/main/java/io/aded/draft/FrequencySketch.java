package io.aded.draft;

/**
 * How often each token has stood in the stream, approximately: one row of a count-min sketch, halved from time to time
 * so that it stays a matter of the recent past.
 */
final class FrequencySketch {
    private static final int SLOTS = 1 << 12;
    /** Counts are told apart up to 16, so the sample may be a few times the text that shows such a count. */
    private static final int SAMPLE = 1 << 14;

    private final byte[] counts = new byte[SLOTS];
    private int sampled;

    /** An upper bound, up to 127, most often exact. */
    int count(int token) {
        return counts[slot(token)];
    }

    void add(int token) {
        int slot = slot(token);
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
        return SLOTS;
    }
}
