package io.aded.serving;

import io.aded.engine.Session;
import io.aded.model.AdedException;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A call for one answer: a session that lives for one turn. Thread-safe. Made by {@link Serving#answer}; a façade
 * connects its transport ({@link #ready}, {@link #gone}) before it calls {@link #start}.
 */
public final class SingleAnswer implements TurnRelay.Ending {
    private final AnswerSink sink;
    private final Backend backend;
    private final TurnStarter starter;
    private final PreparationPool pool;
    private final DraftLedger ledger;
    private final Executor executor;
    private final TurnRelay.Sending sending;
    private final AtomicBoolean closed = new AtomicBoolean();

    private volatile @Nullable Session session;
    private volatile @Nullable TurnRelay turn;
    private volatile boolean gone;

    SingleAnswer(
            AnswerSink sink,
            Backend backend,
            TurnStarter starter,
            PreparationPool pool,
            DraftLedger ledger,
            Executor executor,
            TurnRelay.Sending sending) {
        this.sink = sink;
        this.backend = backend;
        this.starter = starter;
        this.pool = pool;
        this.ledger = ledger;
        this.executor = executor;
        this.sending = sending;
    }

    /**
     * Starts the answer, once. What happens then, its end included, goes to the sink.
     *
     * @param model the model that the caller expects; empty for any
     * @throws AdedException if it cannot be started; the sink then hears nothing
     */
    public void start(String model, TurnInput input, Caller caller) {
        ServedModel served = backend.model(model);
        Generation defaults = Generation.of(served);
        TurnRelay relay = new TurnRelay(served, 1, sink, List.of(ledger), this, sending);
        try {
            pool.run(caller, () -> {
                ValidTurn valid = served.validator().validate(input, defaults, defaults, caller);
                Replicas.Arrival opened = served.replicas().openForTurn(caller.clientId());
                try {
                    session = opened.session();
                    turn = relay;
                    if (gone) { // the caller left while we were opening, and found nothing to close
                        closeSession();
                    } else {
                        relay.submit(starter, opened.session(), valid, "");
                    }
                    return true;
                } finally {
                    opened.over();
                }
            });
        } catch (RuntimeException | Error e) {
            gone(); // if we only gave up waiting: it must not go on when it is ready
            throw e;
        }
    }

    /** The transport takes messages again. */
    public void ready() {
        TurnRelay known = turn;
        if (known != null) {
            known.resume();
        }
    }

    /** The caller cancelled, its deadline passed, or its connection broke. */
    public void gone() {
        gone = true;
        closeSession();
    }

    /** Closing a session cancels its turn. It may wait for a lock, so it does not happen on the engine's thread. */
    private void closeSession() {
        Session known = session;
        if (known != null && closed.compareAndSet(false, true)) {
            executor.execute(known::close);
        }
    }

    @Override
    public void finished(Runnable last) {
        last.run();
        sink.complete();
        closeSession();
    }

    @Override
    public void givenUp(AdedException failure) {
        sink.fail(failure);
        gone();
    }

    @Override
    public void failed(AdedException failure) {
        sink.fail(failure);
        closeSession();
    }
}
