package io.aded.draft;

import java.util.Arrays;

/**
 * Where in this stream's own prompt and answer the current context has stood before.
 *
 * <p>The index is that of an LZ77 compressor rather than a suffix tree: a hash table of the last two tokens gives the
 * latest position of that pair, and a link per position leads to the one before. Appending a token is O(1), nothing is
 * ever rebuilt, and a bounded history simply overwrites its oldest positions. The longest match is found by comparing
 * backwards from each of the {@value #MAX_MATCHES} most recent positions.
 *
 * <p>Inside a draft tree no comparison is needed: a child's matches are its parent's matches whose next token is the
 * child's, one token longer, and the positions of the new pair that its parent did not have.
 */
final class SuffixIndex {
    /** Shortest match that counts: one token alone is what the bi-gram rows know. */
    static final int MIN_MATCH = 2;
    /** Longer matches are not told apart: by then the text is being copied. */
    static final int MAX_MATCH = 32;
    /** Positions looked at for one context. */
    static final int MAX_MATCHES = 32;

    private static final int NONE = -1;
    private static final int INITIAL_CAPACITY = 1 << 10;

    private final int maxCapacity;
    private int[] tokens;
    /** Position of the previous pair in the same hash bucket, or -1. */
    private int[] previous;
    /** Latest position whose token and predecessor hash to the bucket, or -1. */
    private int[] heads;

    private int mask;
    private int length;
    private int promptEnd;

    /** Remembers at most {@code maxTokens} tokens, a power of two. */
    SuffixIndex(int maxTokens) {
        maxCapacity = maxTokens;
        int capacity = Math.min(maxTokens, INITIAL_CAPACITY);
        tokens = new int[capacity];
        previous = new int[capacity];
        heads = new int[capacity];
        Arrays.fill(heads, NONE);
        mask = capacity - 1;
    }

    /** Tokens appended so far, including those that have been overwritten since. */
    int length() {
        return length;
    }

    /** The token at a position that is still remembered. */
    int token(int position) {
        return tokens[position & mask];
    }

    /** Adds the next token of the prompt or of the answer. */
    void append(int token, boolean fromPrompt) {
        if (length == tokens.length && length < maxCapacity) {
            grow();
        }
        int position = length++;
        tokens[position & mask] = token;
        if (fromPrompt) {
            promptEnd = length;
        }
        previous[position & mask] = NONE;
        if (position > 0) {
            link(position);
        }
    }

    private void link(int position) {
        int bucket = bucket(token(position - 1), token(position));
        previous[position & mask] = heads[bucket];
        heads[bucket] = position;
    }

    private void grow() {
        int capacity = tokens.length * 2;
        tokens = Arrays.copyOf(tokens, capacity);
        previous = new int[capacity];
        heads = new int[capacity];
        Arrays.fill(heads, NONE);
        mask = capacity - 1;
        previous[0] = NONE;
        for (int position = 1; position < length; position++) {
            link(position);
        }
    }

    /** Whether the position is (as far as is known) prompt rather than answer. */
    boolean isPrompt(int position) {
        return position < promptEnd;
    }

    /** The latest position, before {@code before}, where {@code first second} stands, or -1. */
    int latest(int first, int second) {
        return skip(heads[bucket(first, second)], first, second);
    }

    /** The next older position where the same pair stands, or -1. */
    int older(int position, int first, int second) {
        int next = previous[position & mask];
        return next >= position ? NONE : skip(next, first, second);
    }

    private int skip(int from, int first, int second) {
        int position = from;
        // A link is stale once the ring has passed over its target.
        while (position > 0 && length - position < tokens.length - 1) {
            if (token(position) == second && token(position - 1) == first) {
                return position;
            }
            int next = previous[position & mask];
            if (next >= position) {
                return NONE;
            }
            position = next;
        }
        return NONE;
    }

    /** How many tokens up to and including {@code position} equal the end of the history, at most {@link #MAX_MATCH}. */
    int matchLength(int position) {
        int end = length - 1;
        int most = Math.min(MAX_MATCH, Math.min(position + 1, tokens.length - (length - position)));
        int matched = 0;
        while (matched < most && token(position - matched) == token(end - matched)) {
            matched++;
        }
        return matched;
    }

    private int bucket(int first, int second) {
        int hash = first * 0x9E3779B1 + second * 0x85EBCA77;
        return (hash ^ (hash >>> 15)) & (heads.length - 1);
    }

    long stateBytes() {
        return 4L * (tokens.length + previous.length + heads.length);
    }
}
