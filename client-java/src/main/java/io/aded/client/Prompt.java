package io.aded.client;

import java.util.List;

/** What an answer starts from. In a conversation every kind continues what was said before. */
public sealed interface Prompt {

    /** One message of the user, put through the model's chat template. */
    static Prompt user(String content) {
        return new Messages(List.of(Message.user(content)));
    }

    /** Several messages, put through the model's chat template. */
    static Prompt messages(Message... messages) {
        return new Messages(List.of(messages));
    }

    /** Raw text to continue, without a template. */
    static Prompt text(String text) {
        return new Text(text);
    }

    /** Token ids to continue, as they are. */
    static Prompt tokens(List<Integer> tokens) {
        return new Tokens(tokens);
    }

    /** Messages for the chat template, at least one. In a conversation only the new ones: it remembers the others. */
    record Messages(List<Message> messages) implements Prompt {
        public Messages {
            messages = List.copyOf(messages);
        }
    }

    /** Raw text, not empty, without a template. */
    record Text(String text) implements Prompt {}

    /** Token ids of the model's vocabulary, at least one. */
    record Tokens(List<Integer> tokens) implements Prompt {
        public Tokens {
            tokens = List.copyOf(tokens);
        }
    }
}
