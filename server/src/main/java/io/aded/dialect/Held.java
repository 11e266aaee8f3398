package io.aded.dialect;

/**
 * Text that was written and is not told yet. Taking from its beginning costs no more than what is taken: what is left
 * is moved only when it is the smaller part.
 */
final class Held implements CharSequence {
    /** Less is not worth moving the rest for. */
    private static final int WORTH = 4096;

    private final StringBuilder text = new StringBuilder();
    private int start;

    void append(String more) {
        text.append(more);
    }

    @Override
    public int length() {
        return text.length() - start;
    }

    @Override
    public char charAt(int index) {
        return text.charAt(start + index);
    }

    @Override
    public CharSequence subSequence(int from, int to) {
        return substring(from, to);
    }

    String substring(int from, int to) {
        return text.substring(start + from, start + to);
    }

    /** Where a text stands first, or -1. */
    int indexOf(String wanted) {
        return indexOf(wanted, 0);
    }

    /** Where a text stands first, at a place or behind it; -1 if it does not. */
    int indexOf(String wanted, int from) {
        int at = text.indexOf(wanted, start + Math.max(0, from));
        return at < 0 ? -1 : at - start;
    }

    /** Takes characters from the beginning. */
    void drop(int count) {
        start += count;
        if (start == text.length()) {
            text.setLength(0);
            start = 0;
        } else if (start >= WORTH && start > text.length() / 2) {
            text.delete(0, start);
            start = 0;
        }
    }

    void clear() {
        drop(length());
    }

    /** Where the white space that begins at a place ends. */
    int skipBlanks(int from) {
        int at = from;
        while (at < length() && Character.isWhitespace(charAt(at))) {
            at++;
        }
        return at;
    }

    @Override
    public String toString() {
        return text.substring(start);
    }
}
