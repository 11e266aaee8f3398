package io.aded.model;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A conversation as its template lays it out, with what is known of each character's origin: what a caller wrote must
 * never become a control token, whatever the template did with it on the way.
 */
public final class RenderedChat {
    private final String text;
    private final int[] ranges;

    /**
     * Creates one.
     *
     * @param text the whole
     * @param ranges where what callers wrote stands in it, in UTF-16 units: rising pairs of start (inclusive) and end
     *     (exclusive) that do not overlap
     */
    public RenderedChat(String text, int... ranges) {
        this.text = text;
        this.ranges = ranges.clone();
        int last = 0;
        for (int bound : this.ranges) {
            if (bound < last || bound > text.length()) {
                throw new IllegalArgumentException("the ranges " + Arrays.toString(ranges)
                        + " do not rise within a text of " + text.length() + " characters");
            }
            last = bound;
        }
        if (this.ranges.length % 2 != 0) {
            throw new IllegalArgumentException("a range has no end");
        }
    }

    /** The text. */
    public String text() {
        return text;
    }

    /** How many runs of the text came from callers. */
    public int ranges() {
        return ranges.length / 2;
    }

    /** Where the i-th run starts, inclusive. */
    public int start(int i) {
        return ranges[2 * i];
    }

    /** Where the i-th run ends, exclusive. */
    public int end(int i) {
        return ranges[2 * i + 1];
    }

    /** The part from {@code from} (inclusive) to {@code to} (exclusive). */
    public RenderedChat part(int from, int to) {
        int[] kept = new int[ranges.length];
        int count = 0;
        for (int i = 0; i < ranges.length; i += 2) {
            int start = Math.max(from, ranges[i]);
            int end = Math.min(to, ranges[i + 1]);
            if (start < end) {
                kept[count++] = start - from;
                kept[count++] = end - from;
            }
        }
        return new RenderedChat(text.substring(from, to), Arrays.copyOf(kept, count));
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof RenderedChat chat && chat.text.equals(text) && Arrays.equals(chat.ranges, ranges);
    }

    @Override
    public int hashCode() {
        return Objects.hash(text, Arrays.hashCode(ranges));
    }

    @Override
    public String toString() {
        return "RenderedChat of " + text.length() + " characters, " + ranges() + " runs of them from callers";
    }
}
