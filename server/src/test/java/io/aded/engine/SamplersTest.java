package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.Drafters;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.llama.ModelParameters;
import io.aded.llama.TinyModels;
import io.aded.model.ContextParameters;
import io.aded.model.SamplingParameters;
import io.aded.telemetry.EngineTelemetry;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every sampler draws the same tokens with a draft and without: whatever it keeps from token to token (a window, a
 * random stream, a running target) goes on by emitted tokens alone, and a rejected branch leaves no trace in it.
 */
class SamplersTest {
    private static final int TOKENS = 48;
    private static final int SEEDS = 3;
    private static final List<DrafterKind> DRAFTING =
            List.of(Drafters.ADED, Drafters.ADED_MCTS, Drafters.PROMPT_LOOKUP, Drafters.NGRAM_CACHE);

    @TempDir
    private Path directory;

    /** Each sampler alone, on a distribution that is narrow enough for drafts to be accepted; and all at once. */
    private static Map<String, SamplingParameters> samplers() {
        SamplingParameters plain =
                SamplingParameters.builder().temperature(0.5f).build();
        Map<String, SamplingParameters> all = new LinkedHashMap<>();
        all.put("defaults", plain);
        all.put("DRY", plain.toBuilder().dryMultiplier(0.8f).build());
        all.put("Mirostat", plain.toBuilder().mirostatTau(2f).mirostatEta(0.5f).build());
        all.put(
                "dynamic temperature",
                plain.toBuilder()
                        .dynamicTemperatureRange(0.4f)
                        .dynamicTemperatureExponent(2f)
                        .build());
        all.put(
                "XTC",
                plain.toBuilder().xtcProbability(0.5f).xtcThreshold(0.05f).build());
        all.put("top-n-sigma", plain.toBuilder().topNSigma(1.5f).build());
        all.put("typical", plain.toBuilder().typicalP(0.7f).build());
        all.put(
                "penalties",
                plain.toBuilder().repeatPenalty(1.1f).presencePenalty(0.2f).build());
        all.put(
                "all at once",
                plain.toBuilder()
                        .topNSigma(2f)
                        .typicalP(0.9f)
                        .xtcProbability(0.3f)
                        .dynamicTemperatureRange(0.3f)
                        .repeatPenalty(1.05f)
                        .dryMultiplier(0.5f)
                        .logitBias(Map.of(270, 0.5f, 271, Float.NEGATIVE_INFINITY))
                        .build());
        return all;
    }

    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void everySampler_draftedOrNot_drawsTheSameTokens(LlamaLibrary library) {
        EngineOptions options = EngineOptions.ofCells(1024)
                .withContext(ContextParameters.ofCells(1024)
                        .withThreads(1)
                        .withCacheTypes(ContextParameters.CacheType.F32, ContextParameters.CacheType.F32));
        try (LlamaModel model = LlamaModel.load(library, TinyModels.f32(directory), ModelParameters.DEFAULT);
                Engine engine = Engine.start(model, options, EngineTelemetry.NONE)) {
            Prompt prompt =
                    new Prompt.Tokens(model.vocabulary().tokenize("the cat and the dog. ".repeat(6), true, false));
            samplers().forEach((name, sampling) -> {
                long accepted = 0;
                for (int seed = 0; seed < SEEDS; seed++) {
                    Recorder plain = run(engine, prompt, sampling.withSeed(seed), Drafters.OFF);
                    for (DrafterKind drafter : DRAFTING) {
                        Recorder drafted = run(engine, prompt, sampling.withSeed(seed), drafter);
                        assertThat(drafted.tokens)
                                .as("%s, seed %d, %s", name, seed, drafter.label())
                                .isEqualTo(plain.tokens);
                        accepted += drafted.await().speculation().numAcceptedDraftTokens();
                    }
                }
                assertThat(accepted).as("accepted drafts of " + name).isPositive();
            });
        }
    }

    private static Recorder run(Engine engine, Prompt prompt, SamplingParameters sampling, DrafterKind drafter) {
        try (Session session = engine.openSession()) {
            Recorder recorder = new Recorder();
            session.submit(
                    TurnRequest.of(prompt, sampling, DraftPolicy.of(drafter), TOKENS)
                            .withIgnoreEnd(true),
                    recorder);
            recorder.await();
            return recorder;
        }
    }
}
