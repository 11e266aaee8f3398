package io.aded.lab.load;

import static io.aded.lab.report.Chart.LEFT;
import static io.aded.lab.report.Chart.RIGHT;
import static io.aded.lab.report.Chart.WIDTH;
import static io.aded.lab.report.Chart.colour;
import static io.aded.lab.report.Figures.number;

import io.aded.lab.report.Chart;
import io.aded.lab.report.Chart.Scale;
import io.aded.lab.report.Machine;
import io.aded.lab.report.Statistics;
import io.aded.lab.report.Svg;
import java.util.List;
import org.HdrHistogram.Histogram;

/** Throughput as bars, and for each kind of time its percentiles as curves, one a mode. */
final class LoadPlot {
    /**
     * Where curves have their points: evenly by the number of nines, so that the tail is as wide as the body. The last
     * one is the 99.9th percentile. A curve ends where so few values say nothing: that of 100 at the 99th.
     */
    private static final int POINTS = 61;

    private static final int NINES = 3;
    private static final List<Measure> CURVES =
            List.of(Measure.FIRST_TOKEN, Measure.INTER_TOKEN, Measure.PAUSE, Measure.WHOLE);

    private final List<Tally> tallies;
    private final List<String> labels;
    private final Svg svg = new Svg();

    LoadPlot(List<Tally> tallies) {
        this.tallies = List.copyOf(tallies);
        labels = this.tallies.stream().map(tally -> tally.mode().label()).toList();
    }

    /** What the page is called. */
    static String title(Machine machine) {
        return "aded load: " + machine.model();
    }

    /** The picture as a stand-alone SVG. Call once. */
    String svg(Machine machine, String load) {
        Chart.head(
                svg,
                title(machine) + ", " + load,
                machine.library() + " · " + machine.processor() + ", " + machine.cores() + " cores · "
                        + machine.date());
        throughput(Chart.top(0));
        for (int i = 0; i < CURVES.size(); i++) {
            curve(CURVES.get(i), Chart.top(i + 1));
        }
        return Chart.document(svg, CURVES.size() + 1);
    }

    private void throughput(int top) {
        svg.text(LEFT, top, "start", "head", "Throughput; the dots are single blocks");
        double highest = 1;
        for (Tally tally : tallies) {
            highest = Double.isFinite(tally.tokensPerSecond()) ? Math.max(highest, tally.tokensPerSecond()) : highest;
            for (Tally.Block block : tally.blocks()) {
                highest = Math.max(highest, speed(block));
            }
        }
        Scale y = Chart.vertical(0, highest * 1.1, top);
        Chart.axes(svg, y, top);
        Chart.titles(svg, top, "", "tokens a second");
        double column = (double) (WIDTH - LEFT - RIGHT) / tallies.size();
        double bar = Math.min(120, column * 0.6);
        for (int i = 0; i < tallies.size(); i++) {
            Tally tally = tallies.get(i);
            double middle = LEFT + column * (i + 0.5);
            double speed = Double.isFinite(tally.tokensPerSecond()) ? tally.tokensPerSecond() : 0;
            String said = number(tally.tokensPerSecond(), 1) + " tokens/s";
            svg.rectangle(
                    middle - bar / 2, y.at(speed), bar, y.at(0) - y.at(speed), colour(i), labels.get(i) + ": " + said);
            svg.text(middle, y.at(speed) - 6, "middle", "label", said);
            for (Tally.Block block : tally.blocks()) {
                svg.dot(middle + bar / 2 + 8, y.at(speed(block)), "#222", number(speed(block), 1) + " tokens/s");
            }
            Chart.label(svg, middle, top, labels.get(i));
        }
    }

    private static double speed(Tally.Block block) {
        return block.nanos() == 0 ? 0 : block.tokens() / (block.nanos() / 1e9);
    }

    private void curve(Measure measure, int top) {
        svg.text(LEFT, top, "start", "head", "Times by percentile: " + measure.label());
        double highest = 1;
        long most = 1;
        for (Tally tally : tallies) {
            Histogram times = tally.times(measure);
            highest = Math.max(highest, millis(times, points(times.getTotalCount()) - 1));
            most = Math.max(most, times.getTotalCount());
        }
        Scale y = Chart.vertical(0, highest * 1.05, top);
        Scale x = new Scale(0, NINES, LEFT, WIDTH - RIGHT);
        Chart.axes(svg, y, top);
        Chart.titles(svg, top, "percentile", "milliseconds");
        for (double percentile : new double[] {50, 90, 99, 99.9}) {
            if (Statistics.supports(percentile, most)) {
                Chart.label(
                        svg,
                        x.at(-Math.log10(1 - percentile / 100)),
                        top,
                        "p" + number(percentile, percentile > 99 ? 1 : 0));
            }
        }
        for (int i = 0; i < tallies.size(); i++) {
            Histogram times = tallies.get(i).times(measure);
            if (times.getTotalCount() == 0) {
                continue;
            }
            int points = points(times.getTotalCount());
            double[] xs = new double[points];
            double[] ys = new double[points];
            for (int point = 0; point < points; point++) {
                xs[point] = x.at((double) point * NINES / (POINTS - 1));
                ys[point] = y.at(millis(times, point));
            }
            svg.path(xs, ys, points, colour(i));
        }
        Chart.legend(svg, labels, top);
    }

    /** How many points the curve of so many values has. */
    static int points(long count) {
        double nines = Math.min(NINES, Math.log10(Math.max(1, count)));
        return 1 + (int) Math.floor(nines / NINES * (POINTS - 1) + 1e-9);
    }

    private static double millis(Histogram times, int point) {
        double share = 1 - Math.pow(10, -(double) point * NINES / (POINTS - 1));
        return times.getTotalCount() == 0 ? 0 : times.getValueAtPercentile(share * 100) / 1e3;
    }
}
