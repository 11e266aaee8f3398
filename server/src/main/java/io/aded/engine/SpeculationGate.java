package io.aded.engine;

/**
 * Switches one kind of speculation off, pass by pass, where it cannot pay for the time it takes: decides whether
 * drafters are asked at all. ({@link Budget} decides how much of what they propose is verified.)
 */
final class SpeculationGate {
    /*
     * Why switch off
     *
     *   A drafter takes the host tens of microseconds a round, to draft, to read the target's best tokens and to learn,
     *   whether anything comes of it or not. Beside a pass of 40 ms that is nothing. Beside one of 2 ms that serves 32
     *   streams, whose drafters are asked one after the other, it is half as long as the pass. So where a drafter costs
     *   more than a fiftieth of a plain token, it is asked and taught only while it may pay:
     *
     *     a stream that backs off (SpeculationControl) is off;
     *     all streams are off where, by the cost curve, not even drafts that are accepted to the last token would pay.
     *
     *   A stream that is off decodes as if its caller had wished for no draft. What its drafter misses it reads when it
     *   is on again, as it reads a prompt.
     *
     * Exploration
     *
     *   Prices change, and only passes tell. So while all are off, one stream in a while drafts and verifies a token
     *   all the same; so rarely that it takes a fiftieth of the time.
     */

    /** The host's time for one stream's drafter, as a share of a plain token's time, from which on it matters. */
    private static final double COSTLY = 0.02;

    /** The least number of rounds between two explorations, as in {@link SpeculationControl}. */
    private static final int EXPLORATION_INTERVAL = 32;

    private static final double SLOWEST_RATE = 0.05;

    /** The host's time in one round, in plain tokens, is not charged beyond this: it was a stall, or code was cold. */
    private static final double LARGEST_CHARGE = 0.5;

    private static final int DEEPEST = 16;

    private final CostCurve curve;
    private double observedNanos;
    private double drafterNanos;
    private int observations;
    private double plainNanos = 1;
    private boolean costly;
    private boolean unprofitable;
    private int roundsOff;
    private long nextExploration = Long.MIN_VALUE;

    SpeculationGate(CostCurve curve) {
        this.curve = curve;
    }

    /**
     * Looks at the pass that is to come.
     *
     * @param streams that will verify, at least one
     * @param others tokens in the pass that are no roots
     * @param levelNanos what a level of drafts costs each stream at least; what was observed may be more
     */
    void begin(int streams, int others, double levelNanos) {
        plainNanos = curve.nanos(streams) / streams;
        drafterNanos = Math.max(observedNanos, levelNanos);
        costly = drafterNanos > COSTLY * plainNanos;
        unprofitable = costly && !canPay(streams, others, 1) && !canPay(streams, others, streams);
        roundsOff = unprofitable ? roundsOff + 1 : 0;
    }

    /** Whether the host's time for a drafter matters beside what a token costs in this pass. */
    boolean isCostly() {
        return costly;
    }

    /** Whether no stream's draft can pay in this pass. */
    boolean isUnprofitable() {
        return unprofitable;
    }

    /** What a token costs each stream in this pass if none drafts: its share of a pass of roots. */
    double plainNanos() {
        return plainNanos;
    }

    /** Whether a stream should verify a token against the odds although no draft can pay. */
    boolean isExplorationDue(long now) {
        return unprofitable && roundsOff >= EXPLORATION_INTERVAL && now >= nextExploration;
    }

    /** A stream explores in this pass; others need not. */
    void explores() {
        roundsOff = 0;
    }

    /** If so many of the streams had drafts that were accepted to the last token: would it be worth the time? */
    private boolean canPay(int streams, int others, int drafting) {
        int base = streams + others;
        for (int depth = 1; depth <= DEEPEST; depth *= 2) {
            int width = base + drafting * depth;
            if (width > curve.maxTokens()) {
                return false;
            }
            double extra = (curve.nanos(width) - curve.nanos(base)) / drafting;
            if (depth * plainNanos > extra + drafterNanos) {
                return true;
            }
        }
        return false;
    }

    /** A stream's drafter took {@code elapsed} nanoseconds of the host's time, the end of which is {@code now}. */
    void observe(long elapsed, boolean explored, long now) {
        observations++;
        observedNanos += Math.max(SLOWEST_RATE, 1.0 / observations) * (elapsed - observedNanos);
        if (explored) {
            nextExploration = now + (long) (elapsed / COSTLY);
        }
    }

    /** What {@code elapsed} nanoseconds of the host's time cost all streams together, in plain tokens. */
    double charge(long elapsed) {
        return Math.min(LARGEST_CHARGE, elapsed / plainNanos);
    }
}
