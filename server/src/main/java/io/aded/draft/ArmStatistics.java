package io.aded.draft;

/**
 * How one of several ways to draft fared, among which a proposer chooses round by round (an <i>arm</i>, as of a
 * bandit). Times and losses are in plain tokens: what a token takes when nothing is drafted.
 *
 * @param arm its name: {@code none}, {@code table}, {@code model} or {@code both}
 * @param asked rounds in which it drafted
 * @param probes those of them in which it was tried although another looked better
 * @param nodes draft nodes of its rounds that were verified
 * @param accepted those of them that were accepted
 * @param nanos what its rounds took: their share of the pass, and the drafter
 * @param tokens emitted in its rounds
 * @param weight its share of the choice now, over all streams and contexts, in [0, 1]; all arms add up to 1
 * @param hindsight what all rounds would have taken by it, as far as is known, less what they were worth: the lowest is
 *     the best arm in hindsight
 * @param regret what was taken above that of the best single arm; the same in all arms, negative if choosing was better
 *     than any of them
 */
public record ArmStatistics(
        String arm,
        long asked,
        long probes,
        long nodes,
        long accepted,
        long nanos,
        long tokens,
        double weight,
        double hindsight,
        double regret) {}
