package io.aded.draft.adaptive;

/** A max-heap of (node, rank) pairs over flat arrays: the best untaken successor of every node of the tree. */
final class CandidateHeap {
    private final float[] keys;
    private final int[] nodes;
    private final int[] ranks;
    private int size;

    CandidateHeap(int capacity) {
        keys = new float[capacity];
        nodes = new int[capacity];
        ranks = new int[capacity];
    }

    void clear() {
        size = 0;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /** The largest key. */
    float key() {
        return keys[0];
    }

    /** The node whose successor has the largest key. */
    int node() {
        return nodes[0];
    }

    /** Which of its successors that is, from 0. */
    int rank() {
        return ranks[0];
    }

    void push(float key, int node, int rank) {
        int hole = size++;
        while (hole > 0) {
            int above = (hole - 1) >>> 1;
            if (keys[above] >= key) {
                break;
            }
            move(above, hole);
            hole = above;
        }
        place(hole, key, node, rank);
    }

    void removeFirst() {
        int last = --size;
        float key = keys[last];
        int hole = 0;
        while (true) {
            int child = 2 * hole + 1;
            if (child >= last) {
                break;
            }
            if (child + 1 < last && keys[child + 1] > keys[child]) {
                child++;
            }
            if (keys[child] <= key) {
                break;
            }
            move(child, hole);
            hole = child;
        }
        place(hole, key, nodes[last], ranks[last]);
    }

    private void move(int from, int to) {
        place(to, keys[from], nodes[from], ranks[from]);
    }

    private void place(int slot, float key, int node, int rank) {
        keys[slot] = key;
        nodes[slot] = node;
        ranks[slot] = rank;
    }

    long stateBytes() {
        return 12L * keys.length;
    }
}
