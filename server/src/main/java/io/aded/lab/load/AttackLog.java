package io.aded.lab.load;

import java.util.Map;
import java.util.TreeMap;

/** How attackers' calls ended, kind by kind. Thread-safe. */
final class AttackLog {
    private final Object lock = new Object();
    private final Map<String, Calls> kinds = new TreeMap<>();

    /**
     * Calls of one kind.
     *
     * @param byStatus how many ended with each status, by its name
     * @param longestNanos what the longest took
     */
    record Calls(Map<String, Integer> byStatus, long longestNanos) {
        int count() {
            return byStatus.values().stream().mapToInt(Integer::intValue).sum();
        }
    }

    void add(String kind, String status, long nanos) {
        synchronized (lock) {
            Calls before = kinds.getOrDefault(kind, new Calls(Map.of(), 0));
            Map<String, Integer> counts = new TreeMap<>(before.byStatus());
            counts.merge(status, 1, Integer::sum);
            kinds.put(kind, new Calls(counts, Math.max(before.longestNanos(), nanos)));
        }
    }

    /** What there is so far, by kind. */
    Map<String, Calls> kinds() {
        synchronized (lock) {
            return new TreeMap<>(kinds);
        }
    }
}
