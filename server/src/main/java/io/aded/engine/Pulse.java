package io.aded.engine;

import io.aded.model.AdedException;
import org.jspecify.annotations.Nullable;

/**
 * The signs of life that the engine's thread gives: a store or two for each step, no clock and no lock. Written by the
 * engine's thread, read by any.
 */
final class Pulse {
    /** Steps begun; the lowest bit says whether one is under way. */
    private volatile long steps;

    private volatile long expectedNanos;
    private volatile @Nullable AdedException lost;

    /** A step begins: nobody waits for the engine but for what it does now. */
    @SuppressWarnings("NonAtomicOperationOnVolatileField") // one writer
    void begin() {
        expectedNanos = 0;
        steps = (steps | 1) + 2;
    }

    /** Within the step, a forward pass begins that should take so long. */
    void expect(double nanos) {
        expectedNanos = (long) nanos;
    }

    /** The engine has nothing to do until it is woken. */
    @SuppressWarnings("NonAtomicOperationOnVolatileField") // one writer
    void rest() {
        steps &= ~1L;
    }

    /** The engine has failed for good. */
    void lost(AdedException why) {
        lost = why;
    }

    /** Why it has failed, or null. */
    @Nullable
    AdedException lost() {
        return lost;
    }

    EnginePulse look() {
        long now = steps;
        return new EnginePulse(now >> 1, (now & 1) != 0, expectedNanos, lost);
    }
}
