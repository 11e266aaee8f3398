package io.aded.host;

import io.aded.store.TransferListener;

/** Hears how the opening gets on; called on the thread that opens. */
public interface HostListener extends TransferListener {
    /** Tells nobody. */
    HostListener NONE = new HostListener() {};

    /**
     * Weights are being read.
     *
     * @param file the file's name
     * @param share how much of it is there, in [0, 1]
     */
    default void loading(String file, double share) {}

    /** The weights of {@code file} are there, or are not going to be. */
    default void loaded(String file) {}

    /** Whether {@link #loading} is wanted at all: the library asks back for each step. */
    default boolean watchesLoading() {
        return false;
    }
}
