package io.aded.grammar;

import java.util.Arrays;

/** Walks a vocabulary's trie with the states of a machine, to find the tokens that may follow. Not thread-safe. */
final class TrieWalk {
    /** Subtrees of fewer nodes are walked through unless it is known already what a state reads alike. */
    private static final int SMALL = 64;

    private final VocabularyTrie trie;
    private final Machine machine;

    // By depth: the state there, whether a place could have been left above it, the node.
    private final Machine.State[] path;
    private final boolean[] left;
    private final int[] above;
    private long visited;

    TrieWalk(VocabularyTrie trie, Machine machine) {
        this.trie = trie;
        this.machine = machine;
        path = new Machine.State[trie.deepest() + 1];
        left = new boolean[trie.deepest() + 1];
        above = new int[trie.deepest() + 1];
    }

    /** Visits of nodes so far. */
    long visits() {
        return visited;
    }

    /** Whether a token may follow whatever its text is, since the grammar names it, or names what it is not. */
    boolean names(Machine.State state, int token) {
        return machine.automaton().hasTokens()
                && machine.readsToken(state, token, trie.others().contains(token));
    }

    /** Sets the bits of those tokens that may follow. Neighbours begin alike, and what they share is read once. */
    void follow(Machine.State state, int[] tokens, long[] allowed) {
        path[0] = state;
        int known = 0; // path[0] to path[known] are of the token before
        int before = -1;
        for (int token : tokens) {
            int length = trie.length(token);
            known = descend(before, token, known, length);
            before = token;
            if (known == length && !path[known].isDead() || names(state, token)) {
                allowed[token >> 6] |= 1L << token;
            }
        }
    }

    /** Sets the bits of all tokens that may follow. */
    void all(Machine.State state, long[] allowed) {
        path[0] = state;
        walk(0, trie.nodes(), allowed);
    }

    /** Sets the bits of those tokens that may follow where a place may be left. */
    void enter(Machine.State state, int[] leaving, long[] allowed) {
        path[0] = state;
        int known = 0;
        int before = -1;
        for (int i = 0; i < leaving.length; ) {
            int node = -2 - leaving[i++];
            int children = i;
            while (i < leaving.length && leaving[i] >= 0) {
                i++;
            }
            int depth = 0;
            if (node >= 0) {
                int token = trie.token(trie.firstToken(node));
                depth = trie.depth(node) + 1;
                known = descend(before, token, known, depth);
                before = token;
            } else {
                known = 0;
            }
            if (known < depth || path[known].isComplete()) {
                continue;
            }
            if (i == children) {
                walk(node + 1, node < 0 ? trie.nodes() : trie.end(node), allowed);
            }
            for (int child = children; child < i; child++) {
                walk(leaving[child], trie.end(leaving[child]), allowed);
            }
        }
    }

    /**
     * Reads the first bytes of a token into {@link #path}, as far as they may follow.
     *
     * @param before the token that was read before, or -1
     * @param known how much of it stands in the path
     * @return how much of the token stands there now: less than {@code depth} where the last state is dead
     */
    private int descend(int before, int token, int known, int depth) {
        int from = before < 0 ? 0 : Math.min(Math.min(known, trie.sharedPrefix(before, token)), depth);
        Machine.State at = path[from];
        while (!at.isDead() && from < depth) {
            at = machine.step(at, trie.at(token, from));
            path[++from] = at;
        }
        return from;
    }

    /**
     * Sets the bits of those tokens below one of the trie's nodes, itself included, that may follow, if that can be
     * told by their characters and their lengths alone.
     *
     * @param isLeft whether a place could have been left above the node, and then those that do not follow matter too
     */
    private boolean take(int node, Machine.State before, boolean isLeft, long[] allowed) {
        if (trie.end(node) - node < SMALL && !machine.knowsRun(before)) {
            return false;
        }
        Run run = machine.run(before);
        Subtrees subtrees = trie.subtrees();
        if (!subtrees.haveOnly(run, node)) {
            return false;
        }
        int longest = Integer.MAX_VALUE;
        if (!subtrees.areAsShort(run, node)) {
            if (!run.ends() || isLeft || !subtrees.areAscii(node)) {
                return false;
            }
            longest = trie.depth(node) + run.characters();
        }
        for (int i = trie.firstToken(node), end = trie.firstToken(trie.end(node)); i < end; i++) {
            int token = trie.token(i);
            if (trie.length(token) <= longest) {
                allowed[token >> 6] |= 1L << token;
            }
        }
        return true;
    }

    /** Sets the bits of the tokens that end right at a node. */
    private void takeOwn(int node, long[] allowed) {
        for (int i = trie.firstToken(node), end = i + trie.ownTokens(node); i < end; i++) {
            int token = trie.token(i);
            allowed[token >> 6] |= 1L << token;
        }
    }

    /** Sets the bits of tokens at some of the trie's nodes, the state before which stands in {@link #path}. */
    private void walk(int from, int to, long[] allowed) {
        int node = from;
        while (node < to) {
            visited++;
            int depth = trie.depth(node);
            Machine.State before = path[depth];
            Machine.State state = machine.step(before, trie.label(node));
            if (state.isDead() || take(node, before, false, allowed)) {
                node = trie.end(node);
                continue;
            }
            takeOwn(node, allowed);
            path[depth + 1] = state;
            node++;
        }
    }

    /**
     * Walks the whole trie.
     *
     * @param allowed receives the bits of the tokens that are read to their end
     * @return where what was looked at may be left before a token's end: nodes, as {@code -2 - node} ({@code -1} before
     *     any byte), each with those of its children that are not read; with none where that is all of them
     */
    int[] explore(Machine.State from, long[] allowed) {
        Arrays.fill(allowed, 0L);
        long[] leaving = new long[64];
        int count = 0;
        path[0] = from;
        left[0] = from.escapes();
        int node = 0;
        while (node < trie.nodes()) {
            visited++;
            int depth = trie.depth(node);
            Machine.State before = path[depth];
            Machine.State state = machine.step(before, trie.label(node));
            boolean isDead = state.isDead();
            if (isDead && left[depth]) {
                if (count == leaving.length) {
                    leaving = Arrays.copyOf(leaving, count * 2);
                }
                leaving[count++] = (long) (depth == 0 ? -1 : above[depth - 1]) << 32 | node;
            }
            if (isDead || take(node, before, left[depth], allowed)) {
                node = trie.end(node);
                continue;
            }
            takeOwn(node, allowed);
            above[depth] = node;
            path[depth + 1] = state;
            left[depth + 1] = left[depth] || state.escapes();
            node++;
        }
        return grouped(Arrays.copyOf(leaving, count));
    }

    /** Nodes by their parents, which come first; where they are all children of it, the parent alone. */
    private int[] grouped(long[] sorted) {
        // Those of one parent need not have been found together: subtrees of its other children lie between.
        Arrays.sort(sorted);
        int[] groups = new int[sorted.length * 2];
        int at = 0;
        int count = 0;
        while (at < sorted.length) {
            int parent = (int) (sorted[at] >> 32);
            groups[count++] = -2 - parent;
            int first = at;
            while (at < sorted.length && (int) (sorted[at] >> 32) == parent) {
                at++;
            }
            if (parent < 0 || trie.children(parent) > at - first) {
                for (int i = first; i < at; i++) {
                    groups[count++] = (int) sorted[i];
                }
            }
        }
        return Arrays.copyOf(groups, count);
    }
}
