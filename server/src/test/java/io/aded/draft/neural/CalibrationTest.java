package io.aded.draft.neural;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

final class CalibrationTest {
    private final Calibration calibration = new Calibration();

    @Test
    void chance_nothingTried_isWhatTheModelSays() {
        assertThat(calibration.chance(0.35f)).isCloseTo(0.35, within(1e-6));
        assertThat(calibration.chance(1f)).isEqualTo(1);
        assertThat(calibration.share()).isEqualTo(0.7);
    }

    @Test
    void chance_modelThatIsTooSure_isWhatCameOfIt() {
        for (int i = 0; i < 16; i++) {
            calibration.saw(0.85f, i % 2 == 0);
        }
        // Eight of sixteen, and four times its word.
        assertThat(calibration.chance(0.85f)).isCloseTo((8 + 4 * 0.85) / 20, within(1e-6));
        assertThat(calibration.chance(0.95f)).as("another bin").isCloseTo(0.95, within(1e-6));
        assertThat(calibration.share()).isCloseTo((8 + 5.6) / 24, within(1e-6));
    }

    @Test
    void chance_aboveOne_isOne() {
        assertThat(calibration.chance(1.02f))
                .as("sums over a part of a row may be too small")
                .isEqualTo(1);
    }

    @Test
    void saw_longAgo_fades() {
        for (int i = 0; i < 1000; i++) {
            calibration.saw(0.5f, true);
        }
        for (int i = 0; i < 2000; i++) {
            calibration.saw(0.5f, false);
        }
        assertThat(calibration.chance(0.5f)).isLessThan(0.02);
        assertThat(calibration.share()).isLessThan(0.02);
    }
}
