package io.aded.serving;

import io.aded.engine.Session;
import io.aded.engine.Turn;
import io.aded.engine.TurnListener;
import io.aded.engine.TurnRequest;
import io.aded.model.AdedException;
import io.aded.model.SamplingParameters;
import io.aded.telemetry.Telemetry;
import io.aded.telemetry.TelemetryNames;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;

/** Hands turns to the engine, and says in their trace what was asked for. */
final class TurnStarter {
    private final Telemetry telemetry;

    TurnStarter(Telemetry telemetry) {
        this.telemetry = telemetry;
    }

    /**
     * Submits a turn.
     *
     * @param conversationId the name for the trace; empty if there is none
     */
    Turn submit(Session session, ValidTurn turn, TurnListener listener, String conversationId) {
        TurnRequest request = turn.request();
        TurnRequest traced = telemetry.recordsTraces()
                ? request.withTraceContext(
                        Telemetry.withTurnAttributes(request.traceContext(), attributes(request, conversationId)))
                : request;
        try {
            return session.submit(traced, listener);
        } catch (AdedException.InvalidRequest invalid) {
            throw turn.constraint().named(invalid);
        }
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
