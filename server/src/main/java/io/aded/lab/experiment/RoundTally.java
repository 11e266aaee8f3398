package io.aded.lab.experiment;

import io.aded.draft.ArmPlay;
import io.aded.engine.RoundReport;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * Sums over the rounds of one answer, or of many. Counts of the answer's first round, which ends the prefill, are kept
 * with the others; its times are not.
 */
final class RoundTally {
    /** Estimates are binned by tenths. */
    static final int BINS = 10;

    private static final int DEPTHS = 65;

    long rounds;
    long draftRounds;
    long draftNodes;
    long acceptedNodes;
    double expectedNodes;

    /** Accepted nodes that were text about which a grammar left no choice. */
    long forcedNodes;

    long draftNanos;
    long passNanos;

    /** Element i: rounds that accepted i draft tokens, those without a draft included. */
    final long[] histogram = new long[DEPTHS];

    /** Element d: rounds whose tree reached depth d. */
    final long[] offered = new long[DEPTHS];

    /** Element d: rounds that accepted a node at depth d. */
    final long[] accepted = new long[DEPTHS];

    final long[] binNodes = new long[BINS];
    final double[] binExpected = new double[BINS];
    final long[] binAccepted = new long[BINS];

    /** The passes that were timed, in order: how many tokens each took, and how long. */
    private int[] passTokens = new int[64];

    private long[] passTimes = new long[64];
    private int passes;

    private int[] depths = new int[64];

    /**
     * What was done in one way, or guessed by one source.
     *
     * @param rounds of it; 0 for a source
     * @param probes those of them in which the way was tried although another looked better
     * @param nodes draft tokens verified
     * @param accepted those of them that were accepted
     */
    record Share(long rounds, long probes, long nodes, long accepted) {
        private static final Share NOTHING = new Share(0, 0, 0, 0);

        private Share plus(Share other) {
            return new Share(
                    rounds + other.rounds, probes + other.probes, nodes + other.nodes, accepted + other.accepted);
        }
    }

    /** By the way to draft that rounds took, where there was a choice. */
    private final Map<String, Share> arms = new TreeMap<>();

    /** By who guessed. */
    private final Map<String, Share> sources = new TreeMap<>();

    /** The rounds that took a way to draft. */
    Share arm(String name) {
        return arms.getOrDefault(name, Share.NOTHING);
    }

    /** Guesses by who made them; those who made none are not there. */
    Map<String, Share> sources() {
        return sources;
    }

    void add(RoundReport report) {
        int size = report.tokens().length;
        rounds++;
        ArmPlay play = report.play();
        if (play != null) {
            int probe = play.reason() == ArmPlay.Reason.PROBE ? 1 : 0;
            arms.merge(play.arm(), new Share(1, probe, size - 1, report.acceptedPath().length), Share::plus);
        }
        for (int node = 1; node < size; node++) {
            sources.merge(report.sources()[node], new Share(0, 0, 1, 0), Share::plus);
        }
        for (int node : report.acceptedPath()) {
            sources.merge(report.sources()[node], new Share(0, 0, 0, 1), Share::plus);
        }
        if (report.index() > 0) {
            draftNanos += report.draftNanos();
            passNanos += report.verifyNanos();
            addPass(report.batchTokens(), report.verifyNanos());
        }
        int reached = Math.min(report.acceptedPath().length, DEPTHS - 1);
        histogram[reached]++;
        if (size == 1) {
            return;
        }
        if (depths.length < size) {
            depths = Arrays.copyOf(depths, size * 2);
        }
        draftRounds++;
        draftNodes += size - 1;
        acceptedNodes += reached;
        forcedNodes += report.forced() ? reached : 0;
        int deepest = 0;
        depths[0] = 0;
        for (int node = 1; node < size; node++) {
            depths[node] = depths[report.parents()[node]] + 1;
            deepest = Math.max(deepest, depths[node]);
            float probability = report.probabilities()[node];
            int bin = bin(probability);
            binNodes[bin]++;
            binExpected[bin] += probability;
            expectedNodes += probability;
        }
        for (int node : report.acceptedPath()) {
            binAccepted[bin(report.probabilities()[node])]++;
        }
        for (int depth = 1; depth <= Math.min(deepest, DEPTHS - 1); depth++) {
            offered[depth]++;
            accepted[depth] += depth <= reached ? 1 : 0;
        }
    }

    private void addPass(int tokens, long nanos) {
        if (passes == passTimes.length) {
            passTokens = Arrays.copyOf(passTokens, passes * 2);
            passTimes = Arrays.copyOf(passTimes, passes * 2);
        }
        passTokens[passes] = tokens;
        passTimes[passes++] = nanos;
    }

    /** Of all tokens, the share that was drafted as forced text. */
    double forcedShare() {
        return (double) forcedNodes / Math.max(1, rounds + acceptedNodes);
    }

    /** Passes that were timed. */
    int passes() {
        return passes;
    }

    /** Tokens in the {@code i}-th of them. */
    int passTokens(int i) {
        return passTokens[i];
    }

    /** Time of the {@code i}-th of them. */
    long passTime(int i) {
        return passTimes[i];
    }

    private static int bin(float probability) {
        return Math.clamp((int) (probability * BINS), 0, BINS - 1);
    }

    void add(RoundTally other) {
        rounds += other.rounds;
        draftRounds += other.draftRounds;
        draftNodes += other.draftNodes;
        acceptedNodes += other.acceptedNodes;
        expectedNodes += other.expectedNodes;
        forcedNodes += other.forcedNodes;
        draftNanos += other.draftNanos;
        passNanos += other.passNanos;
        for (int i = 0; i < other.passes; i++) {
            addPass(other.passTokens[i], other.passTimes[i]);
        }
        other.arms.forEach((name, share) -> arms.merge(name, share, Share::plus));
        other.sources.forEach((name, share) -> sources.merge(name, share, Share::plus));
        add(histogram, other.histogram);
        add(offered, other.offered);
        add(accepted, other.accepted);
        add(binNodes, other.binNodes);
        add(binAccepted, other.binAccepted);
        for (int i = 0; i < BINS; i++) {
            binExpected[i] += other.binExpected[i];
        }
    }

    private static void add(long[] sums, long[] more) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] += more[i];
        }
    }

    /** Tokens per round that had a draft: 1 + accepted / rounds; 1 if there was none. */
    double meanAcceptanceLength() {
        return draftRounds == 0 ? 1 : 1 + (double) acceptedNodes / draftRounds;
    }

    /** Draft nodes per round that had a draft; 0 if there was none. */
    double nodesPerDraft() {
        return draftRounds == 0 ? 0 : (double) draftNodes / draftRounds;
    }

    /** Accepted draft tokens over verified ones, in [0, 1]; 0 if there was none. */
    double acceptanceRate() {
        return draftNodes == 0 ? 0 : (double) acceptedNodes / draftNodes;
    }

    /** Shares of the rounds by accepted draft tokens, without trailing zeros; at least one element. */
    double[] histogramShares() {
        int length = trimmed(histogram);
        double[] shares = new double[Math.max(1, length)];
        for (int i = 0; i < length; i++) {
            shares[i] = rounds == 0 ? 0 : (double) histogram[i] / rounds;
        }
        return shares;
    }

    /**
     * Element d − 1: of the rounds that had a draft, the share that accepted a token at depth d. As long as the deepest
     * draft; never rises.
     */
    double[] acceptanceByDepth() {
        double[] shares = new double[Math.max(0, trimmed(offered) - 1)];
        for (int depth = 1; depth <= shares.length; depth++) {
            shares[depth - 1] = (double) accepted[depth] / draftRounds;
        }
        return shares;
    }

    static int trimmed(long[] counts) {
        int length = counts.length;
        while (length > 0 && counts[length - 1] == 0) {
            length--;
        }
        return length;
    }
}
