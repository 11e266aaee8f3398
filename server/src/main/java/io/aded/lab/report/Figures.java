package io.aded.lab.report;

import io.aded.model.AdedException;
import java.util.Locale;

/** Numbers as reports write them. */
public final class Figures {
    /** Stands where there is no number. */
    public static final String NOTHING = "–";

    private Figures() {}

    /** With so many decimals; {@link #NOTHING} for what is no finite number. */
    public static String number(double value, int decimals) {
        return Double.isNaN(value) || Double.isInfinite(value)
                ? NOTHING
                : String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    /** The estimate, with its bounds in brackets if it has any. */
    public static String interval(Interval interval) {
        return interval.hasBounds()
                ? number(interval.estimate(), 2) + " [" + number(interval.low(), 2) + ", " + number(interval.high(), 2)
                        + "]"
                : number(interval.estimate(), 2);
    }

    /** So many of something, which is counted in the singular: {@code 1 answer}, {@code 2,000 answers}. */
    public static String count(long number, String one) {
        return String.format(Locale.ROOT, "%,d %s", number, number == 1 ? one : one + "s");
    }

    /** A share as a percentage; with a decimal if it is small. */
    public static String percent(double share) {
        return Double.isNaN(share) ? NOTHING : number(share * 100, share < 0.1 && share > 0 ? 1 : 0) + " %";
    }

    /** The name, cut to a length. */
    public static String shorten(String name, int length) {
        return name.length() <= length ? name : name.substring(0, length - 1) + "…";
    }

    /** A name or a fact as a line or a cell of a report may show it: none of its characters commands a terminal. */
    public static String shown(String text) {
        return AdedException.printable(text.replaceAll("[\\n\\t]", " "));
    }
}
