package io.aded.client;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes the JSON schema of a shape. Types that contain themselves become definitions, all others stand where used. */
final class SchemaWriter {
    private final Map<String, @Nullable Object> definitions = new LinkedHashMap<>();
    private final Deque<Shape> open = new ArrayDeque<>();
    private final Map<Shape, String> recursive = new HashMap<>();

    private SchemaWriter() {}

    static Map<String, @Nullable Object> schema(Shape shape) {
        SchemaWriter writer = new SchemaWriter();
        Map<String, @Nullable Object> schema = writer.write(shape);
        if (!writer.definitions.isEmpty()) {
            schema.put("$defs", writer.definitions);
        }
        return schema;
    }

    /** The schema of a shape within another. The map is the caller's to add to. */
    Map<String, @Nullable Object> write(Shape shape) {
        if (recursive.containsKey(shape)) {
            return reference(shape);
        }
        if (shape.name().isEmpty()) {
            return shape.schema(this);
        }
        if (open.contains(shape)) {
            String name = shape.name();
            for (int number = 2; recursive.containsValue(name); number++) {
                name = shape.name() + number;
            }
            recursive.put(shape, name);
            return reference(shape);
        }
        open.push(shape);
        Map<String, @Nullable Object> schema = shape.schema(this);
        open.pop();
        String name = recursive.get(shape);
        if (name == null) {
            return schema;
        }
        definitions.put(name, schema);
        return reference(shape);
    }

    private Map<String, @Nullable Object> reference(Shape shape) {
        Map<String, @Nullable Object> reference = new LinkedHashMap<>();
        reference.put("$ref", "#/$defs/" + recursive.get(shape));
        return reference;
    }
}
