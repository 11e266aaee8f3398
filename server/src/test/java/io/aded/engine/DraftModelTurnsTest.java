package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.aded.draft.Proposer;
import io.aded.draft.ProposerFactory;
import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.catalogue.Drafters;
import io.aded.draft.neural.DraftContexts;
import io.aded.draft.neural.DraftModel;
import io.aded.draft.neural.DraftModels;
import io.aded.model.AdedException;
import io.aded.model.CellCopier;
import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.SamplingParameters;
import io.aded.model.ScriptedModel;
import io.aded.model.ScriptedModel.Cells;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import io.aded.telemetry.EngineTelemetry;
import io.aded.testing.Seeds;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Turns of an engine that has a draft model, over a target and a draft in plain Java: the answers are those of the
 * target alone, whatever the draft does, and it leaves nothing in either cache.
 */
class DraftModelTurnsTest {
    private static final int TOKENS = 60;
    private static final List<DrafterKind> MODES =
            List.of(Drafters.MODEL, Drafters.DRAFT_VERIFY, Drafters.ADED_MODEL, Drafters.AUTO);

    /** What a decode of the draft does instead; null for what it does. */
    private interface Fault {
        @Nullable
        DecodeOutcome decode(int number);
    }

    /** A target, its draft, and an engine of both, whose one draft model can be looked at. */
    private static final class Pair implements AutoCloseable {
        final ScriptedModel target;
        final AtomicInteger decodes = new AtomicInteger();
        final DraftModels models;
        final Engine engine;
        volatile @Nullable TargetContext draftContext;
        volatile @Nullable DraftModel model;

        Pair(double agreement, Cells cells, ContextParameters parameters, int draftCells, int draftSequences) {
            this(agreement, cells, parameters, draftCells, draftSequences, _ -> null);
        }

        Pair(
                double agreement,
                Cells cells,
                ContextParameters parameters,
                int draftCells,
                int draftSequences,
                Fault fault) {
            this(
                    agreement,
                    cells,
                    parameters,
                    ContextParameters.ofCells(draftCells)
                            .withMaxBatchTokens(draftCells)
                            .withMaxSequences(draftSequences),
                    fault,
                    _ -> {},
                    _ -> {},
                    System::nanoTime);
        }

        /** In virtual time: passes alone move the clock. */
        Pair(double agreement, AtomicLong clock, ScriptedModel.PassCost targetCost, ScriptedModel.PassCost draftCost) {
            this(agreement, Cells.TAKEN_OVER, target(1024), target(1024), _ -> null, targetCost, draftCost, clock::get);
        }

        private Pair(
                double agreement,
                Cells cells,
                ContextParameters parameters,
                ContextParameters draftParameters,
                Fault fault,
                ScriptedModel.PassCost targetCost,
                ScriptedModel.PassCost draftCost,
                LongSupplier nanoClock) {
            target = new ScriptedModel(ScriptedModel.babble(3, 3), targetCost);
            ScriptedModel draft = target.draft(agreement, 9, draftCost, cells);
            models = new DraftModels(context -> {
                TargetContext opened = draft.newContext(draftParameters);
                draftContext = opened;
                CellCopier copier = opened.copierFrom(context);
                return new DraftContexts.Opened(watched(opened, fault), copier);
            });
            DrafterSettings settings = DrafterSettings.DEFAULT.withDraftModel(models);
            ProposerFactory all = Drafters.proposers(settings);
            engine = Engine.start(
                    target,
                    EngineOptions.ofCells(parameters.cells()).withContext(parameters),
                    EngineTelemetry.NONE,
                    (label, context, clock) -> {
                        Proposer made = Drafters.named(label).maker().make(settings, context, clock);
                        model = models.take(context, clock);
                        models.giveBack();
                        return made;
                    },
                    nanoClock);
            assertThat(all.hasDraftModel()).isTrue();
        }

        private TargetContext watched(TargetContext real, Fault fault) {
            return (TargetContext) Proxy.newProxyInstance(
                    TargetContext.class.getClassLoader(),
                    new Class<?>[] {TargetContext.class},
                    (_, method, arguments) -> {
                        DecodeOutcome instead =
                                method.getName().equals("decode") ? fault.decode(decodes.incrementAndGet()) : null;
                        if (instead != null) {
                            return instead;
                        }
                        try {
                            return method.invoke(real, arguments);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    });
        }

        Recorder run(Session session, String prompt, float temperature, DrafterKind mode, int tokens) {
            Recorder recorder = new Recorder();
            session.submit(request(prompt, temperature, mode, tokens), recorder);
            recorder.await();
            return recorder;
        }

        /** Every sequence of the draft's cache is empty, and all its cells are free: else it refuses the batch. */
        void assertNothingLeft() {
            await().untilAsserted(() -> {
                assertThat(engine.status().cellsUsed()).isZero();
                assertThat(engine.status().sequencesUsed()).isZero();
            });
            TargetContext cache = draftContext;
            DraftModel drafting = model;
            assertThat(drafting).isNotNull();
            assertThat(drafting.heldCells()).isZero();
            assertThat(drafting.heldSequences()).isZero();
            assertThat(cache).isNotNull();
            TokenBatch batch = new TokenBatch();
            for (int sequence = 0; sequence < cache.maxSequences(); sequence++) {
                batch.add(5, 0, sequence, false);
            }
            for (int position = 1; batch.size() < cache.cells(); position++) {
                batch.add(5, position, 0, false);
            }
            assertThat(cache.decode(batch)).isEqualTo(DecodeOutcome.DECODED);
            cache.clear();
        }

        @Override
        public void close() {
            engine.close();
            target.close();
        }
    }

    private static TurnRequest request(String prompt, float temperature, DrafterKind mode, int tokens) {
        return TurnRequest.of(
                        new Prompt.Text(prompt),
                        SamplingParameters.GREEDY.withTemperature(temperature).withSeed(7),
                        DraftPolicy.of(mode),
                        tokens)
                .withIgnoreEnd(true);
    }

    private static ContextParameters target(int cells) {
        return ContextParameters.ofCells(cells).withMaxSequences(16);
    }

    @ParameterizedTest
    @EnumSource(Cells.class)
    void submit_anyModeAndAgreement_answersAsTheTargetAlone(Cells cells) {
        for (double agreement : new double[] {0, 0.5, 0.9, 1}) {
            try (Pair pair = new Pair(agreement, cells, target(2048), 2048, 16)) {
                for (float temperature : new float[] {0f, 0.8f}) {
                    for (int turns = 0; turns < 2; turns++) {
                        String prompt = "number " + turns + " " + "and so on, ".repeat(turns * 20);
                        List<List<Integer>> plain = talk(pair, prompt, temperature, Drafters.OFF);
                        for (DrafterKind mode : MODES) {
                            assertThat(talk(pair, prompt, temperature, mode))
                                    .as("%s, agreement %s, temperature %s", mode, agreement, temperature)
                                    .isEqualTo(plain);
                        }
                    }
                }
                pair.assertNothingLeft();
            }
        }
    }

    /** Two turns of one conversation. */
    private static List<List<Integer>> talk(Pair pair, String prompt, float temperature, DrafterKind mode) {
        try (Session session = pair.engine.openSession()) {
            List<Integer> first = pair.run(session, prompt, temperature, mode, TOKENS).tokens;
            assertThat(first).hasSize(TOKENS);
            return List.of(first, pair.run(session, " then", temperature, mode, TOKENS).tokens);
        }
    }

    @Test
    void submit_draftVerify_draftThatAgrees_takesAFewPassesAndOneLevelForEachToken() {
        for (Cells cells : List.of(Cells.OWN, Cells.TAKEN_OVER)) {
            try (Pair pair = new Pair(1, cells, target(1024), 1024, 16);
                    Session session = pair.engine.openSession()) {
                TurnResult result = pair.run(session, "once", 0f, Drafters.DRAFT_VERIFY, TOKENS)
                        .await();

                SpeculationStatistics statistics = result.speculation();
                assertThat(statistics.numAcceptedDraftTokens()).isEqualTo(statistics.numDraftTokens());
                assertThat(statistics.numSteps() + statistics.numAcceptedDraftTokens())
                        .isEqualTo(TOKENS);
                assertThat(statistics.numAcceptedDraftTokens()).isGreaterThan(TOKENS / 3);
                assertThat((long) pair.decodes.get())
                        .as("a level for each token drafted; a pass may be taken back, and drafted for again")
                        .isBetween(statistics.numDraftTokens(), statistics.numDraftTokens() + 8);
            }
        }
    }

    /** Mode model beside none, by a clock that passes alone move: a pass of the target takes ten milliseconds. */
    @ParameterizedTest
    @CsvSource({
        // agreement, microseconds of a level, at least and at most of the time without drafts
        "0.9, 1000, 0.1, 0.5",
        "0.9, 3000, 0.3, 0.8",
        "0.2, 9000, 0.9, 1.06",
        "0, 3000, 0.9, 1.1",
    })
    void submit_model_draftsWhereThatPays(double agreement, long micros, double least, double most) {
        AtomicLong clock = new AtomicLong();
        try (Pair pair = new Pair(
                agreement,
                clock,
                tokens -> clock.addAndGet(10_000_000 + 50_000L * tokens),
                tokens -> clock.addAndGet(1000 * micros + 10_000L * tokens))) {
            long plain = time(pair, Drafters.OFF);

            long drafted = time(pair, Drafters.MODEL);

            assertThat((double) drafted / plain).isBetween(least, most);
        }
    }

    /** The time of the passes of three hundred tokens, and of the drafts for them. */
    private static long time(Pair pair, DrafterKind mode) {
        try (Session session = pair.engine.openSession()) {
            Recorder recorder = new Recorder();
            session.submit(request("once", 0f, mode, 300).withRounds(true), recorder);
            recorder.await();
            return recorder.rounds.stream()
                    .mapToLong(round -> round.draftNanos() + round.verifyNanos())
                    .sum();
        }
    }

    @Test
    void submit_draftContextShorterThanTheTargets_goesOnWithout() {
        try (Pair pair = new Pair(1, Cells.OWN, target(1024), 48, 4);
                Session plain = pair.engine.openSession();
                Session session = pair.engine.openSession()) {
            Recorder expected = pair.run(plain, "once upon", 0f, Drafters.OFF, 200);

            Recorder drafted = pair.run(session, "once upon", 0f, Drafters.DRAFT_VERIFY, 200);

            assertThat(drafted.tokens).isEqualTo(expected.tokens);
            assertThat(drafted.await().speculation().numAcceptedDraftTokens()).isBetween(5L, 40L);
        }
    }

    @Test
    void submit_moreStreamsThanTheDraftHasRoomFor_allAnswerAsTheTargetAlone() {
        try (Pair pair = new Pair(0.8, Cells.OWN, target(2048), 160, 3)) {
            List<Session> sessions = new ArrayList<>();
            List<Recorder> recorders = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                Session session = pair.engine.openSession();
                sessions.add(session);
                Recorder recorder = new Recorder();
                recorders.add(recorder);
                session.submit(request("stream " + i, 0f, MODES.get(i % MODES.size()), TOKENS), recorder);
            }
            recorders.forEach(Recorder::await);
            sessions.forEach(Session::close);
            for (int i = 0; i < 8; i++) {
                try (Session session = pair.engine.openSession()) {
                    assertThat(recorders.get(i).tokens)
                            .isEqualTo(pair.run(session, "stream " + i, 0f, Drafters.OFF, TOKENS).tokens);
                }
            }
            pair.assertNothingLeft();
        }
    }

    /** From its n-th forward pass on the draft fails for ever, or for a while. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 20})
    void submit_draftThatFailsInMidStream_goesOnWithoutIt(int first) {
        for (int kind = 0; kind < 3; kind++) {
            int fault = kind;
            Fault faults = number -> {
                if (number < first || fault == 2 && number % 3 != 0) {
                    return null;
                }
                if (fault == 0) {
                    throw new AdedException.Internal("DECODE_FAILED", "the device is gone", null);
                }
                return fault == 1 ? DecodeOutcome.NO_ROOM : DecodeOutcome.ABORTED;
            };
            for (Cells cells : List.of(Cells.OWN, Cells.TAKEN_OVER)) {
                try (Pair pair = new Pair(0.9, cells, target(1024), 1024, 16, faults)) {
                    List<List<Integer>> plain = talk(pair, "once", 0f, Drafters.OFF);
                    for (DrafterKind mode : List.of(Drafters.DRAFT_VERIFY, Drafters.MODEL)) {
                        assertThat(talk(pair, "once", 0f, mode)).isEqualTo(plain);
                    }
                    DraftModel model = pair.model;
                    assertThat(model).isNotNull();
                    assertThat(model.isUsable()).isEqualTo(fault != 0);
                }
            }
        }
    }

    /** Prompts, answers and cancels in every order; conversations that come back, are evicted, and end. */
    @ParameterizedTest
    @EnumSource(Cells.class)
    void submit_tenThousandCallsAndCancels_leaveNothingInEitherCache(Cells cells) {
        int calls = 10_000 / Cells.values().length + 1;
        long seed = Seeds.next();
        var random = new SplittableRandom(seed);
        try (Pair pair = new Pair(0.8, cells, ContextParameters.ofCells(400).withMaxSequences(10), 300, 6)) {
            List<Session> sessions = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                sessions.add(pair.engine.openSession());
            }
            var running = new ArrayDeque<Recorder>();
            for (int call = 0; call < calls; call++) {
                int which = call % sessions.size();
                Session session = sessions.get(which);
                if (session.historyTokens() > 60) {
                    session.close();
                    session = pair.engine.openSession();
                    sessions.set(which, session);
                }
                Recorder recorder = new Recorder();
                String prompt = "xyz".repeat(1 + random.nextInt(6));
                DrafterKind mode = MODES.get(random.nextInt(MODES.size()));
                Turn turn = session.submit(request(prompt, 0f, mode, 1 + random.nextInt(8)), recorder);
                switch (random.nextInt(4)) {
                    case 0 -> turn.cancel();
                    case 1 -> {
                        recorder.begun.join();
                        turn.cancel();
                    }
                    default -> {}
                }
                running.add(recorder);
                if (running.size() == 6) {
                    running.removeFirst().await();
                }
            }
            running.forEach(Recorder::await);
            DraftModel model = pair.model;
            assertThat(model).isNotNull();
            assertThat(model.isUsable()).as("seed %d", seed).isTrue();
            assertThat(model.statistics().nodes()).isGreaterThan(calls / 4);
            sessions.forEach(Session::close);
            pair.assertNothingLeft();
        }
    }
}
