package io.aded.lab.offline;

import io.aded.engine.Crew;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;

/**
 * An engine's helpers in virtual time. Tasks are done one after the other by the engine's thread, each on the clock of
 * the worker that would be free first; the step is over when the last worker is. The same figures on every machine,
 * whatever processors it has.
 */
final class PricedCrew implements Crew {
    /*
     * By CrewBenchmark (bench/README.md), on two virtual cores with one helper, a step of 32 empty tasks takes 0.9 to
     * 3.2 us. Priced at the latter: until the first task is claimed, and from claim to claim, whoever makes them, since
     * all change one number. That more helpers do not take longer to hear of a step is an assumption.
     */
    private static final long STEP_NANOS = 500;
    private static final long CLAIM_NANOS = 90;

    /** As in the engine: fewer tasks are done by its own thread. */
    private static final int LEAST_TASKS = 4;

    private final AtomicLong clock;
    private final long[] workers;

    /**
     * Nobody, yet.
     *
     * @param helpers beside the engine's thread, at least 0
     * @param clock virtual nanoseconds, which what is done advances
     */
    PricedCrew(int helpers, AtomicLong clock) {
        this.clock = clock;
        workers = new long[1 + helpers];
    }

    @Override
    public int helpers() {
        return workers.length - 1;
    }

    @Override
    public void each(int count, Task task) {
        if (helpers() == 0 || count < LEAST_TASKS) {
            for (int index = 0; index < count; index++) {
                task.run(index, 0);
            }
            return;
        }
        long claimed = clock.get() + STEP_NANOS;
        Arrays.fill(workers, claimed);
        for (int index = 0; index < count; index++) {
            int first = 0;
            for (int worker = 1; worker < workers.length; worker++) {
                first = workers[worker] < workers[first] ? worker : first;
            }
            claimed = Math.max(workers[first], claimed) + CLAIM_NANOS;
            clock.set(claimed);
            task.run(index, first);
            workers[first] = clock.get();
        }
        clock.set(Arrays.stream(workers).max().orElseThrow());
    }

    @Override
    public void expect(double nanos) {
        // They are always awake.
    }

    @Override
    public void close() {}
}
