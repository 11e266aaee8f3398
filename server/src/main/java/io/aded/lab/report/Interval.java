package io.aded.lab.report;

/**
 * An estimate and how far it can be trusted.
 *
 * @param estimate from all the data
 * @param low lower end of the 95 % confidence interval; NaN if there were too few prompts for one
 * @param high upper end
 */
public record Interval(double estimate, double low, double high) {
    /** No data. */
    public static final Interval NONE = new Interval(Double.NaN, Double.NaN, Double.NaN);

    /** Whether there are bounds. */
    public boolean hasBounds() {
        return !Double.isNaN(low);
    }
}
