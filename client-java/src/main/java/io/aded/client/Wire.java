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
import io.aded.v1.GetDraftStatisticsResponse;
import io.aded.v1.Open;
import io.aded.v1.ReasoningOptions;
import io.aded.v1.SpeculationStatistics;
import io.aded.v1.TokenIds;
import io.aded.v1.ToolChoiceMode;
import io.aded.v1.Turn;
import io.aded.v1.Unconstrained;
import io.aded.v1.Update;
import io.aded.v1.VocabularyInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Records to messages and back. Unknown enum values become their "other" or are left out, never an error. */
final class Wire {
    /**
     * Fields of {@code GenerationOptions} that the server takes over field by field; a mask may name what is in them.
     */
    private static final Set<String> MERGED = Set.of("sampling", "draft", "reasoning");

    private Wire() {}

    // --- requests

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

    // --- responses

    private static AnswerOptions options(GenerationOptions options) {
        return new AnswerOptions(
                sampling(options.getSampling()),
                options.hasConstraint() ? constraint(options.getConstraint()) : null,
                draft(options.getDraft()),
                options.hasMaxTokens() ? (Integer) options.getMaxTokens() : null,
                options.getStopStringsList(),
                options.getStopTokensList(),
                options.hasIgnoreEnd() ? (Boolean) options.getIgnoreEnd() : null,
                options.hasLogProbabilities() ? (Integer) options.getLogProbabilities() : null,
                options.hasReportRounds() ? (Boolean) options.getReportRounds() : null,
                options.hasPriority() ? (Integer) options.getPriority() : null,
                sharing(options.getPrefixSharing()),
                options.getToolsList().stream()
                        .map(tool -> new Tool(
                                tool.getName(),
                                tool.getDescription(),
                                tool.getParameters(),
                                tool.hasStrict() ? (Boolean) tool.getStrict() : null))
                        .toList(),
                options.hasToolChoice() ? choice(options.getToolChoice()) : null,
                options.hasParallelToolCalls() ? (Boolean) options.getParallelToolCalls() : null,
                new Reasoning(
                        options.getReasoning().hasBudget()
                                ? (Integer) options.getReasoning().getBudget()
                                : null,
                        options.getReasoning().hasInclude()
                                ? (Boolean) options.getReasoning().getInclude()
                                : null),
                map(options.getTemplateVariables()),
                List.of(),
                null);
    }

    private static Sampling sampling(io.aded.v1.Sampling sampling) {
        return new Sampling(
                sampling.hasTemperature() ? (Float) sampling.getTemperature() : null,
                sampling.hasTopK() ? (Integer) sampling.getTopK() : null,
                sampling.hasTopP() ? (Float) sampling.getTopP() : null,
                sampling.hasMinP() ? (Float) sampling.getMinP() : null,
                sampling.hasTypicalP() ? (Float) sampling.getTypicalP() : null,
                sampling.hasTopNSigma() ? (Float) sampling.getTopNSigma() : null,
                sampling.hasXtcProbability() ? (Float) sampling.getXtcProbability() : null,
                sampling.hasXtcThreshold() ? (Float) sampling.getXtcThreshold() : null,
                sampling.hasDynamicTemperatureRange() ? (Float) sampling.getDynamicTemperatureRange() : null,
                sampling.hasDynamicTemperatureExponent() ? (Float) sampling.getDynamicTemperatureExponent() : null,
                sampling.hasMirostatTau() ? (Float) sampling.getMirostatTau() : null,
                sampling.hasMirostatEta() ? (Float) sampling.getMirostatEta() : null,
                sampling.hasRepeatPenalty() ? (Float) sampling.getRepeatPenalty() : null,
                sampling.hasFrequencyPenalty() ? (Float) sampling.getFrequencyPenalty() : null,
                sampling.hasPresencePenalty() ? (Float) sampling.getPresencePenalty() : null,
                sampling.hasPenaltyWindow() ? (Integer) sampling.getPenaltyWindow() : null,
                sampling.hasDryMultiplier() ? (Float) sampling.getDryMultiplier() : null,
                sampling.hasDryBase() ? (Float) sampling.getDryBase() : null,
                sampling.hasDryAllowedLength() ? (Integer) sampling.getDryAllowedLength() : null,
                sampling.hasDryWindow() ? (Integer) sampling.getDryWindow() : null,
                sampling.getDrySequenceBreakersList(),
                sampling.hasSeed() ? (Integer) sampling.getSeed() : null,
                sampling.getLogitBiasMap());
    }

    private static @Nullable Constraint constraint(io.aded.v1.Constraint constraint) {
        return switch (constraint.getKindCase()) {
            case NONE -> Constraint.none();
            case GRAMMAR -> Constraint.grammar(constraint.getGrammar());
            case JSON_SCHEMA -> Constraint.jsonSchema(constraint.getJsonSchema());
            case REGULAR_EXPRESSION -> Constraint.regularExpression(constraint.getRegularExpression());
            case JSON_OBJECT -> Constraint.jsonObject();
            case KIND_NOT_SET -> null;
        };
    }

    private static Draft draft(DraftPolicy draft) {
        return new Draft(
                draft.getMode().isEmpty() ? null : draft.getMode(),
                draft.hasMaxNodes() ? (Integer) draft.getMaxNodes() : null,
                draft.hasMaxDepth() ? (Integer) draft.getMaxDepth() : null,
                draft.hasMaxBranches() ? (Integer) draft.getMaxBranches() : null,
                draft.hasShareLearned() ? (Boolean) draft.getShareLearned() : null);
    }

    private static @Nullable PrefixSharing sharing(io.aded.v1.PrefixSharing sharing) {
        return switch (sharing) {
            case PREFIX_SHARING_NONE -> PrefixSharing.NONE;
            case PREFIX_SHARING_CALLER -> PrefixSharing.CALLER;
            case PREFIX_SHARING_ALL -> PrefixSharing.ALL;
            case PREFIX_SHARING_UNSPECIFIED, UNRECOGNIZED -> null;
        };
    }

    private static @Nullable ToolChoice choice(io.aded.v1.ToolChoice choice) {
        if (choice.hasTool()) {
            return ToolChoice.of(choice.getTool());
        }
        return switch (choice.getMode()) {
            case TOOL_CHOICE_MODE_AUTO, TOOL_CHOICE_MODE_UNSPECIFIED -> ToolChoice.AUTO;
            case TOOL_CHOICE_MODE_NONE -> ToolChoice.NONE;
            case TOOL_CHOICE_MODE_REQUIRED -> ToolChoice.REQUIRED;
            case UNRECOGNIZED -> null;
        };
    }

    private static Map<String, Object> map(Struct struct) {
        Map<String, Object> map = new LinkedHashMap<>();
        struct.getFieldsMap().forEach((name, value) -> {
            Object plain = plain(value);
            if (plain != null) {
                map.put(name, plain);
            }
        });
        return map;
    }

    private static @Nullable Object plain(Value value) {
        return switch (value.getKindCase()) {
            case BOOL_VALUE -> value.getBoolValue();
            case NUMBER_VALUE -> value.getNumberValue();
            case STRING_VALUE -> value.getStringValue();
            case STRUCT_VALUE -> map(value.getStructValue());
            case LIST_VALUE -> {
                List<@Nullable Object> list = new ArrayList<>();
                value.getListValue().getValuesList().forEach(one -> list.add(plain(one)));
                yield list;
            }
            case NULL_VALUE, KIND_NOT_SET -> null;
        };
    }

    static AnswerEvent.Delta delta(io.aded.v1.Delta delta) {
        return new AnswerEvent.Delta(
                delta.getText(), delta.getTokensList(), logProbabilities(delta.getLogProbabilitiesList()));
    }

    static AnswerEvent.ReasoningDelta reasoning(io.aded.v1.Delta delta) {
        return new AnswerEvent.ReasoningDelta(
                delta.getText(), delta.getTokensList(), logProbabilities(delta.getLogProbabilitiesList()));
    }

    static AnswerEvent.ToolCallDelta toolCall(io.aded.v1.ToolCallDelta delta) {
        return new AnswerEvent.ToolCallDelta(
                delta.getIndex(),
                delta.getId(),
                delta.getName(),
                delta.getArguments(),
                delta.getTokensList(),
                logProbabilities(delta.getLogProbabilitiesList()));
    }

    private static List<AnswerEvent.TokenLogProbability> logProbabilities(List<io.aded.v1.TokenLogProbability> sent) {
        return sent.stream()
                .map(token -> new AnswerEvent.TokenLogProbability(
                        token.getToken(),
                        token.getText(),
                        token.getLogProbability(),
                        token.getAlternativesList().stream()
                                .map(other -> new AnswerEvent.Alternative(
                                        other.getToken(), other.getText(), other.getLogProbability()))
                                .toList()))
                .toList();
    }

    static AnswerEvent.Round round(io.aded.v1.Round round) {
        return new AnswerEvent.Round(
                round.getIndex(),
                round.getDrafter(),
                round.getNodesList().stream()
                        .map(node -> new AnswerEvent.DraftNode(
                                node.getToken(),
                                node.getText(),
                                node.getParent(),
                                node.getProbability(),
                                node.getAccepted(),
                                node.getSource()))
                        .toList(),
                round.getEmittedTokensList(),
                round.getProposedNodes(),
                round.getBatchTokens(),
                round.getBatchStreams(),
                duration(round.getDraftTime()),
                duration(round.getVerifyTime()));
    }

    static AnswerEvent.Finished finished(io.aded.v1.Finished finished) {
        io.aded.v1.Usage usage = finished.getUsage();
        return new AnswerEvent.Finished(
                reason(finished.getReason()),
                new Usage(
                        usage.getPromptTokens(),
                        usage.hasCachedPromptTokens() ? (Integer) usage.getCachedPromptTokens() : null,
                        usage.getCompletionTokens(),
                        usage.getReasoningTokens(),
                        duration(usage.getQueueTime()),
                        duration(usage.getTimeToFirstToken()),
                        duration(usage.getTotalTime())),
                finished.getSeed(),
                speculation(finished.getSpeculation()));
    }

    private static FinishReason reason(io.aded.v1.FinishReason reason) {
        return switch (reason) {
            case FINISH_REASON_STOP -> FinishReason.STOP;
            case FINISH_REASON_LENGTH -> FinishReason.LENGTH;
            case FINISH_REASON_CONTEXT_FULL -> FinishReason.CONTEXT_FULL;
            case FINISH_REASON_CANCELLED -> FinishReason.CANCELLED;
            case FINISH_REASON_TOOL_CALLS -> FinishReason.TOOL_CALLS;
            case FINISH_REASON_UNSPECIFIED, UNRECOGNIZED -> FinishReason.OTHER;
        };
    }

    private static Speculation speculation(SpeculationStatistics statistics) {
        return new Speculation(
                statistics.getNumSpecSteps(),
                statistics.getNumSteps(),
                statistics.getNumDraftTokens(),
                statistics.getNumAcceptedDraftTokens(),
                statistics.getMeanAcceptanceLength(),
                statistics.getDraftAcceptanceRate(),
                statistics.getAcceptanceHistogramList(),
                statistics.getNumAcceptedTokensPerPosList(),
                statistics.getExpectedAcceptedDraftTokens(),
                duration(statistics.getDraftTime()),
                duration(statistics.getVerifyTime()),
                duration(statistics.getHostTime()));
    }

    static DraftStatistics statistics(GetDraftStatisticsResponse response) {
        Map<String, Speculation> drafters = new LinkedHashMap<>();
        response.getDraftersList().forEach(one -> drafters.put(one.getDrafter(), speculation(one.getStatistics())));
        return new DraftStatistics(speculation(response.getTotals()), drafters);
    }

    static ConversationInfo opened(io.aded.v1.Opened opened) {
        return new ConversationInfo(
                opened.getConversationId(),
                opened.getResumed(),
                opened.getHistoryTokens(),
                duration(opened.getRetention()),
                opened.getModel(),
                opened.getContextTokens(),
                options(opened.getOptions()),
                opened.getLibrary(),
                opened.getDevicesList());
    }

    static ModelDetails model(io.aded.v1.Model model) {
        VocabularyInfo vocabulary = model.getVocabulary();
        return new ModelDetails(
                model.getName(),
                model.getArchitecture(),
                model.getDescription(),
                model.getQuantization(),
                model.getParameters(),
                model.getSizeBytes(),
                model.getTrainedContextTokens(),
                model.getContextTokens(),
                model.getLayers(),
                model.getEmbeddingSize(),
                model.getRecurrent(),
                vocabulary.getSize(),
                vocabulary.getKind(),
                vocabulary.hasBeginningOfSequence() ? (Integer) vocabulary.getBeginningOfSequence() : null,
                vocabulary.hasEndOfSequence() ? (Integer) vocabulary.getEndOfSequence() : null,
                model.getChatTemplate(),
                model.getDevicesList(),
                model.getLibrary());
    }

    static ServerDetails server(io.aded.v1.GetServerInfoResponse info) {
        io.aded.v1.Limits limits = info.getLimits();
        io.aded.v1.Load load = info.getLoad();
        return new ServerDetails(
                info.getVersion(),
                info.getLibrary(),
                info.getRuntime(),
                Instant.ofEpochSecond(
                        info.getStartTime().getSeconds(), info.getStartTime().getNanos()),
                new ServerDetails.Limits(
                        limits.getContextTokens(),
                        limits.getMaxRunning(),
                        limits.getMaxWaiting(),
                        duration(limits.getMaxWait()),
                        limits.getMaxMessageBytes(),
                        duration(limits.getMaxRetention()),
                        limits.getMaxRetainedConversations()),
                options(info.getDefaultOptions()),
                sharing(info.getPrefixSharing()),
                info.getDraftersList().stream()
                        .map(drafter -> new ServerDetails.Drafter(
                                drafter.getName(),
                                drafter.getDescription(),
                                draft(drafter.getDefaults()),
                                drafter.getBaseline()))
                        .toList(),
                Set.copyOf(info.getCapabilitiesList()),
                new ServerDetails.Load(
                        load.getRunning(),
                        load.getWaiting(),
                        load.getParked(),
                        load.getConversations(),
                        load.getCellsUsed(),
                        load.getCells(),
                        load.getSequencesUsed(),
                        load.getSequences(),
                        load.getPassesTotal(),
                        load.getTokensTotal(),
                        load.getPrefilledTokensTotal(),
                        load.getReusedTokensTotal()));
    }

    static Duration duration(com.google.protobuf.Duration duration) {
        return Duration.ofSeconds(duration.getSeconds(), duration.getNanos());
    }

    static com.google.protobuf.Duration duration(Duration duration) {
        return com.google.protobuf.Duration.newBuilder()
                .setSeconds(duration.getSeconds())
                .setNanos(duration.getNano())
                .build();
    }
}
