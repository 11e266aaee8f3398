package io.aded.telemetry;

import java.time.Instant;
import java.time.InstantSource;

/**
 * Turns readings of {@link System#nanoTime} into nanoseconds since the epoch.
 *
 * <p>The two clocks are compared once, at the start. All spans of the process therefore keep the order and the distances
 * of the monotonic clock, even if the wall clock is set while we run; the price is that a wall clock which is later
 * corrected by some milliseconds is not followed.
 *
 * @param offsetNanos what to add to a reading
 */
record EpochClock(long offsetNanos) {

    /** Compares the clocks. The monotonic one is read on both sides of the other, and the middle is taken. */
    static EpochClock anchored(InstantSource wall) {
        long before = System.nanoTime();
        Instant now = wall.instant();
        long after = System.nanoTime();
        long epochNanos = now.getEpochSecond() * 1_000_000_000L + now.getNano();
        return new EpochClock(epochNanos - (before + (after - before) / 2));
    }

    long epochNanos(long nanoTime) {
        return nanoTime + offsetNanos;
    }
}
