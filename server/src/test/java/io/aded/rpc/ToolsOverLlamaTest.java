package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.dialect.Templates;
import io.aded.engine.EngineOptions;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.llama.ModelParameters;
import io.aded.llama.TinyModels;
import io.aded.model.ContextParameters.CacheType;
import io.aded.model.JsonValues;
import io.aded.v1.DraftPolicy;
import io.aded.v1.FinishReason;
import io.aded.v1.Finished;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerateResponse;
import io.aded.v1.GenerationOptions;
import io.aded.v1.Sampling;
import io.aded.v1.Tool;
import io.aded.v1.ToolChoice;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Forced calls over llama.cpp itself, with a tiny random F32 model: valid whatever it would say, and drafted. */
class ToolsOverLlamaTest {
    private static final Tool TOOL = Tool.newBuilder()
            .setName("order")
            .setParameters("{\"type\": \"object\", \"properties\": {\"customer_name\": {\"enum\": [\"ann\", \"bob\"]}, "
                    + "\"quantity\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 9}}, "
                    + "\"required\": [\"customer_name\", \"quantity\"]}")
            .build();

    @TempDir
    private static Path directory;

    private static LlamaModel model;
    private static Harness harness;

    @BeforeAll
    static void start() {
        ModelParameters plain = ModelParameters.DEFAULT;
        model = LlamaModel.load(
                LlamaLibrary.bundled(),
                TinyModels.f32(directory),
                new ModelParameters(
                        plain.gpuLayers(),
                        plain.mainGpu(),
                        plain.splitMode(),
                        plain.tensorSplit(),
                        plain.useMmap(),
                        plain.useMlock(),
                        Templates.SECTIONED,
                        null));
        EngineOptions options = EngineOptions.ofCells(1024);
        harness = Harness.start(
                model, options.withContext(options.context().withCacheTypes(CacheType.F32, CacheType.F32)));
    }

    @AfterAll
    static void stop() {
        harness.close();
        model.close();
    }

    private static List<GenerateResponse> answer(String mode, float temperature) {
        List<GenerateResponse> responses = new ArrayList<>();
        harness.inference()
                .generate(GenerateRequest.newBuilder()
                        .setPrompt("the cat and the dog")
                        .setOptions(GenerationOptions.newBuilder()
                                .addTools(TOOL)
                                .setToolChoice(ToolChoice.newBuilder().setTool("order"))
                                .setParallelToolCalls(false)
                                .setReportRounds(true)
                                .setMaxTokens(400)
                                .setSampling(Sampling.newBuilder()
                                        .setTemperature(temperature)
                                        .setSeed(5))
                                .setDraft(DraftPolicy.newBuilder().setMode(mode)))
                        .build())
                .forEachRemaining(responses::add);
        return responses;
    }

    private static List<Integer> tokens(List<GenerateResponse> answer) {
        return answer.stream()
                .flatMap(event -> event.getRound().getEmittedTokensList().stream())
                .toList();
    }

    @Test
    void call_thatIsForced_isValidAndTheSameHoweverItIsDrafted() {
        for (float temperature : new float[] {0, 1.2f}) {
            List<GenerateResponse> plain = answer("off", temperature);
            List<GenerateResponse> drafted = answer("aded", temperature);

            assertThat(tokens(drafted)).isEqualTo(tokens(plain));
            StringBuilder arguments = new StringBuilder();
            plain.forEach(event -> arguments.append(event.getToolCallDelta().getArguments()));
            Map<String, Object> order = JsonValues.object(arguments.toString());
            assertThat(order).containsOnlyKeys("customer_name", "quantity");
            assertThat(order.get("customer_name")).isIn("ann", "bob");
            assertThat(((Number) order.get("quantity")).intValue()).isBetween(1, 9);
            Finished end = drafted.getLast().getFinished();
            assertThat(end.getReason()).isEqualTo(FinishReason.FINISH_REASON_TOOL_CALLS);
            // Marks, keys and names are forced, so most of the call is drafted and accepted.
            assertThat(end.getSpeculation().getNumAcceptedDraftTokens())
                    .isGreaterThan(tokens(plain).size() / 2);
        }
    }
}
