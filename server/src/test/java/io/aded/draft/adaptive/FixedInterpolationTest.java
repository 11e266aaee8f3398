package io.aded.draft.adaptive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.aded.draft.adaptive.CandidatesTest.Fixture;
import org.junit.jupiter.api.Test;

/** Values by hand: 0.8 tri-gram + 0.2 bi-gram, 0.6 bi-gram without a tri-gram row, 0.6 suffix over both. */
final class FixedInterpolationTest {
    private static final float EXACT = 1e-6f;
    private final FixedInterpolation weighing = new FixedInterpolation();

    @Test
    void weigh_bothRows_mixesEightToTwo() {
        Fixture f = new Fixture(true, true);
        f.candidates.trigrams.add(f.candidates.trigrams.fade(Candidates.trigram(1, 2), 0.5f, true), 7, 0.5f);
        f.candidates.bigrams.add(f.candidates.bigrams.fade(2, 0.5f, true), 7, 0.25f);
        f.candidates.bigrams.add(f.candidates.bigrams.find(2), 8, 0.125f);
        f.gather(1, 2);

        weighing.weigh(f.candidates);

        assertThat(f.probability(7)).isCloseTo(0.8f * 0.5f + 0.2f * 0.25f, within(EXACT));
        assertThat(f.probability(8)).isCloseTo(0.2f * 0.125f, within(EXACT));
        assertThat(weighing.stateBytes()).isZero();
    }

    @Test
    void weigh_noTrigramRow_backsOff() {
        Fixture f = new Fixture(true, true);
        f.candidates.bigrams.add(f.candidates.bigrams.fade(2, 0.5f, true), 7, 0.25f);
        f.gather(1, 2);

        weighing.weigh(f.candidates);

        assertThat(f.probability(7)).isCloseTo(0.6f * 0.25f, within(EXACT));
    }

    @Test
    void weigh_suffixMatches_shareSixtyPercentByVotesAndLength() {
        // (1, 2) stood before, followed by 8; (9, 1, 2) too, followed by 7: matches of two and of three tokens.
        Fixture f = new Fixture(true, true, 1, 2, 8, 9, 1, 2, 7, 9, 1, 2);
        f.gather(1, 2);

        weighing.weigh(f.candidates);

        // Votes 1 and 1; one token shorter counts a quarter: 1 / 1.25 and 0.25 / 1.25.
        assertThat(f.probability(7)).isCloseTo(0.6f * 0.8f, within(EXACT));
        assertThat(f.probability(8)).isCloseTo(0.6f * 0.2f, within(EXACT));
    }

    @Test
    void weigh_suffixOverRows_addsFortyPercentOfTheRows() {
        Fixture f = new Fixture(true, true, 1, 2, 8, 1, 2);
        f.candidates.bigrams.add(f.candidates.bigrams.fade(2, 0.5f, true), 8, 0.5f);
        f.candidates.bigrams.add(f.candidates.bigrams.find(2), 5, 0.25f);
        f.gather(1, 2);

        weighing.weigh(f.candidates);

        assertThat(f.probability(8)).isCloseTo(0.6f + 0.4f * 0.6f * 0.5f, within(EXACT));
        assertThat(f.probability(5)).isCloseTo(0.4f * 0.6f * 0.25f, within(EXACT));
    }

    @Test
    void weigh_certain_staysBelowOne() {
        Fixture f = new Fixture(true, true, 1, 2, 8, 1, 2);
        f.candidates.trigrams.add(f.candidates.trigrams.fade(Candidates.trigram(1, 2), 1f, true), 8, 1f);
        f.candidates.bigrams.add(f.candidates.bigrams.fade(2, 1f, true), 8, 1f);
        f.gather(1, 2);

        weighing.weigh(f.candidates);
        float before = f.probability(8);
        Lesson lesson = new Lesson();
        lesson.note(f.candidates, 8);
        weighing.take(lesson);

        assertThat(before).isEqualTo(0.99f);
        assertThat(f.probability(8)).isEqualTo(before);
        assertThat(lesson.steps()).isZero();
    }
}
