package io.aded.model;

/**
 * One message of a conversation.
 *
 * @param role {@code system}, {@code user}, {@code assistant} or what else the model's template knows
 * @param content the text
 */
public record ChatMessage(String role, String content) {}
