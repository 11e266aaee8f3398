package io.aded.engine;

import java.util.Arrays;

/**
 * What forward passes cost by now, by the number of their tokens.
 *
 * @param nanos expected nanoseconds; element 0 is 0
 * @param measured whether a pass of that width was ever timed; the others lie between those that were
 */
public record PassCosts(double[] nanos, boolean[] measured) {
    /** Costs that were all measured. */
    public static PassCosts ofAll(double... nanos) {
        boolean[] measured = new boolean[nanos.length];
        Arrays.fill(measured, true);
        return new PassCosts(nanos, measured);
    }
}
