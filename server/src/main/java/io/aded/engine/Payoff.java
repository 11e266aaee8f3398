package io.aded.engine;

import io.aded.model.TokenTree;

/**
 * What drafting has been worth to one stream: how far its drafter's estimates can be believed, and whether to rest.
 */
final class Payoff {
    /*
     * Trust
     *
     *   The drafter's probabilities are calibrated over many rounds; a stream may still be easier or harder than its
     *   buckets say. Trust, the ratio of accepted to predicted draft tokens, multiplies the estimates in the budget.
     *   While nothing is bought it drifts back to where it started, and the drafter goes on learning from every token.
     *
     * Rest
     *
     *   The balance is the time that drafts saved against decoding the same tokens one at a time, in passes, with decay.
     *   The drafter's own time on the host is charged as well, in every round in which it was asked. When the balance
     *   sinks below a limit the stream rests: no draft for a number of rounds that doubles with every failed return.
     *   This bounds what a text on which the estimates are wrong can lose.
     *
     * Appetite
     *
     *   Drafting costs microseconds a node, which matters where passes are short or streams are many. So a stream drafts
     *   about twice what the budget bought of its trees lately, and more at once when the budget bought all.
     *
     * Probes
     *
     *   What is never tried is never found out: if drafts do not pay because wide passes are dear, only a wide pass can
     *   tell that they have become cheap. After a while without a draft one likely node is bought against the odds. With
     *   a chance of at least one half, at the worst price of a whole pass, that loses at most 1.6 %.
     */
    private static final int LEAST_APPETITE = 6;

    private static final double WANTED_DECAY = 0.9;
    private static final int PROBE_INTERVAL = 32;

    private static final double LEAST_PROBE_CHANCE = 0.5;

    private static final double BALANCE_DECAY = 0.98;
    private static final double LARGEST_DEBT = 2.0;
    private static final int FIRST_REST = 8;
    private static final int LONGEST_REST = 64;

    private final Trust trust;
    private double balance;
    private double wanted = 8;
    private int rest;
    private int nextRest = FIRST_REST;
    private int roundsWithout;

    /** A stream's, that believes at first what the engine's streams have found. */
    Payoff(Trust ofEngine) {
        trust = ofEngine.ofStream();
    }

    /** Delivered over predicted, around 1. */
    double trust() {
        return trust.value();
    }

    /** Whether the stream rests in this round; to be asked once a round. */
    boolean rests() {
        if (rest > 0) {
            rest--;
            return true;
        }
        return false;
    }

    /** How many nodes are worth drafting, whatever they turn out to be worth. */
    int appetite() {
        return (int) (LEAST_APPETITE + 2 * wanted);
    }

    /** Of a tree of {@code drafted} nodes the budget bought {@code bought}. */
    void granted(int bought, int drafted) {
        wanted = Math.max(bought, WANTED_DECAY * wanted);
        if (bought == drafted) {
            wanted = Math.max(wanted, 2 * bought);
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
            rest = nextRest;
            nextRest = Math.min(LONGEST_REST, nextRest * 2);
            balance = -LARGEST_DEBT / 2;
        } else if (balance > 0) {
            nextRest = FIRST_REST;
        }
    }

    /** Whether to buy the first node of this tree, which the budget did not want, to learn what it costs and gives. */
    boolean probes(TokenTree tree) {
        roundsWithout++;
        return roundsWithout >= PROBE_INTERVAL
                && tree.size() > 1
                && trust() * tree.probability(1) >= LEAST_PROBE_CHANCE;
    }
}
