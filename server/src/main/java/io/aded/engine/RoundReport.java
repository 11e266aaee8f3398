package io.aded.engine;

import io.aded.draft.ArmPlay;
import org.jspecify.annotations.Nullable;

/**
 * One draft/verify round of a stream, for those who want to watch.
 *
 * @param index from 0 in the turn
 * @param source the name of the mode's drafter; {@code none} if the round was decoded without a draft
 * @param forced whether the draft is text about which the grammar leaves no choice, in the place of the drafter's
 * @param tokens the tree that was verified, root first; parents precede children
 * @param parents the index of each node's parent, -1 for the root
 * @param probabilities the drafter's estimate that each node is accepted
 * @param acceptedPath indices of the accepted draft nodes, in order; empty if none was
 * @param emitted the tokens emitted by this round: the accepted ones, then the bonus token
 * @param proposedNodes draft nodes that the drafter had before the budget cut them
 * @param batchTokens tokens in the forward pass, all streams together
 * @param batchStreams streams in the forward pass
 * @param draftNanos time that drafting took
 * @param verifyNanos time that the forward pass took
 * @param sources who guessed each node, by {@link io.aded.draft.NodeSource}; empty for the root
 * @param play which of several ways to draft the drafter took, and why; null where it has no choice, or the grammar
 *     guessed
 */
public record RoundReport(
        int index,
        String source,
        boolean forced,
        int[] tokens,
        int[] parents,
        float[] probabilities,
        int[] acceptedPath,
        int[] emitted,
        int proposedNodes,
        int batchTokens,
        int batchStreams,
        long draftNanos,
        long verifyNanos,
        String[] sources,
        @Nullable ArmPlay play) {

    /** Draft nodes verified. */
    public int draftNodes() {
        return tokens.length - 1;
    }
}
