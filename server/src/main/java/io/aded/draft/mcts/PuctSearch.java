package io.aded.draft.mcts;

import io.aded.draft.DraftLimits;
import io.aded.draft.table.TrigramTable;
import io.aded.model.TokenTree;
import java.util.Arrays;

/**
 * Monte-Carlo tree search over a {@link TrigramTable}: which continuations of the last two tokens are most worth
 * verifying, as ADED was published.
 *
 * <p>One instance a stream; its arrays are reused, and a search allocates nothing.
 */
final class PuctSearch {
    /*
     * The idea
     * ========
     * The table says what may follow a pair, so it spans a tree of continuations. ADED [1] explores that tree as
     * AlphaZero explores a game [2]: again and again walk from the root to a leaf, balancing what has paid so far
     * against what has hardly been tried; then draft what was walked most.
     *
     * One iteration
     * =============
     * Selection:        from the root down, at each expanded node to the child with the greatest
     *                       Q/n + (c1 + ln((N + c2 + 1) / c2)) · P · √N / (1 + n)      (PUCT [2, 3])
     *                   where n and Q are the child's visits and summed rewards, N its parent's visits and P its weight
     *                   in the table. A child that was never visited goes first; among several the heaviest.
     * Expansion:        the leaf that was reached gets all successors of its pair as children, none if it lies at the
     *                   greatest depth or the table has no row.
     * Roll-out:         from the leaf on, successors are drawn in proportion to their weights, down to the greatest
     *                   depth or to a pair without a row. What is drawn does not enter the tree.
     * Back-propagation: reward = 1 + Σ P over the path, drawn part included; every node of the walked path gets n += 1,
     *                   Q += reward.
     *
     * With c1 = 32 the second term dominates: visits are spread nearly in proportion to P, and Q breaks near ties.
     *
     * The draft
     * =========
     * The nodes visited most, whose ancestors are taken too. A node's first visit expands it and every visit of a child
     * is one of its own, so it has more visits than any child: sorting by visits puts parents before children, and
     * every prefix of the draft is a tree of the most visited nodes. Equal visits go by the estimate below. A node that
     * would open more branches than allowed, or lies too deep, is left out with all below it.
     *
     * The estimate that goes with a node is not a product of the search: it is the product of the normalised weights P
     * / Σ P along its path, lowered where needed so that it never rises along the draft's order, as TokenTree asks. It
     * is uncalibrated.
     *
     * What differs from the authors' implementation
     * =============================================
     * That one looks the reward up under the wrong pair (so it is 1.0 in most iterations), cuts the longest paths
     * first, iterates a hash map and draws from an unseeded generator. This is the algorithm as written in [1],
     * deterministic.
     *
     * Speed
     * =====
     * Nearly all nodes of the search tree are never visited, so expansion only copies a row's tokens and weights; the
     * rest is written at a node's first visit. Children are consecutive and ordered by weight: "unvisited first" is a
     * counter, not a search. The part of the PUCT term that depends on N alone is tabulated, as are the reciprocals of
     * visit counts: no division, root or logarithm is left in the loop. What remains is the latency of finding rows.
     *
     * [1] X. Liu, B. Lei, R. Zhang, D. Xu: Adaptive Draft-Verification for Efficient Large Language Model Decoding.
     *     AAAI 2025, arXiv:2407.12021.
     * [2] D. Silver et al.: Mastering the game of Go without human knowledge. Nature 550, 2017 (PUCT with a growing
     *     exploration rate: Silver et al., Science 362, 2018).
     * [3] C. D. Rosin: Multi-armed bandits with episode context. Annals of Mathematics and AI 61, 2011.
     */

    /** Iterations a search [1]. */
    static final int ITERATIONS = 150;

    /** The longest path below the root [1]. */
    static final int MAX_DEPTH = 4;

    /** Weight of exploration [1]. */
    static final float C1 = 32;

    /** How slowly exploration grows with visits [1]. */
    static final float C2 = 8;

    private static final int ROOT = 0;

    /** More nodes than any search makes. */
    private static final int NODE_MASK = (1 << 16) - 1;

    /** A child's place among its siblings fits in these. */
    private static final int CHILD_BITS = 4;

    private static final int CHILD_MASK = (1 << CHILD_BITS) - 1;

    private final TrigramTable table;
    private final int iterations;

    // The search tree. Node 0 is the root.
    private final int[] tokens;
    private final int[] parents;

    /** Weights as {@link Float#floatToRawIntBits}: they are copied from rows as they lie there. */
    private final int[] weightBits;

    // Written at a node's first visit.

    /** Sums of weights from the root's child to the node. */
    private final float[] pathWeights;

    private final float[] estimates;

    /** An expanded node's estimate over its row's total: times a child's weight it is the child's estimate. */
    private final float[] scales;

    private final int[] visits;
    private final float[] rewards;
    private final int[] firstChild;
    private final int[] childCount;
    private final int[] visitedChildren;
    private final int[] depths;
    private int nodes;

    /** Every node that was visited, in the order of first visits. */
    private final int[] visited;

    private int visitedNodes;

    // Tabulated: (c1 + ln((N + c2 + 1) / c2)) · √N, and 1 / n.
    private final float[] exploration;
    private final float[] reciprocal;

    private final long[] heap;
    private final int[] placeInDraft;

    private long randomState;

    /**
     * A search with the paper's constants.
     *
     * @param seed start of the roll-outs' random sequence, which runs on from search to search
     */
    PuctSearch(TrigramTable table, long seed) {
        this(table, seed, ITERATIONS);
    }

    /** As above with another number of iterations, 1 to 4,096. */
    PuctSearch(TrigramTable table, long seed, int iterations) {
        if (iterations < 1 || iterations > 4096) {
            throw new IllegalArgumentException("iterations is " + iterations + "; allowed: 1 to 4096");
        }
        this.table = table;
        this.iterations = iterations;
        this.randomState = seed;
        // An iteration expands at most one node.
        int capacity = 1 + iterations * TrigramTable.SUCCESSORS;
        tokens = new int[capacity];
        parents = new int[capacity];
        weightBits = new int[capacity];
        pathWeights = new float[capacity];
        estimates = new float[capacity];
        scales = new float[capacity];
        visits = new int[capacity];
        rewards = new float[capacity];
        firstChild = new int[capacity];
        childCount = new int[capacity];
        visitedChildren = new int[capacity];
        depths = new int[capacity];
        placeInDraft = new int[capacity];
        // The root's visit adds no node, every other iteration at most one.
        visited = new int[iterations];
        heap = new long[iterations];
        exploration = new float[iterations + 1];
        reciprocal = new float[iterations + 2];
        for (int n = 0; n <= iterations; n++) {
            exploration[n] = (float) ((C1 + StrictMath.log((n + C2 + 1) / C2)) * Math.sqrt(n));
        }
        for (int n = 1; n < reciprocal.length; n++) {
            reciprocal[n] = 1f / n;
        }
    }

    /**
     * Runs a search from a pair.
     *
     * @param first the token before the last
     * @param second the last token: the root
     * @param maxDepth the longest path, at most {@link #MAX_DEPTH} are searched
     * @return whether there is anything to draft; false if neither the pair nor its back-off has a row
     */
    boolean search(int first, int second, int maxDepth) {
        int rootRow = table.findOrBackOff(first, second);
        begin(second);
        int depthLimit = Math.min(maxDepth, MAX_DEPTH);
        if (rootRow == TrigramTable.NONE || depthLimit < 1) {
            return false;
        }
        for (int iteration = 0; iteration < iterations; iteration++) {
            int leaf = select();
            float reward = 1 + pathWeights[leaf] + expandAndRollOut(leaf, rootRow, depthLimit);
            backPropagate(leaf, reward);
        }
        return true;
    }

    private void begin(int rootToken) {
        // Only nodes of the last search are unclean.
        Arrays.fill(visits, 0, nodes, 0);
        Arrays.fill(rewards, 0, nodes, 0f);
        Arrays.fill(childCount, 0, nodes, 0);
        Arrays.fill(visitedChildren, 0, nodes, 0);
        nodes = 1;
        visitedNodes = 1;
        visited[0] = ROOT;
        tokens[ROOT] = rootToken;
        parents[ROOT] = -1;
        depths[ROOT] = 0;
        pathWeights[ROOT] = 0f;
        estimates[ROOT] = 1f;
    }

    // The four steps

    /** From the root to a node without children. */
    private int select() {
        int node = ROOT;
        for (int children = childCount[node]; children > 0; children = childCount[node]) {
            int seen = visitedChildren[node];
            if (seen < children) {
                visitedChildren[node] = seen + 1;
                return enter(firstChild[node] + seen, node);
            }
            node = bestChild(node, children);
        }
        return node;
    }

    /** Writes down what a node needs from its first visit on. */
    private int enter(int node, int parent) {
        float weight = Float.intBitsToFloat(weightBits[node]);
        parents[node] = parent;
        depths[node] = depths[parent] + 1;
        pathWeights[node] = pathWeights[parent] + weight;
        estimates[node] = weight * scales[parent];
        visited[visitedNodes++] = node;
        return node;
    }

    /** The child that PUCT chooses among visited ones; the first of equals. */
    private int bestChild(int node, int children) {
        int from = firstChild[node];
        float factor = exploration[visits[node]];
        // Scores are positive, so they compare as their bits do; a maximum of longs needs no branch to be guessed.
        long best = 0;
        for (int i = 0; i < children; i++) {
            long bits = Float.floatToRawIntBits(score(from + i, factor));
            best = Math.max(best, (bits << CHILD_BITS) | (CHILD_MASK - i));
        }
        return from + CHILD_MASK - (int) (best & CHILD_MASK);
    }

    /** PUCT of a child that was visited; {@code factor} is all of its second term that depends on the parent alone. */
    private float score(int child, float factor) {
        int n = visits[child];
        float weight = Float.intBitsToFloat(weightBits[child]);
        return rewards[child] * reciprocal[n] + factor * weight * reciprocal[n + 1];
    }

    /** Expands a leaf and plays on from it. Returns the sum of the weights of what was drawn. */
    private float expandAndRollOut(int leaf, int rootRow, int depthLimit) {
        int depth = depths[leaf];
        if (depth == depthLimit) {
            return 0;
        }
        int row = leaf == ROOT ? rootRow : table.find(tokens[parents[leaf]], tokens[leaf]);
        if (row == TrigramTable.NONE) {
            return 0;
        }
        expand(leaf, row);
        return rollOut(row, tokens[leaf], depthLimit - depth);
    }

    private void expand(int leaf, int row) {
        int from = nodes;
        table.copySuccessors(row, tokens, weightBits, from);
        int count = table.count(row);
        scales[leaf] = estimates[leaf] / table.total(row);
        firstChild[leaf] = from;
        childCount[leaf] = count;
        nodes = from + count;
    }

    /** Draws up to {@code steps} successors, the first from {@code row}, which follows {@code token}. */
    private float rollOut(int row, int token, int steps) {
        float sum = 0;
        int second = token;
        int current = row;
        for (int left = steps; ; ) {
            int choice = table.draw(current, nextUniform() * table.total(current));
            sum += table.weight(current, choice);
            if (--left == 0) {
                return sum;
            }
            int drawn = table.token(current, choice);
            current = table.find(second, drawn);
            if (current == TrigramTable.NONE) {
                return sum;
            }
            second = drawn;
        }
    }

    private void backPropagate(int leaf, float reward) {
        int node = leaf;
        for (; node != ROOT; node = parents[node]) {
            visits[node]++;
            rewards[node] += reward;
        }
        visits[ROOT]++;
        rewards[ROOT] += reward;
    }

    /** In [0, 1): SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), 24 bits of it. */
    private float nextUniform() {
        long z = randomState += 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return (z >>> 40) * 0x1p-24f;
    }

    // The result

    /** Adds the most visited nodes to a tree that holds only the root. */
    void emit(TokenTree tree, DraftLimits limits) {
        int candidates = 0;
        for (int i = 0; i < visitedNodes; i++) {
            int node = visited[i];
            if (node != ROOT) {
                heap[candidates++] = sortKey(node);
            }
        }
        // A heap, popped as often as the draft has room: Arrays.sort would order all, and allocates where it
        // partitions.
        for (int i = candidates / 2 - 1; i >= 0; i--) {
            siftDown(i, candidates);
        }

        int room = Math.min(limits.maxNodes(), tree.maxDraftNodes());
        int branches = 0;
        float bound = 1f;
        placeInDraft[ROOT] = 0;
        while (candidates > 0 && tree.draftNodes() < room) {
            int node = NODE_MASK - (int) (heap[0] & NODE_MASK);
            heap[0] = heap[--candidates];
            siftDown(0, candidates);
            placeInDraft[node] = -1;
            int parent = placeInDraft[parents[node]];
            if (parent < 0 || depths[node] > limits.maxDepth()) {
                continue;
            }
            // The first child continues its parent's branch; the first of all nodes opens the first branch.
            boolean opensBranch = tree.firstChild(parent) >= 0 || tree.draftNodes() == 0;
            if (opensBranch && branches == limits.maxBranches()) {
                continue;
            }
            branches += opensBranch ? 1 : 0;
            bound = Math.min(bound, estimates[node]);
            placeInDraft[node] = tree.add(parent, tokens[node], bound);
        }
    }

    /** Orders by visits, then estimate (positive floats compare as their bits do), then the older node. */
    private long sortKey(int node) {
        return ((long) visits[node] << 46)
                | ((long) Float.floatToRawIntBits(estimates[node]) << 16)
                | (NODE_MASK - node);
    }

    /** Moves a key of a max-heap down to where it belongs. */
    private void siftDown(int from, int size) {
        if (from >= size) {
            return;
        }
        long key = heap[from];
        int place = from;
        for (int child = 2 * place + 1; child < size; child = 2 * place + 1) {
            if (child + 1 < size && heap[child + 1] > heap[child]) {
                child++;
            }
            if (heap[child] <= key) {
                break;
            }
            heap[place] = heap[child];
            place = child;
        }
        heap[place] = key;
    }

    // For tests: the search tree as it stands

    int nodeCount() {
        return nodes;
    }

    float score(int child) {
        return score(child, exploration[visits[parents[child]]]);
    }

    int token(int node) {
        return tokens[node];
    }

    int visits(int node) {
        return visits[node];
    }

    float reward(int node) {
        return rewards[node];
    }

    /** The memory of the search, in bytes. */
    long stateBytes() {
        long perNode = tokens.length + parents.length + weightBits.length + pathWeights.length + estimates.length;
        perNode += scales.length + visits.length + rewards.length + firstChild.length + childCount.length;
        perNode += visitedChildren.length + depths.length + visited.length + placeInDraft.length;
        return Integer.BYTES * (perNode + exploration.length + reciprocal.length) + Long.BYTES * (long) heap.length;
    }
}
