package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.aded.testing.Seeds;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CostCurveTest {
    private static final long MILLI = 1_000_000;

    private static CostCurve measured() {
        CostCurve curve = new CostCurve(512);
        curve.set(1, 10 * MILLI);
        for (int width : new int[] {2, 4, 8, 16}) {
            curve.suggest(width, 1 + width * 0.1, 1e-4);
        }
        return curve;
    }

    @Test
    void observe_steadyPasses_areBelieved() {
        CostCurve curve = measured();
        double before = curve.nanos(12);
        for (int pass = 0; pass < 200; pass++) {
            curve.observe(8, 40 * MILLI);
        }
        assertThat(curve.nanos(8)).isCloseTo(40 * MILLI, within(0.4 * MILLI));
        assertThat(curve.nanos(12)).as("others move along").isGreaterThan(before);
    }

    @Test
    void observe_oneStalledPass_movesLittle() {
        CostCurve curve = measured();
        for (int pass = 0; pass < 50; pass++) {
            curve.observe(8, 18 * MILLI);
        }
        curve.observe(8, 900 * MILLI);
        assertThat(curve.nanos(8)).isLessThan(19 * MILLI);
    }

    @Test
    void observe_noisyPassesOfManyWidths_leadsNoWidthAstray() {
        // Noise of a factor e, and a pass in fifty that takes twenty times as long: a scripted model's.
        Random random = new Random(Seeds.orElse(1));
        CostCurve curve = measured();
        for (int pass = 0; pass < 100_000; pass++) {
            int width = 1 + random.nextInt(64);
            double stall = random.nextInt(50) == 0 ? 20 : 1;
            curve.observe(width, (long) (MILLI * (10 + width) * Math.exp(random.nextGaussian()) * stall));
        }
        for (int width = 1; width <= 64; width++) {
            assertThat(curve.nanos(width) / (MILLI * (10.0 + width)))
                    .as("width %d", width)
                    .isBetween(0.1, 10.0);
        }
        for (int width = 65; width <= 512; width++) {
            assertThat(curve.nanos(width)).as("width %d", width).isBetween(curve.nanos(1), width * curve.nanos(1));
        }
    }

    @Test
    void observe_noisyWidePasses_leaveNoTokensForNothing() {
        // Chunks of prompts of any width, half a millisecond a token, each with noise of a third.
        Random random = new Random(Seeds.orElse(1));
        CostCurve curve = measured();
        for (int pass = 0; pass < 2_000; pass++) {
            int width = 80 + random.nextInt(300);
            curve.observe(width, (long) (MILLI * (10 + 0.5 * width) * Math.exp(0.33 * random.nextGaussian())));
        }
        for (int width = 100; width <= 300; width++) {
            assertThat(curve.nanos(width) / (MILLI * (10 + 0.5 * width)))
                    .as("width %d", width)
                    .isBetween(0.7, 1.5);
            assertThat(curve.nanos(width + 40) - curve.nanos(width))
                    .as("40 tokens beside %d", width)
                    .isBetween(0.3 * 20 * MILLI, 2.5 * 20 * MILLI);
        }
    }

    @Test
    void observe_machineThatSlowsDownAndRecovers_leavesUntriedWidthsBesideTheOthers() {
        // Its pace changes by a half every 200 passes. Nobody tries 17 to 79 tokens, which must not become cheap by it:
        // each width that is tried sees the same change.
        Random random = new Random(Seeds.orElse(1));
        CostCurve curve = new CostCurve(512);
        curve.set(1, 3 * MILLI);
        for (int width : new int[] {2, 4, 8, 16, 32, 64, 128, 256}) {
            curve.suggest(width, 1 + 0.35 * (width - 1), 1e-4);
        }
        double pace = 1;
        for (int pass = 1; pass <= 20_000; pass++) {
            if (pass % 200 == 1) {
                pace = Math.exp(0.5 * random.nextGaussian());
            }
            int width = random.nextInt(8) == 0 ? 80 + random.nextInt(300) : 1 + random.nextInt(16);
            double cost = 3 * MILLI * (1 + 0.35 * (width - 1)) * pace;
            curve.observe(width, (long) (cost * Math.exp(0.25 * random.nextGaussian())));
            if (pass % 200 == 0) {
                assertThat(curve.nanos(40) / (3 * MILLI * (1 + 0.35 * 39) * pace))
                        .as("40 tokens after %d passes", pass)
                        .isBetween(0.3, 3.5);
                assertThat(curve.nanos(100) / (3 * MILLI * (1 + 0.35 * 99) * pace))
                        .as("100 tokens after %d passes", pass)
                        .isBetween(0.5, 2.0);
            }
        }
    }

    @Test
    void suggest_wideWidthAfterWidePasses_standsNotOutAmongItsNeighbours() {
        CostCurve curve = measured();
        for (int pass = 0; pass < 50; pass++) {
            curve.observe(100 + pass % 40, 60 * MILLI);
        }
        curve.suggest(128, 1, 1e-4);
        assertThat(curve.nanos(128)).isCloseTo(curve.nanos(127), within(0.1 * curve.nanos(127)));
    }

    @Test
    void interpolate_twoNeighboursThatDifferByNoise_saysNothingOfWidePasses() {
        CostCurve curve = measured();
        curve.suggest(63, 8, 1e-4);
        curve.suggest(64, 12, 1e-4);
        assertThat(curve.nanos(128) / curve.nanos(1)).isBetween(12.0, 30.0);
    }

    @Test
    void observe_widthsFarFromThePass_moveByAllPassesOfLateWhenAskedFor() {
        // Measured widths end at 16; those beyond were never seen, so they are not stale before 64 passes.
        CostCurve asked = measured();
        CostCurve left = measured();
        double before = left.nanos(400);
        for (int pass = 0; pass < 40; pass++) {
            asked.observe(8, 20 * MILLI);
            left.observe(8, 20 * MILLI);
            asked.nanos(400);
        }
        assertThat(left.nanos(400)).isGreaterThan(before).isCloseTo(asked.nanos(400), within(before * 1e-9));
        // A pass of another width, near which they are.
        left.observe(8, 20 * MILLI);
        asked.observe(8, 20 * MILLI);
        asked.nanos(400);
        left.observe(200, 90 * MILLI);
        asked.observe(200, 90 * MILLI);
        assertThat(left.nanos(400)).isCloseTo(asked.nanos(400), within(before * 1e-9));
    }

    @Test
    void restateOne_beforeRealPasses_keepsRatiosAfterThemNothing() {
        CostCurve curve = new CostCurve(16);
        curve.set(1, 150);
        curve.suggest(8, 2, 1e-4);

        curve.restateOne(15);
        assertThat(curve.nanos(1)).isCloseTo(15, within(1e-9));
        assertThat(curve.nanos(8)).isCloseTo(30, within(0.01));

        curve.observe(1, 15);
        curve.restateOne(150);
        assertThat(curve.nanos(1)).isCloseTo(15, within(1e-9));
    }
}
