package io.aded.model;

import java.util.Arrays;

/**
 * A tree of draft tokens as flat arrays, reused from round to round.
 *
 * <p>Node 0 is the root: the last token emitted, known but not yet in the KV cache. Every other node is a guess at what
 * follows its parent. Nodes are kept in the order in which they were added, and a parent is always added before its
 * children, so <b>every prefix of the order is itself a tree</b>; drafters add the most promising nodes first, and the
 * budget spends a prefix.
 *
 * <p>{@link #probability} is the drafter's estimate that verification reaches <i>and accepts</i> the node: the product
 * of the conditional estimates along its path. Along a drafter's order it does not increase.
 */
public final class TokenTree {
    private static final int NONE = -1;

    private final int[] tokens;
    private final int[] parents;
    private final int[] depths;
    private final int[] firstChild;
    private final int[] nextSibling;
    private final float[] probabilities;
    private final int[] tags;
    private int size;

    /** Makes a tree for at most {@code maxNodes} draft nodes beside the root. */
    public TokenTree(int maxNodes) {
        int capacity = maxNodes + 1;
        tokens = new int[capacity];
        parents = new int[capacity];
        depths = new int[capacity];
        firstChild = new int[capacity];
        nextSibling = new int[capacity];
        probabilities = new float[capacity];
        tags = new int[capacity];
    }

    /** Empties the tree and sets its root. */
    public void reset(int rootToken) {
        size = 0;
        append(NONE, rootToken, 1f, 0);
    }

    /**
     * Adds a draft node.
     *
     * @param parent an existing node without a child of this token
     * @param token the guessed token id
     * @param probability in [0, 1]: the estimate that the node is reached and accepted
     * @return the new node's index, or -1 if the tree is full
     */
    public int add(int parent, int token, float probability) {
        return add(parent, token, probability, 0);
    }

    /** As {@link #add(int, int, float)}, with a tag that only the drafter understands (where the guess came from). */
    public int add(int parent, int token, float probability, int tag) {
        if (size == tokens.length) {
            return NONE;
        }
        return append(parent, token, probability, tag);
    }

    private int append(int parent, int token, float probability, int tag) {
        int node = size++;
        tokens[node] = token;
        parents[node] = parent;
        depths[node] = parent == NONE ? 0 : depths[parent] + 1;
        probabilities[node] = probability;
        tags[node] = tag;
        firstChild[node] = NONE;
        nextSibling[node] = NONE;
        if (parent != NONE) {
            nextSibling[node] = firstChild[parent];
            firstChild[parent] = node;
        }
        return node;
    }

    /** All nodes, the root included. */
    public int size() {
        return size;
    }

    /** Nodes without the root: what is called <i>B</i> in the literature. */
    public int draftNodes() {
        return size - 1;
    }

    /** The most draft nodes that fit. */
    public int maxDraftNodes() {
        return tokens.length - 1;
    }

    /** The token id of a node. */
    public int token(int node) {
        return tokens[node];
    }

    /** The parent of a node; -1 for the root. */
    public int parent(int node) {
        return parents[node];
    }

    /** Distance from the root, whose depth is 0. */
    public int depth(int node) {
        return depths[node];
    }

    /** The estimate, in [0, 1], that the node is reached and accepted. 1 for the root. */
    public float probability(int node) {
        return probabilities[node];
    }

    /** The drafter's own mark on a node. */
    public int tag(int node) {
        return tags[node];
    }

    /** The child added last, or -1. With {@link #nextSibling} this walks all children. */
    public int firstChild(int node) {
        return firstChild[node];
    }

    /** The sibling added before this one, or -1. */
    public int nextSibling(int node) {
        return nextSibling[node];
    }

    /** The child of {@code node} that holds {@code token}, or -1. */
    public int child(int node, int token) {
        for (int child = firstChild[node]; child != NONE; child = nextSibling[child]) {
            if (tokens[child] == token) {
                return child;
            }
        }
        return NONE;
    }

    /** Nodes without children: the branches that the tree needs in the KV cache. 1 for a bare root. */
    public int leaves() {
        int leaves = 0;
        for (int node = 0; node < size; node++) {
            if (firstChild[node] == NONE) {
                leaves++;
            }
        }
        return leaves;
    }

    /** The depth of the deepest node. */
    public int maxDepth() {
        int deepest = 0;
        for (int node = 0; node < size; node++) {
            deepest = Math.max(deepest, depths[node]);
        }
        return deepest;
    }

    /** Keeps the first {@code nodes} nodes in order, root included (at least 1). */
    public void truncate(int nodes) {
        if (nodes < 1) {
            throw new IllegalArgumentException("the root cannot be removed: " + nodes + " nodes asked for");
        }
        // Children are linked newest first, so dropping the newest nodes only moves each head forward.
        for (int node = size - 1; node >= nodes; node--) {
            firstChild[parents[node]] = nextSibling[node];
        }
        size = Math.min(size, nodes);
    }

    /**
     * Removes every node for which {@code keep} is false, and all below it. The order of the others stays.
     *
     * @param keep one flag a node, the root's ignored; overwritten
     */
    public void retain(boolean[] keep) {
        int[] moved = new int[size];
        int kept = size;
        keep[0] = true;
        for (int node = 1; node < size; node++) {
            keep[node] &= keep[parents[node]];
        }
        int oldSize = kept;
        Arrays.fill(firstChild, 0, oldSize, NONE);
        size = 0;
        for (int node = 0; node < oldSize; node++) {
            if (keep[node]) {
                int parent = parents[node];
                moved[node] = size;
                append(parent == NONE ? NONE : moved[parent], tokens[node], probabilities[node], tags[node]);
            }
        }
    }
}
