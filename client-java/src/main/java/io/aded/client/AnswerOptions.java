package io.aded.client;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How one prompt is to be answered. Null leaves a value as the server or the conversation has it.
 *
 * @param sampling how tokens are drawn
 * @param draft how the server guesses ahead
 * @param maxTokens the most tokens of the answer; 0 means as many as the context has room for
 * @param stopStrings the answer ends before the first of these; at most 16
 * @param stopTokens the answer ends before the first of these, beside the model's own end tokens
 * @param ignoreEnd whether to go on past the model's end tokens (benchmarks)
 * @param logProbabilities alternatives to report with each token, 0 to 20; -1 reports no log-probabilities
 * @param reportRounds whether {@link AnswerEvent.Round}s are sent
 * @param priority turns with a higher one are taken up earlier, -100 to 100
 * @param timeout how long the answer may take in all; {@link AdedClientException.DeadlineExceeded} after it
 */
public record AnswerOptions(
        Sampling sampling,
        Draft draft,
        int maxTokens,
        List<String> stopStrings,
        List<Integer> stopTokens,
        boolean ignoreEnd,
        @Nullable Integer logProbabilities,
        @Nullable Boolean reportRounds,
        int priority,
        @Nullable Duration timeout) {

    /** As the server or the conversation has it. */
    public static final AnswerOptions DEFAULT = builder().build();

    /** Defensive copies of the lists. */
    public AnswerOptions {
        stopStrings = List.copyOf(stopStrings);
        stopTokens = List.copyOf(stopTokens);
    }

    /** Starts with nothing set. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects what is to be set. */
    public static final class Builder {
        private Sampling sampling = Sampling.DEFAULT;
        private Draft draft = Draft.DEFAULT;
        private int maxTokens;
        private List<String> stopStrings = List.of();
        private List<Integer> stopTokens = List.of();
        private boolean ignoreEnd;
        private @Nullable Integer logProbabilities;
        private @Nullable Boolean reportRounds;
        private int priority;
        private @Nullable Duration timeout;

        private Builder() {}

        /** How tokens are drawn. */
        public Builder sampling(Sampling value) {
            sampling = value;
            return this;
        }

        /** How the server guesses ahead. */
        public Builder draft(Draft value) {
            draft = value;
            return this;
        }

        /** The most tokens of the answer; 0 means as many as the context has room for. */
        public Builder maxTokens(int tokens) {
            maxTokens = tokens;
            return this;
        }

        /** The answer ends before the first of these; at most 16, none empty. */
        public Builder stopStrings(String... strings) {
            stopStrings = List.of(strings);
            return this;
        }

        /** The answer ends before the first of these token ids, beside the model's own end tokens. */
        public Builder stopTokens(List<Integer> tokens) {
            stopTokens = List.copyOf(tokens);
            return this;
        }

        /** Goes on past the model's end tokens (benchmarks). */
        public Builder ignoreEnd(boolean ignore) {
            ignoreEnd = ignore;
            return this;
        }

        /** Alternatives to report with each token, 0 to 20; -1 reports no log-probabilities. */
        public Builder logProbabilities(int alternatives) {
            logProbabilities = alternatives;
            return this;
        }

        /** Whether {@link AnswerEvent.Round}s are sent. */
        public Builder reportRounds(boolean report) {
            reportRounds = report;
            return this;
        }

        /** Turns with a higher one are taken up earlier: -100 to 100; 0 is ordinary. */
        public Builder priority(int value) {
            priority = value;
            return this;
        }

        /** How long the answer may take in all, longer than zero. */
        public Builder timeout(Duration limit) {
            timeout = Checks.positive(limit, "timeout");
            return this;
        }

        /** What was collected. */
        public AnswerOptions build() {
            return new AnswerOptions(
                    sampling,
                    draft,
                    maxTokens,
                    stopStrings,
                    stopTokens,
                    ignoreEnd,
                    logProbabilities,
                    reportRounds,
                    priority,
                    timeout);
        }
    }
}
