package io.aded.engine;

import io.aded.model.TokenTree;

/**
 * Decides how many draft nodes of each stream go into the next pass.
 */
final class Budget {
    /*
     * The question
     *
     *   Every stream has a tree whose nodes stand in order of falling probability, so each prefix is the best tree of
     *   its size. Which prefixes shall one pass verify? A pass of n tokens takes t(n) (CostCurve), and costs the host a
     *   little per node and per branch; it yields one token per stream, plus every draft node that is accepted.
     *
     * The answer
     *
     *   All streams' nodes are merged, most probable first, into one order; for each length k of it the yield is
     *   Y(k) = streams + Σ trust · p and the price C(k) = t(base + k) + nodes + branches. Tokens per second over a
     *   whole answer are a renewal reward process: they are largest when each round maximises Y(k) − ρ · C(k), where ρ
     *   is the rate that is being achieved [1]. ρ is an exponential average of tokens over time; while little is known,
     *   and since the coming rounds resemble this one more than the average, it is mixed with the best rate of this
     *   very round, max Y(k) / C(k). It is never below what plain decoding gives, so that k = 0, no draft, wins
     *   whenever drafting would not beat it. What was paid for the drafts before, as for passes of a draft model, is
     *   paid for every k alike; it only makes this round's own rate lower.
     *
     *   The rate of all answers is one thing, each answer's time another: who asks sees one. So however good a draft
     *   looks, the streams of a pass together stake no more on it than their answers may lose (Stake); of what it is
     *   expected to bring, a tenth counts as won.
     *
     *   Prices are measured, and the cheapest of several measured prices is on average cheaper than it is. So a draft
     *   has to promise a little more than no draft.
     *
     *   Where drafts always win, passes without any are never played, and what those cost would be what they were once
     *   believed to cost; a stall at the wrong time could make drafts look good for ever. So now and then a pass is
     *   played without, if its width was not played of late: one in so many, however many widths there are.
     *
     *   The other way round, where drafts never pay, nobody would notice if they began to. So now and then a pass is
     *   decided by what wider passes may cost if all goes well: whether a width that was not tried of late became cheap
     *   is then known.
     *
     *   A pass that has prompts in it is wide, and of wide passes the table knows each width by a few passes of other
     *   times: from one width to the next it goes up and down by half. Drafts would be bought for what is noise, and
     *   since the pass is long, for next to nothing. So the prompts' part of a pass is the prompts', whether there are
     *   drafts or not; and a node beside it costs what a prompt's token was found to cost. Nor is a token worth what it
     *   costs the few that decode already: the streams whose prompts these are wait for the pass, and decode with them
     *   soon, which makes a token cheaper for all. So ρ is not below what they all have together without drafts.
     *
     *   t(n) has steps, so the best k is not where the marginal gain first falls below the marginal price: all k are
     *   looked at. The merge is a scan over the streams' next nodes; with a few hundred nodes in all it costs
     *   microseconds.
     *
     * [1] Ross, Stochastic Processes, 2nd ed., §3.6 (renewal reward); as goodput: Liu et al., arXiv 2406.14066.
     */

    /** Rounds over which the going rate is averaged: about 1 / (1 − this). */
    private static final double RATE_DECAY = 0.98;

    /** Weight of the average rate against this round's best one, once enough tokens have been seen. */
    private static final double LONGEST_MEMORY = 0.5;

    /** Tokens at which the average has half that weight. */
    private static final double RATE_PRIOR = 20;

    /** Nodes less likely than this are not worth the arithmetic. */
    private static final double LEAST_PROBABILITY = 0.004;

    /** What a draft has to promise beyond no draft, as a share of what the pass yields without. */
    private static final double LEAST_GAIN = 0.05;

    /** What a draft is expected to bring, so much of it makes up for what it may lose. */
    private static final double AS_GOOD_AS_WON = 0.1;

    /** Trust makes no guess surer than this. */
    private static final double SUREST = 0.98;

    /** Passes with drafts, at least, between two that are played without to learn what that costs. */
    private static final int PLAIN_INTERVAL = 64;

    /**
     * Passes between two in which wider passes are hoped to be as cheap as they may well be: what was never tried, or
     * not of late, is.
     */
    private static final int TRY_INTERVAL = 64;

    /** Host costs follow with this rate. */
    private static final double HOST_RATE = 0.05;

    /** The price of a prompt's token is an average over so many of them or more. */
    private static final double PROMPT_TOKENS = 512;

    /** What is taken for the price of a prompt's token at first is that of one more in passes up to this width. */
    private static final int NARROW = 64;

    /** A pass with prompts that took longer than so many times what was expected was a stall. */
    private static final double LONGEST = 4;

    private final CostCurve curve;
    private double tokens;
    private double nanos;
    private double nodeNanos = 5_000;
    private double branchNanos = 10_000;
    private double promptTokenNanos = -1;
    private double promptTokens;
    private int sincePlain;
    private int sinceTry;
    private boolean trying;
    private int[] order = new int[256];
    private double[] yields = new double[256];
    private double[] prices = new double[256];

    Budget(CostCurve curve) {
        this.curve = curve;
    }

    /** One stream's part in the decision. */
    static final class Bid {
        TokenTree tree = new TokenTree(0);
        double trust = 1;
        /** What the stream's draft may lose, in plain tokens. */
        double mayLose = Double.POSITIVE_INFINITY;
        /** Result: nodes to verify, the root included. */
        int granted;

        /** The next node to be merged. */
        private int next;

        /** The chance of a node as far as it is believed. */
        private double chance(int node) {
            double estimate = tree.probability(node);
            return Math.min(trust * estimate, Math.max(estimate, SUREST));
        }
    }

    /**
     * Grants each bid a prefix of its tree.
     *
     * @param bids streams that compete; their roots are in the pass in any case
     * @param count how many of {@code bids} count
     * @param otherTokens tokens in the pass that are not for sale: those of streams with a fixed draft
     * @param chunks further tokens in the pass, of prompts
     * @param waiting streams whose prompts are not all computed with this pass; looked at only beside {@code chunks}
     * @param room draft nodes that fit into the pass
     * @param spentNanos what was paid for the drafts already, however many of them are verified
     * @return the nodes granted in all
     */
    int allocate(Bid[] bids, int count, int otherTokens, int chunks, int waiting, int room, double spentNanos) {
        int base = count + otherTokens;
        trying = chunks == 0 && sinceTry >= TRY_INTERVAL;
        double plain = price(base, 0, chunks, 0);
        for (int i = 0; i < count; i++) {
            bids[i].next = 1;
            bids[i].granted = 1;
        }
        int limit = Math.max(0, Math.min(room, curve.maxTokens() - base - chunks));
        if (order.length < limit) {
            order = new int[limit];
            yields = new double[limit];
            prices = new double[limit];
        }
        double yield = count;
        double localRate = count / plain;
        int branches = 0;
        int length = 0;
        while (length < limit) {
            int winner = mostProbable(bids, count);
            if (winner < 0) {
                break;
            }
            Bid bid = bids[winner];
            int node = bid.next++;
            yield += bid.chance(node);
            branches += opensBranch(bid.tree, node) ? 1 : 0;
            order[length] = winner;
            yields[length] = yield;
            prices[length] = price(base, length + 1, chunks, branches);
            localRate = Math.max(localRate, yield / (spentNanos + prices[length]));
            length++;
        }
        if (length > 0 && chunks == 0) {
            sinceTry = trying ? 0 : sinceTry + 1;
        }
        double known = LONGEST_MEMORY * tokens / (tokens + RATE_PRIOR);
        double rate = known * (nanos > 0 ? tokens / nanos : 0) + (1 - known) * localRate;
        rate = Math.max(rate, count / plain);
        if (chunks > 0) {
            rate = Math.max(rate, plainRate(count, base, waiting));
        }
        double best = count * (1 + LEAST_GAIN) - rate * plain;
        int bestLength = 0;
        double mayLose = chunks > 0 ? Double.POSITIVE_INFINITY : mayLose(bids, count);
        for (int i = 0; i < length; i++) {
            double value = yields[i] - rate * prices[i];
            boolean bearable = count * (prices[i] / plain - 1) <= mayLose + AS_GOOD_AS_WON * (yields[i] - count);
            if (value > best && bearable) {
                best = value;
                bestLength = i + 1;
            }
        }
        sincePlain = bestLength == 0 ? 0 : sincePlain + 1;
        if (sincePlain >= PLAIN_INTERVAL && chunks == 0 && curve.isOld(base)) {
            bestLength = 0;
            sincePlain = 0;
        }
        for (int i = 0; i < bestLength; i++) {
            bids[order[i]].granted++;
        }
        return bestLength;
    }

    /**
     * Tokens a nanosecond that the bids' streams and those which wait will have together, without drafts. Of those for
     * which a pass has no room nothing is said: they decode in other passes.
     */
    private double plainRate(int count, int base, int waiting) {
        int joining = Math.min(waiting, curve.maxTokens() - base);
        return (count + joining) / curve.nanos(base + joining);
    }

    /** What the streams that have drafts may lose by them, in plain tokens. */
    private static double mayLose(Bid[] bids, int count) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += bids[i].tree.size() > 1 ? bids[i].mayLose : 0;
        }
        return sum;
    }

    private static int mostProbable(Bid[] bids, int count) {
        int winner = -1;
        double highest = LEAST_PROBABILITY;
        for (int i = 0; i < count; i++) {
            Bid bid = bids[i];
            if (bid.next < bid.tree.size()) {
                double probability = bid.chance(bid.next);
                if (probability > highest) {
                    highest = probability;
                    winner = i;
                }
            }
        }
        return winner;
    }

    /** A node opens a branch if an earlier node has the same parent. Siblings are linked newest first. */
    private static boolean opensBranch(TokenTree tree, int node) {
        return tree.nextSibling(node) >= 0;
    }

    /** The expected time of a round with {@code nodes} beside {@code base} tokens, but for the prompts' part. */
    private double price(int base, int nodes, int chunks, int branches) {
        double pass;
        if (chunks > 0) {
            pass = curve.nanos(base) + nodes * promptTokenNanos();
        } else {
            pass = trying && nodes > 0 ? curve.hopefulNanos(base + nodes) : curve.nanos(base + nodes);
        }
        return pass + nodes * nodeNanos + branches * branchNanos;
    }

    /** What draft nodes add to the time of a pass of {@code tokens} in all, {@code chunks} of them of prompts. */
    double addedNanos(int tokens, int chunks, int nodes) {
        return chunks == 0 ? curve.nanos(tokens) - curve.nanos(tokens - nodes) : nodes * promptTokenNanos();
    }

    private double promptTokenNanos() {
        if (promptTokenNanos >= 0) {
            return promptTokenNanos;
        }
        int narrow = Math.min(NARROW, curve.maxTokens());
        return narrow < 2 ? curve.nanos(1) : (curve.nanos(narrow) - curve.nanos(1)) / (narrow - 1);
    }

    /** A pass of {@code tokens}, {@code chunks} of them of prompts, took {@code elapsed} nanoseconds. */
    void observePrompts(int tokens, int chunks, long elapsed) {
        if (chunks == 0) {
            return;
        }
        double others = tokens == chunks ? 0 : curve.nanos(tokens - chunks);
        double expected = others + chunks * promptTokenNanos();
        double each = Math.max(0, Math.min(elapsed, LONGEST * expected) - others) / chunks;
        promptTokens = Math.min(PROMPT_TOKENS, promptTokens + chunks);
        double known = promptTokenNanos();
        promptTokenNanos = known + Math.min(1, chunks / promptTokens) * (each - known);
    }

    /** What the host takes to verify so many nodes, apart from the pass. */
    double hostNanos(int nodes) {
        return nodes * nodeNanos;
    }

    /** What one plain token costs a stream, its share of a pass of {@code streams} roots. */
    double plainNanos(int streams) {
        return curve.nanos(streams) / streams;
    }

    /** A round is over: {@code emitted} tokens of streams that bid, in {@code elapsed} nanoseconds, all told. */
    void observe(double emitted, double elapsed) {
        tokens = tokens * RATE_DECAY + emitted;
        nanos = nanos * RATE_DECAY + elapsed;
    }

    /** The host took {@code elapsed} nanoseconds to draft, read and learn {@code nodes} nodes. */
    void observeNodes(int nodes, long elapsed) {
        if (nodes > 0) {
            nodeNanos += HOST_RATE * (Math.min((double) elapsed / nodes, 10 * nodeNanos) - nodeNanos);
        }
    }

    /** Laying out and clearing {@code branches} branches took {@code elapsed} nanoseconds. */
    void observeBranches(int branches, long elapsed) {
        if (branches > 0) {
            branchNanos += HOST_RATE * (Math.min((double) elapsed / branches, 10 * branchNanos) - branchNanos);
        }
    }
}
