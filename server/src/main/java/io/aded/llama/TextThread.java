package io.aded.llama;

import io.aded.model.AdedException;
import io.aded.model.Patience;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Runs native code on a text that a caller wrote, on a thread of its own with the stack that the text may take.
 *
 * <p>Most pre-tokenisers are regular expressions of C++'s standard library, which calls itself once or more for every
 * character of a word: {@link #BYTES_A_CHARACTER} says how much stack that is. A thread's stack is a reservation; what
 * a text does not use is never touched, and what it did use goes back with the thread. Starting one costs some fifty
 * microseconds, a thousandth of what the prompt's passes will take.
 */
final class TextThread {
    /**
     * Measured over all pre-tokenisers and 40 kinds of text: at most 800 bytes a character on b4916 (tekken, gpt-4o)
     * and 352 on v0.5.0.
     */
    static final int BYTES_A_CHARACTER = 1024;

    /** Characters whose stack fits on any thread beside all else, some 200 KiB of at least a megabyte. */
    static final int FIT_ANYWHERE = 200;

    /** What everything else on the stack takes, Java's own frames included. */
    private static final long REST = 1 << 20;

    /** Threads that split texts at one time; more would only take turns on the processors. */
    private static final Semaphore PLACES =
            new Semaphore(Math.max(2, Runtime.getRuntime().availableProcessors()), true);

    private TextThread() {}

    /** Work that looks now and then whether it is still wanted. */
    interface Work<T> {
        T run(AtomicBoolean abandoned);
    }

    /**
     * Runs something and waits for it. An interrupt ends the waiting; the work is told, and ends when it looks. What is
     * short is done at once, on this thread.
     *
     * @param length of the text
     * @param characters the longest run of characters that one word of the text can have
     * @throws AdedException.Cancelled if this thread is interrupted
     */
    static <T> T run(int length, int characters, Work<T> work) {
        if (length <= TextSplitter.SMALL_PIECE && characters <= FIT_ANYWHERE) {
            return work.run(new AtomicBoolean());
        }
        Task<T> task = new Task<>(work);
        try {
            PLACES.acquire();
            boolean started = false;
            try {
                Thread thread = new Thread(null, task, "aded-text", REST + (long) characters * BYTES_A_CHARACTER);
                thread.setDaemon(true);
                thread.start();
                started = true;
                return task.result(thread);
            } finally {
                if (!started) {
                    PLACES.release();
                }
            }
        } catch (InterruptedException e) {
            task.abandoned.set(true);
            Thread.currentThread().interrupt();
            throw new AdedException.Cancelled("the caller no longer waits for its text to be split into tokens");
        }
    }

    private static final class Task<T> implements Runnable {
        private final Work<T> work;
        private final Patience.Limit patience = Patience.current();
        private final AtomicBoolean abandoned = new AtomicBoolean();
        private @Nullable T result;
        private @Nullable Throwable thrown;

        Task(Work<T> work) {
            this.work = work;
        }

        @Override
        public void run() {
            try {
                result = Patience.during(patience, () -> work.run(abandoned));
            } catch (Throwable failed) { // thrown again by whoever waits
                thrown = failed;
            } finally {
                PLACES.release();
            }
        }

        /** The end of a thread publishes what it wrote to whoever joined it. */
        T result(Thread thread) throws InterruptedException {
            thread.join();
            if (thrown instanceof RuntimeException failed) {
                throw failed;
            }
            if (thrown instanceof Error failed) {
                throw failed;
            }
            if (result == null) {
                throw new AssertionError("neither a result nor a failure");
            }
            return result;
        }
    }
}
