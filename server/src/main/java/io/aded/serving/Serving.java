package io.aded.serving;

import io.aded.dialect.AnswerForm;
import io.aded.draft.ArmStatistics;
import io.aded.draft.DraftModelInfo;
import io.aded.draft.DraftModelStatistics;
import io.aded.engine.DraftingStatus;
import io.aded.engine.EngineStatus;
import io.aded.engine.Prompt;
import io.aded.model.AdedException;
import io.aded.model.TemplateVariables;
import io.aded.model.Vocabulary;
import io.aded.telemetry.DraftGauges;
import io.aded.telemetry.EngineGauges;
import io.aded.telemetry.Telemetry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What all façades of a process share: the model, its conversations, and whether calls are taken. It is there before
 * the model is, so that façades can be reached while the model loads. Thread-safe.
 *
 * <p>The model and its engines stay their owner's to close, after this.
 */
public final class Serving implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Serving.class);

    private final Backend backend = new Backend();
    /** Sessions are closed on virtual threads; there is nothing to shut down, since each ends with its task. */
    private final Executor executor = Thread.ofVirtual().name("aded-serving-", 0)::start;

    private final ServingLimits limits;
    private final ConversationBounds bounds;
    private final PreparationLimits preparation;
    private final Telemetry telemetry;
    private final LongSupplier nanoClock;
    private final Conversations conversations;
    private final DraftLedger ledger = new DraftLedger();
    private final TurnStarter starter;
    private final PreparationPool pool;
    private final TurnRelay.Sending sending;
    private final Duration coalescing;
    private final Set<ConversationStream> streams = ConcurrentHashMap.newKeySet();
    private final List<Consumer<State>> watchers = new ArrayList<>();
    private final Object watchLock = new Object();
    private @Nullable AutoCloseable gauges;

    /** Whether calls are taken. */
    public enum State {
        /** Not yet: there is no model. */
        LOADING,
        /** Yes. */
        READY,
        /** Yes, but an engine hangs or is lost: whoever can should call another server. */
        UNWELL,
        /** Not any more: the process is shutting down. */
        DRAINING
    }

    private Serving(Builder builder) {
        this.limits = builder.limits;
        this.bounds = builder.bounds;
        this.preparation = builder.preparation;
        this.telemetry = builder.telemetry;
        this.nanoClock = builder.nanoClock;
        Conversations.Alarm alarm = Conversations.Alarm.onThread();
        this.conversations = new Conversations(limits, executor, alarm);
        this.conversations.bound(builder.bounds);
        this.coalescing = builder.coalescing;
        this.sending = new TurnRelay.Sending(
                (sink, then) -> new UnreadGuard(sink, limits.longestUnread(), alarm, then),
                output -> new Coalescer(coalescing.toNanos(), nanoClock, output));
        this.starter = new TurnStarter(telemetry);
        this.pool = new PreparationPool(builder.preparation, nanoClock, backend::isBusy, LockSupport::parkNanos);
    }

    /** Starts with the default limits and no telemetry. */
    public static Builder builder() {
        return new Builder();
    }

    /** Settings. */
    public static final class Builder {
        private ServingLimits limits = ServingLimits.DEFAULT;
        private PreparationLimits preparation = PreparationLimits.DEFAULT;
        private Telemetry telemetry = Telemetry.none();
        private LongSupplier nanoClock = System::nanoTime;
        private ConversationBounds bounds = ConversationBounds.DEFAULT;
        private Duration coalescing = Duration.ZERO;

        private Builder() {}

        /** What is kept for callers. */
        public Builder limits(ServingLimits value) {
            limits = value;
            return this;
        }

        /** What may be spent on a request before the engine hears of it. */
        public Builder preparation(PreparationLimits value) {
            preparation = value;
            return this;
        }

        /** Where spans and measurements go; stays the caller's to close. */
        public Builder telemetry(Telemetry value) {
            telemetry = value;
            return this;
        }

        /** How many conversations may be open. */
        public Builder conversations(ConversationBounds value) {
            bounds = value;
            return this;
        }

        /** How far apart the deltas of an answer are at least; zero, the default, sends one with each pass. */
        public Builder coalescing(Duration value) {
            coalescing = value;
            return this;
        }

        /** The clock that deadlines are told by: the engines' own. It must never run backwards. */
        public Builder nanoClock(LongSupplier value) {
            nanoClock = value;
            return this;
        }

        /** As set. */
        public Serving build() {
            return new Serving(this);
        }
    }

    // --- the model

    /** Answers calls with a model from now on. */
    public void serve(ServedModel model) {
        backend.serve(model);
        pool.provideFor(model.maxRunning() + model.maxWaiting());
        synchronized (watchLock) {
            stopGauges();
            gauges = telemetry.watch(model.name(), () -> gauges(model.status()), () -> drafting(model.drafting()));
        }
        tell();
    }

    /**
     * What is served.
     *
     * @throws AdedException.Unavailable if nothing is
     */
    public ServedModel model() {
        return backend.model();
    }

    /**
     * What is served, if it is the one that was asked for.
     *
     * @param asked a name; empty for any
     * @throws AdedException.NotFound if another model is served
     * @throws AdedException.Unavailable if nothing is
     */
    public ServedModel model(String asked) {
        return backend.model(asked);
    }

    /** How answers are made where requests do not say. */
    public Generation defaults() {
        return Generation.of(backend.model());
    }

    /** Whether the model can be offered tools: its chat template shows how it calls them. */
    public boolean offersTools() {
        return backend.model().spoken().dialect().calls() != null;
    }

    /** Whether answers are kept whose callers allow it. */
    public boolean recordsAnswers() {
        return backend.model().engines().getFirst().options().recorder() != null;
    }

    /** What is kept for callers. */
    public ServingLimits limits() {
        return limits;
    }

    /** How many conversations there may be. */
    public ConversationBounds conversationBounds() {
        return bounds;
    }

    /** How far apart the deltas of an answer are at least; zero for one with each pass. */
    public Duration coalescing() {
        return coalescing;
    }

    /** What may be spent on a request before the engine hears of it, as it was configured. */
    public PreparationLimits preparation() {
        return preparation;
    }

    /** Where spans and measurements go. */
    public Telemetry telemetry() {
        return telemetry;
    }

    /** The clock that {@link Caller#deadlineNanos} is told by. */
    public long nanoTime() {
        return nanoClock.getAsLong();
    }

    // --- calls

    /** A stream that is to be opened; its façade drives it. */
    public ConversationStream converse(Caller caller, AnswerSink sink) {
        var stream = new ConversationStream(
                backend, conversations, starter, pool, ledger, caller, sink, streams::remove, sending);
        streams.add(stream);
        return stream;
    }

    /** A single answer that is to be started. */
    public SingleAnswer answer(AnswerSink sink) {
        return new SingleAnswer(sink, backend, starter, pool, ledger, executor, sending);
    }

    /**
     * The tokens that a prompt makes when it begins a conversation.
     *
     * @param model the model to count with
     * @param input the prompt, and of how to answer what becomes part of it
     * @throws AdedException.InvalidRequest if the prompt is wrong, or the chat template refuses it
     */
    public int countTokens(Caller caller, ServedModel model, TurnInput input) {
        model.validator().speech().refuseWhatIsNotServed(input.generation().speech(), input.prompt());
        Violations wrong = new Violations();
        wrong.addAll(input.unreadable());
        Prompt prompt = model.validator().prompt(input.prompt(), wrong);
        TemplateVariables given = input.generation().templateVariables();
        TemplateVariables variables = given == null ? TemplateVariables.NONE : given;
        wrong.addAll(variables.violations("template_variables"));
        wrong.check();
        AnswerForm.Request asked =
                input.generation().speech().over(AnswerForm.Request.TEXT, AnswerForm.Request.TEXT, Set.of());
        model.validator().speech().request(asked, wrong);
        wrong.check();
        Prompt whole = model.validator().speech().counted(prompt, asked, variables);
        return pool.run(caller, () -> model.engines().getFirst().countTokens(whole));
    }

    /**
     * The tokens of a text.
     *
     * @param mostBytes the largest answer, in bytes
     * @throws AdedException.ResourceExhausted if the answer would be larger, if too much is being prepared, or if it
     *     takes longer than it may
     * @throws AdedException.DeadlineExceeded at the caller's deadline
     */
    public Tokenization tokenize(Caller caller, ServedModel model, Tokenization.Input input, int mostBytes) {
        return pool.run(caller, () -> Tokenization.of(input, model.model().vocabulary(), mostBytes));
    }

    /**
     * The text of tokens.
     *
     * @param special whether control tokens are written out
     * @param mostBytes the longest text, in bytes of UTF-8
     * @throws AdedException.InvalidRequest naming the field {@code tokens} for ids out of range
     * @throws AdedException.ResourceExhausted if the text would be longer
     */
    public String detokenize(Caller caller, ServedModel model, int[] tokens, boolean special, int mostBytes) {
        Violations wrong = new Violations();
        model.validator().tokens("tokens", IntStream.of(tokens), wrong);
        wrong.check();
        return pool.run(caller, () -> {
            Vocabulary vocabulary = model.model().vocabulary();
            byte[] piece = new byte[256];
            long bytes = 0;
            for (int token : tokens) {
                bytes += Math.abs(vocabulary.piece(token, piece, special));
            }
            if (bytes > mostBytes) {
                throw AdedException.ResourceExhausted.forGood(
                        "ANSWER_TOO_LARGE",
                        "the text of these tokens has " + bytes + " bytes; allowed: at most " + mostBytes
                                + "; send the tokens in parts");
            }
            return vocabulary.detokenize(tokens, special);
        });
    }

    /**
     * How drafting has fared.
     *
     * @param conversationId a conversation of this client's that is open or kept; empty for everything since the start
     * @throws AdedException.NotFound if there is no such conversation
     */
    public DraftLedger.Report drafting(Caller caller, String conversationId) {
        if (conversationId.isEmpty()) {
            return ledger.report(backend.drafting());
        }
        Conversation found = conversations.find(new Conversation.Key(caller.clientId(), conversationId));
        if (found == null) {
            throw new AdedException.NotFound(
                    "CONVERSATION_NOT_FOUND", "no conversation of that name is open or kept for this client");
        }
        return found.ledger.report();
    }

    /** What the model is that turns may be drafted by; null if there is none, it is not known, or nothing is served. */
    public @Nullable DraftModelInfo draftModel() {
        return backend.draftModel();
    }

    /** Streams that are open. */
    public int openStreams() {
        return streams.size();
    }

    /** Conversations that are kept and that no stream holds. */
    public int keptConversations() {
        return conversations.keptCount();
    }

    // --- state

    /** Says whether an engine hangs or is lost. Calls are still taken: some of them may be answered. */
    public void setUnwell(boolean unwell) {
        backend.setUnwell(unwell);
        tell();
    }

    /** Whether calls are taken. */
    public State state() {
        return backend.state();
    }

    /** Tells the state now and whenever it may have changed, one after the other. Who is told must not wait. */
    public void watch(Consumer<State> watcher) {
        synchronized (watchLock) {
            watchers.add(watcher);
            watcher.accept(state());
        }
    }

    private void tell() {
        synchronized (watchLock) {
            watchers.forEach(watcher -> watcher.accept(state()));
        }
    }

    private static EngineGauges gauges(EngineStatus status) {
        return new EngineGauges(
                status.running(),
                status.waiting(),
                status.parked(),
                status.sessions(),
                status.cellsUsed(),
                status.cells(),
                status.sequencesUsed(),
                status.sequences());
    }

    private static DraftGauges drafting(DraftingStatus status) {
        List<DraftGauges.Arm> arms = new ArrayList<>();
        for (DraftingStatus.Choice choice : status.choices()) {
            for (ArmStatistics arm : choice.arms()) {
                arms.add(new DraftGauges.Arm(
                        choice.drafter().label(),
                        arm.arm(),
                        arm.asked(),
                        arm.probes(),
                        arm.nodes(),
                        arm.accepted(),
                        arm.tokens(),
                        arm.weight(),
                        arm.regret()));
            }
        }
        DraftModelStatistics model = status.model();
        return new DraftGauges(
                arms,
                model == null
                        ? null
                        : new DraftGauges.Model(
                                model.levels(),
                                model.nanos(),
                                model.readTokens(),
                                model.copiedTokens(),
                                Map.of(
                                        "guessed", model.guessed(),
                                        "unpaid", model.unpaid(),
                                        "unready", model.unready(),
                                        "unusable", model.unusable()),
                                Map.of(
                                        "refused_copy", model.refusedCopies(),
                                        "eviction", model.evictions(),
                                        "no_room", model.withoutRoom(),
                                        "failure", model.failures())));
    }

    private void stopGauges() {
        AutoCloseable current = gauges;
        gauges = null;
        if (current != null) {
            try {
                current.close();
            } catch (Exception e) {
                LOG.warn("the gauges of a model could not be taken down", e);
            }
        }
    }

    /** Refuses new calls and turns from now on. What is running goes on. */
    public void refuse() {
        backend.drain();
        tell();
    }

    /** As {@link #refuse}; streams end as soon as their running turn has. */
    public void drain() {
        refuse();
        streams.forEach(ConversationStream::drain);
    }

    /** As {@link #refuse}, and closes conversations that are kept; those that streams hold are closed when they end. */
    @Override
    public void close() {
        refuse();
        pool.close();
        conversations.close();
        synchronized (watchLock) {
            stopGauges();
        }
    }
}
