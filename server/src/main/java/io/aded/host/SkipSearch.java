package io.aded.host;

import io.aded.gguf.SkippedLayers;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Finds the layers that a copy of a model does best without, when it drafts for the model.
 *
 * <p>Draft &amp; Verify (arXiv 2309.08168, section 3.2) lets a Bayesian search of hundreds of trials decide about each
 * half layer. Measured on models of one to two thousand million weights, runs of layers in the middle did better than
 * layers spread out, late ones, or those of the least influence; so only such runs are tried here, some eight of them:
 * several lengths about the middle, then the best length further to the front and to the back.
 */
final class SkipSearch {
    /** Longer chains are hardly ever right to the end. */
    private static final int LONGEST_CHAIN = 8;

    private final int layers;
    private final double[] passNanos;
    private final boolean noneToo;

    /** Has a copy tried. */
    @FunctionalInterface
    interface Trial {
        /** What the copy without these layers is worth. */
        Outcome of(SkippedLayers skipped);
    }

    /**
     * What was found about a copy.
     *
     * @param acceptance the share of the model's tokens that it guesses, in [0, 1]
     * @param cost its pass of one token, in such passes of the model
     */
    record Outcome(double acceptance, double cost) {}

    /**
     * What was chosen.
     *
     * @param layers as {@link SkippedLayers} reads them; empty for none
     * @param acceptance the share of the model's tokens that the copy guesses, in [0, 1]
     * @param cost its pass of one token, in such passes of the model
     * @param speedUp how many times as fast as without drafts, reckoned
     */
    record Finding(String layers, double acceptance, double cost, double speedUp) {
        SkippedLayers skipped() {
            return layers.isEmpty() ? SkippedLayers.NONE : SkippedLayers.parse(layers);
        }
    }

    /**
     * For one model.
     *
     * @param layers that it has, 3 or more
     * @param passNanos nanoseconds of its passes by their tokens; element 0 does not count
     * @param noneToo whether a copy with all layers is worth anything: in a coarser format it is
     */
    SkipSearch(int layers, double[] passNanos, boolean noneToo) {
        this.layers = layers;
        this.passNanos = passNanos.clone();
        this.noneToo = noneToo;
    }

    /** The copy that is the fastest to draft with. */
    Finding best(Trial trial) {
        Set<SkippedLayers> tried = new HashSet<>();
        List<Finding> findings = new ArrayList<>();
        if (noneToo) {
            findings.add(finding(SkippedLayers.NONE, trial));
        }
        int bestLength = 0;
        double most = 0;
        for (int length : lengths()) {
            int start = (layers - length) / 2;
            Finding finding = finding(run(start, length), trial);
            tried.add(run(start, length));
            findings.add(finding);
            if (finding.speedUp() > most) {
                most = finding.speedUp();
                bestLength = length;
            }
        }
        int step = Math.max(1, layers / 8);
        for (int shift : new int[] {-step, step}) {
            int start = (layers - bestLength) / 2 + shift;
            // The first and the last layer turn words into thoughts and back.
            if (start >= 1 && start + bestLength <= layers - 1 && tried.add(run(start, bestLength))) {
                findings.add(finding(run(start, bestLength), trial));
            }
        }
        Finding best = findings.getFirst();
        for (Finding finding : findings) {
            best = finding.speedUp() > best.speedUp() ? finding : best;
        }
        return best;
    }

    /** From an eighth of the layers to half of them. */
    private List<Integer> lengths() {
        return IntStream.of(8, 6, 4, 3, 2)
                .map(part -> Math.clamp(layers / part, 1, layers - 2))
                .distinct()
                .boxed()
                .toList();
    }

    private static SkippedLayers run(int start, int length) {
        return SkippedLayers.of(IntStream.range(start, start + length).boxed().toList());
    }

    private Finding finding(SkippedLayers skipped, Trial trial) {
        Outcome outcome = trial.of(skipped);
        return new Finding(skipped.toString(), outcome.acceptance(), outcome.cost(), speedUp(outcome, passNanos));
    }

    /**
     * How many times as fast drafting is as plain decoding, with chains of the best length: a chain of k guesses, each
     * right with the same chance a, yields (1 − a^(k+1)) / (1 − a) tokens (Leviathan et al., arXiv 2211.17192, eq. 1)
     * for k passes of the copy and a pass of k + 1 tokens.
     */
    static double speedUp(Outcome outcome, double[] passNanos) {
        double best = 0;
        for (int chain = 1; chain <= LONGEST_CHAIN && chain + 1 < passNanos.length; chain++) {
            double tokens = 1;
            double chance = 1;
            for (int i = 0; i < chain; i++) {
                chance *= outcome.acceptance();
                tokens += chance;
            }
            double time = passNanos[chain + 1] / passNanos[1] + chain * outcome.cost();
            best = Math.max(best, tokens / time);
        }
        return best;
    }
}
