package io.aded.serving;

import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.Drafters;
import io.aded.engine.Delta;
import io.aded.engine.RoundReport;
import io.aded.engine.Session;
import io.aded.engine.TurnListener;
import io.aded.engine.TurnResult;
import io.aded.model.AdedException;
import java.util.List;

/** Tells a façade what the engine reports of one turn, and the ledgers how drafting fared in it. */
final class TurnRelay implements TurnListener {
    private final ServedModel model;
    private final int number;
    private final AnswerSink sink;
    private final List<DraftLedger> ledgers;
    private final Ending ending;
    private final UnreadGuard guard;
    private final Coalescer coalescer;
    private final TurnHandle handle = new TurnHandle();

    /** Written before the turn is submitted, which is what orders it before the engine's reports. */
    private DrafterKind mode = Drafters.AUTO;

    private Constraint constraint = Constraint.NONE;

    /**
     * How what turns emit is sent.
     *
     * @param unread makes the guard over how long it may be unread
     * @param coalescing makes what holds it back for a time
     */
    record Sending(UnreadGuard.Factory unread, Coalescer.Factory coalescing) {}

    /** What is to be done when the turn has ended; called on the engine's thread. */
    interface Ending {
        /**
         * The turn is done.
         *
         * @param last sends its last event
         */
        void finished(Runnable last);

        /** The turn failed. */
        void failed(AdedException failure);

        /** The turn, which is still running, has no more claim to its place; called on a thread of its own. */
        void givenUp(AdedException failure);
    }

    /**
     * A turn that is about to be submitted.
     *
     * @param number which of its stream, from 1
     * @param ledgers where its counts are added
     * @param sending how what it emits is sent
     */
    TurnRelay(
            ServedModel model, int number, AnswerSink sink, List<DraftLedger> ledgers, Ending ending, Sending sending) {
        this.model = model;
        this.number = number;
        this.sink = sink;
        this.ledgers = ledgers;
        this.ending = ending;
        guard = sending.unread().guard(sink, ending::givenUp);
        coalescer = sending.coalescing().to(new Coalescer.Output() {
            @Override
            public void emitted(Delta delta) {
                sink.send(new AnswerEvent.Emitted(model, number, delta));
            }

            @Override
            public void round(RoundReport report) {
                sink.send(new AnswerEvent.Round(model, number, report));
            }
        });
    }

    void submit(TurnStarter starter, Session session, ValidTurn turn, String conversationId) {
        mode = turn.request().draft().mode();
        constraint = turn.constraint();
        handle.submitted(starter.submit(session, turn, this, conversationId));
    }

    /** Ends the turn, perhaps before it is submitted. */
    void cancel() {
        handle.cancel();
    }

    /** The sink may take more again. */
    void resume() {
        handle.resume();
    }

    @Override
    public void onDelta(Delta delta) {
        coalescer.delta(delta);
    }

    @Override
    public void onRound(RoundReport report) {
        coalescer.round(report);
    }

    @Override
    public void onFinished(TurnResult result) {
        guard.over();
        coalescer.flush();
        ledgers.forEach(ledger -> ledger.add(mode, result.speculation()));
        ending.finished(() -> sink.send(new AnswerEvent.Finished(model, number, result)));
    }

    @Override
    public void onFailed(AdedException failure) {
        guard.over();
        coalescer.flush();
        ending.failed(sink.ofTurn(constraint.named(failure)));
    }

    @Override
    public boolean isReady() {
        return sink.isReady();
    }

    @Override
    public void onParked(boolean parked) {
        if (parked) {
            guard.watch();
        } else {
            guard.over();
        }
    }
}
