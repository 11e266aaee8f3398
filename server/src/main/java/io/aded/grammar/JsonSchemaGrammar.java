package io.aded.grammar;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Turns a JSON schema (2020-12, with what older drafts and OpenAPI wrote differently) into a grammar of the JSON texts
 * that it allows.
 *
 * <p>An answer that matches the grammar is valid by the schema, always. The grammar may be narrower than the schema in
 * what follows, and in nothing else: there is one blank after commas and colons and no other white space; properties
 * come in the order in which they are declared; an object that declares properties has no others unless
 * {@code additionalProperties} says so; numbers have no exponent where they have bounds, at most
 * {@value DecimalRange#WHOLE_DIGITS} digits before the point where they have none, and at most
 * {@value DecimalRange#FRACTION_DIGITS} behind it.
 *
 * <p>A keyword that cannot be kept is refused by its name, with the place of the schema that holds it.
 */
final class JsonSchemaGrammar {
    private static final Set<String> TYPES =
            new LinkedHashSet<>(List.of("object", "array", "string", "number", "integer", "boolean", "null"));

    private static final Pattern DIGIT = new Pattern.Characters(new int[] {'0', '9'});

    private final SchemaNodes schemas;
    private final RuleBook rules;
    private final SchemaStrings strings;
    /** The rule of each schema that was met, by the schema and its text, so that recursion ends. */
    private final Map<JsonNode, Integer> known = new LinkedHashMap<>();

    private int anyValue = -1;

    private JsonSchemaGrammar(SchemaNodes schemas, Effort effort) {
        this.schemas = schemas;
        rules = new RuleBook(effort);
        strings = new SchemaStrings(rules, effort);
    }

    /**
     * The grammar of a schema.
     *
     * @param schema a JSON document
     * @throws GrammarRefused if it is no JSON, no schema, or asks what cannot be kept
     */
    static Rules compile(String schema) throws GrammarRefused {
        Effort effort = new Effort();
        SchemaNodes schemas = SchemaNodes.read(schema, effort);
        JsonSchemaGrammar grammar = new JsonSchemaGrammar(schemas, effort);
        int root = grammar.rule(schemas.root(), "#");
        return grammar.rules.rules(root);
    }

    /** The rule of a schema. Schemas that say the same share one. */
    private int rule(JsonNode schema, String path) throws GrammarRefused {
        Integer before = known.get(schema);
        if (before != null) {
            return before;
        }
        int rule = rules.add(path, Pattern.EMPTY);
        known.put(schema, rule);
        rules.set(rule, pattern(schema, path));
        return rule;
    }

    /** The same, or null if nothing fits the schema; then no rule that was made for it is left to others. */
    private @Nullable Pattern referenceIfPossible(JsonNode schema, String path) throws GrammarRefused {
        int before = known.size();
        try {
            return reference(schema, path);
        } catch (SchemaNodes.Impossible nothing) {
            Iterator<Map.Entry<JsonNode, Integer>> all = known.entrySet().iterator();
            for (int i = 0; all.hasNext(); i++) {
                all.next();
                if (i >= before) {
                    all.remove();
                }
            }
            return null;
        }
    }

    private Pattern reference(JsonNode schema, String path) throws GrammarRefused {
        return new Pattern.Reference(rule(schema, path));
    }

    private Pattern pattern(JsonNode schema, String path) throws GrammarRefused {
        if (schema.isBoolean()) {
            if (schema.asBoolean()) {
                return new Pattern.Reference(anyValue());
            }
            throw new SchemaNodes.Impossible("at " + path + " allows nothing");
        }
        if (!(schema instanceof ObjectNode object)) {
            throw SchemaNodes.refused(path, "is no schema: it is neither an object nor true or false");
        }
        List<ObjectNode> alternatives = schemas.alternatives(object, path);
        if (alternatives.size() > 1) {
            List<Pattern> ways = new ArrayList<>();
            for (ObjectNode alternative : alternatives) {
                Pattern way = referenceIfPossible(alternative, path);
                if (way != null) {
                    ways.add(way);
                }
            }
            if (ways.isEmpty()) {
                throw new SchemaNodes.Impossible(
                        "at " + path + " allows nothing: none of its alternatives is possible");
            }
            return ways.size() == 1 ? ways.getFirst() : new Pattern.Choice(ways);
        }
        ObjectNode plain = alternatives.getFirst();
        return plain == object || plain.equals(object) ? typed(plain, path) : reference(plain, path);
    }

    /** A schema without references and combinations. */
    private Pattern typed(ObjectNode schema, String path) throws GrammarRefused {
        SchemaNodes.requireKept(schema, path);
        Set<String> types = types(schema, path);
        if (schema.has("enum") || schema.has("const")) {
            return literals(schema, types, path);
        }
        List<Pattern> ways = new ArrayList<>();
        for (String type : types) {
            ways.add(
                    switch (type) {
                        case "null" -> Pattern.text("null");
                        case "boolean" -> new Pattern.Choice(List.of(Pattern.text("true"), Pattern.text("false")));
                        case "string" -> strings.pattern(schema, path);
                        case "integer" -> integer(schema, path);
                        case "number" -> number(schema, path);
                        case "array" -> array(schema, path);
                        default -> new ObjectPattern(schema, path).pattern();
                    });
        }
        return ways.size() == 1 ? ways.getFirst() : new Pattern.Choice(ways);
    }

    private static Set<String> types(ObjectNode schema, String path) throws GrammarRefused {
        JsonNode type = schema.get("type");
        Set<String> types = new LinkedHashSet<>();
        if (type == null) {
            types.addAll(TYPES);
            types.remove("integer"); // every integer is a number
            return types;
        }
        for (JsonNode one : type.isArray() ? type : List.of(type)) {
            if (!one.isString() || !TYPES.contains(one.asString())) {
                throw SchemaNodes.refused(path, "has an unknown type; allowed: " + TYPES);
            }
            types.add(one.asString());
        }
        if (schema.path("nullable").asBoolean(false)) {
            types.add("null");
        }
        if (types.contains("number")) {
            types.remove("integer");
        }
        if (types.isEmpty()) {
            throw SchemaNodes.refused(path, "allows no type");
        }
        return types;
    }

    // --- values that are listed

    private Pattern literals(ObjectNode schema, Set<String> types, String path) throws GrammarRefused {
        boolean asksMore = schema.has(SchemaNodes.PATTERNS)
                || schema.has("format")
                || schema.has("minLength")
                || schema.has("maxLength");
        RuleBook.Acceptance fitting = asksMore ? rules.acceptance(strings.pattern(schema, path)) : null;
        Set<String> values = ListedValues.of(
                schema, types, path, value -> fitting == null || fitting.accepts(JsonText.quoted(value)));
        if (values.isEmpty()) {
            throw new SchemaNodes.Impossible(
                    "at " + path + " allows nothing: no listed value fits what stands beside it in enum or const");
        }
        return ListedValues.anyOf(values);
    }

    // --- numbers

    private static @Nullable BigDecimal bound(
            ObjectNode schema, String inclusive, String exclusive, boolean lower, BigDecimal step, String path)
            throws GrammarRefused {
        BigDecimal bound = SchemaNodes.decimal(schema, inclusive, path);
        JsonNode other = schema.get(exclusive);
        BigDecimal open = null;
        if (other != null && other.isBoolean()) {
            // Draft 4: a flag beside the bound.
            if (other.asBoolean() && bound != null) {
                open = bound;
                bound = null;
            }
        } else {
            open = SchemaNodes.decimal(schema, exclusive, path);
        }
        if (open != null) {
            BigDecimal rounded = open.divide(step, 0, lower ? RoundingMode.FLOOR : RoundingMode.CEILING)
                    .multiply(step);
            BigDecimal closed = lower ? rounded.add(step) : rounded.subtract(step);
            double nearest = open.doubleValue();
            if (step.compareTo(BigDecimal.ONE) < 0 && nearest != 0 && Double.isFinite(nearest)) {
                // Who reads the answer as a double must not find the bound itself.
                BigDecimal next = new BigDecimal(lower ? Math.nextUp(nearest) : Math.nextDown(nearest));
                closed = lower ? closed.max(next) : closed.min(next);
            }
            bound = bound == null ? closed : lower ? bound.max(closed) : bound.min(closed);
        }
        return bound;
    }

    private static Pattern integer(ObjectNode schema, String path) throws GrammarRefused {
        BigDecimal least = bound(schema, "minimum", "exclusiveMinimum", true, BigDecimal.ONE, path);
        BigDecimal most = bound(schema, "maximum", "exclusiveMaximum", false, BigDecimal.ONE, path);
        BigInteger from =
                least == null ? null : least.setScale(0, RoundingMode.CEILING).toBigInteger();
        BigInteger to =
                most == null ? null : most.setScale(0, RoundingMode.FLOOR).toBigInteger();
        Pattern pattern = DecimalRange.integers(from, to);
        if (pattern == null) {
            throw new SchemaNodes.Impossible("at " + path + " allows no integer: its bounds leave none");
        }
        return pattern;
    }

    private static Pattern number(ObjectNode schema, String path) throws GrammarRefused {
        BigDecimal step = BigDecimal.ONE.movePointLeft(DecimalRange.FRACTION_DIGITS);
        BigDecimal least = bound(schema, "minimum", "exclusiveMinimum", true, step, path);
        BigDecimal most = bound(schema, "maximum", "exclusiveMaximum", false, step, path);
        if (least == null && most == null) {
            return anyNumber();
        }
        // Bounds as far out as a double's are no wish for numbers of 300 digits.
        BigDecimal far = BigDecimal.TEN.pow(DecimalRange.WHOLE_DIGITS);
        if (most != null && most.compareTo(far) > 0 && (least == null || least.compareTo(far) <= 0)) {
            most = far;
        }
        if (least != null
                && least.negate().compareTo(far) > 0
                && (most == null || most.negate().compareTo(far) <= 0)) {
            least = far.negate();
        }
        Pattern pattern = DecimalRange.numbers(least, most);
        if (pattern == null) {
            throw new SchemaNodes.Impossible("at " + path + " allows no number: its bounds leave none");
        }
        return pattern;
    }

    private static Pattern anyNumber() {
        Pattern whole = new Pattern.Choice(List.of(
                Pattern.text("0"),
                new Pattern.Sequence(List.of(
                        new Pattern.Characters(new int[] {'1', '9'}),
                        new Pattern.Repeat(DIGIT, 0, DecimalRange.WHOLE_DIGITS - 1)))));
        Pattern fraction = new Pattern.Sequence(
                List.of(Pattern.text("."), new Pattern.Repeat(DIGIT, 1, DecimalRange.FRACTION_DIGITS)));
        Pattern exponent = new Pattern.Sequence(List.of(
                new Pattern.Characters(new int[] {'E', 'E', 'e', 'e'}),
                new Pattern.Repeat(new Pattern.Characters(new int[] {'+', '+', '-', '-'}), 0, 1),
                new Pattern.Repeat(DIGIT, 1, 2)));
        return new Pattern.Sequence(List.of(
                new Pattern.Repeat(Pattern.text("-"), 0, 1),
                whole,
                new Pattern.Repeat(fraction, 0, 1),
                new Pattern.Repeat(exponent, 0, 1)));
    }

    // --- arrays

    private Pattern array(ObjectNode schema, String path) throws GrammarRefused {
        int least = SchemaNodes.count(schema, "minItems", 0, path);
        int most = SchemaNodes.count(schema, "maxItems", Pattern.UNBOUNDED, path);
        JsonNode items = schema.get("items");
        JsonNode prefix = schema.get("prefixItems");
        if (prefix == null && items != null && items.isArray()) {
            prefix = items; // before 2020-12
            items = schema.get("additionalItems");
        }
        if (prefix != null && !prefix.isArray()) {
            throw SchemaNodes.refused(path, "has prefixItems that are no array");
        }
        boolean closed = items != null && items.isBoolean() && !items.asBoolean();
        int fixed = prefix == null ? 0 : prefix.size();
        if (closed && (most == Pattern.UNBOUNDED || most > fixed)) {
            most = fixed;
        }
        if (most != Pattern.UNBOUNDED && most < least) {
            throw SchemaNodes.refused(
                    path, "allows no array: it may have at most " + most + " items and needs " + least);
        }
        Pattern each = items == null || items.isBoolean()
                ? new Pattern.Reference(anyValue())
                : reference(items, path + "/items");
        // From the last place backwards: what may follow once so many items are there.
        int places = most == Pattern.UNBOUNDED ? Math.max(fixed, Math.min(least, fixed)) : Math.min(fixed, most);
        Pattern rest = repeated(
                each, Math.max(0, least - places), most == Pattern.UNBOUNDED ? most : most - places, places > 0);
        for (int i = places - 1; i >= 0; i--) {
            Pattern item = prefix == null ? each : reference(prefix.get(i), path + "/prefixItems/" + i);
            Pattern here = new Pattern.Sequence(List.of(Pattern.text(i == 0 ? "" : ", "), item, rest));
            int rule = rules.add(path + "/" + i, here);
            rest = new Pattern.Repeat(new Pattern.Reference(rule), i < least ? 1 : 0, 1);
        }
        return new Pattern.Sequence(List.of(Pattern.text("["), rest, Pattern.text("]")));
    }

    /** Items from {@code least} to {@code most}, after others or from the beginning. */
    private static Pattern repeated(Pattern item, int least, int most, boolean follows) {
        if (most == 0) {
            return Pattern.EMPTY;
        }
        Pattern further = new Pattern.Sequence(List.of(Pattern.text(", "), item));
        if (follows) {
            return new Pattern.Repeat(further, least, most);
        }
        Pattern some = new Pattern.Sequence(List.of(
                item,
                new Pattern.Repeat(further, Math.max(0, least - 1), most == Pattern.UNBOUNDED ? most : most - 1)));
        return least == 0 ? new Pattern.Repeat(some, 0, 1) : some;
    }

    // --- objects

    /** An object's members, in the order in which they are declared, then others where they are allowed. */
    private final class ObjectPattern {
        private final String path;
        private final Map<String, JsonNode> members = new LinkedHashMap<>();
        private final Set<String> required = new LinkedHashSet<>();
        private final @Nullable JsonNode additional;
        private final String othersKeyword;

        /** What names must be like; null if all may be. */
        private final @Nullable Pattern nameForm;

        ObjectPattern(ObjectNode schema, String path) throws GrammarRefused {
            this.path = path;
            JsonNode properties = schema.get("properties");
            if (properties != null) {
                if (!properties.isObject()) {
                    throw SchemaNodes.refused(path, "has properties that are no object");
                }
                properties.properties().forEach(entry -> members.put(entry.getKey(), entry.getValue()));
            }
            JsonNode more = schema.get("additionalProperties");
            boolean open = more != null
                    ? !(more.isBoolean() && !more.asBoolean())
                    : members.isEmpty() && !schema.has("required");
            JsonNode others = !open ? null : more == null || more.isBoolean() ? schemas.anything() : more;
            JsonNode names = schema.get("propertyNames");
            JsonNode byPattern = schema.path("patternProperties");
            if (byPattern.size() == 1) {
                // The only names that it says something of are the only ones that there are.
                Map.Entry<String, JsonNode> one =
                        byPattern.properties().iterator().next();
                names = JsonNodeFactory.instance.objectNode().put("pattern", one.getKey());
                others = one.getValue();
            }
            othersKeyword = byPattern.size() == 1 ? "/patternProperties" : "/additionalProperties";
            JsonNode listed = names == null ? null : names.get("enum");
            if (listed != null && others != null && listed.isArray()) {
                // Names that are listed are declared ones: each stands there once.
                for (JsonNode name : listed) {
                    if (name.isString()) {
                        members.putIfAbsent(name.asString(), others);
                    }
                }
                others = null;
            }
            additional = others;
            JsonNode needed = schema.get("required");
            if (needed != null && !needed.isBoolean()) {
                if (!needed.isArray()) {
                    throw SchemaNodes.refused(path, "has a required that is no array of names");
                }
                for (JsonNode name : needed) {
                    if (!name.isString()) {
                        throw SchemaNodes.refused(path, "has a required that is no array of names");
                    }
                    required.add(name.asString());
                    if (more != null
                            && more.isBoolean()
                            && !more.asBoolean()
                            && !members.containsKey(name.asString())) {
                        throw new SchemaNodes.Impossible("at " + path
                                + " allows nothing: it requires a property that additionalProperties forbids");
                    }
                    members.putIfAbsent(name.asString(), more == null || more.isBoolean() ? schemas.anything() : more);
                }
            }
            int least = SchemaNodes.count(schema, "minProperties", 0, path);
            int most = SchemaNodes.count(schema, "maxProperties", Pattern.UNBOUNDED, path);
            if (least > required.size()) {
                throw SchemaNodes.refused(path, "has minProperties, which cannot be kept beyond the required ones");
            }
            nameForm = nameForm(names);
            if (most != Pattern.UNBOUNDED && (additional != null || most < members.size())) {
                throw SchemaNodes.refused(path, "has maxProperties, which cannot be kept below the declared ones");
            }
        }

        /** Applies {@code propertyNames}: forbids declared names that do not fit. */
        private @Nullable Pattern nameForm(@Nullable JsonNode form) throws GrammarRefused {
            if (form == null || form.isBoolean() && form.asBoolean()) {
                return null;
            }
            if (form.isBoolean()) {
                throw SchemaNodes.refused(path, "has propertyNames false, which cannot be kept; use maxProperties 0");
            }
            if (form.isEmpty()
                    || form.size() == 1 && "string".equals(form.path("type").asString(""))) {
                return null; // what zod writes for the keys of a record
            }
            ObjectNode text = JsonNodeFactory.instance.objectNode().put("type", "string");
            ObjectNode both = JsonNodeFactory.instance.objectNode();
            both.set("allOf", JsonNodeFactory.instance.arrayNode().add(form).add(text));
            Pattern names = reference(both, path + (othersKeyword.startsWith("/p") ? othersKeyword : "/propertyNames"));
            if (!members.isEmpty()) {
                if (additional != null) {
                    throw SchemaNodes.refused(
                            path, "has propertyNames beside properties and additionalProperties, which is not kept");
                }
                RuleBook.Acceptance fitting = rules.acceptance(names);
                for (String name : List.copyOf(members.keySet())) {
                    if (!fitting.accepts(JsonText.quoted(name))) {
                        members.remove(name);
                        if (required.contains(name)) {
                            throw SchemaNodes.refused(path, "allows nothing: it requires what propertyNames forbids");
                        }
                    }
                }
            }
            return names;
        }

        Pattern pattern() throws GrammarRefused {
            List<String> order = new ArrayList<>(members.keySet());
            // What may follow the i-th place, where a member stands before it and where none does.
            Pattern after = others(true);
            Pattern first = others(false);
            for (int i = order.size() - 1; i >= 0; i--) {
                String name = order.get(i);
                boolean needed = required.contains(name);
                JsonNode schema = members.getOrDefault(name, schemas.anything());
                String place = path + "/properties/" + name.replaceAll("[^\\w.-]", "?");
                Pattern value = needed ? reference(schema, place) : referenceIfPossible(schema, place);
                if (value == null) {
                    continue; // a property that may not be there
                }
                Pattern member = new Pattern.Sequence(List.of(Pattern.text(JsonText.quoted(name) + ": "), value));
                int afterMember = rules.add(path + " after " + i, after);
                Pattern follows = new Pattern.Reference(afterMember);
                Pattern withComma = new Pattern.Sequence(List.of(Pattern.text(", "), member, follows));
                Pattern withoutComma = new Pattern.Sequence(List.of(member, follows));
                after = needed ? withComma : new Pattern.Choice(List.of(withComma, follows));
                first = needed
                        ? withoutComma
                        : new Pattern.Choice(List.of(
                                withoutComma, new Pattern.Reference(rules.add(path + " from " + (i + 1), first))));
            }
            return new Pattern.Sequence(List.of(Pattern.text("{"), first, Pattern.text("}")));
        }

        private Pattern others(boolean follows) throws GrammarRefused {
            if (additional == null) {
                return Pattern.EMPTY;
            }
            Pattern name = members.isEmpty()
                    ? nameForm == null ? strings.any() : nameForm
                    : new Pattern.Sequence(List.of(
                            Pattern.text("\""),
                            new Pattern.Reference(otherName("", members.keySet())),
                            Pattern.text("\"")));
            Pattern value = referenceIfPossible(additional, path + othersKeyword);
            if (value == null) {
                return Pattern.EMPTY;
            }
            Pattern member = new Pattern.Sequence(List.of(name, Pattern.text(": "), value));
            return repeated(member, 0, Pattern.UNBOUNDED, follows);
        }

        /** What a name may go on with that is none of those given, all of which begin with {@code prefix}. */
        private int otherName(String prefix, Set<String> taken) throws GrammarRefused {
            Map<Integer, Set<String>> byNext = new LinkedHashMap<>();
            CharacterSet others = new CharacterSet();
            for (String name : taken) {
                if (name.length() > prefix.length()) {
                    int c = name.codePointAt(prefix.length());
                    byNext.computeIfAbsent(c, _ -> new LinkedHashSet<>()).add(name);
                    others.add(c, c);
                }
            }
            List<Pattern> ways = new ArrayList<>();
            if (!taken.contains(prefix)) {
                ways.add(Pattern.EMPTY);
            }
            CharacterSet free = others.complement();
            ways.add(new Pattern.Sequence(
                    List.of(JsonText.character(free), new Pattern.Repeat(JsonText.CHARACTER, 0, Pattern.UNBOUNDED))));
            for (Map.Entry<Integer, Set<String>> next : byNext.entrySet()) {
                String longer = prefix + Character.toString(next.getKey());
                ways.add(new Pattern.Sequence(List.of(
                        JsonText.character(new CharacterSet().add(next.getKey(), next.getKey())),
                        new Pattern.Reference(otherName(longer, next.getValue())))));
            }
            return rules.add(path + " other name", new Pattern.Choice(ways));
        }
    }

    // --- anything

    private int anyValue() throws GrammarRefused {
        if (anyValue < 0) {
            anyValue = rules.add("value", Pattern.EMPTY);
            Pattern value = new Pattern.Reference(anyValue);
            Pattern text = strings.any();
            Pattern member = new Pattern.Sequence(List.of(text, Pattern.text(": "), value));
            rules.set(
                    anyValue,
                    new Pattern.Choice(Arrays.asList(
                            new Pattern.Sequence(List.of(
                                    Pattern.text("{"),
                                    repeated(member, 0, Pattern.UNBOUNDED, false),
                                    Pattern.text("}"))),
                            new Pattern.Sequence(List.of(
                                    Pattern.text("["),
                                    repeated(value, 0, Pattern.UNBOUNDED, false),
                                    Pattern.text("]"))),
                            text,
                            anyNumber(),
                            Pattern.text("true"),
                            Pattern.text("false"),
                            Pattern.text("null"))));
        }
        return anyValue;
    }
}
