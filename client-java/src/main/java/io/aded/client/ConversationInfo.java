package io.aded.client;

import java.time.Duration;
import java.util.List;

/**
 * What a conversation was opened with.
 *
 * @param id its name: the caller's, or one that the server made up
 * @param resumed whether it goes on with one that was kept
 * @param historyTokens tokens of history that it starts with
 * @param retention how long it will be kept after the stream ends; zero if it will not be
 * @param model the model that answers
 * @param contextTokens tokens that it can hold, prompts and answers together
 * @param defaults how its turns are answered where they do not say otherwise
 * @param library what runs the model
 * @param devices where it runs
 */
public record ConversationInfo(
        String id,
        boolean resumed,
        int historyTokens,
        Duration retention,
        String model,
        int contextTokens,
        AnswerOptions defaults,
        String library,
        List<String> devices) {

    /** Defensive copy of the list. */
    public ConversationInfo {
        devices = List.copyOf(devices);
    }
}
