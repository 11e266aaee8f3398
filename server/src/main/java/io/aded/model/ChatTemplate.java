package io.aded.model;

import java.util.List;

/** Turns the messages of a conversation into the prompt that the model was trained on. Thread-safe. */
public interface ChatTemplate {

    /**
     * Renders a conversation.
     *
     * @param messages in order, at least one
     * @param addGenerationPrompt whether to end with the opening of the assistant's next message
     * @throws AdedException.InvalidRequest if the template refuses the messages
     */
    String render(List<ChatMessage> messages, boolean addGenerationPrompt);

    /** Where the template came from: the model's own, a known name, or the built-in default. */
    String description();
}
