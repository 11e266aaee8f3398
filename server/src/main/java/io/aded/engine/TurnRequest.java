package io.aded.engine;

import io.aded.model.SamplingParameters;
import io.opentelemetry.context.Context;
import java.util.List;

/**
 * One turn: a prompt, and how to answer it.
 *
 * @param prompt what to continue
 * @param sampling how tokens are drawn
 * @param draft how the stream drafts in this turn
 * @param maxTokens the most tokens of the answer; 0 means as many as the context has room for
 * @param stopStrings the answer ends before the first of these; at most 16, none empty
 * @param stopTokens the answer ends before the first of these, beside the model's own end tokens
 * @param ignoreEnd whether to go on past the model's end tokens (benchmarks)
 * @param logProbabilities how many alternatives to report per token, 0 to 20; -1 reports no log-probabilities
 * @param reportRounds whether {@link TurnListener#onRound} is called
 * @param priority higher is admitted earlier; 0 is ordinary
 * @param fairnessKey callers with the same key share one fair portion; empty for the anonymous one
 * @param prefixSharing with whom what is computed of the prompt may be shared, at most what the engine shares
 * @param deadlineNanos absolute, on the engine's nano clock; {@link Long#MAX_VALUE} for none
 * @param traceContext the parent of the turn's span
 */
public record TurnRequest(
        Prompt prompt,
        SamplingParameters sampling,
        DraftPolicy draft,
        int maxTokens,
        List<String> stopStrings,
        List<Integer> stopTokens,
        boolean ignoreEnd,
        int logProbabilities,
        boolean reportRounds,
        int priority,
        String fairnessKey,
        PrefixSharing prefixSharing,
        long deadlineNanos,
        Context traceContext) {

    public TurnRequest {
        stopStrings = List.copyOf(stopStrings);
        stopTokens = List.copyOf(stopTokens);
    }

    /** A turn that shares its prefix as widely as the engine does. */
    public TurnRequest(
            Prompt prompt,
            SamplingParameters sampling,
            DraftPolicy draft,
            int maxTokens,
            List<String> stopStrings,
            List<Integer> stopTokens,
            boolean ignoreEnd,
            int logProbabilities,
            boolean reportRounds,
            int priority,
            String fairnessKey,
            long deadlineNanos,
            Context traceContext) {
        this(
                prompt,
                sampling,
                draft,
                maxTokens,
                stopStrings,
                stopTokens,
                ignoreEnd,
                logProbabilities,
                reportRounds,
                priority,
                fairnessKey,
                PrefixSharing.ALL,
                deadlineNanos,
                traceContext);
    }

    /** A turn with no extras. */
    public static TurnRequest of(Prompt prompt, SamplingParameters sampling, DraftPolicy draft, int maxTokens) {
        return new TurnRequest(
                prompt,
                sampling,
                draft,
                maxTokens,
                List.of(),
                List.of(),
                false,
                -1,
                false,
                0,
                "",
                Long.MAX_VALUE,
                Context.root());
    }

    /** The same, with an event per round. */
    public TurnRequest withRounds(boolean report) {
        return new TurnRequest(
                prompt,
                sampling,
                draft,
                maxTokens,
                stopStrings,
                stopTokens,
                ignoreEnd,
                logProbabilities,
                report,
                priority,
                fairnessKey,
                prefixSharing,
                deadlineNanos,
                traceContext);
    }

    /** The same, going on past the model's end tokens or not. */
    public TurnRequest withIgnoreEnd(boolean ignore) {
        return new TurnRequest(
                prompt,
                sampling,
                draft,
                maxTokens,
                stopStrings,
                stopTokens,
                ignore,
                logProbabilities,
                reportRounds,
                priority,
                fairnessKey,
                prefixSharing,
                deadlineNanos,
                traceContext);
    }

    /** The same with other stop strings. */
    public TurnRequest withStopStrings(List<String> strings) {
        return new TurnRequest(
                prompt,
                sampling,
                draft,
                maxTokens,
                strings,
                stopTokens,
                ignoreEnd,
                logProbabilities,
                reportRounds,
                priority,
                fairnessKey,
                prefixSharing,
                deadlineNanos,
                traceContext);
    }

    /** The same with log-probabilities. */
    public TurnRequest withLogProbabilities(int alternatives) {
        return new TurnRequest(
                prompt,
                sampling,
                draft,
                maxTokens,
                stopStrings,
                stopTokens,
                ignoreEnd,
                alternatives,
                reportRounds,
                priority,
                fairnessKey,
                prefixSharing,
                deadlineNanos,
                traceContext);
    }

    /** The same, sharing its prefix with no more than these. */
    public TurnRequest withPrefixSharing(PrefixSharing atMost) {
        return new TurnRequest(
                prompt,
                sampling,
                draft,
                maxTokens,
                stopStrings,
                stopTokens,
                ignoreEnd,
                logProbabilities,
                reportRounds,
                priority,
                fairnessKey,
                atMost,
                deadlineNanos,
                traceContext);
    }

    /** The same below another span. */
    public TurnRequest withTraceContext(Context context) {
        return new TurnRequest(
                prompt,
                sampling,
                draft,
                maxTokens,
                stopStrings,
                stopTokens,
                ignoreEnd,
                logProbabilities,
                reportRounds,
                priority,
                fairnessKey,
                prefixSharing,
                deadlineNanos,
                context);
    }
}
