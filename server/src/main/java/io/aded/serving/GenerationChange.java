package io.aded.serving;

import io.aded.model.SamplingParameters;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What a request says of how to answer; null where it says nothing, and then what was in force before stays. Nothing is
 * checked yet.
 *
 * <p>Sampling is a function rather than a record of nullable twins: what a façade can read of it is the façade's business,
 * and a parameter that is added then touches one place less.
 *
 * @param sampling what is in force after it, given what was before
 * @param draft how the stream drafts
 * @param maxTokens the most tokens of an answer
 * @param stopStrings all stop strings
 * @param stopTokens all stop tokens
 * @param ignoreEnd whether to go on past the model's own end tokens
 * @param logProbabilities alternatives per token
 * @param reportRounds whether rounds are reported
 * @param priority higher is taken from the queue earlier
 */
public record GenerationChange(
        UnaryOperator<SamplingParameters> sampling,
        DraftChoice draft,
        @Nullable Integer maxTokens,
        @Nullable List<String> stopStrings,
        @Nullable List<Integer> stopTokens,
        @Nullable Boolean ignoreEnd,
        @Nullable Integer logProbabilities,
        @Nullable Boolean reportRounds,
        @Nullable Integer priority) {

    /** Nothing said. */
    public static final GenerationChange NONE =
            new GenerationChange(UnaryOperator.identity(), DraftChoice.NONE, null, null, null, null, null, null, null);

    /** What is in force after it. Names that cannot be resolved are reported; values are not checked yet. */
    Generation over(Generation before, Violations wrong) {
        return new Generation(
                sampling.apply(before.sampling()),
                draft.over(before.draft(), wrong),
                or(maxTokens, before.maxTokens()),
                or(stopStrings, before.stopStrings()),
                or(stopTokens, before.stopTokens()),
                or(ignoreEnd, before.ignoreEnd()),
                or(logProbabilities, before.logProbabilities()),
                or(reportRounds, before.reportRounds()),
                or(priority, before.priority()));
    }

    private static <T> T or(@Nullable T said, T before) {
        return said == null ? before : said;
    }
}
