package io.aded.testing;

import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.TreeMap;

/** What became of hostile inputs, kind by kind, and what the dearest took. */
public final class HostileTally {
    private final String what;
    private final Time time;
    private final Map<String, Map<String, Integer>> outcomes = new TreeMap<>();
    private final Map<String, Long> most = new TreeMap<>();

    /** How what an input takes is measured. */
    public enum Time {
        /** As the processor's time of the thread that works on it. */
        OF_THE_THREAD,
        /** By the clock, where others do a part of the work. */
        OF_THE_CLOCK;

        private long nanos() {
            return this == OF_THE_THREAD
                    ? ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime()
                    : System.nanoTime();
        }
    }

    /** Work on an input. */
    @FunctionalInterface
    public interface Attempt {
        /** Does it, and says in a word or two how it ended. */
        String end();
    }

    /** None yet. */
    public HostileTally(String what, Time time) {
        this.what = what;
        this.time = time;
    }

    /** Works on an input. What the attempt does not catch is a fault. */
    public void attempt(String kind, Attempt attempt) {
        long start = time.nanos();
        String end;
        try {
            end = attempt.end();
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
            throw new AssertionError(kind + ": " + e, e);
        }
        most.merge(kind, time.nanos() - start, Math::max);
        outcomes.computeIfAbsent(kind, _ -> new TreeMap<>()).merge(end, 1, Integer::sum);
    }

    /** What the dearest took, in nanoseconds. */
    public long mostNanos() {
        return most.values().stream().mapToLong(Long::longValue).max().orElse(0);
    }

    /** A line for each kind. */
    public void print() {
        int all = outcomes.values().stream()
                .flatMap(of -> of.values().stream())
                .mapToInt(Integer::intValue)
                .sum();
        StringBuilder text = new StringBuilder("%,d hostile %s of %d kinds, the dearest %.2f s %s%n"
                .formatted(
                        all,
                        what,
                        outcomes.size(),
                        mostNanos() / 1e9,
                        time == Time.OF_THE_THREAD ? "of the processor" : "by the clock"));
        outcomes.forEach((kind, of) ->
                text.append("  %-50s %8.1f ms at most  %s%n".formatted(kind, most.getOrDefault(kind, 0L) / 1e6, of)));
        System.out.print(text);
    }
}
