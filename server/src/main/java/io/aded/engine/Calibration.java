package io.aded.engine;

import io.aded.model.DecodeOutcome;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import io.aded.model.TopTokens;
import java.util.Arrays;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Measures what passes of each width cost before real passes tell: the widths that matter most while the engine starts,
 * the others, and all of them again, while nobody waits.
 */
final class Calibration {
    /*
     * Why not all at once
     *
     *   A start should take a moment. In that moment a big model on a few cores can time no more than a handful of
     *   passes, each of them once. But a budget is only as good as its prices: one stalled pass, and a width that pays
     *   is never tried again. So the start measures the widths at which kernels are known to be efficient, and
     *   the engine, whenever it has nothing to do, plays one more pass of the plan. A caller who comes in between
     *   aborts the pass, which is played again later.
     *
     * What is kept
     *
     *   The median of a width's times over the median time of one token, and how far off it may be, from how much times
     *   of the same width differ. Times over times of the same sweep do not care how busy the machine was, and a median
     *   does not care for one stall. A width that real passes have priced often is theirs. The time of one token is the
     *   median of its own times: a first pass that another process held up for ten times as long would else stand until
     *   real passes come.
     *
     * First touch
     *
     *   The first wide pass pays for memory that is touched for the first time and for threads that wake up: on one
     *   machine 2.5 times its price. So the widest pass of the start is played once before any is timed.
     *
     * What was found earlier
     *
     *   A machine that is busy while the engine starts has every pass of that moment take too long, and not all alike.
     *   Where somebody measured at leisure before, such as to choose the fastest format, that is weighed against it:
     *   on a quiet machine the start is believed, on a noisy one the earlier times are.
     *
     * Rows are read, too
     *
     *   Nobody needs what these passes compute. But to read a row is the longest loop outside of the passes: some ten
     *   thousand logits for every token. Read here, off the clock, it is compiled before the first answer instead of
     *   in it, where its first rows were half of the host's time. One row a pass is enough: as streams read it, and as
     *   drafters do.
     */

    /**
     * Multiples of four and powers of two are where kernels' tiles are full; in the order in which they are worth
     * knowing.
     */
    private static final int[] FIRST = {1, 2, 4, 8, 3, 12, 6, 16};

    private static final int[] ALL = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 20, 24, 28, 32, 40, 48, 64
    };

    /** Every width is timed this often; more often, up to the second number, while that takes hardly any time. */
    private static final int LEAST_SWEEPS = 3;

    private static final int MOST_SWEEPS = 15;

    /** When sweeps begin to take time, in all, while the engine is idle. */
    private static final long CHEAP_NANOS = 2_000_000_000L;

    /** Not every backend can abort a pass; no caller should have to wait longer for one that serves nobody. */
    private static final double LONGEST_IDLE_PASS = 300e6;

    /** What scatter counts as with a single error, before any width was timed twice. */
    private static final double UNKNOWN_SCATTER = 1e-3;

    private static final double LEAST_SCATTER = 1e-6;

    /** A single error counts no more than this, a factor of two: it is a stall. */
    private static final double MOST_SCATTER = Math.log(2);

    /** How far earlier ratios may be off by now: the variance of their logarithms, for a tenth. */
    private static final double EARLIER_VARIANCE = 0.01;

    /** Real passes of a width that outweigh what was measured here. */
    private static final int ENOUGH_SEEN = 6;

    private final TargetContext context;
    private final int token;
    private final LongSupplier clock;
    private final CostCurve curve;
    private final TokenBatch batch = new TokenBatch();
    private final TopTokens top = new TopTokens(Pass.TAUGHT_TOKENS, TopTokens.Mass.SAMPLED);
    private final int widest;

    /** Logarithms of earlier ratios to one token, by width; NaN where there is none. */
    private final double[] earlier;

    private final long[][] times;
    private final int[] timed;
    private final long[] sorted = new long[MOST_SWEEPS];

    /** Where the idle plan stands: sweep · widths + width. */
    private int next;

    private long idleNanos;

    private long elapsed;

    private Calibration(TargetContext context, int token, @Nullable PassCosts costs, LongSupplier clock) {
        this.context = context;
        this.token = token;
        this.clock = clock;
        widest = Math.min(context.maxBatchTokens(), context.cells());
        curve = new CostCurve(context.maxBatchTokens());
        times = new long[Math.min(widest, ALL[ALL.length - 1]) + 1][MOST_SWEEPS];
        timed = new int[times.length];
        earlier = new double[times.length];
        Arrays.fill(earlier, Double.NaN);
        if (costs != null) {
            double[] nanos = costs.nanos();
            for (int width = 1; width < Math.min(earlier.length, nanos.length); width++) {
                earlier[width] = costs.measured()[width] ? Math.log(ratio(width, nanos[width], nanos[1])) : Double.NaN;
            }
        }
    }

    /**
     * Measures for a moment over an empty context, and leaves it empty.
     *
     * @param token any token of the vocabulary
     * @param earlier what passes were found to cost some other time, with element 1; null if that is not known
     * @param allowedNanos roughly how long it may take; one token is timed in any case
     */
    static Calibration start(
            TargetContext context, int token, @Nullable PassCosts earlier, long allowedNanos, LongSupplier nanoClock) {
        Calibration calibration = new Calibration(context, token, earlier, nanoClock);
        calibration.measure(allowedNanos);
        return calibration;
    }

    private void measure(long allowedNanos) {
        long end = clock.getAsLong() + allowedNanos;
        pass(Math.min(2, widest), 0); // pages in weights, wakes threads
        time(1, 0);
        for (int width : ALL) {
            if (width > 1 && width < earlier.length && !Double.isNaN(earlier[width])) {
                curve.suggest(width, Math.exp(earlier[width]), EARLIER_VARIANCE);
            }
        }
        int touched = 1;
        for (int width : FIRST) {
            // Wide passes cost at most about their width in narrow ones: a quarter of the time is for touching.
            if (width <= widest && width * curve.nanos(1) < allowedNanos * 0.5) {
                touched = Math.max(touched, width);
            }
        }
        pass(touched, 0);
        for (int sweep = 0; sweep < LEAST_SWEEPS; sweep++) {
            for (int width : FIRST) {
                boolean fits = width <= widest && (width == 1 || curve.nanos(width) < end - clock.getAsLong());
                if (fits && timed[width] <= sweep) {
                    time(width, 0);
                }
            }
        }
        context.clear();
    }

    /** The curve that is being measured; real passes add to it. */
    CostCurve curve() {
        return curve;
    }

    /** Whether there is something left to measure while the engine is idle. */
    boolean isPending() {
        return nextUnknown() < sweeps() * ALL.length;
    }

    private int sweeps() {
        return idleNanos < CHEAP_NANOS ? MOST_SWEEPS : LEAST_SWEEPS;
    }

    /**
     * Plays the next pass of the plan. Does nothing if {@link #isPending} is false.
     *
     * @param sequence an id that no one uses; its cells are given back
     * @param freeCells cells that the pass may take
     */
    void measureNext(int sequence, int freeCells) {
        next = nextUnknown();
        if (next >= sweeps() * ALL.length) {
            return;
        }
        int width = ALL[next % ALL.length];
        if (width > freeCells) {
            next++;
            return;
        }
        long start = clock.getAsLong();
        DecodeOutcome outcome = time(width, sequence);
        idleNanos += clock.getAsLong() - start;
        if (outcome != DecodeOutcome.ABORTED) {
            next++;
        }
    }

    /** Where the plan goes on: the next width, as {@link #next}, that is not known well enough and not too slow. */
    private int nextUnknown() {
        int at = next;
        while (at < sweeps() * ALL.length && !isWorthMeasuring(ALL[at % ALL.length], at / ALL.length)) {
            at++;
        }
        return at;
    }

    private boolean isWorthMeasuring(int width, int sweep) {
        return width < times.length
                && (width == 1 || (timed[width] <= sweep && curve.seen(width) < ENOUGH_SEEN))
                && curve.nanos(width) <= Math.max(LONGEST_IDLE_PASS, 2 * curve.nanos(1));
    }

    private DecodeOutcome time(int width, int sequence) {
        DecodeOutcome outcome = pass(width, sequence);
        if (outcome == DecodeOutcome.DECODED) {
            record(width);
        }
        return outcome;
    }

    private void record(int width) {
        times[width][timed[width] % MOST_SWEEPS] = elapsed;
        timed[width]++;
        if (width == 1) {
            if (!curve.isMeasured(1)) {
                curve.set(1, elapsed);
            } else {
                curve.restateOne(median(1));
            }
            return;
        }
        double log = Math.log(ratio(width, median(width), median(1)));
        double scatter = scatter();
        double variance = scatter / Math.min(timed[width], MOST_SWEEPS) + scatter / Math.min(timed[1], MOST_SWEEPS);
        if (!Double.isNaN(earlier[width])) {
            double trust = variance / (variance + EARLIER_VARIANCE);
            log += trust * (earlier[width] - log);
            variance = trust * EARLIER_VARIANCE;
        }
        curve.suggest(width, Math.exp(log), variance);
    }

    /** A pass does no more work than as many passes of one token, and no less than one: the rest is noise. */
    private static double ratio(int width, double nanos, double one) {
        return Math.clamp(nanos / one, 1, width);
    }

    /** The variance of the logarithm of a pass's time, of the same width: all widths together. */
    private double scatter() {
        double sum = UNKNOWN_SCATTER;
        int count = 1;
        for (int width = 1; width < times.length; width++) {
            int kept = Math.min(timed[width], MOST_SWEEPS);
            if (kept > 1) {
                double middle = median(width);
                for (int i = 0; i < kept; i++) {
                    double error = Math.clamp(Math.log(times[width][i] / middle), -MOST_SCATTER, MOST_SCATTER);
                    sum += error * error;
                }
                count += kept - 1;
            }
        }
        return Math.max(LEAST_SCATTER, sum / count);
    }

    private long median(int width) {
        int count = Math.min(timed[width], MOST_SWEEPS);
        System.arraycopy(times[width], 0, sorted, 0, count);
        Arrays.sort(sorted, 0, count);
        return count % 2 == 1 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
    }

    /** Plays a pass and takes it back; {@link #elapsed} is its time. */
    private DecodeOutcome pass(int width, int sequence) {
        batch.clear();
        for (int i = 0; i < width; i++) {
            batch.add(token, i, sequence, true);
        }
        long start = clock.getAsLong();
        DecodeOutcome outcome = context.decode(batch);
        elapsed = Math.max(1, clock.getAsLong() - start);
        if (outcome == DecodeOutcome.DECODED) {
            context.bestToken(width - 1);
            context.topTokens(width - 1, top);
        }
        context.removeTokens(sequence, 0, -1);
        return outcome;
    }
}
