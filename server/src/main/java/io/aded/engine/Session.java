package io.aded.engine;

import io.aded.model.ChatMessage;
import java.util.List;

/**
 * A conversation: its history of messages and tokens, its KV cells and its adaptive draft state. Thread-safe, but one
 * turn at a time.
 */
public interface Session extends AutoCloseable {

    /** Unique in this process. */
    String id();

    /**
     * Starts a turn. Tokenising happens on the caller's thread; the rest is reported to the listener.
     *
     * <p>Values of the request are taken to be in range: {@code io.aded.serving.TurnValidator} is who checks what comes
     * from outside. What the conversation and the model have to say about them is checked here.
     *
     * @throws io.aded.model.AdedException.InvalidRequest if the prompt gives no tokens, is longer than the context, or
     *     does not fit what was said before; if the chat template refuses it; if the grammar is bad
     * @throws io.aded.model.AdedException.FailedPrecondition if a turn is running, or the session is closed
     * @throws io.aded.model.AdedException.ResourceExhausted if the queue is full
     * @throws io.aded.model.AdedException.Unavailable if the engine is shutting down
     */
    Turn submit(TurnRequest request, TurnListener listener);

    /** The messages so far, answers included. Empty if the session was fed raw text or tokens. */
    List<ChatMessage> messages();

    /** Tokens of history that the session holds, prompts and answers. */
    int historyTokens();

    /** Forgets the history and what the drafter learned from it. Not while a turn is running. */
    void reset();

    /** Cancels a running turn and frees KV cells, sequence ids and draft state within one round. */
    @Override
    void close();
}
