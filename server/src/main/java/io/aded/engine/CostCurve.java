package io.aded.engine;

/**
 * What a forward pass of n tokens costs on this machine, with this model and library: t(n).
 */
final class CostCurve {
    /*
     * Why a table
     *
     *   Speculation pays only while a pass of n tokens costs less than the tokens it yields are worth, so everything
     *   hangs on t(n). It is neither a line nor monotone: kernels change with the width, and a pass of 6 tokens can
     *   cost more than one of 8. A fitted curve averages such steps away; they are exactly what a budget should use. So
     *   t is a table with one entry a width. Hardware-aware tree sizes are the idea of Sequoia [1]; deciding by goodput
     *   at run time that of TurboSpec [2]; both fit or profile beforehand, here the table is measured where it is used.
     *
     * Measuring
     *
     *   Calibration times passes at start-up and while the engine is idle, and suggests prices. Widths that were not
     *   reached are interpolated between their neighbours, and extrapolated with the slope of the last half.
     *
     * Keeping current
     *
     *   What changes one width mostly changes all: a deeper context, another process on the machine. So t(n) is the
     *   product of a pace, which all widths share, and a shape with an entry for each. Every pass is an observation: its
     *   error moves the pace a little, and the rest of what its width is to follow moves its entry, with a rate that falls
     *   as observations gather, and rises again while none come: what was learned long ago yields to what is seen now.
     *   Of that rest, neighbours that are stale take a share, the nearer the more. Because the pace takes what is common
     *   once, a machine that slows down and recovers leaves the widths that nobody has tried in the meantime where they
     *   were, beside those that were. All work on the logarithm and clip what they see, so one stalled pass, which can
     *   take ten times its time, moves nothing by much.
     *
     *   Beyond the widths where kernels change, a pass carries a chunk of a prompt and rarely has the width of another.
     *   There one entry would be one pass and its noise; and since a budget looks for the cheapest width in reach, it
     *   would find the luckiest, and take drafts for free that are not. So wide entries are learned together.
     *
     * [1] Chen et al., Sequoia: Scalable, Robust, and Hardware-aware Speculative Decoding, arXiv 2402.12374.
     * [2] Liu et al., TurboSpec: Closed-loop Speculation Control, arXiv 2406.14066.
     */

    /** How fast the pace follows: one pass moves all widths by at most e^(0.7 · 0.04), that is 3 %. */
    private static final double PACE_RATE = 0.04;

    /** An entry's own rate, the pace's included, after many observations. */
    private static final double SLOWEST_OWN_RATE = 0.05;

    /** Errors are clipped to a factor of two. */
    private static final double CLIP = Math.log(2);

    /** Passes after which an entry's observations count half; explorations are farther apart. */
    private static final int HALF_LIFE = 24;

    /** Passes after which an entry's neighbours may move it. */
    private static final int STALE_PASSES = 64;

    /** Neighbours are at most so far away, in octaves. */
    private static final double REACH = 2;

    /** Widths above this have steps that are small beside a pass, and are learned together. */
    private static final int WIDE = 64;

    /** The first wide pass is believed by half; later ones less, down to this rate. */
    private static final double SLOWEST_WIDE_RATE = 0.07;

    /** In nanoseconds at pace 1. */
    private final double[] shape;

    private final int[] observations;
    /** Real passes. */
    private final int[] seen;

    private final long[] lastSeen;
    /** To base 2, of each width. */
    private final double[] logs;

    private double pace = 1;
    private long passes;
    private int widePasses;

    /** An empty curve for widths 1 to {@code maxTokens}; it must be given at least one {@link #set} before use. */
    CostCurve(int maxTokens) {
        shape = new double[maxTokens + 1];
        observations = new int[maxTokens + 1];
        seen = new int[maxTokens + 1];
        lastSeen = new long[maxTokens + 1];
        logs = new double[maxTokens + 1];
        for (int width = 1; width <= maxTokens; width++) {
            logs[width] = Math.log(width) / Math.log(2);
        }
    }

    /** States what a width costs, as if it had been measured once. */
    void set(int tokens, double cost) {
        shape[tokens] = cost / pace;
        observations[tokens] = 1;
        interpolate();
    }

    /**
     * A measurement off line suggests what a width costs. Real passes, where there have been some, are believed as
     * well.
     *
     * @param ratio to what one token costs, which must be known
     */
    void suggest(int tokens, double ratio) {
        double suggested = shape[1] * ratio;
        double own = seen[tokens] == 0 ? suggested : shape[tokens];
        shape[tokens] = suggested * Math.pow(own / suggested, seen[tokens] / (seen[tokens] + 1.0));
        observations[tokens] = Math.max(1, observations[tokens]);
        interpolate();
    }

    /**
     * One token was found to cost otherwise, off line; the others keep their ratios to it. Real passes know better: of
     * what they have priced nothing changes.
     */
    void restateOne(double cost) {
        if (seen[1] > 0) {
            return;
        }
        double factor = cost / nanos(1);
        for (int tokens = 1; tokens < shape.length; tokens++) {
            if (seen[tokens] == 0) {
                shape[tokens] *= factor;
            }
        }
        interpolate();
    }

    /** How many real passes of a width there have been. */
    int seen(int tokens) {
        return tokens < seen.length ? seen[tokens] : 0;
    }

    /** The expected time of a pass of {@code tokens} tokens, in nanoseconds: at least that of one, at most of so many. */
    double nanos(int tokens) {
        int width = tokens < shape.length ? tokens : shape.length - 1;
        double one = pace * shape[1];
        double own = pace * shape[width];
        double most = width * one;
        // Plain comparisons: all of it is positive, and a budget asks for every width in its reach.
        return own < one ? one : own > most ? most : own;
    }

    /** All entries. May be called by any thread: one that is just being changed is old or new. */
    PassCosts costs() {
        double[] costs = new double[shape.length];
        boolean[] measured = new boolean[shape.length];
        for (int tokens = 1; tokens < shape.length; tokens++) {
            costs[tokens] = nanos(tokens);
            measured[tokens] = isMeasured(tokens);
        }
        return new PassCosts(costs, measured);
    }

    /** The widest pass in the table. */
    int maxTokens() {
        return shape.length - 1;
    }

    /** Whether the width was ever timed. */
    boolean isMeasured(int tokens) {
        return observations[tokens] > 0;
    }

    /** A pass of {@code tokens} tokens took {@code elapsed} nanoseconds. */
    void observe(int tokens, long elapsed) {
        if (elapsed <= 0 || tokens >= shape.length) {
            return;
        }
        double error = clip(Math.log(elapsed / nanos(tokens)));
        passes++;
        seen[tokens]++;
        boolean wide = tokens > WIDE;
        int known = observations[tokens] >> Math.min(30, (passes - lastSeen[tokens]) / HALF_LIFE);
        double rate = wide
                ? Math.max(SLOWEST_WIDE_RATE, 1.0 / (1 + ++widePasses))
                : Math.max(SLOWEST_OWN_RATE, 1.0 / (known + 1));
        double rest = error * (rate - PACE_RATE);
        pace *= Math.exp(error * PACE_RATE);
        shape[tokens] *= Math.exp(rest);
        lastSeen[tokens] = passes;
        observations[tokens] = known + 1;
        if (tokens > 1) {
            moveNeighbours(tokens, rest);
        }
        if (known == 0 && !wide) {
            interpolate();
        }
    }

    /** Moves the wide neighbours of a wide pass, and the stale ones of another, by a share of a step. */
    private void moveNeighbours(int tokens, double step) {
        boolean wide = tokens > WIDE;
        int from = wide ? Math.max(WIDE + 1, tokens >> 2) : Math.max(2, tokens >> 2);
        int to = wide ? Math.min(shape.length - 1, 4 * tokens) : Math.min(maxTokens(), Math.min(WIDE, 4 * tokens));
        for (int other = from; other <= to; other++) {
            if (other != tokens && (wide || isStale(other))) {
                double share = 1 - Math.abs(logs[tokens] - logs[other]) / REACH;
                shape[other] *= Math.exp(step * Math.max(0, share));
            }
        }
    }

    private boolean isStale(int tokens) {
        return passes - lastSeen[tokens] > STALE_PASSES;
    }

    private static double clip(double error) {
        return Math.max(-CLIP, Math.min(CLIP, error));
    }

    /** Fills the widths that were never timed from those that were. */
    private void interpolate() {
        int end = widePasses == 0 ? shape.length : Math.min(shape.length, WIDE + 1); // real passes know more of the others
        int left = 0;
        for (int right = 1; right < end; right++) {
            if (observations[right] == 0) {
                continue;
            }
            for (int between = left + 1; between < right; between++) {
                double share = (double) (between - left) / (right - left);
                shape[between] = left == 0 ? shape[right] : shape[left] + share * (shape[right] - shape[left]);
            }
            left = right;
        }
        // Beyond the last measured width: the average price of a token so far, or the slope of the last half if that is
        // steeper, but never more than a pass of one token. Two neighbours alone say little, they differ by noise.
        int half = Math.max(1, left / 2);
        double slope = shape[left] / left;
        if (half < left) {
            slope = Math.max(slope * 0.25, (shape[left] - shape[half]) / (left - half));
        }
        slope = Math.min(slope, shape[1]);
        for (int beyond = left + 1; beyond < end; beyond++) {
            shape[beyond] = shape[left] + slope * (beyond - left);
        }
    }
}
