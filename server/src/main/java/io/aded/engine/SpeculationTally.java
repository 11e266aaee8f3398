package io.aded.engine;

import java.util.Arrays;

/** Adds up how drafting fared over a turn. Owned by the engine thread. */
final class SpeculationTally {
    private int rounds;
    private long specSteps;
    private long draftTokens;
    private long acceptedTokens;
    private double expected;
    private long[] histogram = new long[8];
    private int histogramSize;
    private long draftNanos;
    private long verifyNanos;
    private long hostNanos;

    /** Books a round that is over. */
    void add(Round round, long passNanos) {
        rounds++;
        int accepted = round.accepted();
        if (round.draftNodes() > 0) {
            specSteps++;
            draftTokens += round.draftNodes();
            acceptedTokens += accepted;
            expected += round.expectedAccepted();
            if (accepted >= histogram.length) {
                histogram = Arrays.copyOf(histogram, Math.max(accepted + 1, histogram.length * 2));
            }
            histogram[accepted]++;
            histogramSize = Math.max(histogramSize, accepted + 1);
        }
        draftNanos += round.draftNanos();
        verifyNanos += passNanos;
    }

    /** Books the host's time of a pass that the turn was in. */
    void addHost(long nanos) {
        hostNanos += nanos;
    }

    /** Rounds booked. */
    int rounds() {
        return rounds;
    }

    SpeculationStatistics total() {
        return new SpeculationStatistics(
                specSteps,
                rounds,
                draftTokens,
                acceptedTokens,
                Arrays.copyOf(histogram, histogramSize),
                expected,
                draftNanos,
                verifyNanos,
                hostNanos);
    }
}
