package io.aded.draft.table;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The LLM representative of ADED: for a pair of tokens, up to 12 successors with weights; one table a stream.
 *
 * <p>Not thread-safe, except that any number of tables may read the same base.
 */
public final class TrigramTable {
    /*
     * What it stands for
     * ==================
     * A model of the model: P(c | a, b), the chance that the target continues the pair (a, b) with c, kept as a sparse
     * tri-gram matrix [1]. A row is a pair, its entries the successors, largest weight first. Weights begin as relative
     * frequencies if a base table was counted from text, and as nothing in a cold start.
     *
     * Adaptation
     * ==========
     * The published rule [1]: before a search, every tri-gram among the last 16 tokens of prompt and answer gets
     * P += 0.04, at most 3.0, and is inserted if absent. What has just been said is thereby likelier to be drafted
     * again. A tri-gram passes through the window once a round, so it gains several steps. Note that weights are no
     * longer probabilities then; the search takes them as they are, as the paper does, and probabilities reported with
     * a draft are weights divided by their row's total.
     *
     * A full row gives its smallest successor up for a new one: recent evidence beats rare evidence.
     *
     * Base and copy-on-write
     * ======================
     * Lookups go to the stream's own rows first, then to the base. The base never changes; the first reinforcement of a
     * pair copies the base's row. Streams therefore cannot see each other's text through the table.
     *
     * Bounds and decay
     * ================
     * The public implementation of [1] grows without bound and forgets nothing. Here a stream keeps at most maxRows
     * rows. A full table is swept by a clock hand (second chance [2]): a row that was reinforced since the hand's last
     * visit stays, but what it learned is halved; one that was not is given up. Rows thus age only while something new
     * wants their place, and memory is bounded by construction.
     *
     * Back-off
     * ========
     * A cold table has no row for 30 to 40 % of the pairs. The published implementation then drafts a dummy token. Here
     * the most recently reinforced row whose second token is b answers instead, if there is one.
     *
     * Layout
     * ======
     * Rows lie in one int array (see TrigramRow), found by open addressing with linear probing over an int index at a
     * load of at most two thirds. A row is named by an int: 0 and up for own rows, below for base rows (~ their
     * number). Names are valid until the next reinforcement.
     *
     * [1] X. Liu, B. Lei, R. Zhang, D. Xu: Adaptive Draft-Verification for Efficient Large Language Model Decoding.
     *     AAAI 2025, arXiv:2407.12021.
     * [2] F. J. Corbató: A Paging Experiment with the Multics System. MIT Project MAC, MAC-M-384, 1968.
     */

    /** Successors a row keeps: the paper's 12. */
    public static final int SUCCESSORS = TrigramRow.SUCCESSORS;

    /** No row for the pair. */
    public static final int NONE = Integer.MIN_VALUE;

    /** One reinforcement [1]. */
    public static final float STEP = 0.04f;

    /** Where reinforcement stops [1]. */
    public static final float CAP = 3.0f;

    // Own rows carry one more field than the shared layout, and are padded to 128 bytes.
    private static final int TOUCHED = TrigramRow.INTS;
    private static final int STRIDE = 32;

    private static final int FIRST_ROWS = 256;
    private static final int RECENT_SLOTS = 4096;

    private final @Nullable BaseTable base;
    private final int maxRows;

    private int[] rows;
    private int[] index;
    private int indexMask;
    private int rowCount;
    private int clockHand;

    /** For the hash of a token b: one more than the row reinforced last whose second token it is. */
    private final int[] recentBySecond = new int[RECENT_SLOTS];

    /**
     * An empty table.
     *
     * @param base read when the table has no row of its own; may be null
     * @param maxRows the bound, at least 1
     */
    public TrigramTable(@Nullable BaseTable base, int maxRows) {
        if (maxRows < 1 || maxRows > TrigramRow.MAX_ROWS) {
            throw new IllegalArgumentException("maxRows is " + maxRows + "; allowed: 1 to " + TrigramRow.MAX_ROWS);
        }
        this.base = base;
        this.maxRows = maxRows;
        int firstRows = Math.min(FIRST_ROWS, maxRows);
        rows = new int[firstRows * STRIDE];
        index = new int[TrigramRow.slotsFor(firstRows)];
        indexMask = index.length - 1;
    }

    // Reading

    /** The row of a pair, own or of the base; {@link #NONE} if neither has one. */
    public int find(int first, int second) {
        int own = findOwn(first, second);
        if (own >= 0) {
            return own;
        }
        if (base == null) {
            return NONE;
        }
        int row = base.find(first, second);
        return row < 0 ? NONE : ~row;
    }

    /** The row of a pair or, if there is none, the latest of the rows whose second token is the same. */
    public int findOrBackOff(int first, int second) {
        int row = find(first, second);
        return row == NONE ? findBySecond(second) : row;
    }

    /** The own row reinforced last whose second token is this one; {@link #NONE} if it is not remembered. */
    public int findBySecond(int second) {
        int row = recentBySecond[recentSlot(second)] - 1;
        return row >= 0 && rows[row * STRIDE + TrigramRow.SECOND] == second ? row : NONE;
    }

    /** Successors in a row, 1 to 12. */
    public int count(int row) {
        return row >= 0 ? rows[row * STRIDE + TrigramRow.COUNT] : base().rowInt(~row, TrigramRow.COUNT);
    }

    /** The {@code i}-th successor, largest weight first. */
    public int token(int row, int i) {
        int field = TrigramRow.TOKENS + i;
        return row >= 0 ? rows[row * STRIDE + field] : base().rowInt(~row, field);
    }

    /** Its weight, above 0 and at most {@link #CAP}. */
    public float weight(int row, int i) {
        int field = TrigramRow.WEIGHTS + i;
        return Float.intBitsToFloat(row >= 0 ? rows[row * STRIDE + field] : base().rowInt(~row, field));
    }

    /** The sum of a row's weights. */
    public float total(int row) {
        return Float.intBitsToFloat(
                row >= 0 ? rows[row * STRIDE + TrigramRow.TOTAL] : base().rowInt(~row, TrigramRow.TOTAL));
    }

    /** Copies the 12 places of a row, of which the first {@link #count} are in use, the weights as raw bits. */
    public void copySuccessors(int row, int[] tokens, int[] weightBits, int to) {
        if (row >= 0) {
            int at = row * STRIDE;
            System.arraycopy(rows, at + TrigramRow.TOKENS, tokens, to, TrigramRow.SUCCESSORS);
            System.arraycopy(rows, at + TrigramRow.WEIGHTS, weightBits, to, TrigramRow.SUCCESSORS);
        } else {
            base().copySuccessors(~row, tokens, weightBits, to);
        }
    }

    /**
     * The successor at which the running sum of weights passes a value.
     *
     * @param value at least 0 and below {@link #total}; then each successor is hit in proportion to its weight
     * @return its place in the row
     */
    public int draw(int row, float value) {
        int last = count(row) - 1;
        float rest = value;
        for (int i = 0; i < last; i++) {
            rest -= weight(row, i);
            if (rest < 0) {
                return i;
            }
        }
        return last;
    }

    /** Rows of the stream's own. */
    public int ownRows() {
        return rowCount;
    }

    /** The bytes of the arrays as they are now. */
    public long stateBytes() {
        return (long) Integer.BYTES * (rows.length + index.length + recentBySecond.length);
    }

    /** The bytes that the arrays cannot exceed. */
    public long maxStateBytes() {
        return (long) Integer.BYTES * ((long) maxRows * STRIDE + TrigramRow.slotsFor(maxRows) + RECENT_SLOTS);
    }

    private BaseTable base() {
        BaseTable table = base;
        if (table == null) {
            throw new IllegalStateException("a base row was named, but this table has no base");
        }
        return table;
    }

    private int findOwn(int first, int second) {
        int hash = TrigramRow.hash(first, second);
        // Locals, and a mask taken from the array itself, let the compiler leave the bounds check out.
        int[] slots = index;
        int mask = slots.length - 1;
        for (int slot = hash & mask; ; slot = (slot + 1) & mask) {
            int entry = slots[slot];
            if (entry == 0) {
                return NONE;
            }
            if (TrigramRow.tagMatches(entry, hash)) {
                int row = TrigramRow.rowOf(entry);
                int at = row * STRIDE;
                if (rows[at] == first && rows[at + TrigramRow.SECOND] == second) {
                    return row;
                }
            }
        }
    }

    // Learning

    /** The update rule for one tri-gram: its weight grows by {@code step}, at most to {@link #CAP}. */
    public void reinforce(int first, int second, int third, float step) {
        int row = findOwn(first, second);
        if (row == NONE) {
            row = newRow(first, second);
        }
        int at = row * STRIDE;
        rows[at + TOUCHED] = 1;
        recentBySecond[recentSlot(second)] = row + 1;

        int tokens = at + TrigramRow.TOKENS;
        int count = rows[at + TrigramRow.COUNT];
        int place = 0;
        while (place < count && rows[tokens + place] != third) {
            place++;
        }
        float weight = step;
        if (place < count) {
            weight += weightAt(at, place);
        } else if (count < TrigramRow.SUCCESSORS) {
            rows[at + TrigramRow.COUNT] = count + 1;
        } else {
            place--;
        }
        moveUp(at, place, third, Math.min(CAP, weight));
        sumUp(at);
    }

    /** Writes a successor at or above its place, so that the row stays sorted; equal weights keep their order. */
    private void moveUp(int at, int from, int token, float weight) {
        int place = from;
        for (; place > 0 && weightAt(at, place - 1) < weight; place--) {
            rows[at + TrigramRow.TOKENS + place] = rows[at + TrigramRow.TOKENS + place - 1];
            rows[at + TrigramRow.WEIGHTS + place] = rows[at + TrigramRow.WEIGHTS + place - 1];
        }
        rows[at + TrigramRow.TOKENS + place] = token;
        rows[at + TrigramRow.WEIGHTS + place] = Float.floatToRawIntBits(weight);
    }

    /** Summed afresh, never adjusted: errors of rounding do not pile up. */
    private void sumUp(int at) {
        float total = 0;
        int count = rows[at + TrigramRow.COUNT];
        for (int i = 0; i < count; i++) {
            total += weightAt(at, i);
        }
        rows[at + TrigramRow.TOTAL] = Float.floatToRawIntBits(total);
    }

    private float weightAt(int at, int place) {
        return Float.intBitsToFloat(rows[at + TrigramRow.WEIGHTS + place]);
    }

    private int newRow(int first, int second) {
        int row;
        if (rowCount == maxRows) {
            row = evict();
        } else {
            if ((rowCount + 1) * STRIDE > rows.length) {
                grow();
            }
            row = rowCount++;
        }
        int at = row * STRIDE;
        int baseRow = base == null ? -1 : base.find(first, second);
        if (baseRow >= 0) {
            base().copyRow(baseRow, rows, at);
        } else {
            rows[at + TrigramRow.FIRST] = first;
            rows[at + TrigramRow.SECOND] = second;
            rows[at + TrigramRow.COUNT] = 0;
        }
        insertIntoIndex(row, TrigramRow.hash(first, second));
        return row;
    }

    private void grow() {
        int capacity = (int) Math.min(maxRows, 2L * (rows.length / STRIDE));
        rows = Arrays.copyOf(rows, capacity * STRIDE);
        index = new int[TrigramRow.slotsFor(capacity)];
        indexMask = index.length - 1;
        for (int row = 0; row < rowCount; row++) {
            insertIntoIndex(row, hashOf(row));
        }
    }

    private void insertIntoIndex(int row, int hash) {
        int slot = hash & indexMask;
        while (index[slot] != 0) {
            slot = (slot + 1) & indexMask;
        }
        index[slot] = TrigramRow.slotEntry(hash, row);
    }

    /** Moves the clock hand to a row that was not reinforced since its last visit, and frees that one. */
    private int evict() {
        while (true) {
            int row = clockHand;
            clockHand = row + 1 == maxRows ? 0 : row + 1;
            int at = row * STRIDE;
            if (rows[at + TOUCHED] == 0) {
                removeFromIndex(row);
                return row;
            }
            rows[at + TOUCHED] = 0;
            halve(at);
        }
    }

    private void halve(int at) {
        int count = rows[at + TrigramRow.COUNT];
        for (int i = 0; i < count; i++) {
            rows[at + TrigramRow.WEIGHTS + i] = Float.floatToRawIntBits(0.5f * weightAt(at, i));
        }
        sumUp(at);
    }

    /** Closes the gap by moving later entries of the probe run back, so that lookups need no tombstones. */
    private void removeFromIndex(int row) {
        int gap = hashOf(row) & indexMask;
        while (TrigramRow.rowOf(index[gap]) != row) {
            gap = (gap + 1) & indexMask;
        }
        int slot = gap;
        while (true) {
            slot = (slot + 1) & indexMask;
            int entry = index[slot];
            if (entry == 0) {
                break;
            }
            int home = hashOf(TrigramRow.rowOf(entry)) & indexMask;
            if (((slot - home) & indexMask) >= ((slot - gap) & indexMask)) {
                index[gap] = entry;
                gap = slot;
            }
        }
        index[gap] = 0;
    }

    private int hashOf(int row) {
        int at = row * STRIDE;
        return TrigramRow.hash(rows[at + TrigramRow.FIRST], rows[at + TrigramRow.SECOND]);
    }

    private static int recentSlot(int token) {
        return (token * 0x9E3779B1) >>> 20;
    }
}
