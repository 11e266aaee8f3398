package io.aded.engine;

import io.aded.model.DecodeOutcome;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import java.util.Arrays;
import java.util.function.LongSupplier;

/**
 * What a forward pass of n tokens costs on this machine, with this model and library: t(n).
 */
final class CostCurve {
    /*
     * Why a table
     *
     *   Speculation pays only while a pass of n tokens costs less than the tokens it yields are worth, so everything
     *   hangs on t(n). It is neither a line nor monotone: kernels change with the width, and a pass of 6 tokens can cost
     *   more than one of 8. A fitted curve averages such steps away; they are exactly what a budget should use. So t is
     *   a table with one entry a width. Hardware-aware tree sizes are the idea of Sequoia [1]; deciding by goodput at run
     *   time that of TurboSpec [2]; both fit or profile beforehand, here the table is measured where it is used.
     *
     * Measuring
     *
     *   At start-up a ladder of widths is timed, narrow ones first, over and over until the time allowed is spent; an
     *   entry keeps the smallest of its times, since noise only adds. Widths that were not reached are interpolated
     *   between their neighbours, and extrapolated with the slope of the last stretch.
     *
     * Keeping current
     *
     *   Every pass is an observation. A common factor follows what changes all widths alike (a deeper context, another
     *   process on the machine); each entry follows its own error with a rate that falls as observations gather, and
     *   rises again while none come: what was learned long ago yields to what is seen now. An observation also moves the
     *   stale entries near it. All work on the logarithm and clip what they see, so one stalled pass, which can take ten
     *   times its time, moves nothing by much.
     *
     * [1] Chen et al., Sequoia: Scalable, Robust, and Hardware-aware Speculative Decoding, arXiv 2402.12374.
     * [2] Liu et al., TurboSpec: Closed-loop Speculation Control, arXiv 2406.14066.
     */

    /** Where kernels are known to change width, and powers of two; in the order in which they are worth knowing. */
    private static final int[] LADDER = {1, 2, 4, 8, 3, 6, 5, 12, 16, 7, 9, 10, 24, 32, 14, 20, 48, 64, 17, 33, 96, 128
    };

    /** One pass moves the common factor by at most e^(0.7 · 0.03), that is 2 %. */
    private static final double COMMON_RATE = 0.03;

    /** An entry's own rate after many observations. */
    private static final double SLOWEST_OWN_RATE = 0.05;

    /** Errors are clipped to a factor of two. */
    private static final double CLIP = Math.log(2);

    /** Passes after which an entry's observations count half, and after which its neighbours may move it. */
    private static final int STALE_PASSES = 64;

    private final double[] nanos;
    private final int[] observations;
    private final long[] lastSeen;
    private long passes;
    private double common = 1;

    /** An empty curve for widths 1 to {@code maxTokens}; it must be given at least one {@link #set} before use. */
    CostCurve(int maxTokens) {
        nanos = new double[maxTokens + 1];
        observations = new int[maxTokens + 1];
        lastSeen = new long[maxTokens + 1];
    }

    /**
     * Times passes of increasing width on an empty context, and leaves it empty.
     *
     * @param allowedNanos roughly how long it may take; the ladder's first width is measured in any case
     */
    static CostCurve measure(TargetContext context, int token, long allowedNanos, LongSupplier nanoClock) {
        int widest = Math.min(context.maxBatchTokens(), context.cells());
        CostCurve curve = new CostCurve(context.maxBatchTokens());
        TokenBatch batch = new TokenBatch();
        long start = nanoClock.getAsLong();
        pass(context, batch, token, Math.min(2, widest), nanoClock); // pages in weights, wakes threads
        double[] best = new double[widest + 1];
        Arrays.fill(best, Double.POSITIVE_INFINITY);
        boolean timeLeft = true;
        for (int repeat = 0; repeat < 3 && timeLeft; repeat++) {
            for (int width : LADDER) {
                boolean known = best[1] < Double.POSITIVE_INFINITY;
                // A wide pass costs at most about its width in narrow ones; do not begin what cannot end in time.
                double left = allowedNanos - (nanoClock.getAsLong() - start);
                double guess = known ? best[1] * (0.5 + 0.25 * width) : 0;
                timeLeft = !known || left > guess;
                if (width <= widest && timeLeft) {
                    best[width] = Math.min(best[width], pass(context, batch, token, width, nanoClock));
                }
            }
        }
        context.clear();
        for (int width = 1; width <= widest; width++) {
            if (best[width] < Double.POSITIVE_INFINITY) {
                // A pass does no more work than as many passes of one token, and no less than one: the rest is noise.
                curve.set(width, Math.clamp(best[width], best[1], width * best[1]));
            }
        }
        return curve;
    }

    private static long pass(TargetContext context, TokenBatch batch, int token, int width, LongSupplier nanoClock) {
        context.clear();
        batch.clear();
        for (int i = 0; i < width; i++) {
            batch.add(token, i, 0, true);
        }
        long start = nanoClock.getAsLong();
        DecodeOutcome outcome = context.decode(batch);
        if (outcome != DecodeOutcome.DECODED) {
            throw new IllegalStateException("a pass of " + width + " tokens over an empty context ended " + outcome);
        }
        return Math.max(1, nanoClock.getAsLong() - start);
    }

    /** States what a width costs, as if it had been measured once. */
    void set(int tokens, double cost) {
        nanos[tokens] = cost;
        observations[tokens] = 1;
        interpolate();
    }

    /** The expected time of a pass of {@code tokens} tokens, in nanoseconds. */
    double nanos(int tokens) {
        return nanos[Math.min(tokens, nanos.length - 1)] * common;
    }

    /** All expected times by width. May be called by any thread: an entry that is just being changed is old or new. */
    double[] copy() {
        double[] copy = new double[nanos.length];
        for (int tokens = 1; tokens < copy.length; tokens++) {
            copy[tokens] = nanos(tokens);
        }
        return copy;
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
        passes++;
        double error = clip(Math.log(elapsed / nanos(tokens)));
        common *= Math.exp(COMMON_RATE * error);
        long halvings = Math.min(30, (passes - lastSeen[tokens]) / STALE_PASSES);
        int seen = observations[tokens] >> halvings;
        double step = error * Math.max(SLOWEST_OWN_RATE, 1.0 / (seen + 1));
        if (tokens > 1) {
            moveStale(tokens, step);
        }
        nanos[tokens] *= Math.exp(step);
        nanos[tokens] = Math.min(nanos[tokens], tokens * nanos[1]);
        lastSeen[tokens] = passes;
        observations[tokens] = seen + 1;
        if (seen == 0) {
            interpolate();
        }
    }

    /** Stale entries that are wider move along: a wider pass does the same work and more. Narrower ones only if near. */
    private void moveStale(int tokens, double step) {
        for (int other = 2; other < nanos.length; other++) {
            if (other != tokens && passes - lastSeen[other] > STALE_PASSES) {
                double doublings = Math.max(0, Math.log((double) tokens / other) / Math.log(2));
                nanos[other] *= Math.exp(step * Math.max(0, 1 - doublings));
            }
        }
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
            }
            left = right;
        }
        int previous = left - 1;
        while (previous > 0 && observations[previous] == 0) {
            previous--;
        }
        // Beyond the last measured width: the average price of a token so far, or the last slope if that is steeper.
        double slope = nanos[left] / left;
        if (previous > 0) {
            slope = Math.max(slope * 0.25, (nanos[left] - nanos[previous]) / (left - previous));
        }
        for (int beyond = left + 1; beyond < nanos.length; beyond++) {
            nanos[beyond] = nanos[left] + slope * (beyond - left);
        }
    }
}
