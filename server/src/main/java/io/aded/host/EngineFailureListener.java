package io.aded.host;

/** Hears, once, that an engine will not come back. Called on a thread that may be kept. */
@FunctionalInterface
public interface EngineFailureListener {
    /** Leaves it at health checks, which say NOT_SERVING. */
    EngineFailureListener NONE = _ -> {};

    /** How an engine came to its end. */
    enum Failure {
        /** Something failed that was no single turn's. Its turns were told, its thread has ended. */
        LOST,
        /**
         * It has hung for longer than it may. Its thread may be in native code for ever, so closing it may never
         * return:
         * only the end of the process helps.
         */
        HUNG
    }

    /** An engine has failed. */
    void failed(Failure failure);
}
