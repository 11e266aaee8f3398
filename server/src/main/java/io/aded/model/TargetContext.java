package io.aded.model;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One KV cache and one forward pass at a time. Owned by a single thread. Others may call {@link #requestAbort}, and,
 * for as long as the owner waits for them, read rows: several at once.
 *
 * <h2>Cells, sequences, trees</h2>
 *
 * A <i>cell</i> of the cache holds one token at one position and the set of <i>sequence ids</i> that it belongs to. In
 * a pass, a token sees the cells that share a sequence id with it at positions up to its own. A draft tree is therefore
 * laid out by giving every branch (leaf) a sequence id, and every node the ids of all leaves below it: a node then sees
 * exactly its ancestors.
 *
 * <h2>Rows</h2>
 *
 * A token of the batch that asked for logits has a <i>row</i>: its index in the batch. Rows are valid until the next
 * {@link #decode}.
 */
public interface TargetContext extends AutoCloseable {

    /** Cells of the KV cache: how many tokens all sequences together may hold. */
    int cells();

    /** The most tokens that one {@link #decode} takes. A draft tree must fit in one. */
    int maxBatchTokens();

    /** Sequence ids run from 0 to this, exclusive. */
    int maxSequences();

    /** False for recurrent and hybrid models: they cannot drop a branch, so every round must be a single token. */
    boolean supportsBranches();

    /**
     * Runs one forward pass over the batch and appends its tokens to the KV cache.
     *
     * @param batch 1 to {@link #maxBatchTokens} tokens; ids inside the vocabulary, sequence ids in range
     * @throws AdedException.Internal if the library reports an error; the cache must be presumed lost
     * @throws IllegalArgumentException if the batch breaks a bound above (checked here because native code would abort)
     */
    DecodeOutcome decode(TokenBatch batch);

    /**
     * Reads one row of logits once: the best tokens, and the log of the sum of exponentials over the whole vocabulary,
     * as exactly as {@code out.mass()} asks for.
     *
     * @param row a batch index that asked for logits in the last {@link #decode}
     * @param out receives up to {@code out.capacity()} tokens, best first, ties by lower id; and whether the row
     *     {@linkplain
     *     TopTokens#isFinite is a distribution}
     */
    void topTokens(int row, TopTokens out);

    /**
     * The token with the largest logit in a row, the lowest id of equals: {@code topTokens}' first, for less.
     *
     * @return -1 if the row {@linkplain TopTokens#isFinite is no distribution}
     */
    int bestToken(int row);

    /** The raw logit of one token in a row. */
    float logit(int row, int token);

    /** Copies a row; {@code destination} has at least vocabulary-size elements. */
    void copyLogits(int row, float[] destination);

    /**
     * Removes the cells of a sequence at positions {@code from} (inclusive) to {@code to} (exclusive, -1 for the end).
     * A cell that other sequences share stays with them.
     */
    void removeTokens(int sequence, int from, int to);

    /**
     * Adds sequence {@code destination} to the cells of {@code source} at positions from (incl.) to to (excl., -1 =
     * end).
     */
    void shareTokens(int source, int destination, int from, int to);

    /** Empties the cache. */
    void clear();

    /** The bytes that {@link #saveSequence} would write. */
    long savedSize(int sequence);

    /** Serialises the KV state of a sequence so that it can be {@linkplain #restoreSequence restored} later. */
    void saveSequence(int sequence, ByteBuffer destination);

    /**
     * Restores a sequence that was saved from a context of the same model and parameters. The id must be empty.
     *
     * @return false if there is no room; nothing changed then
     */
    boolean restoreSequence(int sequence, ByteBuffer source);

    /**
     * What puts cells of another context into this one, whose model is a copy of the other's: with coarser weights,
     * with fewer layers, or both.
     *
     * @return null if that cannot be done; the default
     */
    default @Nullable CellCopier copierFrom(TargetContext source) {
        return null;
    }

    /** Makes a running or the next {@link #decode} return {@link DecodeOutcome#ABORTED} soon. Thread-safe. */
    void requestAbort();

    /** Frees the cache, once. */
    @Override
    void close();
}
