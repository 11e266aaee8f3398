package io.aded.telemetry;

import java.time.Instant;
import java.time.InstantSource;
import java.util.function.LongSupplier;

/**
 * Turns readings of a monotonic nano clock into nanoseconds since the epoch.
 *
 * <p>The two clocks are compared once, at the start. All spans of the process therefore keep the order and the
 * distances of the monotonic clock, even if the wall clock is set while we run; the price is that a wall clock which is
 * later corrected by some milliseconds is not followed.
 *
 * @param nanoClock the monotonic clock
 * @param offsetNanos what to add to a reading
 */
record EpochClock(LongSupplier nanoClock, long offsetNanos) {

    /** Compares the clocks. The monotonic one is read on both sides of the other, and the middle is taken. */
    static EpochClock anchored(LongSupplier nanoClock, InstantSource wall) {
        long before = nanoClock.getAsLong();
        Instant now = wall.instant();
        long after = nanoClock.getAsLong();
        long epochNanos = now.getEpochSecond() * 1_000_000_000L + now.getNano();
        return new EpochClock(nanoClock, epochNanos - (before + (after - before) / 2));
    }

    /** A reading of the monotonic clock. */
    long nanoTime() {
        return nanoClock.getAsLong();
    }

    /** A reading of the monotonic clock, as nanoseconds since the epoch. */
    long epochNanos(long nanoTime) {
        return nanoTime + offsetNanos;
    }
}
