package io.aded.client;

import java.time.Duration;
import java.util.List;

/**
 * How drafting fared over one answer, by the names that vLLM and llama.cpp publish.
 *
 * @param numSpecSteps rounds that verified a draft
 * @param numSteps all rounds (forward passes), those without a draft included
 * @param numDraftTokens draft tokens verified
 * @param numAcceptedDraftTokens draft tokens that the model agreed with
 * @param meanAcceptanceLength tokens emitted per round that had a draft; 1 if there was none
 * @param draftAcceptanceRate accepted / verified draft tokens, 0 to 1
 * @param acceptanceHistogram element i counts the rounds that accepted exactly i draft tokens
 * @param expectedAcceptedDraftTokens the drafters' own estimate of the accepted ones
 * @param draftTime time spent drafting
 * @param verifyTime time spent in forward passes after the prompt was read
 * @param hostTime time of rounds outside forward passes
 */
public record Speculation(
        int numSpecSteps,
        int numSteps,
        int numDraftTokens,
        int numAcceptedDraftTokens,
        double meanAcceptanceLength,
        double draftAcceptanceRate,
        List<Integer> acceptanceHistogram,
        double expectedAcceptedDraftTokens,
        Duration draftTime,
        Duration verifyTime,
        Duration hostTime) {

    /** Defensive copy of the list. */
    public Speculation {
        acceptanceHistogram = List.copyOf(acceptanceHistogram);
    }
}
