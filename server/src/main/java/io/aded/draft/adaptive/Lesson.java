package io.aded.draft.adaptive;

import java.util.Arrays;

/**
 * What one stream's last tokens say of the evidence's worth: steps for weights that may be shared, noted when the
 * tokens came and {@linkplain EvidenceWeights#take taken} later. So streams can be taught at the same time, each by the
 * weights as they stood, and the weights still change in the order of the streams.
 *
 * <p>Grows to the largest round ever seen. Not thread-safe.
 */
final class Lesson {
    /**
     * Smaller errors are most of them. They are added up, and the candidate that makes the sum worth a step takes it
     * for all: on average the same, at a tenth of the time.
     */
    private static final float SMALLEST_ERROR = 0.01f;

    private int[] cells = new int[16 * Candidates.KINDS];
    private float[] errors = new float[16];
    private int steps;

    /** Small errors not yet learned from. */
    private float owed;

    /** Notes what the outcome says of every candidate, after {@link Weighing#weigh}. */
    void note(Candidates candidates, int actual) {
        float[] probabilities = candidates.probabilities();
        float small = owed;
        for (int i = 0; i < candidates.size(); i++) {
            float error = (candidates.token(i) == actual ? 1 : 0) - probabilities[i];
            if (error < 0 && error > -SMALLEST_ERROR) {
                small -= error;
                if (small < SMALLEST_ERROR) {
                    continue;
                }
                error = -small;
                small = 0;
            }
            step(candidates.cells(), i * Candidates.KINDS, error);
        }
        owed = small;
    }

    private void step(int[] from, int at, float error) {
        if (steps == errors.length) {
            errors = Arrays.copyOf(errors, 2 * steps);
            cells = Arrays.copyOf(cells, 2 * cells.length);
        }
        errors[steps] = error;
        // So few that a call of System.arraycopy takes longer.
        for (int kind = 0, to = steps * Candidates.KINDS; kind < Candidates.KINDS; kind++) {
            cells[to + kind] = from[at + kind];
        }
        steps++;
    }

    int steps() {
        return steps;
    }

    /** The error of a step: of the right candidate 1 less its probability, of others less than 0. */
    float error(int step) {
        return errors[step];
    }

    /** The cells of a step's candidate are {@value Candidates#KINDS} from {@code step} times that many. */
    int[] cells() {
        return cells;
    }

    /** All steps were taken. */
    void clear() {
        steps = 0;
    }

    long bytes() {
        return 4L * (cells.length + errors.length);
    }
}
