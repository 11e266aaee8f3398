package io.aded.testing;

import java.util.SplittableRandom;

/**
 * Seeds of random tests: another one in every run, unless {@code -Daded.seed=N} says which. A test that fails must say
 * its seed, so that the run can be had again: {@link #run} does; whoever takes {@link #next} puts it into the description
 * of what is asserted.
 */
public final class Seeds {
    private static final String PROPERTY = "aded.seed";

    private Seeds() {}

    /** A test that is determined by its seed. */
    @FunctionalInterface
    public interface Seeded {
        void run(long seed) throws Exception;
    }

    /** The seed that was asked for, or a new one. */
    public static long next() {
        Long asked = Long.getLong(PROPERTY);
        return asked != null ? asked : new SplittableRandom().nextLong() >>> 16; // short enough to type
    }

    /** Runs a test with a seed, and says the seed if it fails. */
    public static void run(Seeded test) {
        long seed = next();
        try {
            test.run(seed);
        } catch (Exception | AssertionError e) {
            throw new AssertionError("with -D" + PROPERTY + "=" + seed + ": " + e.getMessage(), e);
        }
    }
}
