package io.aded.serving;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A façade as {@link FacadeContract} calls it, free of any protocol. */
public interface FacadeClient {

    /** Starts a stream that is still to be opened; with a deadline, or with none. */
    Stream converse(@Nullable Duration deadline);

    /** Asks for one answer. */
    Stream generate(Ask ask, String model, @Nullable Duration deadline);

    /** Asks for one answer from any model. */
    default Stream generate(Ask ask, @Nullable Duration deadline) {
        return generate(ask, "", deadline);
    }

    /**
     * A turn over raw text.
     *
     * @param maxTokens null to leave it to the conversation
     */
    record Ask(String text, float temperature, @Nullable Integer maxTokens, boolean rounds, int priority) {
        static Ask of(String text, int maxTokens) {
            return new Ask(text, 0f, maxTokens, false, 0);
        }

        static Ask of(String text) {
            return new Ask(text, 0f, null, false, 0);
        }

        Ask withRounds() {
            return new Ask(text, temperature, maxTokens, true, priority);
        }
    }

    /** What a façade tells. */
    sealed interface Event {
        /** Which turn of its stream, from 1; 0 before the first. */
        int turn();

        /** A conversation is open. */
        record Opened(String conversationId, boolean resumed) implements Event {
            @Override
            public int turn() {
                return 0;
            }
        }

        /** The answer grows. */
        record Delta(int turn, String text, int tokens) implements Event {}

        /** A round is over. */
        record Round(int turn, int emitted) implements Event {}

        /** The answer is complete. */
        record Finished(int turn, String reason, int completionTokens) implements Event {}
    }

    /**
     * How a call ended.
     *
     * @param kind {@code OK}, or the kind of failure
     * @param reason its reason; empty if it has none
     * @param fields those that it names
     * @param message what it says to people
     */
    record End(String kind, String reason, List<String> fields, String message) {
        /** A call that ended well. */
        public static final End GOOD = new End("OK", "", List.of(), "");

        boolean isGood() {
            return equals(GOOD);
        }
    }

    /** A call. Waits for what it is asked for, and fails the test if that does not come. */
    interface Stream {
        Stream open(String model, String conversationId, boolean requireResume);

        Stream turn(Ask ask);

        /** Sets the conversation's default of the most tokens. */
        Stream update(int maxTokens);

        Stream cancelTurn();

        Stream halfClose();

        Stream hangUp();

        /** The next event. */
        Event next();

        /** All events up to the end of the running answer. */
        default List<Event> answer() {
            List<Event> answer = new ArrayList<>();
            do {
                answer.add(next());
            } while (!(answer.getLast() instanceof Event.Finished));
            return answer;
        }

        /** All events up to the end of the call. */
        List<Event> rest();

        /** How the call ended. */
        End end();
    }
}
