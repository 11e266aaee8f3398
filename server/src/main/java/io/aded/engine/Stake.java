package io.aded.engine;

/**
 * What an answer's drafts may lose: a little at first, a share of the time that the answer has taken, and what was won.
 *
 * <p>Owned by the engine thread.
 */
final class Stake {
    /*
     * Estimates that are right on average are wrong in single answers. A short one may end before a wrong guess is
     * earned back: 0.9 of a pass, what four tokens cost more than one on two cores, is a tenth of an answer of nine.
     * Of the recorded prompts that were slower than plain decoding by 3 % most had lost one to three such drafts, of
     * estimates that were not too high over all answers ("aded simulate", 2026-11-27). So no better estimate helps,
     * only smaller stakes: who has not won yet buys a node or two instead of three, and who wins buys what pays after a
     * round or two.
     *
     * As long as drafts cost what is believed, an answer of n tokens loses no more than FIRST + SHARE · n of a plain
     * token's time, and what the budget takes for as good as won.
     */

    /** What an answer's first draft may lose, in plain tokens. Other values: docs/decisions.md, "The budget". */
    private static final double FIRST = 0.5;

    /** What is added for each token of the answer, in plain tokens. */
    private static final double SHARE = 0.04;

    private double tokens;
    private double won;

    /** What the next draft may lose, in plain tokens; nothing where it is 0 or less. */
    double mayLose() {
        return FIRST + SHARE * tokens + won;
    }

    /** So many tokens of the answer were emitted in a round. */
    void emitted(int count) {
        tokens += count;
    }

    /** A draft saved so many plain tokens' time, or lost it. */
    void won(double saved) {
        won += saved;
    }
}
