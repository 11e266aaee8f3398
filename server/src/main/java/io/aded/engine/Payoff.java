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
     *   buckets say. Trust is the ratio of accepted to predicted draft tokens, with a prior worth a few tokens and a
     *   slow decay. It multiplies the estimates in the budget. Rounds without a draft count too: the tree that the
     *   drafter had, but the budget did not buy, is checked against the token that came, as far as its first level. So
     *   trust stays live while nothing is spent.
     *
     * Rest
     *
     *   The balance is the time that drafts saved against decoding the same tokens one at a time, in passes, with decay.
     *   When it sinks below a limit the stream rests: no draft for a number of rounds that doubles with every failed
     *   return. This bounds what a text on which the estimates are wrong can lose.
     *
     * Probes
     *
     *   What is never tried is never found out: if drafts do not pay because wide passes are dear, only a wide pass can
     *   tell that they have become cheap. After a while without a draft one likely node is bought against the odds. With
     *   a chance of at least one half, at the worst price of a whole pass, that loses at most 1.6 %.
     */
    private static final int PROBE_INTERVAL = 32;

    private static final double LEAST_PROBE_CHANCE = 0.5;

    private static final double PRIOR_TOKENS = 6;
    private static final double PRIOR_TRUST = 0.95;
    private static final double TRUST_DECAY = 0.97;
    private static final double BALANCE_DECAY = 0.98;
    private static final double LARGEST_DEBT = 2.0;
    private static final int FIRST_REST = 8;
    private static final int LONGEST_REST = 64;

    private double predicted;
    private double delivered;
    private double balance;
    private int rest;
    private int nextRest = FIRST_REST;
    private final int[] guesses = new int[8];
    private int unbought;
    private int roundsWithout;
    private double unboughtExpected;

    /** Delivered over predicted, around 1. */
    double trust() {
        double trust = (delivered + PRIOR_TOKENS * PRIOR_TRUST) / (predicted + PRIOR_TOKENS);
        return Math.min(1.25, trust);
    }

    /** Whether to decode this round without a draft. Counts the round. */
    boolean resting() {
        if (rest > 0) {
            rest--;
            return true;
        }
        return false;
    }

    /**
     * A round with a draft is over.
     *
     * @param expected Σ of the estimates of the verified nodes
     * @param accepted draft tokens accepted
     * @param savedPasses time saved, in units of a plain pass; negative if the draft cost more than it gave
     */
    void drafted(double expected, int accepted, double savedPasses) {
        roundsWithout = 0;
        predicted = predicted * TRUST_DECAY + expected;
        delivered = delivered * TRUST_DECAY + accepted;
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

    /** The budget bought nothing of this tree; its first level is kept to be compared with what comes. */
    void rememberUnbought(TokenTree tree) {
        unbought = 0;
        unboughtExpected = 0;
        for (int child = tree.firstChild(0); child >= 0 && unbought < guesses.length; child = tree.nextSibling(child)) {
            guesses[unbought++] = tree.token(child);
            unboughtExpected += tree.probability(child);
        }
    }

    /** A round without a draft is over, and {@code token} came. */
    void unbought(int token) {
        if (unbought == 0) {
            return;
        }
        int accepted = 0;
        for (int i = 0; i < unbought; i++) {
            accepted += guesses[i] == token ? 1 : 0;
        }
        unbought = 0;
        predicted = predicted * TRUST_DECAY + unboughtExpected;
        delivered = delivered * TRUST_DECAY + accepted;
    }
}
