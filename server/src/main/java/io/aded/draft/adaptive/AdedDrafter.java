package io.aded.draft.adaptive;

import io.aded.draft.DraftLimits;
import io.aded.draft.Drafter;
import io.aded.draft.NodeSource;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import org.jspecify.annotations.Nullable;

/**
 * The adaptive drafter of this project: several kinds of evidence from the stream itself, weighed by what they proved
 * to be worth, searched best-first for the tree most worth verifying.
 *
 * <p>Deterministic, bounded in memory, free of allocation once its tables have grown. Not thread-safe.
 */
public final class AdedDrafter implements Drafter {
    /*
     * Idea:
     * ADED (Liu et al. [1]) drafts from a table of tri-grams that adapts to the text, and searches it by Monte-Carlo
     * for the tree most worth verifying. This class keeps the idea and replaces both halves: there is more evidence in
     * the table, and it is turned into probabilities that mean what they say, so that the search needs no simulation
     * and the budget can trust the sum of the probabilities it is handed.
     *
     * Evidence:
     * A context is the stream so far plus a path of the draft tree. Each source proposes what may follow it:
     *   matches      what followed the places where the end of the context has stood before [2]     (Contexts)
     *   resumption   what would follow had the last match not been broken                           (Contexts)
     *   rows         what followed the last two tokens, and the last one                            (SuccessorRows)
     *   runners-up   what the target considered in the last few steps and did not say               (WeightedTokens)
     *   occurrence   what is frequent in this stream, and how long ago it stood    (WeightedTokens, OccurrenceSketch)
     * Rows learn from every prompt token, and from the target's own best tokens at every verified node, accepted or
     * rejected: the forward pass has computed them anyway [3].
     *
     * Weighing:
     * Candidates sorts the evidence for each candidate into cells, EvidenceWeights adds up what the cells are worth and
     * learns it from every emitted token.
     *
     * Search:
     * One heap, ordered by the product of probabilities along the path; the one with the largest is taken into the
     * tree, its best successor and its next sibling enter the heap. Nodes come out by falling probability and parents
     * before children, so every prefix is the best tree of its size, as far as the estimates are right (OPT-Tree [4]
     * proves it for any estimates that multiply). A heap never holds more than one entry for each node of the tree.
     *
     * Learning order:
     * The engine shows the target's views before it tells the outcome. They are held back: first every emitted token is
     * predicted once more, with the evidence as it stood when the draft was made, and the error is noted for the
     * weights, which streams may share; only then do the rows learn. A round without a draft therefore teaches exactly
     * as much as one with a draft.
     *
     * [1] Adaptive Draft-Verification for Efficient Large Language Model Decoding. AAAI 2025, arXiv:2407.12021
     * [2] J. Ziv, A. Lempel: A Universal Algorithm for Sequential Data Compression. IEEE Transactions on Information
     *     Theory 23 (3), 1977; in this use known as prompt look-up decoding
     * [3] Turning Trash into Treasure: Accelerating Inference of Large Language Models with Token Recycling. ACL 2025,
     *     arXiv:2408.08696
     * [4] OPT-Tree: Speculative Decoding with Adaptive Draft Tree Structure. TACL 2025, arXiv:2406.17276
     */

    /** What it is called. */
    public static final String NAME = "aded";

    private static final int NONE = -1;
    /** Larger trees are cut: the engine allows no more nodes. */
    private static final int MAX_NODES = 256;
    /** Successors considered at one node; the mass beyond them is never worth a node. */
    private static final int MAX_SUCCESSORS = 16;
    /** The target's tokens that are kept of a verified node: a row's width. */
    private static final int TOP = SuccessorRows.WIDTH;

    /** A prompt's token counts as if the target had given it this probability. */
    private static final float PROMPT_PROBABILITY = 0.9f;

    private static final float PROMPT_RATE = 0.4f;
    /** Anything from 0.35 to 1 ties: the last view of so narrow a context is the best. */
    private static final float TRIGRAM_RATE = 0.7f;

    private static final float BIGRAM_RATE = 0.5f;
    private static final float FREQUENT_RATE = 0.01f;

    private final SuffixIndex history;
    private final Contexts contexts;
    private final Candidates candidates;
    private final Weighing weighing;
    private final boolean useBigrams;
    private final Lesson lesson = new Lesson();

    // What the target thought of the nodes of the last tree, held back until the outcome is known.
    private final int[] viewNode = new int[MAX_NODES + 1];
    private final int[] viewSize = new int[MAX_NODES + 1];
    private final int[] viewTokens = new int[(MAX_NODES + 1) * TOP];
    private final float[] viewProbabilities = new float[(MAX_NODES + 1) * TOP];
    /** The view of each tree node, or -1. */
    private final int[] viewOf = new int[MAX_NODES + 1];

    private int views;

    private final int[] emittedAt = new int[MAX_NODES + 2];
    private final int[] emitted = new int[MAX_NODES + 2];

    private final CandidateHeap heap = new CandidateHeap(2 * MAX_NODES + 2);
    private final int[] successors = new int[MAX_NODES + 1];
    private final int[] successorTokens = new int[(MAX_NODES + 1) * MAX_SUCCESSORS];
    private final float[] successorProbabilities = new float[(MAX_NODES + 1) * MAX_SUCCESSORS];

    private AdedDrafter(int historyTokens, AdedStage stage, Weighing weighing) {
        history = new SuffixIndex(ceilingPowerOfTwo(historyTokens));
        contexts = new Contexts(history, MAX_NODES);
        useBigrams = stage.compareTo(AdedStage.BIGRAMS_AND_VIEWS) >= 0;
        candidates = new Candidates(history, contexts, stage.compareTo(AdedStage.SUFFIX) >= 0, useBigrams);
        this.weighing = weighing;
    }

    /**
     * A drafter that knows nothing yet.
     *
     * @param historyTokens the most recent tokens that are remembered, 64 to 2^30, rounded up to a power of two
     * @param shared what streams learn together of their evidence's worth; null to learn it alone
     */
    public static AdedDrafter create(int historyTokens, @Nullable EvidenceWeights shared) {
        return new AdedDrafter(historyTokens, AdedStage.COMPLETE, shared == null ? EvidenceWeights.create() : shared);
    }

    /** A drafter with only the parts of a stage; those before the last weigh by fixed numbers. */
    public static AdedDrafter create(int historyTokens, @Nullable EvidenceWeights shared, AdedStage stage) {
        return stage == AdedStage.COMPLETE
                ? create(historyTokens, shared)
                : new AdedDrafter(historyTokens, stage, new FixedInterpolation());
    }

    private static int ceilingPowerOfTwo(int value) {
        return value == 1 ? 1 : Integer.highestOneBit(value - 1) << 1;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String source(int tag) {
        return NodeSource.TABLE;
    }

    @Override
    public void learnPrompt(int[] tokens, int from, int to) {
        for (int i = from; i < to; i++) {
            int token = tokens[i];
            int length = history.length();
            if (length >= 1) {
                int last = history.token(length - 1);
                learnSuccessor(candidates.bigrams, last, PROMPT_RATE, token, PROMPT_PROBABILITY, false);
                if (length >= 2) {
                    long key = Candidates.trigram(history.token(length - 2), last);
                    learnSuccessor(candidates.trigrams, key, PROMPT_RATE, token, PROMPT_PROBABILITY, false);
                }
            }
            candidates.frequent.fade();
            candidates.frequent.add(token, FREQUENT_RATE);
            candidates.occurrences.add(token, length);
            history.append(token, true);
        }
        if (to > from) {
            contexts.interrupt();
            candidates.latest.clear();
        }
    }

    @Override
    public void draft(TokenTree tree, DraftLimits limits) {
        draft(tree, limits, null);
    }

    /**
     * As {@link #draft(TokenTree, DraftLimits)}, with somebody else's word in it. May be called again in a round, with
     * another tree or the same, reset.
     *
     * @param refinement what changes the proposals of nodes; null for nobody
     */
    public void draft(TokenTree tree, DraftLimits limits, @Nullable Refinement refinement) {
        int budget = Math.min(Math.min(limits.maxNodes(), tree.maxDraftNodes()), MAX_NODES);
        if (budget <= 0 || limits.maxDepth() <= 0 || history.length() == 0) {
            return;
        }
        candidates.chooseReserve();
        heap.clear();
        contexts.atEnd();
        propose(0, tokenBeforeLast(), tree.token(0));
        refine(refinement, tree, 0);
        offer(0, 0, 1f);
        int branches = 0;
        while (!heap.isEmpty()) {
            float probability = heap.key();
            int parent = heap.node();
            int rank = heap.rank();
            heap.removeFirst();
            boolean opensBranch = parent == 0 || tree.firstChild(parent) != NONE;
            if (opensBranch && branches == limits.maxBranches()) {
                continue;
            }
            branches += opensBranch ? 1 : 0;
            int token = successorTokens[parent * MAX_SUCCESSORS + rank];
            int node = refinement == null
                    ? tree.add(parent, token, probability)
                    : tree.add(parent, token, probability, refinement.tag(parent, token));
            if (tree.draftNodes() == budget) {
                return;
            }
            offer(parent, rank + 1, tree.probability(parent));
            if (tree.depth(node) < limits.maxDepth()) {
                contexts.descend(tree, node, rank == 0);
                propose(node, tree.token(parent), token);
                refine(refinement, tree, node);
                offer(node, 0, probability);
            }
        }
    }

    /** The longest match of the end of the stream when it was drafted for last, in tokens; 0 for none. */
    public int longestMatch() {
        return history.length() == 0 ? 0 : contexts.longest(0);
    }

    private void refine(@Nullable Refinement refinement, TokenTree tree, int node) {
        if (refinement != null) {
            successors[node] = refinement.refine(
                    tree,
                    node,
                    successorTokens,
                    successorProbabilities,
                    node * MAX_SUCCESSORS,
                    successors[node],
                    MAX_SUCCESSORS);
        }
    }

    /** Fills in the successors of a node whose context is known. */
    private void propose(int node, int beforeLast, int last) {
        candidates.gather(node, beforeLast, last, node == 0);
        weighing.weigh(candidates);
        successors[node] =
                candidates.copyBest(successorTokens, successorProbabilities, node * MAX_SUCCESSORS, MAX_SUCCESSORS);
    }

    private void offer(int node, int rank, float reached) {
        if (rank < successors[node]) {
            heap.push(reached * successorProbabilities[node * MAX_SUCCESSORS + rank], node, rank);
        }
    }

    private int tokenBeforeLast() {
        int length = history.length();
        return length >= 2 ? history.token(length - 2) : NONE;
    }

    @Override
    public void observe(TokenTree tree, int node, TopTokens target) {
        if (views == viewNode.length) {
            return;
        }
        int size = Math.min(TOP, target.size());
        viewNode[views] = node;
        viewSize[views] = size;
        for (int i = 0, at = views * TOP; i < size; i++, at++) {
            viewTokens[at] = target.token(i);
            viewProbabilities[at] = EvidenceWeights.exp(target.logit(i) - target.logSumExp());
        }
        views++;
    }

    @Override
    public void accept(TokenTree tree, int lastAccepted, int bonusToken) {
        int beforeRoot = tokenBeforeLast();
        int last = tree.depth(lastAccepted);
        emitted[last] = bonusToken;
        for (int node = lastAccepted, i = last; i >= 0; node = tree.parent(node), i--) {
            emittedAt[i] = node;
            if (i > 0) {
                emitted[i - 1] = tree.token(node);
            }
        }
        predictOnceMore(tree, last);
        for (int i = 0; i <= last; i++) {
            candidates.occurrences.add(emitted[i], history.length());
            history.append(emitted[i], false);
        }
        for (int node = 0; node < tree.size(); node++) {
            viewOf[node] = NONE;
        }
        for (int view = 0; view < views; view++) {
            int node = viewNode[view];
            viewOf[node] = view;
            if (useBigrams) {
                learnView(view, node == 0 ? beforeRoot : tree.token(tree.parent(node)), tree.token(node));
            }
        }
        for (int i = 0; i <= last; i++) {
            learnWithoutContext(viewOf[emittedAt[i]], emitted[i]);
            if (!useBigrams || viewOf[emittedAt[i]] == NONE) {
                learnEmitted(history.length() - 1 - last + i);
            }
        }
        views = 0;
    }

    /**
     * Sees what the evidence said of each token that came, as it stood before the round, and learns what it is worth.
     */
    private void predictOnceMore(TokenTree tree, int last) {
        if (history.length() == 0) {
            return;
        }
        contexts.atEnd();
        int beforeLast = tokenBeforeLast();
        for (int i = 0; i <= last; i++) {
            int node = emittedAt[i];
            int token = emitted[i];
            candidates.gather(node, beforeLast, tree.token(node), node == 0);
            weighing.weigh(candidates);
            boolean asGuessed = candidates.isLikeliest(token);
            lesson.note(candidates, token);
            if (i < last) {
                contexts.descend(tree, emittedAt[i + 1], asGuessed);
            } else {
                contexts.emit(node, token, asGuessed);
            }
            beforeLast = tree.token(node);
        }
    }

    @Override
    public void share() {
        weighing.take(lesson);
    }

    private void learnView(int view, int beforeLast, int last) {
        int bigramRow = candidates.bigrams.fade(last, BIGRAM_RATE, true);
        int trigramRow = beforeLast == NONE
                ? NONE
                : candidates.trigrams.fade(Candidates.trigram(beforeLast, last), TRIGRAM_RATE, true);
        for (int i = view * TOP, end = i + viewSize[view]; i < end; i++) {
            candidates.bigrams.add(bigramRow, viewTokens[i], BIGRAM_RATE * viewProbabilities[i]);
            if (trigramRow != NONE) {
                candidates.trigrams.add(trigramRow, viewTokens[i], TRIGRAM_RATE * viewProbabilities[i]);
            }
        }
    }

    /** Learns an emitted token of which the target's view was not shown. */
    private void learnEmitted(int position) {
        if (position >= 1) {
            int token = history.token(position);
            int last = history.token(position - 1);
            if (useBigrams) {
                learnSuccessor(candidates.bigrams, last, BIGRAM_RATE, token, 1f, true);
            }
            if (position >= 2) {
                long key = Candidates.trigram(history.token(position - 2), last);
                learnSuccessor(candidates.trigrams, key, TRIGRAM_RATE, token, 1f, true);
            }
        }
    }

    private static void learnSuccessor(
            SuccessorRows rows, long key, float rate, int token, float probability, boolean byTarget) {
        rows.add(rows.fade(key, rate, byTarget), token, rate * probability);
    }

    private void learnWithoutContext(int view, int token) {
        candidates.frequent.fade();
        candidates.runnersUp.fade();
        candidates.latest.clear();
        if (view == NONE) {
            candidates.frequent.add(token, FREQUENT_RATE);
        } else {
            for (int i = view * TOP, end = i + viewSize[view]; i < end; i++) {
                float probability = viewProbabilities[i];
                candidates.frequent.add(viewTokens[i], FREQUENT_RATE * probability);
                if (viewTokens[i] != token) {
                    candidates.runnersUp.add(viewTokens[i], probability);
                    candidates.latest.add(viewTokens[i], probability);
                }
            }
        }
        candidates.runnersUp.remove(token);
    }

    @Override
    public long stateBytes() {
        long held = 4L * (3L * viewNode.length + 2L * viewTokens.length + 2L * emitted.length);
        long search = heap.stateBytes() + 4L * (successors.length + 2L * successorTokens.length);
        return held + search + contexts.stateBytes() + candidates.stateBytes() + weighing.stateBytes() + lesson.bytes();
    }
}
