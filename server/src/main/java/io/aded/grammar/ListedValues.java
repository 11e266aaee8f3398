package io.aded.grammar;

import java.math.BigDecimal;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Values that a schema lists by {@code enum} or {@code const}, held against what stands beside the list. */
final class ListedValues {
    private ListedValues() {}

    /** Whether a listed value fits what stands beside the list. */
    static boolean fits(JsonNode value, ObjectNode schema, Set<String> types, String path) throws GrammarRefused {
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
            if (schema.has("pattern")) {
                throw SchemaNodes.refused(path, "has pattern beside enum or const, which cannot be kept together");
            }
            int length = value.asString().codePointCount(0, value.asString().length());
            return length >= SchemaNodes.count(schema, "minLength", 0, path)
                    && length <= SchemaNodes.count(schema, "maxLength", length, path);
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
