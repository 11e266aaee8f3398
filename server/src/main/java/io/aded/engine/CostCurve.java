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
     *   product of a pace, which all widths share, and a shape with an entry for each. Every pass is an observation:
     *   its error moves the pace a little and its entry a little more, with a rate that falls as observations gather,
     *   and rises again while none come: what was learned long ago yields to what is seen now. All works on the
     *   logarithm and clips what it sees, so one stalled pass, which can take ten times its time, moves nothing by
     *   much.
     *
     *   Widths that were not tried of late are believed to have changed as much as the next narrower one that was has
     *   changed against what is usual for it: a wider pass does the same work and more. So where two tokens have become
     *   cheap, three are worth a try. That is worked out anew after each pass, and never added up: each width that is
     *   tried sees the same change of the machine, and if each moved the others by it, widths that nobody tries would
     *   seem to become free where a machine slows down and recovers a few times.
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

    /** Once it has been observed twice, a pass is not believed by more than a third. */
    private static final int LEAST_KNOWN = 2;

    /** Passes after which an entry is stale: what it costs now, others tell. */
    private static final int STALE_PASSES = 64;

    /** How fast an entry's usual value follows its present one. */
    private static final double USUAL_RATE = 0.01;

    /** Wide neighbours are at most so far away, in octaves. */
    private static final double REACH = 2;

    /** Widths above this have steps that are small beside a pass, and are learned together. */
    private static final int WIDE = 64;

    /** The first wide pass is believed by half; later ones less, down to this rate. */
    private static final double SLOWEST_WIDE_RATE = 0.12;

    /** What was last found, in nanoseconds at pace 1. */
    private final double[] shape;

    /** What is usual: the same, slowly. Of the same widths as {@link #believed}. */
    private final double[] usual;

    /** What is believed now. Of widths that are not {@link #WIDE}; of the others it is what was last found. */
    private final double[] believed;

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
        usual = new double[Math.min(maxTokens, WIDE) + 1];
        believed = new double[usual.length];
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
        int real = tokens > WIDE ? widePasses : seen[tokens];
        double own = real == 0 ? suggested : shape[tokens];
        shape[tokens] = suggested * Math.pow(own / suggested, real / (real + 1.0));
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

    /** The expected time of a pass of {@code tokens} tokens, in nanoseconds: at least that of one, at most so many. */
    double nanos(int tokens) {
        int width = tokens < shape.length ? tokens : shape.length - 1;
        double one = pace * believed[1];
        double own = pace * (width > WIDE ? shape : believed)[width];
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
        double expected = nanos(tokens);
        double error = clip(Math.log(elapsed / expected));
        passes++;
        seen[tokens]++;
        boolean wide = tokens > WIDE;
        int known = observations[tokens] >> Math.min(30, (passes - lastSeen[tokens]) / HALF_LIFE);
        double rate = wide
                ? Math.max(SLOWEST_WIDE_RATE, 1.0 / (1 + ++widePasses))
                : Math.max(SLOWEST_OWN_RATE, 1.0 / (1 + Math.max(known, Math.min(observations[tokens], LEAST_KNOWN))));
        double rest = error * (rate - PACE_RATE);
        shape[tokens] = expected / pace * Math.exp(rest);
        pace *= Math.exp(error * PACE_RATE);
        lastSeen[tokens] = passes;
        observations[tokens] = known + 1;
        if (wide) {
            moveWide(tokens, rest);
            return;
        }
        usual[tokens] *= Math.pow(shape[tokens] / usual[tokens], USUAL_RATE);
        if (known == 0) {
            interpolate();
        }
        believe();
    }

    /** Moves the wide neighbours of a wide pass by a share of its step, the less the farther they are. */
    private void moveWide(int tokens, double step) {
        int to = Math.min(maxTokens(), 4 * tokens);
        for (int other = Math.max(WIDE + 1, tokens >> 2); other <= to; other++) {
            if (other != tokens) {
                double part = step * Math.max(0, 1 - Math.abs(logs[tokens] - logs[other]) / REACH);
                shape[other] *= 1 + part * (1 + part / 2); // e^part, near enough for a step
            }
        }
    }

    /** Works out what is believed of widths that are not wide. */
    private void believe() {
        double change = 1;
        believed[1] = shape[1];
        for (int width = 2; width < believed.length; width++) {
            if (isStale(width)) {
                believed[width] = shape[width] * change;
            } else {
                believed[width] = shape[width];
                change = shape[width] / usual[width];
            }
        }
    }

    /** Whether no pass of this width was played for a while. */
    boolean isOld(int tokens) {
        return tokens < lastSeen.length && passes - lastSeen[tokens] > STALE_PASSES;
    }

    private boolean isStale(int tokens) {
        return seen[tokens] == 0 || isOld(tokens);
    }

    private static double clip(double error) {
        return Math.max(-CLIP, Math.min(CLIP, error));
    }

    /** Fills the widths that were never timed from those that were; what was never tried is as usual. */
    private void interpolate() {
        int end = widePasses == 0
                ? shape.length
                : Math.min(shape.length, WIDE + 1); // real passes know more of the others
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
        for (int width = 1; width < usual.length; width++) {
            usual[width] = seen[width] == 0 ? shape[width] : usual[width];
        }
        believe();
    }
}
