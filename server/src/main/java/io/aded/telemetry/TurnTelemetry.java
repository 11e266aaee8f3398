package io.aded.telemetry;

import org.jspecify.annotations.Nullable;

/**
 * One turn's spans and measurements. After construction called by the engine's thread, or a helper of it, one call at a
 * time. All times are readings of the nano clock that the telemetry was made with; the implementation turns them into
 * epoch times.
 */
public interface TurnTelemetry {

    /** Records nothing. */
    TurnTelemetry NONE = new TurnTelemetry() {
        @Override
        public boolean isRecording() {
            return false;
        }

        @Override
        public boolean isTraced() {
            return false;
        }

        @Override
        public void prefill(long startNanos, long endNanos, int tokens, int cachedTokens) {}

        @Override
        public void round(RoundRecord round) {}

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

    /** Whether anything comes of what is reported; if not, nobody need make a {@link RoundRecord}. */
    boolean isRecording();

    /** Whether spans come of it, which tell of each node of a draft. */
    boolean isTraced();

    /** The prompt is in the KV cache. */
    void prefill(long startNanos, long endNanos, int tokens, int cachedTokens);

    /** A round is over: one {@code draft} and one {@code verify} span. */
    void round(RoundRecord round);

    /** Tokens were handed to the client; the first call is the time to first token. */
    void emitted(int tokens, long nanos);

    /**
     * The turn is over. Exactly one call, the last.
     *
     * @param finishReason lower case, such as {@code stop}; {@code error} if it failed
     * @param completionTokens tokens of the answer, and the one that ended it
     * @param failure why, or null
     */
    void end(
            String finishReason,
            int promptTokens,
            int cachedPromptTokens,
            int completionTokens,
            @Nullable Throwable failure);
}
