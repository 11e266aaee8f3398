package io.aded.engine;

import java.util.Arrays;

/**
 * What a forward pass of n tokens costs on this machine, with this model and library: t(n).
 */
final class CostCurve {
    /*
     * Why it is measured
     *
     *   Speculation pays only while a pass of n tokens costs less than the tokens it yields are worth, so everything
     *   hangs on t(n). It is neither a line nor monotone: kernels change with the width, and a pass of 7 tokens can
     *   cost more than one of 8. Hardware-aware tree sizes are the idea of Sequoia [1]; deciding by goodput at run time
     *   that of TurboSpec [2]; both fit or profile beforehand, here t is measured where it is used, and goes on being
     *   measured: Calibration times passes at start-up and while the engine is idle, and every real pass is an
     *   observation. What they tell of the width that was played, and of all others, PassTimeFilter works out.
     *
     * [1] Chen et al., Sequoia: Scalable, Robust, and Hardware-aware Speculative Decoding, arXiv 2402.12374.
     * [2] Liu et al., TurboSpec: Closed-loop Speculation Control, arXiv 2406.14066.
     */

    /** Passes after which a width is {@linkplain #isOld old}. */
    private static final int OLD_PASSES = 64;

    /** What is {@link #set} is as good as known: the variance of its logarithm. */
    private static final double KNOWN = 1e-8;

    private final int maxTokens;
    private PassTimeFilter filter;

    /** What was suggested before the first real pass: logarithms of ratios to one token, and their variances, or 0. */
    private final double[] ratios;

    private final double[] variances;

    private final boolean[] measured;
    /** Real passes. */
    private final int[] seen;

    private final long[] lastSeen;

    /** Prices of narrow passes, 0 if not worked out since the last observation: a budget asks for all in its reach. */
    private final double[] prices;

    private long passes;

    /** An empty curve for widths 1 to {@code maxTokens}; it must be given at least one {@link #set} before use. */
    CostCurve(int maxTokens) {
        this.maxTokens = maxTokens;
        filter = new PassTimeFilter(maxTokens);
        ratios = new double[maxTokens + 1];
        variances = new double[maxTokens + 1];
        measured = new boolean[maxTokens + 1];
        seen = new int[maxTokens + 1];
        lastSeen = new long[maxTokens + 1];
        prices = new double[Math.min(maxTokens, PassTimeFilter.STEPS) + 1];
    }

    /** States what a width costs, as if it were known. One token must be the first. */
    void set(int tokens, double cost) {
        if (tokens == 1) {
            filter.setPace(Math.log(cost));
            changed(1);
        } else {
            suggest(tokens, cost / Math.exp(filter.logarithm(1)), KNOWN);
        }
    }

    /**
     * Measurements off line suggest what a width costs. Before the first real pass a suggestion takes the place of the
     * last one of the same width.
     *
     * @param ratio to what one token costs, which must be known
     * @param variance how far off the ratio's logarithm may be, above 0
     */
    void suggest(int tokens, double ratio, double variance) {
        boolean again = variances[tokens] > 0;
        ratios[tokens] = Math.log(ratio);
        variances[tokens] = variance;
        if (again && passes == 0) {
            double pace = filter.logarithm(1);
            filter = new PassTimeFilter(maxTokens);
            filter.setPace(pace);
            for (int width = 2; width <= maxTokens; width++) {
                if (variances[width] > 0) {
                    filter.compare(width, ratios[width], variances[width]);
                }
            }
        } else {
            filter.compare(tokens, ratios[tokens], variance);
        }
        changed(tokens);
    }

    /**
     * One token was found to cost otherwise, off line; the others keep their ratios to it. Real passes know better:
     * after those nothing changes.
     */
    void restateOne(double cost) {
        if (passes == 0) {
            filter.setPace(Math.log(cost));
            changed(1);
        }
    }

    private void changed(int tokens) {
        measured[tokens] = true;
        Arrays.fill(prices, 0);
    }

    /** How many real passes of a width there have been. */
    int seen(int tokens) {
        return tokens < seen.length ? seen[tokens] : 0;
    }

    /** The expected time of a pass of {@code tokens} tokens, in nanoseconds: at least that of one, at most so many. */
    double nanos(int tokens) {
        int width = Math.min(tokens, maxTokens);
        if (width >= prices.length) {
            return price(width);
        }
        if (prices[width] == 0) {
            prices[width] = price(width);
        }
        return prices[width];
    }

    /**
     * What a pass may cost if it is cheaper than expected: by a standard deviation of what is believed of it. Of widths
     * that are played often it is hardly less than {@link #nanos}.
     */
    double hopefulNanos(int tokens) {
        int width = Math.min(tokens, maxTokens);
        return Math.max(nanos(1), nanos(width) * Math.exp(-filter.deviation(width)));
    }

    private double price(int width) {
        double one = filter.logarithm(1);
        return Math.exp(Math.clamp(filter.logarithm(width), one, one + Math.log(width)));
    }

    /** All entries. May be called by any thread: one that is just being changed is old or new. */
    PassCosts costs() {
        double[] costs = new double[maxTokens + 1];
        for (int tokens = 1; tokens <= maxTokens; tokens++) {
            costs[tokens] = price(tokens);
        }
        return new PassCosts(costs, measured.clone());
    }

    /** The widest pass in the table. */
    int maxTokens() {
        return maxTokens;
    }

    /** Whether the width was ever timed. */
    boolean isMeasured(int tokens) {
        return measured[tokens];
    }

    /**
     * A pass took {@code elapsed} nanoseconds.
     *
     * @param tokens in it
     * @param chunks those of them that are of prompts, and need no logits
     */
    void observe(int tokens, int chunks, long elapsed) {
        if (elapsed <= 0 || tokens > maxTokens) {
            return;
        }
        passes++;
        seen[tokens]++;
        lastSeen[tokens] = passes;
        filter.observe(tokens, (double) chunks / tokens, Math.log(elapsed));
        changed(tokens);
    }

    /** A pass without prompts took {@code elapsed} nanoseconds. */
    void observe(int tokens, long elapsed) {
        observe(tokens, 0, elapsed);
    }

    /** Whether no pass of this width was played for a while. */
    boolean isOld(int tokens) {
        return tokens < lastSeen.length && passes - lastSeen[tokens] > OLD_PASSES;
    }
}
