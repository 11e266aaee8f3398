package io.aded.rpc;

import io.aded.model.AdedException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The calls that a server is at, so that those which are left when it stops are told why they end.
 *
 * <p>A call that was begun and has not said what it wants costs its caller a few bytes and a server some thousand, and
 * no bound on requests or conversations counts it; nor does one count who watches health or asks for reflection. There
 * may be {@value #USUAL_IDLE} such calls at once: for one more, the one that was begun first ends. Only if that was a
 * moment ago there may be more, up to eight times as many, since on a busy machine a call may be there for a moment
 * before its message is read. Thread-safe.
 */
final class OpenCalls {
    /** Some 5 MB of heap. */
    static final int USUAL_IDLE = 1024;

    private static final int LEAST_IDLE = 16;
    private static final int MOST_OF_A_MOMENT = 8 * USUAL_IDLE;
    private static final long MOMENT_NANOS = Duration.ofSeconds(2).toNanos();

    private final LongSupplier nanoClock;
    private final BooleanSupplier crowded;
    private final Set<GuardedCall<?, ?, ?>> calls = ConcurrentHashMap.newKeySet();
    private final Object lock = new Object();
    /** When each was begun. Guarded by the lock; in that order. */
    private final Map<GuardedCall<?, ?, ?>, Long> idle = new LinkedHashMap<>();

    /**
     * None yet.
     *
     * @param crowded whether there is hardly a place left for connections
     */
    OpenCalls(LongSupplier nanoClock, BooleanSupplier crowded) {
        this.nanoClock = nanoClock;
        this.crowded = crowded;
    }

    /** One was begun. */
    void add(GuardedCall<?, ?, ?> call) {
        calls.add(call);
        long now = nanoClock.getAsLong();
        synchronized (lock) {
            idle.put(call, now);
        }
        // Two for one, so that what a flood has left is gone in the end.
        if (endOldest(now)) {
            endOldest(now);
        }
    }

    /**
     * The places for connections are nearly taken: ends the oldest, if so many of the connections may be there for such
     * calls only.
     *
     * @param connections that there may be
     * @return whether it did
     */
    boolean makeRoom(int connections) {
        GuardedCall<?, ?, ?> oldest = oneOfMoreThan(Math.clamp(connections / 2, LEAST_IDLE, USUAL_IDLE));
        if (oldest == null) {
            return false;
        }
        end(oldest);
        return true;
    }

    private @Nullable GuardedCall<?, ?, ?> oneOfMoreThan(int most) {
        synchronized (lock) {
            if (idle.size() <= most) {
                return null;
            }
            GuardedCall<?, ?, ?> oldest = idle.keySet().iterator().next();
            idle.remove(oldest);
            return oldest;
        }
    }

    private boolean endOldest(long now) {
        GuardedCall<?, ?, ?> oldest = oneTooMany(now);
        if (oldest == null) {
            return false;
        }
        end(oldest);
        return true;
    }

    private static void end(GuardedCall<?, ?, ?> oldest) {
        oldest.refuse(new AdedException.ResourceExhausted(
                "IDLE_CALLS",
                "too many calls have not said what they want, or only watch, and this is the oldest of them; allowed: "
                        + USUAL_IDLE + " at once; call again",
                Duration.ofSeconds(1)));
    }

    private @Nullable GuardedCall<?, ?, ?> oneTooMany(long now) {
        synchronized (lock) {
            if (idle.size() <= USUAL_IDLE) {
                return null;
            }
            var oldest = idle.entrySet().iterator().next();
            if (now - oldest.getValue() < MOMENT_NANOS && idle.size() <= MOST_OF_A_MOMENT) {
                return null;
            }
            idle.remove(oldest.getKey());
            return oldest.getKey();
        }
    }

    /**
     * A call that may go on for as long as its client likes says for the first time what it wants. While places for
     * connections are nearly taken, none is let in: each could keep a connection, and health checks need the rest.
     *
     * @throws AdedException.ResourceExhausted if so
     */
    void requireRoomToStay() {
        if (crowded.getAsBoolean()) {
            throw new AdedException.ResourceExhausted(
                    "TOO_MANY_CONVERSATIONS",
                    "there are nearly as many connections as may be, and conversations may not hold the last of them;"
                            + " end some of them first, or hold several over one connection",
                    Duration.ofSeconds(1));
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
