package io.aded.template.jinja;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A string that knows which of its characters came from a caller.
 *
 * <p>Jinja's strings are Python's: they are measured and sliced in code points. Inside, this is a Java string; offsets
 * in this class's own methods are UTF-16 offsets unless a method says otherwise. Immutable.
 */
public final class Text implements Value {
    private static final int[] NONE = {};

    /** The empty text. */
    static final Text EMPTY = new Text("", NONE, false);

    private final String string;

    /** Ranges from a caller, as rising pairs of start (inclusive) and end (exclusive). */
    private final int[] marks;

    /** Whether this counts as HTML that is already escaped (Python's {@code Markup}), which {@code safe} makes. */
    private final boolean markup;

    Text(String string, int[] marks, boolean markup) {
        this.string = string;
        this.marks = marks;
        this.markup = markup;
    }

    /** Text of the template's own, or of the host. */
    public static Text of(String string) {
        return string.isEmpty() ? EMPTY : new Text(string, NONE, false);
    }

    /** Text that came from a caller. */
    public static Text fromCaller(String string) {
        return string.isEmpty() ? EMPTY : new Text(string, new int[] {0, string.length()}, false);
    }

    /** The characters. */
    public String string() {
        return string;
    }

    /** UTF-16 units. */
    public int length() {
        return string.length();
    }

    boolean isEmpty() {
        return string.isEmpty();
    }

    boolean isMarkup() {
        return markup;
    }

    /** The number of ranges that came from a caller; {@link #markStart} and {@link #markEnd} tell them, in order. */
    public int marks() {
        return marks.length / 2;
    }

    /** Where the i-th range from a caller starts, inclusive, in UTF-16 units. */
    public int markStart(int i) {
        return marks[2 * i];
    }

    /** Where the i-th range from a caller ends, exclusive, in UTF-16 units. */
    public int markEnd(int i) {
        return marks[2 * i + 1];
    }

    boolean hasMarks() {
        return marks.length > 0;
    }

    Text asMarkup(boolean wanted) {
        return markup == wanted ? this : new Text(string, marks, wanted);
    }

    /**
     * The same origin for a string that was made of this one in a way that does not keep places: all of it or nothing.
     */
    Text derived(String made) {
        int[] all = marks.length == 0 || made.isEmpty() ? NONE : new int[] {0, made.length()};
        return new Text(made, all, markup);
    }

    /** A string of the same length whose characters stand where this one's stood. */
    Text sameplaces(String made) {
        return made.length() == string.length() ? new Text(made, marks, markup) : derived(made);
    }

    Text substring(int from, int to) {
        if (from == 0 && to == string.length()) {
            return this;
        }
        if (from >= to) {
            return markup ? new Text("", NONE, true) : EMPTY;
        }
        int[] kept = NONE;
        if (marks.length > 0) {
            int[] cut = new int[marks.length];
            int count = 0;
            for (int i = 0; i < marks.length; i += 2) {
                int start = Math.max(from, marks[i]);
                int end = Math.min(to, marks[i + 1]);
                if (start < end) {
                    cut[count++] = start - from;
                    cut[count++] = end - from;
                }
            }
            kept = Arrays.copyOf(cut, count);
        }
        return new Text(string.substring(from, to), kept, markup);
    }

    Text plus(Text other) {
        if (other.isEmpty() && other.markup == markup) {
            return this;
        }
        if (string.isEmpty() && other.markup == markup) {
            return other;
        }
        return new TextBuilder().append(this).append(other).build().asMarkup(markup || other.markup);
    }

    // --- places in code points

    private boolean isPlain() {
        for (int i = 0; i < string.length(); i++) {
            if (Character.isSurrogate(string.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    /** Length in code points. */
    int codePoints() {
        return string.codePointCount(0, string.length());
    }

    /** The code point at a place counted in code points, as text of one character. */
    Text characterAt(int place) {
        int at = isPlain() ? place : string.offsetByCodePoints(0, place);
        return substring(at, at + Character.charCount(string.codePointAt(at)));
    }

    /** Every character of its own. */
    List<Value> characters() {
        List<Value> all = new ArrayList<>();
        for (int at = 0; at < string.length(); ) {
            int next = at + Character.charCount(string.codePointAt(at));
            all.add(substring(at, next));
            at = next;
        }
        return all;
    }

    /** A slice with step 1, by places counted in code points, both within bounds. */
    Text slice(int from, int to) {
        if (isPlain()) {
            return substring(from, Math.max(from, to));
        }
        int start = string.offsetByCodePoints(0, from);
        return substring(start, to <= from ? start : string.offsetByCodePoints(start, to - from));
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Text text && text.string.equals(string);
    }

    @Override
    public int hashCode() {
        return string.hashCode();
    }

    @Override
    public String toString() {
        return string;
    }
}
