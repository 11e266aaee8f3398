package io.aded.grammar;

import io.aded.model.JsonValues;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

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
        List<String> escaped = new ArrayList<>();
        for (int i = 0; i < ranges.length; i += 2) {
            addPlain(plain, ranges[i], ranges[i + 1]);
            for (int c = ranges[i]; c <= Math.min(ranges[i + 1], 0x1F); c++) {
                escaped.add(JsonValues.escaped(c));
            }
            for (int c : new int[] {'"', '\\'}) {
                if (c >= ranges[i] && c <= ranges[i + 1]) {
                    escaped.add(JsonValues.escaped(c));
                }
            }
        }
        if (escaped.isEmpty()) {
            return new Pattern.Characters(plain.ranges());
        }
        Pattern others = oneOf(escaped);
        return plain.isEmpty() ? others : new Pattern.Choice(List.of(new Pattern.Characters(plain.ranges()), others));
    }

    /** Any of some texts, none of which begins another; what several begin with stands once. */
    private static Pattern oneOf(List<String> texts) {
        CharacterSet last = new CharacterSet();
        Map<Character, List<String>> longer = new TreeMap<>();
        for (String text : texts) {
            if (text.length() == 1) {
                last.add(text.charAt(0), text.charAt(0));
            } else {
                longer.computeIfAbsent(text.charAt(0), _ -> new ArrayList<>()).add(text.substring(1));
            }
        }
        List<Pattern> ways = new ArrayList<>();
        if (!last.isEmpty()) {
            ways.add(new Pattern.Characters(last.ranges()));
        }
        longer.forEach((first, rests) ->
                ways.add(new Pattern.Sequence(List.of(Pattern.text(first.toString()), oneOf(rests)))));
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

    /** A string with its quotes, as JSON writes it. */
    static String quoted(String value) {
        StringBuilder text = new StringBuilder("\"");
        value.codePoints()
                .forEach(c ->
                        text.append(c < 0x20 || c == '"' || c == '\\' ? JsonValues.escaped(c) : Character.toString(c)));
        return text.append('"').toString();
    }
}
