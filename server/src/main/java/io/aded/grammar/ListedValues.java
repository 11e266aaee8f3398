package io.aded.grammar;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Values that a schema lists by {@code enum} or {@code const}, held against what stands beside the list. */
final class ListedValues {
    /** Beyond this many branches one within the other, texts are listed as they are. */
    private static final int DEEPEST = 100;

    /** Says whether a string fits the keywords for strings. */
    @FunctionalInterface
    interface StringCheck {
        boolean fits(String value) throws GrammarRefused;
    }

    private ListedValues() {}

    /** The values that a schema lists, each once, as this grammar writes them. */
    static Set<String> of(ObjectNode schema, Set<String> types, String path, StringCheck check) throws GrammarRefused {
        Map<String, JsonNode> values = new LinkedHashMap<>();
        if (schema.has("enum")) {
            if (!schema.get("enum").isArray()) {
                throw SchemaNodes.refused(path, "has an enum that is no array");
            }
            for (JsonNode value : schema.get("enum")) {
                values.put(written(value, path), value);
            }
        }
        if (schema.has("const")) {
            String only = written(schema.get("const"), path);
            boolean listed = !schema.has("enum") || values.containsKey(only);
            values.clear();
            if (listed) {
                values.put(only, schema.get("const"));
            }
        }
        Set<String> fitting = new LinkedHashSet<>();
        for (Map.Entry<String, JsonNode> value : values.entrySet()) {
            if (fits(value.getValue(), schema, types, path, check)) {
                fitting.add(value.getKey());
            }
        }
        return fitting;
    }

    /** A value as this grammar writes values: equal values alike. */
    static String written(JsonNode value, String path) throws GrammarRefused {
        if (value.isString()) {
            return JsonText.quoted(value.asString());
        }
        if (value.isArray()) {
            List<String> items = new ArrayList<>();
            for (JsonNode item : value) {
                items.add(written(item, path));
            }
            return "[" + String.join(", ", items) + "]";
        }
        if (value.isObject()) {
            List<String> members = new ArrayList<>();
            for (Map.Entry<String, JsonNode> member : value.properties()) {
                members.add(JsonText.quoted(member.getKey()) + ": " + written(member.getValue(), path));
            }
            return "{" + String.join(", ", members) + "}";
        }
        return value.isNumber() ? SchemaNodes.plain(value, "number among enum or const", path) : value.toString();
    }

    /** Any of some texts; what several begin with is written once, so that each place has one way on. */
    static Pattern anyOf(Set<String> texts) {
        return anyOf(texts.stream().map(text -> text.codePoints().toArray()).toList(), 0, 0);
    }

    private static Pattern anyOf(List<int[]> texts, int from, int depth) {
        if (texts.size() == 1 || depth > DEEPEST) {
            List<Pattern> ways = new ArrayList<>();
            for (int[] text : texts) {
                ways.add(Pattern.text(new String(text, from, text.length - from)));
            }
            return ways.size() == 1 ? ways.getFirst() : new Pattern.Choice(ways);
        }
        int[] first = texts.getFirst();
        int shared = from;
        while (hasAll(texts, first, shared)) {
            shared++;
        }
        Map<Integer, List<int[]>> byNext = new LinkedHashMap<>();
        for (int[] text : texts) {
            byNext.computeIfAbsent(shared < text.length ? text[shared] : -1, _ -> new ArrayList<>())
                    .add(text);
        }
        List<Pattern> ways = new ArrayList<>();
        for (Map.Entry<Integer, List<int[]>> next : byNext.entrySet()) {
            ways.add(next.getKey() < 0 ? Pattern.EMPTY : anyOf(next.getValue(), shared, depth + 1));
        }
        return new Pattern.Sequence(
                List.of(Pattern.text(new String(first, from, shared - from)), new Pattern.Choice(ways)));
    }

    private static boolean hasAll(List<int[]> texts, int[] first, int at) {
        for (int[] text : texts) {
            if (at >= text.length || at >= first.length || text[at] != first[at]) {
                return false;
            }
        }
        return true;
    }

    /** Whether a listed value fits what stands beside the list. */
    private static boolean fits(JsonNode value, ObjectNode schema, Set<String> types, String path, StringCheck check)
            throws GrammarRefused {
        boolean typed = types.contains(typeOf(value))
                || value.isNumber()
                        && types.contains("integer")
                        && value.decimalValue().stripTrailingZeros().scale() <= 0;
        if (!typed) {
            return false;
        }
        if (value.isNumber()) {
            return isWithin(value.decimalValue(), schema, path);
        }
        if (value.isString()) {
            return check.fits(value.asString());
        }
        if (value.isContainer()) {
            for (String keyword : List.of(
                    "properties",
                    "required",
                    "additionalProperties",
                    "items",
                    "prefixItems",
                    "minItems",
                    "maxItems",
                    "minProperties",
                    "maxProperties")) {
                if (schema.has(keyword)) {
                    throw SchemaNodes.refused(
                            path, "has " + keyword + " beside enum or const, which cannot be kept together");
                }
            }
        }
        return true;
    }

    private static boolean isWithin(BigDecimal value, ObjectNode schema, String path) throws GrammarRefused {
        BigDecimal least = SchemaNodes.decimal(schema, "minimum", path);
        BigDecimal most = SchemaNodes.decimal(schema, "maximum", path);
        BigDecimal above = SchemaNodes.decimal(schema, "exclusiveMinimum", path);
        BigDecimal below = SchemaNodes.decimal(schema, "exclusiveMaximum", path);
        return (least == null || value.compareTo(least) >= 0)
                && (most == null || value.compareTo(most) <= 0)
                && (above == null || value.compareTo(above) > 0)
                && (below == null || value.compareTo(below) < 0);
    }

    private static String typeOf(JsonNode value) {
        return value.isNull()
                ? "null"
                : value.isBoolean()
                        ? "boolean"
                        : value.isNumber()
                                ? "number"
                                : value.isString() ? "string" : value.isArray() ? "array" : "object";
    }
}
