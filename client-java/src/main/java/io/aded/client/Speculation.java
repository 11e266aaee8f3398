package io.aded.client;

import java.time.Duration;
import java.util.List;

/**
 * How drafting fared over one answer or many, by the names that vLLM and llama.cpp publish.
 *
 * @param numSpecSteps rounds that verified a draft
 * @param numSteps all rounds, those without a draft included
 * @param numDraftTokens draft tokens verified
 * @param numAcceptedDraftTokens draft tokens that the model agreed with
 * @param meanAcceptanceLength tokens emitted per round that had a draft; 1 if there was none
 * @param draftAcceptanceRate accepted / verified draft tokens, 0 to 1
 * @param acceptanceHistogram element i counts the rounds with a draft that accepted exactly i draft tokens
 * @param numAcceptedTokensPerPos element i counts the draft tokens accepted at depth i + 1 of their tree
 * @param expectedAcceptedDraftTokens the drafters' own estimate of the accepted ones
 * @param draftTime time spent drafting
 * @param verifyTime time spent in forward passes after the prompt was read
 * @param hostTime time of rounds outside forward passes
 */
public record Speculation(
        long numSpecSteps,
        long numSteps,
        long numDraftTokens,
        long numAcceptedDraftTokens,
        double meanAcceptanceLength,
        double draftAcceptanceRate,
        List<Long> acceptanceHistogram,
        List<Long> numAcceptedTokensPerPos,
        double expectedAcceptedDraftTokens,
        Duration draftTime,
        Duration verifyTime,
        Duration hostTime) {

    /** Defensive copies of the lists. */
    public Speculation {
        acceptanceHistogram = List.copyOf(acceptanceHistogram);
        numAcceptedTokensPerPos = List.copyOf(numAcceptedTokensPerPos);
    }
}
