package io.aded.draft.select;

import org.jspecify.annotations.Nullable;

/**
 * The choice among {@link Arm arms}: multiplicative weights (Hedge) with full information, by context.
 *
 * <p>Two of these: the engine's, which learns slowly from all streams and is where a new stream starts from, and the
 * stream's own on top of it. Not thread-safe.
 */
final class ArmWeights {
    /*
     * Hedge [1]: each arm has a weight, and a round that costs it a loss multiplies that by e^-(rate · loss). What an
     * arm would have cost is known, or forecast, also in rounds in which another was played, because the text is the
     * same whoever drafts it. So nothing has to be explored by playing it (HedgeSpec [2] does this for drafters of one
     * kind; here arms differ in cost, and the loss is time).
     *
     * The loss of an arm in a round is what its round takes less what its tokens are worth at the going rate, in plain
     * tokens. By renewal reward theory the arm of least mean loss is the fastest; time per token of single rounds would
     * punish arms whose rounds differ.
     *
     * Old losses fade, so weights cannot run away from each other farther than a text can change back in some dozens of
     * rounds. The arm of the largest weight is played. (To draw arms at random guards against texts that know the
     * draws; these don't, and a draw costs time.)
     *
     * A context is how long the end of the text matches an earlier place, and how many tokens ago a guess was rejected
     * (the arms differ by these most; Context-Aware Assistant Selection [3] learns its choice from the prompt alone).
     * What is seen in one context counts a quarter in the others.
     *
     * [1] Y. Freund, R. Schapire: A Decision-Theoretic Generalization of On-Line Learning. JCSS 55 (1), 1997
     * [2] Not-a-Bandit: Provably No-Regret Drafter Selection in Speculative Decoding for LLMs. arXiv:2510.20064
     * [3] Context-Aware Assistant Selection for Improved Inference Acceleration with LLMs. EMNLP 2024, arXiv:2408.08470
     */
    private static final int MATCHES = 3;
    private static final int RUNS = 3;
    static final int CONTEXTS = MATCHES * RUNS;

    private static final int LONG_MATCH = 5;
    private static final int LONG_RUN = 4;

    private static final double ENGINE_RATE = 0.1;
    private static final double ENGINE_KEEPS = 0.995;
    private static final double STREAM_RATE = 0.4;
    private static final double STREAM_KEEPS = 0.97;
    private static final double ELSEWHERE = 0.25;

    /** One round says no more than this, in plain tokens: it may have been a stall. */
    private static final double LARGEST_LOSS = 3;

    /**
     * To do without the table must look so much better, as a logarithm of weights: it costs next to nothing, and the
     * budget buys little of a draft that is of no use.
     */
    private static final double RELUCTANCE = 1.5;

    private final @Nullable ArmWeights general;
    private final double rate;
    private final double keeps;
    private final double[] logs = new double[CONTEXTS * Arm.COUNT];

    private ArmWeights(@Nullable ArmWeights general, double rate, double keeps) {
        this.general = general;
        this.rate = rate;
        this.keeps = keeps;
    }

    /** An engine's: all arms alike, but for the model alone, which a table costs nothing to stand beside. */
    static ArmWeights ofEngine() {
        ArmWeights weights = new ArmWeights(null, ENGINE_RATE, ENGINE_KEEPS);
        for (int context = 0; context < CONTEXTS; context++) {
            weights.logs[context * Arm.COUNT + Arm.MODEL.ordinal()] = -0.5;
        }
        return weights;
    }

    /** A new stream's. What it sees, the engine's sees as well. */
    ArmWeights ofStream() {
        return new ArmWeights(this, STREAM_RATE, STREAM_KEEPS);
    }

    /**
     * The context of a round.
     *
     * @param match tokens that the end of the text has in common with an earlier place
     * @param run tokens since a guess was rejected last
     */
    static int context(int match, int run) {
        int matches = match == 0 ? 0 : match < LONG_MATCH ? 1 : 2;
        int runs = run == 0 ? 0 : run < LONG_RUN ? 1 : 2;
        return matches * RUNS + runs;
    }

    /** Believes in advance that an arm loses so much a round less than the others, in plain tokens. */
    void favour(Arm arm, double gain) {
        double clipped = Math.clamp(gain, -LARGEST_LOSS, LARGEST_LOSS);
        for (int context = 0; context < CONTEXTS; context++) {
            logs[context * Arm.COUNT + arm.ordinal()] += rate * clipped / (1 - keeps);
        }
    }

    /** The logarithm of an arm's weight. */
    double log(int context, Arm arm) {
        double own = logs[context * Arm.COUNT + arm.ordinal()];
        return general == null ? own : own + general.log(context, arm);
    }

    /** The arm to play: both rather than the table, and these rather than the others. */
    Arm best(int context) {
        Arm best = Arm.BOTH;
        if (log(context, Arm.TABLE) > log(context, best)) {
            best = Arm.TABLE;
        }
        if (log(context, Arm.MODEL) > log(context, best) + RELUCTANCE) {
            best = Arm.MODEL;
        }
        return log(context, Arm.NONE) > log(context, best) + RELUCTANCE ? Arm.NONE : best;
    }

    /** An arm's share of all weights, in [0, 1], as a mean over the contexts. */
    double share(Arm arm) {
        double sum = 0;
        for (int context = 0; context < CONTEXTS; context++) {
            double all = 0;
            for (int other = 0; other < Arm.COUNT; other++) {
                all += Math.exp(log(context, Arm.of(other)) - log(context, arm));
            }
            sum += 1 / all;
        }
        return sum / CONTEXTS;
    }

    /**
     * A round is over.
     *
     * @param losses of each arm by its ordinal, in plain tokens: what its round would have taken less what its tokens
     *     are worth
     */
    void learn(int context, double[] losses) {
        double mean = 0;
        for (double loss : losses) {
            mean += Math.clamp(loss, -LARGEST_LOSS, LARGEST_LOSS) / Arm.COUNT;
        }
        for (int at = 0; at < logs.length; at++) {
            double counts = at / Arm.COUNT == context ? 1 : ELSEWHERE;
            double loss = Math.clamp(losses[at % Arm.COUNT], -LARGEST_LOSS, LARGEST_LOSS) - mean;
            // What counts less fades less as well, so that all contexts come to the same.
            logs[at] = logs[at] * (1 - counts * (1 - keeps)) - counts * rate * loss;
        }
        if (general != null) {
            general.learn(context, losses);
        }
    }
}
