package io.aded.llama;

/**
 * The tokens that penalties look back on, as llama.cpp's own ring holds them, so that it is known which logits they
 * touch. Adding is constant time and allocates nothing.
 */
final class PenaltyWindow {
    private final int[] ring;
    /** How often each token of the vocabulary stands in the ring. */
    private final int[] counts;
    /** The distinct tokens, packed, and where each stands in that list. */
    private final int[] distinct;

    private final int[] places;
    private int distinctSize;
    private int filled;
    private int next;

    PenaltyWindow(int capacity, int vocabularySize) {
        ring = new int[capacity];
        counts = new int[vocabularySize];
        distinct = new int[Math.min(capacity, vocabularySize)];
        places = new int[vocabularySize];
    }

    void add(int token) {
        if (filled == ring.length) {
            forget(ring[next]);
        } else {
            filled++;
        }
        ring[next] = token;
        next = next + 1 == ring.length ? 0 : next + 1;
        if (counts[token]++ == 0) {
            places[token] = distinctSize;
            distinct[distinctSize++] = token;
        }
    }

    private void forget(int token) {
        if (--counts[token] == 0) {
            int last = distinct[--distinctSize];
            distinct[places[token]] = last;
            places[last] = places[token];
        }
    }

    /** How many different tokens there are. */
    int distinct() {
        return distinctSize;
    }

    /** The {@code i}-th of them, in no particular order. */
    int token(int i) {
        return distinct[i];
    }
}
