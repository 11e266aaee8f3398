package io.aded.client;

import com.google.protobuf.InvalidProtocolBufferException;
import io.aded.v1.CountTokensRequest;
import io.aded.v1.DraftMode;
import io.aded.v1.DraftPolicy;
import io.aded.v1.GenerateRequest;
import io.aded.v1.Open;
import io.aded.v1.SpeculationStatistics;
import io.aded.v1.Turn;
import io.aded.v1.VocabularyInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Records to messages and back. Unknown enum values become their "other" or are left out, never an error. */
final class Wire {
    private Wire() {}

    static Open open(ConversationOptions options) {
        Open.Builder open = Open.newBuilder()
                .setModel(options.model())
                .setSampling(sampling(options.sampling()))
                .setDraft(draft(options.draft()))
                .setConversationId(options.id())
                .setRequireResume(options.requireResume());
        Duration retention = options.retention();
        if (retention != null) {
            open.setRetention(duration(retention));
        }
        Boolean rounds = options.reportRounds();
        if (rounds != null) {
            open.setReportRounds(rounds);
        }
        Integer alternatives = options.logProbabilities();
        if (alternatives != null) {
            open.setLogProbabilities(alternatives);
        }
        return open.build();
    }

    static Turn turn(Prompt prompt, AnswerOptions options) {
        Turn.Builder turn = Turn.newBuilder()
                .setSampling(sampling(options.sampling()))
                .setDraft(draft(options.draft()))
                .addAllStopStrings(options.stopStrings())
                .addAllStopTokens(options.stopTokens())
                .setIgnoreEnd(options.ignoreEnd())
                .setPriority(options.priority());
        if (options.maxTokens() != 0) {
            turn.setMaxTokens(options.maxTokens());
        }
        Integer alternatives = options.logProbabilities();
        if (alternatives != null) {
            turn.setLogProbabilities(alternatives);
        }
        Boolean rounds = options.reportRounds();
        if (rounds != null) {
            turn.setReportRounds(rounds);
        }
        switch (prompt) {
            case Prompt.Messages messages -> messages.messages().forEach(said -> turn.addMessages(message(said)));
            case Prompt.Text text -> turn.setText(text.text());
            case Prompt.Tokens tokens -> turn.addAllTokens(tokens.tokens());
        }
        return turn.build();
    }

    /** {@code GenerateRequest} has the fields of {@code Turn} by the same numbers, so that one mapping serves both. */
    static GenerateRequest generate(Prompt prompt, AnswerOptions options) {
        try {
            return GenerateRequest.parseFrom(turn(prompt, options).toByteString());
        } catch (InvalidProtocolBufferException impossible) {
            throw new AssertionError("Turn and GenerateRequest have come to differ", impossible);
        }
    }

    static CountTokensRequest count(Prompt prompt) {
        CountTokensRequest.Builder request = CountTokensRequest.newBuilder();
        switch (prompt) {
            case Prompt.Messages messages -> messages.messages().forEach(said -> request.addMessages(message(said)));
            case Prompt.Text text -> request.setText(text.text());
            case Prompt.Tokens tokens ->
                throw new IllegalArgumentException("a prompt of "
                        + tokens.tokens().size() + " token ids needs no counting; give messages or text");
        }
        return request.build();
    }

    private static io.aded.v1.ChatMessage message(Message message) {
        return io.aded.v1.ChatMessage.newBuilder()
                .setRole(message.role())
                .setContent(message.content())
                .build();
    }

    static io.aded.v1.Sampling sampling(Sampling sampling) {
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
        if (sampling.seed() != null) {
            builder.setSeed(sampling.seed());
        }
        if (sampling.grammar() != null) {
            builder.setGrammar(sampling.grammar());
        }
        if (sampling.jsonSchema() != null) {
            builder.setJsonSchema(sampling.jsonSchema());
        }
        return builder.build();
    }

    static Sampling sampling(io.aded.v1.Sampling sampling) {
        return new Sampling(
                sampling.hasTemperature() ? (Float) sampling.getTemperature() : null,
                sampling.hasTopK() ? (Integer) sampling.getTopK() : null,
                sampling.hasTopP() ? (Float) sampling.getTopP() : null,
                sampling.hasMinP() ? (Float) sampling.getMinP() : null,
                sampling.hasTypicalP() ? (Float) sampling.getTypicalP() : null,
                sampling.hasRepeatPenalty() ? (Float) sampling.getRepeatPenalty() : null,
                sampling.hasFrequencyPenalty() ? (Float) sampling.getFrequencyPenalty() : null,
                sampling.hasPresencePenalty() ? (Float) sampling.getPresencePenalty() : null,
                sampling.hasPenaltyWindow() ? (Integer) sampling.getPenaltyWindow() : null,
                sampling.hasSeed() ? (Integer) sampling.getSeed() : null,
                sampling.getLogitBiasMap(),
                sampling.hasGrammar() ? sampling.getGrammar() : null,
                sampling.hasJsonSchema() ? sampling.getJsonSchema() : null);
    }

    static DraftPolicy draft(Draft draft) {
        DraftPolicy.Builder builder = DraftPolicy.newBuilder();
        if (draft.mode() != null) {
            builder.setMode(mode(draft.mode()));
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

    static Draft draft(DraftPolicy draft) {
        return new Draft(
                mode(draft.getMode()),
                draft.hasMaxNodes() ? (Integer) draft.getMaxNodes() : null,
                draft.hasMaxDepth() ? (Integer) draft.getMaxDepth() : null,
                draft.hasMaxBranches() ? (Integer) draft.getMaxBranches() : null,
                draft.hasShareLearned() ? (Boolean) draft.getShareLearned() : null);
    }

    private static DraftMode mode(Draft.Mode mode) {
        return switch (mode) {
            case AUTO -> DraftMode.DRAFT_MODE_AUTO;
            case OFF -> DraftMode.DRAFT_MODE_OFF;
            case ADED -> DraftMode.DRAFT_MODE_ADED;
            case ADED_MCTS -> DraftMode.DRAFT_MODE_ADED_MCTS;
            case PROMPT_LOOKUP -> DraftMode.DRAFT_MODE_PROMPT_LOOKUP;
            case NGRAM_SIMPLE -> DraftMode.DRAFT_MODE_NGRAM_SIMPLE;
            case NGRAM_MOD -> DraftMode.DRAFT_MODE_NGRAM_MOD;
            case NGRAM_CACHE -> DraftMode.DRAFT_MODE_NGRAM_CACHE;
        };
    }

    private static Draft.@Nullable Mode mode(DraftMode mode) {
        return switch (mode) {
            case DRAFT_MODE_AUTO -> Draft.Mode.AUTO;
            case DRAFT_MODE_OFF -> Draft.Mode.OFF;
            case DRAFT_MODE_ADED -> Draft.Mode.ADED;
            case DRAFT_MODE_ADED_MCTS -> Draft.Mode.ADED_MCTS;
            case DRAFT_MODE_PROMPT_LOOKUP -> Draft.Mode.PROMPT_LOOKUP;
            case DRAFT_MODE_NGRAM_SIMPLE -> Draft.Mode.NGRAM_SIMPLE;
            case DRAFT_MODE_NGRAM_MOD -> Draft.Mode.NGRAM_MOD;
            case DRAFT_MODE_NGRAM_CACHE -> Draft.Mode.NGRAM_CACHE;
            case DRAFT_MODE_UNSPECIFIED, UNRECOGNIZED -> null;
        };
    }

    static AnswerEvent.Delta delta(io.aded.v1.Delta delta) {
        return new AnswerEvent.Delta(
                delta.getText(),
                delta.getTokensList(),
                delta.getLogProbabilitiesList().stream()
                        .map(token -> new AnswerEvent.TokenLogProbability(
                                token.getToken(),
                                token.getText(),
                                token.getLogProbability(),
                                token.getAlternativesList().stream()
                                        .map(other -> new AnswerEvent.Alternative(
                                                other.getToken(), other.getText(), other.getLogProbability()))
                                        .toList()))
                        .toList());
    }

    static AnswerEvent.Round round(io.aded.v1.Round round) {
        return new AnswerEvent.Round(
                round.getIndex(),
                round.getSource(),
                round.getNodesList().stream()
                        .map(node -> new AnswerEvent.DraftNode(
                                node.getToken(),
                                node.getText(),
                                node.getParent(),
                                node.getProbability(),
                                node.getAccepted()))
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
                        usage.getCachedPromptTokens(),
                        usage.getCompletionTokens(),
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
                statistics.getExpectedAcceptedDraftTokens(),
                duration(statistics.getDraftTime()),
                duration(statistics.getVerifyTime()),
                duration(statistics.getHostTime()));
    }

    static ConversationInfo opened(io.aded.v1.Opened opened) {
        return new ConversationInfo(
                opened.getConversationId(),
                opened.getResumed(),
                opened.getHistoryTokens(),
                duration(opened.getRetention()),
                opened.getModel(),
                opened.getContextTokens(),
                sampling(opened.getSampling()),
                draft(opened.getDraft()),
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
        List<Draft.Mode> modes = new ArrayList<>();
        for (DraftMode sent : info.getDraftModesList()) {
            Draft.Mode mode = mode(sent);
            if (mode != null) {
                modes.add(mode);
            }
        }
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
                sampling(info.getDefaultSampling()),
                draft(info.getDefaultDraft()),
                modes,
                Set.copyOf(info.getCapabilitiesList()),
                new ServerDetails.Load(
                        load.getRunning(),
                        load.getWaiting(),
                        load.getParked(),
                        load.getSessions(),
                        load.getCellsUsed(),
                        load.getCells(),
                        load.getSequencesUsed(),
                        load.getSequences(),
                        load.getRoundsTotal(),
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
