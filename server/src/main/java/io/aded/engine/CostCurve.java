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
     *   Every pass is an observation. Its width's entry follows its own error, with a rate that falls as observations
     *   gather, and rises again while none come: what was learned long ago yields to what is seen now. All other
     *   entries follow a little, since what changes one width mostly changes all (a deeper context, another process on
     *   the machine); stale ones that are near or wider follow as fast as the entry itself, though never far from what
     *   they were last found to be. All work on the logarithm and clip what they see, so one stalled pass, which can
     *   take ten times its time, moves nothing by much.
     *
     *   Tables are wide, a pass can take microseconds, and nobody asks for most widths. So only those near the pass's
     *   own are moved at once. What the others are to move by is added up, and moved by when one of them is asked for,
     *   or after a few passes.
     *
     * [1] Chen et al., Sequoia: Scalable, Robust, and Hardware-aware Speculative Decoding, arXiv 2402.12374.
     * [2] Liu et al., TurboSpec: Closed-loop Speculation Control, arXiv 2406.14066.
     */

    /** One pass moves other widths by at most e^(0.7 · 0.03), that is 2 %. */
    private static final double COMMON_RATE = 0.03;

    /** An entry's own rate after many observations. */
    private static final double SLOWEST_OWN_RATE = 0.05;

    /** Noise only adds: a pass that took less than 70 % of what was believed is believed at once, by half. */
    private static final double MUCH_CHEAPER = Math.log(0.7);

    private static final double CHEAPER_RATE = 0.5;

    /** Errors are clipped to a factor of two. */
    private static final double CLIP = Math.log(2);

    /** Passes after which an entry's observations count half, and after which others may move it. */
    private static final int STALE_PASSES = 64;

    /** How far others move an entry away from what it was last found to be: down to an eighth, up to twice that. */
    private static final double FARTHEST_DOWN = 0.125;

    private static final double FARTHEST_UP = 2;

    /** Widths up to this, and twice the pass's own at least, are moved by every pass; the others after so many. */
    private static final int NEAR = 64;

    private static final int MOST_PENDING = 16;

    private final double[] nanos;
    /** What an entry was last found to be; else its own value. */
    private final double[] found;

    private final int[] observations;
    /** Real passes. */
    private final int[] seen;

    private final long[] lastSeen;
    /** To base 2, of each width. */
    private final double[] logs;

    private long passes;

    // What widths from here on are still to move by: the logarithms, if stale and if not, of so many passes.
    private int pendingFrom = Integer.MAX_VALUE;
    private int pending;
    private double pendingCommon;
    private double pendingWhole;

    /** An empty curve for widths 1 to {@code maxTokens}; it must be given at least one {@link #set} before use. */
    CostCurve(int maxTokens) {
        nanos = new double[maxTokens + 1];
        found = new double[maxTokens + 1];
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
        moveFar();
        nanos[tokens] = cost;
        found[tokens] = cost;
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
        moveFar();
        double suggested = nanos[1] * ratio;
        double own = seen[tokens] == 0 ? suggested : nanos[tokens];
        nanos[tokens] = suggested * Math.pow(own / suggested, seen[tokens] / (seen[tokens] + 1.0));
        found[tokens] = nanos[tokens];
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
        moveFar();
        double factor = cost / nanos[1];
        for (int tokens = 1; tokens < nanos.length; tokens++) {
            if (seen[tokens] == 0) {
                nanos[tokens] *= factor;
                found[tokens] *= factor;
            }
        }
        interpolate();
    }

    /** How many real passes of a width there have been. */
    int seen(int tokens) {
        return tokens < seen.length ? seen[tokens] : 0;
    }

    /** The expected time of a pass of {@code tokens} tokens, in nanoseconds. */
    double nanos(int tokens) {
        if (tokens >= pendingFrom) {
            moveFar();
        }
        return nanos[Math.min(tokens, nanos.length - 1)];
    }

    /** All entries. May be called by any thread: one that is just being changed is old or new. */
    PassCosts costs() {
        boolean[] measured = new boolean[nanos.length];
        for (int tokens = 1; tokens < nanos.length; tokens++) {
            measured[tokens] = isMeasured(tokens);
        }
        return new PassCosts(nanos.clone(), measured);
    }

    /** The widest pass in the table. */
    int maxTokens() {
        return nanos.length - 1;
    }

    /** Whether the width was ever timed. */
    boolean isMeasured(int tokens) {
        return observations[tokens] > 0;
    }

    /** A pass of {@code tokens} tokens took {@code elapsed} nanoseconds. */
    void observe(int tokens, long elapsed) {
        if (elapsed <= 0 || tokens >= nanos.length) {
            return;
        }
        double error = clip(Math.log(elapsed / nanos(tokens)));
        passes++;
        seen[tokens]++;
        long halvings = Math.min(30, (passes - lastSeen[tokens]) / STALE_PASSES);
        int known = observations[tokens] >> halvings;
        double rate = Math.max(error < MUCH_CHEAPER ? CHEAPER_RATE : SLOWEST_OWN_RATE, 1.0 / (known + 1));
        double step = error * rate;
        moveOthers(tokens, error * COMMON_RATE, step);
        nanos[tokens] *= Math.exp(step);
        nanos[tokens] = Math.min(nanos[tokens], tokens * nanos[1]);
        found[tokens] = nanos[tokens];
        lastSeen[tokens] = passes;
        observations[tokens] = known + 1;
        if (known == 0) {
            moveFar();
            interpolate();
        }
    }

    /**
     * Moves all entries but one a little, and stale ones by a whole step: those that are wider, since a wider pass does
     * the same work and more, and narrower ones the more the nearer they are, down to half the width.
     */
    private void moveOthers(int tokens, double commonStep, double step) {
        double common = Math.exp(commonStep);
        double whole = tokens == 1 ? common : Math.exp(step);
        int half = tokens / 2;
        for (int narrower = 1; narrower < tokens; narrower++) {
            boolean near = narrower > half && narrower > 1 && isStale(narrower);
            move(narrower, near ? Math.exp(step * (1 - logs[tokens] + logs[narrower])) : common);
        }
        int far = Math.min(nanos.length, 1 + Math.max(NEAR, 4 * Integer.highestOneBit(tokens)));
        if (far != pendingFrom) {
            moveFar(); // each of those that wait has the same to move by
        }
        moveWider(tokens + 1, far, common, whole);
        if (far < nanos.length) {
            pendingFrom = far;
            pendingCommon += commonStep;
            pendingWhole += tokens == 1 ? commonStep : step;
            if (++pending == MOST_PENDING) {
                moveFar();
            }
        }
    }

    private void moveWider(int from, int to, double common, double whole) {
        for (int wider = from; wider < to; wider++) {
            move(wider, isStale(wider) ? whole : common);
        }
    }

    /** Moves the entries that passes of late left for later. */
    private void moveFar() {
        if (pending > 0) {
            moveWider(pendingFrom, nanos.length, Math.exp(pendingCommon), Math.exp(pendingWhole));
            pendingFrom = Integer.MAX_VALUE;
            pending = 0;
            pendingCommon = 0;
            pendingWhole = 0;
        }
    }

    /** By so much and no farther: thousands of small steps without a look at the entry itself would lead anywhere. */
    private void move(int tokens, double factor) {
        double least = found[tokens] * FARTHEST_DOWN;
        double most = found[tokens] * FARTHEST_UP;
        // Plain comparisons: all of it is positive, and this is done for a hundred widths a pass.
        if (tokens > 1) {
            double one = nanos[1];
            least = least < one ? one : least;
            most = most > tokens * one ? tokens * one : most;
            most = most < least ? least : most;
        }
        double moved = nanos[tokens] * factor;
        nanos[tokens] = moved < least ? least : moved > most ? most : moved;
    }

    private boolean isStale(int tokens) {
        return passes - lastSeen[tokens] > STALE_PASSES;
    }

    private static double clip(double error) {
        return Math.max(-CLIP, Math.min(CLIP, error));
    }

    /** Fills the widths that were never timed from those that were. */
    private void interpolate() {
        int left = 0;
        for (int right = 1; right < nanos.length; right++) {
            if (observations[right] == 0) {
                continue;
            }
            for (int between = left + 1; between < right; between++) {
                double share = (double) (between - left) / (right - left);
                nanos[between] = left == 0 ? nanos[right] : nanos[left] + share * (nanos[right] - nanos[left]);
                found[between] = nanos[between];
            }
            left = right;
        }
        // Beyond the last measured width: the average price of a token so far, or the slope of the last half if that is
        // steeper, but never more than a pass of one token. Two neighbours alone say little, they differ by noise.
        int half = Math.max(1, left / 2);
        double slope = nanos[left] / left;
        if (half < left) {
            slope = Math.max(slope * 0.25, (nanos[left] - nanos[half]) / (left - half));
        }
        slope = Math.min(slope, nanos[1]);
        for (int beyond = left + 1; beyond < nanos.length; beyond++) {
            nanos[beyond] = nanos[left] + slope * (beyond - left);
            found[beyond] = nanos[beyond];
        }
    }
}
