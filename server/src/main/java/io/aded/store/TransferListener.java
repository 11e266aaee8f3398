package io.aded.store;

/** Hears how a transfer gets on; called on the thread that asked for it. */
public interface TransferListener {

    /** Tells nobody. */
    TransferListener NONE = new TransferListener() {};

    /** Something worth a line: what begins, what is tried again, what is waited for. */
    default void note(String line) {}

    /**
     * Bytes have arrived.
     *
     * @param label what is being transferred
     * @param done bytes that are there, those of earlier attempts included
     * @param total bytes in all, or -1 if that is not known
     */
    default void progress(String label, long done, long total) {}
}
