package io.aded.client;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What an answer cost.
 *
 * @param promptTokens tokens of the whole prompt, history and chat template included
 * @param cachedPromptTokens those of them that were already in the KV cache and needed no computing; null if the server
 *     does not tell
 * @param completionTokens tokens drawn for the answer, the end token included
 * @param reasoningTokens those of them that were reasoning
 * @param queueTime from submission until the engine took the turn up
 * @param timeToFirstToken from submission to the first token; zero if there was none
 * @param totalTime from submission to the end
 */
public record Usage(
        int promptTokens,
        @Nullable Integer cachedPromptTokens,
        int completionTokens,
        int reasoningTokens,
        Duration queueTime,
        Duration timeToFirstToken,
        Duration totalTime) {}
