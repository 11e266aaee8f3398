package io.aded.client;

/** Why an answer ended. */
public enum FinishReason {
    /** The model said that it is done, or a stop token or stop string came. */
    STOP,
    /** The asked for number of tokens was reached. */
    LENGTH,
    /** The context has no room for another token. */
    CONTEXT_FULL,
    /** The turn was cancelled by {@link AnswerStream#cancel}; what was sent until then stands. */
    CANCELLED,
    /** The model waits for the results of its tool calls. */
    TOOL_CALLS,
    /** A reason that this client does not know yet. */
    OTHER
}
