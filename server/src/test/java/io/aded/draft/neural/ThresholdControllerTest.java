package io.aded.draft.neural;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/** The rule of arXiv 2309.08168, section 3.4, worked by hand. */
final class ThresholdControllerTest {
    private final ThresholdController controller = new ThresholdController();

    @Test
    void goesOn_tokenBelowTheThreshold_isTheLast() {
        assertThat(controller.threshold()).isEqualTo(0.8);
        assertThat(controller.goesOn(0.81f)).isTrue();
        assertThat(controller.goesOn(0.79f)).isFalse();
    }

    @Test
    void verified_tooFewAccepted_raisesTheThreshold() {
        // AR = 0.5 · 0 + 0.5 · 2/4 = 0.25 < 0.9: γ' = 0.81, γ = 0.9 · 0.8 + 0.1 · 0.81.
        controller.verified(4, 2, 8);

        assertThat(controller.threshold()).isCloseTo(0.801, within(1e-12));
    }

    @Test
    void verified_allAccepted_lowersItOnceTheRateIsReached() {
        // AR = 0.5, 0.75, 0.875: still below 0.9, so γ rises by a thousandth each time; then 0.9375.
        for (int i = 0; i < 3; i++) {
            controller.verified(3, 3, 8);
        }
        assertThat(controller.threshold()).isCloseTo(0.803, within(1e-12));

        controller.verified(3, 3, 8);

        assertThat(controller.threshold()).isCloseTo(0.802, within(1e-12));
    }

    @Test
    void verified_allAcceptedOfTheLongestDraft_leavesIt() {
        for (int i = 0; i < 3; i++) {
            controller.verified(8, 8, 8);
        }
        double before = controller.threshold();

        controller.verified(8, 8, 8);

        assertThat(controller.threshold()).isEqualTo(before, within(1e-12));
    }
}
