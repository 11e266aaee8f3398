package io.aded.cli;

import io.aded.llama.ProcessEnd;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a server does when it is told to stop: it drains, and it ends within its grace whatever happens. Native code may
 * be stuck, and then neither the engine's thread nor {@link System#exit} ever returns; so a thread that waits for
 * nobody halts the process when the time is over.
 *
 * <p>The first signal of any kind starts it; further ones of another kind change nothing.
 */
final class Shutdown implements Runnable {
    /** Of the grace, what is kept for closing after the last answer was cut: a tenth, within this, at most half. */
    private static final Duration LEAST_FOR_CLOSING = Duration.ofSeconds(1);

    private static final Duration MOST_FOR_CLOSING = Duration.ofSeconds(3);

    /** With no time for answers there is still something to close. */
    private static final Duration LEAST = Duration.ofSeconds(2);

    private final Server server;
    private final Consumer<String> notes;
    private volatile @Nullable Duration grace;
    private boolean begun;

    /** What is to stop. */
    interface Server {
        /** Lets running answers end for so long, then cuts them, and lets whoever waits for the end go on. */
        void drain(Duration time);

        /** Ends everything at once. */
        void close();
    }

    Shutdown(Server server, Consumer<String> notes) {
        this.server = server;
        this.notes = notes;
    }

    /** There is something to drain from now on; before, the process just ends. */
    void drainFor(Duration time) {
        grace = time;
    }

    @Override
    public void run() {
        Duration whole = grace;
        if (!begin()) {
            return;
        }
        Duration limit = whole == null || whole.compareTo(LEAST) < 0 ? LEAST : whole;
        Thread.ofPlatform().daemon(true).name("aded-halt").start(() -> haltAfter(limit));
        if (whole == null) {
            notes.accept("Stopped before the model was loaded.");
            server.close();
            System.exit(ExitCode.OK.code()); // it was told to stop, and did
        } else {
            Duration answers = answers(whole);
            notes.accept("Stopping; running answers may take " + answers.toSeconds()
                    + " s more. The same signal again stops at once.");
            server.drain(answers);
        }
    }

    private synchronized boolean begin() {
        boolean first = !begun;
        begun = true;
        return first;
    }

    /** How long answers may go on, of a grace. */
    static Duration answers(Duration grace) {
        long closing = Math.clamp(grace.toNanos() / 10, LEAST_FOR_CLOSING.toNanos(), MOST_FOR_CLOSING.toNanos());
        return grace.minusNanos(Math.min(closing, grace.toNanos() / 2));
    }

    private void haltAfter(Duration limit) {
        try {
            TimeUnit.NANOSECONDS.sleep(limit.toNanos());
        } catch (InterruptedException e) {
            return; // nobody does
        }
        StringBuilder text = new StringBuilder("aded: did not stop within " + limit.toSeconds()
                + " s of being told to; the process ends now. What its threads are at:");
        for (Map.Entry<Thread, StackTraceElement[]> thread :
                Thread.getAllStackTraces().entrySet()) {
            StackTraceElement[] frames = thread.getValue();
            if (thread.getKey().getName().startsWith("aded-") && frames.length > 0) {
                text.append("\n  ")
                        .append(thread.getKey().getName())
                        .append(": ")
                        .append(frames[0]);
            }
        }
        notes.accept(text.toString());
        ProcessEnd.halt(ExitCode.OVERDUE.code());
    }
}
