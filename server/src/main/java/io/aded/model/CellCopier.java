package io.aded.model;

/**
 * Puts cells of one context's KV cache into another's. A draft model that is a copy of the target, with coarser weights
 * or fewer layers, can so attend to the keys and values that the target has computed, and need not read a text itself
 * (Draft &amp; Verify, Zhang et al., ACL 2024, arXiv 2309.08168, where both are one model with one cache).
 *
 * <p>Made by the context that receives: {@link TargetContext#copierFrom}. Used by the thread that owns both contexts,
 * between passes.
 */
public interface CellCopier extends AutoCloseable {

    /**
     * Puts the cells of a sequence of the source at positions {@code from} to {@code to} into a sequence of the
     * destination, which holds positions 0 to {@code from} and none after them. The source is left as it is.
     *
     * @param source a sequence id of the source
     * @param from first position, inclusive
     * @param to last position, exclusive; above {@code from}
     * @param destination a sequence id of the destination
     * @return false if it could not be done, now or ever; the destination is as it was, and its cells have to be
     *     computed
     */
    boolean copy(int source, int from, int to, int destination);

    /** Gives back scratch memory and sequence ids, once. Both contexts must still be open. */
    @Override
    void close();
}
