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
    /** Of each row the successors, then, as bits, their weights: a row is wanted whole, and lies in one place. */
    private int[] rows;

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
        this.rows = new int[rows * 2 * WIDTH];
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
        return rows[row * 2 * WIDTH + i];
    }

    /** Its weight, in [0, 1], not increasing with {@code i}; the weights of a row sum to at most 1. */
    float weight(int row, int i) {
        return weightAt(row * 2 * WIDTH + i);
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
        int base = row * 2 * WIDTH;
        for (int at = base; at < base + WIDTH; at++) {
            setWeight(at, weightAt(at) * (1 - rate));
        }
        return row;
    }

    /** The weight of the successor at an index of {@link #rows}. */
    private float weightAt(int at) {
        return Float.intBitsToFloat(rows[at + WIDTH]);
    }

    private void setWeight(int at, float weight) {
        rows[at + WIDTH] = Float.floatToRawIntBits(weight);
    }

    /** Adds weight to one successor, which replaces the weakest if it is new and stronger. */
    void add(int row, int token, float weight) {
        int first = row * 2 * WIDTH;
        int at = first + WIDTH - 1;
        // Where it stands cannot be foreseen, so all are looked at, without a branch. What an empty place held once is
        // no harm: it weighs nothing, and behind it all are empty.
        for (int i = at - 1; i >= first; i--) {
            at = rows[i] == token ? i : at;
        }
        float sum = weight;
        if (rows[at] == token) {
            sum += weightAt(at);
        } else if (weight <= weightAt(at)) {
            return;
        }
        while (at > first && weightAt(at - 1) < sum) {
            rows[at] = rows[at - 1];
            rows[at + WIDTH] = rows[at - 1 + WIDTH];
            at--;
        }
        rows[at] = token;
        setWeight(at, sum);
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
        int weights = oldest * 2 * WIDTH + WIDTH;
        Arrays.fill(rows, weights, weights + WIDTH, 0);
        return oldest;
    }

    private void grow() {
        long[] oldKeys = keys;
        int[] oldTouched = touched;
        byte[] oldSightings = sightings;
        int[] oldRows = rows;
        allocate(oldKeys.length * 2);
        for (int old = 0; old < oldKeys.length; old++) {
            if (oldKeys[old] != EMPTY) {
                int row = claim(oldKeys[old]);
                touched[row] = oldTouched[old];
                sightings[row] = oldSightings[old];
                System.arraycopy(oldRows, old * 2 * WIDTH, rows, row * 2 * WIDTH, 2 * WIDTH);
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
