package io.aded.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A type whose values the model writes as JSON: the schema that constrains it, and how a value is made of its answer.
 *
 * <p>Schemas of Java types are made here: a record is an object whose components must be there, but for those that are
 * {@link java.util.Optional} or {@code @Nullable}, and nothing else may; an enum is one of its constants' names; a
 * sealed interface of records is one of these, with its simple name in a member {@code type}; lists, sets and arrays
 * are arrays, maps with strings as keys are objects; numbers keep to the range of their type; {@code LocalDate},
 * {@code Instant}, {@code OffsetDateTime}, {@code UUID} and {@code URI} are strings of that format. Records may contain
 * themselves. {@link Description} tells the model what something means. Anything else is refused, by name, when the
 * type is made; give a schema and a reader of your own instead, such as Jackson's:
 *
 * {@snippet :
 * JsonType<Order> order = JsonType.of(schema, text -> mapper.readValue(text, Order.class));
 * }
 *
 * <p>Immutable; make one and keep it.
 *
 * @param <T> the Java type
 */
public final class JsonType<T> {

    /**
     * Makes a value of a JSON text.
     *
     * @param <T> of this type
     */
    public interface Reader<T> {
        /**
         * Makes it.
         *
         * @throws Exception if the text is none of its kind; the answer is then a
         *     {@link AdedClientException.BadAnswer} with this as its cause
         */
        T read(String json) throws Exception;
    }

    private final String name;
    private final String schema;
    private final Reader<T> reader;

    private JsonType(String name, String schema, Reader<T> reader) {
        this.name = name;
        this.schema = schema;
        this.reader = reader;
    }

    /**
     * That of a Java type.
     *
     * @throws IllegalArgumentException if it, or a type within it, has no JSON schema; the message names it
     */
    public static <T> JsonType<T> of(Class<T> type) {
        Shape shape = Shapes.of(type);
        // A primitive's class has no cast of its own.
        @SuppressWarnings("unchecked")
        Reader<T> reader = json -> (T) present(shape.read(Json.parse(json), type.getSimpleName()));
        return new JsonType<>(type.getSimpleName(), Json.write(SchemaWriter.schema(shape)), reader);
    }

    /** That of lists of a Java type; else as {@link #of(Class)}. */
    public static <T> JsonType<List<T>> listOf(Class<T> type) {
        Shape shape = new Shape.Several(Shapes.of(type), false, List::copyOf);
        @SuppressWarnings("unchecked")
        Reader<List<T>> reader = json -> (List<T>) present(shape.read(Json.parse(json), "List"));
        return new JsonType<>("List of " + type.getSimpleName(), Json.write(SchemaWriter.schema(shape)), reader);
    }

    /**
     * One with a schema and a reader of the caller's own.
     *
     * @param schema a JSON schema, as JSON text; the server checks it
     */
    public static <T> JsonType<T> of(String schema, Reader<T> reader) {
        return new JsonType<>("value of the schema", schema, reader);
    }

    /** The same type with a schema that says more, such as bounds or patterns. What it allows must fit the type. */
    public JsonType<T> withSchema(String narrower) {
        return new JsonType<>(name, narrower, reader);
    }

    /** The JSON schema, as JSON text. */
    public String schema() {
        return schema;
    }

    /** What makes the model keep to it. */
    public Constraint constraint() {
        return Constraint.jsonSchema(schema);
    }

    /**
     * The value that a JSON text says.
     *
     * @throws AdedClientException.BadAnswer if it is none; {@link AdedClientException#text} is the text
     */
    public T read(String json) {
        try {
            return reader.read(json);
        } catch (Shape.Misfit | Json.Malformed wrong) {
            throw bad("the answer is no " + name + ": " + wrong.getMessage(), null, json);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw bad("interrupted while the answer was read", interrupted, json);
        } catch (Exception wrong) {
            throw bad("the answer is no " + name + ": " + wrong, wrong, json);
        }
    }

    /**
     * The value that a whole answer says.
     *
     * @throws AdedClientException.BadAnswer if it is none, or was cut short
     */
    public T read(Answer answer) {
        FinishReason reason = answer.reason();
        if (reason != FinishReason.STOP && reason != FinishReason.OTHER) {
            throw bad("the answer was cut short (" + reason + ")", null, answer.text());
        }
        return read(answer.text());
    }

    private static AdedClientException bad(String message, @Nullable Throwable cause, String text) {
        return new AdedClientException.BadAnswer(message, cause).after(text);
    }

    private static Object present(@Nullable Object value) {
        if (value == null) {
            throw new Shape.Misfit("the answer is null");
        }
        return value;
    }

    @Override
    public String toString() {
        return "JsonType[" + name + ", " + schema + "]";
    }
}
