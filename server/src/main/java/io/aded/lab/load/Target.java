package io.aded.lab.load;

import io.aded.engine.DraftPolicy;
import io.aded.lab.report.Machine;
import io.aded.model.AdedException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A server under load. Thread-safe. */
interface Target extends AutoCloseable {
    /** Stands for what a server does not tell. */
    Machine.Served UNKNOWN = new Machine.Served("unknown", "unknown", 0, "unknown", List.of("unknown"), 0, 0);

    /**
     * Asks the server what it serves.
     *
     * @throws AdedException.Unavailable if nobody answers
     */
    Machine.Served served();

    /**
     * A caller's side of one job; nothing is sent yet.
     *
     * @param draft null for the server's default
     */
    Talk talk(@Nullable DraftPolicy draft);

    /**
     * Asks for the server's health, and waits for the answer.
     *
     * @return whether it says that it serves
     */
    default boolean isHealthy() {
        throw new UnsupportedOperationException("only a server of ours is asked for its health");
    }

    /** How drafting fared since the server started; null where that is not told. */
    default @Nullable DraftTold drafting() {
        return null;
    }

    /**
     * Begins an attack by callers of their own.
     *
     * @param callers at once
     * @param seed of what they send
     * @param log where their calls are counted
     * @return ends it
     */
    default AutoCloseable attack(int callers, long seed, AttackLog log) {
        throw new UnsupportedOperationException("only a server of ours is attacked");
    }

    @Override
    void close();

    /** One caller, asking one question after the other. Only {@link #cancel} may be called from other threads. */
    interface Talk extends AutoCloseable {
        /**
         * Asks, and returns when the answer is over, in whatever way.
         *
         * @param timeline hears of each message as it arrives
         */
        Reply ask(Job.Question question, Timeline timeline) throws InterruptedException;

        /** Ends what is running; {@link #ask} then returns soon. */
        void cancel();

        @Override
        void close();
    }
}
