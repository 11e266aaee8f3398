package io.aded.lab.experiment;

/**
 * What one mode did in one group of prompts, or in all.
 *
 * @param mode who
 * @param answers how many answers it gave
 * @param tokensPerSecond speed of decoding: tokens after the first round over the time after it
 * @param wholeTokensPerSecond all tokens over all time, prefill included
 * @param against its speed over that of {@code off}
 * @param priced the same with every pass at the run's median price for its width (see {@link PassPrices})
 * @param losslessness its tokens against those of {@code off}
 * @param rounds the sums over its rounds
 * @param tokensPerPass tokens over forward passes, rounds without a draft included; NaN for the bare loop
 * @param verifyShare share of the decode time spent in forward passes, in [0, 1]
 * @param draftShare share spent drafting
 * @param hostShare the rest: reading logits, sampling, learning, bookkeeping
 * @param firstTokenMillis median time to the first token
 */
record ModeSummary(
        ModeSpec mode,
        int answers,
        double tokensPerSecond,
        double wholeTokensPerSecond,
        Comparison against,
        Comparison priced,
        Losslessness losslessness,
        RoundTally rounds,
        double tokensPerPass,
        double verifyShare,
        double draftShare,
        double hostShare,
        double firstTokenMillis) {}
