package io.aded.lab.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.aded.engine.EngineOptions;
import io.aded.engine.PassCosts;
import io.aded.lab.prompts.Scenarios;
import io.aded.lab.report.Chart;
import io.aded.lab.report.Machine;
import io.aded.lab.report.Progress;
import io.aded.model.ScriptedModel;
import java.time.InstantSource;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a reader finds in the picture of a real run. */
class PlotTest {
    private static final String MODES =
            "off,auto,aded:1,aded:2,aded:3,aded:4,aded:6,aded:8,aded:12,aded:16,aded:24,aded:32,ngram-cache";

    /** Four widths were measured: a pass of 1, 2, 4, 8 tokens took 10, 15, 20, 40 ms. */
    private static PassCosts costs() {
        double[] nanos = {0, 10e6, 15e6, 17.5e6, 20e6, 25e6, 30e6, 35e6, 40e6};
        boolean[] measured = {false, true, true, false, true, false, false, false, true};
        return new PassCosts(nanos, measured);
    }

    private static String picture() {
        ScriptedModel model = new ScriptedModel(ScriptedModel.babble(2, 2));
        EngineOptions options = EngineOptions.ofCells(2048);
        List<ModeSpec> modes = ModeSpec.parse(MODES);
        ExperimentSettings settings = ExperimentSettings.of(12);
        Benchmark.Result result = new Benchmark(model, options, modes, settings, Progress.NONE)
                .run(Scenarios.demonstration().subList(0, 3));
        Analysis analysis = new Analysis(modes, result.measurements(), settings.grouping(), 1);
        Machine machine = Machine.describe(InstantSource.system(), "1", "scripted", model.info(), options.context());
        return new Plot(analysis, machine, costs()).svg();
    }

    private static List<String> all(String pattern, String text) {
        return Pattern.compile(pattern)
                .matcher(text)
                .results()
                .map(found -> found.group(1))
                .toList();
    }

    @Test
    void svg_thirteenModes_axesAreNamedDotsAreMeasuredColoursDiffer() {
        String svg = picture();

        assertThat(all("class=\"note\"[^>]*>([^<]*)</text>", svg))
                .contains(
                        "tokens in the pass",
                        "passes of one token",
                        "depth in the draft",
                        "share of rounds",
                        "text",
                        "speed-up");

        // The curve's dots say what was measured, and nothing else has a dot there.
        assertThat(all("<title>(\\d+ tokens: [0-9.]+ ms)</title>", svg))
                .containsExactly(
                        "1 tokens: 10.00 ms", "2 tokens: 15.00 ms", "4 tokens: 20.00 ms", "8 tokens: 40.00 ms");
        double[] heights = all("cy=\"([0-9.]+)\" r=\"3\" fill=\"[^\"]*\"><title>\\d+ tokens:", svg).stream()
                .mapToDouble(Double::parseDouble)
                .toArray();
        // The scale ends at 1.05 times four passes: a pass of eight tokens is drawn 240 / 1.05 pixels above the axis.
        assertThat(heights[3]).isCloseTo(Chart.top(0) + 20 + 240 - 240 / 1.05, within(0.1));

        // Twelve modes beside off, in the legend each with a colour of its own.
        Matcher legend = Pattern.compile("fill=\"(#[0-9A-F]{6})\"><title>(auto|aded:\\d+|ngram-cache)</title>")
                .matcher(svg);
        assertThat(legend.results()
                        .collect(Collectors.toMap(found -> found.group(2), found -> found.group(1), (a, b) -> {
                            assertThat(b).isEqualTo(a);
                            return a;
                        }))
                        .values())
                .hasSize(12)
                .doesNotHaveDuplicates();
        assertThat(IntStream.range(0, 12).mapToObj(Chart::colour)).doesNotHaveDuplicates();
    }
}
