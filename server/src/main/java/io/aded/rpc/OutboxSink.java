package io.aded.rpc;

import io.aded.engine.Delta;
import io.aded.engine.RoundReport;
import io.aded.model.AdedException;
import io.aded.serving.AnswerEvent;
import io.aded.serving.AnswerSink;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Events as messages of a call, made and sent on the thread of its connection.
 *
 * @param <T> the messages
 */
final class OutboxSink<T> implements AnswerSink, ConnectionThread.Call {
    /*
     * Fewer messages while the connection is busy
     *
     *   The engine's thread puts an event down here and goes on; building the message, and all that gRPC does with it,
     *   is the work of the thread that writes it. What an answer grows by while its earlier events still wait for that
     *   thread goes into one message with them. So a connection that keeps up gets every round at once, and one that
     *   does not gets larger messages rather than more: a message costs the same whether it holds one token or ten, on
     *   our side and on the client's.
     *
     *   Nothing is held back for the sake of that, and nothing is reordered: a round's report, where it is asked for,
     *   stays between the deltas that it came between, and keeps them apart.
     *
     * Bounds
     *
     *   What waits here counts like what waits in the transport: beyond about as much as gRPC takes before it says that
     *   a call is not ready, the stream is left out of passes until the connection's thread has come by.
     */
    private static final int MOST_WAITING_BYTES = 32 << 10;

    private final Outbox<T> outbox;
    private final Writer<T> writer;
    private final String turn;
    private final @Nullable ConnectionThread thread;
    private Runnable ready = () -> {};
    private Runnable gone = () -> {};

    private final Object lock = new Object();
    private List<AnswerEvent> waiting = new ArrayList<>();
    private int waitingBytes;
    private volatile boolean full;

    /** Whether the transport took more when it was asked last: after each sending, and when it says so itself. */
    private volatile boolean taking = true;

    private boolean queued;
    private boolean ending;
    private @Nullable Throwable failure;

    // The connection's thread's own.
    private List<AnswerEvent> taken = new ArrayList<>();
    private final List<Delta> deltas = new ArrayList<>();

    /** Makes a message of an event. */
    @FunctionalInterface
    interface Writer<T> {
        /** The message. */
        T message(AnswerEvent event);
    }

    /**
     * The sending side of a call.
     *
     * @param outbox where messages go
     * @param turn the path of a turn's message, such as {@code turn.}; empty for a request
     * @param thread the connection's; null to send on whatever thread an event comes on
     */
    OutboxSink(Outbox<T> outbox, Writer<T> writer, String turn, @Nullable ConnectionThread thread) {
        this.outbox = outbox;
        this.writer = writer;
        this.turn = turn;
        this.thread = thread;
    }

    /**
     * Who is told how sending goes. To be called before the first event.
     *
     * @param whenReady more can be sent again
     * @param whenGone an event could not be sent, so the call is over
     */
    void tell(Runnable whenReady, Runnable whenGone) {
        ready = whenReady;
        gone = whenGone;
    }

    @Override
    public AdedException ofTurn(AdedException reason) {
        return FieldPaths.below(turn, false, reason) instanceof AdedException named ? named : reason;
    }

    @Override
    public void send(AnswerEvent event) {
        if (thread == null) {
            outbox.send(writer.message(event));
            return;
        }
        int bytes = bytes(event);
        synchronized (lock) {
            if (ending) {
                return;
            }
            waiting.add(event);
            waitingBytes += bytes;
            if (waitingBytes >= MOST_WAITING_BYTES) {
                full = true;
            }
            if (queued) {
                return;
            }
            queued = true;
        }
        thread.queue(this);
    }

    @Override
    public void complete() {
        end(null);
    }

    @Override
    public void fail(Throwable reason) {
        end(reason);
    }

    private void end(@Nullable Throwable reason) {
        if (thread == null) {
            endNow(reason);
            return;
        }
        synchronized (lock) {
            if (ending) {
                return;
            }
            ending = true;
            failure = reason;
            if (queued) {
                return;
            }
            queued = true;
        }
        thread.queue(this);
    }

    private void endNow(@Nullable Throwable reason) {
        if (reason == null) {
            outbox.complete();
        } else {
            outbox.fail(reason);
        }
    }

    /** {@inheritDoc} The engine asks for each stream and pass, so where it may go on this reads two flags. */
    @Override
    public boolean isReady() {
        return thread == null ? outbox.isReady() : taking && !full || outbox.isEnded();
    }

    /** The transport takes messages again. */
    void resume() {
        taking = true;
        ready.run();
    }

    /** The caller is gone; nothing more is taken or sent. */
    void abandon() {
        outbox.abandon();
        synchronized (lock) {
            ending = true;
            waiting.clear();
        }
    }

    // --- on the connection's thread

    @Override
    public void sendWaiting() {
        boolean wasFull;
        boolean ends;
        synchronized (lock) {
            List<AnswerEvent> empty = taken;
            taken = waiting;
            waiting = empty;
            wasFull = full;
            full = false;
            waitingBytes = 0;
            queued = false;
            ends = ending;
        }
        try {
            sendTaken();
            if (ends) {
                endNow(failure);
            }
        } catch (RuntimeException | Error e) {
            try {
                outbox.fail(e);
            } finally {
                gone.run(); // whatever becomes of the call: its turn must not wait for somebody to read
            }
        } finally {
            taken.clear();
        }
        look();
        if (wasFull) {
            ready.run();
        }
    }

    /** Asks whether the transport takes more. It may say so just before "no" is noted, so that is asked again. */
    private void look() {
        if (!outbox.isReady()) {
            taking = false;
        }
        if (!taking && outbox.isReady()) {
            resume();
        }
    }

    private void sendTaken() {
        for (int from = 0, to; from < taken.size(); from = to) {
            AnswerEvent first = taken.get(from);
            to = from + 1;
            while (to < taken.size() && taken.get(to - 1).goesOnWith(taken.get(to))) {
                to++;
            }
            outbox.send(writer.message(to == from + 1 ? first : joined(from, to)));
        }
    }

    private AnswerEvent joined(int from, int to) {
        AnswerEvent first = taken.get(from);
        for (int i = from; i < to; i++) {
            if (taken.get(i) instanceof AnswerEvent.Emitted emitted) {
                deltas.add(emitted.delta());
            }
        }
        try {
            return first instanceof AnswerEvent.Emitted emitted
                    ? new AnswerEvent.Emitted(emitted.model(), emitted.turn(), Delta.joined(deltas))
                    : first;
        } finally {
            deltas.clear();
        }
    }

    @Override
    public void drop() {
        abandon();
    }

    /** About what it takes as a message. */
    private static int bytes(AnswerEvent event) {
        return switch (event) {
            case AnswerEvent.Emitted emitted -> bytes(emitted.delta());
            case AnswerEvent.Round round -> bytes(round.report());
            case AnswerEvent.Opened _, AnswerEvent.Finished _ -> 256;
        };
    }

    private static int bytes(Delta delta) {
        List<Delta.TokenLogProbability> probabilities = delta.logProbabilities();
        int bytes = 24 + delta.text().length() + 3 * delta.tokens().length;
        if (probabilities != null) {
            for (Delta.TokenLogProbability probability : probabilities) {
                bytes += 20 + 20 * probability.alternatives().size();
            }
        }
        return bytes;
    }

    private static int bytes(RoundReport report) {
        return 64 + 32 * report.tokens().length;
    }
}
