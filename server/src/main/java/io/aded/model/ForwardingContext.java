package io.aded.model;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A context that does what another one does, but for what a subclass does otherwise. The cells and the rows are those
 * of the other one: who {@linkplain #copierFrom takes cells over} or draws from a row does so from there.
 */
public abstract class ForwardingContext implements TargetContext {
    private final TargetContext context;

    /** Forwards to {@code context}. */
    protected ForwardingContext(TargetContext context) {
        this.context = context;
    }

    /** The context whose cells and rows these are: where forwarding ends; the same one if it forwards to none. */
    public static TargetContext original(TargetContext context) {
        TargetContext original = context;
        while (original instanceof ForwardingContext other) {
            original = other.context;
        }
        return original;
    }

    @Override
    public int cells() {
        return context.cells();
    }

    @Override
    public int maxBatchTokens() {
        return context.maxBatchTokens();
    }

    @Override
    public int maxSequences() {
        return context.maxSequences();
    }

    @Override
    public boolean supportsBranches() {
        return context.supportsBranches();
    }

    @Override
    public DecodeOutcome decode(TokenBatch batch) {
        return context.decode(batch);
    }

    @Override
    public void topTokens(int row, TopTokens out) {
        context.topTokens(row, out);
    }

    @Override
    public int bestToken(int row) {
        return context.bestToken(row);
    }

    @Override
    public float logit(int row, int token) {
        return context.logit(row, token);
    }

    @Override
    public void copyLogits(int row, float[] destination) {
        context.copyLogits(row, destination);
    }

    @Override
    public void removeTokens(int sequence, int from, int to) {
        context.removeTokens(sequence, from, to);
    }

    @Override
    public void shareTokens(int source, int destination, int from, int to) {
        context.shareTokens(source, destination, from, to);
    }

    @Override
    public void clear() {
        context.clear();
    }

    @Override
    public long savedSize(int sequence) {
        return context.savedSize(sequence);
    }

    @Override
    public void saveSequence(int sequence, ByteBuffer destination) {
        context.saveSequence(sequence, destination);
    }

    @Override
    public boolean restoreSequence(int sequence, ByteBuffer source) {
        return context.restoreSequence(sequence, source);
    }

    @Override
    public @Nullable CellCopier copierFrom(TargetContext source) {
        return context.copierFrom(original(source));
    }

    @Override
    public void requestAbort() {
        context.requestAbort();
    }

    @Override
    public void close() {
        context.close();
    }
}
