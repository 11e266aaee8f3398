package io.aded.engine;

import java.util.Arrays;

/**
 * Estimates the logarithm of what passes cost, width by width, from noisy times: a Kalman filter over a few things that
 * widths have in common, and one that each has of its own.
 */
final class PassTimeFilter {
    /*
     * The model
     *
     *   log t(n) = pace + bend(n) + step(n) + share · prompts + noise
     *
     *   pace     what one token costs. All widths share it, and it drifts with every pass: other processes, clock
     *            rates.
     *   bend     how passes grow with their width: linear in log n between knots at 2, 4, 8, …, 0 at one token. Before
     *            anything is known each octave is believed to add what it adds on most machines, give or take a third.
     *            Where one adds less than that, so does the next: as long as weights are waited for, tokens are free.
     *   step     what is particular to a width up to STEPS: kernels compute tiles, so that 8 tokens may be cheaper than
     *            7. Steps are rarely larger than a quarter, and smaller the wider the pass.
     *   prompts  a prompt's tokens need no logits, so a pass with a share of them is cheaper, by as much as it is
     *            found.
     *
     *   A time observed of one width so tells something of all: most of its pace, some of its neighbours', little of
     *   others'. How much is not a matter of taste but Bayes' rule [1]: what was seen often moves little; and two
     *   widths that slow down at the same time share one cause, the pace, and do not move the rest twice.
     *
     * Why it matters
     *
     *   A budget looks for the cheapest width in reach. With one entry a width, each averaged over its own few passes,
     *   the cheapest is the one with the luckiest noise: on a shared machine, where the same pass takes 30 % more or
     *   less from one second to the next, passes that were chosen for their price took 1.4 times as long as believed,
     *   those of more than 40 drafts 3.5 times. By this model, 1.01 times.
     *
     * Noise
     *
     *   Its variance is estimated from the errors, so that a quiet machine is believed at once and a busy one by and
     *   by; the drift of the pace is a share of it. Errors are clipped at a few standard deviations: one stalled pass
     *   tells nothing; a machine that did become slower raises the estimate with each pass, and is believed after a
     *   dozen.
     *
     * Forgetting
     *
     *   What was seen long ago is trusted less: the steps return to nothing, and what is known of them and of the bend
     *   to what is usual. A width that nobody plays may have changed with the next narrower one that is played, or not;
     *   deviation() says how uncertain that is, and a budget tries it now and then.
     *
     * The covariance is symmetric: only its lower half is kept. An observation costs about (64 + 12)² / 2
     * multiplications.
     *
     * [1] Särkkä, Bayesian Filtering and Smoothing, §4.3 (the linear case).
     */

    /** The widest pass that has a step of its own. */
    static final int STEPS = 64;

    /**
     * The standard deviation of the steps of narrow passes; from {@link #TILE} on it falls with the root of the width.
     */
    private static final double STEP_DEVIATION = 0.25;

    private static final double TILE = 16;

    /** What an octave adds at first to the logarithm: up to eight tokens, and beyond. */
    private static final double NARROW_OCTAVE = 0.4;

    private static final double WIDE_OCTAVE = 0.6;
    private static final int NARROW_OCTAVES = 3;

    /** How far off that may be: the standard deviation an octave. */
    private static final double OCTAVE_DEVIATION = 0.35;

    /** The correlation of what neighbouring octaves add. */
    private static final double OCTAVE_CORRELATION = 0.7;

    /** How far prompts may be off: the standard deviation of what a pass of nothing else costs less. */
    private static final double PROMPT_DEVIATION = 0.3;

    /** How far the pace drifts in a pass: its variance, as a share of that of the noise. */
    private static final double PACE_DRIFT = 0.08;

    /** How far the bend drifts in a pass: the variance an octave. */
    private static final double BEND_DRIFT = 5e-5;

    /** Steps are forgotten at this rate a pass. */
    private static final double FORGETTING = 3e-4;

    /** Bend and steps drift once in so many passes, which touches the whole matrix. */
    private static final int FORGETTING_INTERVAL = 16;

    /** Errors are clipped at so many standard deviations. */
    private static final double CLIP = 2.5;

    /** How fast the variance of the noise follows, what it is at first, and its bounds. */
    private static final double NOISE_RATE = 0.04;

    private static final double FIRST_NOISE = 0.01;
    private static final double LEAST_NOISE = 1e-4;
    private static final double MOST_NOISE = 1;

    private final int octaves;
    private final int size;
    private final double[] mean;
    /** The lower half, the diagonal included. */
    private final double[][] covariance;

    /** How the bend is off, by octaves. */
    private final double[][] bend;

    /** What the pass in question depends on, and by how much: at most the pace, two knots, a step, and the prompts. */
    private final int[] part = new int[5];

    private final double[] factor = new double[5];
    private int parts;

    /** The covariance of the pass in question with everything. */
    private final double[] gain;

    private double noise = FIRST_NOISE;
    private int passes;

    /** Knows nothing yet but what is usual; the pace must be {@linkplain #setPace stated} first. */
    PassTimeFilter(int maxTokens) {
        octaves = Math.max(1, 32 - Integer.numberOfLeadingZeros(Math.max(1, maxTokens - 1)));
        bend = bend(octaves);
        size = 1 + octaves + (STEPS - 1) + 1;
        mean = new double[size];
        gain = new double[size];
        covariance = new double[size][];
        for (int row = 0; row < size; row++) {
            covariance[row] = new double[row + 1];
        }
        for (int octave = 1; octave <= octaves; octave++) {
            mean[octave] = mean[octave - 1] + (octave <= NARROW_OCTAVES ? NARROW_OCTAVE : WIDE_OCTAVE);
        }
        loosen(OCTAVE_DEVIATION * OCTAVE_DEVIATION);
        for (int width = 2; width <= STEPS; width++) {
            covariance[step(width)][step(width)] = stepVariance(width);
        }
        covariance[size - 1][size - 1] = PROMPT_DEVIATION * PROMPT_DEVIATION;
    }

    private int step(int width) {
        return octaves + width - 1;
    }

    private static double stepVariance(int width) {
        return STEP_DEVIATION * STEP_DEVIATION * Math.min(1, TILE / width);
    }

    /** One token costs e^{@code log}: all widths keep their ratios to it. */
    void setPace(double log) {
        mean[0] = log;
        covariance[0][0] = Math.max(covariance[0][0], noise);
    }

    /** The logarithm of what a pass of so many tokens is expected to cost, none of them a prompt's. */
    double logarithm(int width) {
        if (width == 1) {
            return mean[0];
        }
        int octave = octave(width);
        double beyond = beyond(width, octave);
        double bend = (octave == 0 ? 0 : mean[octave]) * (1 - beyond) + mean[octave + 1] * beyond;
        return mean[0] + bend + (width <= STEPS ? mean[step(width)] : 0);
    }

    /** The knot at or below a width, but never the last one. */
    private int octave(int width) {
        return Math.min(31 - Integer.numberOfLeadingZeros(width), octaves - 1);
    }

    /** How far a width is from that knot to the next, in log n. */
    private static double beyond(int width, int octave) {
        return Math.log((double) width / (1 << octave)) * (1 / Math.log(2));
    }

    /**
     * A pass took its time.
     *
     * @param width its tokens
     * @param share of them that were a prompt's and needed no logits, in [0, 1]
     * @param log the logarithm of its time
     */
    void observe(int width, double share, double log) {
        drift();
        parts = 0;
        depend(0, 1);
        depend(width);
        depend(size - 1, share);
        update(log, noise, CLIP);
    }

    /**
     * Passes off line were compared: one of so many tokens with one of a single token.
     *
     * @param log the logarithm of the ratio of their times
     * @param variance how far off that may be
     */
    void compare(int width, double log, double variance) {
        parts = 0;
        depend(width);
        double before = noise;
        update(log, variance, Double.MAX_VALUE);
        noise = before;
    }

    /** The standard deviation of what is believed of a width's ratio to one token, in logarithms. */
    double deviation(int width) {
        parts = 0;
        depend(width);
        double variance = 0;
        for (int i = 0; i < parts; i++) {
            for (int j = 0; j < parts; j++) {
                int row = Math.max(part[i], part[j]);
                variance += factor[i] * factor[j] * covariance[row][Math.min(part[i], part[j])];
            }
        }
        return Math.sqrt(Math.max(0, variance));
    }

    private void depend(int width) {
        if (width > 1) {
            int octave = octave(width);
            double beyond = beyond(width, octave);
            depend(octave, octave == 0 ? 0 : 1 - beyond);
            depend(octave + 1, beyond);
            depend(step(Math.min(width, STEPS)), width <= STEPS ? 1 : 0);
        }
    }

    private void depend(int on, double by) {
        if (by != 0) {
            part[parts] = on;
            factor[parts++] = by;
        }
    }

    private void drift() {
        covariance[0][0] += PACE_DRIFT * noise;
        if (++passes % FORGETTING_INTERVAL == 0) {
            loosen(BEND_DRIFT * FORGETTING_INTERVAL);
            forget(Math.pow(1 - FORGETTING, FORGETTING_INTERVAL));
        }
    }

    /** Adds to what the bend may be off, so much an octave: where a knot is off, those beyond it are, and by more. */
    private void loosen(double variance) {
        for (int octave = 1; octave <= octaves; octave++) {
            for (int earlier = 1; earlier <= octave; earlier++) {
                covariance[octave][earlier] += bend[octave][earlier] * variance;
            }
        }
    }

    /** The covariances of sums of the first octaves, for a variance of 1 each. */
    private static double[][] bend(int octaves) {
        double[][] sums = new double[octaves + 1][octaves + 1];
        for (int row = 1; row <= octaves; row++) {
            for (int column = 1; column <= octaves; column++) {
                sums[row][column] = sums[row - 1][column]
                        + sums[row][column - 1]
                        - sums[row - 1][column - 1]
                        + Math.pow(OCTAVE_CORRELATION, Math.abs(row - column));
            }
        }
        return sums;
    }

    /** Draws all steps towards nothing, and what is known of them towards what is usual. */
    private void forget(double kept) {
        int from = step(2);
        int to = step(STEPS);
        for (int row = from; row <= to; row++) {
            double[] line = covariance[row];
            scale(line, 0, from, kept);
            scale(line, from, row + 1, kept * kept);
            mean[row] *= kept;
            line[row] += (1 - kept * kept) * stepVariance(row - from + 2);
        }
        for (int row = to + 1; row < size; row++) {
            scale(covariance[row], from, to + 1, kept);
        }
    }

    /** A method of its own, and short: it is compiled soon, while the rest is done too seldom to be. */
    private static void scale(double[] line, int from, int to, double by) {
        for (int column = from; column < to; column++) {
            line[column] *= by;
        }
    }

    private void update(double log, double noiseHere, double clip) {
        double variance = noiseHere;
        double expected = 0;
        Arrays.fill(gain, 0);
        for (int i = 0; i < parts; i++) {
            addColumn(part[i], factor[i]);
            expected += factor[i] * mean[part[i]];
        }
        for (int i = 0; i < parts; i++) {
            variance += factor[i] * gain[part[i]];
        }
        double most = clip * Math.sqrt(variance);
        double error = Math.clamp(log - expected, -most, most);
        for (int row = 0; row < size; row++) {
            double weight = gain[row] / variance;
            mean[row] += weight * error;
            double[] line = covariance[row];
            for (int column = 0; column <= row; column++) {
                line[column] -= weight * gain[column];
            }
        }
        noise = Math.clamp(noise + NOISE_RATE * (error * error - variance), LEAST_NOISE, MOST_NOISE);
    }

    /** Adds a column of the covariance, {@code by} times, to the gain. */
    private void addColumn(int column, double by) {
        double[] line = covariance[column];
        for (int row = 0; row < column; row++) {
            gain[row] += by * line[row];
        }
        for (int row = column; row < size; row++) {
            gain[row] += by * covariance[row][column];
        }
    }
}
