package io.aded.client;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How a conversation is opened. Null leaves a value as the server has it.
 *
 * @param model the model that is expected; empty accepts any
 * @param sampling how tokens are drawn where a turn does not say otherwise
 * @param draft how the server guesses ahead where a turn does not say otherwise
 * @param id names the conversation so that it can be resumed; empty for one that ends with its stream
 * @param requireResume whether to fail with {@link AdedClientException.NotFound} if there is nothing to resume
 * @param retention how long the server keeps the conversation after the stream ends
 * @param reportRounds whether {@link AnswerEvent.Round}s are sent where a turn does not say otherwise
 * @param logProbabilities alternatives to report with each token where a turn does not say otherwise, 0 to 20
 * @param openTimeout how long opening may take, the wait for a connection included
 */
public record ConversationOptions(
        String model,
        Sampling sampling,
        Draft draft,
        String id,
        boolean requireResume,
        @Nullable Duration retention,
        @Nullable Boolean reportRounds,
        @Nullable Integer logProbabilities,
        Duration openTimeout) {

    /** As the server has it. */
    public static final ConversationOptions DEFAULT = builder().build();

    /** Starts with nothing set. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects what is to be set. */
    public static final class Builder {
        private String model = "";
        private Sampling sampling = Sampling.DEFAULT;
        private Draft draft = Draft.DEFAULT;
        private String id = "";
        private boolean requireResume;
        private @Nullable Duration retention;
        private @Nullable Boolean reportRounds;
        private @Nullable Integer logProbabilities;
        private Duration openTimeout = Duration.ofSeconds(30);

        private Builder() {}

        /** The model that is expected, as {@link AdedClient#model} names it. */
        public Builder model(String name) {
            model = name;
            return this;
        }

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

        /** Names the conversation: 1 to 128 characters of {@code A-Z a-z 0-9 . _ -}. Resumes it if it is kept. */
        public Builder id(String name) {
            id = name;
            return this;
        }

        /** Fails if there is nothing to resume. */
        public Builder requireResume(boolean require) {
            requireResume = require;
            return this;
        }

        /** How long the server keeps the conversation after the stream ends, within its own limit. */
        public Builder retention(Duration time) {
            retention = time;
            return this;
        }

        /** Whether {@link AnswerEvent.Round}s are sent. */
        public Builder reportRounds(boolean report) {
            reportRounds = report;
            return this;
        }

        /** Alternatives to report with each token, 0 to 20. */
        public Builder logProbabilities(int alternatives) {
            logProbabilities = alternatives;
            return this;
        }

        /** How long opening may take; 30 s unless said otherwise. */
        public Builder openTimeout(Duration limit) {
            openTimeout = Checks.positive(limit, "openTimeout");
            return this;
        }

        /** What was collected. */
        public ConversationOptions build() {
            return new ConversationOptions(
                    model, sampling, draft, id, requireResume, retention, reportRounds, logProbabilities, openTimeout);
        }
    }
}
