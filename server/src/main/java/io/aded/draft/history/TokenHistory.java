package io.aded.draft.history;

import java.util.Arrays;

/**
 * The most recent tokens of a stream: between half of a bound and all of it.
 *
 * <p>Tokens are named by their absolute position in the stream, so names stay valid until the token is forgotten.
 * Forgetting half at once keeps the tokens in one piece, which makes scans plain loops.
 */
final class TokenHistory {
    private static final int FIRST_CAPACITY = 256;

    private final int bound;
    private int[] tokens;
    private int length;
    private long forgotten;

    TokenHistory(int bound) {
        this.bound = bound;
        tokens = new int[Math.min(bound, FIRST_CAPACITY)];
    }

    void append(int token) {
        if (length == tokens.length) {
            if (length < bound) {
                tokens = Arrays.copyOf(tokens, (int) Math.min(bound, 2L * length));
            } else {
                int drop = length / 2;
                System.arraycopy(tokens, drop, tokens, 0, length - drop);
                length -= drop;
                forgotten += drop;
            }
        }
        tokens[length++] = token;
    }

    /** The position after the last token: all tokens ever seen. */
    long end() {
        return forgotten + length;
    }

    /** The position of the oldest token that is remembered. */
    long start() {
        return forgotten;
    }

    /** Tokens remembered. */
    int length() {
        return length;
    }

    /** The token at an absolute position from {@link #start} to {@link #end}, exclusive. */
    int at(long position) {
        return tokens[(int) (position - forgotten)];
    }

    /**
     * The latest position below {@code before} at which the last {@code size} tokens stand a second time, wholly before
     * {@code end}.
     *
     * @param lowest the lowest position to look at
     * @return the match's first position, or -1
     */
    long findLast(int size, long before, long lowest) {
        int pattern = length - size;
        int floor = (int) Math.max(0, lowest - forgotten);
        if (pattern < 0) {
            return -1;
        }
        int last = tokens[length - 1];
        for (int i = (int) Math.min(pattern - 1, before - 1 - forgotten); i >= floor; i--) {
            if (tokens[i + size - 1] == last && Arrays.equals(tokens, i, i + size - 1, tokens, pattern, length - 1)) {
                return forgotten + i;
            }
        }
        return -1;
    }

    long stateBytes() {
        return (long) Integer.BYTES * tokens.length;
    }
}
