package io.aded.client;

import java.util.List;
import java.util.stream.Collectors;

/**
 * One message of a conversation.
 *
 * @param role {@code system}, {@code user}, {@code assistant}, {@code tool} or what else the model's chat template
 *     knows
 * @param parts what it consists of, in order
 */
public record Message(String role, List<Part> parts) {

    /** Defensive copy of the list. */
    public Message {
        parts = List.copyOf(parts);
    }

    /** A message of text; control tokens written out in it stay text. */
    public Message(String role, String content) {
        this(role, List.of(new Text(content)));
    }

    /** An instruction that stands above the conversation; usually the first message. */
    public static Message system(String content) {
        return new Message("system", content);
    }

    /** What the user says. */
    public static Message user(String content) {
        return new Message("user", content);
    }

    /** What the model said, or is to be made to believe that it said. */
    public static Message assistant(String content) {
        return new Message("assistant", content);
    }

    /** What a whole answer of the model was: its reasoning, text and tool calls. */
    public static Message assistant(Answer answer) {
        return new Message("assistant", answer.parts());
    }

    /** What a tool call gave, as text; often JSON. */
    public static Message tool(ToolCall call, String result) {
        return new Message("tool", List.of(new ToolResult(call.id(), call.name(), result, false)));
    }

    /** The text of the message: that of its {@link Text} parts put together. */
    public String content() {
        return parts.stream()
                .filter(Text.class::isInstance)
                .map(part -> ((Text) part).text())
                .collect(Collectors.joining());
    }

    /** A part of a message. */
    public sealed interface Part {}

    /** Text. */
    public record Text(String text) implements Part {}

    /** What the model thought before an answer or a tool call. Only in messages of the assistant. */
    public record Reasoning(String text) implements Part {}

    /**
     * A call that the model wants made. Only in messages of the assistant.
     *
     * @param id identifies the call within the conversation
     * @param name the tool
     * @param arguments a JSON object, as JSON text
     */
    public record ToolCall(String id, String name, String arguments) implements Part {}

    /**
     * What a call gave. Only in messages of {@code tool}.
     *
     * @param toolCallId {@link ToolCall#id} of the call
     * @param name the tool; empty takes it from the call
     * @param content the result, as text; often JSON
     * @param isError whether the call failed
     */
    public record ToolResult(String toolCallId, String name, String content, boolean isError) implements Part {}
}
