package io.aded.lab.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class ChartTest {
    private static int[] rgb(int i) {
        int colour = Integer.parseInt(Chart.colour(i).substring(1), 16);
        return new int[] {colour >> 16, colour >> 8 & 0xff, colour & 0xff};
    }

    @Test
    void colour_fortySeries_noTwoAlike() {
        for (int i = 0; i < 40; i++) {
            for (int j = 0; j < i; j++) {
                int[] a = rgb(i);
                int[] b = rgb(j);
                int distance = Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1]) + Math.abs(a[2] - b[2]);
                assertThat(distance).as(i + " and " + j).isGreaterThan(35);
            }
        }
    }

    @Test
    void legend_moreThanALineHolds_goesOnInTheNext() {
        Svg svg = new Svg();
        List<String> labels =
                IntStream.range(0, 14).mapToObj(i -> "aded-mcts:" + (10 + i)).toList();

        Chart.legend(svg, labels, 0);

        String picture = Chart.document(svg, 1);
        assertThat(picture.split("y=\"320.0\"", -1)).hasSizeGreaterThan(2);
        assertThat(picture.split("y=\"338.0\"", -1)).hasSizeGreaterThan(2);
        assertThat(Chart.HEAD + Chart.PANEL).isGreaterThan(Chart.top(0) + 338 + 4);
    }

    @Test
    void titles_bothAxes_areInThePictureTheVerticalOneUpward() {
        Svg svg = new Svg();

        Chart.titles(svg, 0, "tokens in the pass", "passes of one token");

        assertThat(Chart.document(svg, 1))
                .contains(">tokens in the pass</text>", "rotate(-90 16.0 140.0)\">passes of one token</text>");
    }
}
