package io.aded.draft.select;

import io.aded.draft.DraftLimits;
import io.aded.draft.VerificationPrice;
import io.aded.draft.neural.DraftStream;
import io.aded.model.TokenTree;
import java.util.Arrays;

/**
 * Forecasts what a stream's round would bring if the draft model were asked, and what it brings as it is. One serves
 * all streams of a proposer; what {@link #forecast} found holds until it is called again.
 */
final class LevelPlan {
    /*
     * A round in which so many nodes are verified brings 1 + Σ p tokens and takes
     *
     *     plain + extra(nodes) + levels,
     *
     * of which the pass's part is the engine's to know and the levels' part the draft model's. The rate of a round is
     * the quotient, with the best number of nodes. Rounds of one text resemble their neighbours (where the table knows
     * nothing now it will know nothing for a while), so rates are compared round by round.
     *
     * The forecast: the most probable path of the tree is fed as far as it is likely, all in one level; each level more
     * makes it longer by a token. Where the model has not spoken yet, the chance that the best guess is right is what
     * was seen of such places (HitRates); what branches off there shrinks in proportion. All numbers of levels are
     * looked at, since a pass of four tokens may cost hardly more than one of two: three levels may pay where one does
     * not.
     *
     * Here is no wisdom beyond arithmetic; whether it holds true is for ArmWeights to find out.
     */

    /** Nodes of a path that are less likely are not fed: what the model says there would hardly ever matter. */
    private static final double LEAST_REACH = 0.08;

    private static final int MOST_LEVELS = 12;

    /** Rounds over which reading a text that the draft model lacks is to pay for itself, as long as it does. */
    private static final double READING_ROUNDS = 12;

    /** Missing tokens that a level takes along; more are read in pieces. */
    static final int FEW = 8;

    /** What a level costs, by the number of its tokens. */
    @FunctionalInterface
    interface LevelPrice {
        double nanos(int tokens);
    }

    private final LevelPrice levelPrice;

    // Of the pass.
    private double plain = 1;
    private double[] extra = new double[1];
    private int mostNodes;

    /** Rounds over which reading is to pay for itself. */
    private double readingRounds = READING_ROUNDS;

    /** Tokens of a text that are read in a pass. */
    private int piece = 1;

    // Scratch.
    private int[] path = new int[16];
    private double[] scale = new double[16];
    private int[] leaves = new int[64];
    private double[] chances = new double[128];
    private int count;

    // Found.
    private int bestNodes;
    private double bestTokens;
    private double bestNanos;
    private double rateAsIs;
    private double rate;
    private double gain;
    private double tokens;
    private double nanos;
    private int pathNodes;
    private int known;
    private int feedTo;

    LevelPlan(LevelPrice levelPrice) {
        this.levelPrice = levelPrice;
    }

    /**
     * A pass begins.
     *
     * @param plainNanos what a plain token takes
     * @param price of verifying
     * @param nodes the most that a stream may draft
     */
    void begin(double plainNanos, VerificationPrice price, int nodes) {
        plain = plainNanos;
        mostNodes = nodes;
        if (extra.length <= nodes) {
            extra = new double[nodes + 1];
        }
        for (int i = 0; i <= nodes; i++) {
            extra[i] = price.extraNanos(i);
        }
    }

    /**
     * What is known of reading texts.
     *
     * @param returned what it brought back lately, as a share of what it cost, above 0: where that was little, it is to
     *     pay for itself in fewer rounds
     * @param pieceTokens how much of a text is read in a pass, at least 1
     */
    void expectOfReading(double returned, int pieceTokens) {
        readingRounds = Math.max(1, READING_ROUNDS * returned);
        piece = pieceTokens;
    }

    /** What a plain token takes in this pass. */
    double plainNanos() {
        return plain;
    }

    /** What verifying so many nodes adds to the pass. */
    double extraNanos(int nodes) {
        return extra[Math.min(nodes, mostNodes)];
    }

    /** What a stream's share is of a level of so many tokens for each of so many streams. */
    double levelNanos(int tokensEach, int streams) {
        double whole = levelPrice.nanos(tokensEach * streams);
        return whole > 0 ? whole / streams : plain; // nobody knows yet
    }

    /** What reading so many tokens takes: piece by piece, each in a pass that it shares with others. */
    private double readingNanos(int missing, int streams) {
        double tokens = levelPrice.nanos(1 + missing) - levelPrice.nanos(1);
        return missing <= FEW ? tokens : tokens + ((missing + piece - 1) / piece) * levelNanos(1, streams);
    }

    /** The nodes of a tree that are worth verifying, if {@code spent} was paid already. */
    int worth(TokenTree tree, double spent) {
        count = 0;
        for (int node = 1; node < tree.size(); node++) {
            insert(tree.probability(node));
        }
        best(spent);
        return bestNodes;
    }

    /**
     * Looks at what asking the model would bring.
     *
     * @param tree as it is, most probable first
     * @param spoken whether the stream's opinions are of this round
     * @param spent what levels of this round have cost the stream so far
     * @param missing tokens of its text that the model must read first
     * @param streams that would share each level
     * @return whether there is a gain
     */
    boolean forecast(
            TokenTree tree,
            DraftLimits limits,
            DraftStream stream,
            boolean spoken,
            HitRates rates,
            double spent,
            int missing,
            int streams) {
        worth(tree, spent);
        rateAsIs = bestTokens / bestNanos;
        tokens = bestTokens;
        nanos = bestNanos;
        rate = 0;
        gain = 0;
        if (!look(tree, limits.maxDepth(), stream, spoken)) {
            return false; // it has spoken everywhere
        }
        count = 0;
        for (int depth = 1; depth <= known; depth++) {
            insert(tree.probability(path[depth]));
        }
        double reach = tree.probability(path[known]);
        for (int depth = 0; depth < pathNodes; depth++) {
            scale[depth] = 1;
        }
        for (int depth = known; depth <= feedTo; depth++) {
            float own = tree.probability(path[depth]);
            float table = proposed(tree, depth);
            double right = rates.rate(table);
            double left = table >= 1 ? 1 : (1 - right) / (1 - table);
            scale[depth] = own > 0 ? reach / own * Math.min(1, left) : 0;
            reach *= right;
            insert(reach);
        }
        for (int depth = feedTo + 1; depth < pathNodes; depth++) {
            scale[depth] = 0; // what hangs below there is hardly likely
        }
        addBranches(tree);
        double paid = spent + levelNanos(feedTo - known + 1, streams) + readingNanos(missing, streams) / readingRounds;
        double further = levelNanos(1, streams);
        for (int levels = 1; levels <= MOST_LEVELS; levels++) {
            best(paid);
            double found = bestTokens / bestNanos;
            if (found > rate) {
                rate = found;
                tokens = bestTokens;
                nanos = bestNanos;
            }
            if (feedTo + levels >= limits.maxDepth()) {
                break;
            }
            reach *= rates.end();
            if (reach < LEAST_REACH / 4) {
                break;
            }
            insert(reach);
            paid += further;
        }
        gain = (tokens / rateAsIs - nanos) / plain;
        return rate > rateAsIs;
    }

    /**
     * Finds the most probable path of a tree, how far the model has spoken on it, and how much of it goes into the next
     * level.
     *
     * @param maxDepth of drafts, at least 1
     * @param spoken whether the stream's opinions are of this round
     * @return whether there is a place on it, above that depth, at which the model has not spoken
     */
    boolean look(TokenTree tree, int maxDepth, DraftStream stream, boolean spoken) {
        followPath(tree, stream, spoken);
        feedTo = known;
        if (known >= pathNodes || known >= maxDepth) {
            return false;
        }
        while (feedTo + 1 < pathNodes && feedTo + 1 < maxDepth && tree.probability(path[feedTo + 1]) >= LEAST_REACH) {
            feedTo++;
        }
        return true;
    }

    /**
     * What the table gives its best guess at a node of the path, or might at most: where the path ends it is less
     * likely than the least likely node of the tree, which would have been left out for it.
     */
    float proposed(TokenTree tree, int depth) {
        float own = tree.probability(path[depth]);
        if (own <= 0) {
            return 0;
        }
        float next = isEnd(depth)
                ? tree.draftNodes() < mostNodes ? 0 : tree.probability(tree.size() - 1)
                : tree.probability(path[depth + 1]);
        return Math.min(1, next / own);
    }

    /** Whether the path ends at a depth. */
    boolean isEnd(int depth) {
        return depth + 1 == pathNodes;
    }

    /** Finds the most probable path, and how far the model has spoken on it. */
    private void followPath(TokenTree tree, DraftStream stream, boolean spoken) {
        pathNodes = 0;
        int node = 0;
        while (node >= 0) {
            if (pathNodes == path.length) {
                path = Arrays.copyOf(path, 2 * pathNodes);
                scale = new double[2 * pathNodes];
            }
            path[pathNodes++] = node;
            node = likeliestChild(tree, node);
        }
        known = 0;
        while (spoken
                && known < pathNodes
                && known < stream.opinions()
                && (known == 0 || stream.pathToken(known - 1) == tree.token(path[known]))) {
            known++;
        }
    }

    /** The child that was added first. */
    private static int likeliestChild(TokenTree tree, int node) {
        int oldest = -1;
        for (int child = tree.firstChild(node); child >= 0; child = tree.nextSibling(child)) {
            oldest = child;
        }
        return oldest;
    }

    /** Adds what branches off the path. */
    private void addBranches(TokenTree tree) {
        if (leaves.length < tree.size()) {
            leaves = new int[Math.max(tree.size(), 2 * leaves.length)];
        }
        // The depth at which each node's way leaves the path.
        int onPath = 0;
        for (int node = 0; node < tree.size(); node++) {
            if (onPath < pathNodes && path[onPath] == node) {
                leaves[node] = onPath++;
            } else {
                int parent = tree.parent(node);
                leaves[node] = leaves[parent];
                insert(tree.probability(node) * scale[leaves[node]]);
            }
        }
    }

    private void insert(double chance) {
        if (count == chances.length) {
            chances = Arrays.copyOf(chances, 2 * count);
        }
        int hole = count++;
        while (hole > 0 && chances[hole - 1] < chance) {
            chances[hole] = chances[hole - 1];
            hole--;
        }
        chances[hole] = chance;
    }

    /** The best number of nodes, if {@code spent} was paid before. */
    private void best(double spent) {
        double sum = 1;
        bestNodes = 0;
        bestTokens = 1;
        bestNanos = plain + spent;
        for (int nodes = 1; nodes <= count && nodes <= mostNodes; nodes++) {
            sum += chances[nodes - 1];
            double takes = plain + extra[nodes] + spent;
            if (sum * bestNanos > bestTokens * takes) {
                bestNodes = nodes;
                bestTokens = sum;
                bestNanos = takes;
            }
        }
    }

    /** Whether the path's nodes at these depths are to be fed next: from {@link #known} to this, inclusive. */
    int feedTo() {
        return feedTo;
    }

    /** Depths of the path on which the model has spoken. */
    int known() {
        return known;
    }

    /** A node of the most probable path. */
    int pathNode(int depth) {
        return path[depth];
    }

    /** What it gains over the round as it is, in plain tokens. */
    double gain() {
        return gain;
    }

    /** What a token takes in the round as it is, in plain tokens: what the gain is reckoned by. */
    double tokenValue() {
        return 1 / (rateAsIs * plain);
    }

    /** Tokens of the round that was found to be the best. */
    double tokens() {
        return tokens;
    }

    /** What it takes, all told. */
    double nanos() {
        return nanos;
    }

    /**
     * What a round by the model alone brings and takes at best: a chain from the root, one level a token. Sets {@link
     * #tokens} and {@link #nanos}.
     *
     * @return its nodes
     */
    int chain(double right, int maxDepth, int streams) {
        double level = levelNanos(1, streams);
        double reach = 1;
        double sum = 1;
        int best = 0;
        tokens = 1;
        nanos = plain;
        for (int nodes = 1; nodes <= MOST_LEVELS && nodes <= maxDepth && nodes <= mostNodes; nodes++) {
            reach *= right;
            sum += reach;
            double takes = plain + extra[nodes] + nodes * level;
            if (sum * nanos > tokens * takes) {
                best = nodes;
                tokens = sum;
                nanos = takes;
            }
        }
        return best;
    }
}
