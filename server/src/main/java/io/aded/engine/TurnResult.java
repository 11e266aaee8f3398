package io.aded.engine;

/**
 * How a turn ended.
 *
 * @param reason why
 * @param promptTokens tokens of the whole prompt, history included
 * @param cachedPromptTokens those of them that needed no prefill
 * @param completionTokens tokens drawn for the answer: those emitted, and the end or stop token that ended it, if one
 *     did
 * @param seed of the random stream that was used
 * @param queuedNanos from submission to admission
 * @param timeToFirstTokenNanos from submission to the first emitted token; 0 if there was none
 * @param totalNanos from submission to the end
 * @param speculation how drafting fared
 * @param reasoningTokens those of the completion's tokens that were reasoning
 */
public record TurnResult(
        FinishReason reason,
        int promptTokens,
        int cachedPromptTokens,
        int completionTokens,
        int seed,
        long queuedNanos,
        long timeToFirstTokenNanos,
        long totalNanos,
        SpeculationStatistics speculation,
        int reasoningTokens) {

    /** Of an answer without reasoning. */
    public TurnResult(
            FinishReason reason,
            int promptTokens,
            int cachedPromptTokens,
            int completionTokens,
            int seed,
            long queuedNanos,
            long timeToFirstTokenNanos,
            long totalNanos,
            SpeculationStatistics speculation) {
        this(
                reason,
                promptTokens,
                cachedPromptTokens,
                completionTokens,
                seed,
                queuedNanos,
                timeToFirstTokenNanos,
                totalNanos,
                speculation,
                0);
    }
}
