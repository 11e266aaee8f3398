package io.aded.draft.history;

import io.aded.model.TokenTree;
import java.util.Arrays;

/** Baseline: the rule of llama.cpp's {@code --spec-type ngram-cache} (its {@code lookup} example). */
public final class NgramCacheDrafter extends HistoryDrafter {
    /*
     * The rule (llama.cpp, common/ngram-cache.cpp): count which token follows every 1-, 2-, 3- and 4-gram of the
     * context. The next draft token is the most frequent follower of the longest n-gram for which
     *
     *     n                              1     2     3     4
     *     followers counted, at least    2     2     1     1
     *     share of the most frequent   66 %  50 %  50 %  50 %
     *
     * and so on, with the drafted tokens as context, until no n-gram passes or 16 tokens are drafted (its --draft-max).
     *
     * llama.cpp knows two more tables: "dynamic", merged from earlier generations, with stricter bounds, and "static",
     * counted from a corpus. Both come from files that its server does not have unless one names them; they are empty
     * here too.
     *
     * Its server feeds the counts in pieces, one a round, and n-grams that cross pieces are never counted; its lookup
     * example counts all. Here all are counted: this is the rule at its best.
     *
     * Layout: n-grams are open-addressed by a 64-bit hash (two n-grams with equal hashes are taken for one), followers
     * are chains of (token, count, next). When the followers reach their bound of 4 a token of history, everything is
     * counted anew from the remembered half.
     */

    /** What it is called. */
    public static final String NAME = "ngram-cache";

    private static final int LONGEST_NGRAM = 4;
    private static final int MOST_TOKENS = 16;
    private static final int[] LEAST_SAMPLES = {2, 2, 1, 1};
    private static final int[] LEAST_PERCENT = {66, 50, 50, 50};

    private static final int FIRST_CELLS = 1024;
    private static final int NONE = -1;

    private final int maxCells;

    private long[] keys;
    private int[] heads;
    private int grams;

    private int[] cellToken;
    private int[] cellCount;
    private int[] cellNext;
    private int cells;

    /** The last tokens and the chain behind them. */
    private final int[] context = new int[LONGEST_NGRAM + MOST_TOKENS];

    /** A drafter that remembers the most recent {@code historyTokens} tokens, 64 or more. */
    public NgramCacheDrafter(int historyTokens) {
        super(NAME, historyTokens);
        maxCells = LONGEST_NGRAM * historyTokens;
        int first = Math.min(FIRST_CELLS, maxCells);
        cellToken = new int[first];
        cellCount = new int[first];
        cellNext = new int[first];
        keys = new long[2 * Integer.highestOneBit(first)];
        heads = new int[keys.length];
        Arrays.fill(heads, NONE);
    }

    @Override
    void append(int token) {
        if (cells + LONGEST_NGRAM > maxCells) {
            recount();
        }
        history.append(token);
        countLast(history.end() - 1);
    }

    /** Counts the token at a position as the follower of the n-grams before it. */
    private void countLast(long position) {
        int longest = (int) Math.min(LONGEST_NGRAM, position - history.start());
        int token = history.at(position);
        long hash = 0;
        for (int size = 1; size <= longest; size++) {
            hash = extendHash(hash, history.at(position - size));
            count(finish(hash, size), token);
        }
    }

    private void count(long key, int token) {
        int slot = slotOf(key);
        if (heads[slot] == NONE) {
            keys[slot] = key;
            grams++;
            if (2 * grams > keys.length) {
                rehash();
                slot = slotOf(key);
            }
        }
        int last = NONE;
        for (int cell = heads[slot]; cell != NONE; cell = cellNext[cell]) {
            if (cellToken[cell] == token) {
                cellCount[cell]++;
                return;
            }
            last = cell;
        }
        int cell = newCell(token);
        if (last == NONE) {
            keys[slot] = key;
            heads[slot] = cell;
        } else {
            cellNext[last] = cell;
        }
    }

    private int newCell(int token) {
        if (cells == cellToken.length) {
            int capacity = (int) Math.min(maxCells, 2L * cells);
            cellToken = Arrays.copyOf(cellToken, capacity);
            cellCount = Arrays.copyOf(cellCount, capacity);
            cellNext = Arrays.copyOf(cellNext, capacity);
        }
        cellToken[cells] = token;
        cellCount[cells] = 1;
        cellNext[cells] = NONE;
        return cells++;
    }

    private int slotOf(long key) {
        int mask = keys.length - 1;
        int slot = (int) (key >>> 32) & mask;
        while (heads[slot] != NONE && keys[slot] != key) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private void rehash() {
        long[] oldKeys = keys;
        int[] oldHeads = heads;
        keys = new long[2 * oldKeys.length];
        heads = new int[keys.length];
        Arrays.fill(heads, NONE);
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldHeads[i] != NONE) {
                int slot = slotOf(oldKeys[i]);
                keys[slot] = oldKeys[i];
                heads[slot] = oldHeads[i];
            }
        }
    }

    private void recount() {
        Arrays.fill(heads, NONE);
        cells = 0;
        grams = 0;
        long middle = history.end() - history.length() / 2;
        for (long position = middle; position < history.end(); position++) {
            countLast(position);
        }
    }

    @Override
    void draftChain(TokenTree tree, int room) {
        int known = Math.min(LONGEST_NGRAM, history.length());
        if (known < 2) {
            return;
        }
        for (int i = 0; i < known; i++) {
            context[i] = history.at(history.end() - known + i);
        }
        int most = Math.min(room, MOST_TOKENS);
        for (int drafted = 0; drafted < most; drafted++) {
            int token = follower(known + drafted);
            if (token == NONE) {
                return;
            }
            context[known + drafted] = token;
            extend(tree, token);
        }
    }

    /** The follower of the longest n-gram before {@code end} that passes the bounds. */
    private int follower(int end) {
        int found = NONE;
        long hash = 0;
        int longest = Math.min(LONGEST_NGRAM, end);
        for (int size = 1; size <= longest; size++) {
            hash = extendHash(hash, context[end - size]);
            int candidate = mostFrequent(finish(hash, size), LEAST_SAMPLES[size - 1], LEAST_PERCENT[size - 1]);
            found = candidate == NONE ? found : candidate;
        }
        return found;
    }

    private int mostFrequent(long key, int leastSamples, int leastPercent) {
        int total = 0;
        int best = 0;
        int token = NONE;
        for (int cell = heads[slotOf(key)]; cell != NONE; cell = cellNext[cell]) {
            total += cellCount[cell];
            if (cellCount[cell] > best) {
                best = cellCount[cell];
                token = cellToken[cell];
            }
        }
        return total < leastSamples || 100L * best < (long) leastPercent * total ? NONE : token;
    }

    /** An n-gram is hashed from its last token to its first, so that the longer ones build on the shorter. */
    private static long extendHash(long hash, int token) {
        long mixed = (hash ^ (token + 1)) * 0x9E3779B97F4A7C15L;
        return mixed ^ (mixed >>> 31);
    }

    private static long finish(long hash, int size) {
        long mixed = (hash + size) * 0xBF58476D1CE4E5B9L;
        return mixed ^ (mixed >>> 29);
    }

    @Override
    public long stateBytes() {
        return super.stateBytes()
                + (long) Long.BYTES * keys.length
                + (long) Integer.BYTES * (heads.length + 3L * cellToken.length + context.length);
    }
}
