package io.aded.engine;

import io.aded.dialect.AnswerForm;
import io.aded.model.ChatMessage;
import io.aded.model.TemplateVariables;
import io.aded.model.ToolDefinition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a turn starts from. On a session with history every kind continues it. */
public sealed interface Prompt {

    /**
     * Messages for the chat template.
     *
     * @param messages at least one; the new ones only, the session remembers the earlier ones
     * @param tools that the model may call
     * @param variables what the template is given beside all of them
     * @param form what the answer consists of; null for mere text, marks and all
     */
    record Messages(
            List<ChatMessage> messages,
            List<ToolDefinition> tools,
            TemplateVariables variables,
            @Nullable AnswerForm form)
            implements Prompt {
        public Messages {
            messages = List.copyOf(messages);
            tools = List.copyOf(tools);
        }

        /** Answered by mere text. */
        public Messages(List<ChatMessage> messages, TemplateVariables variables) {
            this(messages, List.of(), variables, null);
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
