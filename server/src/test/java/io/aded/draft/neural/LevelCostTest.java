package io.aded.draft.neural;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

final class LevelCostTest {
    private final LevelCost cost = new LevelCost();

    @Test
    void nanos_nothingSeen_isZero() {
        assertThat(cost.nanos(1)).isZero();
        assertThat(cost.nanos(64)).isZero();
    }

    @Test
    void nanos_passesOfSeveralWidths_isTheLineThroughThem() {
        for (int i = 0; i < 20; i++) {
            int tokens = 1 + i % 4;
            cost.observe(tokens, 1000 + 100 * tokens);
        }
        assertThat(cost.nanos(1)).isCloseTo(1100, within(1.0));
        assertThat(cost.nanos(8)).isCloseTo(1800, within(1.0));
        assertThat(cost.nanos(100)).isCloseTo(11_000, within(10.0));
    }

    @Test
    void nanos_passesOfOneWidth_assumesAQuarterForEachTokenMore() {
        cost.observe(1, 400);
        cost.observe(1, 400);

        assertThat(cost.nanos(1)).isCloseTo(400, within(1e-6));
        assertThat(cost.nanos(3)).isCloseTo(600, within(1e-6));
    }

    @Test
    void observe_aStall_countsAsFourTimesTheLine() {
        for (int i = 0; i < 50; i++) {
            cost.observe(1, 1000);
        }
        cost.observe(1, 1_000_000);

        // Of 22.75 faded passes, (1 − 0.96^51) / 0.04, one took 4,000 and all others 1,000.
        assertThat(cost.nanos(1)).isCloseTo(1000 + 3000 * 0.04 / (1 - Math.pow(0.96, 51)), within(1.0));
    }

    @Test
    void nanos_machineThatBecomesSlower_follows() {
        for (int i = 0; i < 100; i++) {
            cost.observe(1 + i % 2, 1000);
        }
        for (int i = 0; i < 150; i++) {
            cost.observe(1 + i % 2, 3000);
        }
        assertThat(cost.nanos(1)).isCloseTo(3000, within(10.0));
    }

    @Test
    void tokensWithin_time_isWhatFitsByHalves() {
        for (int i = 0; i < 20; i++) {
            int tokens = 1 + i % 4;
            cost.observe(tokens, 1000 + 100 * tokens);
        }
        assertThat(cost.tokensWithin(30_000, 8, 256)).isEqualTo(256);
        assertThat(cost.tokensWithin(5_000, 8, 256)).isEqualTo(32);
        assertThat(cost.tokensWithin(10, 8, 256)).isEqualTo(8);
    }
}
