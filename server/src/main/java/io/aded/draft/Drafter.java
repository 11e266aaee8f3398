package io.aded.draft;

import io.aded.model.TokenTree;
import io.aded.model.TopTokens;

/**
 * One stream's adaptive draft state. Not thread-safe; nothing here may allocate once the state has grown to its bound.
 *
 * <p>The engine calls, for a stream, {@link #learnPrompt} whenever prompt tokens arrive, and then per round, in this
 * order:
 *
 * <ol>
 *   <li>{@link #draft}; it is left out when the round is decoded without a draft;
 *   <li>after the forward pass, {@link #observe} for every node that was in it, the root first, accepted or rejected;
 *   <li>{@link #accept} with the outcome.
 * </ol>
 */
public interface Drafter {

    /** The name that requests, traces and benchmarks use, such as {@code aded} or {@code aded-mcts}. */
    String name();

    /**
     * Prompt tokens that follow all tokens seen so far.
     *
     * @param tokens ids
     * @param from first index, inclusive
     * @param to last index, exclusive
     */
    void learnPrompt(int[] tokens, int from, int to);

    /**
     * Fills the tree with guesses at what follows all tokens seen so far, the most promising nodes first.
     *
     * @param tree already {@linkplain TokenTree#reset reset} to the last token seen
     * @param limits bounds that the tree must keep
     */
    void draft(TokenTree tree, DraftLimits limits);

    /**
     * The target's own view of what follows a node of the tree that was just verified.
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

    /** The memory that the learned state takes, in bytes. */
    long stateBytes();
}
