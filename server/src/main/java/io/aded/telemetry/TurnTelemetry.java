package io.aded.telemetry;

import org.jspecify.annotations.Nullable;

/**
 * One turn's spans and measurements. Called by the engine thread only, after construction. All times are readings of
 * {@link System#nanoTime}; the implementation turns them into epoch times.
 */
public interface TurnTelemetry {

    /** Records nothing. */
    TurnTelemetry NONE = new TurnTelemetry() {
        @Override
        public void prefill(long startNanos, long endNanos, int tokens, int cachedTokens) {}

        @Override
        public void round(
                int index,
                String source,
                int draftNodes,
                int draftDepth,
                int accepted,
                int batchTokens,
                int batchStreams,
                long draftStartNanos,
                long draftEndNanos,
                long verifyStartNanos,
                long verifyEndNanos) {}

        @Override
        public void emitted(int tokens, long nanos) {}

        @Override
        public void end(
                String finishReason,
                int promptTokens,
                int cachedPromptTokens,
                int completionTokens,
                @Nullable Throwable failure) {}
    };

    /** The prompt is in the KV cache. */
    void prefill(long startNanos, long endNanos, int tokens, int cachedTokens);

    /**
     * A round is over: one {@code draft} and one {@code verify} span.
     *
     * @param index from 0 in the turn
     * @param source the drafter's name, {@code none} without a draft
     * @param draftNodes nodes verified, without the root
     * @param draftDepth depth of the tree
     * @param accepted draft nodes accepted
     * @param batchTokens tokens in the pass, all streams together
     * @param batchStreams streams in the pass
     * @param draftStartNanos when drafting began
     * @param draftEndNanos when it ended
     * @param verifyStartNanos when the pass began
     * @param verifyEndNanos when the walk over the tree was done
     */
    void round(
            int index,
            String source,
            int draftNodes,
            int draftDepth,
            int accepted,
            int batchTokens,
            int batchStreams,
            long draftStartNanos,
            long draftEndNanos,
            long verifyStartNanos,
            long verifyEndNanos);

    /** Tokens were handed to the client; the first call is the time to first token. */
    void emitted(int tokens, long nanos);

    /**
     * The turn is over. Exactly one call, the last.
     *
     * @param finishReason lower case, such as {@code stop}; {@code error} if it failed
     * @param failure why, or null
     */
    void end(
            String finishReason,
            int promptTokens,
            int cachedPromptTokens,
            int completionTokens,
            @Nullable Throwable failure);
}
