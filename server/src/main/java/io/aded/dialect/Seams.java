package io.aded.dialect;

/**
 * What stands around things that are written one after the other, found from one and from two of them: around one
 * stand {@code before} and {@code after}; between two stands {@code between}.
 *
 * @param outerOpen before all of them
 * @param open before each
 * @param close behind each
 * @param separator between two
 * @param outerClose behind all of them
 */
record Seams(String outerOpen, String open, String close, String separator, String outerClose) {

    static Seams of(String before, String between, String after) {
        int open = commonSuffix(before, between);
        // Not in the middle of a mark: what is common to two marks, such as the end of both, is no part of either.
        int from = before.length() - open;
        int bracket = before.indexOf('>', from);
        if (bracket >= 0 && before.substring(from, bracket).indexOf('<') < 0 && before.lastIndexOf('<', from) >= 0
                || bracket >= 0 && bracket == from) {
            open = before.length() - bracket - 1;
        }
        String rest = between.substring(0, between.length() - open);
        int close = commonPrefix(after, rest);
        return new Seams(
                before.substring(0, before.length() - open),
                before.substring(before.length() - open),
                after.substring(0, close),
                rest.substring(close),
                after.substring(close));
    }

    static int commonPrefix(String a, String b) {
        int count = 0;
        while (count < Math.min(a.length(), b.length()) && a.charAt(count) == b.charAt(count)) {
            count++;
        }
        return count;
    }

    static int commonSuffix(String a, String b) {
        int count = 0;
        while (count < Math.min(a.length(), b.length())
                && a.charAt(a.length() - 1 - count) == b.charAt(b.length() - 1 - count)) {
            count++;
        }
        return count;
    }
}
