package io.aded.draft.adaptive;

import java.util.Arrays;

/**
 * What has followed each context: for every key a short row of successors with weights, best first, learned by
 * exponential averaging and held in one flat open-addressed table.
 *
 * <p>A row is an estimate of the target's distribution after its context: {@code w ← (1 − rate) · w + rate · p}. With
 * the high rates that serve a single stream it is nearly the last distribution seen; that is intended, the model's own
 * view of a context the last time it stood there is the best short guess at its view now.
 *
 * <p>Bounded: the table doubles until {@code maxRows} and then replaces, within a short probe window, the row that was
 * touched longest ago. Allocation happens only while it grows.
 */
final class SuccessorRows {
    /** Successors a row: 4 nearly tie, 2 lose 7 % at 48 nodes. */
    static final int WIDTH = 8;

    private static final int NONE = -1;
    private static final long EMPTY = -1;
    private static final int INITIAL_ROWS = 1 << 10;
    /** Rows looked at for one key, from its hash on. */
    private static final int WINDOW = 8;
    /** Sightings by the target are counted up to here. */
    private static final int MOST_SIGHTINGS = 3;

    private final int maxRows;
    private long[] keys;
    private int[] touched;
    private byte[] sightings;
    private int[] successors;
    private float[] weights;
    private int mask;
    private int used;
    private int clock;

    /** Holds at most {@code maxRows} rows, a power of two. */
    SuccessorRows(int maxRows) {
        this.maxRows = maxRows;
        allocate(Math.min(maxRows, INITIAL_ROWS));
    }

    private void allocate(int rows) {
        keys = new long[rows];
        Arrays.fill(keys, EMPTY);
        touched = new int[rows];
        sightings = new byte[rows];
        successors = new int[rows * WIDTH];
        weights = new float[rows * WIDTH];
        mask = rows - 1;
        used = 0;
    }

    /** The row of a key (not negative), or -1. */
    int find(long key) {
        int slot = slot(key);
        for (int i = 0; i < WINDOW; i++) {
            int row = (slot + i) & mask;
            if (keys[row] == key) {
                return row;
            }
        }
        return NONE;
    }

    /** The {@code i}-th best successor of a row; only meaningful where {@link #weight} is above 0. */
    int successor(int row, int i) {
        return successors[row * WIDTH + i];
    }

    /** Its weight, in [0, 1], not increasing with {@code i}; the weights of a row sum to at most 1. */
    float weight(int row, int i) {
        return weights[row * WIDTH + i];
    }

    /** How often the row has learned the target's own view, up to {@value #MOST_SIGHTINGS}; 0 if only from a prompt. */
    int sightings(int row) {
        return sightings[row];
    }

    /** Lessons of the whole table since the row's last one. */
    int age(int row) {
        return clock - touched[row];
    }

    /**
     * Opens a lesson: weakens all of a row, made if absent, so that {@code rate} of its mass is free for what
     * {@link #add} brings.
     *
     * @param byTarget whether the target's own view follows, rather than a prompt's token
     */
    int fade(long key, float rate, boolean byTarget) {
        int row = find(key);
        if (row == NONE) {
            if (used * 2 >= keys.length && keys.length < maxRows) {
                grow();
            }
            row = claim(key);
        }
        touched[row] = ++clock;
        if (byTarget && sightings[row] < MOST_SIGHTINGS) {
            sightings[row]++;
        }
        int base = row * WIDTH;
        for (int i = base; i < base + WIDTH; i++) {
            weights[i] *= 1 - rate;
        }
        return row;
    }

    /** Adds weight to one successor, which replaces the weakest if it is new and stronger. */
    void add(int row, int token, float weight) {
        int first = row * WIDTH;
        int at = first;
        int last = first + WIDTH - 1;
        while (at < last && (successors[at] != token || weights[at] <= 0)) {
            at++;
        }
        float sum = weight;
        if (successors[at] == token) {
            sum += weights[at];
        } else if (weight <= weights[at]) {
            return;
        }
        while (at > first && weights[at - 1] < sum) {
            successors[at] = successors[at - 1];
            weights[at] = weights[at - 1];
            at--;
        }
        successors[at] = token;
        weights[at] = sum;
    }

    private int claim(long key) {
        int slot = slot(key);
        int oldest = slot;
        for (int i = 0; i < WINDOW; i++) {
            int row = (slot + i) & mask;
            if (keys[row] == EMPTY) {
                used++;
                keys[row] = key;
                return row;
            }
            if (age(row) > age(oldest)) {
                oldest = row;
            }
        }
        keys[oldest] = key;
        sightings[oldest] = 0;
        Arrays.fill(weights, oldest * WIDTH, oldest * WIDTH + WIDTH, 0f);
        return oldest;
    }

    private void grow() {
        long[] oldKeys = keys;
        int[] oldTouched = touched;
        byte[] oldSightings = sightings;
        int[] oldSuccessors = successors;
        float[] oldWeights = weights;
        allocate(oldKeys.length * 2);
        for (int old = 0; old < oldKeys.length; old++) {
            if (oldKeys[old] != EMPTY) {
                int row = claim(oldKeys[old]);
                touched[row] = oldTouched[old];
                sightings[row] = oldSightings[old];
                System.arraycopy(oldSuccessors, old * WIDTH, successors, row * WIDTH, WIDTH);
                System.arraycopy(oldWeights, old * WIDTH, weights, row * WIDTH, WIDTH);
            }
        }
    }

    private int slot(long key) {
        long hash = key * 0x9E3779B97F4A7C15L;
        return (int) (hash >>> 40) & mask;
    }

    long stateBytes() {
        return keys.length * (8L + 4 + 1 + 8L * WIDTH);
    }
}
