package io.aded.engine;

/** Why an answer ended. */
public enum FinishReason {
    /** The model said that it is done, or a stop token or stop string came. */
    STOP,
    /** {@code maxTokens} were emitted. */
    LENGTH,
    /** The context has no room for another token. */
    CONTEXT_FULL,
    /** The caller cancelled this turn; what was emitted until then stands. */
    CANCELLED,
    /** The model is done and waits for the results of its tool calls. */
    TOOL_CALLS
}
