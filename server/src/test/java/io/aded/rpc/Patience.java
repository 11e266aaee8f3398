package io.aded.rpc;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How long a client of a test waits for a message. Where many processes want the same two processors, a test gets a
 * hundredth of them for a while: what takes a second then takes minutes, and no time of the clock says whether
 * something hangs. What a server does for others says it.
 */
interface Patience {
    /** Takes the next message; null if there was no patience left. */
    <T> @Nullable T next(BlockingQueue<T> messages) throws InterruptedException;

    /** By the clock. */
    static Patience of(Duration longest) {
        return new Patience() {
            @Override
            public <T> @Nullable T next(BlockingQueue<T> messages) throws InterruptedException {
                return messages.poll(longest.toNanos(), TimeUnit.NANOSECONDS);
            }
        };
    }

    /**
     * By what the server does meanwhile.
     *
     * @param passes how many forward passes it has computed
     * @param mostPasses for so many it may serve others only
     * @param longestPause and so long it may compute none
     */
    static Patience ofPasses(LongSupplier passes, long mostPasses, Duration longestPause) {
        return new Patience() {
            @Override
            public <T> @Nullable T next(BlockingQueue<T> messages) throws InterruptedException {
                long first = passes.getAsLong();
                long last = first;
                long since = System.nanoTime();
                while (true) {
                    T message = messages.poll(100, TimeUnit.MILLISECONDS);
                    long now = passes.getAsLong();
                    if (now != last) {
                        last = now;
                        since = System.nanoTime();
                    }
                    if (message != null
                            || now - first > mostPasses
                            || System.nanoTime() - since > longestPause.toNanos()) {
                        return message;
                    }
                }
            }
        };
    }
}
