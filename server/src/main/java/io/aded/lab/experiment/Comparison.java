package io.aded.lab.experiment;

import io.aded.lab.report.Interval;
import org.jspecify.annotations.Nullable;

/**
 * One mode's speed over another's, on the same prompts.
 *
 * @param prompts how many were answered by both and long enough to be timed
 * @param speed tokens per second of decoding, all prompts together: ratio of sums
 * @param geometric geometric mean of the prompts' own ratios: each prompt counts the same
 * @param whole as {@code speed}, prefill included
 * @param ratios each prompt's own ratio, the median over its repeats
 * @param worst the lowest of them; NaN for none
 * @param worstId whose it is; null for none
 */
record Comparison(
        int prompts,
        Interval speed,
        Interval geometric,
        Interval whole,
        double[] ratios,
        double worst,
        @Nullable String worstId) {

    /** The share of prompts whose ratio is below a bound, in [0, 1]. */
    double shareBelow(double bound) {
        int below = 0;
        for (double ratio : ratios) {
            below += ratio < bound ? 1 : 0;
        }
        return ratios.length == 0 ? 0 : (double) below / ratios.length;
    }
}
