package io.aded.serving;

import org.jspecify.annotations.Nullable;

/**
 * Where a stream of {@code Converse} stands: which conversation it holds, which turn runs, who has had enough. The
 * client, the transport, the engine and a draining server all change it, each on threads of its own; every method is
 * one step.
 *
 * @param <C> what is a conversation
 * @param <T> what is a turn
 */
final class StreamState<C, T> {
    private final Object lock = new Object();
    private @Nullable C conversation;
    private @Nullable T running;
    private boolean halfClosed;
    private boolean draining;
    private boolean over;

    /** What the end of a turn means for its stream. */
    enum AfterTurn {
        /** The next turn may come. */
        GO_ON,
        /** The client wants no more turns. */
        COMPLETE,
        /** The server takes no more turns. */
        DRAINED,
        /** The stream ended while the turn was running, and only waited for it. */
        RELEASE
    }

    /**
     * What a stream leaves when it ends.
     *
     * @param conversation what it holds, if it was opened
     * @param running what is still running, and has to end before the conversation is given back
     */
    record Remains<C, T>(@Nullable C conversation, @Nullable T running) {}

    /** The conversation, or null before it is opened. */
    @Nullable
    C conversation() {
        synchronized (lock) {
            return conversation;
        }
    }

    /** The stream holds a conversation from now on. False if it is over. */
    boolean open(C opened) {
        synchronized (lock) {
            if (over) {
                return false;
            }
            conversation = opened;
            return true;
        }
    }

    /** A turn begins. False if another is running, or the stream is over. */
    boolean begin(T turn) {
        synchronized (lock) {
            if (over || running != null) {
                return false;
            }
            running = turn;
            return true;
        }
    }

    /** The turn that runs, or null. */
    @Nullable
    T running() {
        synchronized (lock) {
            return running;
        }
    }

    /**
     * The turn has ended, or could not be submitted.
     *
     * @param last sends its last message, called in the same step: the next turn may come as soon as the client has it,
     *     and a half-close that comes at this moment must not overtake it. Must not wait
     */
    AfterTurn turnEnded(Runnable last) {
        synchronized (lock) {
            running = null;
            last.run();
            if (over) {
                return AfterTurn.RELEASE;
            }
            if (halfClosed) {
                return AfterTurn.COMPLETE;
            }
            return draining ? AfterTurn.DRAINED : AfterTurn.GO_ON;
        }
    }

    /** The client sends nothing more. True if nothing is running, so that the stream may end now. */
    boolean halfClose() {
        synchronized (lock) {
            halfClosed = true;
            return running == null;
        }
    }

    /** The server is shutting down. True if nothing is running, so that the stream may end now. */
    boolean drain() {
        synchronized (lock) {
            draining = true;
            return running == null;
        }
    }

    /** Ends the stream, once: null if it was over before. */
    @Nullable
    Remains<C, T> end() {
        synchronized (lock) {
            if (over) {
                return null;
            }
            over = true;
            return new Remains<>(conversation, running);
        }
    }

    boolean isOver() {
        synchronized (lock) {
            return over;
        }
    }
}
