package io.aded.lab.experiment;

/**
 * How fast a run's answers without drafts were written.
 *
 * @param rate tokens a second, all answers together
 * @param low what a twentieth of the answers stayed below
 * @param high what a twentieth of them exceeded
 */
public record PlainRate(double rate, double low, double high) {
    /** What else is measured on another occasion may differ by so much without anything being the matter. */
    private static final double USUAL = 0.1;

    /** Whether another measurement of the same speed is beyond what these answers differ by, and a tenth more. */
    public boolean contradicts(double other) {
        return other < low * (1 - USUAL) || other > high * (1 + USUAL);
    }
}
