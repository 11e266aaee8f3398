package io.aded.rpc;

import com.google.protobuf.util.Durations;
import io.aded.draft.catalogue.DraftMode;
import io.aded.engine.Delta;
import io.aded.engine.RoundReport;
import io.aded.engine.TurnListener;
import io.aded.engine.TurnRequest;
import io.aded.engine.TurnResult;
import io.aded.model.AdedException;
import io.aded.model.Vocabulary;
import io.aded.rpc.StreamState.AfterTurn;
import io.aded.v1.ConverseRequest;
import io.aded.v1.ConverseResponse;
import io.aded.v1.GenerateRequest;
import io.aded.v1.Open;
import io.aded.v1.Opened;
import io.aded.v1.Turn;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One stream of {@code Converse}.
 *
 * <p>gRPC calls {@link #onNext} and its like one after the other, on virtual threads; the engine reports a turn's progress
 * on its own thread. Between the two stands the {@link StreamState}. Nobody waits for anybody: messages go out through the
 * {@link Outbox}, which only queues them.
 *
 * <p>A message is asked for only when the one before has been dealt with, so a client that sends faster than we read is
 * held back by HTTP/2's flow control.
 */
final class ConverseCall implements StreamObserver<ConverseRequest> {
    private static final Runnable NOTHING = () -> {};
    private static final Pattern CONVERSATION_ID = Pattern.compile("[A-Za-z0-9._-]{1,128}");

    private final Backend backend;
    private final Conversations conversations;
    private final TurnStarter starter;
    private final CallScope scope;
    private final ServerCallStreamObserver<ConverseResponse> observer;
    private final Outbox<ConverseResponse> outbox;
    private final Consumer<ConverseCall> onOver;

    private final StreamState<Conversation, RunningTurn> state = new StreamState<>();

    /** Turns so far; only the client's messages, which come one by one, count it. */
    private int turns;

    ConverseCall(
            Backend backend,
            Conversations conversations,
            TurnStarter starter,
            ServerCallStreamObserver<ConverseResponse> observer,
            Consumer<ConverseCall> onOver) {
        this.backend = backend;
        this.conversations = conversations;
        this.starter = starter;
        this.scope = CallScope.current();
        this.observer = observer;
        this.outbox = new Outbox<>(observer);
        this.onOver = onOver;
        observer.disableAutoRequest();
        observer.setOnCancelHandler(this::onGone);
        observer.setOnReadyHandler(this::onReady);
        observer.request(1);
    }

    // --- from the client

    @Override
    public void onNext(ConverseRequest request) {
        try {
            if (state.isOver()) {
                return;
            }
            switch (request.getEventCase()) {
                case OPEN -> open(request.getOpen());
                case TURN -> turn(request.getTurn());
                case CANCEL -> cancelTurn();
                case UPDATE -> {
                    Conversation current = opened();
                    var reader = new RequestReader(current.model, "update.");
                    TurnDefaults updated = reader.defaults(request.getUpdate(), current.defaults);
                    reader.wrong().check();
                    current.defaults = updated;
                }
                case EVENT_NOT_SET -> {
                    opened();
                    throw new AdedException.InvalidRequest(
                            "event", "is missing; allowed: exactly one of open, turn, cancel and update");
                }
            }
            observer.request(1);
        } catch (RuntimeException | StackOverflowError e) {
            end(e);
        }
    }

    private void open(Open open) {
        if (state.conversation() != null) {
            throw new AdedException.FailedPrecondition(
                    "ALREADY_OPEN", "this stream has a conversation already; use update to change its defaults");
        }
        ServedModel model = backend.model(open.getModel());
        var reader = new RequestReader(model, "open.");
        String id = open.getConversationId();
        if (!id.isEmpty() && !CONVERSATION_ID.matcher(id).matches()) {
            reader.wrong()
                    .add("open.conversation_id", "is not allowed; allowed: 1 to 128 characters of A-Z a-z 0-9 . _ -");
        }
        if (open.getRequireResume() && id.isEmpty()) {
            reader.wrong().add("open.require_resume", "needs open.conversation_id");
        }
        Duration asked = retention(open, reader.wrong());
        TurnDefaults fresh = reader.defaults(open, TurnDefaults.of(model));
        reader.wrong().check();

        Conversation resumed = id.isEmpty() ? null : conversations.resume(new Conversation.Key(scope.clientId(), id));
        if (resumed == null && open.getRequireResume()) {
            throw new AdedException.NotFound(
                    "CONVERSATION_NOT_FOUND", "no conversation of that name is kept; it may have expired");
        }
        Conversation current = resumed != null
                ? resumed
                : conversations.begin(
                        scope.clientId(),
                        id,
                        model,
                        fresh,
                        () -> model.leastBusy().openSession());
        if (!state.open(current)) { // the client left while we were opening
            conversations.release(current);
            return;
        }
        if (resumed != null) {
            var again = new RequestReader(model, "open.");
            TurnDefaults merged = again.defaults(open, resumed.defaults);
            again.wrong().check();
            resumed.defaults = merged;
        }
        if (!id.isEmpty()) {
            conversations.keepFor(current, asked);
        }
        outbox.send(opened(current, resumed != null));
    }

    private static @Nullable Duration retention(Open open, Violations wrong) {
        if (!open.hasRetention()) {
            return null;
        }
        var retention = open.getRetention();
        if (!Durations.isValid(retention) || Durations.isNegative(retention)) {
            wrong.add("open.retention", "is no duration of zero or more");
            return null;
        }
        return Duration.ofSeconds(retention.getSeconds(), retention.getNanos());
    }

    private static ConverseResponse opened(Conversation conversation, boolean resumed) {
        ServedModel model = conversation.model;
        Opened.Builder opened = Opened.newBuilder()
                .setConversationId(conversation.key.id())
                .setResumed(resumed)
                .setHistoryTokens(conversation.session.historyTokens())
                .setModel(model.name())
                .setContextTokens(model.contextTokens())
                .setSampling(ResponseWriter.sampling(conversation.defaults.sampling()))
                .setDraft(ResponseWriter.draft(conversation.defaults.draft()))
                .setLibrary(model.info().library())
                .addAllDevices(model.info().devices());
        if (!conversation.retention.isZero()) {
            opened.setRetention(ResponseWriter.duration(conversation.retention));
        }
        return ConverseResponse.newBuilder().setOpened(opened).build();
    }

    private Conversation opened() {
        Conversation conversation = state.conversation();
        if (conversation == null) {
            throw new AdedException.FailedPrecondition("NOT_OPEN", "the first message must be open");
        }
        return conversation;
    }

    private void turn(Turn message) {
        Conversation current = opened();
        backend.model(); // refuses while draining
        GenerateRequest asked = RequestReader.asGenerate(message);
        RunningTurn turn = new RunningTurn(current, ++turns);
        if (!state.begin(turn)) {
            throw new AdedException.FailedPrecondition(
                    "TURN_RUNNING", "a turn is still running; wait for its finished, or send cancel first");
        }
        try {
            TurnRequest request = new RequestReader(current.model, "turn.").turn(asked, current.defaults, scope);
            turn.mode = request.draft().mode();
            turn.handle.submitted(starter.submit(current.session, request, turn, "turn.", asked, current.key.id()));
        } catch (RuntimeException | StackOverflowError e) {
            if (state.turnEnded(NOTHING) == AfterTurn.RELEASE) {
                conversations.release(current); // the stream ended meanwhile, and left that to the turn
            }
            throw e;
        }
    }

    private void cancelTurn() {
        opened();
        RunningTurn turn = state.running();
        if (turn != null) {
            turn.handle.cancel();
        }
    }

    @Override
    public void onCompleted() {
        if (state.halfClose()) {
            end(null);
        }
    }

    @Override
    public void onError(Throwable failure) {
        onGone();
    }

    // --- from the transport

    private void onReady() {
        RunningTurn turn = state.running();
        if (turn != null) {
            turn.handle.resume();
        }
    }

    /** The client cancelled, its deadline passed, or its connection broke. */
    private void onGone() {
        outbox.abandon();
        end(null);
    }

    // --- ending

    /** The server is shutting down: a turn that is running may end, then the stream does. */
    void drain() {
        if (state.drain()) {
            end(Backend.drainingNow());
        }
    }

    /** Ends the stream, well or with a failure; what is still running is cancelled. */
    private void end(@Nullable Throwable failure) {
        StreamState.Remains<Conversation, RunningTurn> remains = state.end();
        if (remains == null) {
            return;
        }
        if (remains.running() != null) {
            remains.running()
                    .handle
                    .cancel(); // the conversation is released when the engine says that the turn has ended
        } else if (remains.conversation() != null) {
            conversations.release(remains.conversation()); // before the client hears of the end: it may resume at once
        }
        if (failure == null) {
            outbox.complete();
        } else {
            outbox.fail(failure);
        }
        onOver.accept(this);
    }

    /** A turn has ended, on the engine's thread. */
    private void turnEnded(Conversation current, Runnable last, @Nullable AdedException failure) {
        AfterTurn after = state.turnEnded(last);
        if (after == AfterTurn.RELEASE) {
            conversations.release(current);
        } else if (failure != null) {
            end(failure);
        } else if (after == AfterTurn.COMPLETE) {
            end(null);
        } else if (after == AfterTurn.DRAINED) {
            end(Backend.drainingNow());
        }
    }

    /** What the engine tells of one turn. */
    private final class RunningTurn implements TurnListener {
        private final Conversation current;
        private final Vocabulary vocabulary;
        private final int number;
        private final TurnHandle handle = new TurnHandle();
        private DraftMode mode = DraftMode.AUTO;

        RunningTurn(Conversation current, int number) {
            this.current = current;
            this.vocabulary = current.model.model().vocabulary();
            this.number = number;
        }

        private ConverseResponse.Builder response() {
            return ConverseResponse.newBuilder().setTurn(number);
        }

        @Override
        public void onDelta(Delta delta) {
            outbox.send(
                    response().setDelta(ResponseWriter.delta(delta, vocabulary)).build());
        }

        @Override
        public void onRound(RoundReport report) {
            outbox.send(response()
                    .setRound(ResponseWriter.round(report, vocabulary))
                    .build());
        }

        @Override
        public void onFinished(TurnResult result) {
            starter.count(mode, result.speculation());
            current.ledger.add(mode, result.speculation());
            ConverseResponse last =
                    response().setFinished(ResponseWriter.finished(result)).build();
            turnEnded(current, () -> outbox.send(last), null);
        }

        @Override
        public void onFailed(AdedException failure) {
            turnEnded(current, NOTHING, failure);
        }

        @Override
        public boolean isReady() {
            return outbox.isReady();
        }
    }
}
