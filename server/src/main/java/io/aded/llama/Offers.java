package io.aded.llama;

import java.util.Arrays;

/** Nodes that a tree may get next, the likeliest first. A few dozen, so a list that is searched. */
final class Offers {
    private int[] parents = new int[64];
    private int[] tokens = new int[64];
    private float[] probabilities = new float[64];
    private int count;

    void clear() {
        count = 0;
    }

    boolean isEmpty() {
        return count == 0;
    }

    void add(int parent, int token, float probability) {
        if (count == parents.length) {
            parents = Arrays.copyOf(parents, count * 2);
            tokens = Arrays.copyOf(tokens, count * 2);
            probabilities = Arrays.copyOf(probabilities, count * 2);
        }
        parents[count] = parent;
        tokens[count] = token;
        probabilities[count++] = probability;
    }

    /** The index of the likeliest. */
    int best() {
        int best = 0;
        for (int i = 1; i < count; i++) {
            best = probabilities[i] > probabilities[best] ? i : best;
        }
        return best;
    }

    int parent(int index) {
        return parents[index];
    }

    int token(int index) {
        return tokens[index];
    }

    float probability(int index) {
        return probabilities[index];
    }

    void remove(int index) {
        count--;
        parents[index] = parents[count];
        tokens[index] = tokens[count];
        probabilities[index] = probabilities[count];
    }
}
