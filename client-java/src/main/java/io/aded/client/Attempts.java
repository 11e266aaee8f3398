package io.aded.client;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Calls that somebody waits for, tried as often as a policy says. */
final class Attempts {
    /** One attempt. */
    interface Attempt<T> {
        /**
         * Makes it.
         *
         * @param left until the time limit
         */
        T make(Duration left);
    }

    private Attempts() {}

    /**
     * What the first attempt that succeeds gives.
     *
     * @throws AdedClientException that of the last attempt
     */
    static <T> T of(RetryPolicy retry, Duration limit, Attempt<T> attempt) {
        long end = System.nanoTime() + limit.toNanos();
        Duration left = limit;
        for (int number = 1; ; number++) {
            try {
                return attempt.make(left);
            } catch (AdedClientException failed) {
                left = Duration.ofNanos(Math.max(1, end - System.nanoTime()));
                Duration pause = retry.pause(number, failed, left).orElseThrow(() -> failed);
                sleep(pause);
                left = Duration.ofNanos(Math.max(1, end - System.nanoTime()));
            }
        }
    }

    private static void sleep(Duration pause) {
        try {
            TimeUnit.NANOSECONDS.sleep(pause.toNanos());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new AdedClientException.Cancelled(
                    Failures.CANCELLED, "interrupted between two attempts", interrupted);
        }
    }
}
