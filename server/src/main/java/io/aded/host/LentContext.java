package io.aded.host;

import io.aded.model.CellCopier;
import io.aded.model.DecodeOutcome;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import io.aded.model.TopTokens;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A context that its borrower closes and its owner keeps: to be closed means to be emptied, so that it can be lent
 * again at no cost. Memory for a cache that was found at the start cannot be missing later.
 */
final class LentContext implements TargetContext {
    private final TargetContext owned;
    private boolean lent;

    LentContext(TargetContext owned) {
        this.owned = owned;
    }

    /** Lends it out. Used, as all but {@link #free}, by the engine's thread. */
    LentContext lend() {
        if (lent) {
            throw new IllegalStateException("the draft model's context is in use");
        }
        lent = true;
        return this;
    }

    /** Frees the cache, once nobody has it any more. */
    void free() {
        owned.close();
    }

    @Override
    public int cells() {
        return owned.cells();
    }

    @Override
    public int maxBatchTokens() {
        return owned.maxBatchTokens();
    }

    @Override
    public int maxSequences() {
        return owned.maxSequences();
    }

    @Override
    public boolean supportsBranches() {
        return owned.supportsBranches();
    }

    @Override
    public DecodeOutcome decode(TokenBatch batch) {
        return owned.decode(batch);
    }

    @Override
    public void topTokens(int row, TopTokens out) {
        owned.topTokens(row, out);
    }

    @Override
    public int bestToken(int row) {
        return owned.bestToken(row);
    }

    @Override
    public float logit(int row, int token) {
        return owned.logit(row, token);
    }

    @Override
    public void copyLogits(int row, float[] destination) {
        owned.copyLogits(row, destination);
    }

    @Override
    public void removeTokens(int sequence, int from, int to) {
        owned.removeTokens(sequence, from, to);
    }

    @Override
    public void shareTokens(int source, int destination, int from, int to) {
        owned.shareTokens(source, destination, from, to);
    }

    @Override
    public void clear() {
        owned.clear();
    }

    @Override
    public long savedSize(int sequence) {
        return owned.savedSize(sequence);
    }

    @Override
    public void saveSequence(int sequence, ByteBuffer destination) {
        owned.saveSequence(sequence, destination);
    }

    @Override
    public boolean restoreSequence(int sequence, ByteBuffer source) {
        return owned.restoreSequence(sequence, source);
    }

    @Override
    public @Nullable CellCopier copierFrom(TargetContext source) {
        return owned.copierFrom(source);
    }

    @Override
    public void requestAbort() {
        owned.requestAbort();
    }

    @Override
    public void close() {
        if (lent) {
            lent = false;
            owned.clear();
        }
    }
}
