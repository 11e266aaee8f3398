package io.aded.draft.neural;

/**
 * What a draft model did for an engine so far.
 *
 * @param levels forward passes
 * @param nodes roots and guesses that they computed
 * @param readTokens tokens of texts that the model computed itself to be able to draft after them
 * @param copies times that cells of the target's were taken over
 * @param copiedTokens tokens that the model need not compute because their cells were taken over
 * @param refusedCopies times that they could not be taken over, so that the model has to compute them
 * @param evictions streams that lost their cells to others
 * @param withoutRoom forward passes that found no room in the cache
 * @param failures forward passes and copies that failed
 * @param nanos the time of all this
 */
public record DraftStatistics(
        long levels,
        long nodes,
        long readTokens,
        long copies,
        long copiedTokens,
        long refusedCopies,
        long evictions,
        long withoutRoom,
        long failures,
        long nanos) {}
