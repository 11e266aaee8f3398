package io.aded.llama;

/**
 * Keeps a native object from being freed under the feet of a call that is using it: calls {@link #enter}, the owner
 * {@link #end}s.
 *
 * <p>Uses are counted. The lock guards the counts and nothing else; it is not held while native code runs.
 */
final class Lifetime {
    private final Object lock = new Object();
    private final String what;
    private int uses;
    private int dependants;
    private boolean ended;

    Lifetime(String what) {
        this.what = what;
    }

    /** Begins a use; {@link #exit} in a finally block. Throws if the object is gone. */
    void enter() {
        synchronized (lock) {
            refuseIfEnded();
            uses++;
        }
    }

    void exit() {
        synchronized (lock) {
            if (--uses == 0 && ended) {
                lock.notifyAll();
            }
        }
    }

    /** Registers something that must be closed first. */
    void acquire() {
        synchronized (lock) {
            refuseIfEnded();
            dependants++;
        }
    }

    /** Something that was {@linkplain #acquire acquired} has been closed. */
    void release() {
        synchronized (lock) {
            dependants--;
        }
    }

    /** Ends the life and runs {@code free}, once, after uses that are under way. */
    void end(Runnable free) {
        boolean interrupted = false;
        synchronized (lock) {
            if (ended) {
                return;
            }
            if (dependants != 0) {
                throw new IllegalStateException(
                        dependants + " contexts and samplers of " + what + " are still open; close them first");
            }
            ended = true;
            while (uses > 0) {
                try {
                    lock.wait();
                } catch (InterruptedException e) {
                    interrupted = true; // what is in use cannot be freed, whoever asks
                }
            }
        }
        free.run();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void refuseIfEnded() {
        if (ended) {
            throw new IllegalStateException(what + " is closed");
        }
    }
}
