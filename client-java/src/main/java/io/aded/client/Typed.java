package io.aded.client;

/**
 * A value that the model wrote, and the answer that it was.
 *
 * @param value the value
 * @param answer the answer: its text is the value's JSON
 * @param <T> the value's type
 */
public record Typed<T>(T value, Answer answer) {}
