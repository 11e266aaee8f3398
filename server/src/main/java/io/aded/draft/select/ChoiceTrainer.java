package io.aded.draft.select;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Trains a {@link DrafterChoice} on outcomes: how fast an answer to a prompt came by an arm. Every prompt should have
 * an outcome of every arm; then all arms are compared on the same prompts.
 */
public final class ChoiceTrainer {
    /*
     * Ridge regression, one for each arm: the weights w that minimise Σ (speed − w · x)² + λ |w|², from the normal
     * equations (XᵀX + λ I) w = Xᵀ speed, solved by Cholesky's method. The constant feature is not held back, so that
     * an arm without any outcome that tells prompts apart is predicted as its mean. λ is small against some dozens of
     * prompts and large against one.
     */
    private static final double RIDGE = 0.5;

    /** Only so that the equations can be solved. */
    private static final double RIDGE_OF_CONSTANT = 1e-6;

    private record Outcome(int arm, double[] features, double speedUp) {}

    private final List<Outcome> outcomes = new ArrayList<>();

    /** Nothing seen yet. */
    public ChoiceTrainer() {}

    /**
     * Adds an outcome.
     *
     * @param prompt tokens
     * @param arm one of {@link DrafterChoice#arms}
     * @param speedUp tokens a second by the arm over those of plain decoding, above 0
     * @throws IllegalArgumentException if there is no such arm, or the speed-up is no number above 0
     */
    public void add(int[] prompt, String arm, double speedUp) {
        add(PromptFeatures.of(prompt), arm, speedUp);
    }

    /**
     * As {@link #add(int[], String, double)}, by the {@linkplain DrafterChoice#features features} of a prompt.
     *
     * @throws IllegalArgumentException also if there are not as many as a prompt has, or one is what it cannot be
     */
    public void add(double[] features, String arm, double speedUp) {
        if (features.length != PromptFeatures.COUNT) {
            throw new IllegalArgumentException(
                    features.length + " features of a prompt; allowed: " + PromptFeatures.COUNT);
        }
        String wrong = PromptFeatures.wrongIn(features);
        if (wrong != null) {
            throw new IllegalArgumentException("a prompt cannot have " + wrong);
        }
        int index = DrafterChoice.arms().indexOf(arm);
        if (index < 0) {
            throw new IllegalArgumentException(
                    "there is no arm \"" + arm + "\"; allowed: " + String.join(", ", DrafterChoice.arms()));
        }
        if (!(speedUp > 0) || !Double.isFinite(speedUp)) {
            throw new IllegalArgumentException("the speed-up is " + speedUp + "; allowed: above 0");
        }
        outcomes.add(new Outcome(index, features.clone(), speedUp));
    }

    /** Outcomes so far. */
    public int outcomes() {
        return outcomes.size();
    }

    /**
     * The choice that fits them best. An arm that has none is predicted to be as fast as plain decoding.
     *
     * @param origin facts for the file: what the outcomes are of, and when they were recorded
     */
    public DrafterChoice train(Map<String, String> origin) {
        double[] weights = new double[Arm.COUNT * PromptFeatures.COUNT];
        for (int arm = 0; arm < Arm.COUNT; arm++) {
            System.arraycopy(fit(arm), 0, weights, arm * PromptFeatures.COUNT, PromptFeatures.COUNT);
        }
        return new DrafterChoice(weights, origin);
    }

    private double[] fit(int arm) {
        int n = PromptFeatures.COUNT;
        double[][] matrix = new double[n][n];
        double[] right = new double[n];
        int found = 0;
        for (Outcome outcome : outcomes) {
            if (outcome.arm == arm) {
                found++;
                for (int i = 0; i < n; i++) {
                    right[i] += outcome.features[i] * outcome.speedUp;
                    for (int j = 0; j < n; j++) {
                        matrix[i][j] += outcome.features[i] * outcome.features[j];
                    }
                }
            }
        }
        if (found == 0) {
            double[] plain = new double[n];
            plain[0] = 1;
            return plain;
        }
        for (int i = 0; i < n; i++) {
            matrix[i][i] += i == 0 ? RIDGE_OF_CONSTANT : RIDGE;
        }
        return solve(matrix, right);
    }

    /** Solves a symmetric, positive definite system; both are overwritten. */
    static double[] solve(double[][] matrix, double[] right) {
        int n = right.length;
        for (int i = 0; i < n; i++) { // matrix = L Lᵀ, L in its lower half
            for (int j = 0; j <= i; j++) {
                double sum = matrix[i][j];
                for (int k = 0; k < j; k++) {
                    sum -= matrix[i][k] * matrix[j][k];
                }
                matrix[i][j] = i == j ? Math.sqrt(sum) : sum / matrix[j][j];
            }
        }
        for (int i = 0; i < n; i++) {
            for (int k = 0; k < i; k++) {
                right[i] -= matrix[i][k] * right[k];
            }
            right[i] /= matrix[i][i];
        }
        for (int i = n - 1; i >= 0; i--) {
            for (int k = i + 1; k < n; k++) {
                right[i] -= matrix[k][i] * right[k];
            }
            right[i] /= matrix[i][i];
        }
        return Arrays.copyOf(right, n);
    }
}
