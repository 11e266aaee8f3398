package io.aded.draft.select;

import io.aded.draft.ArmStatistics;
import java.util.ArrayList;
import java.util.List;

/** Adds up how the arms fared over all streams of a proposer. */
final class ArmLedger {
    /** The going rate follows with this; in the beginning a token is worth what a plain one takes, for so many. */
    private static final double RATE_KEEPS = 0.99;

    private static final double PRIOR_TOKENS = 20;

    private final long[] asked = new long[Arm.COUNT];
    private final long[] probes = new long[Arm.COUNT];
    private final long[] nodes = new long[Arm.COUNT];
    private final long[] accepted = new long[Arm.COUNT];
    private final long[] tokens = new long[Arm.COUNT];
    private final double[] nanos = new double[Arm.COUNT];
    private final double[] hindsight = new double[Arm.COUNT];
    private double played;
    private double rateTokens = PRIOR_TOKENS;
    private double ratePassTokens = PRIOR_TOKENS;

    /** What a token takes lately, in plain tokens. */
    double tokenWorth() {
        return ratePassTokens / rateTokens;
    }

    /**
     * Books a round.
     *
     * @param arm that drafted
     * @param probe whether it was tried although another looked better
     * @param draftNodes verified
     * @param acceptedNodes of them
     * @param takenNanos all told
     * @param plainNanos what a plain token took
     * @param losses of every arm, as {@link ArmWeights#learn} takes them
     * @param loss the round's own
     */
    void book(
            Arm arm,
            boolean probe,
            int draftNodes,
            int acceptedNodes,
            double takenNanos,
            double plainNanos,
            double[] losses,
            double loss) {
        int at = arm.ordinal();
        asked[at]++;
        probes[at] += probe ? 1 : 0;
        nodes[at] += draftNodes;
        accepted[at] += acceptedNodes;
        tokens[at] += acceptedNodes + 1;
        nanos[at] += takenNanos;
        for (int i = 0; i < Arm.COUNT; i++) {
            hindsight[i] += losses[i];
        }
        played += loss;
        rateTokens = rateTokens * RATE_KEEPS + acceptedNodes + 1;
        ratePassTokens = ratePassTokens * RATE_KEEPS + takenNanos / plainNanos;
    }

    /** How they fared, by their order. */
    List<ArmStatistics> statistics(ArmWeights weights) {
        double best = Double.POSITIVE_INFINITY;
        for (double loss : hindsight) {
            best = Math.min(best, loss);
        }
        List<ArmStatistics> arms = new ArrayList<>();
        for (int i = 0; i < Arm.COUNT; i++) {
            Arm arm = Arm.of(i);
            arms.add(new ArmStatistics(
                    arm.label(),
                    asked[i],
                    probes[i],
                    nodes[i],
                    accepted[i],
                    (long) nanos[i],
                    tokens[i],
                    weights.share(arm),
                    hindsight[i],
                    played - best));
        }
        return List.copyOf(arms);
    }
}
