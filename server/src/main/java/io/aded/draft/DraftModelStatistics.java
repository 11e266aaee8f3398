package io.aded.draft;

import org.jspecify.annotations.Nullable;

/**
 * What a draft model did so far.
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
 * @param guessed rounds in which it guessed
 * @param unpaid rounds in which it was not asked, since that was not expected to pay
 * @param unready rounds in which it was asked and had no guess: it has not read the text, found no room for it, or
 *     cannot follow it
 * @param unusable rounds that had to do without it because it has failed for good
 * @param trouble why it does not draft any more; null while it does
 */
public record DraftModelStatistics(
        long levels,
        long nodes,
        long readTokens,
        long copies,
        long copiedTokens,
        long refusedCopies,
        long evictions,
        long withoutRoom,
        long failures,
        long nanos,
        long guessed,
        long unpaid,
        long unready,
        long unusable,
        @Nullable String trouble) {

    /** Of a model that was not needed yet. */
    public static final DraftModelStatistics NOTHING =
            new DraftModelStatistics(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, null);

    /** Both together, as of two engines with a copy each. */
    public DraftModelStatistics plus(DraftModelStatistics other) {
        return new DraftModelStatistics(
                levels + other.levels,
                nodes + other.nodes,
                readTokens + other.readTokens,
                copies + other.copies,
                copiedTokens + other.copiedTokens,
                refusedCopies + other.refusedCopies,
                evictions + other.evictions,
                withoutRoom + other.withoutRoom,
                failures + other.failures,
                nanos + other.nanos,
                guessed + other.guessed,
                unpaid + other.unpaid,
                unready + other.unready,
                unusable + other.unusable,
                trouble == null ? other.trouble : trouble);
    }
}
