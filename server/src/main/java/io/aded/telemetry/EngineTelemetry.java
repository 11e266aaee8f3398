package io.aded.telemetry;

import io.opentelemetry.context.Context;

/** What the engine reports to. Thread-safe. */
public interface EngineTelemetry {

    /** Records nothing. */
    EngineTelemetry NONE = new EngineTelemetry() {
        @Override
        public TurnTelemetry startTurn(Context parent, String operation) {
            return TurnTelemetry.NONE;
        }

        @Override
        public void count(Counter counter, long amount) {}
    };

    /**
     * A turn was submitted.
     *
     * @param parent the caller's context
     * @param operation {@code chat} or {@code text_completion}
     */
    TurnTelemetry startTurn(Context parent, String operation);

    /** Adds to a counter. Allocates nothing. */
    void count(Counter counter, long amount);
}
