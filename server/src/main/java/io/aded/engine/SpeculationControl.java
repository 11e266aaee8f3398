package io.aded.engine;

import io.aded.model.TokenTree;

/**
 * Closed-loop speculation control for one stream: how far its drafter's estimates can be believed, how long its drafts
 * may be, and whether to back off from drafting.
 */
final class SpeculationControl {
    /*
     * Trust
     *
     *   The drafter's probabilities are calibrated over many rounds; a stream may still be easier or harder than its
     *   buckets say. Trust, the ratio of accepted to predicted draft tokens, multiplies the estimates in the budget.
     *   While nothing is bought it drifts back to where it started, and the drafter goes on learning from every token.
     *
     * Back-off
     *
     *   The balance is the time that drafts saved against decoding the same tokens one at a time, in passes, with
     *   decay. The drafter's own time on the host is charged as well, in every round in which it was asked. When the
     *   balance sinks below a limit the stream backs off: no draft for a number of rounds that doubles with every
     *   failed return. This bounds what a text on which the estimates are wrong can lose.
     *
     * Draft length
     *
     *   Drafting costs microseconds a node, which matters where passes are short or streams are many. So a stream
     *   drafts about twice what the budget bought of its trees lately, and more at once when the budget bought all.
     *   Where the host's time for a drafter is felt it drafts little more than was bought.
     *
     * Exploration
     *
     *   What is never tried is never found out: if drafts do not pay because wide passes are costly, only a wide pass
     *   can tell that they have become cheap. After a while without a draft one likely node is bought against the odds.
     *   With a chance of at least one half, at the worst price of a whole pass, that loses at most 1.6 %.
     *
     * The loop is that of TurboSpec (Liu et al., arXiv 2406.14066), one stream at a time.
     */

    /** Nodes that a draft has at least; else none would be found out to be worth more. */
    private static final int SHORTEST_DRAFT = 6;

    /** The same where the host's time for them is felt. */
    private static final int SHORTEST_COSTLY = 3;

    /** What is left of the nodes that were bought, a round later. */
    private static final double BOUGHT_DECAY = 0.9;

    /** Rounds without a draft until a node is bought against the odds. */
    private static final int EXPLORATION_INTERVAL = 32;

    /** The least chance of such a node. */
    private static final double LEAST_EXPLORED_CHANCE = 0.5;

    /** What is left of the balance a round later. */
    private static final double BALANCE_DECAY = 0.98;

    /** The loss, in passes, from which on the stream backs off. */
    private static final double LARGEST_DEBT = 2.0;

    /** The gain, in passes, from which on its drafts have paid. */
    private static final double LEAST_GAIN = 1.0;

    /** Rounds of the first back-off, and of the longest that doubling leads to. */
    private static final int FIRST_BACK_OFF = 8;

    private static final int LONGEST_BACK_OFF = 64;

    private final Trust trust;
    private double balance;
    private double bought = 8;
    private boolean backingOff;
    private int backOffLeft;
    private int nextBackOff = FIRST_BACK_OFF;
    private int roundsWithout;

    /** A stream's, that believes at first what the engine's streams have found. */
    SpeculationControl(Trust ofEngine) {
        trust = ofEngine.ofStream();
    }

    /** A round begins. Whether it is one of a back-off is settled until the next begins. */
    void beginRound() {
        backingOff = backOffLeft > 0;
        backOffLeft -= backingOff ? 1 : 0;
    }

    /** Whether the stream backs off from drafting in this round. */
    boolean isBackingOff() {
        return backingOff;
    }

    /** Whether its own drafts have saved more than they cost lately, by a pass at least. */
    boolean hasGained() {
        return balance > LEAST_GAIN;
    }

    /** Delivered over predicted, around 1. */
    double trust() {
        return trust.value();
    }

    /**
     * How many nodes are worth drafting in a round that does not back off, whatever they turn out to be worth.
     *
     * @param costly whether the host's time for them matters
     */
    int draftLength(boolean costly) {
        return (int) (costly ? SHORTEST_COSTLY + bought : SHORTEST_DRAFT + 2 * bought);
    }

    /** Whether to buy the first node of this tree, which the budget did not want, to learn what it costs and gives. */
    boolean isExplorationDue(TokenTree tree) {
        return roundsWithout + 1 >= EXPLORATION_INTERVAL
                && tree.size() > 1
                && trust() * tree.probability(1) >= LEAST_EXPLORED_CHANCE;
    }

    /** Of a tree of {@code drafted} nodes {@code granted} go into the pass. */
    void granted(int granted, int drafted) {
        roundsWithout++;
        bought = Math.max(granted, BOUGHT_DECAY * bought);
        if (granted == drafted) {
            bought = Math.max(bought, 2 * granted);
        }
    }

    /**
     * A round with a draft is over.
     *
     * @param expected Σ of the estimates of the verified nodes
     * @param accepted draft tokens accepted
     * @param savedPasses time saved, in units of a plain pass; negative if draft and drafter cost more than they gave
     */
    void drafted(double expected, int accepted, double savedPasses) {
        roundsWithout = 0;
        trust.saw(expected, accepted);
        book(savedPasses);
    }

    /**
     * A round without a draft is over.
     *
     * @param hostPasses the drafter's time, in units of a plain pass
     */
    void undrafted(double hostPasses) {
        trust.sawNothing();
        book(-hostPasses);
    }

    private void book(double savedPasses) {
        balance = balance * BALANCE_DECAY + savedPasses;
        if (balance < -LARGEST_DEBT) {
            backOffLeft = nextBackOff;
            nextBackOff = Math.min(LONGEST_BACK_OFF, nextBackOff * 2);
            balance = -LARGEST_DEBT / 2;
        } else if (balance > 0) {
            nextBackOff = FIRST_BACK_OFF;
        }
    }
}
