package io.aded.template;

import io.aded.model.ChatMessage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Lays out the templates that a library recognises without interpreting them. Thread-safe. */
@FunctionalInterface
public interface LibraryTemplates {

    /**
     * Lays out a conversation.
     *
     * @param template its source, or a name that the library has for it, such as {@code chatml}
     * @param messages at least one
     * @param addGenerationPrompt whether the answer's beginning follows
     * @return the text, or null if the library does not recognise the template or cannot lay the messages out by it
     */
    @Nullable
    String apply(String template, List<ChatMessage> messages, boolean addGenerationPrompt);
}
