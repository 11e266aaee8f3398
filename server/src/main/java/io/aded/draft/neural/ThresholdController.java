package io.aded.draft.neural;

/**
 * When a chain ends, as published: after a token of which the draft model is less sure than a threshold, which follows
 * the share of drafted tokens that are accepted (Zhang et al., Draft &amp; Verify: Lossless Large Language Model
 * Acceleration via Self-Speculative Decoding, ACL 2024, arXiv 2309.08168, section 3.4, "Adaptive Draft-Exiting
 * Mechanism").
 */
final class ThresholdController {
    /*
     * After each verification of a draft, with AR the share of its tokens that were accepted:
     *
     *     AR  ←  β1 · AR + (1 − β1) · AR_now
     *     γ'  =  γ + ε   if AR is below its target α,
     *            γ       else if the draft was as long as it may be: it did not end by the threshold,
     *            γ − ε   else;
     *     γ   ←  β2 · γ + (1 − β2) · γ'
     *
     * The token that falls below the threshold is the chain's last, not the first one left out. The constants, and AR
     * = 0 and γ = 0.8 to begin with, are those of the authors' program (dilab-zju/self-speculative-decoding,
     * decoding.py: max_step_draft 8, th_stop_draft 0.8, auto_parameters 1, 0.5, 0.9, 0.01, 0.9).
     */
    private static final double RATE_MEMORY = 0.5;

    private static final double THRESHOLD_MEMORY = 0.9;
    private static final double TARGET_RATE = 0.9;
    private static final double STEP = 0.01;
    private static final double FIRST_THRESHOLD = 0.8;

    /** Its longest chain. */
    static final int LONGEST = 8;

    private double rate;
    private double threshold = FIRST_THRESHOLD;

    /** Whether the chain goes on after a token that the model gave this probability. */
    boolean goesOn(float probability) {
        return probability >= threshold;
    }

    /**
     * A draft was verified.
     *
     * @param drafted its tokens, at least 1
     * @param accepted those that were accepted
     * @param bound how many it might have had
     */
    void verified(int drafted, int accepted, int bound) {
        rate = RATE_MEMORY * rate + (1 - RATE_MEMORY) * accepted / drafted;
        double next = threshold;
        if (rate < TARGET_RATE) {
            next += STEP;
        } else if (drafted < bound) {
            next -= STEP;
        }
        threshold = THRESHOLD_MEMORY * threshold + (1 - THRESHOLD_MEMORY) * next;
    }

    /** γ. */
    double threshold() {
        return threshold;
    }
}
