package io.aded.llama.abi;

/**
 * The functions that lines name or shape differently, each behind one shape. Pointers are {@code long}s. Nothing is
 * checked here: callers do that.
 */
public interface LineCalls {

    /** Whether a model keeps states beside its attention cache, from which no branch can be dropped. */
    boolean isHybrid(long model);

    /** What the cache functions below take for a context. */
    long cache(long context);

    /** Forgets every token. */
    void clearCache(long cache);

    /** Takes a sequence id off the tokens at {@code from} to {@code to} (exclusive, or -1); false if that cannot be. */
    boolean removeTokens(long cache, int sequence, int from, int to);

    /**
     * Gives the tokens of one sequence at {@code from} to {@code to} (exclusive, or -1) the id of another one as well.
     */
    void shareTokens(long cache, int source, int destination, int from, int to);

    /** A sampler that penalises what was seen lately. */
    long newPenalties(int vocabularySize, int window, float repeat, float frequency, float presence);

    /**
     * A sampler that penalises what would continue a repetition.
     *
     * @param breakers an array of C strings, which are copied
     */
    long newDry(
            long vocabulary,
            float multiplier,
            float base,
            int allowedLength,
            int window,
            long breakers,
            long breakerCount);
}
