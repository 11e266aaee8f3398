package io.aded.model;

/**
 * One thing that is wrong with a request.
 *
 * @param field the path of the field, as the API names it, such as {@code sampling.temperature}
 * @param description what was wrong and what is allowed
 */
public record FieldViolation(String field, String description) {}
