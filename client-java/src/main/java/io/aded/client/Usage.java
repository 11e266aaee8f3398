package io.aded.client;

import java.time.Duration;

/**
 * What an answer cost.
 *
 * @param promptTokens tokens of the whole prompt, history and chat template included
 * @param cachedPromptTokens those of them that were already in the KV cache and needed no computing
 * @param completionTokens tokens emitted
 * @param queueTime from submission until the engine took the turn up
 * @param timeToFirstToken from submission to the first token; zero if there was none
 * @param totalTime from submission to the end
 */
public record Usage(
        int promptTokens,
        int cachedPromptTokens,
        int completionTokens,
        Duration queueTime,
        Duration timeToFirstToken,
        Duration totalTime) {}
