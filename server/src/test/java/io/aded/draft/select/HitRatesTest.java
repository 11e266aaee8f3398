package io.aded.draft.select;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class HitRatesTest {
    @Test
    void rate_nothingSeen_isThatEitherMayBeRight() {
        HitRates stream = HitRates.ofEngine().ofStream();
        assertThat(stream.isKnown()).isFalse();
        assertThat(stream.model()).isCloseTo(0.62, within(1e-9));
        assertThat(stream.rate(-1)).isCloseTo(0.62, within(1e-9));
        assertThat(stream.rate(0.5f)).isCloseTo(0.5 + 0.5 * 0.8 * 0.62, within(1e-6));
    }

    @Test
    void saw_oneWrongGuess_isCountedInBoth() {
        HitRates engine = HitRates.ofEngine();
        HitRates stream = engine.ofStream();

        stream.saw(HitRates.BEYOND, false, false);

        // The engine's: 2 · 0.62 / 3; the bucket: 8 · 0.4133 / 9. The stream starts from these: 5 of them and one miss.
        assertThat(engine.model()).isCloseTo(0.4133, within(1e-4));
        assertThat(engine.rate(-1)).isCloseTo(0.3674, within(1e-4));
        assertThat(stream.model()).isCloseTo(5 * 0.4133 / 6, within(1e-4));
        assertThat(stream.rate(-1)).isCloseTo(5 * 0.3674 / 6, within(1e-4));
    }

    @Test
    void ofStream_othersHaveSeenMuch_startsFromIt() {
        HitRates engine = HitRates.ofEngine();
        HitRates first = engine.ofStream();
        for (int i = 0; i < 400; i++) {
            first.saw(HitRates.BEYOND, false, false);
        }
        HitRates second = engine.ofStream();
        assertThat(second.isKnown()).isTrue();
        assertThat(second.model()).isLessThan(0.02);
        assertThat(second.rate(-1)).isLessThan(0.02);
        assertThat(second.rate(0.7f)).isBetween(0.69, 0.72);
    }

    @Test
    void saw_textChanges_streamFollowsSoon() {
        HitRates stream = HitRates.ofEngine().ofStream();
        for (int i = 0; i < 200; i++) {
            stream.saw(HitRates.BEYOND, true, true);
        }
        assertThat(stream.rate(-1)).isGreaterThan(0.97);
        for (int i = 0; i < 30; i++) {
            stream.saw(HitRates.BEYOND, false, false);
        }
        assertThat(stream.rate(-1)).isLessThan(0.35);
    }
}
