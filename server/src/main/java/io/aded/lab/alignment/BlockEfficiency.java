package io.aded.lab.alignment;

/**
 * How many tokens a pass of the target yields while a draft model proposes chains.
 *
 * <p>Goel et al. (arXiv 2403.00858) call it <i>block efficiency</i> τ: tokens generated for each pass of the target,
 * at most γ + 1 for chains of γ drafts. From it they reckon the <i>memory-bound speed-up</i>
 * MBSU = τ ÷ (c·γ + 1), where c is the size of the draft model in parts of the target's: what is gained where time goes
 * by the bytes of weights that are read.
 */
final class BlockEfficiency {
    private BlockEfficiency() {}

    /**
     * What became of an answer.
     *
     * @param tokens of the answer that were counted
     * @param passes of the target that they took
     */
    record Tally(long tokens, long passes) {
        static final Tally NONE = new Tally(0, 0);

        Tally plus(Tally other) {
            return new Tally(tokens + other.tokens, passes + other.passes);
        }

        /** Tokens a pass; NaN for none. */
        double efficiency() {
            return passes == 0 ? Double.NaN : (double) tokens / passes;
        }
    }

    /**
     * Plays greedy chains over an answer: γ tokens are drafted, those before the first that the target would not say
     * are accepted, and the target's own token follows.
     *
     * @param agrees whether the draft's best token is the target's, at each of the first {@code positions} positions
     * @param chain γ, at least 1
     */
    static Tally greedy(boolean[] agrees, int positions, int chain) {
        long passes = 0;
        int at = 0;
        while (at < positions) {
            int accepted = 0;
            while (accepted < chain && at + accepted < positions && agrees[at + accepted]) {
                accepted++;
            }
            // At the end there may be no token left for the target to add.
            at = Math.min(positions, at + accepted + 1);
            passes++;
        }
        return new Tally(positions, passes);
    }

    /**
     * What chains yield where each draft is accepted with the same probability, independently (Leviathan et al.,
     * arXiv 2211.17192, equation 1).
     *
     * @param acceptance from 0 to 1
     */
    static double expected(double acceptance, int chain) {
        double sum = 1;
        double power = 1;
        for (int i = 0; i < chain; i++) {
            power *= acceptance;
            sum += power;
        }
        return sum;
    }

    /**
     * MBSU.
     *
     * @param efficiency τ
     * @param relativeSize c: parameters of the draft model ÷ parameters of the target
     */
    static double memoryBoundSpeedUp(double efficiency, double relativeSize, int chain) {
        return efficiency / (relativeSize * chain + 1);
    }
}
