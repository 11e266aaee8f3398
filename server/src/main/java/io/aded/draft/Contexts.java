package io.aded.draft;

import io.aded.model.TokenTree;

/**
 * What is known of the text that leads to each node of a draft tree, derived from what was known at its parent.
 *
 * <p>Three things, all in flat arrays by node; node 0 is the end of the stream and keeps its state from round to round:
 *
 * <ul>
 *   <li><b>Matches</b>: where the end of the context has stood before. At the root they are found by comparing
 *       backwards; at a child they are its parent's matches whose next token is the child's, one token longer, and the
 *       positions of the new pair that its parent did not have.
 *   <li><b>Resumption</b>: where copying would go on had the last match not been broken. A text that follows a template
 *       departs from it and returns; a match of the plain kind needs two tokens to notice, this needs none. The token
 *       that broke it may have replaced one, been put in, or have skipped one. (Match models of the PAQ family of
 *       compressors recover in the same way.)
 *   <li><b>Run</b>: for how many tokens the best guess has been right.
 * </ul>
 */
final class Contexts {
    /** Positions looked at for one context, the most recent first. */
    static final int MAX_MATCHES = 32;
    /** A child with so many matches of its parent's is not in need of shorter ones. */
    private static final int ENOUGH_MATCHES = 4;
    /** Tokens after which a broken match is given up. */
    static final int LONGEST_GAP = 8;

    private static final int NONE = -1;

    private final SuffixIndex history;

    private final int[] matchCount;
    private final int[] matchNext;
    private final int[] matchLength;
    private final int[] resumeAt;
    private final int[] resumeLength;
    private final int[] gap;
    private final int[] run;
    private final int[] expectedToken;
    private final int[] expectedAt;
    private final int[] longest;

    /** The tokens from the root, exclusive, to the node being worked on. */
    private final int[] path;

    private int depth;

    Contexts(SuffixIndex history, int maxNodes) {
        this.history = history;
        int nodes = maxNodes + 1;
        matchCount = new int[nodes];
        matchNext = new int[nodes * MAX_MATCHES];
        matchLength = new int[nodes * MAX_MATCHES];
        resumeAt = new int[nodes];
        resumeLength = new int[nodes];
        gap = new int[nodes];
        run = new int[nodes];
        expectedToken = new int[nodes];
        expectedAt = new int[nodes];
        longest = new int[nodes];
        path = new int[nodes];
        interrupt();
    }

    /** Forgets what leads over the end of the stream: the next token does not come from where the last ones did. */
    void interrupt() {
        resumeAt[0] = NONE;
        run[0] = 0;
    }

    /** Finds the matches of the end of the stream. */
    void atEnd() {
        depth = 0;
        matchCount[0] = 0;
        int length = history.length();
        if (length >= SuffixIndex.MIN_MATCH) {
            addPair(0, 0, history.token(length - 2), history.token(length - 1));
        }
    }

    /** Derives a node from its parent. {@code asGuessed}: whether it is the parent's likeliest successor. */
    void descend(TokenTree tree, int node, boolean asGuessed) {
        int parent = tree.parent(node);
        int token = tree.token(node);
        depth = tree.depth(node);
        for (int above = node, i = depth - 1; i >= 0; above = tree.parent(above), i--) {
            path[i] = tree.token(above);
        }
        int from = parent * MAX_MATCHES;
        int to = node * MAX_MATCHES;
        int end = end();
        int count = 0;
        for (int i = from; i < from + matchCount[parent]; i++) {
            int next = matchNext[i];
            if (next + 1 < end && token(next) == token) {
                matchNext[to + count] = next + 1;
                matchLength[to + count] = Math.min(matchLength[i] + 1, SuffixIndex.MAX_MATCH);
                count++;
            }
        }
        matchCount[node] = count;
        if (count < ENOUGH_MATCHES) {
            addPair(node, count, tree.token(parent), token);
        }
        step(parent, node, token, asGuessed);
    }

    /** Moves the end of the stream over the path to a node and the token emitted after it, all not in the history yet. */
    void emit(int node, int token, boolean asGuessed) {
        step(node, 0, token, asGuessed);
    }

    private void addPair(int node, int inherited, int first, int second) {
        int base = node * MAX_MATCHES;
        int count = inherited;
        int last = history.length() - 1;
        for (int position = history.latest(first, second);
                position != NONE && count < MAX_MATCHES;
                position = history.older(position, first, second)) {
            if (position < last && !contains(base, inherited, position + 1)) {
                matchNext[base + count] = position + 1;
                // A child's match beyond what it inherited did not match its parent: it is as short as can be.
                matchLength[base + count] = node == 0 ? history.matchLength(position) : SuffixIndex.MIN_MATCH;
                count++;
            }
        }
        matchCount[node] = count;
    }

    private boolean contains(int base, int count, int next) {
        for (int i = base; i < base + count; i++) {
            if (matchNext[i] == next) {
                return true;
            }
        }
        return false;
    }

    private void step(int from, int to, int token, boolean asGuessed) {
        run[to] = asGuessed ? run[from] + 1 : 0;
        int at = resumeAt[from];
        int length = resumeLength[from];
        int waited = gap[from];
        boolean matched = longest[from] > 0;
        boolean broken = matched && expectedToken[from] != token;
        int realigned = at == NONE ? NONE : realign(at, token);
        if (realigned != NONE && (!broken || length > longest[from])) {
            at = realigned;
            waited = 0;
        } else if (broken) {
            at = expectedAt[from] + 1;
            length = longest[from];
            waited = 1;
        } else if (at != NONE) {
            at = matched || waited == LONGEST_GAP ? NONE : at + 1;
            waited++;
        }
        resumeAt[to] = at;
        resumeLength[to] = length;
        gap[to] = waited;
    }

    private int realign(int at, int token) {
        if (readable(at) && token(at) == token) {
            return at + 1;
        }
        if (readable(at + 1) && token(at + 1) == token) {
            return at + 2;
        }
        return readable(at - 1) && token(at - 1) == token ? at : NONE;
    }

    /** Whether a position lies in the remembered history or on the path to the node being worked on. */
    boolean readable(int position) {
        return position < end() && history.remembers(position);
    }

    /** The token at a position of the history, or beyond it of the path. */
    int token(int position) {
        int beyond = position - history.length();
        return beyond < 0 ? history.token(position) : path[beyond];
    }

    private int end() {
        return history.length() + depth;
    }

    /** Says which successor the longest match of a node expects. */
    void expect(int node, int token, int position, int length) {
        expectedToken[node] = token;
        expectedAt[node] = position;
        longest[node] = length;
    }

    int matches(int node) {
        return matchCount[node];
    }

    /** The position that follows the {@code i}-th match of a node. */
    int matchNext(int node, int i) {
        return matchNext[node * MAX_MATCHES + i];
    }

    /** The length of the {@code i}-th match, from {@link SuffixIndex#MIN_MATCH} to {@link SuffixIndex#MAX_MATCH}. */
    int matchLength(int node, int i) {
        return matchLength[node * MAX_MATCHES + i];
    }

    /** Where a broken match goes on if the token that broke it stood for another, or -1. */
    int resumeAt(int node) {
        return resumeAt[node];
    }

    /** How long the match was when it broke. */
    int resumeLength(int node) {
        return resumeLength[node];
    }

    /** Tokens since the break or, 0, whether the last one was as the broken match had it. */
    int gap(int node) {
        return gap[node];
    }

    int run(int node) {
        return run[node];
    }

    long stateBytes() {
        return 4L * (8L * matchCount.length + 2L * matchNext.length + path.length);
    }
}
