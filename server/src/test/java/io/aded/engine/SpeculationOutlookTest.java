package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.aded.engine.SpeculationOutlook.Text;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SpeculationOutlookTest {
    /** Element n is the cost of a pass of n tokens, a straight line between the points, each {@code TOKENS:COST}. */
    private static double[] curve(String points) {
        double[] curve = new double[65];
        int left = 0;
        for (String point : points.split(",")) {
            int at = Integer.parseInt(point.split(":")[0]);
            double cost = 20e6 * Double.parseDouble(point.split(":")[1]);
            for (int n = left + 1; n <= at; n++) {
                curve[n] = left == 0 ? cost : curve[left] + (n - left) * (cost - curve[left]) / (at - left);
            }
            left = at;
        }
        return curve;
    }

    /** The gains are those of "aded simulate" for the same curves, with the engine in virtual time. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        1:1,2:1.55,3:1.85,4:1.9,5:2.85,8:2.95,9:3.8,12:3.85,13:4.85,16:4.95,17:6.1,20:6.1,24:6.9,64:16.3 | 1.86 | 1.38 | 1.20
        1:1,2:1.11,3:1.78,4:1.52,6:2.06,8:2.33,12:3.11,16:3.92,24:5.54,32:7.16,64:13.7                 | 2.25 | 1.58 | 1.32
        1:1,2:1.36,3:1.42,4:1.47,6:1.71,8:1.91,12:2.27,16:2.35,24:3.52,32:4.29,64:6.43                 | 2.85 | 1.56 | 1.33
        1:1,2:1.098,3:1.235,5:1.576,9:1.921,17:2.159,32:2.867,64:3.566                                 | 3.21 | 1.77 | 1.45
        1:1,8:1.05,16:1.15,32:1.3,64:1.6                                                               | 6.29 | 2.62 | 2.03
        """)
    void speedUp_curvesThatWereSimulated_withinATenth(String points, double edited, double questions, double chat) {
        SpeculationOutlook outlook = SpeculationOutlook.of(curve(points));

        assertThat(outlook.speedUp(Text.EDITED)).isCloseTo(edited, Percentage.withPercentage(10));
        assertThat(outlook.speedUp(Text.QUESTIONS)).isCloseTo(questions, Percentage.withPercentage(10));
        assertThat(outlook.speedUp(Text.CHAT)).isCloseTo(chat, Percentage.withPercentage(10));
        assertThat(outlook.pays()).isTrue();
    }

    @Test
    void gains_everyTokenCostsAPass_areNoneAndThatIsSaid() {
        SpeculationOutlook outlook = SpeculationOutlook.of(curve("1:1,64:64"));

        for (Text text : Text.values()) {
            assertThat(outlook.speedUp(text)).isCloseTo(1, within(1e-9));
        }
        assertThat(outlook.pays()).isFalse();
        assertThat(outlook.most()).isCloseTo(1, within(1e-9));
        assertThat(outlook.gains()).startsWith("next to nothing");
    }

    @Test
    void speedUp_twoBitWeights_nextToNothingButWhereAllIsCopied() {
        SpeculationOutlook outlook = SpeculationOutlook.of(curve("1:1,2:2.05,4:3.99,8:5.42,64:43"));

        assertThat(outlook.speedUp(Text.EDITED)).isBetween(1.0, 1.15);
        assertThat(outlook.speedUp(Text.CHAT)).isBetween(1.0, 1.05);
        assertThat(outlook.most()).isCloseTo(8 / 5.42, within(0.02));
    }

    @Test
    void rates_passesThatCostNothingMore_areThoseOfTheGuesses() {
        SpeculationOutlook outlook = SpeculationOutlook.of(curve("1:1,64:1"));

        assertThat(outlook.plainRate()).isCloseTo(50, within(1e-9));
        assertThat(outlook.most()).isCloseTo(33, within(1e-9));
        assertThat(outlook.cost(8)).isCloseTo(1, within(1e-9));
        assertThat(outlook.rate(Text.EDITED)).isEqualTo(50 * outlook.speedUp(Text.EDITED));
        assertThat(outlook.costs())
                .isEqualTo("a pass of one token takes 20.0 ms (50 tokens/s), one of 2, 4, 8 tokens 1.00, 1.00, 1.00"
                        + " times that");
    }

    @Test
    void costs_passesOfMicroseconds_areNotToldAsNoTimeAtAll() {
        assertThat(SpeculationOutlook.of(new double[] {0, 2_500, 2_500}).costs())
                .startsWith("a pass of one token takes 2.5 µs (400000 tokens/s)");
        assertThat(SpeculationOutlook.of(new double[] {0, 100_000, 100_000}).costs())
                .startsWith("a pass of one token takes 0.1 ms (10000 tokens/s)");
    }

    @Test
    void of_noPrice_refused() {
        assertThatThrownBy(() -> SpeculationOutlook.of(new double[] {0})).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> SpeculationOutlook.of(new double[] {0, 0}))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void of_fewWidthsKnown_theWidestStandsForWider() {
        SpeculationOutlook outlook = SpeculationOutlook.of(new double[] {0, 10e6, 12e6});

        assertThat(outlook.cost(8)).isCloseTo(1.2, within(1e-9));
        assertThat(outlook.most()).isCloseTo(2 / 1.2, within(1e-9));
    }
}
