package io.aded.lab.offline;

import io.aded.draft.DraftLimits;
import io.aded.draft.Drafter;
import io.aded.draft.LoopProposer;
import io.aded.draft.adaptive.AdedStage;
import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.catalogue.Drafters;
import io.aded.engine.Delta;
import io.aded.engine.DraftPolicy;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.engine.Prompt;
import io.aded.engine.Session;
import io.aded.engine.TurnListener;
import io.aded.engine.TurnRequest;
import io.aded.engine.TurnResult;
import io.aded.lab.recording.RecordedAnswer;
import io.aded.lab.recording.RecordedModel;
import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.SamplingParameters;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import io.aded.telemetry.EngineTelemetry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Callers who ask one engine at once, in virtual time, each again as soon as it has its answer. The clock is advanced
 * by passes and by what the host was measured to take for rows, drafts, lessons and deliveries, by the engine's thread
 * alone or shared with helpers ({@link PricedCrew}): the host's time comes on top of the passes'. The same figures on
 * every machine.
 */
final class Crowd implements AutoCloseable {
    /*
     * The host's times are those of bench/README.md: a shared core of an Intel Xeon, rows of 32,000 logits. A delivery
     * is an engine's token on its way to a client (ServingBenchmark: 64 streams, 1.5 us a token, client included).
     */
    private static final long NODE_NANOS = 880;
    private static final long LESSON_NANOS = 3_600;
    private static final long BEST_NANOS = 3_100;
    private static final long TOP_NANOS = 7_700;
    private static final long DELIVERY_NANOS = 1_500;

    /** A prompt's token is learned without a view of the target's. */
    private static final long PROMPT_TOKEN_NANOS = LESSON_NANOS / 4;

    /** Answers, in answers a caller. */
    private static final int ANSWERS_EACH = 3;

    private static final int CELLS_EACH = 2_048;

    private final AtomicLong clock = new AtomicLong(1);
    private final int callers;
    private final DraftPolicy policy;
    private final RecordedModel model;
    private final Engine engine;
    private final CompletableFuture<Void> done = new CompletableFuture<>();

    // Of the engine's thread, until it is done.
    private int next;
    private int open;
    private long begin;
    private long end;
    private long inPasses;
    private long inPassesByEnd;
    private long accepted;
    private long drafts;

    /**
     * A crowd in front of an engine that has measured its passes.
     *
     * @param callers from 1 to {@link RecordedModel#STREAMS}
     * @param helpers of the engine's thread, at least 0
     * @param passNanos what a pass takes, by its tokens
     * @param policy everybody's
     * @param stage of the adaptive drafter, in the place of the policy's drafter; null for the policy's own
     * @param settings of the drafters
     */
    Crowd(
            int callers,
            int helpers,
            IntToLongFunction passNanos,
            DraftPolicy policy,
            @Nullable AdedStage stage,
            DrafterSettings settings) {
        this.callers = callers;
        this.policy = policy;
        model = new RecordedModel(
                tokens -> {
                    long nanos = passNanos.applyAsLong(tokens);
                    inPasses += nanos;
                    clock.addAndGet(nanos);
                },
                wanted -> clock.addAndGet(wanted == 1 ? BEST_NANOS : TOP_NANOS));
        EngineOptions options = new EngineOptions(
                ContextParameters.ofCells(callers * CELLS_EACH).withMaxSequences(4 * callers),
                callers,
                2 * callers,
                Duration.ofDays(1),
                Duration.ofMillis(250),
                0,
                policy);
        DrafterKind kind = policy.mode();
        engine = Engine.start(
                model,
                options,
                EngineTelemetry.NONE,
                LoopProposer.factory(
                        _ -> new Timed(stage == null ? kind.create(settings) : Drafters.create(stage, settings))),
                clock::get,
                new PricedCrew(helpers, clock));
        try {
            engine.awaitCalibration(Duration.ofMinutes(1));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Has all of them ask for these answers by turns, and waits until they have three each. */
    void play(List<RecordedAnswer> answers) {
        try (Session first = engine.openSession()) {
            // They all begin on the engine's thread, between two passes.
            first.submit(
                    TurnRequest.of(new Prompt.Tokens(new int[] {1}), SamplingParameters.GREEDY, DraftPolicy.OFF, 1),
                    new Answered(() -> {
                        begin = clock.get();
                        inPasses = 0;
                        open = callers;
                        for (int caller = 0; caller < callers; caller++) {
                            ask(caller, answers);
                        }
                    }));
            done.join();
        }
    }

    private void ask(int caller, List<RecordedAnswer> answers) {
        if (next == callers * ANSWERS_EACH) {
            if (--open == 0) {
                done.complete(null);
            }
            return;
        }
        RecordedAnswer answer = answers.get(next++ % answers.size());
        Session session = engine.openSession("caller " + caller);
        session.submit(
                TurnRequest.of(
                        new Prompt.Tokens(model.play(caller, answer)),
                        SamplingParameters.GREEDY,
                        policy,
                        Math.max(1, answer.answer().length)),
                new Answered(() -> {
                    session.close();
                    end = clock.get();
                    inPassesByEnd = inPasses;
                    ask(caller, answers);
                }));
    }

    /** From the first question to the last answer. */
    long nanos() {
        return end - begin;
    }

    /** Of that, what was not spent in passes: the host's time. */
    long hostNanos() {
        return nanos() - inPassesByEnd;
    }

    /** Draft tokens accepted. */
    long accepted() {
        return accepted;
    }

    /** Rounds of streams that had a draft. */
    long drafts() {
        return drafts;
    }

    @Override
    public void close() {
        engine.close();
    }

    private final class Answered implements TurnListener {
        private final Runnable then;

        Answered(Runnable then) {
            this.then = then;
        }

        @Override
        public void onDelta(Delta delta) {
            clock.addAndGet(DELIVERY_NANOS * Math.max(1, delta.tokens().length));
        }

        @Override
        public void onFinished(TurnResult result) {
            accepted += result.speculation().numAcceptedDraftTokens();
            drafts += result.speculation().numSpecSteps();
            then.run();
        }

        @Override
        public void onFailed(AdedException failure) {
            done.completeExceptionally(failure);
        }
    }

    /** A drafter that takes its time. Rows are charged where they are read. */
    private final class Timed implements Drafter {
        private final Drafter drafter;

        Timed(Drafter drafter) {
            this.drafter = drafter;
        }

        @Override
        public String name() {
            return drafter.name();
        }

        @Override
        public void learnPrompt(int[] tokens, int from, int to) {
            drafter.learnPrompt(tokens, from, to);
            clock.addAndGet((to - from) * PROMPT_TOKEN_NANOS);
        }

        @Override
        public void draft(TokenTree tree, DraftLimits limits) {
            drafter.draft(tree, limits);
            clock.addAndGet(NODE_NANOS * (1 + tree.draftNodes()));
        }

        @Override
        public void observe(TokenTree tree, int node, TopTokens target) {
            drafter.observe(tree, node, target);
        }

        @Override
        public void accept(TokenTree tree, int lastAccepted, int bonusToken) {
            drafter.accept(tree, lastAccepted, bonusToken);
            clock.addAndGet(LESSON_NANOS * (1 + tree.depth(lastAccepted)));
        }

        @Override
        public void share() {
            drafter.share();
        }

        @Override
        public void rewind(int length) {
            drafter.rewind(length);
        }

        @Override
        public long stateBytes() {
            return drafter.stateBytes();
        }

        @Override
        public void close() {
            drafter.close();
        }
    }
}
