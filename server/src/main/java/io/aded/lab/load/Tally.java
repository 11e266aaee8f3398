package io.aded.lab.load;

import io.aded.lab.report.Interval;
import io.aded.lab.report.Statistics;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.HdrHistogram.Histogram;

/** What one mode did. Calls may be added by many threads; it is read when the run is over. */
final class Tally {
    /*
     * Memory does not grow with the number of calls: times go into histograms of three digits, in microseconds, and all
     * else into sums.
     */

    /** What is longer counts as this: four hours. */
    private static final long LONGEST_MICROS = 4 * 3_600_000_000L;

    /** Decimal digits to which times are told apart. */
    private static final int DIGITS = 3;

    private final LoadMode mode;
    private final Object lock = new Object();
    private final Map<Measure, Histogram> times = new EnumMap<>(Measure.class);
    private final Map<String, Integer> failures = new TreeMap<>();
    private final Map<String, String> reasons = new TreeMap<>();
    private final List<Block> blocks = new ArrayList<>();
    private int answered;
    private int rejected;
    private int failed;
    private int interrupted;
    private int heldBack;
    private long longestHoldNanos;
    private int unstarted;
    private long tokens;
    private long promptTokens;
    private long cachedTokens;
    private long rounds;
    private long roundTokens;
    private long draftRounds;
    private long draftRoundsAccepted;
    private long draftTokens;
    private long acceptedTokens;
    private long passNanos;
    private long hostNanos;
    private int unhealthy;
    private final AttackLog attacks = new AttackLog();

    Tally(LoadMode mode) {
        this.mode = mode;
        for (Measure measure : Measure.values()) {
            times.put(measure, new Histogram(1, LONGEST_MICROS, DIGITS));
        }
    }

    /**
     * One block's throughput.
     *
     * @param answered calls
     * @param tokens that came with them
     * @param nanos from the block's start to its last call's end
     * @param steadyTokens that came while the load was full
     * @param steadyNanos how long that was: until the first caller had nothing more to ask, or the last arrival
     */
    record Block(int answered, long tokens, long nanos, long steadyTokens, long steadyNanos) {}

    LoadMode mode() {
        return mode;
    }

    /**
     * Adds a call.
     *
     * @param intended when it was to begin
     * @param sent when it began
     * @param ended when it was over
     * @param stopped whether the run was being stopped, so that a failure says nothing about the server
     */
    void add(long intended, long sent, long ended, Timeline timeline, Reply reply, boolean stopped) {
        synchronized (lock) {
            switch (reply) {
                case Reply.Answered(Reply.Usage usage) -> {
                    answered++;
                    tokens += usage.tokens() >= 0 ? usage.tokens() : timeline.totalTokens();
                    times(intended, sent, ended, timeline);
                    usage(usage, timeline);
                }
                case Reply.Failed failure
                when stopped -> {
                    interrupted++;
                    tokens += timeline.totalTokens();
                }
                case Reply.Failed(String status, boolean refused, String said) -> {
                    rejected += refused ? 1 : 0;
                    failed += refused ? 0 : 1;
                    failures.merge(status, 1, Integer::sum);
                    if (!said.isEmpty()) {
                        reasons.putIfAbsent(status, said);
                    }
                }
            }
        }
    }

    private void times(long intended, long sent, long ended, Timeline timeline) {
        record(Measure.WHOLE, ended - intended, 1);
        if (mode.arrivals() instanceof Arrivals.Open) {
            record(Measure.START_DELAY, sent - intended, 1);
        }
        for (int i = 0; i < timeline.messages(); i++) {
            if (i == 0) {
                record(Measure.FIRST_TOKEN, timeline.time(0) - intended, 1);
            } else {
                long pause = timeline.time(i) - timeline.time(i - 1);
                record(Measure.PAUSE, pause, 1);
                record(Measure.INTER_TOKEN, pause / timeline.tokens(i), timeline.tokens(i));
            }
        }
    }

    private void usage(Reply.Usage usage, Timeline timeline) {
        promptTokens += Math.max(0, usage.promptTokens());
        cachedTokens += Math.max(0, usage.cachedTokens());
        if (usage.queueNanos() >= 0) {
            record(Measure.QUEUE, usage.queueNanos(), 1);
        }
        if (usage.rounds() > 0) {
            rounds += usage.rounds();
            roundTokens += usage.tokens() >= 0 ? usage.tokens() : timeline.totalTokens();
        }
        if (usage.draftRounds() > 0) {
            draftRounds += usage.draftRounds();
            draftRoundsAccepted += usage.acceptedTokens();
        }
        draftTokens += Math.max(0, usage.draftTokens());
        acceptedTokens += Math.max(0, usage.acceptedTokens());
        passNanos += Math.max(0, usage.passNanos());
        hostNanos += Math.max(0, usage.hostNanos());
    }

    private void record(Measure measure, long nanos, int count) {
        Histogram histogram = times.get(measure);
        if (histogram != null) {
            histogram.recordValueWithCount(Math.clamp(nanos / 1000, 0, LONGEST_MICROS), count);
        }
    }

    /** The server was asked for its health. */
    void health(long nanos, boolean healthy) {
        synchronized (lock) {
            record(Measure.HEALTH, nanos, 1);
            unhealthy += healthy ? 0 : 1;
        }
    }

    /** An arrival had to wait, because as many calls as allowed were outstanding. */
    void heldBack(long nanos) {
        synchronized (lock) {
            heldBack++;
            longestHoldNanos = Math.max(longestHoldNanos, nanos);
        }
    }

    /** Arrivals were due, but the time was up before they could begin. */
    void unstarted(int arrivals) {
        synchronized (lock) {
            unstarted += arrivals;
        }
    }

    /** Ends a block; what was added since the last one belongs to it. */
    void endBlock(long nanos, long steadyTokens, long steadyNanos) {
        synchronized (lock) {
            int before = 0;
            long tokensBefore = 0;
            for (Block block : blocks) {
                before += block.answered();
                tokensBefore += block.tokens();
            }
            blocks.add(new Block(answered - before, tokens - tokensBefore, nanos, steadyTokens, steadyNanos));
        }
    }

    // --- what came out

    List<Block> blocks() {
        return blocks;
    }

    int answered() {
        return answered;
    }

    int rejected() {
        return rejected;
    }

    int failed() {
        return failed;
    }

    int interrupted() {
        return interrupted;
    }

    /** All that ended without an answer, by status; the rejected ones among them. */
    Map<String, Integer> failures() {
        return failures;
    }

    /** For each status the server's words when it came first, if there were any. */
    Map<String, String> reasons() {
        return reasons;
    }

    int heldBack() {
        return heldBack;
    }

    long longestHoldNanos() {
        return longestHoldNanos;
    }

    int unstarted() {
        return unstarted;
    }

    /** Health checks that were not answered, or by something else than that it serves. */
    int unhealthy() {
        return unhealthy;
    }

    /** What those did who meant harm. */
    AttackLog attacks() {
        return attacks;
    }

    long tokens() {
        return tokens;
    }

    long promptTokens() {
        return promptTokens;
    }

    long cachedTokens() {
        return cachedTokens;
    }

    long draftTokens() {
        return draftTokens;
    }

    long acceptedTokens() {
        return acceptedTokens;
    }

    long rounds() {
        return rounds;
    }

    /** Tokens per round that had a draft; NaN if there was none or nobody tells. */
    double meanAcceptanceLength() {
        return draftRounds == 0 ? Double.NaN : 1 + (double) draftRoundsAccepted / draftRounds;
    }

    /** Tokens per forward pass of a stream; NaN if nobody tells. */
    double tokensPerPass() {
        return rounds == 0 ? Double.NaN : (double) roundTokens / rounds;
    }

    /** Of the rounds' time, the share outside of forward passes, in [0, 1]; NaN if nobody tells. */
    double hostShare() {
        return passNanos == 0 ? Double.NaN : (double) hostNanos / (hostNanos + passNanos);
    }

    /** Seconds outside of the forward pass in a round as its streams saw it; NaN if nobody tells. */
    double hostSecondsPerRound() {
        return passNanos == 0 ? Double.NaN : hostNanos / 1e9 / rounds;
    }

    /** Seconds of the forward pass in a round as its streams saw it; NaN if nobody tells. */
    double passSecondsPerRound() {
        return passNanos == 0 ? Double.NaN : passNanos / 1e9 / rounds;
    }

    double tokensPerSecond() {
        return rate(Block::tokens, Block::nanos);
    }

    double steadyTokensPerSecond() {
        return rate(Block::steadyTokens, Block::steadyNanos);
    }

    double callsPerSecond() {
        return rate(Block::answered, Block::nanos);
    }

    private double rate(ToLongFunction<Block> amount, ToLongFunction<Block> nanos) {
        return blocks.stream().mapToLong(amount).sum()
                / (blocks.stream().mapToLong(nanos).sum() / 1e9);
    }

    /** The times of a kind, in microseconds. */
    Histogram times(Measure measure) {
        Histogram histogram = times.get(measure);
        if (histogram == null) {
            throw new IllegalStateException(measure + " is not measured");
        }
        return histogram;
    }

    /**
     * This mode's throughput over another's: all tokens over all time, with a bootstrap over blocks, since only calls
     * of the same block met the same machine.
     */
    Interval against(Tally other, long seed) {
        int pairs = Math.min(blocks.size(), other.blocks.size());
        ToDoubleFunction<int[]> ratio = picks -> {
            double ours = 0;
            double ourNanos = 0;
            double theirs = 0;
            double theirNanos = 0;
            for (int pick : picks) {
                ours += blocks.get(pick).tokens();
                ourNanos += blocks.get(pick).nanos();
                theirs += other.blocks.get(pick).tokens();
                theirNanos += other.blocks.get(pick).nanos();
            }
            return ours / ourNanos / (theirs / theirNanos);
        };
        return Statistics.bootstrap(pairs, seed, ratio);
    }
}
