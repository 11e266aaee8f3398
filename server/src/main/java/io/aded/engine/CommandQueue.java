package io.aded.engine;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * What other threads want the engine thread to do, in the order in which they said it. A command that was taken is run:
 * once the queue is closed it takes no more, so that nothing falls between a stopping engine and its callers.
 */
final class CommandQueue {
    private final Object lock = new Object();
    private final Queue<Runnable> commands = new ArrayDeque<>();
    private boolean closed;

    /** Adds a command; false if it will never be run. */
    boolean offer(Runnable command) {
        synchronized (lock) {
            return !closed && commands.add(command);
        }
    }

    /** Takes the oldest command, or null. */
    @Nullable
    Runnable poll() {
        synchronized (lock) {
            return commands.poll();
        }
    }

    boolean isEmpty() {
        synchronized (lock) {
            return commands.isEmpty();
        }
    }

    /** Takes all that is left; nothing is added any more. */
    List<Runnable> close() {
        synchronized (lock) {
            closed = true;
            List<Runnable> left = List.copyOf(commands);
            commands.clear();
            return left;
        }
    }
}
