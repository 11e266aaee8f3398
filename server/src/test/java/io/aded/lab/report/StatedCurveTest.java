package io.aded.lab.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StatedCurveTest {
    @Test
    void cost_betweenAndBeyondPoints_liesOnStraightLines() {
        StatedCurve curve = StatedCurve.parse("1:1, 4:1.6");
        assertThat(curve.cost(1)).isEqualTo(1);
        assertThat(curve.cost(2)).isCloseTo(1.2, within(1e-9));
        assertThat(curve.cost(7)).isCloseTo(2.2, within(1e-9));
    }

    @Test
    void cost_lastPointIsCheaperThanTheOneBefore_staysAsItIsBeyond() {
        StatedCurve curve = StatedCurve.parse("1:1,3:1.8,4:1.5");
        assertThat(curve.cost(4)).isEqualTo(1.5);
        assertThat(curve.cost(64)).isEqualTo(1.5);
    }

    @Test
    void cost_onePoint_isThatEverywhere() {
        StatedCurve curve = StatedCurve.parse("4:2");
        assertThat(curve.cost(1)).isEqualTo(2);
        assertThat(curve.cost(9)).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "fast", "1", "1:2:3", "0:1", "1:0", "1:-1", "1:NaN", "1:1,", "1:Infinity"})
    void parse_noPoints_namesThePoint(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> StatedCurve.parse(text))
                .withMessageContaining("is no point; allowed: amx");
    }
}
