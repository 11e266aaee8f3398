package io.aded.client;

import org.jspecify.annotations.Nullable;

/**
 * A function that the model may call and the caller carries out.
 *
 * @param name what the model calls it: 1 to 64 characters of {@code A-Z a-z 0-9 _ -}
 * @param description what it does and when to use it, for the model to read
 * @param parameters a JSON schema of its arguments, as JSON text; empty if it takes none
 * @param strict whether arguments are constrained to be valid under {@code parameters}; null leaves it to the server
 */
public record Tool(
        String name,
        String description,
        String parameters,
        @Nullable Boolean strict) {

    /** A tool whose arguments the server keeps valid. */
    public static Tool of(String name, String description, String parameters) {
        return new Tool(name, description, parameters, null);
    }
}
