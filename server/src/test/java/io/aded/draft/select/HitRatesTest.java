package io.aded.draft.select;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class HitRatesTest {
    /** A miss of everybody, where the table knew nothing. */
    private static void miss(HitRates rates) {
        rates.saw(0, true, false, false, false);
    }

    /** The model is right where the table knew nothing. */
    private static void hit(HitRates rates) {
        rates.saw(0, true, false, true, true);
    }

    @Test
    void rate_nothingSeen_isThatEitherMayBeRight() {
        HitRates stream = HitRates.ofEngine().ofStream();
        assertThat(stream.isKnown()).isFalse();
        assertThat(stream.model()).isCloseTo(0.62, within(1e-9));
        assertThat(stream.end()).isCloseTo(0.62, within(1e-9));
        assertThat(stream.rate(0.5)).isCloseTo(0.5 + 0.5 * 0.8 * 0.62, within(1e-9));
    }

    @Test
    void saw_oneWrongGuess_isCountedInBoth() {
        HitRates engine = HitRates.ofEngine();
        HitRates stream = engine.ofStream();

        miss(stream);

        // The engine's model: 2 · 0.62 / 3; the ends: 6 · 0.4133 / 7; the gain: 6 · 0.8 · 0.4133 / 7 where the table
        // knows
        // nothing. The stream starts from these: 5 of them and one miss.
        assertThat(engine.model()).isCloseTo(0.4133, within(1e-4));
        assertThat(engine.end()).isCloseTo(0.3543, within(1e-4));
        assertThat(engine.rate(0)).isCloseTo(0.2834, within(1e-4));
        assertThat(stream.model()).isCloseTo(5 * 0.4133 / 6, within(1e-4));
        assertThat(stream.end()).isCloseTo(5 * 0.3543 / 6, within(1e-4));
        assertThat(stream.rate(0)).isCloseTo(5 * 0.2834 / 6, within(1e-4));
    }

    @Test
    void rate_mixtureIsRightThanksToTheTable_modelGainsNothing() {
        HitRates stream = HitRates.ofEngine().ofStream();
        for (int i = 0; i < 400; i++) {
            boolean right = i % 10 != 0;
            stream.saw(0.7f, false, right, right, false); // a table that says 0.7 and means 0.9
        }
        assertThat(stream.rate(0.7)).isBetween(0.7, 0.71);
        assertThat(stream.rate(0.8)).isBetween(0.8, 0.81);
    }

    @Test
    void ofStream_othersHaveSeenMuch_startsFromIt() {
        HitRates engine = HitRates.ofEngine();
        HitRates first = engine.ofStream();
        for (int i = 0; i < 400; i++) {
            miss(first);
        }
        HitRates second = engine.ofStream();
        assertThat(second.isKnown()).isTrue();
        assertThat(second.model()).isLessThan(0.02);
        assertThat(second.end()).isLessThan(0.02);
        assertThat(second.rate(0)).isLessThan(0.02);
    }

    @Test
    void saw_textChanges_streamFollowsSoon() {
        HitRates stream = HitRates.ofEngine().ofStream();
        for (int i = 0; i < 200; i++) {
            hit(stream);
        }
        assertThat(stream.rate(0)).isGreaterThan(0.97);
        for (int i = 0; i < 30; i++) {
            miss(stream);
        }
        assertThat(stream.rate(0)).isLessThan(0.35);
    }
}
