package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.draft.DraftModelStatistics;
import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.catalogue.Drafters;
import io.aded.draft.neural.DraftContexts;
import io.aded.draft.neural.DraftModels;
import io.aded.gguf.ModelCopy;
import io.aded.gguf.Quantization;
import io.aded.gguf.SkippedLayers;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.llama.ModelParameters;
import io.aded.llama.TinyModels;
import io.aded.model.ContextParameters;
import io.aded.model.SamplingParameters;
import io.aded.model.TargetContext;
import io.aded.telemetry.EngineTelemetry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A draft model of the real library that takes over its target's cells, in answers of several turns at once. */
class DraftModelCellsTest {
    private static final int TOKENS = 32;
    private static final String LIBRARIES = "io.aded.llama.Libraries#all";
    private static final List<DrafterKind> MODES =
            List.of(Drafters.MODEL, Drafters.DRAFT_VERIFY, Drafters.ADED_MODEL, Drafters.AUTO);

    @TempDir
    private Path directory;

    private static ContextParameters exact() {
        return ContextParameters.ofCells(1024)
                .withThreads(1)
                .withMaxSequences(16)
                .withCacheTypes(ContextParameters.CacheType.F32, ContextParameters.CacheType.F32);
    }

    /** What the target has read, a copy of it does not read again. */
    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void everyMode_coarserCopy_takesOverTheTargetsCells(LlamaLibrary library) {
        Path file = TinyModels.f32(directory);
        Path coarse = directory.resolve("coarse.gguf");
        LlamaModel.copy(library, file, coarse, new ModelCopy(Quantization.Q8_0, SkippedLayers.NONE, Map.of()), _ -> {});

        DraftModelStatistics copy = assertSameTokens(library, file, coarse, SkippedLayers.NONE, 1);

        assertThat(copy.copiedTokens()).isPositive();
        assertThat(copy.refusedCopies()).isZero();
        assertThat(copy.readTokens()).isLessThan(copy.copiedTokens() / 10);
    }

    /**
     * Compares every mode with none, at both temperatures.
     *
     * @param copied the layers that the draft, a copy of the target, goes without
     * @param leastAccepted draft tokens that a chain by the model has accepted over all prompts, at least
     */
    private static DraftModelStatistics assertSameTokens(
            LlamaLibrary library, Path file, Path draftFile, SkippedLayers copied, int leastAccepted) {
        AtomicReference<Supplier<DraftModelStatistics>> statistics = new AtomicReference<>();
        try (LlamaModel target = LlamaModel.load(library, file, ModelParameters.DEFAULT);
                LlamaModel draft = LlamaModel.load(library, draftFile, ModelParameters.DEFAULT)) {
            draft.declareCopyOf(target, copied);
            DraftModels models = new DraftModels(context -> {
                TargetContext opened = draft.newContext(exact());
                return new DraftContexts.Opened(opened, opened.copierFrom(context));
            });
            DrafterSettings settings = DrafterSettings.DEFAULT.withDraftModel(models);
            try (Engine engine = Engine.start(
                    target,
                    EngineOptions.ofCells(1024).withContext(exact()),
                    EngineTelemetry.NONE,
                    (label, context, clock) -> {
                        var made = Drafters.named(label).maker().make(settings, context, clock);
                        statistics.set(models.take(context, clock)::statistics);
                        models.giveBack();
                        return made;
                    })) {
                long accepted = 0;
                for (int i = 0; i < 2; i++) {
                    Prompt prompt = new Prompt.Tokens(target.vocabulary()
                            .tokenize("Once upon a time there were " + i + " cats and " + i + " dogs", true, false));
                    for (float temperature : new float[] {0f, 0.8f}) {
                        List<Integer> plain = run(engine, prompt, temperature, i, Drafters.OFF).tokens;
                        assertThat(plain).hasSize(TOKENS);
                        for (DrafterKind mode : MODES) {
                            Recorder drafted = run(engine, prompt, temperature, i, mode);
                            assertThat(drafted.tokens)
                                    .as("%s, prompt %d, temperature %s", mode, i, temperature)
                                    .isEqualTo(plain);
                            accepted += mode == Drafters.DRAFT_VERIFY
                                    ? drafted.await().speculation().numAcceptedDraftTokens()
                                    : 0;
                        }
                    }
                }
                assertSameTogether(engine, target);
                assertThat(accepted).isGreaterThanOrEqualTo(leastAccepted);
                return Objects.requireNonNull(statistics.get()).get();
            }
        }
    }

    /** Several streams at once, whose levels are one forward pass. */
    private static void assertSameTogether(Engine engine, LlamaModel target) {
        List<Prompt> prompts = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            prompts.add(new Prompt.Tokens(target.vocabulary().tokenize("The " + i + " big dogs", true, false)));
        }
        List<Session> sessions = new ArrayList<>();
        List<Recorder> together = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Session session = engine.openSession();
            sessions.add(session);
            Recorder recorder = new Recorder();
            together.add(recorder);
            session.submit(request(prompts.get(i), 0f, 1, i == 0 ? Drafters.MODEL : Drafters.DRAFT_VERIFY), recorder);
        }
        together.forEach(Recorder::await);
        sessions.forEach(Session::close);
        for (int i = 0; i < 3; i++) {
            assertThat(together.get(i).tokens).isEqualTo(run(engine, prompts.get(i), 0f, 1, Drafters.OFF).tokens);
        }
    }

    private static TurnRequest request(Prompt prompt, float temperature, int seed, DrafterKind mode) {
        return TurnRequest.of(
                        prompt,
                        SamplingParameters.GREEDY.withTemperature(temperature).withSeed(seed),
                        DraftPolicy.of(mode),
                        TOKENS)
                .withIgnoreEnd(true);
    }

    private static Recorder run(Engine engine, Prompt prompt, float temperature, int seed, DrafterKind mode) {
        try (Session session = engine.openSession()) {
            Recorder recorder = new Recorder();
            session.submit(request(prompt, temperature, seed, mode), recorder);
            recorder.await();
            return recorder;
        }
    }
}
