package io.aded.testing;

import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * Where random tests begin. Each run is another one, unless {@code -Daded.seed=N} repeats a certain one; a test that
 * fails says which it was.
 */
public final class Seeds {
    private static final String PROPERTY = "aded.seed";
    private static final SplittableRandom FRESH = new SplittableRandom();

    private Seeds() {}

    /** The seed that was asked for, or a new one. Put it into the assertion's description. */
    public static synchronized long next() {
        Long asked = Long.getLong(PROPERTY);
        return asked == null ? FRESH.nextLong() : asked;
    }

    /** The seed that was asked for, or the test's own, where every run is to be the same. */
    public static long orElse(long usual) {
        return Long.getLong(PROPERTY, usual);
    }

    /** Runs a test with a generator that begins at {@link #next}; what it throws names the seed. */
    public static void with(Consumer<SplittableRandom> test) {
        long seed = next();
        try {
            test.accept(new SplittableRandom(seed));
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError(e.getMessage() + "\nto repeat it: -D" + PROPERTY + "=" + seed, e);
        }
    }
}
