package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.dialect.Templates;
import io.aded.engine.EngineOptions;
import io.aded.lab.load.StandInModel;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.llama.ModelParameters;
import io.aded.llama.TinyModels;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetModel;
import io.aded.v1.Constraint;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerationOptions;
import io.aded.v1.Open;
import io.aded.v1.TokenIds;
import io.aded.v1.Tool;
import io.aded.v1.Turn;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is wrong with a constraint is told by the field that the caller set, wherever it is found out. */
class ConstraintPathsTest {
    @TempDir
    private Path directory;

    private enum Served {
        /** That of {@code serve --model scripted}, whose template has reasoning. */
        STAND_IN,
        STAND_IN_WITH_TOOLS,
        LLAMA,
        LLAMA_WITH_TOOLS;

        boolean hasTools() {
            return this == STAND_IN_WITH_TOOLS || this == LLAMA_WITH_TOOLS;
        }

        TargetModel model(Path directory) {
            return switch (this) {
                case STAND_IN -> new StandInModel(Duration.ZERO);
                case STAND_IN_WITH_TOOLS ->
                    new StandInModel(Duration.ZERO, Templates.SECTIONED, ScriptedModel.babble(1, 2));
                case LLAMA -> llama(directory, null);
                case LLAMA_WITH_TOOLS -> llama(directory, Templates.SECTIONED);
            };
        }

        private static TargetModel llama(Path directory, String template) {
            ModelParameters plain = ModelParameters.DEFAULT;
            return LlamaModel.load(
                    LlamaLibrary.bundled(),
                    TinyModels.f32(directory),
                    new ModelParameters(
                            plain.gpuLayers(),
                            plain.mainGpu(),
                            plain.splitMode(),
                            plain.tensorSplit(),
                            plain.useMmap(),
                            plain.useMlock(),
                            template,
                            null));
        }
    }

    /** A fault, by the field of the options that has it. */
    private record Fault(String field, GenerationOptions options) {}

    private static Fault fault(String field, Constraint.Builder constraint) {
        return new Fault("constraint." + field, Requests.constrained(constraint).build());
    }

    private static Fault grammar(String gbnf) {
        return fault("grammar", Constraint.newBuilder().setGrammar(gbnf));
    }

    private static Fault schema(String schema) {
        return fault("json_schema", Constraint.newBuilder().setJsonSchema(schema));
    }

    private static Fault expression(String expression) {
        return fault("regular_expression", Constraint.newBuilder().setRegularExpression(expression));
    }

    private static List<Fault> faults(Served served) {
        List<Fault> faults = new ArrayList<>(List.of(
                grammar("root ::= ("),
                grammar("root ::= missing"),
                grammar("root ::= root \"a\""),
                grammar("other ::= \"a\""),
                schema("{\"type\":"),
                schema("{\"type\": \"nope\"}"),
                schema("{\"$ref\": \"#/nowhere\"}"),
                expression("(a"),
                expression("[z-a]"),
                expression("a{3,2}")));
        if (served.hasTools()) {
            Tool tool = Tool.newBuilder()
                    .setName("order")
                    .setParameters("{\"type\": \"object\", \"properties\": {\"a\": {\"$ref\": \"#/nowhere\"}}}")
                    .build();
            faults.add(new Fault(
                    "tools[0].parameters", Requests.greedy().addTools(tool).build()));
        }
        return faults;
    }

    private static List<String> generated(Harness harness, GenerateRequest.Builder request, Fault fault) {
        StatusRuntimeException failure = Harness.failure(() -> harness.inference()
                .generate(request.setOptions(fault.options()).build())
                .forEachRemaining(_ -> {}));
        return Harness.fields(failure);
    }

    private static List<String> turned(Harness harness, Turn.Builder turn, Fault fault) {
        ConverseClient stream = harness.converse().open(Requests.open());
        stream.opened();
        stream.turn(turn.setOptions(fault.options()).build());
        return Harness.fields(stream.failure());
    }

    @ParameterizedTest
    @EnumSource(Served.class)
    void constraint_cannotBeCompiled_isNamedAsItWasSet(Served served) {
        try (TargetModel model = served.model(directory);
                Harness harness = Harness.start(model, EngineOptions.ofCells(512))) {
            for (Fault fault : faults(served)) {
                String field = "options." + fault.field();
                assertThat(generated(harness, GenerateRequest.newBuilder().setPrompt("abc"), fault))
                        .as("prompt")
                        .containsExactly(field);
                assertThat(turned(harness, Turn.newBuilder().setPrompt("abc"), fault))
                        .as("turn")
                        .containsExactly("turn." + field);
                ConverseClient opening = harness.converse()
                        .open(Open.newBuilder().setOptions(fault.options()).build());
                assertThat(Harness.fields(opening.failure())).as("open").containsExactly("open." + field);
                ConverseClient updating = harness.converse().open(Requests.open());
                updating.opened();
                updating.update(Requests.update(fault.options().toBuilder()));
                assertThat(Harness.fields(updating.failure())).as("update").containsExactly("update." + field);
                if (fault.field().startsWith("tools")) {
                    continue; // texts and tokens have none
                }
                assertThat(generated(harness, GenerateRequest.newBuilder().setText("abc"), fault))
                        .as("text")
                        .containsExactly(field);
                assertThat(turned(
                                harness,
                                Turn.newBuilder()
                                        .setTokens(TokenIds.newBuilder().addIds(5)),
                                fault))
                        .as("tokens of a turn")
                        .containsExactly("turn." + field);
            }
        }
    }
}
