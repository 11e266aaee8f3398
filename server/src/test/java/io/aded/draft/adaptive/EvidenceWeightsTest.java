package io.aded.draft.adaptive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.aded.draft.adaptive.CandidatesTest.Fixture;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Worked out by hand: an untrained cell weighs −0.25, so a candidate scores −2.5 and has odds of e<sup>−2.5</sup> =
 * 0.0820850. The first step's rate is 0.1 / √1.5 = 0.0816497.
 */
final class EvidenceWeightsTest {
    private static final float ODDS = 0.0820850f;
    private static final float FIRST_RATE = 0.0816497f;
    private static final float EXACT = 1e-6f;

    private final Fixture stream = new Fixture(true, true, 3, 2);
    private final EvidenceWeights weights = EvidenceWeights.untrained();
    private final Lesson lesson = new Lesson();

    /** Candidates 10, 11, … of which the i-th lies in the cells 10 · i to 10 · i + 9. */
    private void candidates(int count) {
        for (int i = 0; i < count; i++) {
            stream.candidates.frequent.add(10 + i, 0.5f);
        }
        stream.gather(3, 2);
        assertThat(stream.candidates.size()).isEqualTo(count);
        for (int at = 0; at < count * Candidates.KINDS; at++) {
            stream.candidates.cells()[at] = at;
        }
    }

    private void learn(EvidenceWeights by, int actual) {
        lesson.note(stream.candidates, actual);
        by.take(lesson);
        assertThat(lesson.steps()).isZero();
    }

    private float[] weigh() {
        weights.weigh(stream.candidates);
        return Arrays.copyOf(stream.candidates.probabilities(), stream.candidates.size());
    }

    @Test
    void weigh_untrained_sharesOddsWithNoneOfThem() {
        candidates(3);

        assertThat(weigh())
                .containsExactly(new float[] {ODDS / 1.246255f, ODDS / 1.246255f, ODDS / 1.246255f}, within(EXACT));
        assertThat(weights.stateBytes()).isEqualTo(8 * 1228);
    }

    @Test
    void weigh_everyKind_counts() {
        for (int kind = 0; kind < Candidates.KINDS; kind++) {
            float[] onlyThis = new float[Candidates.CELLS];
            candidates(2);
            onlyThis[Candidates.KINDS + kind] = 1.5f;

            assertThat(stream.candidates.sum(onlyThis, 0)).as("kind %d", kind).isZero();
            assertThat(stream.candidates.sum(onlyThis, 1)).as("kind %d", kind).isEqualTo(1.5f);
        }
    }

    @Test
    void learn_once_stepsByTheErrorTimesTheFirstRate() {
        candidates(2);
        float p = weigh()[0];
        assertThat(p).isCloseTo(ODDS / (1 + 2 * ODDS), within(EXACT));

        learn(weights, 10);

        // Ten cells each: −2.5 + 10 · (1 − p) · rate for the right one, −2.5 − 10 · p · rate for the other.
        float right = (float) Math.exp(-2.5 + 10 * (1 - p) * FIRST_RATE);
        float wrong = (float) Math.exp(-2.5 - 10 * p * FIRST_RATE);
        float[] after = weigh();
        assertThat(after[0]).isCloseTo(right / (1 + right + wrong), within(0.015f * after[0]));
        assertThat(after[1]).isCloseTo(wrong / (1 + right + wrong), within(0.015f * after[1]));
        assertThat(after[0]).isCloseTo(0.1399f, within(0.0015f));
    }

    @Test
    void learn_again_stepsAreSmallerAsErrorsAddUp() {
        candidates(1);
        float score = -2.5f;
        float squares = 1;
        for (int step = 0; step < 6; step++) {
            float p = weigh()[0];
            float odds = (float) Math.exp(score);
            assertThat(p).as("step %d", step).isCloseTo(odds / (1 + odds), within(0.012f * p));
            float error = 1 - p;
            squares += error * error;
            score += (float) (10 * error * 0.1 / Math.sqrt((int) squares + 0.5));
            learn(weights, 10);
        }
    }

    @Test
    void learn_neverRight_lowersTheProbability() {
        candidates(2);
        float before = weigh()[1];
        for (int i = 0; i < 50; i++) {
            weigh();
            learn(weights, 999);
        }
        float[] after = weigh();
        assertThat(after[0]).isLessThan(before / 2);
        assertThat(after[1]).isLessThan(before / 2);
    }

    @Test
    void learn_smallErrors_waitUntilTheyAreWorthAStep() {
        candidates(1);
        // The first cells are taught that their candidate is all but impossible.
        float p = 1;
        for (int i = 0; i < 100_000 && (p = weigh()[0]) >= 0.004f; i++) {
            learn(weights, 999);
        }
        assertThat(p).isBetween(0.003f, 0.004f);
        int changes = 0;
        int unchanged = 0;
        for (int i = 0; i < 30; i++) {
            float before = weigh()[0];
            float[] exact = weights.snapshot();
            learn(weights, 999);
            if (Arrays.equals(exact, weights.snapshot())) {
                unchanged++;
            } else {
                changes++;
            }
            assertThat(weigh()[0]).isLessThanOrEqualTo(before);
        }
        // 0.01 / 0.0035 is between two and three errors: every third takes the step.
        assertThat(unchanged).isEqualTo(20);
        assertThat(changes).isEqualTo(10);
    }

    @Test
    void learn_errorOfTheRightCandidate_isNeverSmallEnoughToWait() {
        candidates(1);
        for (int i = 0; i < 5_000; i++) {
            weigh();
            learn(weights, 10);
        }
        // Its error is positive, however small: it goes on up.
        float before = weights.snapshot()[0];
        weigh();
        learn(weights, 10);
        assertThat(weights.snapshot()[0]).isGreaterThan(before);
        assertThat(weigh()[0]).isGreaterThan(0.97f);
    }

    @Test
    void copy_isAsSureAsAPriorAndIndependent() {
        candidates(1);
        weigh();
        learn(weights, 10);
        EvidenceWeights copy = weights.copy();
        float p = weigh()[0];

        copy.weigh(stream.candidates);
        assertThat(stream.candidates.probabilities()[0]).isEqualTo(p);
        learn(copy, 10);

        // Thirty observations' worth: 0.1 / √30.5 a step.
        float step = copy.snapshot()[0] - weights.snapshot()[0];
        assertThat(step).isCloseTo((1 - p) * 0.1f / (float) Math.sqrt(30.5), within(EXACT));
    }

    @Test
    void untrained_everyCell_weighsAQuarterAgainst() {
        assertThat(weights.snapshot()).hasSize(1228).containsOnly(-0.25f);
    }

    @Test
    void create_prior_knowsThatALongMatchIsWorthMoreThanNone() {
        EvidenceWeights prior = EvidenceWeights.create();
        assertThat(prior.snapshot()).isNotEqualTo(EvidenceWeights.untrained().snapshot());
        // The best of a match of 32 tokens that all agree, against one of 2 that not all do.
        assertThat(prior.snapshot()[9 * 24 + 1]).isGreaterThan(prior.snapshot()[24 + 11]);
        assertThat(EvidenceWeights.create().snapshot()).isEqualTo(prior.snapshot());

        candidates(1);
        prior.weigh(stream.candidates);
        learn(prior, 10);
        assertThat(EvidenceWeights.create().snapshot()).isNotEqualTo(prior.snapshot());
    }

    @ParameterizedTest
    @ValueSource(floats = {-14.9f, -3.3f, -0.01f, 0f, 0.5f, 1f, 7.77f, 14.9f})
    void exp_withinItsRange_isRightWithinOnePercent(float score) {
        assertThat(EvidenceWeights.exp(score))
                .isCloseTo((float) Math.exp(score), within((float) Math.exp(score) * 0.01f));
    }

    @Test
    void exp_outsideItsRange_stopsAtTheEnds() {
        assertThat(EvidenceWeights.exp(100)).isEqualTo(EvidenceWeights.exp(15));
        assertThat(EvidenceWeights.exp(-100)).isEqualTo(EvidenceWeights.exp(-15));
        assertThat(EvidenceWeights.exp(0)).isEqualTo(1f);
        assertThat(EvidenceWeights.exp(Float.POSITIVE_INFINITY)).isFinite();
        assertThat(EvidenceWeights.exp(15)).isCloseTo((float) Math.exp(15), within(1f));
        assertThat(EvidenceWeights.exp(-15)).isCloseTo((float) Math.exp(-15), within(1e-12f));
        // Steps of 1/64, rounded: halfway goes up.
        assertThat(EvidenceWeights.exp(0.0078f)).isEqualTo(1f);
        assertThat(EvidenceWeights.exp(0.0079f)).isCloseTo((float) Math.exp(1 / 64.0), within(EXACT));
    }
}
