package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.aded.draft.catalogue.Drafters;
import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.SamplingParameters;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetContext;
import io.aded.model.TargetModel;
import io.aded.model.TokenBatch;
import io.aded.telemetry.EngineTelemetry;
import io.aded.testing.Seeds;
import java.lang.ref.WeakReference;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EngineTest {
    private static final DraftPolicy DRAFT = new DraftPolicy(Drafters.ADED, 16, 8, 8, false);

    private static LocalEngine engine(ScriptedModel.Script script, EngineOptions options) {
        return new LocalEngine(
                new ScriptedModel(script),
                options,
                EngineTelemetry.NONE,
                LearningTestDrafter.proposers(0.8),
                System::nanoTime);
    }

    private static LocalEngine engine() {
        return engine(ScriptedModel.babble(7, 2), EngineOptions.ofCells(4096));
    }

    private static TurnRequest request(String text, float temperature, DraftPolicy draft, int maxTokens) {
        return TurnRequest.of(
                new Prompt.Text(text),
                SamplingParameters.GREEDY.withTemperature(temperature).withSeed(11),
                draft,
                maxTokens);
    }

    private static Recorder run(Engine engine, TurnRequest request) {
        try (Session session = engine.openSession()) {
            Recorder recorder = new Recorder();
            session.submit(request, recorder);
            recorder.await();
            return recorder;
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {0f, 0.8f, 1.5f})
    void submit_withAnyDraft_emitsWhatPlainDecodingEmits(float temperature) {
        try (LocalEngine engine = engine()) {
            for (int prompt = 0; prompt < 20; prompt++) {
                String text = "once upon a time " + prompt;
                Recorder plain = run(engine, request(text, temperature, DraftPolicy.OFF, 200));
                Recorder drafted = run(engine, request(text, temperature, DRAFT, 200));
                Recorder budgeted = run(engine, request(text, temperature, DraftPolicy.AUTO, 200));
                assertThat(drafted.tokens).isEqualTo(plain.tokens).hasSize(200);
                assertThat(budgeted.tokens).isEqualTo(plain.tokens);
                assertThat(drafted.text.toString()).isEqualTo(plain.text.toString());
                assertThat(plain.await().speculation().numDraftTokens()).isZero();
                assertThat(drafted.await().speculation().numDraftTokens()).isPositive();
            }
            assertThat(run(engine, request("abc", 0f, DRAFT, 400))
                            .await()
                            .speculation()
                            .meanAcceptanceLength())
                    .isGreaterThan(2);
        }
    }

    @Test
    void close_sessionOfADraftedAnswer_keepsNothingOfItsTurn() {
        try (LocalEngine engine = engine()) {
            var listener = new WeakReference<>(run(engine, request("abc", 0f, DRAFT, 40)));

            await().until(() -> {
                System.gc();
                return listener.refersTo(null);
            });
        }
    }

    @Test
    void submit_atTemperatureOne_keepsTheDistribution() {
        // 20,000 answers of two tokens each; the second is what a draft could bias. Chi-squared against plain decoding.
        ScriptedModel.Script script = (tokens, length, row) -> {
            Arrays.fill(row, -30f);
            for (int letter = 0; letter < 8; letter++) {
                row[3 + 'a' + letter] = (float) Math.sin(tokens[length - 1] * 0.7 + letter) * 1.5f;
            }
        };
        try (LocalEngine engine = engine(script, EngineOptions.ofCells(4096))) {
            int[][] counts = new int[2][64];
            for (int arm = 0; arm < 2; arm++) {
                try (Session session = engine.openSession()) {
                    for (int sample = 0; sample < 10_000; sample++) {
                        Recorder recorder = new Recorder();
                        int seed = arm * 1_000_003 + sample * 7919;
                        session.submit(
                                TurnRequest.of(
                                        new Prompt.Text("go"),
                                        SamplingParameters.GREEDY
                                                .withTemperature(1f)
                                                .withSeed(seed),
                                        arm == 0 ? DraftPolicy.OFF : DRAFT,
                                        3),
                                recorder);
                        recorder.await();
                        int cell = (recorder.tokens.get(0) - 3 - 'a') * 8 + recorder.tokens.get(1) - 3 - 'a';
                        counts[arm][cell]++;
                        session.reset();
                    }
                }
            }
            double chi = 0;
            int freedom = -1;
            for (int cell = 0; cell < 64; cell++) {
                int sum = counts[0][cell] + counts[1][cell];
                if (sum >= 10) {
                    double difference = counts[0][cell] - counts[1][cell];
                    chi += difference * difference / sum;
                    freedom++;
                }
            }
            // 99.9 % quantile of chi-squared (Wilson and Hilferty): seeds are fixed, so this never flickers.
            double k = freedom;
            double limit = k * Math.pow(1 - 2 / (9 * k) + 3.09 * Math.sqrt(2 / (9 * k)), 3);
            assertThat(freedom).isGreaterThan(30);
            assertThat(chi).isLessThan(limit);
        }
    }

    @Test
    void submit_manyPromptsButNoRoomForWidePasses_allAreAnswered() {
        CountDownLatch submitted = new CountDownLatch(1);
        AtomicBoolean narrow = new AtomicBoolean();
        ScriptedModel script = new ScriptedModel(ScriptedModel.babble(3, 3));
        TargetModel model = intercept(TargetModel.class, script, "newContext", (context, _) -> {
            return intercept(TargetContext.class, (TargetContext) context.get(), "decode", (decode, arguments) -> {
                if (!narrow.get()) {
                    return decode.get();
                }
                submitted.await(); // so that all prompts are read at once
                return ((TokenBatch) arguments[0]).size() > 4 ? DecodeOutcome.NO_ROOM : decode.get();
            });
        });
        EngineOptions options = EngineOptions.ofCells(8192);
        try (LocalEngine engine = new LocalEngine(
                model, options, EngineTelemetry.NONE, LearningTestDrafter.proposers(0.8), System::nanoTime)) {
            narrow.set(true);
            List<Recorder> recorders = new ArrayList<>();
            for (int i = 0; i < options.maxRunning(); i++) {
                Recorder recorder = new Recorder();
                recorders.add(recorder);
                engine.openSession().submit(request(i + " once upon a time", 0f, DraftPolicy.AUTO, 10), recorder);
            }
            submitted.countDown();
            for (Recorder recorder : recorders) {
                assertThat(recorder.await().completionTokens()).isEqualTo(10);
            }
        }
    }

    /** What a call would give, and its arguments, to what it gives instead. */
    private interface Instead {
        Object of(Supplier<Object> original, Object[] arguments) throws InterruptedException;
    }

    private static <T> T intercept(Class<T> type, T target, String method, Instead instead) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (_, called, arguments) -> {
                    Supplier<Object> original = () -> {
                        try {
                            return called.invoke(target, arguments);
                        } catch (ReflectiveOperationException e) {
                            throw new AssertionError(e);
                        }
                    };
                    return called.getName().equals(method) ? instead.of(original, arguments) : original.get();
                }));
    }

    @Test
    void submit_whileAnIdleEngineMeasures_abortsThePassThatServesNobody() throws InterruptedException {
        CountDownLatch measuring = new CountDownLatch(1);
        CountDownLatch arrived = new CountDownLatch(1);
        List<Integer> widths = Collections.synchronizedList(new ArrayList<>());
        ScriptedModel.PassCost cost = size -> {
            widths.add(size);
            if (size == 32 && arrived.getCount() > 0) { // only an idle engine plays so wide a pass
                measuring.countDown();
                awaitUninterruptibly(arrived);
            }
        };
        try (TargetModel model = new ScriptedModel(ScriptedModel.babble(7, 2), cost);
                Engine engine = Engine.start(model, EngineOptions.ofCells(4096), EngineTelemetry.NONE);
                Session session = engine.openSession()) {
            assertThat(measuring.await(60, TimeUnit.SECONDS)).isTrue();
            Recorder recorder = new Recorder();
            session.submit(request("q", 0f, DraftPolicy.OFF, 3), recorder);
            arrived.countDown();
            assertThat(recorder.await().completionTokens()).isEqualTo(3);
            assertThat(engine.awaitCalibration(Duration.ofSeconds(60))).isTrue();
            List<Integer> after = widths.subList(widths.indexOf(32) + 1, widths.size());
            assertThat(after.subList(0, 3)).as("the answer's passes come next").containsExactly(2, 1, 1);
            assertThat(after.get(3)).as("and measuring goes on where it was").isEqualTo(32);
        }
    }

    @Test
    void cancel_duringAPassThatServesNobodyElse_abortsIt() throws InterruptedException {
        CountDownLatch prefilling = new CountDownLatch(1);
        CountDownLatch cancelled = new CountDownLatch(1);
        AtomicInteger passes = new AtomicInteger();
        ScriptedModel.PassCost cost = size -> {
            if (size == 100) { // the prompt with its root
                passes.incrementAndGet();
                prefilling.countDown();
                awaitUninterruptibly(cancelled);
            }
        };
        try (TargetModel model = new ScriptedModel(ScriptedModel.babble(7, 2), cost);
                Engine engine = Engine.start(model, EngineOptions.ofCells(4096), EngineTelemetry.NONE);
                Session session = engine.openSession()) {
            Recorder recorder = new Recorder();
            Turn turn = session.submit(request("q".repeat(99), 0f, DraftPolicy.OFF, 3), recorder);
            assertThat(prefilling.await(60, TimeUnit.SECONDS)).isTrue();
            turn.cancel();
            cancelled.countDown();
            TurnResult result = recorder.await();
            assertThat(result.reason()).isEqualTo(FinishReason.CANCELLED);
            assertThat(result.completionTokens()).as("the pass gave nothing").isZero();
            await().untilAsserted(() -> assertThat(engine.status().running()).isZero());
            assertThat(engine.status().roundsTotal()).isZero();
            Recorder next = new Recorder();
            session.submit(request("again", 0f, DraftPolicy.OFF, 3), next);
            assertThat(next.await().completionTokens()).isEqualTo(3);
        }
    }

    @Test
    void submit_longPromptBesideARunningAnswer_keepsPassesWithinTheStall() throws InterruptedException {
        AtomicLong clock = new AtomicLong(1);
        List<Integer> widths = Collections.synchronizedList(new ArrayList<>());
        long nanosPerToken = 5_000_000;
        ScriptedModel.PassCost cost = size -> {
            widths.add(size);
            clock.addAndGet(size * nanosPerToken);
        };
        EngineOptions options = EngineOptions.ofCells(4096);
        try (TargetModel model = new ScriptedModel(ScriptedModel.babble(7, 2), cost);
                Engine engine = new LocalEngine(
                        model, options, EngineTelemetry.NONE, LearningTestDrafter.proposers(0.5), clock::get);
                Session running = engine.openSession();
                Session arriving = engine.openSession()) {
            engine.awaitCalibration(Duration.ofMinutes(1));
            Recorder answer = new Recorder();
            running.submit(request("tell", 0f, DraftPolicy.OFF, 2000), answer);
            answer.begun.join();
            int before = widths.size();
            Recorder second = new Recorder();
            arriving.submit(request("p".repeat(1500), 0f, DraftPolicy.OFF, 1), second);
            second.await();
            int after = widths.size();
            answer.await();
            List<Integer> between = List.copyOf(widths.subList(before, after));
            int widest = (int) (options.prefillStall().toNanos() / nanosPerToken);
            assertThat(between).allSatisfy(width -> assertThat(width).isLessThanOrEqualTo(widest));
            assertThat(between)
                    .as("and uses what it may")
                    .anySatisfy(width -> assertThat(width).isGreaterThan(widest * 3 / 4));
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void submit_manyAtOnce_equalsOneAfterTheOther() {
        try (LocalEngine engine = engine(ScriptedModel.babble(3, 3), EngineOptions.ofCells(8192))) {
            List<List<Integer>> alone = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                alone.add(run(engine, request("stream " + i % 5, i % 2 * 0.9f, DRAFT, 150)).tokens);
            }
            List<Session> sessions = new ArrayList<>();
            List<Recorder> together = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                Session session = engine.openSession();
                sessions.add(session);
                Recorder recorder = new Recorder();
                together.add(recorder);
                session.submit(request("stream " + i % 5, i % 2 * 0.9f, DRAFT, 150), recorder);
            }
            for (int i = 0; i < 12; i++) {
                together.get(i).await();
                assertThat(together.get(i).tokens).isEqualTo(alone.get(i));
            }
            sessions.forEach(Session::close);
            await().untilAsserted(() -> {
                assertThat(engine.status().cellsUsed()).isZero();
                assertThat(engine.status().sequencesUsed()).isZero();
                assertThat(engine.status().sessions()).isZero();
            });
        }
    }

    @Test
    void submit_inACacheTooSmallForAll_recomputesAndLosesNothing() {
        EngineOptions options = EngineOptions.ofCells(600);
        try (LocalEngine engine = engine(ScriptedModel.babble(3, 3), options)) {
            List<Integer> alone = run(engine, request("long", 0f, DRAFT, 0)).tokens;
            assertThat(alone).hasSize(600 - 5);
            List<Session> sessions = new ArrayList<>();
            List<Recorder> together = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                Session session = engine.openSession();
                sessions.add(session);
                Recorder recorder = new Recorder();
                together.add(recorder);
                session.submit(request("long", 0f, DRAFT, 0), recorder);
            }
            for (Recorder recorder : together) {
                assertThat(recorder.await().reason()).isEqualTo(FinishReason.CONTEXT_FULL);
                assertThat(recorder.tokens).isEqualTo(alone);
            }
            sessions.forEach(Session::close);
            await().untilAsserted(() -> assertThat(engine.status().cellsUsed()).isZero());
        }
    }

    @Test
    void submit_secondTurn_prefillsOnlyWhatIsNew() {
        try (LocalEngine engine = engine();
                Session session = engine.openSession()) {
            Recorder first = new Recorder();
            session.submit(
                    TurnRequest.of(
                            new Prompt.Messages(List.of(new ChatMessage("user", "x".repeat(1000)))),
                            SamplingParameters.GREEDY,
                            DRAFT,
                            20),
                    first);
            first.await();
            long before = engine.status().prefilledTokensTotal();
            Recorder second = new Recorder();
            session.submit(
                    TurnRequest.of(
                            new Prompt.Messages(List.of(new ChatMessage("user", "and then?"))),
                            SamplingParameters.GREEDY,
                            DRAFT,
                            20),
                    second);
            TurnResult result = second.await();
            // New are the answer's last token, which no pass has seen, and "\nuser: and then?\nassistant: ", 28 bytes.
            assertThat(result.promptTokens() - result.cachedPromptTokens()).isEqualTo(29);
            // The prompt's last token is the root of the first round, not prefill.
            assertThat(engine.status().prefilledTokensTotal() - before).isEqualTo(28);
            assertThat(session.messages())
                    .extracting(ChatMessage::role)
                    .containsExactly("user", "assistant", "user", "assistant");
        }
    }

    @Test
    void submit_afterItsCellsWentToOthers_restoresThemInsteadOfComputing() {
        EngineOptions options = new EngineOptions(
                ContextParameters.ofCells(1200),
                4,
                16,
                Duration.ofSeconds(60),
                Duration.ofMillis(250),
                1 << 20,
                DraftPolicy.AUTO);
        try (LocalEngine engine = engine(ScriptedModel.babble(5, 3), options);
                Session first = engine.openSession();
                Session second = engine.openSession()) {
            Recorder one = new Recorder();
            first.submit(request("a".repeat(800), 0f, DRAFT, 20), one);
            one.await();
            Recorder two = new Recorder();
            second.submit(request("b".repeat(800), 0f, DRAFT, 20), two);
            two.await();
            long before = engine.status().prefilledTokensTotal();
            Recorder again = new Recorder();
            first.submit(request(" and on", 0f, DRAFT, 20), again);
            TurnResult result = again.await();
            assertThat(engine.status().prefilledTokensTotal() - before).isLessThan(10);
            assertThat(result.cachedPromptTokens()).isGreaterThan(810);
            try (LocalEngine plenty = engine(ScriptedModel.babble(5, 3), EngineOptions.ofCells(4096));
                    Session same = plenty.openSession()) {
                Recorder reference = new Recorder();
                same.submit(request("a".repeat(800), 0f, DRAFT, 20), reference);
                reference.await();
                Recorder continued = new Recorder();
                same.submit(request(" and on", 0f, DraftPolicy.OFF, 20), continued);
                continued.await();
                assertThat(again.tokens).isEqualTo(continued.tokens);
            }
        }
    }

    @Test
    void submit_sharedSystemPrompt_isPrefilledOnce() {
        try (LocalEngine engine = engine(ScriptedModel.babble(5, 3), EngineOptions.ofCells(8192))) {
            String system = "You are terse. ".repeat(70);
            List<Session> sessions = new ArrayList<>();
            List<Recorder> recorders = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                Session session = engine.openSession();
                sessions.add(session);
                Recorder recorder = new Recorder();
                recorders.add(recorder);
                session.submit(request(system + "q" + (char) ('a' + i), 0f, DRAFT, 10), recorder);
            }
            recorders.forEach(Recorder::await);
            assertThat(engine.status().prefilledTokensTotal()).isLessThan(system.length() + 16 * 20);
            sessions.forEach(Session::close);
            await().untilAsserted(() -> assertThat(engine.status().cellsUsed()).isZero());
        }
    }

    @Test
    void submit_withStopString_neverShowsPartOfIt() {
        ScriptedModel.Script script = (tokens, length, row) -> {
            Arrays.fill(row, -30f);
            byte[] text = "héllo wörld STOP tail".getBytes(StandardCharsets.UTF_8);
            row[3 + (text[Math.floorMod(length - 2, text.length)] & 0xff)] = 5f;
        };
        try (LocalEngine engine = engine(script, EngineOptions.ofCells(512))) {
            for (DraftPolicy policy : List.of(DraftPolicy.OFF, DRAFT)) {
                Recorder recorder = run(engine, request("h", 0f, policy, 100).withStopStrings(List.of("STOP", "zzz")));
                assertThat(recorder.await().reason()).isEqualTo(FinishReason.STOP);
                assertThat(recorder.text.toString()).isEqualTo("héllo wörld ");
                assertThat(recorder.deltas)
                        .allSatisfy(delta -> assertThat(delta.text()).doesNotContain("\uFFFD", "S"));
            }
        }
    }

    @Test
    void submit_whatTheContextOrTheModelCannotTake_isRefused() {
        try (LocalEngine engine = engine();
                Session session = engine.openSession()) {
            Recorder recorder = new Recorder();
            assertThatThrownBy(() -> session.submit(request("x".repeat(5000), 0f, DRAFT, 10), recorder))
                    .isInstanceOf(AdedException.InvalidRequest.class)
                    .hasMessageContaining("5001 tokens")
                    .hasMessageContaining("at most 4095");
            assertThatThrownBy(() -> session.submit(
                            TurnRequest.of(
                                    new Prompt.Text("x"),
                                    SamplingParameters.GREEDY.withGrammar("root ::= ["),
                                    DRAFT,
                                    1),
                            recorder))
                    .isInstanceOf(AdedException.InvalidRequest.class);
            session.submit(request("fine", 0f, DRAFT, 5), recorder);
            assertThat(recorder.await().completionTokens()).isEqualTo(5);
        }
    }

    @Test
    void submit_endedByAnEndToken_countsItAndDoesNotEmitIt() {
        // The alphabet to "e", then the end token, as ScriptedModel numbers it.
        ScriptedModel.Script script = (tokens, length, row) -> {
            Arrays.fill(row, -30f);
            int last = tokens[length - 1];
            row[last == 3 + 'e' ? 2 : last + 1] = 5f;
        };
        try (LocalEngine engine = engine(script, EngineOptions.ofCells(512))) {
            for (DraftPolicy policy : List.of(DraftPolicy.OFF, DRAFT, DraftPolicy.AUTO)) {
                Recorder recorder = run(engine, request("a", 0f, policy, 100));
                assertThat(recorder.text.toString()).isEqualTo("bcde");
                assertThat(recorder.tokens).hasSize(4);
                assertThat(recorder.await().reason()).isEqualTo(FinishReason.STOP);
                assertThat(recorder.await().completionTokens()).isEqualTo(5);
            }
        }
    }

    @Test
    void statistics_histogram_countsRoundsWithADraftAlone() {
        try (LocalEngine engine = engine()) {
            Recorder recorder = run(engine, request("abc", 0f, DRAFT, 200).withRounds(true));
            long[] expected = new long[17];
            int longest = -1;
            int withDraft = 0;
            for (RoundReport round : recorder.rounds) {
                if (round.draftNodes() > 0) {
                    withDraft++;
                    expected[round.acceptedPath().length]++;
                    longest = Math.max(longest, round.acceptedPath().length);
                }
            }
            SpeculationStatistics statistics = recorder.await().speculation();
            assertThat(statistics.numSteps()).isEqualTo(recorder.rounds.size()).isGreaterThan(withDraft);
            assertThat(statistics.numSpecSteps()).isEqualTo(withDraft);
            assertThat(statistics.acceptanceHistogram()).isEqualTo(Arrays.copyOf(expected, longest + 1));
            Recorder plain = run(engine, request("abc", 0f, DraftPolicy.OFF, 20));
            assertThat(plain.await().speculation().acceptanceHistogram()).isEmpty();
        }
    }

    @Test
    void submit_whileATurnRuns_isRefusedAndTheTurnGoesOn() {
        try (LocalEngine engine = engine();
                Session session = engine.openSession()) {
            Recorder recorder = new Recorder();
            recorder.ready = false;
            Turn turn = session.submit(request("one", 0f, DRAFT, 5), recorder);
            assertThatThrownBy(() -> session.submit(request("two", 0f, DRAFT, 5), new Recorder()))
                    .isInstanceOf(AdedException.FailedPrecondition.class);
            recorder.ready = true;
            turn.resume();
            assertThat(recorder.await().completionTokens()).isEqualTo(5);
        }
    }

    @Test
    void cancel_midTurn_keepsWhatWasEmittedAndTheSessionGoesOn() {
        try (LocalEngine engine = engine();
                Session session = engine.openSession()) {
            Recorder recorder = new Recorder();
            Turn turn = session.submit(request("endless", 0f, DRAFT, 0), recorder);
            recorder.begun.join();
            turn.cancel();
            TurnResult result = recorder.await();
            assertThat(result.reason()).isIn(FinishReason.CANCELLED, FinishReason.CONTEXT_FULL);
            assertThat(result.completionTokens()).isEqualTo(recorder.tokens.size());
            if (result.reason() == FinishReason.CANCELLED) {
                Recorder next = new Recorder();
                session.submit(request(" more", 0f, DRAFT, 5), next);
                assertThat(next.await().completionTokens()).isEqualTo(5);
            }
        }
    }

    @Test
    void submit_beyondTheQueue_isRefusedWithRetryAdvice() {
        EngineOptions options = new EngineOptions(
                ContextParameters.ofCells(2048),
                1,
                2,
                Duration.ofSeconds(60),
                Duration.ofMillis(250),
                0,
                DraftPolicy.AUTO);
        try (LocalEngine engine = engine(ScriptedModel.babble(1, 2), options)) {
            List<Recorder> held = new ArrayList<>();
            List<Turn> turns = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                Recorder recorder = new Recorder();
                recorder.ready = false;
                held.add(recorder);
                turns.add(engine.openSession().submit(request("q", 0f, DRAFT, 5), recorder));
            }
            assertThatThrownBy(() -> engine.openSession().submit(request("q", 0f, DRAFT, 5), new Recorder()))
                    .isInstanceOfSatisfying(
                            AdedException.ResourceExhausted.class,
                            e -> assertThat(e.retryAfter()).isNotNull());
            for (int i = 0; i < 3; i++) {
                held.get(i).ready = true;
                turns.get(i).resume();
            }
            held.forEach(
                    recorder -> assertThat(recorder.await().completionTokens()).isEqualTo(5));
        }
    }

    @Test
    void soak_randomCallsWithCancelsAndSlowReaders_leaksNothing() {
        int calls = Integer.getInteger("aded.soak.calls", 1500);
        EngineOptions options = new EngineOptions(
                ContextParameters.ofCells(1500).withMaxSequences(24),
                8,
                64,
                Duration.ofSeconds(60),
                Duration.ofMillis(250),
                0,
                DraftPolicy.AUTO);
        ScriptedModel.Script script = ScriptedModel.babble(9, 3);
        try (LocalEngine engine = engine(script, options);
                LocalEngine reference = engine(script, EngineOptions.ofCells(4096))) {
            SplittableRandom random = new SplittableRandom(Seeds.orElse(4));
            List<Recorder> open = new ArrayList<>();
            List<Turn> turns = new ArrayList<>();
            List<Session> sessions = new ArrayList<>();
            int compared = 0;
            for (int call = 0; call < calls; call++) {
                Session session = engine.openSession();
                Recorder recorder = new Recorder();
                recorder.ready = random.nextInt(4) != 0;
                int prompt = random.nextInt(40);
                int most = 1 + random.nextInt(60);
                TurnRequest request = request(
                        "prompt " + "ab".repeat(prompt),
                        prompt % 2 * 0.7f,
                        random.nextBoolean() ? DRAFT : DraftPolicy.AUTO,
                        most);
                try {
                    turns.add(session.submit(request, recorder));
                    open.add(recorder);
                    sessions.add(session);
                } catch (AdedException.ResourceExhausted full) {
                    session.close();
                }
                if (random.nextInt(5) == 0 && !turns.isEmpty()) {
                    turns.get(random.nextInt(turns.size())).cancel();
                }
                while (open.size() > 40 || (call == calls - 1 && !open.isEmpty())) {
                    int oldest = 0;
                    Recorder done = open.remove(oldest);
                    Turn turn = turns.remove(oldest);
                    done.ready = true;
                    turn.resume();
                    TurnResult result = done.await();
                    sessions.remove(oldest).close();
                    if (result.reason() == FinishReason.LENGTH && compared++ < 100) {
                        assertThat(done.tokens).hasSize(result.completionTokens());
                    }
                }
            }
            assertThat(compared).isPositive();
            await().untilAsserted(() -> {
                assertThat(engine.status().cellsUsed()).isZero();
                assertThat(engine.status().sequencesUsed()).isZero();
                assertThat(engine.status().sessions()).isZero();
                assertThat(engine.status().running() + engine.status().waiting())
                        .isZero();
            });
            Recorder after = run(engine, request("still fine", 0f, DRAFT, 50));
            assertThat(after.tokens).isEqualTo(run(reference, request("still fine", 0f, DraftPolicy.OFF, 50)).tokens);
        }
    }
}
