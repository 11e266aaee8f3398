package io.aded.engine;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a round adds to the answer.
 *
 * <p>Text and tokens are released together when text is whole, but need not match one to one: a character that is split
 * over tokens, or text that may turn out to be the beginning of a stop string, is held back while its tokens are
 * already reported.
 *
 * @param text valid UTF-8, possibly empty
 * @param tokens the ids emitted in this round, in order
 * @param logProbabilities one entry a token if asked for, else null
 */
public record Delta(String text, int[] tokens, @Nullable List<TokenLogProbability> logProbabilities) {

    /**
     * The model's probability of an emitted token, before sampling filters, and of its best alternatives.
     *
     * @param token the emitted id
     * @param logProbability natural logarithm, at most 0
     * @param alternatives the best tokens there, best first
     */
    public record TokenLogProbability(int token, float logProbability, List<Alternative> alternatives) {}

    /** A token that could have been, and its natural log-probability. */
    public record Alternative(int token, float logProbability) {}
}
