package io.aded.template.jinja;

/** White space as Python's {@code str} knows it. */
final class Whitespace {
    private Whitespace() {}

    /** What {@code str.isspace} says of a character. */
    static boolean is(int c) {
        return switch (c) {
            case ' ',
                    '\t',
                    '\n',
                    '\r',
                    '\u000B',
                    '\f',
                    0x1C,
                    0x1D,
                    0x1E,
                    0x1F,
                    0x85,
                    0xA0,
                    0x1680,
                    0x2028,
                    0x2029,
                    0x202F,
                    0x205F,
                    0x3000 -> true;
            default -> c >= 0x2000 && c <= 0x200A;
        };
    }

    /** Whether all from {@code from} on is white space; true if there is nothing. */
    static boolean isBlank(String text, int from) {
        return skip(text, from) == text.length();
    }

    /** The first place from {@code from} on that is not white space. */
    static int skip(String text, int from) {
        int at = from;
        while (at < text.length() && is(text.charAt(at))) {
            at++;
        }
        return at;
    }

    static String stripEnd(String text) {
        int end = text.length();
        while (end > 0 && is(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(0, end);
    }

    /** Whether {@code str.splitlines} breaks after a character. */
    static boolean breaksLine(char c) {
        return switch (c) {
            case '\n', '\r', '\u000B', '\f', 0x1C, 0x1D, 0x1E, 0x85, 0x2028, 0x2029 -> true;
            default -> false;
        };
    }
}
