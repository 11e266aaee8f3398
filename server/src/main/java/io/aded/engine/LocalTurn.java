package io.aded.engine;

import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.TargetContext;
import io.aded.model.TokenSampler;
import io.aded.model.Vocabulary;
import io.aded.telemetry.TurnTelemetry;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One turn as the engine thread sees it: the answer being written, and what it took. What it is in one pass is its
 * {@link Round}. All fields but the flag that callers set belong to the engine thread.
 */
final class LocalTurn implements Turn {
    private final LocalSession session;
    private final TurnRequest request;
    private final TurnListener listener;
    private final TokenSampler sampler;
    private final TurnTelemetry telemetry;
    private final int seed;
    private final long number;
    private final long submittedNanos;
    private final int[] prompt;
    private final Runnable wake;
    private final Consumer<LocalTurn> abandon;

    private final int[] stopTokens;
    private final boolean auto;
    private final Vocabulary vocabulary;
    private final Round round;
    private final @Nullable Transcript transcript;
    private final SpeculationTally tally = new SpeculationTally();

    /** On whose account it is; its own, until it is admitted to the queue. */
    private Caller caller = new Caller();

    private volatile boolean cancelled;

    // The answer so far.
    private final @Nullable AnswerParts parts;
    private final TextAssembler text;
    private final StringBuilder answer = new StringBuilder();
    private int answerTokens;
    private boolean endDrawn;
    private @Nullable FinishReason finished;
    private boolean parked;
    private @Nullable AdedException fault;

    // What it took.
    private boolean admittedBefore;
    private long admittedNanos;
    private int cachedPromptTokens;
    private boolean prefillReported;
    private long firstTokenNanos;

    LocalTurn(
            LocalSession session,
            TurnRequest request,
            TurnListener listener,
            Answering answering,
            long number,
            long submittedNanos,
            int[] prompt,
            TargetContext context,
            CellLedger ledger,
            Runnable wake,
            Consumer<LocalTurn> abandon) {
        this.session = session;
        this.request = request;
        this.listener = listener;
        sampler = answering.sampler();
        seed = answering.seed();
        telemetry = answering.telemetry();
        transcript = answering.transcript();
        this.number = number;
        this.submittedNanos = submittedNanos;
        this.prompt = prompt;
        this.wake = wake;
        this.abandon = abandon;
        stopTokens = request.stopTokens().stream().mapToInt(Integer::intValue).toArray();
        auto = request.draft().mode().budgeted();
        vocabulary = session.model().vocabulary();
        parts = answering.parts();
        text = new TextAssembler(
                vocabulary,
                request.stopStrings(),
                parts == null ? null : parts.form().marks());
        int nodes = request.draft().mode().drafts() ? request.draft().maxNodes() : 0;
        round = new Round(this, nodes, context, ledger);
    }

    // --- what callers do, from any thread

    @Override
    public void cancel() {
        cancelled = true;
        abandon.accept(this);
    }

    @Override
    public void resume() {
        wake.run();
    }

    @Override
    public int promptTokens() {
        return prompt.length;
    }

    // --- what the engine thread asks

    LocalSession session() {
        return session;
    }

    /** It cannot go on, and is ended before the next pass. The first reason counts. */
    void fail(Throwable cause) {
        if (fault == null) {
            fault = TurnFault.of(cause);
        }
    }

    /** Why it cannot go on, or null. */
    @Nullable
    AdedException fault() {
        return fault;
    }

    /** Whether its listener can take more. */
    boolean isReady() {
        try {
            return listener.isReady();
        } catch (RuntimeException | Error e) {
            fail(e);
            return false;
        }
    }

    /** Notes whether it is left out of the next pass because its listener is not ready; tells it when that changes. */
    void park(boolean leftOut) {
        if (leftOut == parked) {
            return;
        }
        parked = leftOut;
        try {
            listener.onParked(leftOut);
        } catch (RuntimeException | Error e) {
            fail(e);
        }
    }

    /** The whole prompt, history included. */
    int[] prompt() {
        return prompt;
    }

    TurnRequest request() {
        return request;
    }

    /** Whose turn it is. */
    Caller caller() {
        return caller;
    }

    void setCaller(Caller account) {
        caller = account;
    }

    TurnListener listener() {
        return listener;
    }

    TokenSampler sampler() {
        return sampler;
    }

    long number() {
        return number;
    }

    long submittedNanos() {
        return submittedNanos;
    }

    boolean isCancelled() {
        return cancelled;
    }

    /** What it is in the pass being played. */
    Round round() {
        return round;
    }

    /** Whether the budget decides how much it drafts. */
    boolean isAuto() {
        return auto;
    }

    /** Prompt tokens, or tokens to recompute, that are not in the KV cache; the last known token is the root. */
    int pendingPrefill() {
        return session.length() - 1 - session.committed();
    }

    /** Answer tokens that may still come. */
    int tokensLeft() {
        int room = session.limit() - session.length();
        return request.maxTokens() == 0 ? room : Math.min(room, request.maxTokens() - answerTokens);
    }

    // --- admission

    /** Whether it was admitted once; it may have had to wait again since. */
    boolean wasAdmitted() {
        return admittedBefore;
    }

    /**
     * It runs for the first time.
     *
     * @param cachedTokens of its prompt that need no computing
     */
    void admitted(long now, int cachedTokens) {
        admittedBefore = true;
        admittedNanos = now;
        cachedPromptTokens = cachedTokens;
    }

    // --- emission

    /** Whether a token that was drawn ends the answer and is not part of it. */
    boolean isEnd(int token) {
        return !request.ignoreEnd() && vocabulary.endsGeneration(token) || isStopToken(token);
    }

    private boolean isStopToken(int token) {
        for (int stop : stopTokens) {
            if (stop == token) {
                return true;
            }
        }
        return false;
    }

    /** The answer ends before the token that was drawn. */
    void end() {
        endDrawn = true;
        finished = FinishReason.STOP;
    }

    /** The answer goes on with this token; it may be the last. */
    void append(int token) {
        answerTokens++;
        session.append(token);
        boolean stopped = text.append(token);
        if (parts != null) {
            String ready = text.take();
            answer.append(ready);
            parts.token(ready);
        }
        if (stopped) {
            session.cutByStopString();
            finished = FinishReason.STOP;
        } else if (request.maxTokens() != 0 && answerTokens >= request.maxTokens()) {
            finished = FinishReason.LENGTH;
        } else if (session.length() >= session.limit()) {
            finished = FinishReason.CONTEXT_FULL;
        }
    }

    /**
     * Drops what was drawn beyond so many tokens, of the history and of the answer: something failed before it
     * counted.
     */
    void takeBack(int length, int answered) {
        session.shorten(length);
        answerTokens = answered;
        finished = null;
        endDrawn = false;
    }

    /** Why the answer has ended, or null. */
    @Nullable
    FinishReason finished() {
        return finished;
    }

    /** Ends the answer where it is. */
    void finish(FinishReason reason) {
        finished = reason;
    }

    /** Tokens of the answer. */
    int answerTokens() {
        return answerTokens;
    }

    /** Tokens drawn: the answer's, and the one that ended it. */
    private int completionTokens() {
        return answerTokens + (endDrawn ? 1 : 0);
    }

    /** The answer as a message that goes on with what it was begun with. */
    ChatMessage message(String begun) {
        return parts == null ? new ChatMessage("assistant", begun + answer) : parts.message(begun);
    }

    /** The text so far, marks and all. */
    String answer() {
        return answer.toString();
    }

    // --- what a round brought

    /** Books a verified round, and hands its text and tokens to the listener. */
    void deliver(Pass pass, long now) {
        if (!prefillReported) {
            prefillReported = true;
            telemetry.prefill(admittedNanos, pass.decodeEnd(), prompt.length - cachedPromptTokens, cachedPromptTokens);
        }
        tally.add(round, pass.nanos());
        deliverText(now);
        if (telemetry.isRecording()) {
            telemetry.round(round.record(tally.rounds() - 1, pass, now, telemetry.isTraced()));
        }
        if (request.reportRounds()) {
            listener.onRound(round.report(tally.rounds() - 1, pass));
        }
    }

    private void deliverParts(AnswerParts speaking, long now) {
        if (finished != null) {
            String rest = text.takeAll();
            answer.append(rest);
            speaking.end(rest);
        }
        reportEmitted(round.emittedCount(), now);
        for (Delta delta : speaking.deltas(round.delta(""))) {
            listener.onDelta(delta);
        }
    }

    private void reportEmitted(int emitted, long now) {
        if (emitted > 0) {
            if (firstTokenNanos == 0) {
                firstTokenNanos = Math.max(1, now - submittedNanos);
            }
            telemetry.emitted(emitted, now);
        }
    }

    private void deliverText(long now) {
        if (parts != null) {
            deliverParts(parts, now);
            return;
        }
        String ready = finished == null ? text.take() : text.takeAll();
        int emitted = round.emittedCount();
        if (ready.isEmpty() && emitted == 0) {
            return;
        }
        answer.append(ready);
        reportEmitted(emitted, now);
        listener.onDelta(round.delta(ready));
    }

    /** Books the host's time of a pass that it was in. */
    void addHostNanos(long nanos) {
        tally.addHost(nanos);
    }

    // --- the end

    /** What it says, if that is kept; else null. */
    @Nullable
    Transcript transcript() {
        return transcript;
    }

    /** Hands over what it said, if that is kept and the answer ended by itself. */
    void recordTo(AnswerRecorder recorder, FinishReason reason) {
        if (transcript != null && fault == null && reason != FinishReason.CANCELLED) {
            recorder.record(transcript.ended(prompt, endDrawn));
        }
    }

    /** Tells the telemetry that the turn is over. */
    void reportEnd(String reason, @Nullable Throwable failure) {
        telemetry.end(reason, prompt.length, cachedPromptTokens, completionTokens(), failure);
    }

    TurnResult result(FinishReason reason, long now) {
        boolean called = reason == FinishReason.STOP && parts != null && parts.calls() > 0;
        return new TurnResult(
                called ? FinishReason.TOOL_CALLS : reason,
                prompt.length,
                cachedPromptTokens,
                completionTokens(),
                seed,
                admittedBefore ? admittedNanos - submittedNanos : now - submittedNanos,
                firstTokenNanos,
                now - submittedNanos,
                tally.total(),
                parts == null ? 0 : parts.reasoningTokens());
    }
}
