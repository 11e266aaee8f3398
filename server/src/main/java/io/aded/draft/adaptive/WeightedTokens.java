package io.aded.draft.adaptive;

import java.util.Arrays;

/**
 * A few tokens with weights that fade: a single small row without a context.
 *
 * <p>The stream keeps two. <i>Frequent</i> tokens fade slowly and learn from everything, so that no context is without
 * a guess. <i>Runners-up</i> fade fast and learn what the target considered lately but did not say; the next words are
 * often among them (LogitSpec, arXiv:2507.01449).
 */
final class WeightedTokens {
    private static final int NONE = -1;
    private static final int HASH_BITS = 8;

    private final int[] tokens;
    private final float[] weights;
    private final float keep;

    /*
     * Where a token is held is found by its hash: for each hash the first place that holds such a token, for each place
     * the next. Every place is in the list of its token, also one that weighs nothing. Most tokens that are asked for
     * are none of these, and most lists are empty: one look tells.
     */
    private final byte[] first = new byte[1 << HASH_BITS];
    private final byte[] next;

    /** The first of those with the least weight, or -1 while that is not known. */
    private int weakest = NONE;

    /** A row of {@code width} tokens, at most 127, that keeps the share {@code keep} of its weights at every step. */
    WeightedTokens(int width, float keep) {
        tokens = new int[width];
        weights = new float[width];
        this.keep = keep;
        next = new byte[width];
        Arrays.fill(first, (byte) NONE);
        for (int place = 0; place < width; place++) {
            link(place);
        }
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
        for (int i = 0; i < weights.length; i++) {
            weights[i] *= keep;
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
            unlink(weakest);
            tokens[weakest] = token;
            weights[weakest] = weight;
            link(weakest);
            weakest = NONE;
        }
    }

    private int find(int token) {
        int place = first[hash(token)];
        while (place != NONE && (tokens[place] != token || weights[place] <= 0)) {
            place = next[place];
        }
        return place;
    }

    private static int hash(int token) {
        return token * 0x9E3779B1 >>> Integer.SIZE - HASH_BITS;
    }

    private void link(int place) {
        int hash = hash(tokens[place]);
        next[place] = first[hash];
        first[hash] = (byte) place;
    }

    private void unlink(int place) {
        int hash = hash(tokens[place]);
        int before = first[hash];
        if (before == place) {
            first[hash] = next[place];
            return;
        }
        while (next[before] != place) {
            before = next[before];
        }
        next[before] = next[place];
    }

    private int findWeakest() {
        // A number that is less the less a place weighs, and of equals the earlier: no branch to be mispredicted.
        long least = Long.MAX_VALUE;
        for (int i = 0; i < weights.length; i++) {
            least = Math.min(least, (long) Float.floatToRawIntBits(weights[i]) << Integer.SIZE | i);
        }
        return (int) least;
    }

    /** Forgets a token. */
    void remove(int token) {
        int place = find(token);
        if (place != NONE) {
            weights[place] = 0;
            weakest = NONE;
        }
    }

    long stateBytes() {
        return 9L * tokens.length + first.length;
    }
}
