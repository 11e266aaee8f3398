package io.aded.dialect;

/** Matches marks in what a model writes: white space in and around them may differ from what its template has. */
final class Loose {
    /** What was looked for may still come. */
    static final int MORE = -1;

    /** It is not there. */
    static final int NO = -2;

    private Loose() {}

    /**
     * Matches a mark at a place.
     *
     * @return where it ends, {@link #MORE} or {@link #NO}
     */
    static int match(CharSequence text, int at, String mark, String name) {
        int place = at;
        for (int i = 0; i < mark.length(); i++) {
            char c = mark.charAt(i);
            if (Character.isWhitespace(c)) {
                continue;
            }
            int slotStart = place;
            while (place < text.length() && Character.isWhitespace(text.charAt(place))) {
                place++;
            }
            if (c == CallForm.ID.charAt(0)) {
                place = slotStart;
                while (place < text.length() && isId(text.charAt(place))) {
                    place++;
                }
                if (place == text.length()) {
                    return MORE;
                }
                continue;
            }
            if (c == CallForm.NAME.charAt(0)) {
                int matched = literal(text, place, name);
                if (matched < 0) {
                    return matched;
                }
                place = matched;
                continue;
            }
            if (place == text.length()) {
                return MORE;
            }
            if (Character.isDigit(c) && Character.isDigit(text.charAt(place))) {
                while (place + 1 < text.length() && Character.isDigit(text.charAt(place + 1))) {
                    place++; // calls that are numbered
                }
            } else if (text.charAt(place) != c) {
                return NO;
            }
            place++;
        }
        return place;
    }

    /** Matches a text as it stands. */
    static int literal(CharSequence text, int at, String literal) {
        for (int i = 0; i < literal.length(); i++) {
            if (at + i == text.length()) {
                return MORE;
            }
            if (text.charAt(at + i) != literal.charAt(i)) {
                return NO;
            }
        }
        return at + literal.length();
    }

    private static boolean isId(char c) {
        return c < 128 && (Character.isLetterOrDigit(c) || c == '_' || c == '-' || c == '.' || c == ':');
    }

    /** Where the white space before a place starts, no more than so many characters back. */
    static int blanksBefore(CharSequence text, int end, int most) {
        int at = end;
        while (at > 0 && end - at < most && Character.isWhitespace(text.charAt(at - 1))) {
            at--;
        }
        return at;
    }

    /** Where a proper beginning of the mark stands at the end of the text; the text's length if there is none. */
    static int partial(CharSequence text, String mark) {
        for (int count = Math.min(mark.length() - 1, text.length()); count > 0; count--) {
            if (literal(text, text.length() - count, mark.substring(0, count)) >= 0) {
                return text.length() - count;
            }
        }
        return text.length();
    }
}
