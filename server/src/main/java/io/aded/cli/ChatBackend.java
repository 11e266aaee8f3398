package io.aded.cli;

import io.aded.engine.TurnResult;
import io.aded.model.ChatMessage;
import java.util.List;

/** What answers a chat: an engine in this process, or a server. Used by one thread, but for {@link #cancel}. */
interface ChatBackend extends AutoCloseable {

    /**
     * What to answer.
     *
     * @param text raw text to continue, if there are no messages
     * @param messages for the chat template, or empty
     * @param maxTokens the most tokens of the answer; 0 for as many as there is room for
     * @param stop the answer ends before the first of these
     * @param ignoreEnd whether to go on past the model's end
     * @param watchRounds whether the listener hears of rounds
     */
    record Ask(
            String text,
            List<ChatMessage> messages,
            int maxTokens,
            List<String> stop,
            boolean ignoreEnd,
            boolean watchRounds) {}

    /** Hears an answer arrive, on the thread that asked. */
    interface Listener {
        void onText(String text);

        /**
         * A round is over; called after its text.
         *
         * @param drafted the text of the tokens that the draft got right
         * @param accepted how many they were
         * @param draftNodes how many were guessed
         * @param emitted tokens that the round gave
         */
        default void onRound(String drafted, int accepted, int draftNodes, int emitted) {}
    }

    /** An answer that is over. */
    record Answer(String text, int[] tokens, TurnResult result) {}

    /** Asks, and returns when the answer is over. */
    Answer ask(Ask ask, Listener listener);

    /** Ends the answer that is being written, within a round. */
    void cancel();

    /** Forgets what was said. */
    void reset();

    /** Who that is: the model and what runs it. */
    String description();

    @Override
    void close();
}
