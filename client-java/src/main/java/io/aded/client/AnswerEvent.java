package io.aded.client;

import java.time.Duration;
import java.util.List;

/**
 * What happens while an answer grows: any number of deltas (and of rounds, if asked for), then one {@link Finished}.
 */
public sealed interface AnswerEvent {

    /**
     * The answer grows. The concatenation of all texts is the whole answer; a text is valid UTF-8 and may be empty
     * while a character or a possible stop string is held back.
     *
     * @param text what to append
     * @param tokens the ids emitted, in order
     * @param logProbabilities one entry per token if asked for, else empty
     */
    record Delta(String text, List<Integer> tokens, List<TokenLogProbability> logProbabilities) implements AnswerEvent {
        public Delta {
            tokens = List.copyOf(tokens);
            logProbabilities = List.copyOf(logProbabilities);
        }
    }

    /**
     * The reasoning before the answer grows. The concatenation of all texts is the whole reasoning.
     *
     * @param text what to append
     * @param tokens the ids emitted, in order
     * @param logProbabilities one entry per token if asked for, else empty
     */
    record ReasoningDelta(String text, List<Integer> tokens, List<TokenLogProbability> logProbabilities)
            implements AnswerEvent {
        public ReasoningDelta {
            tokens = List.copyOf(tokens);
            logProbabilities = List.copyOf(logProbabilities);
        }
    }

    /**
     * A tool call grows. The concatenation of all arguments of one index is the call's arguments.
     *
     * @param index which call of the answer, from 0
     * @param id of the call; empty but in its first delta
     * @param name of the tool; empty but in the call's first delta
     * @param arguments what to append, as JSON text
     * @param tokens the ids emitted, in order
     * @param logProbabilities one entry per token if asked for, else empty
     */
    record ToolCallDelta(
            int index,
            String id,
            String name,
            String arguments,
            List<Integer> tokens,
            List<TokenLogProbability> logProbabilities)
            implements AnswerEvent {
        public ToolCallDelta {
            tokens = List.copyOf(tokens);
            logProbabilities = List.copyOf(logProbabilities);
        }
    }

    /**
     * A draft-and-verify round is over. Sent only if {@link AnswerOptions#reportRounds} is set, after the round's
     * delta.
     *
     * @param index from 0 within the answer
     * @param drafter the drafter's name; {@code none} if the round had no draft
     * @param nodes the tree that was verified, root first, parents before children; the root was emitted before
     * @param emittedTokens the accepted tokens in order, then the bonus token that the model itself chose
     * @param proposedNodes draft tokens on offer before the budget cut them
     * @param batchTokens tokens in the forward pass, all streams together
     * @param batchStreams streams in the forward pass
     * @param draftTime time that drafting took
     * @param verifyTime time that the forward pass took
     * @param arm which of several ways to draft it took, where the drafter has a choice; as {@link DraftArm#arm}, empty
     *     where there is none
     * @param armReason why that one, such as {@code best}, {@code probe} or {@code price}; empty where {@code arm} is
     */
    record Round(
            int index,
            String drafter,
            List<DraftNode> nodes,
            List<Integer> emittedTokens,
            int proposedNodes,
            int batchTokens,
            int batchStreams,
            Duration draftTime,
            Duration verifyTime,
            String arm,
            String armReason)
            implements AnswerEvent {
        public Round {
            nodes = List.copyOf(nodes);
            emittedTokens = List.copyOf(emittedTokens);
        }
    }

    /**
     * The answer is complete.
     *
     * @param reason why it ended
     * @param usage what it cost
     * @param seed of the random stream that was used, an unsigned number in an int; the same request with it gives the
     *     same answer
     * @param speculation how drafting fared
     */
    record Finished(FinishReason reason, Usage usage, int seed, Speculation speculation) implements AnswerEvent {}

    /**
     * What the model thought of an emitted token, before any sampling filter.
     *
     * @param token the id
     * @param text its text; bytes that are no whole characters are U+FFFD
     * @param logProbability natural logarithm, at most 0
     * @param alternatives the best tokens in its place, best first
     */
    record TokenLogProbability(int token, String text, float logProbability, List<Alternative> alternatives) {
        public TokenLogProbability {
            alternatives = List.copyOf(alternatives);
        }
    }

    /** A token that could have been, its text, and its natural log-probability. */
    record Alternative(int token, String text, float logProbability) {}

    /**
     * One token of a draft tree.
     *
     * @param token the id
     * @param text its text
     * @param parent index of the parent in {@link Round#nodes}; -1 for the root
     * @param probability the drafter's estimate that it is reached and accepted, 0 to 1
     * @param accepted whether the model agreed; false for the root
     * @param source what guessed it: {@code table}, {@code model}, {@code both}, {@code grammar}, or the drafter's
     *     name; empty for the root, and if it is not told
     */
    record DraftNode(int token, String text, int parent, float probability, boolean accepted, String source) {}
}
