package io.aded.draft.select;

import java.util.Arrays;

/**
 * Makes one probability of two: what the table and what the draft model say of the same guess.
 *
 * <p>It learns from every verified guess what each is worth, and so calibrates either where it speaks alone. It holds
 * no token: the streams of an engine share one. Not thread-safe.
 */
final class LogisticMixer {
    /*
     * Model:
     * Logistic mixing as in the PAQ compressors [1]. Each source's probability is stretched to its logit, the logits
     * are summed with learned weights and a bias, and the sum is squashed:
     *
     *     p = σ(w₀ + w_table · logit(p_table) + w_model · logit(p_model)),   σ(x) = 1 / (1 + e^-x)
     *
     * In this domain a source that is sure counts for more than one that shrugs, and a weight of 1 means "as it says".
     * There is a set of weights for each context: which of both have the guess on their list, how sure the table is of
     * its best, and where in the draft we are. A source that does not list a guess speaks all the same: it says "less
     * likely than all I list".
     *
     * Learning:
     * One step of gradient descent on the coding cost −ln p(outcome) a verified guess, as in PAQ: w += step · (outcome
     * − p) · input. The step is divided by the inputs' square [2], so that one guess moves the sum by the rate times
     * the error, however sure the sources are. The rate falls while a set is young and has a floor, so that weights
     * follow a text that changes.
     *
     * [1] M. Mahoney: Adaptive Weighing of Context Models for Lossless Data Compression. Florida Tech. Technical Report
     *     CS-2005-16, 2005
     * [2] normalised least mean squares: S. Haykin: Adaptive Filter Theory, ch. 6
     */

    /** Which of the sources list a guess. */
    static final int BOTH = 0;

    static final int TABLE_ONLY = 1;
    static final int MODEL_ONLY = 2;

    /** How sure the table is: see {@link #sureness}. */
    static final int SURENESSES = 5;

    /** Where we are: see {@link #place}. */
    static final int PLACES = 4;

    static final int CONTEXTS = 3 * SURENESSES * PLACES;

    /** Logits are kept within this: nobody knows 1 − 1 / 3000 from 1. */
    static final float LARGEST_LOGIT = 8;

    private static final int LONG_MATCH = 5;
    private static final float[] SURE = {0.1f, 0.3f, 0.6f, 0.85f};

    private static final int INPUTS = 3;

    /** What is believed of each kind at first: bias, table, model. */
    private static final float[][] PRIOR = {{0, 0.4f, 0.8f}, {0, 0.6f, 0.3f}, {0, 0.1f, 1}};

    private static final float SLOWEST_RATE = 0.1f;

    /** The sum of errors at which a set's rate has fallen half way. */
    private static final float SETTLING = 4;

    private static final float SETTLED = 1000;

    private final float[] weights = new float[CONTEXTS * INPUTS];
    /**
     * The sum of the errors that each set has learned from: a guess that was hardly possible teaches hardly anything.
     */
    private final float[] seen = new float[CONTEXTS];

    LogisticMixer() {
        for (int context = 0; context < CONTEXTS; context++) {
            System.arraycopy(PRIOR[context / (SURENESSES * PLACES)], 0, weights, context * INPUTS, INPUTS);
        }
    }

    /**
     * The context of a guess, from 0 to {@link #CONTEXTS}, exclusive.
     *
     * @param kind {@link #BOTH}, {@link #TABLE_ONLY} or {@link #MODEL_ONLY}
     */
    static int context(int kind, int sureness, int place) {
        return (kind * SURENESSES + sureness) * PLACES + place;
    }

    /** The bucket of the probability of the table's best guess, 0 to 4. */
    static int sureness(float best) {
        int bucket = 0;
        while (bucket < SURE.length && best >= SURE[bucket]) {
            bucket++;
        }
        return bucket;
    }

    /**
     * The bucket of a place in a draft, 0 to 3.
     *
     * @param depth of the node that a guess follows
     * @param match tokens that the end of the stream has in common with an earlier place
     */
    static int place(int depth, int match) {
        return (depth == 0 ? 0 : 1) + (match >= LONG_MATCH ? 2 : 0);
    }

    /** ln(p / (1 − p)), within ±{@value #LARGEST_LOGIT}. */
    static float logit(float probability) {
        double odds = probability / (1 - (double) probability);
        return Math.clamp((float) StrictMath.log(odds), -LARGEST_LOGIT, LARGEST_LOGIT);
    }

    /** The mixture of two logits. */
    float mix(int context, float table, float model) {
        int at = context * INPUTS;
        float sum = weights[at] + weights[at + 1] * table + weights[at + 2] * model;
        return (float) (1 / (1 + StrictMath.exp(-Math.clamp(sum, -2 * LARGEST_LOGIT, 2 * LARGEST_LOGIT))));
    }

    /**
     * A guess was verified.
     *
     * @param mixed what {@link #mix} said of it
     */
    void learn(int context, float table, float model, float mixed, boolean right) {
        float rate = SLOWEST_RATE + SETTLING / (SETTLING + seen[context]);
        float error = (right ? 1 : 0) - mixed;
        seen[context] = Math.min(SETTLED, seen[context] + Math.abs(error));
        float step = rate * error / (1 + table * table + model * model);
        int at = context * INPUTS;
        weights[at] += step;
        weights[at + 1] += step * table;
        weights[at + 2] += step * model;
    }

    /** Bias, weight of the table and weight of the model in a context: a copy. */
    float[] weights(int context) {
        return Arrays.copyOfRange(weights, context * INPUTS, (context + 1) * INPUTS);
    }
}
