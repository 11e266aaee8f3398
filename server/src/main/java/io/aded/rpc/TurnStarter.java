package io.aded.rpc;

import io.aded.draft.catalogue.DraftMode;
import io.aded.engine.Session;
import io.aded.engine.SpeculationStatistics;
import io.aded.engine.Turn;
import io.aded.engine.TurnListener;
import io.aded.engine.TurnRequest;
import io.aded.model.AdedException;
import io.aded.model.SamplingParameters;
import io.aded.telemetry.Telemetry;
import io.aded.telemetry.TelemetryNames;
import io.aded.v1.GenerateRequest;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;

/** Hands turns to the engine, and counts how drafting fared in all of them. */
final class TurnStarter {
    private final Telemetry telemetry;
    private final DraftLedger ledger;

    TurnStarter(Telemetry telemetry, DraftLedger ledger) {
        this.telemetry = telemetry;
        this.ledger = ledger;
    }

    /**
     * Submits a turn.
     *
     * @param asked the request as it came, whose field names errors use
     * @param prefix the path of that request
     * @param conversationId the name for the trace; empty if there is none
     */
    Turn submit(
            Session session,
            TurnRequest request,
            TurnListener listener,
            String prefix,
            GenerateRequest asked,
            String conversationId) {
        TurnRequest traced = telemetry.recordsTraces()
                ? request.withTraceContext(
                        Telemetry.withTurnAttributes(request.traceContext(), attributes(request, conversationId)))
                : request;
        try {
            return session.submit(traced, listener);
        } catch (AdedException.InvalidRequest invalid) {
            throw RequestReader.renamed(invalid, prefix, asked);
        }
    }

    /** A turn has ended. */
    void count(DraftMode mode, SpeculationStatistics statistics) {
        ledger.add(mode, statistics);
    }

    private static Attributes attributes(TurnRequest request, String conversationId) {
        SamplingParameters sampling = request.sampling();
        AttributesBuilder attributes = Attributes.builder()
                .put(TelemetryNames.REQUEST_TEMPERATURE, (double) sampling.temperature())
                .put(TelemetryNames.REQUEST_TOP_P, (double) sampling.topP())
                .put(TelemetryNames.REQUEST_TOP_K, (double) sampling.topK());
        if (request.maxTokens() > 0) {
            attributes.put(TelemetryNames.REQUEST_MAX_TOKENS, (long) request.maxTokens());
        }
        Integer seed = sampling.seed();
        if (seed != null) {
            attributes.put(TelemetryNames.REQUEST_SEED, Integer.toUnsignedLong(seed));
        }
        if (!conversationId.isEmpty()) {
            attributes.put(TelemetryNames.CONVERSATION_ID, conversationId);
        }
        return attributes.build();
    }
}
