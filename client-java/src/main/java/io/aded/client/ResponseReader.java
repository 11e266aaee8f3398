package io.aded.client;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.aded.v1.DraftPolicy;
import io.aded.v1.GenerationOptions;
import io.aded.v1.GetDraftStatisticsResponse;
import io.aded.v1.SpeculationStatistics;
import io.aded.v1.VocabularyInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the server said, as records. Enum values that this client does not know become "other" or are left out, never an
 * error: the server may be newer.
 */
final class ResponseReader {
    private ResponseReader() {}

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
                draft.hasShareLearned() ? (Boolean) draft.getShareLearned() : null,
                draft.hasAllowTraining() ? (Boolean) draft.getAllowTraining() : null);
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
                duration(round.getVerifyTime()),
                round.getArm(),
                round.getArmReason());
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
        return new DraftStatistics(
                speculation(response.getTotals()),
                drafters,
                response.getArmsList().stream().map(ResponseReader::arm).toList(),
                response.hasDraftModel() ? draftModel(response.getDraftModel()) : null);
    }

    private static DraftArm arm(io.aded.v1.DraftArm arm) {
        return new DraftArm(
                arm.getDrafter(),
                arm.getArm(),
                arm.getNumSteps(),
                arm.getNumProbes(),
                arm.getNumDraftTokens(),
                arm.getNumAcceptedDraftTokens(),
                arm.getNumTokens(),
                duration(arm.getTime()),
                arm.getWeight(),
                arm.getHindsight(),
                arm.getRegret());
    }

    private static DraftModel draftModel(io.aded.v1.DraftModel model) {
        return new DraftModel(
                model.getName(),
                model.getQuantization(),
                model.getSizeBytes(),
                model.getLayers(),
                model.getSelfDraft(),
                model.getSharesCache());
    }

    private static DraftModelStatistics draftModel(io.aded.v1.DraftModelStatistics did) {
        return new DraftModelStatistics(
                did.hasModel() ? draftModel(did.getModel()) : null,
                did.getNumPasses(),
                did.getNumAskedTokens(),
                duration(did.getTime()),
                did.getNumReadTokens(),
                did.getNumCopies(),
                did.getNumCopiedTokens(),
                did.getNumRefusedCopies(),
                did.getNumEvictions(),
                did.getNumWithoutRoom(),
                did.getNumFailures(),
                did.getNumSteps(),
                did.getNumUnpaidSteps(),
                did.getNumUnreadySteps(),
                did.getNumUnusableSteps(),
                did.getTrouble());
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

    private static ServerDetails.Limits limits(io.aded.v1.Limits limits) {
        io.aded.v1.PreparationLimits preparation = limits.getPreparation();
        io.aded.v1.FieldLimits fields = limits.getFields();
        return new ServerDetails.Limits(
                limits.getContextTokens(),
                limits.getMaxRunning(),
                limits.getMaxWaiting(),
                duration(limits.getMaxWait()),
                limits.getMaxMessageBytes(),
                duration(limits.getMaxRetention()),
                limits.getMaxRetainedConversations(),
                limits.getMaxConversations(),
                limits.getMaxConversationsPerClient(),
                duration(limits.getMaxUnread()),
                limits.getMaxMessageBytesInWork(),
                limits.getMaxMessageBytesArriving(),
                new ServerDetails.PreparationLimits(
                        preparation.getMaxRunning(),
                        preparation.getMaxRunningPerClient(),
                        preparation.getMaxWaiting(),
                        duration(preparation.getMaxTime())),
                new ServerDetails.FieldLimits(
                        fields.getPromptBytes(),
                        fields.getMessages(),
                        fields.getStopStrings(),
                        fields.getStopStringCharacters(),
                        fields.getStopTokens(),
                        fields.getLogProbabilities(),
                        fields.getPriority(),
                        fields.getTemplateVariables(),
                        fields.getTemplateVariableDepth(),
                        fields.getTemplateVariableSize(),
                        fields.getGrammarCharacters(),
                        fields.getGrammarDepth(),
                        fields.getJsonSchemaCharacters(),
                        fields.getJsonSchemaDepth(),
                        fields.getRegularExpressionCharacters(),
                        fields.getRegularExpressionDepth()),
                duration(limits.getCoalescingInterval()));
    }

    static ServerDetails server(io.aded.v1.GetServerInfoResponse info) {
        io.aded.v1.Load load = info.getLoad();
        return new ServerDetails(
                info.getVersion(),
                info.getLibrary(),
                info.getRuntime(),
                Instant.ofEpochSecond(
                        info.getStartTime().getSeconds(), info.getStartTime().getNanos()),
                limits(info.getLimits()),
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
                        load.getReusedTokensTotal()),
                info.hasDraftModel() ? draftModel(info.getDraftModel()) : null);
    }

    static Duration duration(com.google.protobuf.Duration duration) {
        return Duration.ofSeconds(duration.getSeconds(), duration.getNanos());
    }
}
