package io.aded.engine;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * The places for turns, running and waiting. Any thread takes one, or is refused; whoever took one gives it back once.
 *
 * <p>A place is taken by a compare-and-set and not by counting up and back: for a moment such a count would stand above
 * the limit, and would refuse others a place that has just become free.
 */
final class QueuePlaces {
    private final int most;
    private final AtomicInteger taken = new AtomicInteger();

    QueuePlaces(int most) {
        this.most = most;
    }

    /** Takes a place; false if there is none. */
    boolean tryTake() {
        int now = taken.get();
        while (now < most) {
            int seen = taken.compareAndExchange(now, now + 1);
            if (seen == now) {
                return true;
            }
            now = seen;
        }
        return false;
    }

    void giveBack() {
        taken.decrementAndGet();
    }

    int taken() {
        return taken.get();
    }
}
