package io.aded.template.jinja;

import java.util.Arrays;

/** Puts texts together and keeps what is known of their origin. */
final class TextBuilder {
    private final StringBuilder string = new StringBuilder();
    private int[] marks = new int[8];
    private int count;

    /** Appends text with its marks. */
    TextBuilder append(Text text) {
        int base = string.length();
        for (int i = 0; i < text.marks(); i++) {
            mark(base + text.markStart(i), base + text.markEnd(i));
        }
        string.append(text.string());
        return this;
    }

    /** Appends text of the template or of the host. */
    TextBuilder append(String text) {
        string.append(text);
        return this;
    }

    /** Appends text with one origin. */
    TextBuilder append(String text, boolean fromCaller) {
        if (fromCaller && !text.isEmpty()) {
            mark(string.length(), string.length() + text.length());
        }
        string.append(text);
        return this;
    }

    private void mark(int start, int end) {
        if (count > 0 && marks[count - 1] == start) {
            marks[count - 1] = end;
            return;
        }
        if (count == marks.length) {
            marks = Arrays.copyOf(marks, count * 2);
        }
        marks[count++] = start;
        marks[count++] = end;
    }

    int length() {
        return string.length();
    }

    Text build() {
        return string.isEmpty() ? Text.EMPTY : new Text(string.toString(), Arrays.copyOf(marks, count), false);
    }
}
