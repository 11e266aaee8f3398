package io.aded.draft.table;

/**
 * The layout that a stream's own rows and the rows of a {@linkplain BaseTable base table} share: 28 ints, 112 bytes, so
 * that one row is two cache lines that lie side by side.
 *
 * <pre>
 * int    0      1      2      3       4 … 15           16 … 27
 *        first  second count  total   successor ids    weights
 *        (a)    (b)           (float)                  (float, largest first)
 * </pre>
 *
 * The pair (a, b) is the row's key. {@code count} is 1 to 12; {@code total} is the sum of the weights that are there.
 */
final class TrigramRow {
    /** Successors a row keeps: the paper's 12 (Liu et al., section on the LLM representative). */
    static final int SUCCESSORS = 12;

    static final int FIRST = 0;
    static final int SECOND = 1;
    static final int COUNT = 2;
    static final int TOTAL = 3;
    static final int TOKENS = 4;
    static final int WEIGHTS = TOKENS + SUCCESSORS;
    static final int INTS = WEIGHTS + SUCCESSORS;

    /*
     * An index slot holds a row's number plus one in its low bits and some bits of the key's hash, the tag, above: a
     * probe that meets another pair's slot is nearly always turned away without a visit to that row.
     */
    static final int ROW_BITS = 22;
    static final int ROW_MASK = (1 << ROW_BITS) - 1;

    /** The most rows a table can number. */
    static final int MAX_ROWS = ROW_MASK;

    private TrigramRow() {}

    /** A hash of a pair: low bits choose the slot, the high ones are the tag. */
    static int hash(int first, int second) {
        long mixed = (first * 0x9E3779B97F4A7C15L) ^ (second * 0xC2B2AE3D27D4EB4FL);
        mixed ^= mixed >>> 29;
        mixed *= 0xBF58476D1CE4E5B9L;
        return (int) (mixed >>> 32);
    }

    /** What a slot holds for a row. */
    static int slotEntry(int hash, int row) {
        return (hash & ~ROW_MASK) | (row + 1);
    }

    /** Whether a slot's tag fits a hash. */
    static boolean tagMatches(int entry, int hash) {
        return ((entry ^ hash) & ~ROW_MASK) == 0;
    }

    /** The row that a slot names. */
    static int rowOf(int entry) {
        return (entry & ROW_MASK) - 1;
    }

    /** Slots for a number of rows: a power of two that leaves at least a third of them empty. */
    static int slotsFor(int rows) {
        int slots = Integer.highestOneBit(Math.max(16, rows));
        while (slots * 2L < rows * 3L) {
            slots <<= 1;
        }
        return slots;
    }
}
