package io.aded.lab.prompts;

import io.aded.model.ChatMessage;
import io.aded.model.TargetModel;
import io.aded.model.Vocabulary;
import java.util.Arrays;
import java.util.List;

/** Turns a conversation into the tokens that the engine would make of it, for those who do without the engine. */
public final class PromptTokens {
    private PromptTokens() {}

    /** A conversation as far as the model is to answer it. */
    public static int[] of(TargetModel model, List<ChatMessage> messages) {
        Vocabulary vocabulary = model.vocabulary();
        int[] tokens =
                vocabulary.tokenize(model.chatTemplate().render(messages, true).text(), true, true);
        int begin = vocabulary.beginningOfSequence();
        // Some templates write the beginning-of-sequence token that the tokeniser adds as well.
        boolean twice = tokens.length > 1 && tokens[0] == begin && tokens[1] == begin;
        return twice ? Arrays.copyOfRange(tokens, 1, tokens.length) : tokens;
    }

    /** The first turn of a scenario. */
    public static int[] ofFirstTurn(TargetModel model, Scenario scenario, boolean raw) {
        String message = scenario.turns().getFirst();
        return raw
                ? model.vocabulary().tokenize(message, true, false)
                : of(model, List.of(new ChatMessage("user", message)));
    }
}
