package io.aded.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Turns the messages of a conversation into the prompt that the model was trained on. Thread-safe. */
public interface ChatTemplate {

    /**
     * Renders a conversation.
     *
     * @param messages in order, at least one
     * @param addGenerationPrompt whether to end where the assistant is to speak: with the opening of its next message,
     *     or, if the last message is the assistant's own, in the middle of that message, so that the answer continues
     *     it
     * @throws AdedException.InvalidRequest if the template refuses the messages
     */
    RenderedChat render(List<ChatMessage> messages, boolean addGenerationPrompt);

    /**
     * Renders a conversation as above.
     *
     * @param variables what the caller gives the template beside it; a template that reads none of it ignores it
     */
    default RenderedChat render(List<ChatMessage> messages, TemplateVariables variables, boolean addGenerationPrompt) {
        return render(messages, addGenerationPrompt);
    }

    /**
     * Renders a conversation in which the model may call tools.
     *
     * @param tools what it may call; a template that knows of none leaves them out
     */
    default RenderedChat render(
            List<ChatMessage> messages,
            List<ToolDefinition> tools,
            TemplateVariables variables,
            boolean addGenerationPrompt) {
        return render(messages, variables, addGenerationPrompt);
    }

    /** Where the template came from: the model's own, a known name, or the built-in default, and why. */
    String description();

    /** What is wrong with the model's own template, if another one had to stand in; else null. */
    default @Nullable String problem() {
        return null;
    }
}
