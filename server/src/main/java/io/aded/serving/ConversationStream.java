package io.aded.serving;

import io.aded.model.AdedException;
import io.aded.serving.StreamState.AfterTurn;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One caller's stream over a conversation: it is opened, then turns follow one by one. Made by
 * {@link Serving#converse}.
 *
 * <p>A façade calls {@link #open}, {@link #turn}, {@link #cancelTurn}, {@link #update} and {@link #halfClose} one after
 * the other as messages come in, and {@link #ready} and {@link #gone} whenever its transport says so; the engine
 * reports a turn's progress on its own thread. Between them stands the {@link StreamState}. Nobody waits for anybody.
 *
 * <p>Those five throw what is wrong with a message. The façade names the fields as its caller knows them and then calls
 * {@link #fail}: a message that is refused ends the stream.
 */
public final class ConversationStream {
    private static final Runnable NOTHING = () -> {};
    private static final Pattern CONVERSATION_ID = Pattern.compile("[A-Za-z0-9._-]{1,128}");

    private final Backend backend;
    private final Conversations conversations;
    private final TurnStarter starter;
    private final PreparationPool pool;
    private final DraftLedger ledger;
    private final Caller caller;
    private final AnswerSink sink;
    private final Consumer<ConversationStream> onOver;
    private final TurnRelay.Sending sending;

    private final StreamState<Conversation, TurnRelay> state = new StreamState<>();

    /** Turns so far; only the caller's messages, which come one by one, count it. */
    private int turns;

    ConversationStream(
            Backend backend,
            Conversations conversations,
            TurnStarter starter,
            PreparationPool pool,
            DraftLedger ledger,
            Caller caller,
            AnswerSink sink,
            Consumer<ConversationStream> onOver,
            TurnRelay.Sending sending) {
        this.backend = backend;
        this.conversations = conversations;
        this.starter = starter;
        this.pool = pool;
        this.ledger = ledger;
        this.caller = caller;
        this.sink = sink;
        this.onOver = onOver;
        this.sending = sending;
    }

    // --- from the caller, one by one

    /** Whether the stream is over, so that messages which still come are of no interest. */
    public boolean isOver() {
        return state.isOver();
    }

    /**
     * Opens or resumes a conversation: first, and only once.
     *
     * @throws AdedException if it cannot be opened
     */
    public void open(OpenInput open) {
        if (state.conversation() != null) {
            throw new AdedException.FailedPrecondition(
                    "ALREADY_OPEN", "this stream has a conversation already; use update to change its defaults");
        }
        ServedModel model = backend.model(open.model());
        Violations wrong = new Violations();
        wrong.addAll(open.unreadable());
        String id = open.conversationId();
        if (!id.isEmpty() && !CONVERSATION_ID.matcher(id).matches()) {
            wrong.add("conversation_id", "is not allowed; allowed: 1 to 128 characters of A-Z a-z 0-9 . _ -");
        }
        if (open.requireResume() && id.isEmpty()) {
            wrong.add("require_resume", "needs conversation_id");
        }
        Duration retention = open.retention();
        if (retention != null && retention.isNegative()) {
            wrong.add("retention", "is negative; allowed: zero or more");
        }
        Generation fresh = changed(model, open.defaults(), Generation.of(model), wrong);

        Conversation resumed = id.isEmpty() ? null : conversations.resume(new Conversation.Key(caller.clientId(), id));
        if (resumed == null && open.requireResume()) {
            throw new AdedException.NotFound(
                    "CONVERSATION_NOT_FOUND", "no conversation of that name is kept; it may have expired");
        }
        Conversation current = resumed != null
                ? resumed
                : conversations.begin(
                        caller.clientId(),
                        id,
                        model,
                        fresh,
                        () -> model.replicas().open(caller.clientId()));
        if (!state.open(current)) { // the caller left while we were opening
            conversations.release(current);
            return;
        }
        if (resumed != null) {
            resumed.defaults = changed(model, open.defaults(), resumed.defaults, new Violations());
        }
        if (!id.isEmpty()) {
            conversations.keepFor(current, retention);
        }
        sink.send(new AnswerEvent.Opened(
                current.model,
                current.key.id(),
                resumed != null,
                current.session.historyTokens(),
                current.retention,
                current.defaults));
    }

    private Generation changed(ServedModel model, GenerationChange change, Generation before, Violations wrong) {
        model.validator().speech().refuseWhatIsNotServed(change.speech(), null);
        Generation changed = change.over(before, Generation.of(model), model.hasDraftModel(), wrong);
        boolean sameAnswers = changed.constraint().equals(before.constraint())
                && changed.speech().equals(before.speech());
        PreparationPool.Job<Generation> check = () -> {
            model.validator().generation(changed, wrong);
            wrong.check();
            if (!sameAnswers) {
                model.compile(changed);
            }
            return changed;
        };
        // To look at a constraint or at tools may be to compile them; all else is quick.
        boolean quick = sameAnswers && changed.constraint() == Constraint.NONE;
        return quick ? check.work() : pool.run(caller, check);
    }

    private Conversation opened() {
        Conversation conversation = state.conversation();
        if (conversation == null) {
            throw new AdedException.FailedPrecondition(
                    "NOT_OPEN", "the first message must be open; {\"open\": {}} takes the defaults");
        }
        return conversation;
    }

    /** A message that says nothing was received; it is refused as any other would be at this point. */
    public void nothing() {
        opened();
        throw new AdedException.InvalidRequest(
                "event", "is missing; allowed: exactly one of open, turn, cancel and update");
    }

    /**
     * Starts the next answer.
     *
     * @throws AdedException if it cannot be started
     */
    public void turn(TurnInput input) {
        Conversation current = opened();
        backend.model(); // refuses while draining
        TurnRelay turn = new TurnRelay(
                current.model, ++turns, sink, List.of(ledger, current.ledger), new TurnEnding(current), sending);
        if (!state.begin(turn)) {
            throw new AdedException.FailedPrecondition(
                    "TURN_RUNNING", "a turn is still running; wait for its finished, or send cancel first");
        }
        try {
            pool.run(caller, new Start(current, turn, input));
        } catch (RuntimeException | Error e) {
            turn.cancel(); // if we only gave up waiting: it must not go on when it is ready
            throw e;
        }
    }

    /** What there is to do before the engine hears of a turn. */
    private final class Start implements PreparationPool.Job<Boolean> {
        private final Conversation current;
        private final TurnRelay turn;
        private final TurnInput input;

        Start(Conversation current, TurnRelay turn, TurnInput input) {
            this.current = current;
            this.turn = turn;
            this.input = input;
        }

        @Override
        public Boolean work() {
            boolean started = false;
            try {
                ValidTurn valid = current.model
                        .validator()
                        .validate(input, current.defaults, Generation.of(current.model), caller);
                turn.submit(starter, current.session, valid, current.key.id());
                started = true;
                return true;
            } finally {
                if (!started) {
                    neverBegun();
                }
            }
        }

        @Override
        public void neverBegun() {
            if (state.turnEnded(NOTHING) == AfterTurn.RELEASE) {
                conversations.release(current); // the stream ended meanwhile, and left that to the turn
            }
        }
    }

    /**
     * Changes what turns that follow take where they do not say.
     *
     * @throws AdedException if the change is not allowed
     */
    public void update(GenerationChange change) {
        Conversation current = opened();
        current.defaults = changed(current.model, change, current.defaults, new Violations());
    }

    /**
     * Ends the running answer early, if there is one.
     *
     * @throws AdedException.FailedPrecondition if the stream is not open
     */
    public void cancelTurn() {
        opened();
        TurnRelay turn = state.running();
        if (turn != null) {
            turn.cancel();
        }
    }

    /** No more turns follow: the stream ends when the running one has. */
    public void halfClose() {
        if (state.halfClose()) {
            end(null);
        }
    }

    /** A message was refused: the stream ends with that. */
    public void fail(Throwable failure) {
        end(failure);
    }

    // --- from the transport

    /** The transport takes messages again. */
    public void ready() {
        TurnRelay turn = state.running();
        if (turn != null) {
            turn.resume();
        }
    }

    /** The caller cancelled, its deadline passed, or its connection broke. */
    public void gone() {
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
        StreamState.Remains<Conversation, TurnRelay> remains = state.end();
        if (remains == null) {
            return;
        }
        if (remains.running() != null) {
            remains.running().cancel(); // the conversation is released when the engine says that the turn has ended
        } else if (remains.conversation() != null) {
            conversations.release(remains.conversation()); // before the caller hears of the end: it may resume at once
        }
        if (failure == null) {
            sink.complete();
        } else {
            sink.fail(failure);
        }
        onOver.accept(this);
    }

    /** What follows from the end of a turn; called on the engine's thread. */
    private final class TurnEnding implements TurnRelay.Ending {
        private final Conversation current;

        TurnEnding(Conversation current) {
            this.current = current;
        }

        @Override
        public void finished(Runnable last) {
            ended(last, null);
        }

        @Override
        public void failed(AdedException failure) {
            ended(NOTHING, failure);
        }

        @Override
        public void givenUp(AdedException failure) {
            end(failure);
        }

        private void ended(Runnable last, @Nullable AdedException failure) {
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
    }
}
