package io.aded.rpc;

import static io.aded.rpc.Harness.failure;
import static io.aded.rpc.Harness.fields;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ListValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.aded.engine.EngineOptions;
import io.aded.lab.load.StandInModel;
import io.aded.v1.CountTokensRequest;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerationOptions;
import io.aded.v1.GetServerInfoRequest;
import io.aded.v1.Open;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Over a template that writes {@code <think>} if {@code enable_thinking} is true. */
class TemplateVariablesServedTest {
    private static Harness harness;

    @BeforeAll
    static void start() {
        harness = Harness.start(new StandInModel(Duration.ZERO), EngineOptions.ofCells(512));
    }

    @AfterAll
    static void stop() {
        harness.close();
    }

    private static GenerationOptions.Builder with(String name, Value.Builder value) {
        return Requests.options().setTemplateVariables(Struct.newBuilder().putFields(name, value.build()));
    }

    private static GenerationOptions.Builder thinking(boolean enabled) {
        return with("enable_thinking", Value.newBuilder().setBoolValue(enabled));
    }

    private static int tokens(GenerationOptions.Builder options) {
        return harness.inference()
                .countTokens(CountTokensRequest.newBuilder()
                        .setPrompt("hi")
                        .setOptions(options)
                        .build())
                .getTokens();
    }

    private static long promptTokens(GenerationOptions.Builder options) {
        var events = harness.inference()
                .generate(GenerateRequest.newBuilder()
                        .setPrompt("hi")
                        .setOptions(options.setMaxTokens(1))
                        .build());
        while (true) {
            var event = events.next();
            if (event.hasFinished()) {
                return event.getFinished().getUsage().getPromptTokens();
            }
        }
    }

    @Test
    void variables_thatTheTemplateReads_changeThePrompt() {
        int without = tokens(Requests.options());

        assertThat(tokens(thinking(true))).isEqualTo(without + "<think>".length());
        assertThat(tokens(thinking(false))).isEqualTo(without);
        assertThat(tokens(with("unread", Value.newBuilder().setStringValue("x"))))
                .isEqualTo(without);
        assertThat(promptTokens(thinking(true))).isEqualTo(without + "<think>".length());
        assertThat(promptTokens(Requests.options())).isEqualTo(without);
    }

    @Test
    void variables_ofAConversation_holdForItsTurnsAndAreTold() {
        var opened = harness.converse()
                .open(Open.newBuilder().setOptions(thinking(true)).build())
                .opened();

        assertThat(opened.getOptions().getTemplateVariables())
                .isEqualTo(thinking(true).getTemplateVariables());
    }

    @Test
    void variables_thatMayNotBeSet_areInvalidByTheirPath() {
        assertThat(fields(
                        failure(() -> tokens(with("messages", Value.newBuilder().setStringValue("mine"))))))
                .containsExactly("options.template_variables");
        assertThat(fields(failure(() ->
                        promptTokens(with("tools", Value.newBuilder().setListValue(ListValue.getDefaultInstance()))))))
                .containsExactly("options.template_variables");
    }

    @Test
    void serverInfo_listsThem() {
        assertThat(harness.models()
                        .getServerInfo(GetServerInfoRequest.getDefaultInstance())
                        .getCapabilitiesList())
                .contains("GenerationOptions.template_variables");
    }
}
