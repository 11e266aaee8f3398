package io.aded.engine;

import io.aded.model.ChatMessage;
import io.aded.model.TemplateVariables;
import java.util.List;

/** What a turn starts from. On a session with history every kind continues it. */
public sealed interface Prompt {

    /**
     * Messages for the chat template.
     *
     * @param messages at least one; the new ones only, the session remembers the earlier ones
     * @param variables what the template is given beside all of them
     */
    record Messages(List<ChatMessage> messages, TemplateVariables variables) implements Prompt {
        public Messages {
            messages = List.copyOf(messages);
        }

        /** With no variables. */
        public Messages(List<ChatMessage> messages) {
            this(messages, TemplateVariables.NONE);
        }
    }

    /** Raw text, without a template. Control tokens in it stay text. */
    record Text(String text) implements Prompt {}

    /** Token ids, taken as they are. */
    record Tokens(int[] tokens) implements Prompt {}
}
