package io.aded.lab.report;

import java.util.List;
import java.util.Locale;

/**
 * The parts that all our pictures are made of: charts below each other in one column, in one style. One picture is one
 * file without references to others.
 */
public final class Chart {
    /** Of a picture, in pixels. */
    public static final int WIDTH = 1000;

    /** Where a chart's area begins. */
    public static final int LEFT = 64;

    /** Left free beside a chart's area. */
    public static final int RIGHT = 24;

    /** A chart's height without title, labels and legend. */
    public static final int HEIGHT = 240;

    /** From one chart to the next. */
    public static final int PANEL = HEIGHT + 148;

    /** The picture's title and note. */
    public static final int HEAD = 72;

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

    private Chart() {}

    /** Between the hues of two colours that follow each other: the golden angle meets none again. */
    private static final double HUE_STEP = 137.50776;

    /** So chosen that the first forty colours are as far apart as they can be. */
    private static final double FIRST_HUE = 220;

    /** The colour of the i-th series, from 0: no two of the first forty are alike. */
    public static String colour(int i) {
        if (i < COLOURS.size()) {
            return COLOURS.get(i);
        }
        int further = i - COLOURS.size();
        double lightness = further % 2 == 0 ? 0.3 : 0.7;
        return hex((FIRST_HUE + further * HUE_STEP) % 360, lightness);
    }

    /** A colour of nine tenths of the saturation, by the formula of CSS Color 4 for hsl(). */
    private static String hex(double hue, double lightness) {
        double reach = 0.9 * Math.min(lightness, 1 - lightness);
        StringBuilder hex = new StringBuilder("#");
        for (int offset : new int[] {0, 8, 4}) {
            double k = (offset + hue / 30) % 12;
            double part = lightness - reach * Math.max(-1, Math.min(Math.min(k - 3, 9 - k), 1));
            hex.append(String.format(Locale.ROOT, "%02X", Math.round(255 * part)));
        }
        return hex.toString();
    }

    /** Title and note above all charts. */
    public static void head(Svg svg, String title, String note) {
        svg.text(LEFT, 30, "start", "title", title);
        svg.text(LEFT, 50, "start", "note", note);
    }

    /** Where the {@code index}-th chart of a picture begins. */
    public static int top(int index) {
        return HEAD + index * PANEL + 20;
    }

    /** The vertical scale of the chart that begins at {@code top}. */
    public static Scale vertical(double from, double to, int top) {
        return new Scale(from, to, top + 20 + HEIGHT, top + 20);
    }

    /** Lines and labels of the vertical scale, and the axis. */
    public static void axes(Svg svg, Scale y, int top) {
        double step = y.step();
        for (int i = 0; i * step <= y.to(); i++) {
            double value = i * step;
            svg.line(LEFT, y.at(value), WIDTH - RIGHT, y.at(value), i == 0 ? "axis" : "grid");
            svg.text(
                    LEFT - 8,
                    y.at(value) + 4,
                    "end",
                    "label",
                    Figures.number(value, step < 1 ? (step < 0.2 ? 2 : 1) : 0));
        }
        svg.line(LEFT, top + 20, LEFT, top + 20 + HEIGHT, "axis");
    }

    /** What the axes of the chart that begins at {@code top} are; an empty title is none. */
    public static void titles(Svg svg, int top, String horizontal, String vertical) {
        svg.text((LEFT + WIDTH - RIGHT) / 2.0, top + 56 + HEIGHT, "middle", "note", horizontal);
        svg.upward(16, top + 20 + HEIGHT / 2.0, "note", vertical);
    }

    /** A label below the chart's area. */
    public static void label(Svg svg, double x, int top, String text) {
        svg.text(x, top + 38 + HEIGHT, "middle", "label", text);
    }

    /** Names of the series with their colours, in as many lines as they take, below the chart at {@code top}. */
    public static void legend(Svg svg, List<String> labels, int top) {
        int y = top + 80 + HEIGHT;
        double x = LEFT;
        for (int i = 0; i < labels.size(); i++) {
            double width = 34 + 7.2 * labels.get(i).length();
            if (x > LEFT && x + width > WIDTH - RIGHT) {
                x = LEFT;
                y += 18;
            }
            svg.rectangle(x, y - 10, 12, 12, colour(i), labels.get(i));
            svg.text(x + 18, y, "start", "label", labels.get(i));
            x += width;
        }
    }

    /** The finished picture of so many charts. */
    public static String document(Svg svg, int charts) {
        return svg.document(WIDTH, HEAD + charts * PANEL, STYLE);
    }

    /** A page with the picture, and the report's text below it. */
    public static String page(String title, String picture, String report) {
        return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>"
                + Svg.escape(title)
                + "</title>\n<style>body{margin:2rem auto;max-width:1000px;background:#fff;color:#222}"
                + "svg{max-width:100%;height:auto}pre{font-size:13px;overflow-x:auto}</style>\n</head>\n<body>\n"
                + picture + "<pre>\n" + Svg.escape(report) + "</pre>\n</body>\n</html>\n";
    }

    /** A linear map from values to pixels. */
    public record Scale(double from, double to, double start, double end) {
        /** The pixel of a value. */
        public double at(double value) {
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
