package io.aded.engine;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Threads that fork for microseconds.
 */
final class WorkingCrew implements Crew {
    /*
     * Claims
     *
     *   One number says which task of which phase is next; whoever raises it has claimed that task. The engine's thread
     *   claims like everybody else, so a helper that the system lets wait holds nobody up: what it does not claim
     *   others do. (Equal parts for all, fixed beforehand, wait for the slowest in every phase.) Who does what has no
     *   influence on what is done: tasks have nothing in common.
     *
     *   The number holds the phase too, so a helper that is late cannot claim what it has not seen: its claim fails
     *   once the phase is another one. A phase is over when as many tasks are done as there were, hence what belongs to
     *   it stands as long as anybody is at work on it.
     *
     * Waiting
     *
     *   A phase takes tens of microseconds, and to wake a thread takes as long. So helpers wait actively from phase to
     *   phase, and sleep during the forward pass. They are told beforehand how long that will take, and wake by
     *   themselves a little earlier; whoever sleeps all the same is woken, one by the other, so that the engine's
     *   thread pays for one of them at most.
     *
     * Failure
     *
     *   Tasks look after the failures of streams themselves. What a task throws all the same is thrown again by the
     *   engine's thread once all tasks are done.
     */

    private static final Logger LOG = LoggerFactory.getLogger(WorkingCrew.class);

    /** Fewer tasks are done sooner than others hear of them. */
    static final int LEAST_TASKS = 4;

    /** How long a helper waits actively for the next phase. */
    private static final long AWAKE_NANOS = 100_000;

    /** How much earlier than expected helpers wake: to wake takes that long, and a sixteenth of a pass is noise. */
    private static final long EARLY_NANOS = 80_000;

    private static final int EARLY_SHARE = 16;
    private static final long EARLIEST_NANOS = 400_000;

    /** Looks at a number that is about to change before others get the processor. */
    private static final int MOST_LOOKS = 20_000;

    private static final int FIELD = 16;
    private static final int MASK = (1 << FIELD) - 1;
    private static final long ONE_CLAIM = 1L << FIELD;

    private final LongSupplier clock;
    private final Helper[] helpers;

    /** Which phase it is, the next task of it, and how many there are. */
    private final AtomicLong claims = new AtomicLong();

    private final AtomicInteger done = new AtomicInteger();

    /** Of the phase; written before it begins. */
    private Task task = (_, _) -> {};

    private volatile @Nullable Throwable failure;

    /** When the next phase is expected, by the clock. */
    private volatile long expected;

    private boolean started;
    private volatile boolean closed;

    /**
     * Helpers that start when they are needed for the first time.
     *
     * @param clock the time that passes
     */
    WorkingCrew(int helpers, LongSupplier clock) {
        if (helpers < 0 || helpers > EngineOptions.MOST_HOST_THREADS) {
            throw new IllegalArgumentException(helpers + " helpers; allowed: 0 to " + EngineOptions.MOST_HOST_THREADS);
        }
        this.clock = clock;
        expected = clock.getAsLong();
        this.helpers = new Helper[helpers];
        for (int i = 0; i < helpers; i++) {
            this.helpers[i] = new Helper(i + 1);
        }
    }

    @Override
    public int helpers() {
        return helpers.length;
    }

    @Override
    public void each(int count, Task each) {
        if (helpers.length == 0 || count < LEAST_TASKS || count > MASK || closed) {
            for (int index = 0; index < count; index++) {
                each.run(index, 0);
            }
            return;
        }
        if (!started) {
            start();
        }
        task = each;
        failure = null;
        done.set(0);
        claims.set((claims.get() >>> 2 * FIELD) + 1 << 2 * FIELD | count);
        wakeOne();
        work(0);
        for (int looks = 1; done.get() < count; looks++) {
            if (looks % MOST_LOOKS == 0) {
                Thread.yield();
            } else {
                Thread.onSpinWait();
            }
        }
        switch (failure) {
            case null -> {}
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException(failure);
        }
    }

    private void start() {
        started = true;
        try {
            for (Helper helper : helpers) {
                helper.thread.start();
            }
        } catch (OutOfMemoryError e) { // there may be no more threads
            LOG.warn("the helpers of an engine could not be started; it works alone", e);
            closed = true;
        }
    }

    private static boolean isWork(long state) {
        return (state >>> FIELD & MASK) < (state & MASK);
    }

    /** Claims tasks, and does them, until there are no more. */
    private void work(int worker) {
        for (long state = claims.get(); isWork(state); state = claims.get()) {
            if (claims.compareAndSet(state, state + ONE_CLAIM)) {
                try {
                    task.run((int) (state >>> FIELD) & MASK, worker);
                } catch (Throwable thrown) {
                    failure = thrown;
                } finally {
                    done.incrementAndGet();
                }
            }
        }
    }

    private void wakeOne() {
        for (Helper helper : helpers) {
            if (helper.asleep) {
                LockSupport.unpark(helper.thread);
                return;
            }
        }
    }

    @Override
    public void expect(double nanos) {
        if (helpers.length > 0) {
            long early = Math.min(EARLIEST_NANOS, EARLY_NANOS + (long) nanos / EARLY_SHARE);
            expected = clock.getAsLong() + Math.max(0, (long) nanos - early);
        }
    }

    @Override
    public void close() {
        closed = true;
        boolean interrupted = false;
        for (Helper helper : helpers) {
            LockSupport.unpark(helper.thread);
        }
        for (Helper helper : helpers) {
            while (helper.thread.isAlive()) {
                try {
                    helper.thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** One of the other threads. */
    private final class Helper implements Runnable {
        private final int worker;
        private final Thread thread;

        /** Whether it has to be woken, or is about to fall asleep. */
        private volatile boolean asleep;

        Helper(int worker) {
            this.worker = worker;
            thread = Thread.ofPlatform()
                    .name("aded-engine-helper-" + worker)
                    .daemon(true)
                    .unstarted(this);
        }

        @Override
        public void run() {
            long awakeUntil = clock.getAsLong() + AWAKE_NANOS;
            while (!closed) {
                Thread.interrupted(); // whoever interrupts it is not heard, and no task is to hear of it
                if (isWork(claims.get())) {
                    wakeOne();
                    work(worker);
                    awakeUntil = clock.getAsLong() + AWAKE_NANOS;
                    continue;
                }
                long now = clock.getAsLong();
                long until = expected;
                boolean due = now - until >= 0 && now - until < EARLIEST_NANOS + AWAKE_NANOS;
                if (due || now - awakeUntil < 0) {
                    Thread.onSpinWait();
                } else {
                    sleep(until - now);
                }
            }
        }

        /** Sleeps for so long, or, if that is past, until it is woken. */
        private void sleep(long nanos) {
            asleep = true;
            if (!isWork(claims.get()) && !closed) {
                if (nanos > 0) {
                    LockSupport.parkNanos(WorkingCrew.this, nanos);
                } else {
                    LockSupport.park(WorkingCrew.this);
                }
            }
            asleep = false;
        }
    }
}
