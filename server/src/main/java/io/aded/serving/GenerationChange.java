package io.aded.serving;

import io.aded.engine.PrefixSharing;
import io.aded.model.SamplingParameters;
import io.aded.model.TemplateVariables;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a request says of how to answer; null where it says nothing, and then what was in force before stays. Nothing is
 * checked yet.
 *
 * <p>Sampling is a function rather than a record of nullable twins: what a façade can read of it is the façade's
 * business, and a parameter that is added then touches one place less.
 *
 * @param cleared fields that return to what the server has in force, before what is said takes effect: neutral names,
 *     such as {@code max_tokens} or {@code draft.mode}. Those of sampling are the function's own affair
 * @param sampling what becomes of the sampling parameters
 * @param constraint what an answer must match
 * @param draft how the stream drafts
 * @param maxTokens the most tokens of an answer
 * @param stopStrings all stop strings
 * @param stopTokens all stop tokens
 * @param ignoreEnd whether to go on past the model's own end tokens
 * @param logProbabilities alternatives per token
 * @param reportRounds whether rounds are reported
 * @param priority higher is taken from the queue earlier
 * @param prefixSharing with whom what is computed of prompts may be shared
 * @param templateVariables all that the chat template is given beside the messages
 * @param speech which tools may be called, and how reasoning is treated
 */
public record GenerationChange(
        Set<String> cleared,
        SamplingChange sampling,
        @Nullable Constraint constraint,
        DraftChoice draft,
        @Nullable Integer maxTokens,
        @Nullable List<String> stopStrings,
        @Nullable List<Integer> stopTokens,
        @Nullable Boolean ignoreEnd,
        @Nullable Integer logProbabilities,
        @Nullable Boolean reportRounds,
        @Nullable Integer priority,
        @Nullable PrefixSharing prefixSharing,
        @Nullable TemplateVariables templateVariables,
        SpeechChange speech) {

    /** Nothing said. */
    public static final GenerationChange NONE = builder().build();

    /** What becomes of sampling parameters. */
    @FunctionalInterface
    public interface SamplingChange {
        /**
         * The parameters in force after the change.
         *
         * @param before those in force before it
         * @param server those that the server has in force
         */
        SamplingParameters apply(SamplingParameters before, SamplingParameters server);
    }

    /** Starts with nothing said. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * What is in force after it. Names that cannot be resolved are reported; values are not checked yet.
     *
     * @param hasDraftModel whether a second model is loaded, without which some drafters cannot be named
     */
    Generation over(Generation before, Generation server, boolean hasDraftModel, Violations wrong) {
        return new Generation(
                sampling.apply(before.sampling(), server.sampling()),
                or(constraint, "constraint", before.constraint(), server.constraint()),
                draft.over(before.draft(), server.draft(), cleared, hasDraftModel, wrong),
                or(maxTokens, "max_tokens", before.maxTokens(), server.maxTokens()),
                or(stopStrings, "stop_strings", before.stopStrings(), server.stopStrings()),
                or(stopTokens, "stop_tokens", before.stopTokens(), server.stopTokens()),
                or(ignoreEnd, "ignore_end", before.ignoreEnd(), server.ignoreEnd()),
                or(logProbabilities, "log_probabilities", before.logProbabilities(), server.logProbabilities()),
                or(reportRounds, "report_rounds", before.reportRounds(), server.reportRounds()),
                or(priority, "priority", before.priority(), server.priority()),
                or(prefixSharing, "prefix_sharing", before.prefixSharing(), server.prefixSharing()),
                or(templateVariables, "template_variables", before.templateVariables(), server.templateVariables()),
                speech.over(before.speech(), server.speech(), cleared));
    }

    private <T> T or(@Nullable T said, String field, T before, T server) {
        if (said != null) {
            return said;
        }
        return cleared.contains(field) ? server : before;
    }

    /** What is said, piece by piece. */
    public static final class Builder {
        private Set<String> cleared = Set.of();
        private SamplingChange sampling = (before, server) -> before;
        private @Nullable Constraint constraint;
        private DraftChoice draft = DraftChoice.NONE;
        private @Nullable Integer maxTokens;
        private @Nullable List<String> stopStrings;
        private @Nullable List<Integer> stopTokens;
        private @Nullable Boolean ignoreEnd;
        private @Nullable Integer logProbabilities;
        private @Nullable Boolean reportRounds;
        private @Nullable Integer priority;
        private @Nullable PrefixSharing prefixSharing;
        private @Nullable TemplateVariables templateVariables;
        private SpeechChange speech = SpeechChange.NONE;

        private Builder() {}

        /** Fields that return to what the server has in force. */
        public Builder cleared(Set<String> fields) {
            cleared = Set.copyOf(fields);
            return this;
        }

        /** What becomes of the sampling parameters. */
        public Builder sampling(SamplingChange change) {
            sampling = change;
            return this;
        }

        /** What an answer must match. */
        public Builder constraint(@Nullable Constraint value) {
            constraint = value;
            return this;
        }

        /** How the stream drafts. */
        public Builder draft(DraftChoice value) {
            draft = value;
            return this;
        }

        /** The most tokens of an answer. */
        public Builder maxTokens(@Nullable Integer value) {
            maxTokens = value;
            return this;
        }

        /** All stop strings. */
        public Builder stopStrings(@Nullable List<String> value) {
            stopStrings = value;
            return this;
        }

        /** All stop tokens. */
        public Builder stopTokens(@Nullable List<Integer> value) {
            stopTokens = value;
            return this;
        }

        /** Whether to go on past the model's own end tokens. */
        public Builder ignoreEnd(@Nullable Boolean value) {
            ignoreEnd = value;
            return this;
        }

        /** Alternatives per token. */
        public Builder logProbabilities(@Nullable Integer value) {
            logProbabilities = value;
            return this;
        }

        /** Whether rounds are reported. */
        public Builder reportRounds(@Nullable Boolean value) {
            reportRounds = value;
            return this;
        }

        /** Higher is taken from the queue earlier. */
        public Builder priority(@Nullable Integer value) {
            priority = value;
            return this;
        }

        /** With whom what is computed of prompts may be shared. */
        public Builder prefixSharing(@Nullable PrefixSharing value) {
            prefixSharing = value;
            return this;
        }

        /** All that the chat template is given beside the messages. */
        public Builder templateVariables(@Nullable TemplateVariables value) {
            templateVariables = value;
            return this;
        }

        /** Which tools may be called, and how reasoning is treated. */
        public Builder speech(SpeechChange value) {
            speech = value;
            return this;
        }

        /** As said. */
        public GenerationChange build() {
            return new GenerationChange(
                    cleared,
                    sampling,
                    constraint,
                    draft,
                    maxTokens,
                    stopStrings,
                    stopTokens,
                    ignoreEnd,
                    logProbabilities,
                    reportRounds,
                    priority,
                    prefixSharing,
                    templateVariables,
                    speech);
        }
    }
}
