package io.aded.grammar;

import java.util.Arrays;

/**
 * The tokens that were drawn at a place where the grammar leaves one text, and how often: the same text can be spelled
 * in several ways. Old draws fade.
 */
final class Spellings {
    /** Tokens that are told apart. */
    static final int MOST = 4;

    private static final float FADING = 0.95f;

    private final int[] tokens = new int[MOST];
    private final float[] weights = new float[MOST];
    private int count;
    private float total;

    /** Whether nothing was drawn yet: what is here is a guess. */
    private boolean guessed;

    /** A guess, until a token is drawn. */
    static Spellings guess(int token) {
        Spellings spellings = new Spellings();
        spellings.tokens[0] = token;
        spellings.count = 1;
        spellings.guessed = true;
        return spellings;
    }

    boolean isGuess() {
        return guessed;
    }

    int count() {
        return count;
    }

    /** The {@code i}-th token, the likeliest first. */
    int token(int i) {
        return tokens[i];
    }

    /**
     * How likely it is.
     *
     * @param known how likely a token is that was drawn here before, at places that were drawn from once
     */
    float probability(int i, float known) {
        // What was drawn often without anything new will hardly be new the next time.
        return weights[i] / total * (1 - (1 - known) * 2 / (1 + total));
    }

    /** Whether a token is one of these. */
    boolean has(int token) {
        return find(token) < count;
    }

    /** Where a token stands; {@link #count} if it does not. */
    private int find(int token) {
        int at = 0;
        while (at < count && tokens[at] != token) {
            at++;
        }
        return at;
    }

    void drawn(int token) {
        if (guessed) {
            guessed = false;
            count = 0;
        }
        total = total * FADING + 1;
        for (int i = 0; i < count; i++) {
            weights[i] *= FADING;
        }
        int at = find(token);
        if (at == count) {
            at = count < MOST ? count++ : MOST - 1;
            tokens[at] = token;
            weights[at] = 0;
        }
        weights[at] += 1;
        for (; at > 0 && weights[at] >= weights[at - 1]; at--) {
            swap(at, at - 1);
        }
    }

    private void swap(int a, int b) {
        int token = tokens[a];
        float weight = weights[a];
        tokens[a] = tokens[b];
        weights[a] = weights[b];
        tokens[b] = token;
        weights[b] = weight;
    }

    @Override
    public String toString() {
        return Arrays.toString(Arrays.copyOf(tokens, count));
    }
}
