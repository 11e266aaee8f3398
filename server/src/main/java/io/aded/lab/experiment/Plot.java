package io.aded.lab.experiment;

import static io.aded.lab.report.Chart.LEFT;
import static io.aded.lab.report.Chart.RIGHT;
import static io.aded.lab.report.Chart.WIDTH;
import static io.aded.lab.report.Chart.colour;
import static io.aded.lab.report.Figures.interval;
import static io.aded.lab.report.Figures.number;

import io.aded.engine.PassCosts;
import io.aded.lab.report.Chart;
import io.aded.lab.report.Chart.Scale;
import io.aded.lab.report.Interval;
import io.aded.lab.report.Machine;
import io.aded.lab.report.Svg;
import java.util.ArrayList;
import java.util.List;

/**
 * Three charts in one picture: what a pass costs by its width, how deep drafts are accepted, and the
 * speed-up by group with its confidence interval. One file without references to others.
 */
final class Plot {
    private static final int WIDEST_PASS = 64;
    private static final int DEEPEST = 16;

    private final Analysis analysis;
    private final Machine machine;
    private final double[] passNanos;
    private final boolean[] measured;
    private final List<ModeSpec> drafting;
    private final Svg svg = new Svg();

    Plot(Analysis analysis, Machine machine, PassCosts costs) {
        this.analysis = analysis;
        this.machine = machine;
        passNanos = costs.nanos();
        measured = costs.measured();
        drafting = analysis.modes().stream()
                .filter(mode -> !mode.isOff() && !mode.equals(ModeSpec.BARE))
                .toList();
    }

    /** The picture as a stand-alone SVG. Call once. */
    String svg() {
        Chart.head(
                svg,
                title() + ", " + machine.quantization(),
                machine.library() + " · " + machine.processor() + ", " + machine.cores() + " cores · "
                        + machine.date());
        costCurve(Chart.top(0));
        acceptance(Chart.top(1));
        speedUps(Chart.top(2));
        return Chart.document(svg, 3);
    }

    /** What the page is called. */
    String title() {
        return "aded bench: " + machine.model();
    }

    private void costCurve(int top) {
        int widest = Math.min(WIDEST_PASS, passNanos.length - 1);
        svg.text(
                LEFT,
                top,
                "start",
                "head",
                "What a pass of n tokens costs; the dots were measured, the line between them was not");
        if (widest < 2) {
            return;
        }
        double highest = 1;
        for (int n = 1; n <= widest; n++) {
            highest = Math.max(highest, passNanos[n] / passNanos[1]);
        }
        Scale y = Chart.vertical(0, highest * 1.05, top);
        Scale x = new Scale(1, widest, LEFT, WIDTH - RIGHT);
        Chart.axes(svg, y, top);
        Chart.titles(svg, top, "tokens in the pass", "passes of one token");
        double[] xs = new double[widest];
        double[] ys = new double[widest];
        for (int n = 1; n <= widest; n++) {
            xs[n - 1] = x.at(n);
            ys[n - 1] = y.at(passNanos[n] / passNanos[1]);
        }
        svg.path(xs, ys, widest, colour(0));
        for (int n = 1; n <= widest; n++) {
            if (measured[n]) {
                svg.dot(xs[n - 1], ys[n - 1], colour(0), n + " tokens: " + number(passNanos[n] / 1e6, 2) + " ms");
            }
            if (n == 1 || n % 8 == 0) {
                Chart.label(svg, xs[n - 1], top, "" + n);
            }
        }
        svg.text(WIDTH - RIGHT, top, "end", "note", "one token: " + number(passNanos[1] / 1e6, 2) + " ms");
    }

    private void acceptance(int top) {
        svg.text(LEFT, top, "start", "head", "Rounds with a draft that accepted a token at this depth");
        Scale y = Chart.vertical(0, 1, top);
        Scale x = new Scale(1, DEEPEST, LEFT + 20, WIDTH - RIGHT);
        Chart.axes(svg, y, top);
        Chart.titles(svg, top, "depth in the draft", "share of rounds");
        for (int depth = 1; depth <= DEEPEST; depth++) {
            Chart.label(svg, x.at(depth), top, "" + depth);
        }
        for (int i = 0; i < drafting.size(); i++) {
            RoundTally rounds = analysis.summary(drafting.get(i), null).rounds();
            double[] shares = rounds.acceptanceByDepth();
            double[] xs = new double[DEEPEST];
            double[] ys = new double[DEEPEST];
            int points = 0;
            while (points < Math.min(DEEPEST, shares.length)) {
                xs[points] = x.at(points + 1);
                ys[points] = y.at(shares[points]);
                svg.dot(
                        xs[points],
                        ys[points],
                        colour(i),
                        drafting.get(i).label() + ", depth " + (points + 1) + ": " + number(shares[points], 2) + " of "
                                + rounds.draftRounds + " rounds");
                points++;
            }
            svg.path(xs, ys, points, colour(i));
        }
        Chart.legend(svg, labels(), top);
    }

    private void speedUps(int top) {
        svg.text(LEFT, top, "start", "head", "Speed-up over plain decoding, with 95 % confidence intervals");
        List<String> groups = new ArrayList<>(analysis.groups());
        boolean several = groups.size() > 1;
        int columns = groups.size() + (several ? 1 : 0);
        List<List<Interval>> values = new ArrayList<>();
        double highest = 1.2;
        for (int g = 0; g < columns; g++) {
            List<Interval> column = new ArrayList<>();
            for (ModeSpec mode : drafting) {
                Interval speed = analysis.compare(mode, ModeSpec.OFF, g < groups.size() ? groups.get(g) : null)
                        .speed();
                column.add(speed);
                double end = speed.hasBounds() ? speed.high() : speed.estimate();
                highest = Double.isFinite(end) ? Math.max(highest, end) : highest;
            }
            values.add(column);
        }
        Scale y = Chart.vertical(0, highest * 1.05, top);
        Chart.axes(svg, y, top);
        Chart.titles(svg, top, "text", "speed-up");
        double columnWidth = (double) (WIDTH - LEFT - RIGHT) / columns;
        double bar = Math.min(36, columnWidth * 0.8 / Math.max(1, drafting.size()));
        for (int g = 0; g < columns; g++) {
            double middle = LEFT + columnWidth * (g + 0.5);
            String name = g < groups.size() ? groups.get(g) : "all";
            Chart.label(svg, middle, top, name);
            for (int i = 0; i < drafting.size(); i++) {
                Interval speed = values.get(g).get(i);
                if (Double.isFinite(speed.estimate())) {
                    double left = middle + (i - drafting.size() / 2.0) * bar;
                    svg.rectangle(
                            left + 1,
                            y.at(speed.estimate()),
                            bar - 2,
                            y.at(0) - y.at(speed.estimate()),
                            colour(i),
                            name + ", " + drafting.get(i).label() + ": " + interval(speed));
                    if (speed.hasBounds()) {
                        svg.line(left + bar / 2, y.at(speed.low()), left + bar / 2, y.at(speed.high()), "whisker");
                    }
                }
            }
        }
        svg.line(LEFT, y.at(1), WIDTH - RIGHT, y.at(1), "one");
        Chart.legend(svg, labels(), top);
    }

    private List<String> labels() {
        return drafting.stream().map(ModeSpec::label).toList();
    }
}
