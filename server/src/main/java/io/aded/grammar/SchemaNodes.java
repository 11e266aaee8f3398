package io.aded.grammar;

import io.aded.model.Patience;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.BooleanNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A JSON schema as a document: its references, and what it means to combine schemas. A schema with {@code $ref},
 * {@code allOf}, {@code anyOf} and {@code oneOf} becomes a list of plain ones, one of which an answer must fit.
 */
final class SchemaNodes {
    private static final int LONGEST = 1 << 20;
    private static final int DEEPEST_NESTING = 200;

    /** The deepest chain of references and combinations that is followed at one place. */
    private static final int DEEPEST_MERGE = 64;

    private static final int MOST_ALTERNATIVES = 2_000;

    /** Keywords of the standard's vocabularies that assert something which is not kept. */
    private static final Set<String> NOT_KEPT = Set.of(
            "not",
            "if",
            "then",
            "else",
            "contains",
            "minContains",
            "maxContains",
            "patternProperties",
            "propertyNames",
            "dependentRequired",
            "dependentSchemas",
            "dependencies",
            "unevaluatedItems",
            "unevaluatedProperties",
            "multipleOf",
            "uniqueItems",
            "$dynamicRef",
            "$recursiveRef",
            "contentSchema");

    private static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(DEEPEST_NESTING)
                            .maxNumberLength(400)
                            .build())
                    .build())
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final JsonNode root;

    private SchemaNodes(JsonNode root) {
        this.root = root;
    }

    /** Reads a schema's text. */
    static SchemaNodes read(String schema) throws GrammarRefused {
        if (schema.length() > LONGEST) {
            throw new GrammarRefused("is " + schema.length() + " characters long; allowed: up to " + LONGEST);
        }
        try {
            JsonNode root = JSON.readTree(schema);
            if (!root.isObject() && !root.isBoolean()) {
                throw refused("#", "is no schema: it is neither an object nor true or false");
            }
            return new SchemaNodes(root);
        } catch (JacksonException e) {
            TokenStreamLocation place = e.getLocation();
            throw new GrammarRefused(
                    place == null
                            ? "is not JSON that can be read: " + e.getOriginalMessage()
                            : "is not JSON: line " + place.getLineNr() + ", column " + place.getColumnNr());
        }
    }

    JsonNode root() {
        return root;
    }

    /** The schema that allows everything. */
    JsonNode anything() {
        return BooleanNode.TRUE;
    }

    static GrammarRefused refused(String path, String why) {
        return new GrammarRefused("at " + path + " " + why);
    }

    /** Refuses keywords that are not kept, by name. */
    static void requireKept(ObjectNode schema, String path) throws GrammarRefused {
        for (String name : schema.propertyNames()) {
            if (NOT_KEPT.contains(name) && !saysNothing(name, schema.get(name))) {
                throw refused(path, "has the keyword " + name + ", which cannot be kept");
            }
        }
    }

    private static boolean saysNothing(String name, JsonNode value) {
        return switch (name) {
            case "uniqueItems" -> value.isBoolean() && !value.asBoolean();
            case "multipleOf" -> false;
            case "patternProperties", "dependentRequired", "dependentSchemas", "dependencies" -> value.isEmpty();
            case "then", "else" -> true; // without "if" they mean nothing, and "if" is refused
            case "propertyNames" -> value.isBoolean() && value.asBoolean() || value.isObject() && isPlainString(value);
            case "unevaluatedItems", "unevaluatedProperties" -> value.isBoolean() && value.asBoolean();
            case "minContains", "maxContains" -> true; // without "contains", which is refused
            default -> false;
        };
    }

    /** What zod writes for the keys of a record: every name is a string. */
    private static boolean isPlainString(JsonNode schema) {
        return schema.isEmpty()
                || schema.size() == 1 && "string".equals(schema.path("type").asString(""));
    }

    static int count(ObjectNode schema, String keyword, int whenMissing, String path) throws GrammarRefused {
        BigDecimal value = decimal(schema, keyword, path);
        if (value == null) {
            return whenMissing;
        }
        if (value.signum() < 0
                || value.stripTrailingZeros().scale() > 0
                || value.compareTo(BigDecimal.valueOf(100_000)) > 0) {
            throw refused(path, "has " + keyword + " " + value.toPlainString() + "; allowed: 0 to 100000");
        }
        return value.intValue();
    }

    static @Nullable String text(ObjectNode schema, String keyword, String path) throws GrammarRefused {
        JsonNode value = schema.get(keyword);
        if (value != null && !value.isString()) {
            throw refused(path, "has a " + keyword + " that is no string");
        }
        return value == null ? null : value.asString();
    }

    static @Nullable BigDecimal decimal(ObjectNode schema, String keyword, String path) throws GrammarRefused {
        JsonNode value = schema.get(keyword);
        if (value == null || value.isBoolean() && keyword.startsWith("exclusive")) {
            return null;
        }
        if (!value.isNumber()) {
            throw refused(path, "has a " + keyword + " that is no number");
        }
        BigDecimal number = value.decimalValue();
        if (number.precision() > 300 || Math.abs(number.scale()) > 300) {
            throw refused(path, "has a " + keyword + " of more than 300 digits");
        }
        return number;
    }

    // --- combinations

    /** The plain schemas, without references and combinations, that a schema amounts to. */
    List<ObjectNode> alternatives(ObjectNode schema, String path) throws GrammarRefused {
        return alternatives(schema, path, 0, new HashSet<>());
    }

    private List<ObjectNode> alternatives(ObjectNode schema, String path, int depth, Set<String> references)
            throws GrammarRefused {
        if (depth > DEEPEST_MERGE) {
            throw refused(path, "refers to itself, or combines schemas, more than " + DEEPEST_MERGE + " deep");
        }
        ObjectNode own = schema.deepCopy();
        List<ObjectNode> ways = new ArrayList<>();
        JsonNode reference = own.remove("$ref");
        JsonNode all = own.remove("allOf");
        JsonNode any = own.remove("anyOf");
        JsonNode one = own.remove("oneOf");
        own.remove(List.of(
                "$defs",
                "definitions",
                "$schema",
                "$id",
                "$comment",
                "title",
                "description",
                "default",
                "examples",
                "example",
                "deprecated",
                "readOnly",
                "writeOnly",
                "discriminator"));
        ways.add(own);
        if (reference != null) {
            String target = reference.asString("");
            if (!references.add(target)) {
                throw refused(path, "refers to itself without anything in between");
            }
            ways = both(ways, resolved(target, path), path, depth, references);
            references.remove(target);
        }
        if (all != null) {
            for (JsonNode part : array(all, "allOf", path)) {
                ways = both(ways, part, path, depth, references);
            }
        }
        if (any != null) {
            ways = either(ways, array(any, "anyOf", path), path, depth, references);
        }
        if (one != null) {
            List<JsonNode> parts = array(one, "oneOf", path);
            List<ObjectNode> before = ways;
            ways = either(ways, parts, path, depth, references);
            requireDisjoint(before, parts, path, depth, references);
        }
        return ways;
    }

    private static List<JsonNode> array(JsonNode node, String keyword, String path) throws GrammarRefused {
        if (!node.isArray() || node.isEmpty()) {
            throw refused(path, "has an " + keyword + " that is no array of schemas");
        }
        List<JsonNode> parts = new ArrayList<>();
        node.forEach(parts::add);
        return parts;
    }

    private JsonNode resolved(String reference, String path) throws GrammarRefused {
        if (!reference.startsWith("#")) {
            throw refused(path, "has a $ref beyond this document, which is not fetched");
        }
        JsonNode target;
        try {
            String pointer = java.net.URLDecoder.decode(
                    reference.substring(1).replace("+", "%2B"), java.nio.charset.StandardCharsets.UTF_8);
            target = root.at(pointer);
        } catch (IllegalArgumentException e) {
            throw refused(path, "has a $ref that is no JSON pointer");
        }
        if (target.isMissingNode()) {
            throw refused(path, "has a $ref to what is not there");
        }
        return target;
    }

    private List<ObjectNode> expanded(JsonNode part, String path, int depth, Set<String> references)
            throws GrammarRefused {
        if (part.isBoolean()) {
            return part.asBoolean() ? List.of(JsonNodeFactory.instance.objectNode()) : List.of();
        }
        if (!(part instanceof ObjectNode object)) {
            throw refused(path, "combines something that is no schema");
        }
        return alternatives(object, path, depth + 1, references);
    }

    /** What fits one of {@code ways} and the other schema too. */
    private List<ObjectNode> both(List<ObjectNode> ways, JsonNode other, String path, int depth, Set<String> references)
            throws GrammarRefused {
        List<ObjectNode> merged = new ArrayList<>();
        for (ObjectNode part : expanded(other, path, depth, references)) {
            Patience.check();
            for (ObjectNode way : ways) {
                ObjectNode together = merge(way, part, path);
                if (together != null) {
                    merged.add(together);
                }
            }
        }
        if (merged.isEmpty()) {
            throw refused(path, "allows nothing: the schemas that it combines exclude each other");
        }
        if (merged.size() > MOST_ALTERNATIVES) {
            throw refused(path, "combines schemas in more than " + MOST_ALTERNATIVES + " ways");
        }
        return merged;
    }

    private List<ObjectNode> either(
            List<ObjectNode> ways, List<JsonNode> parts, String path, int depth, Set<String> references)
            throws GrammarRefused {
        Set<ObjectNode> all = new LinkedHashSet<>();
        for (JsonNode part : parts) {
            if (part.isBoolean() && !part.asBoolean()) {
                continue;
            }
            try {
                all.addAll(both(ways, part, path, depth, references));
            } catch (GrammarRefused impossible) {
                if (!String.valueOf(impossible.getMessage()).contains("exclude each other")) {
                    throw impossible;
                }
            }
        }
        if (all.isEmpty()) {
            throw refused(path, "allows nothing: none of its alternatives is possible");
        }
        return List.copyOf(all);
    }

    private void requireDisjoint(
            List<ObjectNode> ways, List<JsonNode> parts, String path, int depth, Set<String> references)
            throws GrammarRefused {
        List<List<ObjectNode>> groups = new ArrayList<>();
        for (JsonNode part : parts) {
            try {
                groups.add(both(ways, part, path, depth, references));
            } catch (GrammarRefused impossible) {
                groups.add(List.of());
            }
        }
        for (int i = 0; i < groups.size(); i++) {
            for (int j = i + 1; j < groups.size(); j++) {
                Patience.check();
                for (ObjectNode a : groups.get(i)) {
                    for (ObjectNode b : groups.get(j)) {
                        if (!areDisjoint(a, b)) {
                            throw refused(
                                    path,
                                    "has a oneOf whose alternatives may hold together, which cannot be kept; use"
                                            + " anyOf, or give them different types or a property with different"
                                            + " constants");
                        }
                    }
                }
            }
        }
    }

    /** Whether no value can fit both, as far as types, listed values and required properties tell. */
    private boolean areDisjoint(ObjectNode a, ObjectNode b) {
        Set<String> types = new HashSet<>(typesOf(a));
        types.retainAll(typesOf(b));
        if (types.isEmpty()) {
            return true;
        }
        Set<JsonNode> listedA = listed(a);
        Set<JsonNode> listedB = listed(b);
        if (listedA != null && listedB != null) {
            listedA.retainAll(listedB);
            return listedA.isEmpty();
        }
        if (!types.equals(Set.of("object"))) {
            return false;
        }
        for (Map.Entry<String, JsonNode> property : a.path("properties").properties()) {
            JsonNode other = b.path("properties").path(property.getKey());
            boolean needed = requires(a, property.getKey()) || requires(b, property.getKey());
            if (needed
                    && property.getValue() instanceof ObjectNode left
                    && other instanceof ObjectNode right
                    && listed(left) != null
                    && areDisjoint(left, right)) {
                return true;
            }
        }
        // Objects are closed here: one that needs what the other does not have is another.
        return needsWhatTheOtherLacks(a, b) || needsWhatTheOtherLacks(b, a);
    }

    private static boolean needsWhatTheOtherLacks(ObjectNode a, ObjectNode b) {
        JsonNode more = b.path("additionalProperties");
        if (!(more.isBoolean() && !more.asBoolean())) {
            return false;
        }
        for (JsonNode name : a.path("required")) {
            if (!b.path("properties").has(name.asString(""))) {
                return true;
            }
        }
        return false;
    }

    private static boolean requires(ObjectNode schema, String name) {
        for (JsonNode required : schema.path("required")) {
            if (name.equals(required.asString(""))) {
                return true;
            }
        }
        return false;
    }

    private static Set<String> typesOf(ObjectNode schema) {
        Set<String> types = new HashSet<>();
        JsonNode type = schema.get("type");
        if (type == null) {
            types.addAll(List.of("object", "array", "string", "number", "boolean", "null"));
        } else {
            for (JsonNode one : type.isArray() ? type : List.of(type)) {
                types.add(one.asString("").equals("integer") ? "number" : one.asString(""));
            }
        }
        return types;
    }

    private static @Nullable Set<JsonNode> listed(ObjectNode schema) {
        if (schema.has("const")) {
            return new HashSet<>(Set.of(schema.get("const")));
        }
        if (schema.path("enum").isArray()) {
            Set<JsonNode> values = new HashSet<>();
            schema.get("enum").forEach(values::add);
            return values;
        }
        return null;
    }

    /** A schema that asks what both ask; null if nothing can fit it. */
    private @Nullable ObjectNode merge(ObjectNode a, ObjectNode b, String path) throws GrammarRefused {
        ObjectNode merged = a.deepCopy();
        for (Map.Entry<String, JsonNode> entry : b.properties()) {
            String keyword = entry.getKey();
            JsonNode theirs = entry.getValue();
            JsonNode ours = merged.get(keyword);
            if (ours == null || ours.equals(theirs)) {
                merged.set(keyword, theirs);
                continue;
            }
            JsonNode both = combined(keyword, ours, theirs, path);
            if (both == null) {
                return null;
            }
            merged.set(keyword, both);
        }
        // A property that only one names is, for the other, an additional one.
        if (a.has("properties") && b.has("properties")
                || b.has("additionalProperties")
                || a.has("additionalProperties")) {
            closeOver(merged, a, b);
            closeOver(merged, b, a);
        }
        return merged;
    }

    private static void closeOver(ObjectNode merged, ObjectNode holder, ObjectNode other) {
        JsonNode more = other.get("additionalProperties");
        if (more == null || !merged.path("properties").isObject()) {
            return;
        }
        ObjectNode properties = (ObjectNode) merged.get("properties");
        for (Map.Entry<String, JsonNode> property : holder.path("properties").properties()) {
            if (!other.path("properties").has(property.getKey())) {
                if (more.isBoolean() && !more.asBoolean()) {
                    properties.remove(property.getKey());
                } else if (more.isObject()) {
                    properties.set(property.getKey(), together(property.getValue(), more));
                }
            }
        }
    }

    private static ObjectNode together(JsonNode a, JsonNode b) {
        ArrayNode parts = JsonNodeFactory.instance.arrayNode();
        parts.add(a);
        parts.add(b);
        ObjectNode both = JsonNodeFactory.instance.objectNode();
        both.set("allOf", parts);
        return both;
    }

    private @Nullable JsonNode combined(String keyword, JsonNode a, JsonNode b, String path) throws GrammarRefused {
        return switch (keyword) {
            case "type" -> commonTypes(a, b);
            case "properties" -> {
                if (!(a instanceof ObjectNode ours) || !b.isObject()) {
                    throw refused(path, "has properties that are no object");
                }
                ObjectNode all = ours.deepCopy();
                for (Map.Entry<String, JsonNode> property : b.properties()) {
                    JsonNode own = all.get(property.getKey());
                    boolean same = own == null || own.equals(property.getValue());
                    all.set(property.getKey(), same ? property.getValue() : together(own, property.getValue()));
                }
                yield all;
            }
            case "required" -> {
                if (!(a instanceof ArrayNode ours) || !b.isArray()) {
                    throw refused(path, "has a required that is no array of names");
                }
                ArrayNode all = ours.deepCopy();
                b.forEach(name -> {
                    boolean there = false;
                    for (JsonNode known : all) {
                        there |= known.equals(name);
                    }
                    if (!there) {
                        all.add(name);
                    }
                });
                yield all;
            }
            case "enum" -> {
                ArrayNode common = JsonNodeFactory.instance.arrayNode();
                for (JsonNode value : a) {
                    for (JsonNode other : b) {
                        if (value.equals(other)) {
                            common.add(value);
                        }
                    }
                }
                yield common.isEmpty() ? null : common;
            }
            case "const" -> null;
            case "minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties" ->
                requireNumbers(keyword, a, b, path) && a.decimalValue().compareTo(b.decimalValue()) >= 0 ? a : b;
            case "maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties" ->
                requireNumbers(keyword, a, b, path) && a.decimalValue().compareTo(b.decimalValue()) <= 0 ? a : b;
            case "items" -> together(a, b);
            case "additionalProperties" -> {
                if (a.isBoolean()) {
                    yield a.asBoolean() ? b : a;
                }
                yield b.isBoolean() ? (b.asBoolean() ? a : b) : together(a, b);
            }
            case "nullable", "uniqueItems" -> a;
            default -> {
                if (keyword.startsWith("x-") || !isAssertion(keyword)) {
                    yield a;
                }
                throw refused(path, "combines schemas that both have " + keyword + ", which cannot be kept together");
            }
        };
    }

    private static boolean requireNumbers(String keyword, JsonNode a, JsonNode b, String path) throws GrammarRefused {
        if (!a.isNumber() || !b.isNumber()) {
            throw refused(path, "has a " + keyword + " that is no number");
        }
        return true;
    }

    private static boolean isAssertion(String keyword) {
        return NOT_KEPT.contains(keyword)
                || Set.of("pattern", "format", "prefixItems", "additionalItems").contains(keyword);
    }

    private static @Nullable JsonNode commonTypes(JsonNode a, JsonNode b) {
        ArrayNode common = JsonNodeFactory.instance.arrayNode();
        for (JsonNode one : a.isArray() ? a : List.of(a)) {
            for (JsonNode other : b.isArray() ? b : List.of(b)) {
                String x = one.asString("");
                String y = other.asString("");
                if (x.equals(y)) {
                    common.add(one);
                } else if (x.equals("number") && y.equals("integer") || x.equals("integer") && y.equals("number")) {
                    common.add("integer");
                }
            }
        }
        return common.isEmpty() ? null : common;
    }
}
