package io.aded.lab.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class StatisticsTest {

    @Test
    void geometricMean_ofAHalfAndATwo_isOne() {
        assertThat(Statistics.geometricMean(new double[] {0.5, 2})).isCloseTo(1, within(1e-12));
        assertThat(Statistics.geometricMean(new double[] {1, 2, 4})).isCloseTo(2, within(1e-12));
    }

    @Test
    void quantile_betweenTwoValues_isLinear() {
        double[] values = {40, 10, 30, 20};
        assertThat(Statistics.median(values)).isEqualTo(25);
        assertThat(Statistics.quantile(values, 0)).isEqualTo(10);
        assertThat(Statistics.quantile(values, 0.1)).isCloseTo(13, within(1e-12));
        assertThat(Statistics.quantile(values, 1)).isEqualTo(40);
        assertThat(values).containsExactly(40, 10, 30, 20);
        assertThat(Statistics.median(new double[0])).isNaN();
    }

    @Test
    void bootstrap_ofEqualValues_hasNoWidth() {
        Interval interval = Statistics.bootstrap(10, 1, picks -> 1.5);
        assertThat(interval).isEqualTo(new Interval(1.5, 1.5, 1.5));
    }

    @Test
    void bootstrap_ofTooFewUnits_givesNoBounds() {
        assertThat(Statistics.bootstrap(2, 1, picks -> picks.length).hasBounds())
                .isFalse();
        assertThat(Statistics.bootstrap(0, 1, picks -> 1).estimate()).isNaN();
    }

    @Test
    void bootstrap_ofAMean_isAsWideAsTheNormalTheorySays() {
        SplittableRandom random = new SplittableRandom(7);
        double[] values = random.doubles(400).toArray();
        Interval interval = Statistics.bootstrap(
                values.length,
                3,
                picks -> Arrays.stream(picks)
                        .mapToDouble(i -> values[i])
                        .average()
                        .orElseThrow());
        // The standard error of 400 uniform values is sqrt(1/12/400) = 0.01443; 1.96 of it on either side.
        assertThat(interval.high() - interval.low()).isCloseTo(2 * 1.96 * 0.01443, within(0.006));
        assertThat(interval.estimate()).isBetween(interval.low(), interval.high());
    }

    @Test
    void bootstrap_withTheSameSeed_isTheSame() {
        assertThat(Statistics.bootstrap(5, 9, picks -> picks[0]))
                .isEqualTo(Statistics.bootstrap(5, 9, picks -> picks[0]));
    }

    @Test
    void supports_percentile_takesAsManyValuesAsOneLiesBeyond() {
        assertThat(Statistics.supports(99.9, 999)).isFalse();
        assertThat(Statistics.supports(99.9, 1000)).isTrue();
        assertThat(Statistics.supports(99, 48)).isFalse();
        assertThat(Statistics.supports(99, 100)).isTrue();
        assertThat(Statistics.supports(95, 48)).isTrue();
        assertThat(Statistics.supports(50, 0)).isFalse();
    }
}
