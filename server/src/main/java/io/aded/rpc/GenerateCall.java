package io.aded.rpc;

import io.aded.draft.catalogue.DraftMode;
import io.aded.engine.Delta;
import io.aded.engine.RoundReport;
import io.aded.engine.Session;
import io.aded.engine.TurnListener;
import io.aded.engine.TurnRequest;
import io.aded.engine.TurnResult;
import io.aded.model.AdedException;
import io.aded.model.Vocabulary;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerateResponse;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

/** One call of {@code Generate}: a session that lives for one turn. */
final class GenerateCall implements TurnListener {
    private final Outbox<GenerateResponse> outbox;
    private final TurnStarter starter;
    private final Executor executor;
    private final Vocabulary vocabulary;
    private final Session session;
    private final DraftMode mode;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final TurnHandle turn = new TurnHandle();

    private GenerateCall(
            ServerCallStreamObserver<GenerateResponse> observer,
            TurnStarter starter,
            Executor executor,
            Vocabulary vocabulary,
            Session session,
            DraftMode mode) {
        this.outbox = new Outbox<>(observer);
        this.starter = starter;
        this.executor = executor;
        this.vocabulary = vocabulary;
        this.session = session;
        this.mode = mode;
        observer.setOnCancelHandler(this::onGone);
        observer.setOnReadyHandler(turn::resume);
    }

    static void start(
            GenerateRequest request,
            ServerCallStreamObserver<GenerateResponse> observer,
            Backend backend,
            TurnStarter starter,
            Executor executor) {
        ServedModel model = backend.model(request.getModel());
        TurnRequest turn = new RequestReader(model, "").turn(request, TurnDefaults.of(model), CallScope.current());
        Session session = model.leastBusy().openSession();
        try {
            var call = new GenerateCall(
                    observer,
                    starter,
                    executor,
                    model.model().vocabulary(),
                    session,
                    turn.draft().mode());
            call.turn.submitted(starter.submit(session, turn, call, "", request, ""));
        } catch (RuntimeException | StackOverflowError e) {
            session.close();
            throw e;
        }
    }

    /** The client cancelled, its deadline passed, or its connection broke. */
    private void onGone() {
        outbox.abandon();
        closeSession();
    }

    private void closeSession() {
        if (closed.compareAndSet(false, true)) {
            executor.execute(session::close);
        }
    }

    @Override
    public void onDelta(Delta delta) {
        outbox.send(GenerateResponse.newBuilder()
                .setDelta(ResponseWriter.delta(delta, vocabulary))
                .build());
    }

    @Override
    public void onRound(RoundReport report) {
        outbox.send(GenerateResponse.newBuilder()
                .setRound(ResponseWriter.round(report, vocabulary))
                .build());
    }

    @Override
    public void onFinished(TurnResult result) {
        starter.count(mode, result.speculation());
        outbox.send(GenerateResponse.newBuilder()
                .setFinished(ResponseWriter.finished(result))
                .build());
        outbox.complete();
        closeSession();
    }

    @Override
    public void onFailed(AdedException failure) {
        outbox.fail(failure);
        closeSession();
    }

    @Override
    public boolean isReady() {
        return outbox.isReady();
    }
}
