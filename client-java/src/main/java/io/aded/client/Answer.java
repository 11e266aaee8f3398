package io.aded.client;

import java.util.List;

/**
 * A whole answer.
 *
 * @param text the text
 * @param tokens the ids of its tokens
 * @param logProbabilities one entry per token if asked for, else empty
 * @param finished why it ended and what it cost
 */
public record Answer(
        String text,
        List<Integer> tokens,
        List<AnswerEvent.TokenLogProbability> logProbabilities,
        AnswerEvent.Finished finished) {

    /** Defensive copies of the lists. */
    public Answer {
        tokens = List.copyOf(tokens);
        logProbabilities = List.copyOf(logProbabilities);
    }

    /** Why it ended. */
    public FinishReason reason() {
        return finished.reason();
    }

    /** What it cost. */
    public Usage usage() {
        return finished.usage();
    }
}
