package io.aded.grammar;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Tells whether plain schemas exclude each other, as {@code oneOf} needs it. */
final class DisjointSchemas {
    private static final int DEEPEST = 20;

    private final Effort effort;

    DisjointSchemas(Effort effort) {
        this.effort = effort;
    }

    /** Whether no value fits schemas of two groups. */
    boolean areDisjoint(List<List<ObjectNode>> groups) throws GrammarRefused {
        for (int i = 0; i < groups.size(); i++) {
            for (int j = i + 1; j < groups.size(); j++) {
                for (ObjectNode a : groups.get(i)) {
                    for (ObjectNode b : groups.get(j)) {
                        if (!areDisjoint(a, b, 0)) {
                            return false;
                        }
                    }
                }
            }
        }
        return true;
    }

    /** Whether no value can fit both, as far as types, listed values and required properties tell. */
    private boolean areDisjoint(ObjectNode a, ObjectNode b, int depth) throws GrammarRefused {
        effort.spend(10);
        Set<String> types = new HashSet<>(typesOf(a));
        types.retainAll(typesOf(b));
        if (types.isEmpty()) {
            return true;
        }
        Set<String> listedA = listed(a);
        Set<String> listedB = listed(b);
        if (listedA != null && listedB != null) {
            effort.spend(listedA.size() + listedB.size());
            listedA.retainAll(listedB);
            return listedA.isEmpty();
        }
        if (!types.equals(Set.of("object"))) {
            return false;
        }
        effort.spend(a.path("properties").size());
        for (Map.Entry<String, JsonNode> property : a.path("properties").properties()) {
            JsonNode other = b.path("properties").path(property.getKey());
            boolean needed = requires(a, property.getKey()) || requires(b, property.getKey());
            if (needed
                    && property.getValue() instanceof ObjectNode left
                    && other instanceof ObjectNode right
                    && depth < DEEPEST
                    && areDisjoint(left, right, depth + 1)) {
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
            return types;
        }
        for (JsonNode one : type.isArray() ? type : List.of(type)) {
            types.add(one.asString("").equals("integer") ? "number" : one.asString(""));
        }
        if (schema.path("nullable").asBoolean(false)) {
            types.add("null");
        }
        return types;
    }

    /** The values that a schema lists, as they are written; null if it lists none. */
    private static @Nullable Set<String> listed(ObjectNode schema) throws GrammarRefused {
        if (schema.has("const")) {
            return new HashSet<>(Set.of(ListedValues.written(schema.get("const"), "#")));
        }
        if (schema.path("enum").isArray()) {
            Set<String> values = new HashSet<>();
            for (JsonNode value : schema.get("enum")) {
                values.add(ListedValues.written(value, "#"));
            }
            return values;
        }
        return null;
    }
}
