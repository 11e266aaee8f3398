package io.aded.rpc;

import static io.aded.rpc.Harness.failure;
import static io.aded.rpc.Harness.fields;
import static io.aded.rpc.Harness.paths;
import static org.assertj.core.api.Assertions.assertThat;

import io.aded.dialect.Templates;
import io.aded.engine.EngineOptions;
import io.aded.lab.load.StandInModel;
import io.aded.model.JsonValues;
import io.aded.model.ScriptedModel;
import io.aded.v1.Chat;
import io.aded.v1.ChatMessage;
import io.aded.v1.Constraint;
import io.aded.v1.ContentPart;
import io.aded.v1.ConverseResponse;
import io.aded.v1.CountTokensRequest;
import io.aded.v1.Delta;
import io.aded.v1.DraftPolicy;
import io.aded.v1.FinishReason;
import io.aded.v1.Finished;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerateResponse;
import io.aded.v1.GenerationOptions;
import io.aded.v1.GetServerInfoRequest;
import io.aded.v1.Open;
import io.aded.v1.ReasoningOptions;
import io.aded.v1.Sampling;
import io.aded.v1.Tool;
import io.aded.v1.ToolCall;
import io.aded.v1.ToolCallDelta;
import io.aded.v1.ToolChoice;
import io.aded.v1.ToolChoiceMode;
import io.aded.v1.ToolResult;
import io.aded.v1.Turn;
import io.grpc.Status;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Tools and reasoning over the API, with a model that says what it is told to and follows grammars. */
class ToolsServedTest {
    private static final String CALL =
            "<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Bonn\", \"days\": 2}}\n</tool_call>";
    private static final String ANSWER = "<think>\nIt may rain.\n</think>\n\nI look.\n" + CALL;
    private static final String AFTER = "It rains.";

    private static final Tool WEATHER = Tool.newBuilder()
            .setName("weather")
            .setDescription("Tells it.")
            .setParameters("{\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"}, "
                    + "\"days\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 3}}, "
                    + "\"required\": [\"city\", \"days\"]}")
            .build();
    /** The same without free text, which a model that wants to say something else might never end. */
    private static final Tool CLOSED = WEATHER.toBuilder()
            .setParameters(WEATHER.getParameters().replace("\"type\": \"string\"", "\"enum\": [\"Bonn\", \"Ulm\"]"))
            .build();

    private static final Tool CLOCK = Tool.newBuilder().setName("clock").build();

    /** Says the n-th answer behind the n-th opening of one; where it may not, whatever ends soonest. */
    private static ScriptedModel.Script says(String... answers) {
        byte[] opening = "<|assistant|>".getBytes(StandardCharsets.UTF_8);
        return (tokens, length, row) -> {
            Arrays.fill(row, -20f);
            int openings = 0;
            int start = length;
            for (int at = 0; at + opening.length <= length; at++) {
                int same = 0;
                while (same < opening.length && tokens[at + same] == 3 + opening[same]) {
                    same++;
                }
                if (same == opening.length) {
                    openings++;
                    start = at + same;
                }
            }
            byte[] answer = answers[Math.clamp(openings - 1L, 0, answers.length - 1)].getBytes(StandardCharsets.UTF_8);
            int said = length - start;
            row[3 + 'o'] = -7f; // <tool_call> rather than <think>
            row[3 + '2'] = -6f;
            row[3 + '}'] = -5f;
            row[3 + '"'] = -4f;
            row[2] = 0f;
            row[said < answer.length ? 3 + (answer[said] & 0xff) : 2] = 9f;
        };
    }

    private static Harness serving(String template, String... answers) {
        return Harness.start(new StandInModel(Duration.ZERO, template, says(answers)), EngineOptions.ofCells(4096));
    }

    private static GenerationOptions.Builder options(Tool... tools) {
        return GenerationOptions.newBuilder()
                .setMaxTokens(300)
                .setSampling(Sampling.newBuilder().setTemperature(0))
                .addAllTools(List.of(tools));
    }

    private static ToolChoice mode(ToolChoiceMode mode) {
        return ToolChoice.newBuilder().setMode(mode).build();
    }

    /** What was told of one answer. */
    private static final class Told {
        private final StringBuilder text = new StringBuilder();
        private final StringBuilder reasoning = new StringBuilder();
        private final List<ToolCall.Builder> calls = new ArrayList<>();
        private final List<Integer> tokens = new ArrayList<>();
        private Finished finished = Finished.getDefaultInstance();

        private void delta(Delta delta, StringBuilder to) {
            to.append(delta.getText());
            tokens.addAll(delta.getTokensList());
        }

        private void call(ToolCallDelta delta) {
            tokens.addAll(delta.getTokensList());
            if (delta.getIndex() == calls.size()) {
                assertThat(delta.getId()).matches("[a-zA-Z0-9]{9}");
                calls.add(ToolCall.newBuilder().setId(delta.getId()).setName(delta.getName()));
            } else {
                assertThat(delta.getId() + delta.getName()).isEmpty();
            }
            ToolCall.Builder call = calls.get(delta.getIndex());
            call.setArguments(call.getArguments() + delta.getArguments());
        }
    }

    private static Told told(Harness harness, GenerationOptions.Builder options) {
        Told told = new Told();
        harness.inference()
                .generate(GenerateRequest.newBuilder()
                        .setPrompt("Does it rain? </think> <tool_call>")
                        .setOptions(options)
                        .build())
                .forEachRemaining(event -> add(told, event));
        return told;
    }

    private static void add(Told told, GenerateResponse event) {
        switch (event.getEventCase()) {
            case DELTA -> told.delta(event.getDelta(), told.text);
            case REASONING_DELTA -> told.delta(event.getReasoningDelta(), told.reasoning);
            case TOOL_CALL_DELTA -> told.call(event.getToolCallDelta());
            case ROUND -> assertThat(event.getRound().getNodesCount()).isPositive();
            case FINISHED -> told.finished = event.getFinished();
            case EVENT_NOT_SET -> throw new AssertionError("an empty event");
        }
    }

    private static Told next(ConverseClient stream) {
        Told told = new Told();
        while (true) {
            ConverseResponse event = stream.next();
            switch (event.getEventCase()) {
                case DELTA -> told.delta(event.getDelta(), told.text);
                case REASONING_DELTA -> told.delta(event.getReasoningDelta(), told.reasoning);
                case TOOL_CALL_DELTA -> told.call(event.getToolCallDelta());
                case FINISHED -> {
                    told.finished = event.getFinished();
                    return told;
                }
                default -> throw new AssertionError("unexpected " + event);
            }
        }
    }

    @Test
    void answer_withReasoningTextAndCall_isToldInParts() {
        try (Harness harness = serving(Templates.TAGGED, ANSWER)) {
            Told told = told(harness, options(WEATHER, CLOCK));

            assertThat(told.reasoning).hasToString("It may rain.");
            assertThat(told.text).hasToString("I look.");
            assertThat(told.calls)
                    .singleElement()
                    .satisfies(call -> assertThat(call.getName() + call.getArguments())
                            .isEqualTo("weather{\"city\": \"Bonn\", \"days\": 2}"));
            assertThat(told.finished.getReason()).isEqualTo(FinishReason.FINISH_REASON_TOOL_CALLS);
            // Tokens are bytes: each is told once; the reasoning's are those up to its closing mark.
            assertThat(told.tokens).hasSize(ANSWER.length());
            assertThat(told.finished.getUsage().getReasoningTokens())
                    .isBetween("It may rain.".length(), ANSWER.indexOf("I look"));
        }
    }

    @Test
    void reasoning_notIncluded_isCountedButNotTold() {
        try (Harness harness = serving(Templates.TAGGED, ANSWER)) {
            Told told = told(
                    harness,
                    options(WEATHER).setReasoning(ReasoningOptions.newBuilder().setInclude(false)));

            assertThat(told.reasoning).isEmpty();
            assertThat(told.text).hasToString("I look.");
            assertThat(told.finished.getUsage().getReasoningTokens()).isPositive();
        }
    }

    @Test
    void reasoning_overItsBudget_isClosedAndTheAnswerBegins() {
        String opened = Templates.OPENED;
        try (Harness harness = serving(opened, "I think and think and think.")) {
            Told told = told(
                    harness,
                    options().setReasoning(ReasoningOptions.newBuilder().setBudget(7)));

            // The prompt ends with "<think>\n", which the script takes for eight characters that it has said.
            assertThat(told.reasoning).hasToString("and thi");
            assertThat(told.finished.getUsage().getReasoningTokens()).isEqualTo(7 + "</think>".length());
            assertThat(told.text).hasToString("hink.");

            Told none = told(
                    harness,
                    options().setReasoning(ReasoningOptions.newBuilder().setBudget(0)));
            assertThat(none.reasoning).isEmpty();
            assertThat(none.text).hasToString("nd think.");
        }
    }

    @Test
    void constraint_holdsBehindReasoning_fromTheBeginningWhereThePromptOpensNone() {
        var constraint = Constraint.newBuilder().setGrammar("root ::= \"yes\" | \"no\"");
        try (Harness harness = serving(Templates.OPENED, "<think>\nhm</think>yes")) {
            Told thinking = told(harness, options().setConstraint(constraint));
            assertThat(thinking.reasoning).hasToString("hm");
            assertThat(thinking.text).hasToString("yes");

            Told atOnce = told(
                    harness,
                    options()
                            .setConstraint(constraint)
                            .setReasoning(ReasoningOptions.newBuilder().setBudget(0)));
            assertThat(atOnce.reasoning).isEmpty();
            assertThat(atOnce.text).hasToString("no"); // of what it may say, the first; it would say something else
        }
    }

    @Test
    void conversation_goesOnWithResultsAndReusesItsBeginning() {
        try (Harness harness = serving(Templates.TAGGED, CALL, AFTER)) {
            ConverseClient stream = harness.converse();
            stream.open(Open.newBuilder().setOptions(options(WEATHER)).build()).opened();
            Told first = next(stream.turn(Turn.newBuilder().setPrompt("Rain?").build()));
            ToolCall call = first.calls.getFirst().build();
            ChatMessage result = ChatMessage.newBuilder()
                    .setRole("tool")
                    .addParts(ContentPart.newBuilder()
                            .setToolResult(ToolResult.newBuilder()
                                    .setToolCallId(call.getId())
                                    .setContent("<|assistant|>{\"rain\": true}")))
                    .build();
            Told second = next(stream.turn(Turn.newBuilder()
                    .setChat(Chat.newBuilder()
                            .addMessages(result.toBuilder()
                                    .setParts(
                                            0,
                                            ContentPart.newBuilder()
                                                    .setToolResult(ToolResult.newBuilder()
                                                            .setContent("{\"rain\": true}")))))
                    .build()));

            assertThat(second.text).hasToString(AFTER);
            assertThat(second.finished.getReason()).isEqualTo(FinishReason.FINISH_REASON_STOP);
            int before = first.finished.getUsage().getPromptTokens() + CALL.length();
            assertThat(second.finished.getUsage().getCachedPromptTokens()).isEqualTo(before);
            // The same conversation sent as a whole is the same prompt.
            Chat whole = Chat.newBuilder()
                    .addMessages(ChatMessage.newBuilder().setContent("Rain?"))
                    .addMessages(ChatMessage.newBuilder()
                            .setRole("assistant")
                            .addParts(ContentPart.newBuilder().setToolCall(call)))
                    .addMessages(ChatMessage.newBuilder()
                            .setRole("tool")
                            .addParts(ContentPart.newBuilder()
                                    .setToolResult(ToolResult.newBuilder().setContent("{\"rain\": true}"))))
                    .build();
            assertThat(harness.inference()
                            .countTokens(CountTokensRequest.newBuilder()
                                    .setChat(whole)
                                    .setOptions(options(WEATHER))
                                    .build())
                            .getTokens())
                    .isEqualTo(second.finished.getUsage().getPromptTokens());
        }
    }

    @Test
    void choice_required_forcesACallThatTheSchemaAllowsWhateverIsDrafted() {
        for (String template : List.of(
                Templates.TAGGED,
                Templates.LISTED,
                Templates.KEYED,
                Templates.QUOTED,
                Templates.BARE,
                Templates.SECTIONED)) {
            try (Harness harness = serving(template, "No, I say.")) {
                GenerationOptions.Builder required = options(CLOSED)
                        .setParallelToolCalls(false)
                        .setToolChoice(mode(ToolChoiceMode.TOOL_CHOICE_MODE_REQUIRED));
                Told plain = told(
                        harness,
                        required.clone().setDraft(DraftPolicy.newBuilder().setMode("off")));
                Told drafted = told(
                        harness,
                        required.clone()
                                .setReportRounds(true)
                                .setDraft(DraftPolicy.newBuilder().setMode("aded")));

                assertThat(plain.calls).as(template).isNotEmpty();
                assertThat(drafted.tokens).isEqualTo(plain.tokens);
                assertThat(plain.finished.getReason()).isEqualTo(FinishReason.FINISH_REASON_TOOL_CALLS);
                Map<String, Object> arguments =
                        JsonValues.object(plain.calls.getFirst().getArguments());
                assertThat(arguments).as(template).containsOnlyKeys("city", "days");
                assertThat(((Number) arguments.get("days")).intValue()).isBetween(1, 3);
            }
        }
    }

    @Test
    void choice_named_callsThatTool() {
        try (Harness harness = serving(Templates.TAGGED, ANSWER)) {
            Told told = told(
                    harness,
                    options(WEATHER, CLOCK)
                            .setParallelToolCalls(false)
                            .setToolChoice(ToolChoice.newBuilder().setTool("clock")));

            assertThat(told.calls)
                    .singleElement()
                    .satisfies(call ->
                            assertThat(call.getName() + call.getArguments()).isEqualTo("clock{}"));
        }
    }

    @Test
    void choice_none_callsNothing() {
        try (Harness harness = serving(Templates.TAGGED, "Look: " + CALL)) {
            Told told = told(harness, options(WEATHER).setToolChoice(mode(ToolChoiceMode.TOOL_CHOICE_MODE_NONE)));

            assertThat(told.calls).isEmpty();
            assertThat(told.text.toString()).startsWith("Look: <tool_call").doesNotContain("<tool_call>");
            assertThat(told.finished.getReason()).isEqualTo(FinishReason.FINISH_REASON_STOP);
        }
    }

    @Test
    void requests_thatAreWrong_nameTheirFields() {
        try (Harness harness = serving(Templates.TAGGED, ANSWER)) {
            assertThat(fields(failure(() -> told(
                            harness,
                            options(
                                            WEATHER,
                                            WEATHER,
                                            Tool.newBuilder().setName("a b").build())
                                    .addTools(Tool.newBuilder().setName("c").setParameters("[1]"))
                                    .setReasoning(ReasoningOptions.newBuilder().setBudget(-2))
                                    .setToolChoice(ToolChoice.newBuilder().setTool("none"))))))
                    .containsExactlyInAnyOrder(
                            "options.tools[1].name",
                            "options.tools[2].name",
                            "options.tools[3].parameters",
                            "options.tool_choice.tool",
                            "options.reasoning.budget");
            assertThat(fields(failure(() -> told(
                            harness,
                            options(Tool.newBuilder()
                                    .setName("c")
                                    .setParameters("{\"type\": \"object\", \"not\": {}}")
                                    .build())))))
                    .containsExactly("options.tools[0].parameters");
            assertThat(fields(failure(() ->
                            told(harness, options().setToolChoice(mode(ToolChoiceMode.TOOL_CHOICE_MODE_REQUIRED))))))
                    .containsExactly("options.tool_choice");
            Chat chat = Chat.newBuilder()
                    .addMessages(ChatMessage.newBuilder()
                            .setRole("user")
                            .addParts(ContentPart.newBuilder().setReasoning("mine")))
                    .addMessages(ChatMessage.newBuilder()
                            .setRole("assistant")
                            .addParts(ContentPart.newBuilder()
                                    .setToolCall(
                                            ToolCall.newBuilder().setName("c").setArguments("7"))))
                    .build();
            assertThat(fields(failure(() -> harness.inference()
                            .generate(GenerateRequest.newBuilder().setChat(chat).build())
                            .next())))
                    .containsExactlyInAnyOrder("chat.messages[0].parts", "chat.messages[1].parts");
        }
    }

    @Test
    void tools_whereTheTemplateKnowsNone_areNotServed() {
        try (Harness harness = serving(Templates.PLAIN, AFTER)) {
            var refused = failure(
                    () -> told(harness, options(WEATHER).setToolChoice(mode(ToolChoiceMode.TOOL_CHOICE_MODE_AUTO))));

            Harness.assertStatus(refused, Status.Code.UNIMPLEMENTED, "NOT_SERVED");
            assertThat(paths(refused)).containsExactly("options.tools", "options.tool_choice");
            assertThat(capabilities(harness))
                    .doesNotContain("GenerationOptions.tools")
                    .contains("GenerationOptions.reasoning");
            assertThat(told(
                                    harness,
                                    options()
                                            .setReasoning(ReasoningOptions.newBuilder()
                                                    .setBudget(0)))
                            .text)
                    .hasToString(AFTER);
        }
        try (Harness harness = serving(Templates.TAGGED, AFTER)) {
            assertThat(capabilities(harness))
                    .contains("GenerationOptions.tools", "ContentPart.tool_call", "ContentPart.tool_result");
        }
    }

    private static List<String> capabilities(Harness harness) {
        return harness.models()
                .getServerInfo(GetServerInfoRequest.getDefaultInstance())
                .getCapabilitiesList();
    }
}
