package io.aded.lab.report;

import java.util.Locale;

/** Writes SVG elements. Coordinates are pixels from the top left corner. */
public final class Svg {
    private final StringBuilder body = new StringBuilder();

    /** Begins empty. */
    public Svg() {}

    /** A line. */
    public Svg line(double x1, double y1, double x2, double y2, String style) {
        return element(
                "<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\" class=\"%s\"/>", px(x1), px(y1), px(x2), px(y2), style);
    }

    /** A filled rectangle; its title shows under the pointer. */
    public Svg rectangle(double x, double y, double width, double height, String fill, String title) {
        return element(
                "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill=\"%s\"><title>%s</title></rect>",
                px(x), px(y), px(Math.max(0, width)), px(Math.max(0, height)), fill, escape(title));
    }

    /** A line through points. */
    public Svg path(double[] xs, double[] ys, int points, String stroke) {
        StringBuilder data = new StringBuilder();
        for (int i = 0; i < points; i++) {
            data.append(i == 0 ? 'M' : 'L').append(px(xs[i])).append(' ').append(px(ys[i]));
        }
        return element("<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>", data, stroke);
    }

    /** A point; its title shows under the pointer. */
    public Svg dot(double x, double y, String fill, String title) {
        return element(
                "<circle cx=\"%s\" cy=\"%s\" r=\"3\" fill=\"%s\"><title>%s</title></circle>",
                px(x), px(y), fill, escape(title));
    }

    /** {@code anchor}: {@code start}, {@code middle} or {@code end}. */
    public Svg text(double x, double y, String anchor, String style, String text) {
        return element(
                "<text x=\"%s\" y=\"%s\" text-anchor=\"%s\" class=\"%s\">%s</text>",
                px(x), px(y), anchor, style, escape(text));
    }

    /** Text that runs upward, around its middle; nothing if it is empty. */
    public Svg upward(double x, double y, String style, String text) {
        return text.isEmpty()
                ? this
                : element(
                        "<text x=\"%1$s\" y=\"%2$s\" text-anchor=\"middle\" class=\"%3$s\""
                                + " transform=\"rotate(-90 %1$s %2$s)\">%4$s</text>",
                        px(x), px(y), style, escape(text));
    }

    private Svg element(String format, Object... values) {
        body.append("  ").append(String.format(Locale.ROOT, format, values)).append('\n');
        return this;
    }

    /** The whole document. */
    public String document(int width, int height, String style) {
        return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + width + "\" height=\"" + height
                + "\" viewBox=\"0 0 "
                + width + " " + height + "\" role=\"img\">\n  <style>" + style + "</style>\n"
                + "  <rect width=\"100%\" height=\"100%\" class=\"paper\"/>\n" + body + "</svg>\n";
    }

    private static String px(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }

    /** The text as it may stand in an element. */
    public static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
