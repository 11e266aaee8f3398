package io.aded.model;

/** How a forward pass ended when it did not fail. */
public enum DecodeOutcome {
    /** All tokens are in the KV cache and their logits can be read. */
    DECODED,
    /**
     * The KV cache has no room for the batch; it is as it was before. A smaller batch may fit: some libraries need a
     * run of adjacent free cells.
     */
    NO_ROOM,
    /** {@link TargetContext#requestAbort} was called. Part of the batch may be in the cache: remove it by position. */
    ABORTED
}
