package io.aded.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a prompt is to be answered, or the prompts of a conversation. Null, or an empty list or map, leaves a value as it
 * is in force: in a turn as the conversation has it, else as the server has it. {@link Builder#reset} returns one to
 * the server's own default. Values are checked by the server, all at once ({@link AdedClientException.InvalidRequest});
 * what is not in its {@link ServerDetails#capabilities} is {@link AdedClientException.Unsupported}.
 *
 * @param sampling how tokens are drawn
 * @param constraint what the answer must match
 * @param draft how the server guesses ahead
 * @param maxTokens the most tokens of the answer; 0 means as many as the context has room for
 * @param stopStrings the answer ends before the first of these; at most 16
 * @param stopTokens the answer ends before the first of these, beside the model's own end tokens
 * @param ignoreEnd whether to go on past the model's end tokens (benchmarks)
 * @param logProbabilities alternatives to report with each token, 0 to 20; -1 reports no log-probabilities
 * @param reportRounds whether {@link AnswerEvent.Round}s are sent
 * @param priority turns with a higher one are taken up earlier, -100 to 100
 * @param prefixSharing with whom the computed beginning of the prompt may be shared
 * @param tools what the model may call
 * @param toolChoice whether and which tool the model must call
 * @param parallelToolCalls whether one answer may call several tools
 * @param reasoning how reasoning before the answer is treated
 * @param templateVariables variables for the model's chat template: strings, numbers, booleans, lists and maps of these
 * @param reset paths of values that return to the server's own default, as in {@code GenerationOptions}
 * @param timeout how long an answer may take in all; {@link AdedClientException.DeadlineExceeded} after it
 */
public record AnswerOptions(
        Sampling sampling,
        @Nullable Constraint constraint,
        Draft draft,
        @Nullable Integer maxTokens,
        List<String> stopStrings,
        List<Integer> stopTokens,
        @Nullable Boolean ignoreEnd,
        @Nullable Integer logProbabilities,
        @Nullable Boolean reportRounds,
        @Nullable Integer priority,
        @Nullable PrefixSharing prefixSharing,
        List<Tool> tools,
        @Nullable ToolChoice toolChoice,
        @Nullable Boolean parallelToolCalls,
        Reasoning reasoning,
        Map<String, Object> templateVariables,
        List<String> reset,
        @Nullable Duration timeout) {

    /** As the server or the conversation has it. */
    public static final AnswerOptions DEFAULT = builder().build();

    /** Defensive copies of the lists and the map. */
    public AnswerOptions {
        stopStrings = List.copyOf(stopStrings);
        stopTokens = List.copyOf(stopTokens);
        tools = List.copyOf(tools);
        templateVariables = Map.copyOf(templateVariables);
        reset = List.copyOf(reset);
    }

    /** Starts with nothing set. */
    public static Builder builder() {
        return new Builder();
    }

    /** Starts with what is set here. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.sampling = sampling;
        builder.constraint = constraint;
        builder.draft = draft;
        builder.maxTokens = maxTokens;
        builder.stopStrings = stopStrings;
        builder.stopTokens = stopTokens;
        builder.ignoreEnd = ignoreEnd;
        builder.logProbabilities = logProbabilities;
        builder.reportRounds = reportRounds;
        builder.priority = priority;
        builder.prefixSharing = prefixSharing;
        builder.tools = tools;
        builder.toolChoice = toolChoice;
        builder.parallelToolCalls = parallelToolCalls;
        builder.reasoning = reasoning;
        builder.templateVariables = templateVariables;
        builder.reset.addAll(reset);
        builder.timeout = timeout;
        return builder;
    }

    /** Collects what is to be set. */
    public static final class Builder {
        private Sampling sampling = Sampling.DEFAULT;
        private @Nullable Constraint constraint;
        private Draft draft = Draft.DEFAULT;
        private @Nullable Integer maxTokens;
        private List<String> stopStrings = List.of();
        private List<Integer> stopTokens = List.of();
        private @Nullable Boolean ignoreEnd;
        private @Nullable Integer logProbabilities;
        private @Nullable Boolean reportRounds;
        private @Nullable Integer priority;
        private @Nullable PrefixSharing prefixSharing;
        private List<Tool> tools = List.of();
        private @Nullable ToolChoice toolChoice;
        private @Nullable Boolean parallelToolCalls;
        private Reasoning reasoning = Reasoning.DEFAULT;
        private Map<String, Object> templateVariables = Map.of();
        private final List<String> reset = new ArrayList<>();
        private @Nullable Duration timeout;

        private Builder() {}

        /** How tokens are drawn. */
        public Builder sampling(Sampling value) {
            sampling = value;
            return this;
        }

        /** What the answer must match; {@link Constraint#none} frees it of what its conversation has. */
        public Builder constraint(Constraint value) {
            constraint = value;
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

        /** With whom the computed beginning of the prompt may be shared, at most what the server allows. */
        public Builder prefixSharing(PrefixSharing value) {
            prefixSharing = value;
            return this;
        }

        /** What the model may call; names must differ. */
        public Builder tools(Tool... values) {
            tools = List.of(values);
            return this;
        }

        /** Whether and which tool the model must call. */
        public Builder toolChoice(ToolChoice value) {
            toolChoice = value;
            return this;
        }

        /** Whether one answer may call several tools. */
        public Builder parallelToolCalls(boolean allow) {
            parallelToolCalls = allow;
            return this;
        }

        /** How reasoning before the answer is treated. */
        public Builder reasoning(Reasoning value) {
            reasoning = value;
            return this;
        }

        /**
         * Variables for the model's chat template, such as {@code enable_thinking}: strings, numbers, booleans, and
         * lists and maps of these.
         */
        public Builder templateVariables(Map<String, Object> variables) {
            templateVariables = Map.copyOf(variables);
            return this;
        }

        /**
         * Returns values to the server's own default, whatever the conversation says: paths as in {@code
         * GenerationOptions}, such as {@code sampling.seed}, {@code constraint}, {@code sampling} (all of it) or
         * {@code *}. What is set beside it is set all the same. Without effect on single answers, which start from the
         * server's defaults.
         */
        public Builder reset(String... paths) {
            reset.addAll(Arrays.asList(paths));
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
                    tools,
                    toolChoice,
                    parallelToolCalls,
                    reasoning,
                    templateVariables,
                    reset,
                    timeout);
        }
    }
}
