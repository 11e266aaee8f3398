package io.aded.engine;

/**
 * How drafting fared over a turn, by the names that vLLM and llama.cpp publish.
 *
 * @param numSpecSteps rounds that verified a draft
 * @param numSteps all rounds, also those without a draft
 * @param numDraftTokens draft nodes verified
 * @param numAcceptedDraftTokens draft nodes accepted
 * @param acceptanceHistogram element i counts the rounds with a draft that accepted i draft tokens, so that
 *     the elements add up to {@code numSpecSteps}; no trailing zeros
 * @param expectedAcceptedDraftTokens the sum of the drafters' estimates for the verified nodes: equal to the accepted
 *     ones if the drafter is calibrated
 * @param draftNanos time spent drafting
 * @param verifyNanos time spent in forward passes after the prefill, those shared with other streams counted whole
 * @param hostNanos time of rounds outside the forward pass: drafting, sampling, learning, bookkeeping
 */
public record SpeculationStatistics(
        long numSpecSteps,
        long numSteps,
        long numDraftTokens,
        long numAcceptedDraftTokens,
        long[] acceptanceHistogram,
        double expectedAcceptedDraftTokens,
        long draftNanos,
        long verifyNanos,
        long hostNanos) {

    /** Tokens emitted per round that had a draft: 1 + accepted / steps; 1 if there was none. */
    public double meanAcceptanceLength() {
        return numSpecSteps == 0 ? 1 : 1 + (double) numAcceptedDraftTokens / numSpecSteps;
    }

    /** Accepted draft tokens / verified draft tokens, in [0, 1]; 0 if there was none. */
    public double draftAcceptanceRate() {
        return numDraftTokens == 0 ? 0 : (double) numAcceptedDraftTokens / numDraftTokens;
    }
}
