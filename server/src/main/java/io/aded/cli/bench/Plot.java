package io.aded.cli.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * Three charts in one picture: what a pass costs by its width, how deep drafts are accepted, and the
 * speed-up by group with its confidence interval. One file without references to others.
 */
final class Plot {
    private static final int WIDTH = 1000;
    private static final int LEFT = 64;
    private static final int RIGHT = 24;
    private static final int CHART = 240;
    private static final int HEAD = 72;
    private static final int PANEL = CHART + 110;
    private static final int WIDEST_PASS = 64;
    private static final int DEEPEST = 16;

    /** Told apart also by people with colour-blindness (Okabe and Ito's palette). */
    private static final List<String> COLOURS = List.of(
            "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#7F7F7F", "#B8A800", "#5B3A9B",
            "#8C510A");

    private static final String STYLE = """
        .paper{fill:#fff}.axis{stroke:#444;stroke-width:1}.grid{stroke:#ddd;stroke-width:1}\
        .one{stroke:#444;stroke-width:1;stroke-dasharray:5 4}.whisker{stroke:#222;stroke-width:1.5}\
        text{font-family:system-ui,sans-serif;fill:#222}.title{font-size:18px;font-weight:600}\
        .head{font-size:14px;font-weight:600}.label{font-size:12px}.note{font-size:12px;fill:#666}\
        """;

    private final Analysis analysis;
    private final Machine machine;
    private final double[] passNanos;
    private final List<ModeSpec> drafting;
    private final Svg svg = new Svg();

    Plot(Analysis analysis, Machine machine, double[] passNanos) {
        this.analysis = analysis;
        this.machine = machine;
        this.passNanos = passNanos;
        drafting = analysis.modes().stream()
                .filter(mode -> !mode.isOff() && !mode.equals(ModeSpec.BARE))
                .toList();
    }

    /** The picture as a stand-alone SVG. Call once. */
    String svg() {
        svg.text(LEFT, 30, "start", "title", "aded bench: " + machine.model() + ", " + machine.quantization());
        svg.text(
                LEFT,
                50,
                "start",
                "note",
                machine.library() + " · " + machine.processor() + ", " + machine.cores() + " cores · "
                        + machine.date());
        costCurve(HEAD + 20);
        acceptance(HEAD + PANEL + 20);
        speedUps(HEAD + 2 * PANEL + 20);
        return svg.document(WIDTH, HEAD + 3 * PANEL, STYLE);
    }

    /** The picture in a page with the report's text below it. Call once. */
    String html(String report) {
        return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>aded bench: "
                + Svg.escape(machine.model())
                + "</title>\n<style>body{margin:2rem auto;max-width:1000px;background:#fff;color:#222}"
                + "svg{max-width:100%;height:auto}pre{font-size:13px;overflow-x:auto}</style>\n</head>\n<body>\n"
                + svg() + "<pre>\n" + Svg.escape(report) + "</pre>\n</body>\n</html>\n";
    }

    private void costCurve(int top) {
        int widest = Math.min(WIDEST_PASS, passNanos.length - 1);
        svg.text(LEFT, top, "start", "head", "Time of a pass of n tokens, in passes of one token");
        if (widest < 2) {
            return;
        }
        double highest = 1;
        for (int n = 1; n <= widest; n++) {
            highest = Math.max(highest, passNanos[n] / passNanos[1]);
        }
        Scale y = new Scale(0, highest * 1.05, top + 20 + CHART, top + 20);
        Scale x = new Scale(1, widest, LEFT, WIDTH - RIGHT);
        axes(y, top);
        double[] xs = new double[widest];
        double[] ys = new double[widest];
        for (int n = 1; n <= widest; n++) {
            xs[n - 1] = x.at(n);
            ys[n - 1] = y.at(passNanos[n] / passNanos[1]);
        }
        svg.path(xs, ys, widest, COLOURS.getFirst());
        for (int n = 1; n <= widest; n++) {
            svg.dot(
                    xs[n - 1],
                    ys[n - 1],
                    COLOURS.getFirst(),
                    n + " tokens: " + Report.number(passNanos[n] / 1e6, 2) + " ms");
            if (n == 1 || n % 8 == 0) {
                svg.text(xs[n - 1], top + 38 + CHART, "middle", "label", "" + n);
            }
        }
        svg.text(WIDTH - RIGHT, top, "end", "note", "one token: " + Report.number(passNanos[1] / 1e6, 2) + " ms");
    }

    private void acceptance(int top) {
        svg.text(LEFT, top, "start", "head", "Rounds with a draft that accepted a token at this depth");
        Scale y = new Scale(0, 1, top + 20 + CHART, top + 20);
        Scale x = new Scale(1, DEEPEST, LEFT + 20, WIDTH - RIGHT);
        axes(y, top);
        for (int depth = 1; depth <= DEEPEST; depth++) {
            svg.text(x.at(depth), top + 38 + CHART, "middle", "label", "" + depth);
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
                        drafting.get(i).label() + ", depth " + (points + 1) + ": " + Report.number(shares[points], 2)
                                + " of " + rounds.draftRounds + " rounds");
                points++;
            }
            svg.path(xs, ys, points, colour(i));
        }
        legend(top + 62 + CHART);
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
        Scale y = new Scale(0, highest * 1.05, top + 20 + CHART, top + 20);
        axes(y, top);
        double columnWidth = (double) (WIDTH - LEFT - RIGHT) / columns;
        double bar = Math.min(36, columnWidth * 0.8 / Math.max(1, drafting.size()));
        for (int g = 0; g < columns; g++) {
            double middle = LEFT + columnWidth * (g + 0.5);
            String name = g < groups.size() ? groups.get(g) : "all";
            svg.text(middle, top + 38 + CHART, "middle", "label", name);
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
                            name + ", " + drafting.get(i).label() + ": " + Report.interval(speed));
                    if (speed.hasBounds()) {
                        svg.line(left + bar / 2, y.at(speed.low()), left + bar / 2, y.at(speed.high()), "whisker");
                    }
                }
            }
        }
        svg.line(LEFT, y.at(1), WIDTH - RIGHT, y.at(1), "one");
        legend(top + 62 + CHART);
    }

    private void axes(Scale y, int top) {
        double step = y.step();
        for (int i = 0; i * step <= y.to(); i++) {
            double value = i * step;
            svg.line(LEFT, y.at(value), WIDTH - RIGHT, y.at(value), i == 0 ? "axis" : "grid");
            svg.text(
                    LEFT - 8,
                    y.at(value) + 4,
                    "end",
                    "label",
                    Report.number(value, step < 1 ? (step < 0.2 ? 2 : 1) : 0));
        }
        svg.line(LEFT, top + 20, LEFT, top + 20 + CHART, "axis");
    }

    private void legend(int y) {
        double x = LEFT;
        for (int i = 0; i < drafting.size(); i++) {
            String label = drafting.get(i).label();
            svg.rectangle(x, y - 10, 12, 12, colour(i), label);
            svg.text(x + 18, y, "start", "label", label);
            x += 34 + 7.2 * label.length();
        }
    }

    private static String colour(int i) {
        return COLOURS.get(i % COLOURS.size());
    }

    /** A linear map from values to pixels. */
    private record Scale(double from, double to, double start, double end) {
        double at(double value) {
            return start + (value - from) / (to - from) * (end - start);
        }

        /** A round step that gives four to ten lines. */
        double step() {
            double raw = (to - from) / 5;
            double power = Math.pow(10, Math.floor(Math.log10(raw)));
            double lead = raw / power;
            return (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10) * power;
        }
    }
}
