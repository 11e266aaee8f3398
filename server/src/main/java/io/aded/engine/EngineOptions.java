package io.aded.engine;

import io.aded.model.ContextParameters;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How the engine shares one context among its callers.
 *
 * @param context size and shape of the context
 * @param maxRunning turns decoded at once
 * @param maxWaiting turns that may wait for admission; beyond that submission fails
 * @param maxWait how long a turn may wait
 * @param prefillStall how long a pass with prompt tokens in it may take while other streams are decoding: what bounds
 *     their time per token. A chunk of at least 8 tokens goes in all the same
 * @param swapBytes host memory for the KV state of idle conversations whose cells others need; 0 switches it off
 * @param prefixSharing among whom the computed beginnings of prompts are shared
 * @param sessionBytes heap that open conversations may hold: histories, and what drafters learned. The least that one
 *     engine makes sense with is a few MiB
 * @param hostThreads helpers of the engine's thread: threads that read rows, verify, draft and learn for different
 *     streams at once, 0 to {@value #MOST_HOST_THREADS}. Each needs a processor that nobody else does; answers are the
 *     same with any number
 * @param defaultDraft the policy of a turn that names none
 * @param recorder keeps what turns say that allow it; stays the caller's, who closes it after the engine. Null for none
 * @param earlierCosts what passes of this model were found to cost on this machine some other time: beside what the
 *     start measures, and where that has no time for a width. Null if it was never measured
 */
public record EngineOptions(
        ContextParameters context,
        int maxRunning,
        int maxWaiting,
        Duration maxWait,
        Duration prefillStall,
        long swapBytes,
        PrefixSharing prefixSharing,
        long sessionBytes,
        int hostThreads,
        DraftPolicy defaultDraft,
        @Nullable AnswerRecorder recorder,
        @Nullable PassCosts earlierCosts) {
    /** More helpers than that wait for each other. */
    public static final int MOST_HOST_THREADS = 31;

    /**
     * Prefixes shared among one caller's conversations, no bound on what those hold, no helpers, and nothing is kept of
     * what turns say.
     */
    public EngineOptions(
            ContextParameters context,
            int maxRunning,
            int maxWaiting,
            Duration maxWait,
            Duration prefillStall,
            long swapBytes,
            DraftPolicy defaultDraft) {
        this(
                context,
                maxRunning,
                maxWaiting,
                maxWait,
                prefillStall,
                swapBytes,
                PrefixSharing.CALLER,
                Long.MAX_VALUE / 2,
                0,
                defaultDraft,
                null,
                null);
    }

    /** Defaults for a context of {@code cells} cells. */
    public static EngineOptions ofCells(int cells) {
        return new EngineOptions(
                ContextParameters.ofCells(cells),
                16,
                256,
                Duration.ofSeconds(60),
                Duration.ofMillis(250),
                256L << 20,
                DraftPolicy.AUTO);
    }

    /** The same over another context. */
    public EngineOptions withContext(ContextParameters parameters) {
        return new EngineOptions(
                parameters,
                maxRunning,
                maxWaiting,
                maxWait,
                prefillStall,
                swapBytes,
                prefixSharing,
                sessionBytes,
                hostThreads,
                defaultDraft,
                recorder,
                earlierCosts);
    }

    /** The same with another rule for prefixes. */
    public EngineOptions withPrefixSharing(PrefixSharing sharing) {
        return new EngineOptions(
                context,
                maxRunning,
                maxWaiting,
                maxWait,
                prefillStall,
                swapBytes,
                sharing,
                sessionBytes,
                hostThreads,
                defaultDraft,
                recorder,
                earlierCosts);
    }

    /** The same with so many helpers of the engine's thread. */
    public EngineOptions withHostThreads(int helpers) {
        return new EngineOptions(
                context,
                maxRunning,
                maxWaiting,
                maxWait,
                prefillStall,
                swapBytes,
                prefixSharing,
                sessionBytes,
                helpers,
                defaultDraft,
                recorder,
                earlierCosts);
    }

    /** The same with another bound on what open conversations hold. */
    public EngineOptions withSessionBytes(long bytes) {
        return new EngineOptions(
                context,
                maxRunning,
                maxWaiting,
                maxWait,
                prefillStall,
                swapBytes,
                prefixSharing,
                bytes,
                hostThreads,
                defaultDraft,
                recorder,
                earlierCosts);
    }

    /** The same, keeping what turns say that allow it; null keeps nothing. */
    public EngineOptions withRecorder(@Nullable AnswerRecorder keeping) {
        return new EngineOptions(
                context,
                maxRunning,
                maxWaiting,
                maxWait,
                prefillStall,
                swapBytes,
                prefixSharing,
                sessionBytes,
                hostThreads,
                defaultDraft,
                keeping,
                earlierCosts);
    }

    /** The same, with what passes were found to cost earlier. */
    public EngineOptions withEarlierCosts(@Nullable PassCosts costs) {
        return new EngineOptions(
                context,
                maxRunning,
                maxWaiting,
                maxWait,
                prefillStall,
                swapBytes,
                prefixSharing,
                sessionBytes,
                hostThreads,
                defaultDraft,
                recorder,
                costs);
    }
}
