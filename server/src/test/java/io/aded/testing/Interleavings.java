package io.aded.testing;

import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.StressOptions;

/**
 * Tries a structure in many orders of execution. A specification is a class with a few {@code @Operation}s; Lincheck
 * makes up scenarios of two threads, runs them in many interleavings, and fails if any of the outcomes could not have
 * come about by running the same operations one after the other.
 *
 * <p>{@code -Daded.interleavings=100} tries a hundred scenarios of each instead of the few of an ordinary build.
 *
 * <p>Lincheck rewrites the classes that it meets while they run. Where a thousand others have been loaded and compiled,
 * all of them pay for it, and Lincheck, which takes what is slow for what hangs, may be wrong about it. Classes that
 * try interleavings therefore carry the {@link #TAG}, by which the build gives them a process of their own.
 */
public final class Interleavings {
    /** Marks a test class that belongs into the process for these. */
    public static final String TAG = "interleavings";

    private static final int SCENARIOS = Integer.getInteger("aded.interleavings", 4);
    private static final int EACH = SCENARIOS > 20 ? 2_000 : 150;

    private Interleavings() {}

    /** Chooses the thread switches itself: exhaustive for short scenarios, and what it finds it finds every time. */
    public static void explore(Class<?> specification) {
        new ModelCheckingOptions()
                .iterations(SCENARIOS)
                .invocationsPerIteration(EACH)
                .threads(2)
                .actorsPerThread(3)
                .check(specification);
    }

    /** Leaves the switches to the machine: for what the operating system has a part in. */
    public static void stress(Class<?> specification) {
        new StressOptions()
                .iterations(SCENARIOS)
                .invocationsPerIteration(EACH)
                .threads(2)
                .actorsPerThread(3)
                .check(specification);
    }
}
