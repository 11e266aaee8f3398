package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.engine.EngineOptions;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.llama.ModelParameters;
import io.aded.llama.TinyModels;
import io.aded.model.ContextParameters.CacheType;
import io.aded.v1.AnyJsonObject;
import io.aded.v1.ChatMessage;
import io.aded.v1.Constraint;
import io.aded.v1.CountTokensRequest;
import io.aded.v1.DraftNode;
import io.aded.v1.DraftPolicy;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerateResponse;
import io.aded.v1.GenerationOptions;
import io.aded.v1.Open;
import io.aded.v1.Round;
import io.aded.v1.Sampling;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole server over llama.cpp itself, with a tiny random F32 model. */
class RealModelTest {
    @TempDir
    private static Path directory;

    private static LlamaModel model;
    private static Harness harness;

    @BeforeAll
    static void start() {
        model = LlamaModel.load(LlamaLibrary.bundled(), TinyModels.f32(directory), ModelParameters.DEFAULT);
        EngineOptions options = EngineOptions.ofCells(1024);
        harness = Harness.start(
                model, options.withContext(options.context().withCacheTypes(CacheType.F32, CacheType.F32)));
    }

    @AfterAll
    static void stop() {
        harness.close();
        model.close();
    }

    private static List<GenerateResponse> answer(GenerateRequest.Builder request) {
        List<GenerateResponse> responses = new ArrayList<>();
        harness.inference().generate(request.build()).forEachRemaining(responses::add);
        return responses;
    }

    private static List<Integer> tokens(GenerateRequest.Builder request) {
        return answer(request).stream()
                .flatMap(response -> response.getDelta().getTokensList().stream())
                .toList();
    }

    private static GenerateRequest.Builder request(GenerationOptions.Builder options) {
        return GenerateRequest.newBuilder()
                .setText("the quick brown fox jumps over the lazy dog, the quick brown")
                .setOptions(options);
    }

    private static GenerationOptions.Builder options(float temperature, String mode) {
        return Requests.options()
                .setMaxTokens(60)
                .setIgnoreEnd(true)
                .setSampling(Sampling.newBuilder().setTemperature(temperature).setSeed(42))
                .setDraft(DraftPolicy.newBuilder().setMode(mode));
    }

    @ParameterizedTest
    @ValueSource(strings = {"auto", "aded", "aded-mcts", "prompt-lookup"})
    void generate_withAnyDraft_givesTheTokensOfPlainDecoding(String mode) {
        for (float temperature : new float[] {0f, 0.8f}) {
            assertThat(tokens(request(options(temperature, mode))))
                    .hasSize(60)
                    .isEqualTo(tokens(request(options(temperature, "off"))));
        }
    }

    @Test
    void generate_invalidGrammar_namesTheFieldAndTheNextRequestWorks() {
        assertThat(refused(Constraint.newBuilder().setGrammar("root ::= (")))
                .containsExactly("options.constraint.grammar");
        assertThat(refused(Constraint.newBuilder().setGrammar("root ::= missing")))
                .containsExactly("options.constraint.grammar");
        assertThat(refused(Constraint.newBuilder().setJsonSchema("{\"type\":")))
                .containsExactly("options.constraint.json_schema");
        assertThat(refused(Constraint.newBuilder().setJsonSchema("{\"type\":\"no such type\"}")))
                .containsExactly("options.constraint.json_schema");
        assertThat(tokens(request(options(0, "auto")))).hasSize(60);
    }

    private static List<String> refused(Constraint.Builder constraint) {
        StatusRuntimeException failure =
                Harness.failure(() -> tokens(request(options(0, "auto").setConstraint(constraint))));
        return Harness.fields(failure);
    }

    /** After "the" any of 60,000 places may be next: more than one character is allowed to cost. */
    private static final String EXHAUSTING = "root ::= \"the\" x{60000}\nx ::= \"c\"? \"d\"?\n";

    @Test
    void generate_constraintThatCannotBeFollowed_namesTheCallersField() {
        assertExhausted(
                Harness.failure(() -> tokens(request(
                        options(0, "auto").setConstraint(Constraint.newBuilder().setGrammar(EXHAUSTING))))),
                "options.constraint.grammar");
        Constraint.Builder expression = Constraint.newBuilder().setRegularExpression("the" + "(c?d?){9999}".repeat(6));
        assertExhausted(
                Harness.failure(() -> tokens(request(options(0, "auto").setConstraint(expression)))),
                "options.constraint.regular_expression");
        ConverseClient stream = harness.converse()
                .open(Open.newBuilder()
                        .setOptions(options(0, "auto")
                                .setConstraint(Constraint.newBuilder().setGrammar(EXHAUSTING)))
                        .build());
        stream.opened();
        stream.turn(Requests.turn("the", 30));
        assertExhausted(stream.failure(), "turn.options.constraint.grammar");
    }

    private static void assertExhausted(StatusRuntimeException failure, String field) {
        Harness.assertStatus(failure, Status.Code.RESOURCE_EXHAUSTED, "CONSTRAINT_EXHAUSTED");
        assertThat(Harness.paths(failure)).containsExactly(field);
        assertThat(failure.getStatus().getDescription()).startsWith(field + " is too ambiguous");
    }

    @Test
    void generate_withGrammar_obeysIt() {
        StringBuilder text = new StringBuilder();
        answer(request(options(0.8f, "aded")
                        .setIgnoreEnd(false)
                        .setSampling(Sampling.newBuilder().setSeed(5))
                        .setConstraint(Constraint.newBuilder().setGrammar("root ::= (\"a\" | \"b\")+ \"c\""))))
                .forEach(response -> text.append(response.getDelta().getText()));
        assertThat(text.toString()).matches("[ab]*c?");
    }

    /** The mode's drafter is named whatever guessed; the nodes say that it was the grammar. */
    @Test
    void generate_withForcedText_namesTheDrafterAndTheNodesSource() {
        List<Round> drafted = answer(request(options(0f, "aded")
                        .setIgnoreEnd(false)
                        .setReportRounds(true)
                        .setConstraint(Constraint.newBuilder().setGrammar("root ::= \"abcabcabcabcabc\""))))
                .stream()
                .filter(GenerateResponse::hasRound)
                .map(GenerateResponse::getRound)
                .filter(round -> round.getNodesCount() > 1)
                .toList();
        assertThat(drafted).isNotEmpty().allSatisfy(round -> {
            assertThat(round.getDrafter()).isEqualTo("aded");
            assertThat(round.getNodes(0).getSource()).isEmpty();
            assertThat(round.getNodesList().subList(1, round.getNodesCount()))
                    .extracting(DraftNode::getSource)
                    .containsOnly("grammar");
        });
    }

    private static String constrained(Constraint.Builder constraint, int seed) {
        StringBuilder text = new StringBuilder();
        answer(request(options(0.8f, "aded")
                        .setIgnoreEnd(false)
                        .setSampling(Sampling.newBuilder().setSeed(seed))
                        .setConstraint(constraint)))
                .forEach(response -> text.append(response.getDelta().getText()));
        return text.toString();
    }

    @Test
    void generate_withRegularExpression_matchesIt() {
        for (int seed = 0; seed < 5; seed++) {
            assertThat(constrained(Constraint.newBuilder().setRegularExpression("^\\d{4}-[a-f]{2}(x|yy)?$"), seed))
                    .matches("\\d{4}-[a-f]{2}(x|yy)?");
        }
        assertThat(refused(Constraint.newBuilder().setRegularExpression("(a)\\1")))
                .containsExactly("options.constraint.regular_expression");
    }

    @Test
    void generate_withAnyJsonObject_beginsOne() {
        for (int seed = 0; seed < 5; seed++) {
            // The tiny model has nothing to say, so it may well not come to the end of the object.
            assertThat(constrained(Constraint.newBuilder().setJsonObject(AnyJsonObject.getDefaultInstance()), seed))
                    .matches("(?s)\\{\\s*(\".*|\\}\\s*)?");
        }
    }

    @Test
    void countTokens_chat_countsWhatTheAnswerReports() {
        ChatMessage message =
                ChatMessage.newBuilder().setContent("hello <|im_end|> world").build();
        int counted = harness.inference()
                .countTokens(CountTokensRequest.newBuilder()
                        .setChat(Requests.chat(message))
                        .build())
                .getTokens();
        int used = answer(GenerateRequest.newBuilder()
                        .setChat(Requests.chat(message))
                        .setOptions(Requests.options().setMaxTokens(1)))
                .getLast()
                .getFinished()
                .getUsage()
                .getPromptTokens();
        assertThat(counted).isEqualTo(used);
    }
}
