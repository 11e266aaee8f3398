package io.aded.client;

import com.google.protobuf.FieldMask;
import com.google.protobuf.ListValue;
import com.google.protobuf.Message;
import com.google.protobuf.NullValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.aded.v1.AnyJsonObject;
import io.aded.v1.Chat;
import io.aded.v1.ChatMessage;
import io.aded.v1.ContentPart;
import io.aded.v1.CountTokensRequest;
import io.aded.v1.DraftPolicy;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerationOptions;
import io.aded.v1.Open;
import io.aded.v1.ReasoningOptions;
import io.aded.v1.TokenIds;
import io.aded.v1.ToolChoiceMode;
import io.aded.v1.Turn;
import io.aded.v1.Unconstrained;
import io.aded.v1.Update;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a caller asks, as messages. Fields that he did not set stay unset: the conversation or the server decides. */
final class RequestWriter {
    /**
     * Fields of {@code GenerationOptions} that the server takes over field by field; a mask may name what is in them.
     */
    private static final Set<String> MERGED = Set.of("sampling", "draft", "reasoning");

    private RequestWriter() {}

    static Open open(ConversationOptions options) {
        Open.Builder open = Open.newBuilder()
                .setModel(options.model())
                .setOptions(options(options.defaults()))
                .setConversationId(options.id())
                .setRequireResume(options.requireResume());
        if (!options.defaults().reset().isEmpty()) {
            open.setReset(mask(options.defaults().reset()));
        }
        Duration retention = options.retention();
        if (retention != null) {
            open.setRetention(duration(retention));
        }
        return open.build();
    }

    static Update update(AnswerOptions options) {
        GenerationOptions changes = options(options);
        Update.Builder update = Update.newBuilder().setOptions(changes);
        if (!options.reset().isEmpty()) {
            update.setUpdateMask(updateMask(changes, options.reset()));
        }
        return update.build();
    }

    static Turn turn(Prompt prompt, AnswerOptions options) {
        Turn.Builder turn = Turn.newBuilder().setOptions(options(options));
        if (!options.reset().isEmpty()) {
            turn.setReset(mask(options.reset()));
        }
        if (prompt instanceof Prompt.Messages messages) {
            turn.setChat(chat(messages));
        } else if (prompt instanceof Prompt.Text text) {
            turn.setText(text.text());
        } else if (prompt instanceof Prompt.Tokens tokens) {
            turn.setTokens(ids(tokens));
        }
        return turn.build();
    }

    static GenerateRequest generate(Prompt prompt, AnswerOptions options) {
        GenerateRequest.Builder request = GenerateRequest.newBuilder().setOptions(options(options));
        if (prompt instanceof Prompt.Messages messages) {
            request.setChat(chat(messages));
        } else if (prompt instanceof Prompt.Text text) {
            request.setText(text.text());
        } else if (prompt instanceof Prompt.Tokens tokens) {
            request.setTokens(ids(tokens));
        }
        return request.build();
    }

    static CountTokensRequest count(Prompt prompt) {
        CountTokensRequest.Builder request = CountTokensRequest.newBuilder();
        if (prompt instanceof Prompt.Messages messages) {
            request.setChat(chat(messages));
        } else if (prompt instanceof Prompt.Text text) {
            request.setText(text.text());
        } else if (prompt instanceof Prompt.Tokens tokens) {
            throw new IllegalArgumentException(
                    "a prompt of " + tokens.tokens().size() + " token ids needs no counting; give messages or text");
        }
        return request.build();
    }

    private static Chat chat(Prompt.Messages messages) {
        Chat.Builder chat = Chat.newBuilder();
        messages.messages().forEach(said -> chat.addMessages(message(said)));
        return chat.build();
    }

    private static TokenIds ids(Prompt.Tokens tokens) {
        return TokenIds.newBuilder().addAllIds(tokens.tokens()).build();
    }

    /** A message of one text goes by the shorthand that every server understands. */
    private static ChatMessage message(io.aded.client.Message message) {
        ChatMessage.Builder sent = ChatMessage.newBuilder().setRole(message.role());
        List<io.aded.client.Message.Part> parts = message.parts();
        if (parts.size() == 1 && parts.get(0) instanceof io.aded.client.Message.Text only) {
            return sent.setContent(only.text()).build();
        }
        parts.forEach(part -> sent.addParts(part(part)));
        return sent.build();
    }

    private static ContentPart part(io.aded.client.Message.Part part) {
        ContentPart.Builder sent = ContentPart.newBuilder();
        if (part instanceof io.aded.client.Message.Text text) {
            sent.setText(text.text());
        } else if (part instanceof io.aded.client.Message.Reasoning reasoning) {
            sent.setReasoning(reasoning.text());
        } else if (part instanceof io.aded.client.Message.ToolCall call) {
            sent.setToolCall(io.aded.v1.ToolCall.newBuilder()
                    .setId(call.id())
                    .setName(call.name())
                    .setArguments(call.arguments()));
        } else if (part instanceof io.aded.client.Message.ToolResult result) {
            sent.setToolResult(io.aded.v1.ToolResult.newBuilder()
                    .setToolCallId(result.toolCallId())
                    .setName(result.name())
                    .setContent(result.content())
                    .setIsError(result.isError()));
        }
        return sent.build();
    }

    private static FieldMask mask(Iterable<String> paths) {
        return FieldMask.newBuilder().addAllPaths(paths).build();
    }

    /**
     * The mask that makes the server take over what is set and reset what is named. With a mask an update changes
     * nothing but what the mask names, so that what is set has to be in it too.
     */
    private static FieldMask updateMask(GenerationOptions set, List<String> reset) {
        Set<String> paths = new LinkedHashSet<>(reset);
        set.getAllFields().forEach((field, value) -> {
            if (MERGED.contains(field.getName())) {
                ((Message) value)
                        .getAllFields()
                        .keySet()
                        .forEach(inner -> paths.add(field.getName() + "." + inner.getName()));
            } else {
                paths.add(field.getName());
            }
        });
        return mask(paths);
    }

    private static GenerationOptions options(AnswerOptions options) {
        GenerationOptions.Builder builder = GenerationOptions.newBuilder()
                .addAllStopStrings(options.stopStrings())
                .addAllStopTokens(options.stopTokens());
        if (!options.sampling().equals(Sampling.DEFAULT)) {
            builder.setSampling(sampling(options.sampling()));
        }
        if (options.constraint() != null) {
            builder.setConstraint(constraint(options.constraint()));
        }
        if (!options.draft().equals(Draft.DEFAULT)) {
            builder.setDraft(draft(options.draft()));
        }
        if (options.maxTokens() != null) {
            builder.setMaxTokens(options.maxTokens());
        }
        if (options.ignoreEnd() != null) {
            builder.setIgnoreEnd(options.ignoreEnd());
        }
        if (options.logProbabilities() != null) {
            builder.setLogProbabilities(options.logProbabilities());
        }
        if (options.reportRounds() != null) {
            builder.setReportRounds(options.reportRounds());
        }
        if (options.priority() != null) {
            builder.setPriority(options.priority());
        }
        if (options.prefixSharing() != null) {
            builder.setPrefixSharing(
                    switch (options.prefixSharing()) {
                        case NONE -> io.aded.v1.PrefixSharing.PREFIX_SHARING_NONE;
                        case CALLER -> io.aded.v1.PrefixSharing.PREFIX_SHARING_CALLER;
                        case ALL -> io.aded.v1.PrefixSharing.PREFIX_SHARING_ALL;
                    });
        }
        options.tools().forEach(tool -> builder.addTools(tool(tool)));
        if (options.toolChoice() != null) {
            builder.setToolChoice(choice(options.toolChoice()));
        }
        if (options.parallelToolCalls() != null) {
            builder.setParallelToolCalls(options.parallelToolCalls());
        }
        if (!options.reasoning().equals(Reasoning.DEFAULT)) {
            builder.setReasoning(reasoning(options.reasoning()));
        }
        if (!options.templateVariables().isEmpty()) {
            builder.setTemplateVariables(struct(options.templateVariables()));
        }
        return builder.build();
    }

    private static io.aded.v1.Sampling sampling(Sampling sampling) {
        io.aded.v1.Sampling.Builder builder = io.aded.v1.Sampling.newBuilder().putAllLogitBias(sampling.logitBias());
        if (sampling.temperature() != null) {
            builder.setTemperature(sampling.temperature());
        }
        if (sampling.topK() != null) {
            builder.setTopK(sampling.topK());
        }
        if (sampling.topP() != null) {
            builder.setTopP(sampling.topP());
        }
        if (sampling.minP() != null) {
            builder.setMinP(sampling.minP());
        }
        if (sampling.typicalP() != null) {
            builder.setTypicalP(sampling.typicalP());
        }
        if (sampling.topNSigma() != null) {
            builder.setTopNSigma(sampling.topNSigma());
        }
        if (sampling.xtcProbability() != null) {
            builder.setXtcProbability(sampling.xtcProbability());
        }
        if (sampling.xtcThreshold() != null) {
            builder.setXtcThreshold(sampling.xtcThreshold());
        }
        if (sampling.dynamicTemperatureRange() != null) {
            builder.setDynamicTemperatureRange(sampling.dynamicTemperatureRange());
        }
        if (sampling.dynamicTemperatureExponent() != null) {
            builder.setDynamicTemperatureExponent(sampling.dynamicTemperatureExponent());
        }
        if (sampling.mirostatTau() != null) {
            builder.setMirostatTau(sampling.mirostatTau());
        }
        if (sampling.mirostatEta() != null) {
            builder.setMirostatEta(sampling.mirostatEta());
        }
        if (sampling.repeatPenalty() != null) {
            builder.setRepeatPenalty(sampling.repeatPenalty());
        }
        if (sampling.frequencyPenalty() != null) {
            builder.setFrequencyPenalty(sampling.frequencyPenalty());
        }
        if (sampling.presencePenalty() != null) {
            builder.setPresencePenalty(sampling.presencePenalty());
        }
        if (sampling.penaltyWindow() != null) {
            builder.setPenaltyWindow(sampling.penaltyWindow());
        }
        if (sampling.dryMultiplier() != null) {
            builder.setDryMultiplier(sampling.dryMultiplier());
        }
        if (sampling.dryBase() != null) {
            builder.setDryBase(sampling.dryBase());
        }
        if (sampling.dryAllowedLength() != null) {
            builder.setDryAllowedLength(sampling.dryAllowedLength());
        }
        if (sampling.dryWindow() != null) {
            builder.setDryWindow(sampling.dryWindow());
        }
        builder.addAllDrySequenceBreakers(sampling.drySequenceBreakers());
        if (sampling.seed() != null) {
            builder.setSeed(sampling.seed());
        }
        return builder.build();
    }

    private static io.aded.v1.Constraint constraint(Constraint constraint) {
        io.aded.v1.Constraint.Builder builder = io.aded.v1.Constraint.newBuilder();
        if (constraint instanceof Constraint.None) {
            builder.setNone(Unconstrained.getDefaultInstance());
        } else if (constraint instanceof Constraint.Grammar grammar) {
            builder.setGrammar(grammar.gbnf());
        } else if (constraint instanceof Constraint.JsonSchema schema) {
            builder.setJsonSchema(schema.schema());
        } else if (constraint instanceof Constraint.RegularExpression expression) {
            builder.setRegularExpression(expression.pattern());
        } else if (constraint instanceof Constraint.JsonObject) {
            builder.setJsonObject(AnyJsonObject.getDefaultInstance());
        }
        return builder.build();
    }

    private static DraftPolicy draft(Draft draft) {
        DraftPolicy.Builder builder = DraftPolicy.newBuilder();
        if (draft.mode() != null) {
            builder.setMode(draft.mode());
        }
        if (draft.maxNodes() != null) {
            builder.setMaxNodes(draft.maxNodes());
        }
        if (draft.maxDepth() != null) {
            builder.setMaxDepth(draft.maxDepth());
        }
        if (draft.maxBranches() != null) {
            builder.setMaxBranches(draft.maxBranches());
        }
        if (draft.shareLearned() != null) {
            builder.setShareLearned(draft.shareLearned());
        }
        if (draft.allowTraining() != null) {
            builder.setAllowTraining(draft.allowTraining());
        }
        return builder.build();
    }

    private static io.aded.v1.Tool tool(Tool tool) {
        io.aded.v1.Tool.Builder builder = io.aded.v1.Tool.newBuilder()
                .setName(tool.name())
                .setDescription(tool.description())
                .setParameters(tool.parameters());
        if (tool.strict() != null) {
            builder.setStrict(tool.strict());
        }
        return builder.build();
    }

    private static io.aded.v1.ToolChoice choice(ToolChoice choice) {
        io.aded.v1.ToolChoice.Builder builder = io.aded.v1.ToolChoice.newBuilder();
        return switch (choice.rule()) {
            case AUTO -> builder.setMode(ToolChoiceMode.TOOL_CHOICE_MODE_AUTO).build();
            case NONE -> builder.setMode(ToolChoiceMode.TOOL_CHOICE_MODE_NONE).build();
            case REQUIRED ->
                builder.setMode(ToolChoiceMode.TOOL_CHOICE_MODE_REQUIRED).build();
            case NAMED -> builder.setTool(choice.tool()).build();
        };
    }

    private static ReasoningOptions reasoning(Reasoning reasoning) {
        ReasoningOptions.Builder builder = ReasoningOptions.newBuilder();
        if (reasoning.budget() != null) {
            builder.setBudget(reasoning.budget());
        }
        if (reasoning.include() != null) {
            builder.setInclude(reasoning.include());
        }
        return builder.build();
    }

    private static Struct struct(Map<?, ?> map) {
        Struct.Builder struct = Struct.newBuilder();
        map.forEach((name, value) -> struct.putFields(String.valueOf(name), value(value)));
        return struct.build();
    }

    private static Value value(@Nullable Object value) {
        Value.Builder builder = Value.newBuilder();
        if (value == null) {
            return builder.setNullValue(NullValue.NULL_VALUE).build();
        }
        if (value instanceof Boolean bool) {
            return builder.setBoolValue(bool).build();
        }
        if (value instanceof Number number) {
            return builder.setNumberValue(number.doubleValue()).build();
        }
        if (value instanceof CharSequence text) {
            return builder.setStringValue(text.toString()).build();
        }
        if (value instanceof Map<?, ?> map) {
            return builder.setStructValue(struct(map)).build();
        }
        if (value instanceof Iterable<?> list) {
            ListValue.Builder values = ListValue.newBuilder();
            list.forEach(one -> values.addValues(value(one)));
            return builder.setListValue(values).build();
        }
        throw new IllegalArgumentException("a template variable is a "
                + value.getClass().getName() + "; allowed: strings, numbers, booleans, and lists and maps of these");
    }

    private static com.google.protobuf.Duration duration(Duration duration) {
        return com.google.protobuf.Duration.newBuilder()
                .setSeconds(duration.getSeconds())
                .setNanos(duration.getNano())
                .build();
    }
}
