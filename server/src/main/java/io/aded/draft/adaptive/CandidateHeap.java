package io.aded.draft.adaptive;

/** A max-heap of (node, rank) pairs in a flat array: the best untaken successor of every node of the tree. */
final class CandidateHeap {
    /** The node has the 15 bits above: the 32 of both are never negative, and so leave the key's alone. */
    private static final int RANK_BITS = 16;

    /** The key's bits, which are in order as it is not negative, above the node and the rank. */
    private final long[] entries;

    private int size;

    CandidateHeap(int capacity) {
        entries = new long[capacity + 1];
    }

    void clear() {
        size = 0;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /** The largest key. */
    float key() {
        return Float.intBitsToFloat(bits(entries[0]));
    }

    /** The node whose successor has the largest key. */
    int node() {
        return (int) entries[0] >>> RANK_BITS;
    }

    /** Which of its successors that is, from 0. */
    int rank() {
        return (int) entries[0] & (1 << RANK_BITS) - 1;
    }

    /** Adds a pair with a key that is at least 0, below those with the same. */
    void push(float key, int node, int rank) {
        int bits = Float.floatToRawIntBits(key);
        int hole = size++;
        while (hole > 0) {
            int above = (hole - 1) >>> 1;
            if (bits(entries[above]) >= bits) {
                break;
            }
            entries[hole] = entries[above];
            hole = above;
        }
        entries[hole] = (long) bits << Integer.SIZE | node << RANK_BITS | rank;
    }

    void removeFirst() {
        long last = entries[--size];
        entries[size] = 0; // below all, for a parent with one child
        int bits = bits(last);
        int hole = 0;
        for (int child = 1; child < size; child = 2 * hole + 1) {
            // The right one if it is greater, without a branch: which it is cannot be foreseen.
            child += bits(entries[child]) - bits(entries[child + 1]) >>> Integer.SIZE - 1;
            if (bits(entries[child]) <= bits) {
                break;
            }
            entries[hole] = entries[child];
            hole = child;
        }
        entries[hole] = last;
    }

    private static int bits(long entry) {
        return (int) (entry >>> Integer.SIZE);
    }

    long stateBytes() {
        return 8L * entries.length;
    }
}
