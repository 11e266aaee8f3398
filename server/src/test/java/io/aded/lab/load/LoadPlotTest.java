package io.aded.lab.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.aded.engine.DraftPolicy;
import io.aded.engine.EngineOptions;
import io.aded.lab.report.Machine;
import io.aded.model.ScriptedModel;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What a reader finds in the picture of so many calls. */
class LoadPlotTest {
    /** Calls of 10 ms each, one token at 1 ms. */
    private static Tally calls(String label, int number) {
        Tally tally = new Tally(new LoadMode(label, DraftPolicy.OFF, new Arrivals.Closed(1, 0)));
        for (int i = 0; i < number; i++) {
            Timeline timeline = new Timeline(() -> 1_000_000L, new LongAdder());
            timeline.arrived(1);
            tally.add(
                    0,
                    0,
                    10_000_000L,
                    timeline,
                    new Reply.Answered(new Reply.Usage(1, 1, 0, 0, 1, 0, 0, 0, 0, 0)),
                    false);
        }
        return tally;
    }

    private static String picture(Tally... tallies) {
        ScriptedModel model = new ScriptedModel(ScriptedModel.babble(1, 2));
        Machine machine = Machine.describe(
                InstantSource.system(),
                "1",
                "scripted",
                model.info(),
                EngineOptions.ofCells(64).context());
        return new LoadPlot(List.of(tallies)).svg(machine, "closed loop");
    }

    private static List<String> all(String pattern, String text) {
        return Pattern.compile(pattern)
                .matcher(text)
                .results()
                .map(found -> found.group(1))
                .toList();
    }

    @Test
    void svg_fortyEightCalls_noPercentileThatTheyCannotHave() {
        String svg = picture(calls("off", 48), calls("auto", 48));

        assertThat(all(">(p[0-9.]+)</text>", svg)).contains("p50", "p90").doesNotContain("p99", "p99.9");
        // The curves end at the 97.9th percentile: log10(48) of three nines along the axis, in steps of a twentieth.
        double widest = all("L([0-9.]+) [0-9.]+\"", svg).stream()
                .mapToDouble(Double::parseDouble)
                .max()
                .orElseThrow();
        assertThat(widest).isCloseTo(64 + (1000 - 64 - 24) * 1.65 / 3, within(0.1));
    }

    @Test
    void svg_thousandCalls_theTailIsThere() {
        assertThat(all(">(p[0-9.]+)</text>", picture(calls("off", 1000)))).contains("p99", "p99.9");
    }

    @Test
    void svg_anyRun_axesAreNamed() {
        assertThat(all("class=\"note\"[^>]*>([^<]*)</text>", picture(calls("off", 48))))
                .contains("percentile", "milliseconds", "tokens a second");
    }
}
