package io.aded.engine;

import org.jspecify.annotations.Nullable;

/**
 * The calibration factor of acceptance estimates, how far they can be believed: tokens accepted over tokens predicted.
 *
 * <p>Two levels. What all streams of an engine have seen follows slowly, and is where a new stream starts from; a
 * stream's own follows its text within a few rounds. Both are needed because the budget buys what looks best: even
 * estimates that are right on average are too high for those that were chosen (the optimiser's curse [1]), by more on
 * some workloads than on others.
 *
 * <p>[1] Smith, Winkler: The Optimizer's Curse: Skepticism and Postdecision Surprise in Decision Analysis. Management
 * Science 52 (3), 2006
 */
final class Trust {
    /** Before anything was seen: chosen estimates are too high on every workload that was measured. */
    private static final double FIRST = 0.9;

    /** The largest factor: that a text was easy for a while is no promise. */
    private static final double MOST = 1.25;

    /** Predicted tokens that the starting point is worth, and what is left of an observation a round later. */
    private static final double ENGINE_PRIOR = 30;

    private static final double ENGINE_DECAY = 0.998;

    /** The same of a stream. */
    private static final double STREAM_PRIOR = 8;

    private static final double STREAM_DECAY = 0.97;

    /** What is left of a stream's observations after a round that drafted nothing. */
    private static final double STREAM_FORGETTING = 0.99;

    private final @Nullable Trust general;
    private final double priorTokens;
    private final double decay;
    private double predicted;
    private double delivered;

    private Trust(@Nullable Trust general, double priorTokens, double decay) {
        this.general = general;
        this.priorTokens = priorTokens;
        this.decay = decay;
    }

    /** An engine's, that has seen nothing yet. */
    static Trust ofEngine() {
        return new Trust(null, ENGINE_PRIOR, ENGINE_DECAY);
    }

    /** A new stream's. What it sees, the engine's sees as well. */
    Trust ofStream() {
        return new Trust(this, STREAM_PRIOR, STREAM_DECAY);
    }

    /** Delivered over predicted, 0 to 1.25. */
    double value() {
        double start = general == null ? FIRST : general.value();
        return Math.min(MOST, (delivered + priorTokens * start) / (predicted + priorTokens));
    }

    /** A round drafted nothing: what was seen of the text so far counts for less. */
    void sawNothing() {
        predicted *= STREAM_FORGETTING;
        delivered *= STREAM_FORGETTING;
    }

    /** A round predicted that so many tokens would be accepted, and so many were. */
    void saw(double expected, int accepted) {
        predicted = predicted * decay + expected;
        delivered = delivered * decay + accepted;
        if (general != null) {
            general.saw(expected, accepted);
        }
    }
}
