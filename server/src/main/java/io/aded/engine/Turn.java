package io.aded.engine;

/** A turn that was submitted. Thread-safe. */
public interface Turn {

    /** Ends the turn within one round, with {@link FinishReason#CANCELLED}. Does nothing once it has ended. */
    void cancel();

    /** Says that {@link TurnListener#isReady} may have become true. */
    void resume();

    /** The tokens of the prompt, history included. */
    int promptTokens();
}
