package io.aded.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One message of a conversation.
 *
 * @param role {@code system}, {@code user}, {@code assistant}, {@code tool} or what else the model's template knows
 * @param content the text
 * @param reasoning what the model thought before it; empty but in messages of the assistant
 * @param calls what the model wanted called; empty but in messages of the assistant
 * @param answers the call whose result the content is; null but in messages of a tool
 */
public record ChatMessage(
        String role,
        String content,
        String reasoning,
        List<ToolCall> calls,
        @Nullable Answered answers) {

    /** Defensive copy of the list. */
    public ChatMessage {
        calls = List.copyOf(calls);
    }

    /** Mere text. */
    public ChatMessage(String role, String content) {
        this(role, content, "", List.of(), null);
    }

    /**
     * A call that the model made.
     *
     * @param id identifies it within the conversation; may be empty
     * @param name of the tool
     * @param arguments a JSON object, as JSON text
     */
    public record ToolCall(String id, String name, String arguments) {}

    /**
     * Whose result a message of a tool is.
     *
     * @param id of the call; may be empty
     * @param name of the tool; may be empty
     * @param failed whether the call failed
     */
    public record Answered(String id, String name, boolean failed) {}

    /** The characters that it holds, all together. */
    public long characters() {
        long count = (long) content.length() + reasoning.length();
        for (ToolCall call : calls) {
            count += (long) call.id().length()
                    + call.name().length()
                    + call.arguments().length();
        }
        return answers == null
                ? count
                : count + answers.id().length() + answers.name().length();
    }
}
