package io.aded.engine;

/**
 * Who does the host's work beside passes: an engine's own thread and its helpers. What is done for one stream touches
 * nothing of another's, so it may be done by several of them at once.
 *
 * <p>All calls come from the engine's thread.
 */
public interface Crew extends AutoCloseable {

    /** Something to be done for each of several streams. */
    @FunctionalInterface
    interface Task {
        /**
         * Does it for one.
         *
         * @param index which of them, from 0
         * @param worker who does it: 0 is the engine's thread, helpers count from 1. No two of the same number at once
         */
        void run(int index, int worker);
    }

    /** The engine's thread alone. */
    static Crew alone() {
        return of(0);
    }

    /**
     * An engine's thread with so many helpers. Between passes they wait actively, so each needs a processor that
     * nobody else does.
     *
     * @param helpers 0 to {@value EngineOptions#MOST_HOST_THREADS}
     */
    static Crew of(int helpers) {
        return new WorkingCrew(helpers, System::nanoTime);
    }

    /** Helpers beside the engine's thread. */
    int helpers();

    /**
     * Does a task for indices 0 to {@code count}, exclusive, in any order, and returns when all are done. What it wrote
     * can be seen by the engine's thread then, and by whoever does the next.
     *
     * @throws RuntimeException what the task threw for one of them; it was done for all others all the same, if there
     *     are helpers
     */
    void each(int count, Task task);

    /** Nothing is to be done for about so long. */
    void expect(double nanos);

    /** Ends the helpers, once, and waits until they are gone. */
    @Override
    void close();
}
