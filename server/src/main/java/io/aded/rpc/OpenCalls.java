package io.aded.rpc;

import io.aded.model.AdedException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The calls that a server is at, so that those which are left when it stops are told why they end.
 *
 * <p>A call that was begun and has not said what it wants costs its caller a few bytes and a server some thousand, and no
 * bound on requests or conversations counts it; nor does one count who watches health or asks for reflection. There may
 * be so many such calls at once, and for one more, the one that was begun first ends. Thread-safe.
 */
final class OpenCalls {
    /** Some 5 MB of heap. */
    static final int USUAL_IDLE = 1024;

    private final int mostIdle;
    private final Set<GuardedCall<?, ?, ?>> calls = ConcurrentHashMap.newKeySet();
    private final Object lock = new Object();
    /** Guarded by the lock; in the order in which they were begun. */
    private final Set<GuardedCall<?, ?, ?>> idle = new LinkedHashSet<>();

    /**
     * None yet.
     *
     * @param mostIdle calls at once of those that nothing else bounds
     */
    OpenCalls(int mostIdle) {
        this.mostIdle = mostIdle;
    }

    /** One was begun. */
    void add(GuardedCall<?, ?, ?> call) {
        calls.add(call);
        GuardedCall<?, ?, ?> oldest = keptIdle(call);
        if (oldest != null) {
            oldest.refuse(new AdedException.ResourceExhausted(
                    "IDLE_CALLS",
                    "too many calls have not said what they want, or only watch, and this is the oldest of them;"
                            + " allowed: " + mostIdle + " at once; call again",
                    Duration.ofSeconds(1)));
        }
    }

    private @Nullable GuardedCall<?, ?, ?> keptIdle(GuardedCall<?, ?, ?> call) {
        synchronized (lock) {
            idle.add(call);
            if (idle.size() <= mostIdle) {
                return null;
            }
            GuardedCall<?, ?, ?> oldest = idle.iterator().next();
            idle.remove(oldest);
            return oldest;
        }
    }

    /** It has said what it wants, and is bounded by that from now on. */
    void heard(GuardedCall<?, ?, ?> call) {
        synchronized (lock) {
            idle.remove(call);
        }
    }

    /** It is over. */
    void remove(GuardedCall<?, ?, ?> call) {
        calls.remove(call);
        heard(call);
    }

    /** Ends all of them over their handlers' heads. */
    void refuseAll(Throwable reason) {
        calls.forEach(call -> call.refuse(reason));
    }
}
