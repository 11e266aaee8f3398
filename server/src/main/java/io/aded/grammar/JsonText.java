package io.aded.grammar;

import java.util.ArrayList;
import java.util.List;

/** How JSON writes strings, as patterns. */
final class JsonText {
    /** Any character of a string, however it is written. */
    static final Pattern CHARACTER = character(new CharacterSet().add(0, Character.MAX_CODE_POINT));

    private JsonText() {}

    /**
     * A character of a set inside a string. Quotes, backslashes and control characters are escaped, in the short form
     * where there is one; all others stand as they are, which every reader of JSON takes.
     */
    static Pattern character(CharacterSet set) {
        int[] ranges = set.ranges();
        CharacterSet plain = new CharacterSet();
        List<Pattern> ways = new ArrayList<>();
        for (int i = 0; i < ranges.length; i += 2) {
            addPlain(plain, ranges[i], ranges[i + 1]);
            for (int c = ranges[i]; c <= Math.min(ranges[i + 1], 0x1F); c++) {
                ways.add(Pattern.text(escaped(c)));
            }
            for (int c : new int[] {'"', '\\'}) {
                if (c >= ranges[i] && c <= ranges[i + 1]) {
                    ways.add(Pattern.text(escaped(c)));
                }
            }
        }
        if (!plain.isEmpty()) {
            ways.addFirst(new Pattern.Characters(plain.ranges()));
        }
        return ways.size() == 1 ? ways.getFirst() : new Pattern.Choice(ways);
    }

    private static void addPlain(CharacterSet plain, int first, int last) {
        int[] bounds = {
            0x20,
            '"' - 1,
            '"' + 1,
            '\\' - 1,
            '\\' + 1,
            Character.MIN_SURROGATE - 1,
            Character.MAX_SURROGATE + 1,
            Character.MAX_CODE_POINT
        };
        for (int i = 0; i < bounds.length; i += 2) {
            int from = Math.max(first, bounds[i]);
            int to = Math.min(last, bounds[i + 1]);
            if (from <= to) {
                plain.add(from, to);
            }
        }
    }

    private static String escaped(int c) {
        return switch (c) {
            case '"' -> "\\\"";
            case '\\' -> "\\\\";
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            case '\f' -> "\\f";
            case '\b' -> "\\b";
            default -> String.format("\\u%04x", c);
        };
    }

    /** A string with its quotes, as JSON writes it. */
    static String quoted(String value) {
        StringBuilder text = new StringBuilder("\"");
        value.codePoints()
                .forEach(c -> text.append(c < 0x20 || c == '"' || c == '\\' ? escaped(c) : Character.toString(c)));
        return text.append('"').toString();
    }
}
