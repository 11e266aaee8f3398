package io.aded.draft.adaptive;

/** Turns what the evidence says of each candidate into a probability. */
sealed interface Weighing permits EvidenceWeights, FixedInterpolation {

    /** Sets {@link Candidates#probabilities()}. */
    void weigh(Candidates candidates);

    /** Learns what was noted after {@link #weigh}, and clears it. */
    void take(Lesson lesson);

    /** The memory that is this stream's own, in bytes. */
    long stateBytes();
}
