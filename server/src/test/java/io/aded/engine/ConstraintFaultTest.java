package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.draft.catalogue.Drafters;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.llama.ModelParameters;
import io.aded.llama.TinyModels;
import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.SamplingParameters;
import io.aded.model.Vocabulary;
import io.aded.telemetry.EngineTelemetry;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Turns whose constraint or bias leaves nothing to say, with the real library and a stream beside them. */
class ConstraintFaultTest {
    private static final String LIBRARIES = "io.aded.llama.Libraries#all";
    private static final DraftPolicy DRAFT = new DraftPolicy(Drafters.ADED, 12, 8, 4, false);

    @TempDir
    private static Path directory;

    private static Engine engine(LlamaModel model) {
        return Engine.start(
                model,
                EngineOptions.ofCells(1024)
                        .withContext(ContextParameters.ofCells(1024)
                                .withThreads(1)
                                .withCacheTypes(ContextParameters.CacheType.F32, ContextParameters.CacheType.F32)),
                EngineTelemetry.NONE);
    }

    private static LlamaModel model(LlamaLibrary library) {
        return LlamaModel.load(library, TinyModels.f32(directory), ModelParameters.DEFAULT);
    }

    private static Recorder submit(Session session, SamplingParameters sampling, DraftPolicy draft, int tokens) {
        Recorder recorder = new Recorder();
        session.submit(TurnRequest.of(new Prompt.Text("the cat and the dog"), sampling, draft, tokens), recorder);
        return recorder;
    }

    /** After "the cat" any of 60,000 places may be next: more than one character is allowed to cost. */
    private static final String EXHAUSTING = "root ::= \"the cat\" x{60000}\nx ::= \"c\"? \"d\"?\n";

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void submit_grammarThatCannotBeFollowed_endsItsTurnWithAnErrorAndNoOther(LlamaLibrary library) {
        SamplingParameters plain =
                SamplingParameters.GREEDY.withTemperature(0.7f).withSeed(3);
        try (LlamaModel model = model(library);
                Engine engine = engine(model)) {
            List<Integer> alone;
            try (Session session = engine.openSession()) {
                Recorder recorder = submit(session, plain, DraftPolicy.OFF, 60);
                recorder.await();
                alone = recorder.tokens;
            }
            for (DraftPolicy draft : List.of(DraftPolicy.OFF, DRAFT)) {
                try (Session session = engine.openSession();
                        Session other = engine.openSession()) {
                    Recorder beside = submit(other, plain, draft, 60);
                    Recorder exhausted = submit(session, plain.withGrammar(EXHAUSTING), draft, 60);
                    assertThatThrownBy(exhausted::await)
                            .isInstanceOfSatisfying(AdedException.ResourceExhausted.class, failure -> {
                                assertThat(failure.reason()).isEqualTo("CONSTRAINT_EXHAUSTED");
                                assertThat(failure).hasMessageContainingAll("sampling.grammar", "Make it simpler");
                            });
                    assertThat("the cat").startsWith(exhausted.text);
                    beside.await();
                    assertThat(beside.tokens).isEqualTo(alone);
                    Recorder next = submit(session, plain, draft, 5);
                    assertThat(next.await().completionTokens()).isPositive();
                }
            }
        }
    }

    private static Map<Integer, Float> bias(Vocabulary vocabulary, float bias, IntPredicate which) {
        Map<Integer, Float> biases = new HashMap<>();
        for (int token = 0; token < vocabulary.size(); token++) {
            if (which.test(token)) {
                biases.put(token, bias);
            }
        }
        return biases;
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void submit_constraintAndBiasLeaveNoToken_endsTheTurnWithAnErrorAndNeverWithAForbiddenOne(LlamaLibrary library) {
        try (LlamaModel model = model(library);
                Engine engine = engine(model)) {
            Vocabulary vocabulary = model.vocabulary();
            Map<Integer, Float> noB = bias(
                    vocabulary,
                    Float.NEGATIVE_INFINITY,
                    token -> !vocabulary.endsGeneration(token)
                            && vocabulary.detokenize(new int[] {token}, false).contains("b"));
            Map<Integer, Float> noEnd = bias(vocabulary, Float.NEGATIVE_INFINITY, vocabulary::endsGeneration);
            for (DraftPolicy draft : List.of(DraftPolicy.OFF, DRAFT)) {
                for (float temperature : new float[] {0f, 1f}) {
                    SamplingParameters base = SamplingParameters.GREEDY
                            .withTemperature(temperature)
                            .withSeed(1);
                    assertNoToken(
                            engine, base.toBuilder().logitBias(noB).build().withGrammar("root ::= \"a\" \"b\""), draft);
                    assertNoToken(
                            engine, base.toBuilder().logitBias(noEnd).build().withGrammar("root ::= \"a\""), draft);
                }
            }
        }
    }

    private static void assertNoToken(Engine engine, SamplingParameters sampling, DraftPolicy draft) {
        try (Session session = engine.openSession()) {
            Recorder recorder = submit(session, sampling, draft, 10);
            assertThatThrownBy(recorder::await)
                    .isInstanceOfSatisfying(
                            AdedException.FailedPrecondition.class,
                            failure -> assertThat(failure.reason()).isEqualTo("NO_TOKEN_ALLOWED"))
                    .hasMessageContaining("constraint and logit bias together");
            assertThat(recorder.text).hasToString("a");
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void submit_grammarThatSpellsAControlToken_isMetByItsCharactersWhateverTheBias(LlamaLibrary library) {
        try (LlamaModel model = model(library);
                Engine engine = engine(model)) {
            Vocabulary vocabulary = model.vocabulary();
            Map<Integer, Float> controls = bias(vocabulary, 100f, vocabulary::isControl);
            assertThat(controls).isNotEmpty();
            for (float temperature : new float[] {0f, 1f}) {
                for (Map<Integer, Float> bias : List.of(controls, Map.<Integer, Float>of())) {
                    try (Session session = engine.openSession()) {
                        SamplingParameters sampling = SamplingParameters.GREEDY.withTemperature(temperature).toBuilder()
                                .logitBias(bias)
                                .build()
                                .withGrammar("root ::= \"<s>\" \"x\"");
                        Recorder recorder = submit(session, sampling, DRAFT, 20);
                        assertThat(recorder.await().reason()).isEqualTo(FinishReason.STOP);
                        assertThat(recorder.text).hasToString("<s>x");
                        assertThat(recorder.tokens).noneMatch(vocabulary::isControl);
                    }
                }
            }
        }
    }
}
