package io.aded.rpc;

import com.google.protobuf.Duration;
import io.aded.draft.catalogue.DrafterKind;
import io.aded.engine.DraftPolicy;
import io.aded.engine.EngineStatus;
import io.aded.engine.RoundReport;
import io.aded.engine.SpeculationStatistics;
import io.aded.engine.TurnResult;
import io.aded.model.ModelInfo;
import io.aded.model.SamplingParameters;
import io.aded.model.Vocabulary;
import io.aded.serving.AnswerEvent;
import io.aded.serving.DraftLedger;
import io.aded.serving.ServedModel;
import io.aded.v1.ConverseResponse;
import io.aded.v1.Delta;
import io.aded.v1.DraftNode;
import io.aded.v1.DraftTotals;
import io.aded.v1.DrafterTotals;
import io.aded.v1.FinishReason;
import io.aded.v1.Finished;
import io.aded.v1.GenerateResponse;
import io.aded.v1.GetDraftStatisticsResponse;
import io.aded.v1.Load;
import io.aded.v1.Model;
import io.aded.v1.Opened;
import io.aded.v1.Round;
import io.aded.v1.Sampling;
import io.aded.v1.TokenAlternative;
import io.aded.v1.TokenLogProbability;
import io.aded.v1.Usage;
import io.aded.v1.VocabularyInfo;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/** What is answered, as messages of this API. Runs on the engine's thread for events, so it does only what the message needs. */
final class ResponseWriter {
    private ResponseWriter() {}

    /** An event of a stream of {@code Converse}. */
    static ConverseResponse converseResponse(AnswerEvent event) {
        ConverseResponse.Builder response = ConverseResponse.newBuilder();
        switch (event) {
            case AnswerEvent.Opened opened -> response.setOpened(opened(opened));
            case AnswerEvent.Emitted emitted ->
                response.setTurn(emitted.turn()).setDelta(delta(emitted.delta(), vocabulary(event)));
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
            case AnswerEvent.Emitted emitted -> response.setDelta(delta(emitted.delta(), vocabulary(event)));
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
                .setSampling(sampling(event.defaults().sampling()))
                .setDraft(draft(event.defaults().draft()))
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

    private static TokenLogProbability logProbability(
            io.aded.engine.Delta.TokenLogProbability probability, Vocabulary vocabulary) {
        TokenLogProbability.Builder builder = TokenLogProbability.newBuilder()
                .setToken(probability.token())
                .setText(piece(probability.token(), vocabulary))
                .setLogProbability(probability.logProbability());
        for (io.aded.engine.Delta.Alternative alternative : probability.alternatives()) {
            builder.addAlternatives(TokenAlternative.newBuilder()
                    .setToken(alternative.token())
                    .setText(piece(alternative.token(), vocabulary))
                    .setLogProbability(alternative.logProbability()));
        }
        return builder.build();
    }

    /** A token's text; bytes that are no whole characters become U+FFFD. */
    static String piece(int token, Vocabulary vocabulary) {
        byte[] bytes = new byte[64];
        int length = vocabulary.piece(token, bytes, true);
        if (length < 0) {
            bytes = new byte[-length];
            length = vocabulary.piece(token, bytes, true);
        }
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    private static Round round(RoundReport report, Vocabulary vocabulary) {
        Round.Builder builder = Round.newBuilder()
                .setIndex(report.index())
                .setSource(report.source())
                .setProposedNodes(report.proposedNodes())
                .setBatchTokens(report.batchTokens())
                .setBatchStreams(report.batchStreams())
                .setDraftTime(nanos(report.draftNanos()))
                .setVerifyTime(nanos(report.verifyNanos()));
        boolean[] accepted = new boolean[report.tokens().length];
        for (int node : report.acceptedPath()) {
            accepted[node] = true;
        }
        for (int node = 0; node < accepted.length; node++) {
            builder.addNodes(DraftNode.newBuilder()
                    .setToken(report.tokens()[node])
                    .setText(piece(report.tokens()[node], vocabulary))
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
                        })
                .setUsage(usage)
                .setSeed(result.seed())
                .setSpeculation(speculation(result.speculation()))
                .build();
    }

    private static io.aded.v1.SpeculationStatistics speculation(SpeculationStatistics statistics) {
        io.aded.v1.SpeculationStatistics.Builder builder = io.aded.v1.SpeculationStatistics.newBuilder()
                .setNumSpecSteps(Math.toIntExact(statistics.numSpecSteps()))
                .setNumSteps(Math.toIntExact(statistics.numSteps()))
                .setNumDraftTokens(Math.toIntExact(statistics.numDraftTokens()))
                .setNumAcceptedDraftTokens(Math.toIntExact(statistics.numAcceptedDraftTokens()))
                .setMeanAcceptanceLength(statistics.meanAcceptanceLength())
                .setDraftAcceptanceRate(statistics.draftAcceptanceRate())
                .setExpectedAcceptedDraftTokens(statistics.expectedAcceptedDraftTokens())
                .setDraftTime(nanos(statistics.draftNanos()))
                .setVerifyTime(nanos(statistics.verifyNanos()))
                .setHostTime(nanos(statistics.hostNanos()));
        for (long rounds : statistics.acceptanceHistogram()) {
            builder.addAcceptanceHistogram(Math.toIntExact(rounds));
        }
        return builder.build();
    }

    static Sampling sampling(SamplingParameters parameters) {
        Sampling.Builder builder = Sampling.newBuilder()
                .setTemperature(parameters.temperature())
                .setTopK(parameters.topK())
                .setTopP(parameters.topP())
                .setMinP(parameters.minP())
                .setTypicalP(parameters.typicalP())
                .setRepeatPenalty(parameters.repeatPenalty())
                .setFrequencyPenalty(parameters.frequencyPenalty())
                .setPresencePenalty(parameters.presencePenalty())
                .setPenaltyWindow(parameters.penaltyWindow())
                .putAllLogitBias(parameters.logitBias());
        Integer seed = parameters.seed();
        if (seed != null) {
            builder.setSeed(seed);
        }
        String grammar = parameters.grammar();
        if (grammar != null) {
            builder.setGrammar(grammar);
        }
        String schema = parameters.jsonSchema();
        if (schema != null) {
            builder.setJsonSchema(schema);
        }
        return builder.build();
    }

    static io.aded.v1.DraftPolicy draft(DraftPolicy policy) {
        return io.aded.v1.DraftPolicy.newBuilder()
                .setMode(mode(policy.mode()))
                .setMaxNodes(policy.maxNodes())
                .setMaxDepth(policy.maxDepth())
                .setMaxBranches(policy.maxBranches())
                .setShareLearned(policy.shareLearned())
                .build();
    }

    /** The number that a drafter has in the API; unspecified if it has none. */
    static io.aded.v1.DraftMode mode(DrafterKind kind) {
        String name = "DRAFT_MODE_" + kind.label().toUpperCase(Locale.ROOT).replace('-', '_');
        for (io.aded.v1.DraftMode mode : io.aded.v1.DraftMode.values()) {
            if (mode.name().equals(name)) {
                return mode;
            }
        }
        return io.aded.v1.DraftMode.DRAFT_MODE_UNSPECIFIED;
    }

    static GetDraftStatisticsResponse drafting(DraftLedger.Report report) {
        GetDraftStatisticsResponse.Builder response =
                GetDraftStatisticsResponse.newBuilder().setTotals(totals(report.all()));
        report.drafters()
                .forEach((mode, totals) -> response.addDrafters(
                        DrafterTotals.newBuilder().setMode(mode(mode)).setTotals(totals(totals))));
        return response.build();
    }

    private static DraftTotals totals(DraftLedger.Totals counted) {
        DraftTotals.Builder totals = DraftTotals.newBuilder()
                .setNumSpecSteps(counted.numSpecSteps())
                .setNumSteps(counted.numSteps())
                .setNumDraftTokens(counted.numDraftTokens())
                .setNumAcceptedDraftTokens(counted.numAcceptedDraftTokens())
                .setMeanAcceptanceLength(counted.meanAcceptanceLength())
                .setDraftAcceptanceRate(counted.draftAcceptanceRate());
        for (long accepted : counted.acceptedAtDepth()) {
            totals.addNumAcceptedTokensPerPosition(accepted);
        }
        return totals.build();
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
                .setSessions(status.sessions())
                .setCellsUsed(status.cellsUsed())
                .setCells(status.cells())
                .setSequencesUsed(status.sequencesUsed())
                .setSequences(status.sequences())
                .setRoundsTotal(status.roundsTotal())
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

    private static Duration nanos(long nanos) {
        return Duration.newBuilder()
                .setSeconds(nanos / 1_000_000_000)
                .setNanos((int) (nanos % 1_000_000_000))
                .build();
    }
}
