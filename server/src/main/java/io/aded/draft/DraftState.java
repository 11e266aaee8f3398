package io.aded.draft;

import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import org.jspecify.annotations.Nullable;

/**
 * What a drafter knows of one stream. Opened by a {@link Proposer}, used by one thread at a time: by the engine's, or,
 * where a proposer is {@linkplain StreamwiseProposer streamwise}, by its helpers.
 *
 * <p>The engine calls {@link #learnPrompt} whenever prompt tokens arrive, and after every forward pass that verified
 * the stream, drafted for or not:
 *
 * <ol>
 *   <li>{@link #observe} for the nodes that were in the pass, the root first;
 *   <li>{@link #accept} with the outcome, and {@link #share}.
 * </ol>
 *
 * Nothing here may allocate once the state has grown to its bound.
 */
public interface DraftState extends AutoCloseable {

    /** Who drafts, by the name that traces and benchmarks use, such as {@code aded} or {@code aded-mcts}. */
    String name();

    /**
     * Who proposed a node of a draft, by its {@linkplain TokenTree#tag tag}: one of {@link NodeSource}, or the
     * {@link #name}, which is the default.
     */
    default String source(int tag) {
        return name();
    }

    /**
     * Which of several ways to draft the last round took, and why; null, the default, where there is no choice, or for
     * a round that was not drafted for. Holds until the next is drafted. May allocate: it is asked for reports only.
     */
    default @Nullable ArmPlay play() {
        return null;
    }

    /**
     * Prompt tokens that follow all tokens seen so far.
     *
     * @param tokens ids
     * @param from first index, inclusive
     * @param to last index, exclusive
     */
    void learnPrompt(int[] tokens, int from, int to);

    /**
     * The stream's history was rewritten: of the tokens seen so far only the first {@code length} stand, and what comes
     * next follows them. A state that holds a KV cache rolls it back; one that learns may keep what it learned, which
     * is the default.
     *
     * @param length tokens that stand, 0 or more
     */
    default void rewind(int length) {}

    /**
     * The target's own view of what follows a node of the tree that was just verified. Not of every node: where reading
     * a row costs something, those that were rejected are left out, and those of which the likeliest guess was as good
     * as certain and came true.
     *
     * @param tree what was in the pass (the draft, perhaps cut to a prefix)
     * @param node an index into it; 0 is the root, whose distribution is the next token's
     * @param target the best tokens there with their probabilities
     */
    void observe(TokenTree tree, int node, TopTokens target);

    /**
     * The outcome of a round: the path from the root to {@code lastAccepted} was emitted, then {@code bonusToken}.
     *
     * @param tree what was in the pass
     * @param lastAccepted the deepest accepted node; 0 if no draft token was accepted
     * @param bonusToken the token that the target chose after it, not in the tree
     */
    void accept(TokenTree tree, int lastAccepted, int bonusToken);

    /**
     * Adds what was learned from the last outcome to what streams learn together; until then {@link #accept} keeps it
     * to itself. Called once after each {@code accept}, stream by stream in the order of the pass: so what streams
     * learn together does not depend on how many threads are at work. Nothing by default.
     */
    default void share() {}

    /** The memory that the learned state takes, in bytes. */
    long stateBytes();

    /** Gives back what the state holds outside the heap, once; nothing by default. */
    @Override
    default void close() {}
}
