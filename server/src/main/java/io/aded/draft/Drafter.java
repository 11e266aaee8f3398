package io.aded.draft;

import io.aded.model.TokenTree;

/**
 * A drafter that needs no other stream to draft: its state and its rule in one. Engines ask it through a {@link
 * LoopProposer}.
 *
 * <p>Not thread-safe; nothing here may allocate once the state has grown to its bound. Drafters of different streams
 * may be used by different threads at once: what they share is changed by {@link #share} alone. Per round
 * {@link #draft} comes first; it is left out when the round is decoded without a draft. Then come {@link #observe},
 * {@link #accept} and {@link #share}.
 */
public interface Drafter extends DraftState {

    /**
     * Fills the tree with guesses at what follows all tokens seen so far, the most promising nodes first.
     *
     * @param tree already {@linkplain TokenTree#reset reset} to the last token seen
     * @param limits bounds that the tree must keep
     */
    void draft(TokenTree tree, DraftLimits limits);
}
