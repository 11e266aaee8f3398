package io.aded.client;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a draft model is, and what it did since the server started.
 *
 * @param model the model; null if the server does not know it
 * @param numPasses forward passes of it
 * @param numAskedTokens tokens after which it was asked what comes next
 * @param time time of its passes and of taking over cells
 * @param numReadTokens tokens of texts that it computed itself
 * @param numCopies times that it took over cells of the served model's
 * @param numCopiedTokens tokens that it need not compute because of that
 * @param numRefusedCopies times that cells could not be taken over
 * @param numEvictions streams that lost their cells in its cache to others
 * @param numWithoutRoom passes of it that found no room in its cache
 * @param numFailures passes of it, and takings of cells, that failed
 * @param numSteps rounds in which it guessed
 * @param numUnpaidSteps rounds in which it was not asked, since that was not expected to pay
 * @param numUnreadySteps rounds in which it was asked and had no guess
 * @param numUnusableSteps rounds that had to do without it because it has failed for good
 * @param trouble why it does not guess any more; empty while it does
 */
public record DraftModelStatistics(
        @Nullable DraftModel model,
        long numPasses,
        long numAskedTokens,
        Duration time,
        long numReadTokens,
        long numCopies,
        long numCopiedTokens,
        long numRefusedCopies,
        long numEvictions,
        long numWithoutRoom,
        long numFailures,
        long numSteps,
        long numUnpaidSteps,
        long numUnreadySteps,
        long numUnusableSteps,
        String trouble) {}
