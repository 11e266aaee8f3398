package io.aded.engine;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Turns that wait for admission, and who is next: the highest priority first; among equals the caller who has been
 * served least; for one caller in order of arrival.
 *
 * <p>Service is counted in tokens, prompt and answer. A caller who was away is lifted to just below the least-served
 * one present: an absence earns no credit, but who comes new does not stand behind others either (start-time fair
 * queueing: Goyal, Vin, Cheng 1996; for LLM serving: Sheng et al., arXiv 2401.00588). Owned by the engine thread.
 */
final class WaitingTurns {
    private final Map<String, SequencedSet<LocalTurn>> byCaller = new HashMap<>();
    private final Map<String, Double> served = new HashMap<>();
    private int size;

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    void add(LocalTurn turn) {
        enter(turn).addLast(turn);
    }

    /** Puts a turn that lost its place back before the others of its caller. */
    void putBack(LocalTurn turn) {
        enter(turn).addFirst(turn);
    }

    private SequencedSet<LocalTurn> enter(LocalTurn turn) {
        String caller = turn.request().fairnessKey();
        SequencedSet<LocalTurn> queue = byCaller.get(caller);
        if (queue == null) {
            queue = new LinkedHashSet<>();
            byCaller.put(caller, queue);
        }
        if (queue.isEmpty()) {
            double floor = leastServed(caller);
            served.merge(caller, Math.nextDown(floor), Math::max);
        }
        size++;
        return queue;
    }

    private double leastServed(String except) {
        double least = Double.POSITIVE_INFINITY;
        for (Map.Entry<String, SequencedSet<LocalTurn>> entry : byCaller.entrySet()) {
            if (!entry.getValue().isEmpty() && !entry.getKey().equals(except)) {
                least = Math.min(least, served.getOrDefault(entry.getKey(), 0.0));
            }
        }
        return least == Double.POSITIVE_INFINITY ? 0 : least;
    }

    /** Books service to a caller. */
    void serve(String caller, int tokens) {
        served.merge(caller, (double) tokens, Double::sum);
    }

    /** Forgets callers that have nothing here, once the account grows. */
    void forgetAbsent(Predicate<String> present) {
        if (served.size() > 1024) {
            served.keySet().removeIf(caller -> !byCaller.containsKey(caller) && !present.test(caller));
        }
    }

    /** The turn that is next among those for which {@code eligible} holds, or null. It stays in the queue. */
    @Nullable
    LocalTurn peek(Predicate<LocalTurn> eligible) {
        LocalTurn best = null;
        double bestServed = 0;
        for (Map.Entry<String, SequencedSet<LocalTurn>> entry : byCaller.entrySet()) {
            double service = served.getOrDefault(entry.getKey(), 0.0);
            for (LocalTurn turn : entry.getValue()) {
                // Asked last: it is costly, and a thousand may wait.
                if ((best == null || goesBefore(turn, service, best, bestServed)) && eligible.test(turn)) {
                    best = turn;
                    bestServed = service;
                }
            }
        }
        return best;
    }

    private static boolean goesBefore(LocalTurn turn, double service, LocalTurn other, double otherService) {
        if (turn.request().priority() != other.request().priority()) {
            return turn.request().priority() > other.request().priority();
        }
        if (turn.request().fairnessKey().equals(other.request().fairnessKey())) {
            return false; // they stand in their order
        }
        return service < otherService || (service == otherService && turn.number() < other.number());
    }

    /** Shows every turn. */
    void forEach(Consumer<LocalTurn> sink) {
        byCaller.values().forEach(queue -> queue.forEach(sink));
    }

    /** Takes a turn out, without a search. False if it does not wait. */
    boolean remove(LocalTurn turn) {
        String caller = turn.request().fairnessKey();
        SequencedSet<LocalTurn> queue = byCaller.get(caller);
        if (queue == null || !queue.remove(turn)) {
            return false;
        }
        size--;
        if (queue.isEmpty()) {
            byCaller.remove(caller);
        }
        return true;
    }

    /**
     * Removes the turns for which {@code over} holds and hands them to {@code sink}. Looks at all that wait: for when
     * the time of one of them may be over, and for the end.
     */
    void removeIf(Predicate<LocalTurn> over, Consumer<LocalTurn> sink) {
        List<LocalTurn> removed = new ArrayList<>();
        for (Iterator<SequencedSet<LocalTurn>> queues = byCaller.values().iterator(); queues.hasNext(); ) {
            SequencedSet<LocalTurn> queue = queues.next();
            queue.removeIf(turn -> {
                boolean gone = over.test(turn);
                if (gone) {
                    removed.add(turn);
                }
                return gone;
            });
            if (queue.isEmpty()) {
                queues.remove();
            }
        }
        size -= removed.size();
        removed.forEach(sink);
    }
}
