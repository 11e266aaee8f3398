package io.aded.grammar;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Writes a grammar in GBNF. Groups that nest deeply, and long sets, become rules of their own. */
final class GbnfText {
    private static final int DEEPEST = 30;
    private static final int LONGEST_SET = 200;

    private final Rules rules;
    private final List<String> more = new ArrayList<>();
    private final Map<String, String> sets = new HashMap<>();

    /** Before the names of rules that are made here. */
    private final String prefix;

    private GbnfText(Rules rules, String prefix) {
        this.rules = rules;
        this.prefix = prefix;
    }

    static String of(Rules rules) {
        return of(rules, "");
    }

    /**
     * A grammar as text.
     *
     * @param prefix before the names of rules that are made on the way
     */
    static String of(Rules rules, String prefix) {
        GbnfText writer = new GbnfText(rules, prefix);
        StringBuilder text = new StringBuilder();
        for (int rule = 0; rule < rules.bodies().size(); rule++) {
            text.append(rules.names().get(rule)).append(" ::= ");
            text.append(writer.body(rules.bodies().get(rule), 0)).append('\n');
        }
        writer.more.forEach(rule -> text.append(rule).append('\n'));
        return text.toString();
    }

    /** A pattern where alternatives need no parentheses. */
    private String body(Pattern pattern, int depth) {
        return pattern instanceof Pattern.Choice(List<Pattern> alternatives)
                ? alternatives.stream()
                        .map(alternative -> item(alternative, depth))
                        .collect(Collectors.joining(" | "))
                : item(pattern, depth);
    }

    /** A pattern as part of a sequence. */
    private String item(Pattern pattern, int depth) {
        return switch (pattern) {
            case Pattern.Characters(int[] ranges) -> set(ranges);
            case Pattern.Token(int id, boolean negated) -> (negated ? "!<[" : "<[") + id + "]>";
            case Pattern.Reference(int rule) -> rules.names().get(rule);
            case Pattern.Sequence(List<Pattern> parts) ->
                parts.isEmpty()
                        ? "\"\""
                        : parts.stream().map(part -> item(part, depth)).collect(Collectors.joining(" "));
            case Pattern.Choice choice -> group(choice, depth);
            case Pattern.Repeat(Pattern part, int least, int most) -> {
                if (most == 0) {
                    yield "\"\"";
                }
                boolean single = part instanceof Pattern.Characters
                        || part instanceof Pattern.Reference
                        || part instanceof Pattern.Token;
                String times = most == Pattern.UNBOUNDED
                        ? least == 0 ? "*" : least == 1 ? "+" : "{" + least + ",}"
                        : least == 0 && most == 1 ? "?" : "{" + least + "," + most + "}";
                yield (single ? item(part, depth) : group(part, depth)) + times;
            }
        };
    }

    private String group(Pattern pattern, int depth) {
        if (depth < DEEPEST) {
            return "(" + body(pattern, depth + 1) + ")";
        }
        int place = more.size();
        more.add("");
        String name = prefix + "part-" + place;
        more.set(place, name + " ::= " + body(pattern, 0));
        return name;
    }

    private String set(int[] ranges) {
        if (ranges.length == 0) {
            // Nothing: a set must hold something in GBNF, so it is one that no text has.
            return "[\\uD800]";
        }
        StringBuilder set = new StringBuilder("[");
        for (int i = 0; i < ranges.length; i += 2) {
            set.append(escaped(ranges[i]));
            if (ranges[i] != ranges[i + 1]) {
                set.append('-').append(escaped(ranges[i + 1]));
            }
        }
        String text = set.append(']').toString();
        if (text.length() <= LONGEST_SET) {
            return text;
        }
        return sets.computeIfAbsent(text, long1 -> {
            String name = prefix + "set-" + sets.size();
            more.add(name + " ::= " + long1);
            return name;
        });
    }

    private static String escaped(int c) {
        if (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9') {
            return String.valueOf((char) c);
        }
        return c <= 0xFF
                ? String.format(Locale.ROOT, "\\x%02x", c)
                : c <= 0xFFFF ? String.format(Locale.ROOT, "\\u%04x", c) : String.format(Locale.ROOT, "\\U%08x", c);
    }
}
