package io.aded.model;

/**
 * The size and shape of a context.
 *
 * @param cells tokens that the KV cache holds for all sequences together
 * @param maxBatchTokens the widest forward pass
 * @param maxSequences sequence ids to reserve, 1 to 256
 * @param threads compute threads; 0 picks the physical cores
 * @param keyType type of the cached keys
 * @param valueType type of the cached values; quantised ones need flash attention
 * @param flashAttention whether to use the fused attention kernel
 */
public record ContextParameters(
        int cells,
        int maxBatchTokens,
        int maxSequences,
        int threads,
        CacheType keyType,
        CacheType valueType,
        FlashAttention flashAttention) {

    /** Element type of the KV cache. {@code F32} costs twice the memory of {@code F16} and is for exactness tests. */
    public enum CacheType {
        F32,
        F16,
        Q8_0,
        Q4_0;

        /** Whether elements share scales, which only the fused attention kernel can read as values. */
        public boolean isQuantised() {
            return this == Q8_0 || this == Q4_0;
        }
    }

    /** Whether to use the fused attention kernel; {@code AUTO} leaves it to the library. */
    public enum FlashAttention {
        AUTO,
        ON,
        OFF
    }

    /** A context of {@code cells} cells with the defaults that suit one to a few streams on a CPU. */
    public static ContextParameters ofCells(int cells) {
        return new ContextParameters(cells, 512, 64, 0, CacheType.F16, CacheType.F16, FlashAttention.AUTO);
    }

    /** The same with another number of cells. */
    public ContextParameters withCells(int count) {
        return new ContextParameters(count, maxBatchTokens, maxSequences, threads, keyType, valueType, flashAttention);
    }

    /** The same with other cache types. */
    public ContextParameters withCacheTypes(CacheType key, CacheType value) {
        return new ContextParameters(cells, maxBatchTokens, maxSequences, threads, key, value, flashAttention);
    }

    /** The same with another number of compute threads. */
    public ContextParameters withThreads(int count) {
        return new ContextParameters(cells, maxBatchTokens, maxSequences, count, keyType, valueType, flashAttention);
    }

    /** The same with another number of sequence ids. */
    public ContextParameters withMaxSequences(int count) {
        return new ContextParameters(cells, maxBatchTokens, count, threads, keyType, valueType, flashAttention);
    }

    /** The same with another batch width. */
    public ContextParameters withMaxBatchTokens(int tokens) {
        return new ContextParameters(cells, tokens, maxSequences, threads, keyType, valueType, flashAttention);
    }
}
