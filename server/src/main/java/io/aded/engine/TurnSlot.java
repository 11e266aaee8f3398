package io.aded.engine;

import io.aded.model.AdedException;
import org.jspecify.annotations.Nullable;

/**
 * A conversation's place for one turn: free, reserved while a turn is being prepared, or taken by one that runs.
 *
 * <p>Preparing means rendering, tokenising and compiling grammars, which is slow and partly native. So no lock is held
 * meanwhile: the reservation keeps other submitters out, and who closes the conversation in that time does not wait.
 *
 * <p>What a holder writes before it frees the slot is visible to the next one that reserves it.
 */
final class TurnSlot<T> {
    private final Object lock = new Object();
    private boolean reserved;
    private boolean closed;
    private @Nullable T running;

    /**
     * Reserves the slot; either {@link #fill} or {@link #free} comes next.
     *
     * @throws AdedException.FailedPrecondition if it is taken or the conversation closed
     */
    void reserve() {
        synchronized (lock) {
            refuseIfClosed();
            if (reserved) {
                throw new AdedException.FailedPrecondition(
                        "TURN_RUNNING", "a turn is still running; wait for its end or cancel it first");
            }
            reserved = true;
        }
    }

    /**
     * Puts a turn into the reserved slot, and hands it over.
     *
     * @param handOver makes the turn known to whoever runs it; called under the lock, so that a {@link #close} comes
     *     before or after, and must not wait
     * @throws AdedException.FailedPrecondition if the conversation was closed meanwhile
     */
    void fill(T turn, Runnable handOver) {
        synchronized (lock) {
            refuseIfClosed();
            handOver.run();
            running = turn;
        }
    }

    /** The turn has ended, or could not be prepared. */
    void free() {
        synchronized (lock) {
            reserved = false;
            running = null;
        }
    }

    /** Closes the conversation. False if it was closed before. */
    boolean close() {
        synchronized (lock) {
            boolean first = !closed;
            closed = true;
            return first;
        }
    }

    /** The turn that runs, or null. */
    @Nullable
    T running() {
        synchronized (lock) {
            return running;
        }
    }

    boolean isClosed() {
        synchronized (lock) {
            return closed;
        }
    }

    private void refuseIfClosed() {
        if (closed) {
            throw new AdedException.FailedPrecondition("SESSION_CLOSED", "the conversation is closed; open another");
        }
    }
}
