package io.aded.client;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * What happens when something is not there in time. Those who read an answer are then told, and what they do may block:
 * the timer's own thread is the only one of the process, and the common pool may have a single one, so it happens in
 * threads of this class.
 */
final class TimeLimits {
    private static final ExecutorService LATE =
            new ThreadPoolExecutor(0, Integer.MAX_VALUE, 5, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
                Thread thread = new Thread(task, "aded-client-late");
                thread.setDaemon(true);
                return thread;
            });

    private TimeLimits() {}

    /** Has {@code awaited} fail when the limit has passed, and tells of that; of any other end nothing is told. */
    @SuppressWarnings("FutureReturnValueIgnored") // nobody waits for what follows
    static void set(CompletableFuture<Void> awaited, Duration limit, Consumer<TimeoutException> late) {
        awaited.orTimeout(limit.toNanos(), TimeUnit.NANOSECONDS)
                .exceptionallyAsync(
                        thrown -> {
                            if (thrown instanceof TimeoutException passed) {
                                late.accept(passed);
                            }
                            return null;
                        },
                        LATE);
    }
}
