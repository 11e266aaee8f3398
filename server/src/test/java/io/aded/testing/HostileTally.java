package io.aded.testing;

import io.aded.model.Patience;
import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What became of hostile inputs, kind by kind, and what the dearest took: in time, which is told, and in looks at
 * whether its caller still waits, which come each so many steps, are the same on every machine, and may be asserted.
 */
public final class HostileTally {
    private final String what;
    private final Time time;
    private final Map<String, Map<String, Integer>> outcomes = new TreeMap<>();
    private final Map<String, Long> most = new TreeMap<>();
    private final Map<String, Long> looks = new TreeMap<>();

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
        AtomicLong looked = new AtomicLong();
        String end;
        try {
            end = Patience.during(looked::incrementAndGet, attempt::end);
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
            throw new AssertionError(kind + ": " + e, e);
        }
        most.merge(kind, time.nanos() - start, Math::max);
        looks.merge(kind, looked.get(), Math::max);
        outcomes.computeIfAbsent(kind, _ -> new TreeMap<>()).merge(end, 1, Integer::sum);
    }

    /** Looks at whether somebody waits, in the work on the dearest. */
    public long mostLooks() {
        return looks.values().stream().mapToLong(Long::longValue).max().orElse(0);
    }

    private long mostNanos() {
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
        outcomes.forEach((kind, of) -> text.append("  %-50s %8.1f ms and %6d looks at most  %s%n"
                .formatted(kind, most.getOrDefault(kind, 0L) / 1e6, looks.getOrDefault(kind, 0L), of)));
        System.out.print(text);
    }
}
