package io.aded.engine;

import io.aded.model.ChatMessage;
import java.util.List;

/** What a turn starts from. On a session with history every kind continues it. */
public sealed interface Prompt {

    /** Messages for the chat template, at least one; the new ones only, the session remembers the earlier ones. */
    record Messages(List<ChatMessage> messages) implements Prompt {
        public Messages {
            messages = List.copyOf(messages);
        }
    }

    /** Raw text, without a template. Control tokens in it stay text. */
    record Text(String text) implements Prompt {}

    /** Token ids, taken as they are. */
    record Tokens(int[] tokens) implements Prompt {}
}
