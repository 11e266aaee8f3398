package io.aded.telemetry;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One round of a turn: its draft and its verification, each of which becomes a span. Times are on the telemetry's nano
 * clock.
 *
 * @param index from 0 in the turn
 * @param draft what was guessed
 * @param verify what came of it
 */
public record RoundRecord(int index, Draft draft, Verify verify) {

    /**
     * The draft.
     *
     * @param source the drafter's name, {@code none} without a draft
     * @param nodes nodes verified, without the root
     * @param depth depth of the tree that was verified
     * @param startNanos when drafting began
     * @param endNanos when it ended
     * @param nodeSources who guessed each of the nodes, in their order; empty if that is not told
     * @param arm which of several ways to draft was taken; null if there is no choice, or that is not told
     * @param armReason why that one; null as {@code arm}
     */
    public record Draft(
            String source,
            int nodes,
            int depth,
            long startNanos,
            long endNanos,
            List<String> nodeSources,
            @Nullable String arm,
            @Nullable String armReason) {

        /** A draft of which no more is told. */
        public Draft(String source, int nodes, int depth, long startNanos, long endNanos) {
            this(source, nodes, depth, startNanos, endNanos, List.of(), null, null);
        }
    }

    /**
     * The forward pass and the walk over the tree.
     *
     * @param accepted draft nodes accepted
     * @param batchTokens tokens in the pass, all streams together
     * @param batchStreams streams in the pass
     * @param startNanos when the pass began
     * @param endNanos when the walk over the tree was done
     */
    public record Verify(int accepted, int batchTokens, int batchStreams, long startNanos, long endNanos) {}
}
