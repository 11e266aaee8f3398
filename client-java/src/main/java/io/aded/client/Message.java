package io.aded.client;

/**
 * One message of a conversation.
 *
 * @param role {@code system}, {@code user}, {@code assistant} or what else the model's chat template knows
 * @param content the text; control tokens written out in it stay text
 */
public record Message(String role, String content) {

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
}
