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
     *     all streams are off where, by the cost curve, not even drafts that are accepted to the last token would pay;
     *     a stream that has gained nothing itself is off while the streams together lose.
     *
     *   The last is for callers who come and go: each stream would find out for itself that drafts do not pay, and
     *   until it backs off it has paid for that. So what a round with a drafter gained or lost is averaged over all
     *   streams. While the average is a loss, those that try all the same get eight thousandths of the time, together.
     *
     *   A stream that is off decodes as if its caller had wished for no draft. What its drafter misses it reads when it
     *   is on again, as it reads a prompt.
     *
     * Exploration
     *
     *   Prices change, and only passes tell. So while all are off, one stream in a while drafts and verifies a token
     *   all the same; so rarely that it takes a four-hundredth of the time: a stream that is new makes a drafter and
     *   has it read the prompt only for this, and the memory and the code that this takes are not on its bill.
     */

    /** The host's time for one stream's drafter, as a share of a plain token's time, from which on it matters. */
    private static final double COSTLY = 0.02;

    /** The same share, from which on streams that lose by it together are off; and the share of time to try again. */
    private static final double NOTICEABLE = 0.004;

    private static final double TRYING = 0.008;

    /** The share of time that explorations take. */
    private static final double EXPLORING = 0.0025;

    /** The least number of rounds between two explorations, as in {@link SpeculationControl}. */
    private static final int EXPLORATION_INTERVAL = 32;

    private static final double SLOWEST_RATE = 0.05;

    /**
     * The host's time in one round is not charged, nor believed to be usual, beyond this, in plain tokens or, where it
     * is more than that as a rule, in times what is usual: it was a stall, or code was cold.
     */
    private static final double LARGEST_CHARGE = 0.5;

    private static final double MOST_OF_USUAL = 2;

    /**
     * Drafts whose time is not counted at all: the first of a process loads and interprets the code of all that come
     * after it, and takes as long as several passes; whoever takes that for usual does without drafts for minutes.
     */
    private static final int COLD = 8;

    /** The average gain is over so many rounds; it starts as if so many had neither gained nor lost. */
    private static final int GAIN_ROUNDS = 64;

    private static final int GAIN_PRIOR = 32;

    /** Passes for which the time of streams that try against the average is saved up, at most. */
    private static final double MOST_CREDIT = 32 * TRYING;

    /** What a try may overdraw the time for tries, in plain tokens. */
    private static final double DEEPEST_DEBT = 8;

    private static final int DEEPEST = 16;

    /** Passes of one shape that are not looked at anew while no draft can pay: looking takes its time as well. */
    private static final int MOST_UNASKED = 7;

    private final CostCurve curve;
    private double observedNanos;
    private double drafterNanos;
    private int observations;
    private double plainNanos = 1;
    private boolean costly;
    private boolean unprofitable;
    private int roundsOff;
    private int passesUnasked;
    private int lastStreams;
    private int lastOthers;
    private long nextExploration = Long.MIN_VALUE;

    /** What a round with a drafter gained lately, in plain tokens. */
    private double gain;

    private int gains = GAIN_PRIOR;

    /** The host's time that streams may take which try against the average. */
    private double creditNanos;

    private double pledgedNanos;

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
        unprofitable =
                costly && (stands(streams, others) || !canPay(streams, others, 1) && !canPay(streams, others, streams));
        roundsOff = unprofitable ? roundsOff + 1 : 0;
        double passNanos = curve.nanos(streams);
        creditNanos = Math.min(creditNanos + TRYING * passNanos, MOST_CREDIT * passNanos);
        pledgedNanos = 0;
    }

    /** Whether what was found of the last pass, that no draft can pay, may be taken to hold for this one as well. */
    private boolean stands(int streams, int others) {
        boolean holds = unprofitable && passesUnasked < MOST_UNASKED && streams == lastStreams && others == lastOthers;
        passesUnasked = holds ? passesUnasked + 1 : 0;
        lastStreams = streams;
        lastOthers = others;
        return holds;
    }

    /** Whether the host's time for a drafter matters beside what a token costs in this pass. */
    boolean isCostly() {
        return costly;
    }

    /** Whether no stream's draft can pay in this pass. */
    boolean isUnprofitable() {
        return unprofitable;
    }

    /** Whether the streams that draft have lost by it lately, all together. */
    boolean isLosing() {
        return drafterNanos > NOTICEABLE * plainNanos && gain < 0;
    }

    /** Whether one more stream may try in this pass although drafts are a loss on average; its time is taken then. */
    boolean mayTry() {
        if (creditNanos <= pledgedNanos) {
            return false;
        }
        pledgedNanos += Math.max(1, observedNanos);
        return true;
    }

    /** A round that had its drafter gained so many plain tokens, or lost them, the host's time included. */
    void gained(double tokens) {
        gains = Math.min(GAIN_ROUNDS, gains + 1);
        gain += (tokens - gain) / gains;
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
            if (depth * plainNanos <= drafterNanos) {
                continue; // whatever the pass costs
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
        if (observations > COLD) {
            double believed = Math.min(elapsed, largest());
            if (isLosing()) {
                creditNanos = Math.max(-DEEPEST_DEBT * plainNanos, creditNanos - believed);
            }
            observedNanos += Math.max(SLOWEST_RATE, 1.0 / (observations - COLD)) * (believed - observedNanos);
        }
        if (explored) {
            nextExploration = now + (long) (elapsed / EXPLORING);
        }
    }

    /** What {@code elapsed} nanoseconds of the host's time cost all streams together, in plain tokens. */
    double charge(long elapsed) {
        return observations <= COLD ? 0 : Math.min(largest(), elapsed) / plainNanos;
    }

    private double largest() {
        return Math.max(LARGEST_CHARGE * plainNanos, MOST_OF_USUAL * observedNanos);
    }
}
