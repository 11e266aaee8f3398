package io.aded.grammar;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Turns a JSON schema into a GBNF grammar, by the converter inside the {@code de.kherud:llama} jar.
 *
 * <p>That converter reports every fault by a C++ exception which nothing catches on its way to Java, so it ends the
 * process. A schema is therefore read here first, keyword by keyword, the way the converter will: what it would stumble
 * over is refused with the path of the place.
 */
public final class JsonSchemaGrammar {
    private static final int LONGEST = 256 << 10;
    private static final int DEEPEST = 48;
    private static final int MOST_REPETITIONS = 1_000;
    private static final Set<String> TYPES =
            Set.of("object", "array", "string", "number", "integer", "boolean", "null");
    private static final Set<String> FORMATS = Set.of("date", "time", "date-time");

    private static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(DEEPEST * 2)
                            .maxNumberLength(20)
                            .build())
                    .build())
            .build();

    private final JsonNode root;

    private JsonSchemaGrammar(JsonNode root) {
        this.root = root;
    }

    /** A schema that is refused; the message says where and why. */
    public static final class Refused extends Exception {
        private static final long serialVersionUID = 1L;

        Refused(String path, String why) {
            super((path.isEmpty() ? "" : "at " + path + " ") + why);
        }
    }

    /**
     * Converts a schema; the grammar still has to be checked by {@link Gbnf}.
     *
     * @param schema a JSON document
     * @param converter sees it only when nothing in it can make the converter stumble
     * @throws Refused if it is no JSON, no schema, or one that the converter cannot take
     */
    public static String convert(String schema, SchemaConverter converter) throws Refused {
        if (schema.length() > LONGEST) {
            throw new Refused("", "is " + schema.length() + " characters long; allowed: up to " + LONGEST);
        }
        JsonNode root;
        try {
            root = JSON.readTree(schema);
        } catch (JacksonException e) {
            TokenStreamLocation place = e.getLocation();
            throw new Refused(
                    "",
                    place == null
                            ? "is not JSON that can be read: " + e.getOriginalMessage()
                            : "is not JSON: line " + place.getLineNr() + ", column " + place.getColumnNr());
        }
        JsonSchemaGrammar grammar = new JsonSchemaGrammar(root);
        grammar.checkReferences(root, "#");
        grammar.check(root, "#", 0);
        // Written out again by our parser, so that both read the same document (duplicate keys, encodings).
        return converter.convert(JSON.writeValueAsString(root));
    }

    /** The converter first looks for references everywhere, in constants and property names as well. */
    private void checkReferences(JsonNode node, String path) throws Refused {
        if (node.isArray()) {
            for (int i = 0; i < node.size(); i++) {
                checkReferences(node.get(i), path + "/" + i);
            }
        } else if (node.isObject()) {
            JsonNode reference = node.get("$ref");
            if (reference != null) {
                if (!reference.isString()) {
                    throw new Refused(path + "/$ref", "is not a text");
                }
                resolve(reference.asString(), path);
            }
            for (Map.Entry<String, JsonNode> entry : node.properties()) {
                checkReferences(entry.getValue(), path + "/" + entry.getKey());
            }
        }
    }

    private void check(JsonNode schema, String path, int depth) throws Refused {
        if (depth > DEEPEST) {
            throw new Refused(path, "nests deeper than " + DEEPEST + " levels");
        }
        if (!schema.isObject()) {
            throw new Refused(path, "is not an object; allowed: a JSON schema as an object");
        }
        checkKeywordTypes(schema, path);
        definitions(schema, path, depth);
        if (schema.has("$ref")) {
            resolve(schema.get("$ref").asString(), path);
            return;
        }
        for (String union : List.of("oneOf", "anyOf")) {
            if (schema.has(union)) {
                each(schema.get(union), path + "/" + union, depth);
                return;
            }
        }
        JsonNode type = schema.get("type");
        if (type != null && type.isArray()) {
            for (JsonNode one : type) {
                checkAs(schema, one.asString(), path, depth);
            }
            return;
        }
        checkAs(schema, type == null ? null : type.asString(), path, depth);
    }

    /** Follows the order in which the converter looks at keywords. */
    private void checkAs(JsonNode schema, @Nullable String type, String path, int depth) throws Refused {
        if (schema.has("const") || schema.has("enum")) {
            return;
        }
        boolean object = type == null || type.equals("object");
        boolean array = type == null || type.equals("array");
        boolean string = type == null || type.equals("string");
        JsonNode additional = schema.get("additionalProperties");
        if (object && (schema.has("properties") || additional != null && !additional.isBoolean())
                || object && additional != null && !additional.asBoolean(true)) {
            if (schema.has("properties")) {
                for (Map.Entry<String, JsonNode> property :
                        schema.get("properties").properties()) {
                    check(property.getValue(), path + "/properties/" + property.getKey(), depth + 1);
                }
            }
            if (additional != null && additional.isObject()) {
                check(additional, path + "/additionalProperties", depth + 1);
            }
        } else if (object && schema.has("allOf")) {
            each(schema.get("allOf"), path + "/allOf", depth);
        } else if (array && (schema.has("items") || schema.has("prefixItems"))) {
            String key = schema.has("items") ? "items" : "prefixItems";
            JsonNode items = schema.get(key);
            if (items.isArray()) {
                each(items, path + "/" + key, depth);
            } else {
                check(items, path + "/" + key, depth + 1);
            }
        } else if (string && schema.has("pattern")) {
            pattern(schema.get("pattern").asString(), path + "/pattern");
        } else if (type == null && !schema.isEmpty() && !knownFormat(schema)) {
            throw new Refused(
                    path,
                    "says nothing that can be turned into a grammar; give a type, properties, items, enum, const,"
                            + " anyOf, oneOf, allOf or $ref");
        }
    }

    private static boolean knownFormat(JsonNode schema) {
        String format = schema.has("format") ? schema.get("format").asString() : "";
        return FORMATS.contains(format) || format.matches("uuid[1-5]?");
    }

    private void definitions(JsonNode schema, String path, int depth) throws Refused {
        for (String key : List.of("definitions", "$defs")) {
            if (schema.has(key)) {
                for (Map.Entry<String, JsonNode> one : schema.get(key).properties()) {
                    check(one.getValue(), path + "/" + key + "/" + one.getKey(), depth + 1);
                }
            }
        }
    }

    private void each(JsonNode schemas, String path, int depth) throws Refused {
        if (!schemas.isArray() || schemas.isEmpty()) {
            throw new Refused(path, "is not a list of at least one schema");
        }
        for (int i = 0; i < schemas.size(); i++) {
            check(schemas.get(i), path + "/" + i, depth + 1);
        }
    }

    private static void checkKeywordTypes(JsonNode schema, String path) throws Refused {
        JsonNode type = schema.get("type");
        if (type != null) {
            boolean known = type.isString() && TYPES.contains(type.asString());
            if (type.isArray() && !type.isEmpty()) {
                known = true;
                for (JsonNode one : type) {
                    known &= one.isString() && TYPES.contains(one.asString());
                }
            }
            if (!known) {
                throw new Refused(
                        path + "/type",
                        "is not one or a list of " + TYPES.stream().sorted().toList());
            }
        }
        for (String key : List.of("properties", "definitions", "$defs")) {
            require(schema, key, path, "an object", JsonNode::isObject);
        }
        for (String key : List.of("$ref", "pattern", "format")) {
            require(schema, key, path, "a text", JsonNode::isString);
        }
        require(schema, "enum", path, "a list of at least one value", node -> node.isArray() && !node.isEmpty());
        require(
                schema,
                "additionalProperties",
                path,
                "true, false or a schema",
                node -> node.isBoolean() || node.isObject());
        require(schema, "required", path, "a list of texts", JsonSchemaGrammar::isTexts);
        range(schema, "minItems", "maxItems", path);
        range(schema, "minLength", "maxLength", path);
        for (String key : List.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")) {
            require(
                    schema,
                    key,
                    path,
                    "an integer of up to 15 digits",
                    node -> node.isIntegralNumber()
                            && node.canConvertToLong()
                            && Math.abs(node.asLong()) < 1_000_000_000_000_000L);
        }
        long least = bound(schema, "minimum", 0, bound(schema, "exclusiveMinimum", 1, Long.MIN_VALUE));
        long most = bound(schema, "maximum", 0, bound(schema, "exclusiveMaximum", -1, Long.MAX_VALUE));
        if (least > most) {
            throw new Refused(path, "has a minimum above its maximum");
        }
    }

    private static long bound(JsonNode schema, String key, int shift, long otherwise) {
        return schema.has(key) ? schema.get(key).asLong() + shift : otherwise;
    }

    private static void range(JsonNode schema, String least, String most, String path) throws Refused {
        for (String key : List.of(least, most)) {
            require(
                    schema,
                    key,
                    path,
                    "an integer from 0 to " + MOST_REPETITIONS,
                    node -> node.isIntegralNumber()
                            && node.canConvertToInt()
                            && node.asInt() >= 0
                            && node.asInt() <= MOST_REPETITIONS);
        }
        if (schema.has(least)
                && schema.has(most)
                && schema.get(least).asInt() > schema.get(most).asInt()) {
            throw new Refused(path, "has " + least + " above " + most);
        }
    }

    private static boolean isTexts(JsonNode node) {
        if (!node.isArray()) {
            return false;
        }
        for (JsonNode one : node) {
            if (!one.isString()) {
                return false;
            }
        }
        return true;
    }

    private static void require(JsonNode schema, String key, String path, String what, Predicate<JsonNode> holds)
            throws Refused {
        if (schema.has(key) && !holds.test(schema.get(key))) {
            throw new Refused(path + "/" + key, "is not " + what);
        }
    }

    private void resolve(String reference, String path) throws Refused {
        if (!reference.startsWith("#/") || reference.indexOf('~') >= 0 || reference.indexOf('%') >= 0) {
            throw new Refused(
                    path + "/$ref", "is not a plain reference into this schema; allowed: such as #/$defs/name");
        }
        JsonNode target = root;
        for (String step : reference.substring(2).split("/", -1)) {
            JsonNode next = target.isObject() ? target.get(step) : null;
            if (next == null) {
                throw new Refused(path + "/$ref", "refers to something that is not in the schema");
            }
            target = next;
        }
        // Definitions are checked where they stand; a reference to any other place leads to a schema as well.
        if (!target.isObject()) {
            throw new Refused(path + "/$ref", "refers to something that is not a schema");
        }
        if (!reference.startsWith("#/$defs/") && !reference.startsWith("#/definitions/")) {
            throw new Refused(path + "/$ref", "refers outside of $defs and definitions");
        }
        if (reference.split("/").length != 3) {
            throw new Refused(path + "/$ref", "refers into a definition; allowed: a definition as a whole");
        }
    }

    /** The converter knows a part of regular expressions: groups, sets, alternatives, *, +, ?, {m,n}, and the dot. */
    private static void pattern(String pattern, String path) throws Refused {
        if (pattern.length() < 2 || !pattern.startsWith("^") || !pattern.endsWith("$")) {
            throw new Refused(path, "does not begin with ^ and end with $");
        }
        Deque<Character> open = new ArrayDeque<>();
        boolean repeatable = false;
        for (int i = 1; i < pattern.length() - 1; i++) {
            char c = pattern.charAt(i);
            boolean inSet = !open.isEmpty() && open.peek() == '[';
            if (c == '\\') {
                i++;
                if (i >= pattern.length() - 1 || "dwsDWSbBpPkuxc0".indexOf(pattern.charAt(i)) >= 0) {
                    throw new Refused(path, "has an escape that is not supported; write a set such as [0-9]");
                }
                repeatable = true;
            } else if (inSet) {
                if (c == ']') {
                    open.pop();
                    repeatable = true;
                } else if (c == '[') {
                    throw new Refused(path, "has [ within a set");
                }
            } else if (c == '[') {
                if (i + 1 < pattern.length() - 1 && pattern.charAt(i + 1) == ']') {
                    throw new Refused(path, "has an empty set");
                }
                open.push(c);
            } else if (c == '(') {
                if (i + 1 < pattern.length() && pattern.charAt(i + 1) == '?') {
                    throw new Refused(path, "has a group of a kind that is not supported; allowed: ( )");
                }
                open.push(c);
                repeatable = false;
            } else if (c == ')') {
                if (open.isEmpty() || open.pop() != '(') {
                    throw new Refused(path, "has ) without (");
                }
                repeatable = true;
            } else if (c == ']' || c == '}' || c == '^' || c == '$') {
                throw new Refused(path, "has " + c + " where it means nothing");
            } else if (c == '*' || c == '+' || c == '?') {
                if (!repeatable) {
                    throw new Refused(path, "has " + c + " with nothing before it");
                }
                repeatable = false;
            } else if (c == '{') {
                int end = pattern.indexOf('}', i);
                String counts = end < 0 ? "" : pattern.substring(i + 1, end);
                if (!repeatable || !counts.matches("[0-9]{1,4}(,([0-9]{1,4})?)?")) {
                    throw new Refused(path, "has a repetition that is not {m}, {m,} or {m,n}");
                }
                repeatable = false;
                i = end;
            } else {
                repeatable = c != '|';
            }
        }
        if (!open.isEmpty()) {
            throw new Refused(path, "has " + open.peek() + " that is not closed");
        }
    }
}
