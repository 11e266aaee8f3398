package io.aded.telemetry;

import io.opentelemetry.context.Context;

/** What the engine reports to. Thread-safe. */
public interface EngineTelemetry {

    /** Records nothing. */
    EngineTelemetry NONE = (parent, operation) -> TurnTelemetry.NONE;

    /**
     * A turn was submitted.
     *
     * @param parent the caller's context
     * @param operation {@code chat} or {@code text_completion}
     */
    TurnTelemetry startTurn(Context parent, String operation);
}
