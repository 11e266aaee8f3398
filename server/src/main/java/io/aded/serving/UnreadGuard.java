package io.aded.serving;

import io.aded.model.AdedException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Ends an answer whose caller does not read it. Such a turn is left out of passes, and so costs no computing; but it
 * holds its place among those that run, its cells and its caller's fair share, for which others wait.
 */
final class UnreadGuard {
    private final AnswerSink sink;
    private final Duration longest;
    private final Conversations.Alarm alarm;
    private final Consequence consequence;

    /** Calls the alarm off; only the engine's thread sets and reads it. */
    private @Nullable Runnable callOff;

    /** What happens then. */
    @FunctionalInterface
    interface Consequence {
        /** The caller has not read for too long. */
        void unread(AdedException reason);
    }

    /** Makes one for each turn. */
    @FunctionalInterface
    interface Factory {
        /** A guard over what one turn sends. */
        UnreadGuard guard(AnswerSink sink, Consequence consequence);
    }

    UnreadGuard(AnswerSink sink, Duration longest, Conversations.Alarm alarm, Consequence consequence) {
        this.sink = sink;
        this.longest = longest;
        this.alarm = alarm;
        this.consequence = consequence;
    }

    /** The caller does not read: the time that they have for it begins, unless it has begun. */
    void watch() {
        if (callOff == null) {
            callOff = alarm.after(longest, this::ring);
        }
    }

    private void ring() {
        if (!sink.isReady()) {
            consequence.unread(AdedException.ResourceExhausted.forGood(
                    "NOT_READ",
                    "the answer was not read for " + longest.toMillis()
                            + " ms, which is the limit, and others wait for its place"));
        }
    }

    /** The caller reads again, or nothing is to be read any more. */
    void over() {
        Runnable before = callOff;
        callOff = null;
        if (before != null) {
            before.run();
        }
    }
}
