package io.aded.draft.adaptive;

import io.aded.model.TokenTree;
import org.jspecify.annotations.Nullable;

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
    /** Matches kept for one context: more gain nothing on recorded text. */
    static final int MAX_MATCHES = 16;
    /** A child with so many matches of its parent's is not in need of shorter ones. */
    private static final int ENOUGH_MATCHES = 4;
    /** Tokens after which a broken match is given up. */
    static final int LONGEST_GAP = 8;

    private static final int NONE = -1;

    private final SuffixIndex history;

    private final int[] matchCount;
    private final int[] matchNext;
    private final int[] matchLength;
    /** What stands at {@link #matchNext}. */
    private final int[] matchToken;

    private final int[] resumeAt;
    private final int[] resumeLength;
    private final int[] gap;
    private final int[] run;
    private final int[] expectedToken;
    private final int[] expectedAt;
    private final int[] longest;

    // The node being worked on: a match may run over the end of the history into the path to it.
    private @Nullable TokenTree tree;
    private int at;
    private int depth;
    /** The length of the history when the matches of its end were found. */
    private int matchedLength;

    Contexts(SuffixIndex history, int maxNodes) {
        this.history = history;
        int nodes = maxNodes + 1;
        matchCount = new int[nodes];
        matchNext = new int[nodes * MAX_MATCHES];
        matchLength = new int[nodes * MAX_MATCHES];
        matchToken = new int[nodes * MAX_MATCHES];
        resumeAt = new int[nodes];
        resumeLength = new int[nodes];
        gap = new int[nodes];
        run = new int[nodes];
        expectedToken = new int[nodes];
        expectedAt = new int[nodes];
        longest = new int[nodes];
        interrupt();
    }

    /** Forgets what leads over the end of the stream: the next token does not come from where the last ones did. */
    void interrupt() {
        resumeAt[0] = NONE;
        run[0] = 0;
    }

    /**
     * Finds the matches of the end of the stream. If there are too many, one takes the place of the oldest of the
     * shortest, unless it is shorter. They are kept until the stream goes on: learning needs them once more.
     */
    void atEnd() {
        depth = 0;
        if (matchedLength == history.length()) {
            return;
        }
        matchedLength = history.length();
        int count = 0;
        int shortest = NONE;
        int last = history.length() - 1;
        if (last >= 1) {
            int first = history.token(last - 1);
            int second = history.token(last);
            for (int position = history.latest(first, second);
                    position != NONE;
                    position = history.older(position, first, second)) {
                if (position == last) {
                    continue;
                }
                if (count < MAX_MATCHES) {
                    keep(count++, position + 1, history.matchLength(position, SuffixIndex.MIN_MATCH));
                    continue;
                }
                if (shortest == NONE) {
                    shortest = oldestOfShortest();
                }
                // Most are no longer, and one token tells.
                if (history.agrees(position, matchLength[shortest])) {
                    int length = history.matchLength(position, SuffixIndex.MIN_MATCH);
                    if (length > matchLength[shortest]) {
                        keep(shortest, position + 1, length);
                        shortest = NONE;
                    }
                }
            }
        }
        matchCount[0] = count;
    }

    private void keep(int slot, int next, int length) {
        matchNext[slot] = next;
        matchLength[slot] = length;
        matchToken[slot] = history.token(next);
    }

    /** Of as many matches of the root as can be. */
    private int oldestOfShortest() {
        // A number that is less the shorter a match is, and of equals the older: no branch to be mispredicted.
        int least = Integer.MAX_VALUE;
        for (int i = 0; i < MAX_MATCHES; i++) {
            least = Math.min(least, matchLength[i] * MAX_MATCHES + MAX_MATCHES - 1 - i);
        }
        return MAX_MATCHES - 1 - least % MAX_MATCHES;
    }

    /** Derives a node from its parent. {@code asGuessed}: whether it is the parent's likeliest successor. */
    void descend(TokenTree draft, int node, boolean asGuessed) {
        int parent = draft.parent(node);
        int token = draft.token(node);
        tree = draft;
        at = node;
        depth = draft.depth(node);
        int from = parent * MAX_MATCHES;
        int to = node * MAX_MATCHES;
        int end = end();
        int count = 0;
        for (int i = from; i < from + matchCount[parent]; i++) {
            int next = matchNext[i];
            if (next + 1 < end && matchToken[i] == token) {
                matchNext[to + count] = next + 1;
                matchToken[to + count] = token(next + 1);
                matchLength[to + count] = Math.min(matchLength[i] + 1, SuffixIndex.MAX_MATCH);
                count++;
            }
        }
        matchCount[node] = count;
        if (count < ENOUGH_MATCHES) {
            addPair(node, count, draft.token(parent), token);
        }
        step(parent, node, token, asGuessed);
    }

    /**
     * Moves the end of the stream over the path to a node and the token emitted after it, all not in the history yet.
     */
    void emit(int node, int token, boolean asGuessed) {
        step(node, 0, token, asGuessed);
    }

    private void addPair(int node, int inherited, int first, int second) {
        int base = node * MAX_MATCHES;
        int count = inherited;
        for (int position = history.latest(first, second);
                position != NONE && count < ENOUGH_MATCHES;
                position = history.older(position, first, second)) {
            if (position < history.length() - 1 && !contains(base, inherited, position + 1)) {
                matchNext[base + count] = position + 1;
                matchToken[base + count] = history.token(position + 1);
                // Its parent had no such match, so it is as short as can be.
                matchLength[base + count] = SuffixIndex.MIN_MATCH;
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
        int resume = resumeAt[from];
        int length = resumeLength[from];
        int waited = gap[from];
        boolean matched = longest[from] > 0;
        boolean broken = matched && expectedToken[from] != token;
        int realigned = resume == NONE ? NONE : realign(resume, token);
        if (realigned != NONE && (!broken || length > longest[from])) {
            resume = realigned;
            waited = 0;
        } else if (broken) {
            resume = expectedAt[from] + 1;
            length = longest[from];
            waited = 1;
        } else if (resume != NONE) {
            resume = matched || waited == LONGEST_GAP ? NONE : resume + 1;
            waited++;
        }
        resumeAt[to] = resume;
        resumeLength[to] = length;
        gap[to] = waited;
    }

    private int realign(int expected, int token) {
        if (readable(expected) && token(expected) == token) {
            return expected + 1;
        }
        if (readable(expected + 1) && token(expected + 1) == token) {
            return expected + 2;
        }
        return readable(expected - 1) && token(expected - 1) == token ? expected : NONE;
    }

    /** Whether a position lies in the remembered history or on the path to the node being worked on. */
    boolean readable(int position) {
        return position < end() && history.remembers(position);
    }

    /** The token at a position of the history, or beyond it of the path. */
    int token(int position) {
        int beyond = position - history.length();
        return beyond < 0 || tree == null ? history.token(position) : tokenOnPath(tree, beyond);
    }

    private int tokenOnPath(TokenTree draft, int index) {
        int node = at;
        for (int above = depth - 1; above > index; above--) {
            node = draft.parent(node);
        }
        return draft.token(node);
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

    /** The token there. */
    int matchToken(int node, int i) {
        return matchToken[node * MAX_MATCHES + i];
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

    /** The longest match of a node, as {@link #expect} was told. */
    int longest(int node) {
        return longest[node];
    }

    int run(int node) {
        return run[node];
    }

    long stateBytes() {
        return 4L * (8L * matchCount.length + 3L * matchNext.length);
    }
}
