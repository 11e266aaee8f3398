package io.aded.draft;

import io.aded.model.TokenTree;

/**
 * What one stream asks of its proposer in a pass, and what it gets. Made by the engine, one a stream, and reused from pass
 * to pass.
 */
public final class DraftRequest {
    private static final DraftLimits NOTHING = new DraftLimits(0, 0, 0);

    private final DraftState state;
    private final TokenTree tree;
    private DraftLimits limits = NOTHING;
    private int sequence = -1;
    private double tokenNanos;
    private long nanos;

    /**
     * A request that asks for nothing yet.
     *
     * @param state as the proposer {@linkplain Proposer#open opened} it
     * @param tree where its drafts go
     */
    public DraftRequest(DraftState state, TokenTree tree) {
        this.state = state;
        this.tree = tree;
    }

    /**
     * Says what is asked for in the next pass. The tree must have been {@linkplain TokenTree#reset reset} to the last token
     * of the stream.
     *
     * @param newLimits bounds that the tree must keep; with no nodes or no depth nothing is drafted
     * @param newSequence the stream's sequence id in the target's context, or -1 if it has none
     * @param newTokenNanos what one more emitted token of this stream is worth now, in nanoseconds: a level of drafts that
     *     costs more than it is likely to bring should not be made. 0 if that is unknown, or if the caller wants as many as
     *     the limits allow
     * @return this request
     */
    public DraftRequest ask(DraftLimits newLimits, int newSequence, double newTokenNanos) {
        limits = newLimits;
        sequence = newSequence;
        tokenNanos = newTokenNanos;
        nanos = 0;
        return this;
    }

    /** Whose request it is. */
    public DraftState state() {
        return state;
    }

    /** Where the draft goes; its root is the stream's last token. */
    public TokenTree tree() {
        return tree;
    }

    /** Bounds that the tree must keep. */
    public DraftLimits limits() {
        return limits;
    }

    /** Whether any node may be drafted. */
    public boolean wantsDraft() {
        return limits.maxNodes() > 0 && limits.maxDepth() > 0 && limits.maxBranches() > 0;
    }

    /** The stream's sequence id in the target's context, or -1. */
    public int sequence() {
        return sequence;
    }

    /** What one more emitted token is worth, in nanoseconds; 0: unknown, or whatever it costs. */
    public double tokenNanos() {
        return tokenNanos;
    }

    /** The proposer spent time on this stream, which adds up over the pass. Time spent on several together is divided. */
    public void took(long spentNanos) {
        nanos += spentNanos;
    }

    /** The time that went into this stream's draft, in nanoseconds. */
    public long nanos() {
        return nanos;
    }
}
