package io.aded.engine;

import io.aded.model.AdedException;

/**
 * Hears of a turn's progress. All calls come one after the other, from the engine's thread or, {@link #onDelta} and
 * {@link #onRound}, from a helper of it, and must neither block nor throw: they hand on and return. What the listeners
 * of different turns share is called by several threads at once where an engine has helpers. The last call is exactly
 * one of {@link #onFinished} and {@link #onFailed}.
 */
public interface TurnListener {

    /** Tokens and text, at least one of them not empty. */
    void onDelta(Delta delta);

    /** A round is over; called after its delta, only if the request asked for rounds. */
    default void onRound(RoundReport report) {}

    /** The turn is done. */
    void onFinished(TurnResult result);

    /** The turn failed; what was emitted until then stands. */
    void onFailed(AdedException failure);

    /**
     * Whether more can be taken without piling up. While false the stream is parked: it keeps its KV cells and is left
     * out of the next pass. Call {@link Turn#resume} once it turns true again.
     */
    default boolean isReady() {
        return true;
    }

    /**
     * The stream is left out of passes from now on, because more could not be taken, or takes part in them again.
     *
     * @param parked whether it is left out
     */
    default void onParked(boolean parked) {}
}
