package io.aded.draft.adaptive;

/** What the target considered in its last step and did not say. */
final class LatestView {
    private final int[] tokens;
    private final float[] probabilities;
    private int size;

    /** Of at most {@code width} tokens. */
    LatestView(int width) {
        tokens = new int[width];
        probabilities = new float[width];
    }

    void clear() {
        size = 0;
    }

    /** Adds a token that it does not have yet. */
    void add(int token, float probability) {
        tokens[size] = token;
        probabilities[size++] = probability;
    }

    int size() {
        return size;
    }

    int token(int i) {
        return tokens[i];
    }

    /** The target's probability of the {@code i}-th token, above 0. */
    float probability(int i) {
        return probabilities[i];
    }

    long stateBytes() {
        return 8L * tokens.length;
    }
}
