package io.aded.rpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Duration;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.FieldMask;
import com.google.protobuf.Message;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.aded.v1.AnyJsonObject;
import io.aded.v1.Cancel;
import io.aded.v1.ChatMessage;
import io.aded.v1.Constraint;
import io.aded.v1.ContentPart;
import io.aded.v1.ConverseRequest;
import io.aded.v1.CountTokensRequest;
import io.aded.v1.DetokenizeRequest;
import io.aded.v1.DraftPolicy;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerationOptions;
import io.aded.v1.GetDraftStatisticsRequest;
import io.aded.v1.GetModelRequest;
import io.aded.v1.ImportDraftTableHeader;
import io.aded.v1.ImportDraftTableRequest;
import io.aded.v1.ListModelsRequest;
import io.aded.v1.Open;
import io.aded.v1.ReasoningOptions;
import io.aded.v1.Sampling;
import io.aded.v1.TokenIds;
import io.aded.v1.TokenizeRequest;
import io.aded.v1.Tool;
import io.aded.v1.ToolCall;
import io.aded.v1.ToolChoice;
import io.aded.v1.ToolResult;
import io.aded.v1.Turn;
import io.aded.v1.Update;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.reflection.v1.ServerReflectionRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Requests as clients mean them, of every method and with every field in use: what {@link HostileMessages} changes. */
final class MeantRequests {
    private static final List<String> PROMPTS =
            List.of("the cat and", "<|im_end|> \u00e9\u4e2d", "a\n\nb", "0123456789");
    private static final List<String> MODES = List.of("auto", "off", "aded", "aded-mcts", "prompt-lookup", "");
    private static final List<Constraint.Builder> CONSTRAINTS = List.of(
            Constraint.newBuilder().setGrammar("root ::= [a-z ]+ \".\""),
            Constraint.newBuilder().setGrammar("root ::= s\ns ::= \"a\" s \"x\" | \"a\" s \"y\" | \"b\""),
            Constraint.newBuilder().setGrammar("root ::= x{60000}\nx ::= \"c\"? \"d\"?"),
            Constraint.newBuilder()
                    .setJsonSchema("{\"properties\":{\"name\":{\"type\":\"string\"}},\"required\":[\"name\"]}"),
            Constraint.newBuilder()
                    .setJsonSchema("{\"type\":\"array\",\"items\":{\"type\":\"integer\"},\"minItems\":2}"),
            Constraint.newBuilder().setRegularExpression("[a-f]{2,9}(x|yy)?"),
            Constraint.newBuilder().setJsonObject(AnyJsonObject.getDefaultInstance()));

    private static final List<Tool> TOOLS = List.of(
            Tool.newBuilder()
                    .setName("weather")
                    .setDescription("Tells it.")
                    .setParameters("{\"type\":\"object\",\"properties\":{\"city\":{\"enum\":[\"Bonn\",\"Ulm\"]},"
                            + "\"days\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":3}},\"required\":[\"city\"]}")
                    .build(),
            Tool.newBuilder()
                    .setName("weather")
                    .setParameters("{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}}}")
                    .setStrict(true)
                    .build(),
            Tool.newBuilder().setName("clock").setStrict(false).build());

    private final SplittableRandom random;
    private final boolean tools;

    /**
     * Requests of a server.
     *
     * @param tools whether they speak of tools and reasoning
     */
    MeantRequests(SplittableRandom random, boolean tools) {
        this.random = random;
        this.tools = tools;
    }

    /** What a call of a method with this input sends: one message, or several in order. */
    List<Message> of(Descriptor input) {
        return switch (input.getName()) {
            case "ConverseRequest" -> conversation();
            case "GenerateRequest" -> List.of(generate());
            case "TokenizeRequest" ->
                List.of(TokenizeRequest.newBuilder()
                        .setText(prompt())
                        .setAddSpecial(random.nextBoolean())
                        .setParseSpecial(random.nextBoolean())
                        .setWithPieces(random.nextBoolean())
                        .build());
            case "DetokenizeRequest" ->
                List.of(DetokenizeRequest.newBuilder()
                        .addAllTokens(tokens())
                        .setWithSpecial(random.nextBoolean())
                        .build());
            case "CountTokensRequest" -> List.of(count());
            case "ListModelsRequest" ->
                List.of(ListModelsRequest.newBuilder().setPageSize(1).build());
            case "GetModelRequest" ->
                List.of(GetModelRequest.newBuilder().setName("scripted").build());
            case "GetDraftStatisticsRequest" ->
                List.of(GetDraftStatisticsRequest.newBuilder()
                        .setConversationId(name())
                        .build());
            case "ImportDraftTableRequest" ->
                List.of(
                        ImportDraftTableRequest.newBuilder()
                                .setHeader(ImportDraftTableHeader.getDefaultInstance())
                                .build(),
                        ImportDraftTableRequest.newBuilder()
                                .setChunk(ByteString.copyFromUtf8(prompt()))
                                .build());
            case "HealthCheckRequest" ->
                List.of(HealthCheckRequest.newBuilder()
                        .setService(random.nextBoolean() ? "" : "aded.v1.InferenceService")
                        .build());
            case "ServerReflectionRequest" ->
                List.of(
                        ServerReflectionRequest.newBuilder().setListServices("").build(),
                        ServerReflectionRequest.newBuilder()
                                .setFileContainingSymbol("aded.v1.InferenceService.Generate")
                                .build());
            default -> List.of(DynamicMessage.getDefaultInstance(input));
        };
    }

    private <T> T pick(List<T> values) {
        return values.get(random.nextInt(values.size()));
    }

    private String prompt() {
        return pick(PROMPTS);
    }

    /** Few names, so that calls meet in one conversation. */
    private String name() {
        return random.nextBoolean() ? "" : "kept-" + random.nextInt(5);
    }

    private List<Integer> tokens() {
        return random.ints(1 + random.nextInt(9), 3, 259).boxed().toList();
    }

    private List<ChatMessage> messages() {
        List<ChatMessage> messages = new ArrayList<>();
        for (String role : List.of("system", "user", "assistant", "user")) {
            if (random.nextBoolean()) {
                messages.add(ChatMessage.newBuilder()
                        .setRole(role)
                        .setContent(prompt())
                        .build());
            }
        }
        if (tools && random.nextBoolean()) {
            addToolUse(messages);
        } else {
            messages.add(ChatMessage.newBuilder().setContent(prompt()).build());
        }
        return messages;
    }

    /** An answer that reasons and calls, and mostly what came of it. */
    private void addToolUse(List<ChatMessage> messages) {
        ChatMessage.Builder answer = ChatMessage.newBuilder().setRole("assistant");
        if (random.nextBoolean()) {
            answer.addParts(ContentPart.newBuilder().setReasoning(prompt()));
        }
        if (random.nextBoolean()) {
            answer.addParts(ContentPart.newBuilder().setText(prompt()));
        }
        answer.addParts(ContentPart.newBuilder()
                .setToolCall(ToolCall.newBuilder()
                        .setId("abcdefghi")
                        .setName("weather")
                        .setArguments("{\"city\":\"Bonn\"}")));
        messages.add(answer.build());
        if (random.nextInt(8) > 0) {
            messages.add(ChatMessage.newBuilder()
                    .setRole("tool")
                    .addParts(ContentPart.newBuilder()
                            .setToolResult(ToolResult.newBuilder()
                                    .setToolCallId("abcdefghi")
                                    .setName("weather")
                                    .setContent(prompt())
                                    .setIsError(random.nextInt(4) == 0)))
                    .build());
        }
    }

    private void addTools(GenerationOptions.Builder options) {
        options.setMaxTokens(1 + random.nextInt(120));
        if (random.nextInt(4) > 0) {
            options.clearConstraint().clearIgnoreEnd().addTools(TOOLS.get(random.nextInt(2)));
            if (random.nextBoolean()) {
                options.addTools(TOOLS.getLast());
            }
            switch (random.nextInt(4)) {
                case 0 -> options.setToolChoice(ToolChoice.newBuilder().setTool("weather"));
                case 1 -> options.setToolChoice(ToolChoice.newBuilder().setModeValue(1 + random.nextInt(3)));
                default -> {}
            }
        }
        if (random.nextInt(4) == 0) {
            options.setParallelToolCalls(random.nextBoolean());
        }
        if (random.nextBoolean()) {
            options.setReasoning(ReasoningOptions.newBuilder().setBudget(random.nextInt(20)));
        }
    }

    private GenerationOptions options() {
        GenerationOptions.Builder options = GenerationOptions.newBuilder().setMaxTokens(1 + random.nextInt(12));
        if (random.nextBoolean()) {
            options.setSampling(Sampling.newBuilder()
                    .setTemperature(random.nextInt(3) * 0.5f)
                    .setTopK(random.nextInt(50))
                    .setTopP(0.9f)
                    .setRepeatPenalty(1.1f)
                    .setSeed(random.nextInt())
                    .putLogitBias(5, 1f)
                    .setXtcProbability(0.1f)
                    .setDryMultiplier(0.5f)
                    .addDrySequenceBreakers("\n"));
        }
        if (random.nextInt(3) == 0) {
            options.setConstraint(pick(CONSTRAINTS));
        }
        if (random.nextBoolean()) {
            options.setDraft(DraftPolicy.newBuilder().setMode(pick(MODES)).setMaxNodes(1 + random.nextInt(8)));
        }
        if (random.nextInt(3) == 0) {
            options.addStopStrings("b").addStopTokens(7).setIgnoreEnd(random.nextBoolean());
        }
        if (random.nextInt(3) == 0) {
            options.setLogProbabilities(random.nextInt(4)).setReportRounds(true).setPriority(random.nextInt(3) - 1);
        }
        if (random.nextInt(6) == 0) {
            options.setTemplateVariables(Struct.newBuilder()
                    .putFields(
                            "enable_thinking",
                            Value.newBuilder().setBoolValue(true).build()));
        }
        if (tools && random.nextInt(3) > 0) {
            addTools(options);
        }
        return options.build();
    }

    private GenerateRequest generate() {
        GenerateRequest.Builder request = GenerateRequest.newBuilder().setOptions(options());
        return switch (random.nextInt(tools ? 2 : 4)) {
            case 0 -> request.setPrompt(prompt()).build();
            case 1 ->
                request.setChat(io.aded.v1.Chat.newBuilder().addAllMessages(messages()))
                        .build();
            case 2 -> request.setText(prompt()).build();
            default ->
                request.setTokens(TokenIds.newBuilder().addAllIds(tokens())).build();
        };
    }

    private CountTokensRequest count() {
        CountTokensRequest.Builder request = CountTokensRequest.newBuilder();
        return switch (random.nextInt(3)) {
            case 0 -> request.setPrompt(prompt()).build();
            case 1 ->
                request.setChat(io.aded.v1.Chat.newBuilder().addAllMessages(messages()))
                        .build();
            default -> request.setText(prompt()).build();
        };
    }

    /** A stream of Converse: opened, then turns with what may come between them. */
    private List<Message> conversation() {
        List<Message> sent = new ArrayList<>();
        String name = name();
        // Messages cannot follow raw text.
        boolean raw = tools ? random.nextInt(8) == 0 : name.isEmpty() ? random.nextBoolean() : name.hashCode() % 2 == 0;
        if (random.nextInt(20) > 0) {
            Open.Builder open = Open.newBuilder()
                    .setOptions(options())
                    .setConversationId(name)
                    .setRetention(Duration.newBuilder().setSeconds(random.nextInt(3) * 60L));
            sent.add(ConverseRequest.newBuilder().setOpen(open).build());
        }
        for (int i = 1 + random.nextInt(4); i > 0; i--) {
            ConverseRequest.Builder request = ConverseRequest.newBuilder();
            switch (random.nextInt(10)) {
                case 0 -> request.setCancel(Cancel.getDefaultInstance());
                case 1 -> request.setUpdate(Update.newBuilder().setOptions(options()));
                case 2 ->
                    request.setUpdate(Update.newBuilder()
                            .setUpdateMask(FieldMask.newBuilder()
                                    .addPaths(pick(List.of("sampling.seed", "constraint", "*", "stop_strings")))));
                default -> request.setTurn(turn(raw));
            }
            sent.add(request.build());
        }
        return sent;
    }

    private Turn turn(boolean raw) {
        Turn.Builder turn = Turn.newBuilder();
        if (random.nextBoolean()) {
            turn.setOptions(options());
        }
        boolean shorthand = random.nextBoolean();
        if (raw) {
            return (shorthand
                            ? turn.setText(prompt())
                            : turn.setTokens(TokenIds.newBuilder().addAllIds(tokens())))
                    .build();
        }
        return (shorthand
                        ? turn.setPrompt(prompt())
                        : turn.setChat(io.aded.v1.Chat.newBuilder().addAllMessages(messages())))
                .build();
    }
}
