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

    /**
     * Ints before the first row. An array's elements begin 16 bytes into it, and large arrays at a cache line: so each
     * row is one line of 64 bytes.
     */
    private static final int FIRST = 12;

    /** A row: its successors, then the bits of their weights. */
    private static final int STRIDE = 2 * WIDTH;

    private static final int SIGHTING_BITS = 2;

    private final int maxRows;
    private long[] keys;
    /** Of each row the clock at its last lesson and, in the lowest bits, its sightings. */
    private int[] lessons;

    private int[] rows;
    private int mask;
    private int used;
    private int clock;

    /** Holds at most {@code maxRows} rows, a power of two. */
    SuccessorRows(int maxRows) {
        this.maxRows = maxRows;
        allocate(Math.min(maxRows, INITIAL_ROWS));
    }

    private void allocate(int count) {
        keys = new long[count];
        Arrays.fill(keys, EMPTY);
        lessons = new int[count];
        rows = new int[FIRST + count * STRIDE];
        mask = count - 1;
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
        return rows[FIRST + row * STRIDE + i];
    }

    /** Its weight, in [0, 1], not increasing with {@code i}; the weights of a row sum to at most 1. */
    float weight(int row, int i) {
        return weightAt(FIRST + row * STRIDE + i);
    }

    /** The weight of the successor that stands at a place of {@link #rows}. */
    private float weightAt(int place) {
        return Float.intBitsToFloat(rows[place + WIDTH]);
    }

    private void put(int place, int token, float weight) {
        rows[place] = token;
        rows[place + WIDTH] = Float.floatToRawIntBits(weight);
    }

    /** How often the row has learned the target's own view, up to {@value #MOST_SIGHTINGS}; 0 if only from a prompt. */
    int sightings(int row) {
        return lessons[row] & MOST_SIGHTINGS;
    }

    /** Lessons of the whole table since the row's last one. */
    int age(int row) {
        return clock - (lessons[row] >>> SIGHTING_BITS) & -1 >>> SIGHTING_BITS;
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
        int seen = sightings(row);
        lessons[row] = ++clock << SIGHTING_BITS | (byTarget && seen < MOST_SIGHTINGS ? seen + 1 : seen);
        int base = FIRST + row * STRIDE;
        for (int place = base + WIDTH; place < base + STRIDE; place++) {
            rows[place] = Float.floatToRawIntBits(Float.intBitsToFloat(rows[place]) * (1 - rate));
        }
        return row;
    }

    /** Adds weight to one successor, which replaces the weakest if it is new and stronger. */
    void add(int row, int token, float weight) {
        int first = FIRST + row * STRIDE;
        int at = first;
        int last = first + WIDTH - 1;
        while (at < last && (rows[at] != token || weightAt(at) <= 0)) {
            at++;
        }
        float sum = weight;
        if (rows[at] == token) {
            sum += weightAt(at);
        } else if (weight <= weightAt(at)) {
            return;
        }
        while (at > first && weightAt(at - 1) < sum) {
            put(at, rows[at - 1], weightAt(at - 1));
            at--;
        }
        put(at, token, sum);
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
        lessons[oldest] &= -1 << SIGHTING_BITS;
        int weights = FIRST + oldest * STRIDE + WIDTH;
        Arrays.fill(rows, weights, weights + WIDTH, Float.floatToRawIntBits(0f));
        return oldest;
    }

    private void grow() {
        long[] oldKeys = keys;
        int[] oldLessons = lessons;
        int[] oldRows = rows;
        allocate(oldKeys.length * 2);
        for (int old = 0; old < oldKeys.length; old++) {
            if (oldKeys[old] != EMPTY) {
                int row = claim(oldKeys[old]);
                lessons[row] = oldLessons[old];
                System.arraycopy(oldRows, FIRST + old * STRIDE, rows, FIRST + row * STRIDE, STRIDE);
            }
        }
    }

    private int slot(long key) {
        long hash = key * 0x9E3779B97F4A7C15L;
        return (int) (hash >>> 40) & mask;
    }

    long stateBytes() {
        return keys.length * (8L + 4 + 8L * WIDTH);
    }
}
