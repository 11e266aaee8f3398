package io.aded.rpc;

import com.google.protobuf.util.Durations;
import io.aded.draft.DraftMode;
import io.aded.engine.Delta;
import io.aded.engine.RoundReport;
import io.aded.engine.TurnListener;
import io.aded.engine.TurnRequest;
import io.aded.engine.TurnResult;
import io.aded.model.AdedException;
import io.aded.model.Vocabulary;
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
 * on its own thread. Between the two stands a lock over a few fields: which turn runs, whether the client has half-closed,
 * whether we are done. Nothing that waits is done under it: messages go out through the {@link Outbox}, which only queues
 * them.
 *
 * <p>A message is asked for only when the one before has been dealt with, so a client that sends faster than we read is
 * held back by HTTP/2's flow control.
 */
final class ConverseCall implements StreamObserver<ConverseRequest> {
    private static final Pattern CONVERSATION_ID = Pattern.compile("[A-Za-z0-9._-]{1,128}");

    private final Backend backend;
    private final Conversations conversations;
    private final TurnStarter starter;
    private final CallScope scope;
    private final ServerCallStreamObserver<ConverseResponse> observer;
    private final Outbox<ConverseResponse> outbox;
    private final Consumer<ConverseCall> onOver;

    private final Object lock = new Object();
    private @Nullable Conversation conversation;
    private @Nullable RunningTurn running;
    private int turns;
    private boolean halfClosed;
    private boolean over;
    private boolean draining;

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
            if (isOver()) {
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
        synchronized (lock) {
            if (conversation != null) {
                throw new AdedException.FailedPrecondition(
                        "ALREADY_OPEN", "this stream has a conversation already; use update to change its defaults");
            }
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
        synchronized (lock) {
            if (over) { // the client left while we were opening
                conversations.release(current);
                return;
            }
            conversation = current;
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
        synchronized (lock) {
            if (conversation == null) {
                throw new AdedException.FailedPrecondition("NOT_OPEN", "the first message must be open");
            }
            return conversation;
        }
    }

    private void turn(Turn message) {
        Conversation current = opened();
        backend.model(); // refuses while draining
        GenerateRequest asked = RequestReader.asGenerate(message);
        RunningTurn turn;
        synchronized (lock) {
            if (running != null) {
                throw new AdedException.FailedPrecondition(
                        "TURN_RUNNING", "a turn is still running; wait for its finished, or send cancel first");
            }
            turn = new RunningTurn(current, ++turns);
            running = turn;
        }
        try {
            TurnRequest request = new RequestReader(current.model, "turn.").turn(asked, current.defaults, scope);
            turn.mode = request.draft().mode();
            turn.submitted(starter.submit(current.session, request, turn, "turn.", asked, current.key.id()));
        } catch (RuntimeException | StackOverflowError e) {
            synchronized (lock) {
                running = null;
            }
            throw e;
        }
    }

    private void cancelTurn() {
        opened();
        RunningTurn turn;
        synchronized (lock) {
            turn = running;
        }
        if (turn != null) {
            turn.cancel();
        }
    }

    @Override
    public void onCompleted() {
        synchronized (lock) {
            halfClosed = true;
            if (running != null) {
                return;
            }
        }
        end(null);
    }

    @Override
    public void onError(Throwable failure) {
        onGone();
    }

    // --- from the transport

    private void onReady() {
        RunningTurn turn;
        synchronized (lock) {
            turn = running;
        }
        if (turn != null) {
            turn.resume();
        }
    }

    /** The client cancelled, its deadline passed, or its connection broke. */
    private void onGone() {
        outbox.abandon();
        end(null);
    }

    // --- ending

    private boolean isOver() {
        synchronized (lock) {
            return over;
        }
    }

    /** The server is shutting down: a turn that is running may end, then the stream does. */
    void drain() {
        synchronized (lock) {
            draining = true;
            if (running != null) {
                return;
            }
        }
        end(Backend.drainingNow());
    }

    /** Ends the stream, well or with a failure; what is still running is cancelled. */
    private void end(@Nullable Throwable failure) {
        RunningTurn turn;
        Conversation current;
        synchronized (lock) {
            if (over) {
                return;
            }
            over = true;
            turn = running;
            current = conversation;
        }
        if (turn != null) {
            turn.cancel(); // the conversation is released when the engine says that the turn has ended
        } else if (current != null) {
            conversations.release(current); // before the client hears of the end: it may resume at once
        }
        if (failure == null) {
            outbox.complete();
        } else {
            outbox.fail(failure);
        }
        onOver.accept(this);
    }

    /**
     * A turn has ended, on the engine's thread. Its last message goes out under the lock: the next turn may arrive as soon
     * as the client has it, and a half-close that comes at the same moment must not overtake it.
     */
    private void turnEnded(Conversation current, @Nullable ConverseResponse last, @Nullable AdedException failure) {
        boolean release;
        boolean complete;
        boolean drained;
        synchronized (lock) {
            running = null;
            if (last != null) {
                outbox.send(last);
            }
            release = over;
            complete = halfClosed;
            drained = draining;
        }
        if (release) {
            conversations.release(current);
        } else if (failure != null) {
            end(failure);
        } else if (complete) {
            end(null);
        } else if (drained) {
            end(Backend.drainingNow());
        }
    }

    /** What the engine tells of one turn. */
    private final class RunningTurn implements TurnListener {
        private final Conversation current;
        private final Vocabulary vocabulary;
        private final int number;
        private volatile io.aded.engine.@Nullable Turn turn;
        private volatile boolean cancelled;
        private DraftMode mode = DraftMode.AUTO;

        RunningTurn(Conversation current, int number) {
            this.current = current;
            this.vocabulary = current.model.model().vocabulary();
            this.number = number;
        }

        /** Says which turn this is. The engine may have spoken before; what was missed until now is caught up. */
        void submitted(io.aded.engine.Turn submitted) {
            turn = submitted;
            if (cancelled) {
                submitted.cancel();
            } else {
                submitted.resume();
            }
        }

        void cancel() {
            cancelled = true;
            io.aded.engine.Turn known = turn;
            if (known != null) {
                known.cancel();
            }
        }

        void resume() {
            io.aded.engine.Turn known = turn;
            if (known != null) {
                known.resume();
            }
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
            turnEnded(
                    current,
                    response().setFinished(ResponseWriter.finished(result)).build(),
                    null);
        }

        @Override
        public void onFailed(AdedException failure) {
            turnEnded(current, null, failure);
        }

        @Override
        public boolean isReady() {
            return outbox.isReady();
        }
    }
}
