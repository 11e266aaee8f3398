package io.aded.lab.load;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The run's clock, and its way of waiting. */
interface Pace {
    /** Never goes back; from an arbitrary origin. */
    long nanos();

    /** Waits until the clock shows {@code nanos}; false if the run was stopped. */
    boolean sleepUntil(long nanos) throws InterruptedException;

    /** Ends all waiting, now and later. */
    void stop();

    /** That of this machine. */
    static Pace ofSystem() {
        CountDownLatch stopped = new CountDownLatch(1);
        return new Pace() {
            @Override
            public long nanos() {
                return System.nanoTime();
            }

            @Override
            public boolean sleepUntil(long nanos) throws InterruptedException {
                return !stopped.await(nanos - nanos(), TimeUnit.NANOSECONDS);
            }

            @Override
            public void stop() {
                stopped.countDown();
            }
        };
    }
}
