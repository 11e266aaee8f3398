package io.aded.serving;

import io.aded.engine.Engine;
import io.aded.engine.Session;
import java.util.List;

/**
 * Chooses which of a model's engines a session is opened with: that with the fewest turns, and of those that with the
 * fewest open conversations, whose next turns it will have to decode. Thread-safe.
 *
 * <p>An engine is chosen and the session opened under one lock, so whoever chooses next counts the session already. A
 * session for a single answer has its turn a little later, when its prompt has been prepared; until then the turn is
 * counted here, so that a burst of calls spreads.
 */
final class Replicas {
    private final Object lock = new Object();
    private final List<Engine> engines;

    /** Turns to come, by engine. */
    private final int[] arriving;

    Replicas(List<Engine> engines) {
        this.engines = engines;
        arriving = new int[engines.size()];
    }

    /** A session whose turn is on its way. */
    final class Arrival {
        private final int engine;
        private final Session session;

        private Arrival(int engine, Session session) {
            this.engine = engine;
            this.session = session;
        }

        Session session() {
            return session;
        }

        /** The turn was submitted, and the engine counts it, or there will be none. To be called once. */
        void over() {
            synchronized (lock) {
                arriving[engine]--;
            }
        }
    }

    /** Opens the session of a conversation. */
    Session open(String caller) {
        synchronized (lock) {
            return engines.get(leastBusy()).openSession(caller);
        }
    }

    /** Opens the session of a single answer. */
    Arrival openForTurn(String caller) {
        synchronized (lock) {
            int chosen = leastBusy();
            Arrival arrival = new Arrival(chosen, engines.get(chosen).openSession(caller));
            arriving[chosen]++;
            return arrival;
        }
    }

    private int leastBusy() {
        int best = 0;
        long least = Long.MAX_VALUE;
        for (int i = 0; i < arriving.length; i++) {
            Engine engine = engines.get(i);
            long turns = engine.openTurns() + (long) arriving[i];
            long load = (turns << Integer.SIZE) + engine.openSessions();
            if (load < least) {
                best = i;
                least = load;
            }
        }
        return best;
    }
}
