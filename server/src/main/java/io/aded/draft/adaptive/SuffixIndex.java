package io.aded.draft.adaptive;

import java.util.Arrays;

/**
 * The stream's own tokens, and where the end of a context has stood among them before.
 *
 * <p>The index is that of an LZ77 compressor rather than a suffix tree: a hash table of the last two tokens gives the
 * latest position of that pair, and a link per position leads to the one before. Appending a token is O(1), nothing is
 * ever rebuilt, and a bounded history simply overwrites its oldest positions.
 */
final class SuffixIndex {
    /** Shortest match that counts: one token alone is what the bi-gram rows know. */
    static final int MIN_MATCH = 2;
    /** Longer matches are not told apart: by then the text is being copied. */
    static final int MAX_MATCH = 32;
    /** Links followed for one context, so that a pair which hashes badly costs no more than a common one. */
    private static final int MAX_LINKS = 64;

    private static final int NONE = -1;
    private static final int INITIAL_CAPACITY = 1 << 10;

    private final int maxCapacity;
    private int[] tokens;
    /** Position of the previous pair in the same hash bucket, or -1. */
    private int[] previous;
    /** Latest position whose token and predecessor hash to the bucket, or -1. */
    private int[] heads;
    /** One bit a position: whether its token came from a prompt. */
    private long[] fromPrompt;

    private int mask;
    private int length;
    private int links;

    /** Remembers the latest {@code maxTokens} tokens, a power of two of at least 64. */
    SuffixIndex(int maxTokens) {
        maxCapacity = maxTokens;
        int capacity = Math.min(maxTokens, INITIAL_CAPACITY);
        tokens = new int[capacity];
        previous = new int[capacity];
        heads = new int[capacity];
        fromPrompt = new long[capacity >>> 6];
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

    /** Whether the token at a position was given rather than generated. */
    boolean isPrompt(int position) {
        int slot = position & mask;
        return (fromPrompt[slot >>> 6] >>> slot & 1) != 0;
    }

    /** Whether a position has not been overwritten, nor will be by the next few tokens. */
    boolean remembers(int position) {
        return position >= 0 && length - position < tokens.length - 1;
    }

    /** Adds the next token of a prompt or of an answer. */
    void append(int token, boolean prompt) {
        if (length == tokens.length && length < maxCapacity) {
            grow();
        }
        int position = length++;
        int slot = position & mask;
        tokens[slot] = token;
        long bit = 1L << slot;
        fromPrompt[slot >>> 6] = prompt ? fromPrompt[slot >>> 6] | bit : fromPrompt[slot >>> 6] & ~bit;
        previous[slot] = NONE;
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
        fromPrompt = Arrays.copyOf(fromPrompt, capacity >>> 6);
        previous = new int[capacity];
        heads = new int[capacity];
        Arrays.fill(heads, NONE);
        mask = capacity - 1;
        previous[0] = NONE;
        for (int position = 1; position < length; position++) {
            link(position);
        }
    }

    /** The latest position where {@code second} stands after {@code first}, or -1. */
    int latest(int first, int second) {
        links = MAX_LINKS;
        return skip(heads[bucket(first, second)], first, second);
    }

    /** The next older position where the same pair stands, or -1. */
    int older(int position, int first, int second) {
        return skip(previous[position & mask], first, second);
    }

    private int skip(int from, int first, int second) {
        int position = from;
        int oldest = oldest();
        while (position > oldest && links-- > 0) {
            if (token(position) == second && token(position - 1) == first) {
                return position;
            }
            position = previous[position & mask];
        }
        return NONE;
    }

    /** The first position that is {@linkplain #remembers remembered}. */
    private int oldest() {
        return Math.max(0, length - tokens.length + 2);
    }

    /**
     * How many tokens up to and including {@code position} equal the end of the history, at most {@link #MAX_MATCH}.
     *
     * @param known of so many it is known that they do; from 0, or for a position that {@link #latest} or {@link
     *     #older} found, to {@link #MIN_MATCH}
     */
    int matchLength(int position, int known) {
        int end = length - 1;
        int most = Math.min(MAX_MATCH, position + 1 - oldest());
        int matched = known;
        while (matched < most && token(position - matched) == token(end - matched)) {
            matched++;
        }
        return matched;
    }

    /**
     * Whether the token {@code distance} before {@code position} is remembered, and is the one as far before the end.
     * Every match of more than {@code distance} tokens has it so: one look rules out most that are no longer.
     */
    boolean agrees(int position, int distance) {
        return position - distance >= oldest() && token(position - distance) == token(length - 1 - distance);
    }

    private int bucket(int first, int second) {
        int hash = first * 0x9E3779B1 + second * 0x85EBCA77;
        return (hash ^ (hash >>> 15)) & (heads.length - 1);
    }

    long stateBytes() {
        return 4L * (tokens.length + previous.length + heads.length) + 8L * fromPrompt.length;
    }
}
