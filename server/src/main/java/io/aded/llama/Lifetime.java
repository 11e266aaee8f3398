package io.aded.llama;

import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Keeps a native object from being freed under the feet of a call that is using it: calls {@link #enter}, the owner
 * {@link #end}s.
 */
final class Lifetime {
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private final String what;
    private int dependants;
    private boolean ended;

    Lifetime(String what) {
        this.what = what;
    }

    /** Begins a use; {@link #exit} in a finally block. Throws if the object is gone. */
    void enter() {
        lock.readLock().lock();
        if (ended) {
            lock.readLock().unlock();
            throw new IllegalStateException(what + " is closed");
        }
    }

    void exit() {
        lock.readLock().unlock();
    }

    /** Registers something that must be closed first. */
    void acquire() {
        lock.writeLock().lock();
        try {
            if (ended) {
                throw new IllegalStateException(what + " is closed");
            }
            dependants++;
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** Something that was {@linkplain #acquire acquired} has been closed. */
    void release() {
        lock.writeLock().lock();
        try {
            dependants--;
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** Ends the life and runs {@code free}, once; waits for uses that are under way. */
    void end(Runnable free) {
        lock.writeLock().lock();
        try {
            if (ended) {
                return;
            }
            if (dependants != 0) {
                throw new IllegalStateException(
                        dependants + " contexts and samplers of " + what + " are still open; close them first");
            }
            ended = true;
            free.run();
        } finally {
            lock.writeLock().unlock();
        }
    }
}
