package io.aded.draft.adaptive;

import io.aded.model.AdedException;
import io.aded.model.Envelope;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * How far each kind of evidence can be trusted, learned from every emitted token.
 *
 * <p>It holds a thousand numbers and no token, so the streams of one engine may share one: what was learned about
 * copying in one answer serves the next. Many threads may weigh by it at once while none has it {@linkplain #take take}
 * a lesson.
 */
public final class EvidenceWeights implements Weighing {
    /*
     * Model:
     * A maximum-entropy model over the candidates of a context and "none of them" [1, 2]. Every kind of evidence puts a
     * candidate c into one cell; a cell has one weight θ, and
     *
     *     P(c) = exp(Σ θ[cell of c]) / (1 + Σ over all candidates of the same)
     *
     * A weight is what Good called a weight of evidence [3]: by how much, in log-odds against "none of them", it speaks
     * for the candidate that it stands in this cell. Unlike the interpolation weights of a mixture, they add up without
     * counting twice what two kinds of evidence say together, because they are learned together.
     *
     * Learning:
     * The gradient of the log-likelihood is (1 − P) for the cells of the right candidate and −P for those of every
     * other; one step of stochastic ascent for each emitted token, with AdaGrad's rate for each cell [4] and a floor
     * under it, so that the weights follow when the text changes. Since the outcome says of every candidate whether it
     * was right, rounds without a draft teach as much as those with one, and there is no bias towards what the search
     * chose to try. The tokens of one round are all predicted by the weights as they stood before it. This is what
     * makes the probabilities calibrated: where they are wrong on average, the gradient of some cell is not zero.
     *
     * Prior:
     * A new set of weights begins at values fitted by this same learning to recorded answers of a small chat model
     * (evidence-prior.bin, written by "aded draft prior"). They are worth PRIOR_STRENGTH observations each.
     *
     * [1] A. Berger, S. Della Pietra, V. Della Pietra: A Maximum Entropy Approach to Natural Language Processing.
     *     Computational Linguistics 22 (1), 1996
     * [2] R. Rosenfeld: A Maximum Entropy Approach to Adaptive Statistical Language Modelling.
     *     Computer Speech and Language 10 (3), 1996
     * [3] I. J. Good: Probability and the Weighing of Evidence. Griffin, 1950
     * [4] J. Duchi, E. Hazan, Y. Singer: Adaptive Subgradient Methods for Online Learning and Stochastic Optimization.
     *     JMLR 12, 2011
     */

    static final String KIND = "PRIO";
    static final int VERSION = 1;

    private static final String EVIDENCE = "evidence";
    private static final String PRIOR = "evidence-prior.bin";
    private static final float RATE = 0.1f;
    /** Squared gradient that a cell of the prior starts with: large, so that a few tokens do not undo it. */
    private static final float PRIOR_STRENGTH = 30f;
    /** Squared gradient of a cell that knows nothing. */
    private static final float NO_STRENGTH = 1f;
    /** The sum of squared gradients stops here, which keeps the rate above {@code RATE / √MOST_STRENGTH}. */
    private static final float MOST_STRENGTH = 1000f;
    /** Where nothing is known a candidate starts at odds of 1 : 12 against "none of them". */
    private static final float NOTHING_KNOWN = -2.5f / Candidates.KINDS;

    private static final float LARGEST_SCORE = 15f;
    private static final int STEPS = 64;
    private static final int LAST_STEP = (int) (2 * LARGEST_SCORE * STEPS);
    private static final float[] EXP = exponentials();
    /** AdaGrad's rate by the whole part of the sum of squared gradients. */
    private static final float[] RATES = rates();

    private final float[] weights;
    private final float[] strength;

    private EvidenceWeights(float[] weights, float initialStrength) {
        this.weights = weights;
        strength = new float[weights.length];
        Arrays.fill(strength, initialStrength);
    }

    /** Weights as they come with the program. */
    public static EvidenceWeights create() {
        return new EvidenceWeights(Prior.WEIGHTS.clone(), PRIOR_STRENGTH);
    }

    /** Weights that have seen nothing, for fitting a prior. */
    public static EvidenceWeights untrained() {
        float[] nothing = new float[Candidates.CELLS];
        Arrays.fill(nothing, NOTHING_KNOWN);
        return new EvidenceWeights(nothing, NO_STRENGTH);
    }

    /**
     * The weights as a file of their own, which {@link #create} of another build may begin with: an {@link Envelope} of
     * the kind {@value #KIND}, version {@value #VERSION}, whose body is one float for each cell, little-endian. Its
     * fact {@code evidence} says which cells there are.
     *
     * @param origin further facts: what the weights were fitted to, and when
     */
    public Envelope toEnvelope(Map<String, String> origin) {
        Map<String, String> facts = new HashMap<>(origin);
        facts.put(EVIDENCE, Candidates.LAYOUT);
        ByteBuffer body = ByteBuffer.allocate(Float.BYTES * weights.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float weight : weights) {
            body.putFloat(weight);
        }
        return Envelope.of(KIND, VERSION, facts, body.flip());
    }

    /**
     * Weights from such a file.
     *
     * @param file all of its bytes
     * @param what it is, for messages
     * @throws AdedException.InvalidArtifact if it is damaged, or was fitted to other kinds of evidence than this
     *     build's
     */
    public static EvidenceWeights read(ByteBuffer file, String what) {
        Envelope envelope = Envelope.open(file, what, KIND, VERSION);
        if (!envelope.fact(EVIDENCE).equals(Candidates.LAYOUT)
                || envelope.body().remaining() != Float.BYTES * Candidates.CELLS) {
            throw new AdedException.InvalidArtifact(
                    "PRIOR_DOES_NOT_FIT",
                    what + " was fitted to other evidence (" + envelope.fact(EVIDENCE) + "); this build's is: "
                            + Candidates.LAYOUT);
        }
        float[] weights = new float[Candidates.CELLS];
        envelope.body().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(weights);
        for (float weight : weights) {
            if (!Float.isFinite(weight)) {
                throw new AdedException.InvalidArtifact("PRIOR_DOES_NOT_FIT", what + " holds what is no number");
            }
        }
        return new EvidenceWeights(weights, PRIOR_STRENGTH);
    }

    /** The same weights again, to go on from: independent of these, and as sure of themselves as a prior is. */
    public EvidenceWeights copy() {
        return new EvidenceWeights(weights.clone(), PRIOR_STRENGTH);
    }

    @Override
    public void weigh(Candidates candidates) {
        float[] probabilities = candidates.probabilities();
        int size = candidates.size();
        float total = 1;
        for (int i = 0; i < size; i++) {
            float odds = exp(candidates.sum(weights, i));
            probabilities[i] = odds;
            total += odds;
        }
        float scale = 1 / total;
        for (int i = 0; i < size; i++) {
            probabilities[i] *= scale;
        }
    }

    @Override
    public void take(Lesson lesson) {
        int[] cells = lesson.cells();
        for (int step = 0; step < lesson.steps(); step++) {
            float error = lesson.error(step);
            float square = error * error;
            for (int at = step * Candidates.KINDS, end = at + Candidates.KINDS; at < end; at++) {
                int cell = cells[at];
                float sum = Math.min(MOST_STRENGTH, strength[cell] + square);
                strength[cell] = sum;
                weights[cell] += error * RATES[(int) sum];
            }
        }
        lesson.clear();
    }

    /** What every cell is worth now: a copy. */
    float[] snapshot() {
        return weights.clone();
    }

    /** Shared state is no stream's own. */
    @Override
    public long stateBytes() {
        return 8L * weights.length;
    }

    private static float[] rates() {
        float[] rates = new float[(int) MOST_STRENGTH + 1];
        for (int i = 0; i < rates.length; i++) {
            rates[i] = RATE / (float) Math.sqrt(i + 0.5);
        }
        return rates;
    }

    /** e to the power of a number, within 1 %: nothing here is known better. */
    static float exp(float score) {
        int step = (int) ((score + LARGEST_SCORE) * STEPS + 0.5f);
        return EXP[Math.clamp(step, 0, LAST_STEP)];
    }

    private static float[] exponentials() {
        float[] table = new float[LAST_STEP + 1];
        for (int i = 0; i < table.length; i++) {
            table[i] = (float) StrictMath.exp(i / (double) STEPS - LARGEST_SCORE);
        }
        return table;
    }

    /** Read once, when the first drafter is made. */
    private static final class Prior {
        static final float[] WEIGHTS = read();

        private static float[] read() {
            try (InputStream in = EvidenceWeights.class.getResourceAsStream(PRIOR)) {
                if (in == null) {
                    throw new IllegalStateException("the program is incomplete: " + PRIOR + " is missing beside "
                            + EvidenceWeights.class.getName());
                }
                return EvidenceWeights.read(ByteBuffer.wrap(in.readAllBytes()), "the program's own " + PRIOR).weights;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
