package io.aded.draft.adaptive;

/**
 * A few tokens with weights that fade: a single small row without a context.
 *
 * <p>The stream keeps two. <i>Frequent</i> tokens fade slowly and learn from everything, so that no context is without
 * a guess. <i>Runners-up</i> fade fast and learn what the target considered lately but did not say; the next words are
 * often among them (LogitSpec, arXiv:2507.01449).
 */
final class WeightedTokens {
    private static final int NONE = -1;

    private final int[] tokens;
    private final float[] weights;
    private final float keep;

    /** A bit for the hash of each token: most that are none of these are told by it. */
    private long held;

    /** The first of those with the least weight, or -1 while that is not known. */
    private int weakest = NONE;

    /** A row of {@code width} tokens that keeps the share {@code keep} of its weights at every step. */
    WeightedTokens(int width, float keep) {
        tokens = new int[width];
        weights = new float[width];
        this.keep = keep;
    }

    int width() {
        return tokens.length;
    }

    /** The {@code i}-th token, in no order; only meaningful where {@link #weight} is above 0. */
    int token(int i) {
        return tokens[i];
    }

    float weight(int i) {
        return weights[i];
    }

    /** The weight of a token, 0 if it is none of these. */
    float weightOf(int token) {
        int i = find(token);
        return i == NONE ? 0 : weights[i];
    }

    void fade() {
        weakest = NONE; // weights that differed may be the same now
        held = 0;
        for (int i = 0; i < weights.length; i++) {
            weights[i] *= keep;
            held |= bit(tokens[i]);
        }
    }

    /** Adds weight to a token, which replaces the weakest if it is new and stronger. */
    void add(int token, float weight) {
        int i = find(token);
        if (i != NONE) {
            weights[i] += weight;
            weakest = i == weakest ? NONE : weakest;
            return;
        }
        if (weakest == NONE) {
            weakest = findWeakest();
        }
        if (weight > weights[weakest]) {
            tokens[weakest] = token;
            weights[weakest] = weight;
            weakest = NONE;
            held |= bit(token);
        }
    }

    private int find(int token) {
        if ((held & bit(token)) == 0) {
            return NONE;
        }
        int i = tokens.length - 1;
        while (i >= 0 && (tokens[i] != token || weights[i] <= 0)) {
            i--;
        }
        return i;
    }

    private static long bit(int token) {
        return 1L << (token * 0x9E3779B1 >>> 26);
    }

    private int findWeakest() {
        int found = 0;
        float least = weights[0];
        for (int i = 1; i < weights.length; i++) {
            if (weights[i] < least) {
                least = weights[i];
                found = i;
            }
        }
        return found;
    }

    /** Forgets a token. */
    void remove(int token) {
        for (int i = 0; i < weights.length; i++) {
            if (tokens[i] == token) {
                weights[i] = 0;
                weakest = NONE;
            }
        }
    }

    long stateBytes() {
        return 8L * tokens.length;
    }
}
