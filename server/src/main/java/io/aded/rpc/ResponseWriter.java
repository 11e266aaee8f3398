package io.aded.rpc;

import com.google.protobuf.Duration;
import io.aded.draft.ArmPlay;
import io.aded.draft.catalogue.DrafterKind;
import io.aded.engine.Delta.Part;
import io.aded.engine.DraftPolicy;
import io.aded.engine.EngineStatus;
import io.aded.engine.RoundReport;
import io.aded.engine.SpeculationStatistics;
import io.aded.engine.TurnResult;
import io.aded.model.ModelInfo;
import io.aded.model.Vocabulary;
import io.aded.serving.AnswerEvent;
import io.aded.serving.Generation;
import io.aded.serving.ServedModel;
import io.aded.v1.AnyJsonObject;
import io.aded.v1.Constraint;
import io.aded.v1.ConverseResponse;
import io.aded.v1.Delta;
import io.aded.v1.DraftNode;
import io.aded.v1.Drafter;
import io.aded.v1.FinishReason;
import io.aded.v1.Finished;
import io.aded.v1.GenerateResponse;
import io.aded.v1.GenerationOptions;
import io.aded.v1.Load;
import io.aded.v1.Model;
import io.aded.v1.Opened;
import io.aded.v1.PrefixSharing;
import io.aded.v1.Round;
import io.aded.v1.TokenAlternative;
import io.aded.v1.TokenLogProbability;
import io.aded.v1.ToolCallDelta;
import io.aded.v1.Usage;
import io.aded.v1.VocabularyInfo;
import java.util.List;

/**
 * What is answered, as messages of this API. For events it runs on the connection's thread, which other calls wait for,
 * so it does only what the message needs.
 */
final class ResponseWriter {
    private ResponseWriter() {}

    /** An event of a stream of {@code Converse}. */
    static ConverseResponse converseResponse(AnswerEvent event) {
        ConverseResponse.Builder response = ConverseResponse.newBuilder();
        switch (event) {
            case AnswerEvent.Opened opened -> response.setOpened(opened(opened));
            case AnswerEvent.Emitted emitted -> {
                response.setTurn(emitted.turn());
                switch (emitted.delta().part()) {
                    case Part.Words(boolean reasoning) -> {
                        Delta delta = delta(emitted.delta(), vocabulary(event));
                        if (reasoning) {
                            response.setReasoningDelta(delta);
                        } else {
                            response.setDelta(delta);
                        }
                    }
                    case Part.Call call -> response.setToolCallDelta(call(call, emitted.delta(), vocabulary(event)));
                }
            }
            case AnswerEvent.Round round ->
                response.setTurn(round.turn()).setRound(round(round.report(), vocabulary(event)));
            case AnswerEvent.Finished finished ->
                response.setTurn(finished.turn()).setFinished(finished(finished.result()));
        }
        return response.build();
    }

    /** An event of a call of {@code Generate}. */
    static GenerateResponse generateResponse(AnswerEvent event) {
        GenerateResponse.Builder response = GenerateResponse.newBuilder();
        switch (event) {
            case AnswerEvent.Opened opened -> throw new IllegalArgumentException("nothing is opened in " + opened);
            case AnswerEvent.Emitted emitted -> {
                switch (emitted.delta().part()) {
                    case Part.Words(boolean reasoning) -> {
                        Delta delta = delta(emitted.delta(), vocabulary(event));
                        if (reasoning) {
                            response.setReasoningDelta(delta);
                        } else {
                            response.setDelta(delta);
                        }
                    }
                    case Part.Call call -> response.setToolCallDelta(call(call, emitted.delta(), vocabulary(event)));
                }
            }
            case AnswerEvent.Round round -> response.setRound(round(round.report(), vocabulary(event)));
            case AnswerEvent.Finished finished -> response.setFinished(finished(finished.result()));
        }
        return response.build();
    }

    private static Vocabulary vocabulary(AnswerEvent event) {
        return event.model().model().vocabulary();
    }

    private static Opened opened(AnswerEvent.Opened event) {
        ServedModel model = event.model();
        Opened.Builder opened = Opened.newBuilder()
                .setConversationId(event.conversationId())
                .setResumed(event.resumed())
                .setHistoryTokens(event.historyTokens())
                .setModel(model.name())
                .setContextTokens(model.contextTokens())
                .setOptions(options(event.defaults()))
                .setLibrary(model.info().library())
                .addAllDevices(model.info().devices());
        if (!event.retention().isZero()) {
            opened.setRetention(duration(event.retention()));
        }
        return opened.build();
    }

    private static Delta delta(io.aded.engine.Delta delta, Vocabulary vocabulary) {
        Delta.Builder builder = Delta.newBuilder().setText(delta.text());
        for (int token : delta.tokens()) {
            builder.addTokens(token);
        }
        List<io.aded.engine.Delta.TokenLogProbability> probabilities = delta.logProbabilities();
        if (probabilities != null) {
            for (io.aded.engine.Delta.TokenLogProbability probability : probabilities) {
                builder.addLogProbabilities(logProbability(probability, vocabulary));
            }
        }
        return builder.build();
    }

    private static ToolCallDelta call(Part.Call call, io.aded.engine.Delta delta, Vocabulary vocabulary) {
        Delta words = delta(delta, vocabulary);
        return ToolCallDelta.newBuilder()
                .setIndex(call.index())
                .setId(call.id())
                .setName(call.name())
                .setArguments(delta.text())
                .addAllTokens(words.getTokensList())
                .addAllLogProbabilities(words.getLogProbabilitiesList())
                .build();
    }

    private static TokenLogProbability logProbability(
            io.aded.engine.Delta.TokenLogProbability probability, Vocabulary vocabulary) {
        TokenLogProbability.Builder builder = TokenLogProbability.newBuilder()
                .setToken(probability.token())
                .setText(vocabulary.text(probability.token()))
                .setLogProbability(probability.logProbability());
        for (io.aded.engine.Delta.Alternative alternative : probability.alternatives()) {
            builder.addAlternatives(TokenAlternative.newBuilder()
                    .setToken(alternative.token())
                    .setText(vocabulary.text(alternative.token()))
                    .setLogProbability(alternative.logProbability()));
        }
        return builder.build();
    }

    private static Round round(RoundReport report, Vocabulary vocabulary) {
        Round.Builder builder = Round.newBuilder()
                .setIndex(report.index())
                .setDrafter(report.source())
                .setProposedNodes(report.proposedNodes())
                .setBatchTokens(report.batchTokens())
                .setBatchStreams(report.batchStreams())
                .setDraftTime(nanos(report.draftNanos()))
                .setVerifyTime(nanos(report.verifyNanos()));
        ArmPlay play = report.play();
        if (play != null) {
            builder.setArm(play.arm()).setArmReason(play.reason().label());
        }
        boolean[] accepted = new boolean[report.tokens().length];
        for (int node : report.acceptedPath()) {
            accepted[node] = true;
        }
        for (int node = 0; node < accepted.length; node++) {
            builder.addNodes(DraftNode.newBuilder()
                    .setSource(report.sources()[node])
                    .setToken(report.tokens()[node])
                    .setText(vocabulary.text(report.tokens()[node]))
                    .setParent(report.parents()[node])
                    .setProbability(report.probabilities()[node])
                    .setAccepted(accepted[node]));
        }
        for (int token : report.emitted()) {
            builder.addEmittedTokens(token);
        }
        return builder.build();
    }

    private static Finished finished(TurnResult result) {
        Usage.Builder usage = Usage.newBuilder()
                .setPromptTokens(result.promptTokens())
                .setCachedPromptTokens(result.cachedPromptTokens())
                .setCompletionTokens(result.completionTokens())
                .setReasoningTokens(result.reasoningTokens())
                .setQueueTime(nanos(result.queuedNanos()))
                .setTotalTime(nanos(result.totalNanos()));
        if (result.timeToFirstTokenNanos() > 0) {
            usage.setTimeToFirstToken(nanos(result.timeToFirstTokenNanos()));
        }
        return Finished.newBuilder()
                .setReason(
                        switch (result.reason()) {
                            case STOP -> FinishReason.FINISH_REASON_STOP;
                            case LENGTH -> FinishReason.FINISH_REASON_LENGTH;
                            case CONTEXT_FULL -> FinishReason.FINISH_REASON_CONTEXT_FULL;
                            case CANCELLED -> FinishReason.FINISH_REASON_CANCELLED;
                            case TOOL_CALLS -> FinishReason.FINISH_REASON_TOOL_CALLS;
                        })
                .setUsage(usage)
                .setSeed(result.seed())
                .setSpeculation(speculation(result.speculation()))
                .build();
    }

    /** How drafting fared, over one answer or over many. */
    static io.aded.v1.SpeculationStatistics speculation(SpeculationStatistics statistics) {
        io.aded.v1.SpeculationStatistics.Builder builder = io.aded.v1.SpeculationStatistics.newBuilder()
                .setNumSpecSteps(statistics.numSpecSteps())
                .setNumSteps(statistics.numSteps())
                .setNumDraftTokens(statistics.numDraftTokens())
                .setNumAcceptedDraftTokens(statistics.numAcceptedDraftTokens())
                .setMeanAcceptanceLength(statistics.meanAcceptanceLength())
                .setDraftAcceptanceRate(statistics.draftAcceptanceRate())
                .setExpectedAcceptedDraftTokens(statistics.expectedAcceptedDraftTokens())
                .setDraftTime(nanos(statistics.draftNanos()))
                .setVerifyTime(nanos(statistics.verifyNanos()))
                .setHostTime(nanos(statistics.hostNanos()));
        long[] histogram = statistics.acceptanceHistogram();
        for (long rounds : histogram) {
            builder.addAcceptanceHistogram(rounds);
        }
        // A round that accepted n tokens accepted one at every depth up to n.
        long[] reached = new long[histogram.length];
        long deeper = 0;
        for (int accepted = histogram.length - 1; accepted >= 1; accepted--) {
            deeper += histogram[accepted];
            reached[accepted] = deeper;
        }
        for (int depth = 1; depth < reached.length; depth++) {
            builder.addNumAcceptedTokensPerPos(reached[depth]);
        }
        return builder.build();
    }

    /** Every field set that has a value. */
    static GenerationOptions options(Generation generation) {
        GenerationOptions.Builder options = GenerationOptions.newBuilder()
                .setSampling(SamplingMessages.write(generation.sampling()))
                .setDraft(draft(generation.draft()))
                .setMaxTokens(generation.maxTokens())
                .addAllStopStrings(generation.stopStrings())
                .addAllStopTokens(generation.stopTokens())
                .setIgnoreEnd(generation.ignoreEnd())
                .setLogProbabilities(generation.logProbabilities())
                .setReportRounds(generation.reportRounds())
                .setPriority(generation.priority())
                .setPrefixSharing(sharing(generation.prefixSharing()));
        if (!generation.templateVariables().values().isEmpty()) {
            options.setTemplateVariables(Structs.struct(generation.templateVariables()));
        }
        ToolMessages.write(generation.speech(), options);
        switch (generation.constraint()) {
            case io.aded.serving.Constraint.None none -> {}
            case io.aded.serving.Constraint.Grammar(String gbnf) ->
                options.setConstraint(Constraint.newBuilder().setGrammar(gbnf));
            case io.aded.serving.Constraint.JsonSchema(String schema) ->
                options.setConstraint(Constraint.newBuilder().setJsonSchema(schema));
            case io.aded.serving.Constraint.RegularExpression(String expression) ->
                options.setConstraint(Constraint.newBuilder().setRegularExpression(expression));
            case io.aded.serving.Constraint.JsonObject object ->
                options.setConstraint(Constraint.newBuilder().setJsonObject(AnyJsonObject.getDefaultInstance()));
        }
        return options.build();
    }

    static PrefixSharing sharing(io.aded.engine.PrefixSharing sharing) {
        return switch (sharing) {
            case NONE -> PrefixSharing.PREFIX_SHARING_NONE;
            case CALLER -> PrefixSharing.PREFIX_SHARING_CALLER;
            case ALL -> PrefixSharing.PREFIX_SHARING_ALL;
        };
    }

    private static io.aded.v1.DraftPolicy draft(DraftPolicy policy) {
        return io.aded.v1.DraftPolicy.newBuilder()
                .setMode(policy.mode().label())
                .setMaxNodes(policy.maxNodes())
                .setMaxDepth(policy.maxDepth())
                .setMaxBranches(policy.maxBranches())
                .setShareLearned(policy.shareLearned())
                .setAllowTraining(policy.allowsTraining())
                .build();
    }

    static Drafter drafter(DrafterKind kind) {
        return Drafter.newBuilder()
                .setName(kind.label())
                .setDescription(kind.help())
                .setDefaults(draft(DraftPolicy.of(kind)))
                .setBaseline(kind.baseline())
                .build();
    }

    static Model model(ServedModel served) {
        ModelInfo info = served.info();
        Vocabulary vocabulary = served.model().vocabulary();
        VocabularyInfo.Builder words = VocabularyInfo.newBuilder().setSize(vocabulary.size());
        String kind = vocabulary.kind();
        if (kind != null) {
            words.setKind(kind);
        }
        if (vocabulary.beginningOfSequence() >= 0) {
            words.setBeginningOfSequence(vocabulary.beginningOfSequence());
        }
        if (vocabulary.endOfSequence() >= 0) {
            words.setEndOfSequence(vocabulary.endOfSequence());
        }
        return Model.newBuilder()
                .setName(served.name())
                .setArchitecture(info.architecture())
                .setDescription(info.description())
                .setQuantization(info.quantization())
                .setParameters(info.parameters())
                .setSizeBytes(info.sizeBytes())
                .setTrainedContextTokens(info.trainedContext())
                .setContextTokens(served.status().cells())
                .setLayers(info.layers())
                .setEmbeddingSize(info.embeddingSize())
                .setRecurrent(info.recurrent())
                .setVocabulary(words)
                .setChatTemplate(served.model().chatTemplate().description())
                .addAllDevices(info.devices())
                .setLibrary(info.library())
                .build();
    }

    static Load load(EngineStatus status) {
        return Load.newBuilder()
                .setRunning(status.running())
                .setWaiting(status.waiting())
                .setParked(status.parked())
                .setConversations(status.sessions())
                .setCellsUsed(status.cellsUsed())
                .setCells(status.cells())
                .setSequencesUsed(status.sequencesUsed())
                .setSequences(status.sequences())
                .setPassesTotal(status.roundsTotal())
                .setTokensTotal(status.tokensTotal())
                .setPrefilledTokensTotal(status.prefilledTokensTotal())
                .setReusedTokensTotal(status.reusedTokensTotal())
                .build();
    }

    static Duration duration(java.time.Duration duration) {
        return Duration.newBuilder()
                .setSeconds(duration.getSeconds())
                .setNanos(duration.getNano())
                .build();
    }

    static Duration nanos(long nanos) {
        return Duration.newBuilder()
                .setSeconds(nanos / 1_000_000_000)
                .setNanos((int) (nanos % 1_000_000_000))
                .build();
    }
}
