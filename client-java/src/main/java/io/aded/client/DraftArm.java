package io.aded.client;

import java.time.Duration;

/**
 * How one of the ways to draft fared among which a drafter chooses round by round, over all streams since the server
 * started.
 *
 * @param drafter the drafter that chooses
 * @param arm the way: {@code none}, {@code table}, {@code model} or {@code both} (table and draft model in one
 *     tree)
 * @param numSteps rounds that it drafted
 * @param numProbes those of them in which it was tried although another looked better
 * @param numDraftTokens draft tokens of its rounds that were verified
 * @param numAcceptedDraftTokens those of them that the model agreed with
 * @param numTokens tokens emitted in its rounds
 * @param time what its rounds took
 * @param weight its share of the choice at this moment, 0 to 1
 * @param hindsight what all rounds would have taken by it alone less what their tokens were worth, in plain tokens
 *     (what a token takes without a draft); the lowest is the best in hindsight
 * @param regret what was taken above the best single way in hindsight, in plain tokens; the same in all ways of a
 *     drafter
 */
public record DraftArm(
        String drafter,
        String arm,
        long numSteps,
        long numProbes,
        long numDraftTokens,
        long numAcceptedDraftTokens,
        long numTokens,
        Duration time,
        double weight,
        double hindsight,
        double regret) {}
