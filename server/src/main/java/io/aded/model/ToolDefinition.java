package io.aded.model;

/**
 * A function that the model may call.
 *
 * @param name what the model calls it
 * @param description what it does, for the model to read; may be empty
 * @param parameters a JSON schema of an object, as JSON text
 * @param strict whether the arguments of a call are constrained by the schema
 */
public record ToolDefinition(String name, String description, String parameters, boolean strict) {
    /** The schema of a tool that takes nothing. */
    public static final String NO_PARAMETERS = "{\"type\": \"object\", \"properties\": {}}";

    /** A tool whose schema may be left out. */
    public ToolDefinition {
        parameters = parameters.isBlank() ? NO_PARAMETERS : parameters;
    }
}
