package io.aded.draft;

import io.aded.model.TokenTree;
import org.jspecify.annotations.Nullable;

/**
 * What one stream asks of its proposer in a pass, and what it gets. Made by the engine, one a stream, and reused from
 * pass to pass.
 */
public final class DraftRequest {
    private static final DraftLimits NOTHING = new DraftLimits(0, 0, 0);

    private final DraftState state;
    private final TokenTree tree;
    private DraftLimits limits = NOTHING;
    private int sequence = -1;
    private double tokenNanos;
    private VerificationPrice price = VerificationPrice.UNKNOWN;
    private int committed;
    private long startNanos;
    private long endNanos;
    private long nanos;
    private long boughtNanos;
    private long readingNanos;
    private @Nullable Throwable failure;

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
     * Says what is asked for in the next pass. The tree must have been {@linkplain TokenTree#reset reset} to the last
     * token of the stream.
     *
     * @param newLimits bounds that the tree must keep; with no nodes or no depth nothing is drafted
     * @param newSequence the stream's sequence id in the target's context, or -1 if it has none
     * @param newTokenNanos what one more emitted token of this stream is worth now, in nanoseconds: a level of drafts
     *     that costs more than it is likely to bring should not be made. 0 if that is unknown, or if the caller wants
     *     as many as the limits allow
     * @return this request
     */
    public DraftRequest ask(DraftLimits newLimits, int newSequence, double newTokenNanos) {
        limits = newLimits;
        sequence = newSequence;
        tokenNanos = newTokenNanos;
        price = VerificationPrice.UNKNOWN;
        nanos = 0;
        boughtNanos = 0;
        readingNanos = 0;
        failure = null;
        startNanos = 0;
        endNanos = 0;
        return this;
    }

    /** Says what it will cost to verify the draft; to be called after {@link #ask}, until which it is not known. */
    public DraftRequest pricedBy(VerificationPrice newPrice) {
        price = newPrice;
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

    /** What it will cost to verify the draft. */
    public VerificationPrice price() {
        return price;
    }

    /**
     * Tokens of the stream that the target's cache holds, in positions from 0; said before {@link Proposer#propose},
     * and again before {@link Proposer#settle}.
     */
    public void kept(int cachedTokens) {
        committed = cachedTokens;
    }

    /** See {@link #kept}. */
    public int committed() {
        return committed;
    }

    /**
     * The proposer drafted for this stream, alone or among others, from {@code start} to {@code end} by the engine's
     * clock, and {@code chargedNanos} of that is what this stream has to pay for.
     */
    public void drafted(long start, long end, long chargedNanos) {
        startNanos = start;
        endNanos = end;
        nanos += chargedNanos;
    }

    /** Drafting for this stream failed, and for no other: its turn ends with this. */
    public void failed(Throwable cause) {
        failure = cause;
    }

    /** Why drafting for this stream failed in this pass, or null. */
    public @Nullable Throwable failure() {
        return failure;
    }

    /** More time went into this stream, for instance to keep a cache of the drafter's up to date. */
    public void charge(long chargedNanos) {
        nanos += chargedNanos;
    }

    /**
     * The proposer bought better drafts for this stream, such as forward passes of a draft model, where it might have
     * done without: it answers itself for whether they pay. (What has to be paid for every draft is {@link #charge
     * charged}, and the engine asks no more where that does not pay.)
     *
     * @param paidNanos what it took, in nanoseconds
     * @param ofThatReading what of it is of use for all rounds to come: it went for the stream's text, which is read
     *     once, or for getting to know the draft model
     */
    public void bought(long paidNanos, long ofThatReading) {
        boughtNanos += paidNanos;
        readingNanos += ofThatReading;
    }

    /** What of that {@linkplain #bought was for reading}, in nanoseconds. */
    public long readingNanos() {
        return readingNanos;
    }

    /** What the proposer {@linkplain #bought bought} for this stream in this pass, in nanoseconds. */
    public long boughtNanos() {
        return boughtNanos;
    }

    /** When drafting began; 0 if nothing was drafted in this pass. */
    public long startNanos() {
        return startNanos;
    }

    /** When it ended; 0 if nothing was drafted in this pass. */
    public long endNanos() {
        return endNanos;
    }

    /** What this stream has to pay for its draft, in nanoseconds. */
    public long nanos() {
        return nanos;
    }
}
