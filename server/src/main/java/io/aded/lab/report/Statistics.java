package io.aded.lab.report;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

/** The few statistics that the benchmark needs. */
public final class Statistics {
    /** Draws of a bootstrap: the ends of a 95 % interval are then the 50th from either end. */
    private static final int RESAMPLES = 2000;

    /** With fewer prompts than this a bootstrap says nothing. */
    private static final int LEAST_UNITS = 3;

    private Statistics() {}

    /** exp of the mean logarithm; NaN for nothing. All values must be above 0. */
    public static double geometricMean(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += Math.log(value);
        }
        return Math.exp(sum / values.length);
    }

    /** The middle value, or the mean of the two in the middle; NaN for nothing. */
    public static double median(double[] values) {
        return quantile(values, 0.5);
    }

    /** Linear between the order statistics; NaN for nothing. */
    public static double quantile(double[] values, double share) {
        if (values.length == 0) {
            return Double.NaN;
        }
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        double at = share * (sorted.length - 1);
        int below = (int) Math.floor(at);
        int above = Math.min(sorted.length - 1, below + 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }

    /** Whether so many values have a percentile: at least one of them lies beyond it. The 99.9th takes 1,000 values. */
    public static boolean supports(double percentile, long count) {
        return count * (100 - percentile) >= 100 - 1e-6;
    }

    /**
     * The percentile bootstrap: prompts are drawn with replacement, as many as there are, and the statistic is taken of
     * each draw (Efron and Tibshirani, An Introduction to the Bootstrap, §13.3). A prompt is drawn with all its
     * repeats, since those are not independent.
     *
     * @param units how many prompts there are
     * @param statistic of a selection of their indices
     */
    public static Interval bootstrap(int units, long seed, ToDoubleFunction<int[]> statistic) {
        int[] all = new int[units];
        Arrays.setAll(all, i -> i);
        double estimate = units == 0 ? Double.NaN : statistic.applyAsDouble(all);
        if (units < LEAST_UNITS) {
            return new Interval(estimate, Double.NaN, Double.NaN);
        }
        SplittableRandom random = new SplittableRandom(seed);
        double[] values = new double[RESAMPLES];
        int[] drawn = new int[units];
        for (int i = 0; i < RESAMPLES; i++) {
            for (int j = 0; j < units; j++) {
                drawn[j] = random.nextInt(units);
            }
            values[i] = statistic.applyAsDouble(drawn);
        }
        return new Interval(estimate, quantile(values, 0.025), quantile(values, 0.975));
    }
}
