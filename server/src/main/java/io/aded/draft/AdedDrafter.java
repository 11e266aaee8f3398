package io.aded.draft;

import io.aded.model.TokenTree;
import io.aded.model.TopTokens;

/**
 * The adaptive drafter of this project: several kinds of evidence from the stream itself, mixed and calibrated while it
 * runs, searched best-first.
 *
 * <p>Deterministic, allocation-free once its tables have grown, bounded in memory. Not thread-safe.
 */
final class AdedDrafter implements Drafter {
    /*
     * Idea:
     * ADED (Liu et al. [1]) drafts from a table of tri-grams that adapts to the text, and searches it for the tree most
     * worth verifying. This class keeps the idea and improves both halves: more evidence in the table, and estimates
     * that mean what they say, so that the search needs no simulation and the budget can trust the sum of the
     * probabilities it is given.
     *
     * Evidence:
     * For any context, which is the stream so far plus a path of the draft tree, each source proposes successors:
     *   suffix    what followed the places where the end of the context has stood before [2]
     *   tri-gram  the row of the last two tokens, bi-gram: the row of the last one; both learn the prompt, every emitted
     *             token, and the target's own best tokens at every verified node, accepted or rejected [3]
     *   unigram   a few tokens that have been frequent lately, so that no context is without a guess
     *
     * Mixing and calibration:
     * A linear mixture whose weights are learned per kind of context by a step of expectation-maximisation on each
     * emitted token; then a table of (kind of context, probability bin) that learns how often such guesses come true.
     * Every emitted token teaches both, whether a draft was made or not: what would have been proposed there is looked
     * up again just before the token is learned.
     *
     * Search:
     * One heap, ordered by the product of calibrated probabilities along the path. A node enters it only once its elder
     * sibling has been taken, so it never holds more than two entries a node. Nodes come out by falling probability and
     * parents before children: every prefix is the best tree of its size, as far as the estimates are right.
     *
     * [1] Adaptive Draft-Verification for Efficient Large Language Model Decoding. AAAI 2025, arXiv:2407.12021
     * [2] Prompt lookup decoding, and its ancestor: Ziv and Lempel, A Universal Algorithm for Sequential Data
     *     Compression. IEEE Transactions on Information Theory 23 (3), 1977
     * [3] Turning Trash into Treasure: Token Recycling. ACL 2025, arXiv:2408.08696
     */

    private static final int NONE = -1;
    private static final int MAX_NODES = 256;
    /** Successors considered at one node; the mass beyond them is never worth a node. */
    private static final int MAX_CANDIDATES = 16;

    private static final float PROMPT_WEIGHT = 0.9f;
    private static final float PROMPT_RATE = 0.4f;
    private static final float TRIGRAM_RATE = 0.7f;
    private static final float BIGRAM_RATE = 0.5f;
    /** The target's tokens that are kept of a verified node: a row's width. */
    private static final int TOP = SuccessorRows.WIDTH;

    private final SuffixIndex history;
    private final SuccessorRows trigrams = new SuccessorRows(1 << 16);
    private final SuccessorRows bigrams = new SuccessorRows(1 << 15);
    private final RecentTokens unigrams = new RecentTokens();
    private final ContextMixture mixture = new ContextMixture();
    private final Candidates scratch = new Candidates();

    // What the target thought of the nodes of the last tree, held back until its tokens have been predicted once more.
    private final int[] observedNode = new int[MAX_NODES + 1];
    private final int[] observedSize = new int[MAX_NODES + 1];
    private final int[] observedTokens = new int[(MAX_NODES + 1) * TOP];
    private final float[] observedProbabilities = new float[(MAX_NODES + 1) * TOP];
    private int observed;

    // The search: per tree node its sorted successors and its suffix matches; the heap refers to (node, next
    // successor).
    private final int[] nodeCandidates = new int[MAX_NODES + 1];
    private final int[] candidateTokens = new int[(MAX_NODES + 1) * MAX_CANDIDATES];
    private final float[] candidateProbabilities = new float[(MAX_NODES + 1) * MAX_CANDIDATES];
    private final int[] matchCount = new int[MAX_NODES + 1];
    private final int[] matchNext = new int[(MAX_NODES + 1) * SuffixIndex.MAX_MATCHES];
    private final int[] matchLength = new int[(MAX_NODES + 1) * SuffixIndex.MAX_MATCHES];
    private final float[] heapKey = new float[2 * MAX_NODES + 2];
    private final int[] heapNode = new int[2 * MAX_NODES + 2];
    private final int[] heapRank = new int[2 * MAX_NODES + 2];
    private int heapSize;
    private final int[] path = new int[MAX_NODES + 1];

    private AdedDrafter(DrafterSettings settings) {
        int tokens = settings.historyTokens();
        history = new SuffixIndex(tokens == 1 ? 1 : Integer.highestOneBit(tokens - 1) << 1);
    }

    /**
     * A drafter that knows nothing yet.
     *
     * @param settings the bound on the history, rounded up to a power of two, is taken from here
     */
    static AdedDrafter create(DrafterSettings settings) {
        return new AdedDrafter(settings);
    }

    @Override
    public String name() {
        return DraftMode.ADED.label();
    }

    @Override
    public void learnPrompt(int[] tokens, int from, int to) {
        for (int i = from; i < to; i++) {
            int token = tokens[i];
            int length = history.length();
            if (length >= 1) {
                int last = history.token(length - 1);
                bigrams.add(bigrams.fade(bigram(last), PROMPT_RATE), token, PROMPT_RATE * PROMPT_WEIGHT);
                if (length >= 2) {
                    long key = trigram(history.token(length - 2), last);
                    trigrams.add(trigrams.fade(key, PROMPT_RATE), token, PROMPT_RATE * PROMPT_WEIGHT);
                }
            }
            unigrams.learn(token);
            history.append(token, true);
        }
    }

    @Override
    public void draft(TokenTree tree, DraftLimits limits) {
        int budget = Math.min(Math.min(limits.maxNodes(), tree.maxDraftNodes()), MAX_NODES);
        if (budget == 0 || history.length() == 0) {
            return;
        }
        heapSize = 0;
        rootMatches();
        expand(tree, 0);
        offer(0, 0, 1f);
        int leaves = 0;
        while (heapSize > 0 && tree.draftNodes() < budget) {
            float probability = heapKey[0];
            int parent = heapNode[0];
            int rank = heapRank[0];
            removeFirst();
            boolean branches = parent == 0 || tree.firstChild(parent) != NONE;
            if (branches && leaves == limits.maxBranches()) {
                continue;
            }
            leaves += branches ? 1 : 0;
            int token = candidateTokens[parent * MAX_CANDIDATES + rank];
            int node = tree.add(parent, token, probability);
            offer(parent, rank + 1, tree.probability(parent));
            if (tree.depth(node) < limits.maxDepth() && tree.draftNodes() < budget) {
                inheritMatches(tree, node);
                expand(tree, node);
                offer(node, 0, probability);
            }
        }
    }

    private void offer(int node, int rank, float reached) {
        if (rank < nodeCandidates[node]) {
            push(node, rank, reached * candidateProbabilities[node * MAX_CANDIDATES + rank]);
        }
    }

    /** Proposes successors of a tree node: gathers, mixes, calibrates, sorts. */
    private void expand(TokenTree tree, int node) {
        int last = tree.token(node);
        int beforeLast = node == 0
                ? (history.length() >= 2 ? history.token(history.length() - 2) : NONE)
                : tree.token(tree.parent(node));
        gather(node, beforeLast, last);
        mixture.predict(scratch);
        nodeCandidates[node] =
                scratch.best(candidateTokens, candidateProbabilities, node * MAX_CANDIDATES, MAX_CANDIDATES);
    }

    private void gather(int node, int beforeLast, int last) {
        scratch.clear();
        int base = node * SuffixIndex.MAX_MATCHES;
        scratch.addMatches(history, matchNext, matchLength, base, matchCount[node], path);
        if (beforeLast != NONE) {
            scratch.addRow(ContextMixture.TRIGRAM, trigrams, trigrams.find(trigram(beforeLast, last)));
        }
        scratch.addRow(ContextMixture.BIGRAM, bigrams, bigrams.find(bigram(last)));
        scratch.addRecent(unigrams);
    }

    private void rootMatches() {
        matchCount[0] = 0;
        int length = history.length();
        if (length >= SuffixIndex.MIN_MATCH) {
            addPairMatches(0, 0, history.token(length - 2), history.token(length - 1), length - 1, true);
        }
    }

    private void inheritMatches(TokenTree tree, int node) {
        int parent = tree.parent(node);
        int token = tree.token(node);
        int depth = tree.depth(node);
        for (int i = depth, n = node; i >= 1; i--, n = tree.parent(n)) {
            path[i - 1] = tree.token(n);
        }
        int from = parent * SuffixIndex.MAX_MATCHES;
        int to = node * SuffixIndex.MAX_MATCHES;
        int count = 0;
        int end = history.length() + depth;
        for (int i = 0; i < matchCount[parent]; i++) {
            int next = matchNext[from + i];
            if (next + 1 < end && tokenAt(next) == token) {
                matchNext[to + count] = next + 1;
                matchLength[to + count] = Math.min(matchLength[from + i] + 1, SuffixIndex.MAX_MATCH);
                count++;
            }
        }
        matchCount[node] = count;
        if (count < 4) {
            addPairMatches(node, count, tree.token(parent), token, history.length(), false);
        }
    }

    private int tokenAt(int position) {
        int beyond = position - history.length();
        return beyond < 0 ? history.token(position) : path[beyond];
    }

    private void addPairMatches(int node, int inherited, int first, int second, int before, boolean compare) {
        int base = node * SuffixIndex.MAX_MATCHES;
        int count = inherited;
        for (int position = history.latest(first, second);
                position != NONE && count < SuffixIndex.MAX_MATCHES;
                position = history.older(position, first, second)) {
            if (position >= before || position + 1 >= history.length()) {
                continue;
            }
            boolean known = false;
            for (int i = 0; i < inherited && !known; i++) {
                known = matchNext[base + i] == position + 1;
            }
            if (!known) {
                matchNext[base + count] = position + 1;
                matchLength[base + count] = compare ? history.matchLength(position) : SuffixIndex.MIN_MATCH;
                count++;
            }
        }
        matchCount[node] = count;
    }

    @Override
    public void observe(TokenTree tree, int node, TopTokens target) {
        if (observed == observedNode.length) {
            return;
        }
        int size = Math.min(TOP, target.size());
        observedNode[observed] = node;
        observedSize[observed] = size;
        for (int i = 0; i < size; i++) {
            observedTokens[observed * TOP + i] = target.token(i);
            observedProbabilities[observed * TOP + i] = target.probability(i);
        }
        observed++;
    }

    @Override
    public void accept(TokenTree tree, int lastAccepted, int bonusToken) {
        int before = history.length();
        int accepted = tree.depth(lastAccepted);
        int beforeRoot = before >= 2 ? history.token(before - 2) : NONE;
        for (int node = lastAccepted, depth = accepted; node > 0; node = tree.parent(node)) {
            emitted[--depth] = tree.token(node);
        }
        emitted[accepted] = bonusToken;
        for (int i = 0; i <= accepted; i++) {
            learnEmitted(emitted[i]);
        }
        for (int i = 0; i < observed; i++) {
            int node = observedNode[i];
            int parentToken = node == 0 ? beforeRoot : tree.token(tree.parent(node));
            learnDistribution(parentToken, tree.token(node), i);
        }
        observed = 0;
    }

    private final int[] emitted = new int[MAX_NODES + 1];

    private void learnEmitted(int token) {
        int length = history.length();
        if (length > 0) {
            rootMatches();
            int last = history.token(length - 1);
            gather(0, length >= 2 ? history.token(length - 2) : NONE, last);
            mixture.learn(scratch, token);
            if (observed == 0) {
                bigrams.add(bigrams.fade(bigram(last), BIGRAM_RATE), token, BIGRAM_RATE);
                if (length >= 2) {
                    long key = trigram(history.token(length - 2), last);
                    trigrams.add(trigrams.fade(key, TRIGRAM_RATE), token, TRIGRAM_RATE);
                }
            }
        }
        unigrams.learn(token);
        history.append(token, false);
    }

    private void learnDistribution(int beforeLast, int last, int observation) {
        int bigramRow = bigrams.fade(bigram(last), BIGRAM_RATE);
        int trigramRow = beforeLast == NONE ? NONE : trigrams.fade(trigram(beforeLast, last), TRIGRAM_RATE);
        for (int i = observation * TOP; i < observation * TOP + observedSize[observation]; i++) {
            bigrams.add(bigramRow, observedTokens[i], BIGRAM_RATE * observedProbabilities[i]);
            if (trigramRow != NONE) {
                trigrams.add(trigramRow, observedTokens[i], TRIGRAM_RATE * observedProbabilities[i]);
            }
        }
    }

    @Override
    public long stateBytes() {
        long search = 4L
                * (4L * observedNode.length
                        + 2L * observedTokens.length
                        + 2L * candidateTokens.length
                        + 2L * matchNext.length
                        + 3L * heapKey.length);
        return search + history.stateBytes() + trigrams.stateBytes() + bigrams.stateBytes() + mixture.stateBytes();
    }

    private static long trigram(int first, int second) {
        return (long) first << 32 | second;
    }

    private static long bigram(int token) {
        return token;
    }

    private void push(int node, int rank, float key) {
        int hole = heapSize++;
        while (hole > 0) {
            int above = (hole - 1) >>> 1;
            if (heapKey[above] >= key) {
                break;
            }
            move(above, hole);
            hole = above;
        }
        place(hole, key, node, rank);
    }

    private void removeFirst() {
        int last = --heapSize;
        float key = heapKey[last];
        int hole = 0;
        while (true) {
            int child = 2 * hole + 1;
            if (child >= last) {
                break;
            }
            if (child + 1 < last && heapKey[child + 1] > heapKey[child]) {
                child++;
            }
            if (heapKey[child] <= key) {
                break;
            }
            move(child, hole);
            hole = child;
        }
        place(hole, key, heapNode[last], heapRank[last]);
    }

    private void move(int from, int to) {
        place(to, heapKey[from], heapNode[from], heapRank[from]);
    }

    private void place(int slot, float key, int node, int rank) {
        heapKey[slot] = key;
        heapNode[slot] = node;
        heapRank[slot] = rank;
    }
}
