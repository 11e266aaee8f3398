package io.aded.engine;

import io.aded.model.AdedException;
import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How turns end, each once: what it held is given back, its session takes the next turn, and its listener is told.
 *
 * <p>Owned by the engine thread. A turn that ends here neither runs nor waits any more; that is {@link Admission}'s
 * matter.
 */
final class TurnEndings {
    private final EngineOptions options;
    private final Residency residency;
    private final SessionMemory memory;
    private final QueuePlaces places;
    private final LongSupplier clock;
    private final Runnable publish;

    /**
     * Endings of an engine's turns.
     *
     * @param publish makes the engine's status current; called before the listener, which may ask for it
     */
    TurnEndings(
            EngineOptions options,
            Residency residency,
            SessionMemory memory,
            QueuePlaces places,
            LongSupplier clock,
            Runnable publish) {
        this.memory = memory;
        this.options = options;
        this.residency = residency;
        this.places = places;
        this.clock = clock;
        this.publish = publish;
    }

    /** It has its answer, or as much of it as there will be. */
    void finish(LocalTurn turn, FinishReason reason) {
        turn.finish(reason);
        TurnResult result = turn.result(reason, clock.getAsLong());
        conclude(turn, reason.name().toLowerCase(Locale.ROOT), null);
        AdedException fault = turn.fault();
        AnswerRecorder recorder = options.recorder();
        if (recorder != null) {
            TurnFault.quietly("recording an answer", () -> turn.recordTo(recorder, reason));
        }
        TurnListener listener = turn.listener();
        TurnFault.quietly(
                "telling a listener",
                fault == null ? () -> listener.onFinished(result) : () -> listener.onFailed(fault));
    }

    /** It cannot go on; what was emitted stands. */
    void fail(LocalTurn turn, AdedException failure) {
        conclude(turn, "error", failure);
        TurnFault.quietly("telling a listener", () -> turn.listener().onFailed(failure));
    }

    /** It failed, was cancelled, or its time was over at {@code now}: its deadline, or its longest wait. */
    void expire(LocalTurn turn, long now) {
        AdedException fault = turn.fault();
        if (fault != null) {
            turn.session().turnFailed();
            fail(turn, fault);
        } else if (turn.isCancelled()) {
            finish(turn, FinishReason.CANCELLED);
        } else if (now >= turn.request().deadlineNanos()) {
            fail(turn, new AdedException.DeadlineExceeded("DEADLINE", "the call's deadline passed"));
        } else {
            fail(
                    turn,
                    new AdedException.ResourceExhausted(
                            "QUEUE_WAIT",
                            "no place became free within " + options.maxWait().toSeconds()
                                    + " s, the longest that a turn may wait; try again later",
                            Duration.ofSeconds(1)));
        }
    }

    /** Each step is done whatever became of the one before; only what keeps the cache's account may fail the engine. */
    private void conclude(LocalTurn turn, String reason, @Nullable AdedException failure) {
        LocalSession session = turn.session();
        TurnFault.quietly("closing a sampler", turn.sampler()::close);
        try {
            session.turnEnded(turn);
        } catch (RuntimeException | Error e) {
            turn.fail(e);
        }
        places.giveBack();
        TurnFault.quietly("the telemetry of a turn", () -> turn.reportEnd(reason, failure));
        if (session.isClosed()) {
            residency.forget(session);
        } else {
            memory.update(session);
        }
        publish.run();
    }
}
