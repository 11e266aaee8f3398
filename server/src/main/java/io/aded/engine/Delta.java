package io.aded.engine;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a round, or several, add to a part of the answer.
 *
 * <p>Text and tokens are released together when text is whole, but need not match one to one: a character that is split
 * over tokens, or text that may turn out to be the beginning of a stop string, is held back while its tokens are
 * already reported.
 *
 * @param text valid UTF-8, possibly empty
 * @param tokens the ids emitted, in order
 * @param logProbabilities one entry a token if asked for, else null
 * @param part what it adds to
 */
public record Delta(String text, int[] tokens, @Nullable List<TokenLogProbability> logProbabilities, Part part) {

    /** Adds to the answer's text. */
    public Delta(String text, int[] tokens, @Nullable List<TokenLogProbability> logProbabilities) {
        this(text, tokens, logProbabilities, Part.TEXT);
    }

    /**
     * One delta for several of a turn, in order, each of which {@linkplain Part#goesOnWith goes on} with the next.
     *
     * @param deltas at least one
     */
    public static Delta joined(List<Delta> deltas) {
        Delta first = deltas.getFirst();
        int count = 0;
        for (Delta delta : deltas) {
            count += delta.tokens.length;
        }
        StringBuilder text = new StringBuilder();
        int[] tokens = new int[count];
        @Nullable List<TokenLogProbability> probabilities = first.logProbabilities == null ? null : new ArrayList<>();
        int at = 0;
        for (Delta delta : deltas) {
            text.append(delta.text);
            System.arraycopy(delta.tokens, 0, tokens, at, delta.tokens.length);
            at += delta.tokens.length;
            if (probabilities != null && delta.logProbabilities != null) {
                probabilities.addAll(delta.logProbabilities);
            }
        }
        return new Delta(text.toString(), tokens, probabilities, first.part);
    }

    /** A part of an answer. */
    public sealed interface Part {
        /** The text. */
        Part TEXT = new Words(false);

        /** The reasoning before it. */
        Part REASONING = new Words(true);

        /** See the constants. */
        record Words(boolean reasoning) implements Part {}

        /**
         * A tool call, whose arguments the text is.
         *
         * @param index which of the answer, from 0
         * @param id its id; empty but in the first delta of the call
         * @param name the tool's name; empty but in the first delta of the call
         */
        record Call(int index, String id, String name) implements Part {}

        /** Whether what comes next may be joined with what came before. */
        default boolean goesOnWith(Part next) {
            return equals(next)
                    || this instanceof Call before
                            && next instanceof Call more
                            && before.index() == more.index()
                            && more.name().isEmpty();
        }
    }

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
