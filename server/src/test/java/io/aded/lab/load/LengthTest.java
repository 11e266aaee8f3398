package io.aded.lab.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LengthTest {
    private static final int MANY = 20_000;

    private static int[] draws(String length) {
        Length parsed = Length.parse(length);
        SplittableRandom random = new SplittableRandom(11);
        int[] drawn = new int[MANY];
        Arrays.setAll(drawn, _ -> parsed.draw(random));
        Arrays.sort(drawn);
        return drawn;
    }

    @ParameterizedTest
    @ValueSource(strings = {"128", "uniform:16-256", "exponential:128", "lognormal:100:0.6"})
    void parse_known_printsAsItWasWritten(String length) {
        assertThat(Length.parse(length)).hasToString(length);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "0",
                "-1",
                "ten",
                "uniform:5",
                "uniform:9-3",
                "uniform:1-2.5",
                "exponential:",
                "exponential:3-4",
                "lognormal:100",
                "lognormal:100:4",
                "lognormal:0:1",
                "pareto:3",
                "99999999999",
                "128 tokens"
            })
    void parse_unknown_saysWhatIsAllowed(String length) {
        assertThatThrownBy(() -> Length.parse(length))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("uniform:LEAST-MOST");
    }

    @Test
    void draw_fixed_isAlwaysTheSame() {
        assertThat(draws("17")).containsOnly(17);
    }

    @Test
    void draw_uniform_reachesBothEndsEvenly() {
        int[] drawn = draws("uniform:10-13");
        assertThat(drawn[0]).isEqualTo(10);
        assertThat(drawn[MANY - 1]).isEqualTo(13);
        assertThat(Arrays.stream(drawn).average().orElseThrow()).isCloseTo(11.5, within(0.05));
    }

    @Test
    void draw_exponential_hasItsMeanAndAnEnd() {
        int[] drawn = draws("exponential:100");
        assertThat(Arrays.stream(drawn).average().orElseThrow()).isCloseTo(100, within(4.0));
        assertThat(drawn[0]).isEqualTo(1);
        assertThat(drawn[MANY - 1]).isBetween(500, 800);
    }

    @Test
    void draw_logNormal_hasItsMedianAndSpread() {
        int[] drawn = draws("lognormal:100:0.5");
        assertThat(drawn[MANY / 2]).isBetween(97, 103);
        // A standard deviation above the median: the 84.13th percentile is 100 e^0.5.
        assertThat(drawn[(int) (MANY * 0.8413)]).isBetween(158, 172);
    }
}
