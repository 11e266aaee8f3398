package io.aded.serving;

import io.aded.engine.Delta;
import io.aded.engine.RoundReport;
import io.aded.engine.TurnResult;
import java.time.Duration;

/**
 * What a façade tells its caller. A call of one turn sees any number of {@link Emitted} and, if asked for,
 * {@link Round}, each after the {@code Emitted} of its round, and then one {@link Finished}. A stream sees one
 * {@link Opened} before, and the others for each of its turns.
 */
public sealed interface AnswerEvent {

    /** The model that answers; its vocabulary has the texts of tokens. */
    ServedModel model();

    /** Whether this and what comes next are both growth of the same part of an answer, and may be told as one. */
    default boolean goesOnWith(AnswerEvent next) {
        return this instanceof Emitted before
                && next instanceof Emitted more
                && before.turn() == more.turn()
                && before.delta().part().goesOnWith(more.delta().part());
    }

    /**
     * A conversation is open.
     *
     * @param model the model that answers
     * @param conversationId the caller's name for it, or one that was made up
     * @param resumed whether it goes on with one that was kept
     * @param historyTokens tokens that it starts with
     * @param retention how long it will be kept after the stream; zero for not at all
     * @param defaults what its turns take where they do not say
     */
    record Opened(
            ServedModel model,
            String conversationId,
            boolean resumed,
            int historyTokens,
            Duration retention,
            Generation defaults)
            implements AnswerEvent {}

    /**
     * The answer grows.
     *
     * @param model the model that answers
     * @param turn which turn of its stream, from 1
     * @param delta what is new
     */
    record Emitted(ServedModel model, int turn, Delta delta) implements AnswerEvent {}

    /**
     * A draft-and-verify round is over.
     *
     * @param model the model that answers
     * @param turn which turn of its stream, from 1
     * @param report what was guessed, and what became of it
     */
    record Round(ServedModel model, int turn, RoundReport report) implements AnswerEvent {}

    /**
     * The answer is complete.
     *
     * @param model the model that answers
     * @param turn which turn of its stream, from 1
     * @param result how it ended, and what it cost
     */
    record Finished(ServedModel model, int turn, TurnResult result) implements AnswerEvent {}
}
