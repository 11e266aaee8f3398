package io.aded.serving;

/** Cancellation by the caller: the call was cancelled, or the connection is lost. Thread-safe. */
public interface Departure {
    /** Somebody who stays. */
    Departure NEVER = new Departure() {
        @Override
        public boolean hasHappened() {
            return false;
        }

        @Override
        public Watch watch(Runnable woken) {
            return () -> {};
        }
    };

    /** Whether they have left. */
    boolean hasHappened();

    /**
     * Has somebody woken when they leave, at once if they have; what is called must not wait.
     *
     * @return ends that
     */
    Watch watch(Runnable woken);

    /** Somebody who is to be woken. */
    @FunctionalInterface
    interface Watch extends AutoCloseable {
        @Override
        void close();
    }
}
