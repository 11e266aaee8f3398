package io.aded.client;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A function that the model may call: a {@link Tool}, and what carries it out. Its arguments are a record, whose JSON
 * schema the model is held to.
 *
 * {@snippet :
 * record Place(String city) {}
 *
 * ToolFunction weather = ToolFunction.of(
 *         "weather", "The weather in a city.", Place.class, place -> Map.of("city", place.city(), "celsius", 21));
 * ToolAnswer answer = client.chat("How warm is it in Rome?").tools(weather).run();
 * }
 */
public final class ToolFunction {

    /**
     * Carries a call out.
     *
     * @param <T> the arguments
     */
    public interface Body<T> {
        /**
         * Carries it out.
         *
         * @return what the model is told: text as it is; anything else as JSON, records too
         * @throws Exception what went wrong; the model is told its class and message, and the run goes on
         */
        @Nullable
        Object call(T arguments) throws Exception;
    }

    /** Carries a call out whose arguments are JSON text. */
    private interface Call {
        @Nullable
        Object call(String arguments) throws Exception;
    }

    private final Tool tool;
    private final Call call;

    private ToolFunction(Tool tool, Call call) {
        this.tool = tool;
        this.call = call;
    }

    /**
     * One whose arguments are the components of a record.
     *
     * @param name what the model calls it: 1 to 64 characters of {@code A-Z a-z 0-9 _ -}
     * @param description what it does and when to use it, for the model to read
     * @throws IllegalArgumentException if the record has no JSON schema, see {@link JsonType}
     */
    public static <T extends Record> ToolFunction of(
            String name, String description, Class<T> arguments, Body<? super T> body) {
        Shape shape = Shapes.of(arguments);
        return new ToolFunction(
                Tool.of(name, description, Json.write(SchemaWriter.schema(shape))),
                json -> body.call(arguments.cast(Objects.requireNonNull(shape.read(Json.parse(json), "arguments")))));
    }

    /** One for a tool with a schema of its own; the body is given the arguments as JSON text. */
    public static ToolFunction of(Tool tool, Body<? super String> body) {
        return new ToolFunction(tool, body::call);
    }

    /** The tool, as the model is told of it. */
    public Tool tool() {
        return tool;
    }

    /** What a call gave, as the model is told it. Errors of the JVM, such as a lack of memory, are not caught. */
    ToolOutcome carryOut(Message.ToolCall asked) throws InterruptedException {
        try {
            Object result = call.call(asked.arguments().isBlank() ? "{}" : asked.arguments());
            return new ToolOutcome(asked, result instanceof String text ? text : Json.write(result), false);
        } catch (InterruptedException interrupted) {
            throw interrupted;
        } catch (Json.Malformed wrong) {
            return new ToolOutcome(asked, "the arguments are no JSON: " + wrong.getMessage(), true);
        } catch (Shape.Misfit wrong) {
            return new ToolOutcome(asked, String.valueOf(wrong.getMessage()), true);
        } catch (Exception failed) {
            String message = failed.getMessage();
            String kind = failed.getClass().getSimpleName();
            return new ToolOutcome(asked, message == null ? kind : kind + ": " + message, true);
        }
    }
}
