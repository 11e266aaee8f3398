package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.aded.draft.DraftLimits;
import io.aded.draft.Drafter;
import io.aded.draft.LoopProposer;
import io.aded.draft.catalogue.Drafters;
import io.aded.model.AdedException;
import io.aded.model.ChatTemplate;
import io.aded.model.ContextParameters;
import io.aded.model.ModelInfo;
import io.aded.model.SamplingParameters;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetContext;
import io.aded.model.TargetModel;
import io.aded.model.TokenSampler;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import io.aded.model.Vocabulary;
import io.aded.telemetry.EngineTelemetry;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What one turn's sampler, drafter or listener throws ends that turn, and nothing else. */
class TurnFaultTest {
    private static final ScriptedModel.Script SCRIPT = ScriptedModel.babble(7, 2);
    private static final DraftPolicy DRAFT = new DraftPolicy(Drafters.ADED, 16, 8, 8, false);

    /** The seed of the turn that fails. */
    private static final int FAULTY = 666;

    /** Where it fails. */
    private enum Where {
        SAMPLE,
        PRUNE,
        FORCE,
        OPEN_DRAFTER,
        LEARN_PROMPT,
        DRAFT,
        OBSERVE,
        ACCEPT,
        IS_READY,
        ON_DELTA,
        ON_ROUND
    }

    private static final List<Supplier<Throwable>> WHAT = List.of(
            () -> new IllegalStateException("the prompt was: secret"),
            () -> new OutOfMemoryError("secret"),
            () -> new StackOverflowError("secret"));

    /** Counts calls down to the one that throws. */
    private static final class Bomb {
        private final Where where;
        private final Supplier<Throwable> what;
        private final AtomicInteger left;

        Bomb(Where where, int after, Supplier<Throwable> what) {
            this.where = where;
            this.what = what;
            left = new AtomicInteger(after);
        }

        void at(Where here) {
            if (here == where && left.getAndDecrement() == 0) {
                Throwable thrown = what.get();
                if (thrown instanceof Error error) {
                    throw error;
                }
                throw (RuntimeException) thrown;
            }
        }
    }

    /** A scripted model whose sampler of the faulty seed goes through the bomb, and whose passes wait at a gate. */
    private record Model(ScriptedModel inner, Bomb bomb) implements TargetModel {
        @Override
        public ModelInfo info() {
            return inner.info();
        }

        @Override
        public Vocabulary vocabulary() {
            return inner.vocabulary();
        }

        @Override
        public ChatTemplate chatTemplate() {
            return inner.chatTemplate();
        }

        @Override
        public TargetContext newContext(ContextParameters parameters) {
            return inner.newContext(parameters);
        }

        @Override
        public TokenSampler newSampler(SamplingParameters parameters) {
            TokenSampler sampler = inner.newSampler(parameters);
            Integer seed = parameters.seed();
            return seed != null && seed == FAULTY ? new Sampler(sampler, bomb) : sampler;
        }

        @Override
        public void close() {}
    }

    private record Sampler(TokenSampler inner, Bomb bomb) implements TokenSampler {
        @Override
        public boolean isPlainGreedy() {
            return inner.isPlainGreedy() && bomb.where != Where.SAMPLE;
        }

        @Override
        public int sample(TargetContext context, int row) {
            bomb.at(Where.SAMPLE);
            return inner.sample(context, row);
        }

        @Override
        public void remember(int token) {
            inner.remember(token);
        }

        @Override
        public boolean constrains() {
            return true;
        }

        @Override
        public void prune(TokenTree tree) {
            bomb.at(Where.PRUNE);
        }

        @Override
        public int draftForced(TokenTree tree, int maxNodes, int maxBranches) {
            bomb.at(Where.FORCE);
            return 0;
        }

        @Override
        public void close() {
            inner.close();
            throw new IllegalStateException("even closing it fails");
        }
    }

    /** The learning drafter of the tests; the stream whose prompt begins with the mark goes through the bomb. */
    private static final class Mine implements Drafter {
        private static final int MARK = 3 + '#';

        private final LearningTestDrafter inner = new LearningTestDrafter(1, 0.8);
        private final Bomb bomb;
        private boolean faulty;

        Mine(Bomb bomb) {
            this.bomb = bomb;
        }

        private void at(Where where) {
            if (faulty) {
                bomb.at(where);
            }
        }

        @Override
        public String name() {
            return "mine";
        }

        @Override
        public void learnPrompt(int[] tokens, int from, int to) {
            faulty |= from == 0 && (tokens[0] == MARK || tokens[1] == MARK);
            at(Where.LEARN_PROMPT);
            inner.learnPrompt(tokens, from, to);
        }

        @Override
        public void draft(TokenTree tree, DraftLimits limits) {
            inner.draft(tree, limits);
            at(Where.DRAFT);
        }

        @Override
        public void observe(TokenTree tree, int node, TopTokens target) {
            at(Where.OBSERVE);
        }

        @Override
        public void accept(TokenTree tree, int lastAccepted, int bonusToken) {
            at(Where.ACCEPT);
            inner.accept(tree, lastAccepted, bonusToken);
        }

        @Override
        public void share() {
            inner.share();
        }

        @Override
        public long stateBytes() {
            return inner.stateBytes();
        }

        @Override
        public void close() {
            throw new IllegalStateException("even closing it fails");
        }
    }

    /** Notes what it is told, then goes through the bomb. */
    private static final class Listener implements TurnListener {
        final Recorder recorder = new Recorder();
        private final Bomb bomb;

        Listener(Bomb bomb) {
            this.bomb = bomb;
        }

        @Override
        public void onDelta(Delta delta) {
            recorder.onDelta(delta);
            bomb.at(Where.ON_DELTA);
        }

        @Override
        public void onRound(RoundReport report) {
            bomb.at(Where.ON_ROUND);
        }

        @Override
        public void onFinished(TurnResult result) {
            recorder.onFinished(result);
            throw new IllegalStateException("a listener must not throw, but may");
        }

        @Override
        public void onFailed(AdedException failure) {
            recorder.onFailed(failure);
            throw new IllegalStateException("a listener must not throw, but may");
        }

        @Override
        public boolean isReady() {
            bomb.at(Where.IS_READY);
            return true;
        }
    }

    private static TurnRequest request(Prompt prompt, float temperature, int seed, int tokens) {
        return TurnRequest.of(
                        prompt,
                        SamplingParameters.GREEDY.withTemperature(temperature).withSeed(seed),
                        DRAFT,
                        tokens)
                .withRounds(true);
    }

    private static Recorder run(Engine engine, TurnRequest request) {
        try (Session session = engine.openSession()) {
            Recorder recorder = new Recorder();
            session.submit(request, recorder);
            recorder.await();
            return recorder;
        }
    }

    private static LocalEngine sound() {
        return new LocalEngine(
                new ScriptedModel(SCRIPT),
                EngineOptions.ofCells(4096),
                EngineTelemetry.NONE,
                LearningTestDrafter.proposers(0.8),
                System::nanoTime);
    }

    /** Every place, at its first call and later, with one kind of failure after the other. */
    static List<Arguments> faults() {
        List<Arguments> faults = new ArrayList<>();
        for (Where where : Where.values()) {
            boolean once = where == Where.OPEN_DRAFTER || where == Where.LEARN_PROMPT;
            for (int after : once ? new int[] {0} : new int[] {0, 7}) {
                faults.add(Arguments.of(where, after, WHAT.get(faults.size() % WHAT.size())));
            }
        }
        return faults;
    }

    @ParameterizedTest(name = "{0} after {1}")
    @MethodSource("faults")
    void submit_oneTurnThrows_endsItAloneAndItsConversationGoesOn(Where where, int after, Supplier<Throwable> what)
            throws InterruptedException {
        submit(where, after, what, Crew.alone());
    }

    @ParameterizedTest(name = "{0} after {1}")
    @MethodSource("faults")
    void submit_oneTurnThrowsOnAHelper_endsItAloneAndItsConversationGoesOn(
            Where where, int after, Supplier<Throwable> what) throws InterruptedException {
        submit(where, after, what, new StrangeCrew());
    }

    private static void submit(Where where, int after, Supplier<Throwable> what, Crew crew)
            throws InterruptedException {
        Bomb bomb = new Bomb(where, after, what);
        AtomicBoolean gated = new AtomicBoolean();
        CountDownLatch submitted = new CountDownLatch(1);
        var model = new Model(
                new ScriptedModel(SCRIPT, _ -> {
                    if (gated.get()) {
                        awaitQuietly(submitted);
                    }
                }),
                bomb);
        var opened = new AtomicInteger();
        Prompt neighbours = new Prompt.Text("once upon a time");
        try (LocalEngine engine = new LocalEngine(
                        model,
                        EngineOptions.ofCells(4096),
                        EngineTelemetry.NONE,
                        LoopProposer.factory(_ -> {
                            if (opened.getAndIncrement() == 1) { // the neighbour's comes first
                                bomb.at(Where.OPEN_DRAFTER);
                            }
                            return new Mine(bomb);
                        }),
                        System::nanoTime,
                        crew);
                LocalEngine sound = sound()) {
            gated.set(true); // so that both are in the same passes
            Session session = engine.openSession();
            Session other = engine.openSession();
            Recorder neighbour = new Recorder();
            Listener faulty = new Listener(bomb);
            other.submit(request(neighbours, 0.8f, 5, 200), neighbour);
            session.submit(request(new Prompt.Text("#abc"), where == Where.SAMPLE ? 0.8f : 0f, FAULTY, 60), faulty);
            submitted.countDown();

            assertThatThrownBy(faulty.recorder::await)
                    .isInstanceOfAny(AdedException.Internal.class, AdedException.ResourceExhausted.class)
                    .hasMessageContaining("stands")
                    .hasMessageNotContaining("secret");
            assertThat(neighbour.await().reason()).isEqualTo(FinishReason.LENGTH);
            assertThat(neighbour.tokens).isEqualTo(run(sound, request(neighbours, 0.8f, 5, 200)).tokens);
            Recorder whole =
                    run(sound, request(new Prompt.Text("#abc"), where == Where.SAMPLE ? 0.8f : 0f, FAULTY, 60));
            assertThat(faulty.recorder.tokens)
                    .as("what was sent before the fault is what would have been sent")
                    .isEqualTo(whole.tokens.subList(0, faulty.recorder.tokens.size()));

            Recorder next = new Recorder();
            session.submit(request(new Prompt.Text(" go on"), 0f, 3, 40), next);
            next.await();
            List<Integer> history = new ArrayList<>();
            add(history, model.vocabulary().tokenize("#abc", true, false));
            history.addAll(faulty.recorder.tokens);
            boolean begins = faulty.recorder.tokens.isEmpty();
            if (begins) {
                history.clear();
            }
            add(
                    history,
                    begins
                            ? model.vocabulary().tokenize(" go on", true, false)
                            : model.vocabulary().tokenizeContinuation(" go on", false));
            int[] ids = history.stream().mapToInt(Integer::intValue).toArray();
            assertThat(next.tokens).isEqualTo(run(sound, request(new Prompt.Tokens(ids), 0f, 3, 40)).tokens);

            session.close();
            other.close();
            assertNothingHeld(engine);
            assertThat(engine.pulse().lost()).isNull();
        }
    }

    private static void add(List<Integer> list, int[] tokens) {
        for (int token : tokens) {
            list.add(token);
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void assertNothingHeld(LocalEngine engine) {
        await().untilAsserted(() -> {
            EngineStatus status = engine.status();
            assertThat(status.sessions()).isZero();
            assertThat(status.running() + status.waiting()).isZero();
            assertThat(status.cellsUsed()).isZero();
            assertThat(status.sequencesUsed()).isZero();
        });
        assertThat(engine.openTurns()).isZero();
    }

    static Stream<Arguments> brokenRows() {
        return Stream.of(0f, 0.8f)
                .flatMap(temperature -> Stream.of(DraftPolicy.OFF, DRAFT)
                        .flatMap(draft -> Stream.of("a NaN", "+infinity", "nothing but -infinity")
                                .map(what -> Arguments.of(what, temperature, draft))));
    }

    @ParameterizedTest(name = "{0} at {1}")
    @MethodSource("brokenRows")
    void submit_rowThatIsNoDistribution_endsTheTurnWithAnErrorAndNoText(
            String what, float temperature, DraftPolicy draft) {
        int fatal = 3 + '!';
        ScriptedModel.Script script = (tokens, length, row) -> {
            SCRIPT.logits(tokens, length, row);
            boolean broken = false;
            for (int i = 0; i < length; i++) {
                broken |= tokens[i] == fatal;
            }
            if (broken && length > 12) {
                switch (what) {
                    case "a NaN" -> row[200] = Float.NaN;
                    case "+infinity" -> row[200] = Float.POSITIVE_INFINITY;
                    default -> Arrays.fill(row, Float.NEGATIVE_INFINITY);
                }
            }
        };
        try (LocalEngine engine = new LocalEngine(
                        new ScriptedModel(script),
                        EngineOptions.ofCells(4096),
                        EngineTelemetry.NONE,
                        LearningTestDrafter.proposers(0.8),
                        System::nanoTime);
                LocalEngine sound = sound()) {
            SamplingParameters sampling =
                    SamplingParameters.GREEDY.withTemperature(temperature).withSeed(4);
            Recorder broken = new Recorder();
            Recorder beside = new Recorder();
            Session session = engine.openSession();
            Session other = engine.openSession();
            other.submit(TurnRequest.of(new Prompt.Text("abc"), sampling, draft, 100), beside);
            Turn turn = session.submit(TurnRequest.of(new Prompt.Text("!abc"), sampling, draft, 100), broken);
            assertThatThrownBy(broken::await)
                    .isInstanceOfSatisfying(
                            AdedException.Internal.class,
                            failure -> assertThat(failure.reason()).isEqualTo("LOGITS_NOT_FINITE"));
            assertThat(turn.promptTokens() + broken.tokens.size())
                    .as("all tokens before the broken row")
                    .isEqualTo(13);
            beside.await();
            assertThat(beside.tokens)
                    .isEqualTo(
                            run(sound, TurnRequest.of(new Prompt.Text("abc"), sampling, DraftPolicy.OFF, 100)).tokens);
            session.close();
            other.close();
            assertNothingHeld(engine);
        }
    }

    @Test
    void submit_biasForbidsTheOnlyTokenThatTheModelCanSay_endsTheTurnWithAnErrorThatSaysSo() {
        ScriptedModel.Script oneLetter = (tokens, length, row) -> {
            Arrays.fill(row, Float.NEGATIVE_INFINITY);
            row[3 + 'a'] = 1f;
        };
        try (LocalEngine engine = new LocalEngine(
                new ScriptedModel(oneLetter),
                EngineOptions.ofCells(4096),
                EngineTelemetry.NONE,
                LearningTestDrafter.proposers(0.8),
                System::nanoTime)) {
            Recorder recorder = new Recorder();
            SamplingParameters sampling = SamplingParameters.builder()
                    .temperature(0.8f)
                    .logitBias(Map.of(3 + 'a', Float.NEGATIVE_INFINITY))
                    .build();
            engine.openSession().submit(TurnRequest.of(new Prompt.Text("abc"), sampling, DRAFT, 10), recorder);
            assertThatThrownBy(recorder::await)
                    .isInstanceOfSatisfying(
                            AdedException.FailedPrecondition.class,
                            failure -> assertThat(failure.reason()).isEqualTo("NO_TOKEN_ALLOWED"));
            assertThat(recorder.tokens).isEmpty();
        }
    }

    @Test
    void decode_reportsAnError_losesTheEngineAndTellsEveryTurn() {
        AtomicBoolean broken = new AtomicBoolean();
        TargetModel inner = new Model(new ScriptedModel(SCRIPT), new Bomb(Where.SAMPLE, -1, WHAT.getFirst()));
        TargetModel model = (TargetModel) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {TargetModel.class}, (_, method, arguments) -> {
                    Object result = call(method, inner, arguments);
                    return result instanceof TargetContext context ? failing(context, broken) : result;
                });
        try (LocalEngine engine = new LocalEngine(
                model,
                EngineOptions.ofCells(4096),
                EngineTelemetry.NONE,
                LearningTestDrafter.proposers(0.8),
                System::nanoTime)) {
            Recorder first = new Recorder();
            Recorder second = new Recorder();
            Session session = engine.openSession();
            session.submit(request(new Prompt.Text("abc"), 0f, 1, 4000), first);
            engine.openSession().submit(request(new Prompt.Text("def"), 0f, 1, 4000), second);
            assertThat(engine.pulse().lost()).isNull();
            broken.set(true);
            for (Recorder recorder : List.of(first, second)) {
                assertThatThrownBy(recorder::await)
                        .isInstanceOf(AdedException.Internal.class)
                        .hasMessageContaining("engine of this server failed and is lost");
            }
            await().until(() -> engine.pulse().lost() != null && !engine.pulse().busy());
            assertThatThrownBy(engine::openSession)
                    .isInstanceOf(AdedException.Unavailable.class)
                    .hasMessageContaining("is lost; call another one");
            assertThatThrownBy(() -> session.submit(request(new Prompt.Text("abc"), 0f, 1, 4), new Recorder()))
                    .isInstanceOf(AdedException.Unavailable.class);
        }
    }

    private static TargetContext failing(TargetContext context, AtomicBoolean broken) {
        return (TargetContext) Proxy.newProxyInstance(
                TurnFaultTest.class.getClassLoader(), new Class<?>[] {TargetContext.class}, (_, method, arguments) -> {
                    if (method.getName().equals("decode") && broken.get()) {
                        throw new AdedException.Internal("DECODE_FAILED", "error -3", null);
                    }
                    return call(method, context, arguments);
                });
    }

    private static Object call(Method method, Object target, Object[] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
