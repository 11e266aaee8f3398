package io.aded.grammar;

import java.math.BigDecimal;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
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
    /** Characters of a schema. */
    static final int LONGEST = 1 << 20;

    static final int DEEPEST_NESTING = 200;

    /** The deepest chain of references and combinations that is followed at one place. */
    private static final int DEEPEST_MERGE = 64;

    /** Plain schemas that one may amount to. */
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

    /** Keywords that say nothing about what is allowed, and {@code $defs}, which references find by themselves. */
    private static final List<String> ANNOTATIONS = List.of(
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
            "discriminator");

    private static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(DEEPEST_NESTING)
                            .maxNumberLength(400)
                            .build())
                    .build())
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** Where the patterns are gathered that an answer must match all of; no caller's keyword begins so. */
    static final String PATTERNS = " patterns";

    private final JsonNode root;
    private final Effort effort;

    private SchemaNodes(JsonNode root, Effort effort) {
        this.root = root;
        this.effort = effort;
    }

    /** Reads a schema's text. */
    static SchemaNodes read(String schema, Effort effort) throws GrammarRefused {
        if (schema.length() > LONGEST) {
            throw new GrammarRefused("is " + schema.length() + " characters long; allowed: up to " + LONGEST);
        }
        try {
            JsonNode root = JSON.readTree(schema);
            if (!root.isObject() && !root.isBoolean()) {
                throw refused("#", "is no schema: it is neither an object nor true or false");
            }
            return new SchemaNodes(root, effort);
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
            if (NOT_KEPT.contains(name) && !saysNothing(name, schema.get(name)) && !areAllNames(name, schema)) {
                throw refused(path, "has the keyword " + name + ", which cannot be kept");
            }
        }
    }

    /** Whether it is a single pattern for the names of an object that declares none: then it says what all are like. */
    private static boolean areAllNames(String keyword, ObjectNode schema) {
        return keyword.equals("patternProperties")
                && schema.path(keyword).isObject()
                && schema.path(keyword).size() == 1
                && schema.path("properties").isEmpty()
                && schema.path("required").isEmpty()
                && !schema.has("propertyNames");
    }

    private static boolean saysNothing(String name, JsonNode value) {
        return switch (name) {
            case "uniqueItems" -> value.isBoolean() && !value.asBoolean();
            case "multipleOf" -> false;
            case "patternProperties", "dependentRequired", "dependentSchemas", "dependencies" -> value.isEmpty();
            case "then", "else" -> true; // without "if" they mean nothing, and "if" is refused
            case "unevaluatedItems", "unevaluatedProperties" -> value.isBoolean() && value.asBoolean();
            case "minContains", "maxContains" -> true; // without "contains", which is refused
            default -> false;
        };
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

    /** A number as this grammar writes numbers: without exponent and zeros at the end. */
    static String plain(JsonNode value, String what, String path) throws GrammarRefused {
        BigDecimal number = value.decimalValue().stripTrailingZeros();
        if (number.precision() > 300 || Math.abs(number.scale()) > 300) {
            throw refused(path, "has a " + what + " of more than 300 digits");
        }
        return number.scale() < 0 ? number.setScale(0).toPlainString() : number.toPlainString();
    }

    // --- combinations

    /** Nothing can fit: among alternatives, one fewer. */
    static final class Impossible extends GrammarRefused {
        private static final long serialVersionUID = 1;

        Impossible(String message) {
            super(message);
        }
    }

    /** The plain schemas, without references and combinations, that a schema amounts to. */
    List<ObjectNode> alternatives(ObjectNode schema, String path) throws GrammarRefused {
        return alternatives(schema, path, 0, new HashSet<>());
    }

    private List<ObjectNode> alternatives(ObjectNode schema, String path, int depth, Set<String> references)
            throws GrammarRefused {
        if (depth > DEEPEST_MERGE) {
            throw refused(path, "refers to itself, or combines schemas, more than " + DEEPEST_MERGE + " deep");
        }
        effort.spend(1 + schema.size());
        if (schema != root && schema.path("$id").isString()) {
            throw refused(path, "has the keyword $id, which would change what references mean and cannot be kept here");
        }
        ObjectNode own = copy(schema);
        List<ObjectNode> ways = new ArrayList<>();
        JsonNode reference = own.remove("$ref");
        JsonNode all = own.remove("allOf");
        JsonNode any = own.remove("anyOf");
        JsonNode one = own.remove("oneOf");
        own.remove(ANNOTATIONS);
        inOneForm(own, path);
        ways.add(own);
        if (reference != null) {
            String target = reference.asString("");
            if (!references.add(target)) {
                throw refused(path, "has a $ref that refers to itself without anything in between");
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

    /** Rewrites what can be said in several ways to the way in which it is read: tuples, exclusions, patterns. */
    private static void inOneForm(ObjectNode own, String path) throws GrammarRefused {
        if (own.path("items").isArray() && !own.has("prefixItems")) {
            JsonNode rest = own.remove("additionalItems"); // before 2020-12
            own.set("prefixItems", own.remove("items"));
            if (rest != null) {
                own.set("items", rest);
            }
        }
        JsonNode excluded = own.get("not");
        if (excluded != null && (excluded.isBoolean() || excluded.isObject() && excluded.isEmpty())) {
            own.remove("not");
            if (excluded.isObject() || excluded.asBoolean()) {
                throw new Impossible("at " + path + " allows nothing: its keyword not excludes everything");
            }
        }
        String pattern = text(own, "pattern", path);
        if (pattern != null) {
            own.remove("pattern");
            own.set(PATTERNS, JsonNodeFactory.instance.arrayNode().add(pattern));
        }
    }

    /** A schema of its own with the same members, which are not copied. */
    private static ObjectNode copy(ObjectNode schema) {
        ObjectNode copy = JsonNodeFactory.instance.objectNode();
        schema.properties().forEach(entry -> copy.set(entry.getKey(), entry.getValue()));
        return copy;
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
        String document = root.path("$id").asString("");
        String rest = reference.startsWith(document) ? reference.substring(document.length()) : reference;
        if (!document.isEmpty() && !rest.equals(reference) && (rest.isEmpty() || rest.startsWith("#"))) {
            return resolved(rest.isEmpty() ? "#" : rest, path);
        }
        if (!reference.startsWith("#")) {
            throw refused(path, "has a $ref beyond this document, which is not fetched");
        }
        JsonNode target;
        try {
            String pointer = URLDecoder.decode(reference.substring(1).replace("+", "%2B"), StandardCharsets.UTF_8);
            target = root.at(pointer);
            for (int end = pointer.indexOf('/', 1); end > 0; end = pointer.indexOf('/', end + 1)) {
                if (root.at(pointer.substring(0, end)).path("$id").isString()) {
                    throw refused(path, "has a $ref into a schema with an $id of its own, which is not followed");
                }
            }
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
            for (ObjectNode way : ways) {
                ObjectNode together = merge(way, part, path);
                if (together != null) {
                    merged.add(together);
                }
            }
        }
        if (merged.isEmpty()) {
            throw new Impossible("at " + path + " allows nothing: the schemas that it combines exclude each other");
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
            } catch (Impossible nothing) {
                continue;
            }
        }
        if (all.isEmpty()) {
            throw new Impossible("at " + path + " allows nothing: none of its alternatives is possible");
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
            } catch (Impossible nothing) {
                groups.add(List.of());
            }
        }
        if (!new DisjointSchemas(effort).areDisjoint(groups)) {
            throw refused(
                    path,
                    "has a oneOf whose alternatives may hold together, which cannot be kept; use anyOf, or give them"
                            + " different types or a property with different constants");
        }
    }

    /** A schema that asks what both ask; null if nothing can fit it. */
    private @Nullable ObjectNode merge(ObjectNode a, ObjectNode b, String path) throws GrammarRefused {
        effort.spend(1 + a.size() + b.size());
        if (a.has("patternProperties") && b.has("additionalProperties")
                || b.has("patternProperties") && a.has("additionalProperties")) {
            throw refused(path, "combines patternProperties with additionalProperties, which cannot be kept together");
        }
        ObjectNode merged = copy(a);
        // What one says of the places in an array, the other may say of the items beyond its own.
        boolean places = a.path("prefixItems").isArray() && (b.has("items") || b.has("prefixItems"))
                || b.path("prefixItems").isArray() && (a.has("items") || a.has("prefixItems"));
        for (Map.Entry<String, JsonNode> entry : b.properties()) {
            String keyword = entry.getKey();
            if (places && (keyword.equals("items") || keyword.equals("prefixItems"))) {
                continue;
            }
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
        if (places) {
            mergePlaces(merged, a, b);
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

    private void mergePlaces(ObjectNode merged, ObjectNode a, ObjectNode b) throws GrammarRefused {
        int count = Math.max(a.path("prefixItems").size(), b.path("prefixItems").size());
        effort.spend(count);
        ArrayNode all = JsonNodeFactory.instance.arrayNode();
        for (int i = 0; i < count; i++) {
            all.add(together(place(a, i), place(b, i)));
        }
        merged.set("prefixItems", all);
        if (a.has("items") || b.has("items")) {
            merged.set("items", together(place(a, count), place(b, count)));
        }
    }

    /** What a schema says of the {@code i}-th item of an array. */
    private static JsonNode place(ObjectNode schema, int i) {
        JsonNode own = schema.path("prefixItems").get(i);
        JsonNode rest = schema.get("items");
        return own != null ? own : rest != null ? rest : BooleanNode.TRUE;
    }

    private void closeOver(ObjectNode merged, ObjectNode holder, ObjectNode other) throws GrammarRefused {
        JsonNode more = other.get("additionalProperties");
        if (more == null || !merged.path("properties").isObject()) {
            return;
        }
        ObjectNode properties = copy((ObjectNode) merged.get("properties"));
        merged.set("properties", properties);
        effort.spend(holder.path("properties").size());
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
                effort.spend(ours.size() + b.size());
                ObjectNode all = copy(ours);
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
                effort.spend(ours.size() + b.size());
                Set<JsonNode> all = new LinkedHashSet<>();
                ours.forEach(all::add);
                b.forEach(all::add);
                yield array(all);
            }
            case "enum" -> {
                effort.spend(a.size() + b.size());
                Map<String, JsonNode> ours = new LinkedHashMap<>();
                for (JsonNode value : a) {
                    ours.put(ListedValues.written(value, path), value);
                }
                Set<JsonNode> common = new LinkedHashSet<>();
                for (JsonNode value : b) {
                    JsonNode own = ours.get(ListedValues.written(value, path));
                    if (own != null) {
                        common.add(own);
                    }
                }
                yield common.isEmpty() ? null : array(common);
            }
            case "const" -> ListedValues.written(a, path).equals(ListedValues.written(b, path)) ? a : null;
            case PATTERNS -> {
                Set<JsonNode> all = new LinkedHashSet<>();
                a.forEach(all::add);
                b.forEach(all::add);
                yield array(all);
            }
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

    private static ArrayNode array(Set<JsonNode> values) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        values.forEach(array::add);
        return array;
    }

    private static boolean requireNumbers(String keyword, JsonNode a, JsonNode b, String path) throws GrammarRefused {
        if (!a.isNumber() || !b.isNumber()) {
            throw refused(path, "has a " + keyword + " that is no number");
        }
        return true;
    }

    private static boolean isAssertion(String keyword) {
        return NOT_KEPT.contains(keyword)
                || Set.of("format", "prefixItems", "additionalItems", "propertyNames")
                        .contains(keyword);
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
