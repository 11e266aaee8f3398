package io.aded.draft;

/** The tokens that have been frequent lately: a single small row, so that no context is without a guess. */
final class RecentTokens {
    static final int WIDTH = 24;
    /** Exponential average over the last few hundred tokens. */
    private static final float RATE = 0.005f;

    private final int[] tokens = new int[WIDTH];
    private final float[] weights = new float[WIDTH];

    /** The {@code i}-th token, in no order. */
    int token(int i) {
        return tokens[i];
    }

    /** Its share of the recent tokens, in [0, 1]; 0 for a place not yet used. */
    float weight(int i) {
        return weights[i];
    }

    void learn(int token) {
        int weakest = 0;
        int found = -1;
        for (int i = 0; i < WIDTH; i++) {
            weights[i] *= 1 - RATE;
            if (weights[i] > 0 && tokens[i] == token) {
                found = i;
            }
            if (weights[i] < weights[weakest]) {
                weakest = i;
            }
        }
        if (found >= 0) {
            weights[found] += RATE;
        } else {
            // Inherit nothing: a newcomer has to come again before it counts.
            tokens[weakest] = token;
            weights[weakest] = RATE;
        }
    }
}
