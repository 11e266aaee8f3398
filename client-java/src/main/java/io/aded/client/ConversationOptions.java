package io.aded.client;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How a conversation is opened. Null leaves a value as the server has it.
 *
 * @param model the model that is expected; empty takes the server's default
 * @param defaults how turns are answered where they do not say otherwise; over what a resumed conversation was left
 *     with
 * @param id names the conversation so that it can be resumed; empty for one that ends with its stream
 * @param requireResume whether to fail with {@link AdedClientException.NotFound} if there is nothing to resume
 * @param retention how long the server keeps the conversation after the stream ends
 * @param openTimeout how long opening may take, the wait for a connection included
 */
public record ConversationOptions(
        String model,
        AnswerOptions defaults,
        String id,
        boolean requireResume,
        @Nullable Duration retention,
        Duration openTimeout) {

    /** As the server has it. */
    public static final ConversationOptions DEFAULT = builder().build();

    /** Starts with nothing set. */
    public static Builder builder() {
        return new Builder();
    }

    /** The same for a conversation that is kept, and must be. */
    ConversationOptions resuming(String kept) {
        return new ConversationOptions(model, defaults, kept, true, retention, openTimeout);
    }

    /** Collects what is to be set. */
    public static final class Builder {
        private String model = "";
        private AnswerOptions defaults = AnswerOptions.DEFAULT;
        private String id = "";
        private boolean requireResume;
        private @Nullable Duration retention;
        private Duration openTimeout = Duration.ofSeconds(30);

        private Builder() {}

        /** The model that is expected, as {@link AdedClient#model} names it. */
        public Builder model(String name) {
            model = name;
            return this;
        }

        /**
         * How turns are answered where they do not say otherwise. A timeout among them is each turn's, unless it has
         * its own.
         */
        public Builder defaults(AnswerOptions options) {
            defaults = options;
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

        /** How long opening may take; 30 s unless said otherwise. */
        public Builder openTimeout(Duration limit) {
            openTimeout = Checks.positive(limit, "openTimeout");
            return this;
        }

        /** What was collected. */
        public ConversationOptions build() {
            return new ConversationOptions(model, defaults, id, requireResume, retention, openTimeout);
        }
    }
}
