package io.aded.serving;

import io.aded.model.AdedException;
import io.aded.model.Patience;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Where requests are worked on before the engine hears of them: chat templates are rendered, text is split into tokens,
 * grammars are compiled. A few threads do it, so that it takes a bounded share of the machine, and no call that needs
 * none of it (health, what is served) ever waits for it.
 *
 * <p>Callers take turns: each has a line of its own, lines are served round-robin, and no line has all the threads.
 * Whoever asked waits without a thread of the machine, until the work is done, their deadline passes or they leave.
 * Work that has not begun by then never begins; work that has is told by {@link Patience}, and its place is taken until
 * it has listened.
 *
 * <p>Work that is long for its kind makes room, if its caller has none beside the pool yet: another thread takes its
 * place, and so what is short does not wait for what is long. While the engine has turns, all long work together, with
 * room of its own or without, takes a part of the cores only ({@link PreparationLimits#longWorkShare}), by pausing
 * after each slice: dear requests cost the others what ordinary ones would, they only take longer themselves.
 * Thread-safe.
 */
final class PreparationPool implements AutoCloseable {
    /** A thread with nothing to do ends after this, so that a pool that nobody closes leaves none. */
    private static final long IDLE_MILLIS = 5_000;
    /** Native tokenisers recurse over text; what is not touched of a stack costs no memory. */
    private static final long STACK_BYTES = 16L << 20;
    /** What people send takes less, a millisecond or two. */
    private static final long SHORT_NANOS = 5_000_000;
    /** How long long work goes on between two pauses, if it looks up so often: less than a forward pass takes. */
    private static final long SLICE_NANOS = 1_000_000;
    /** In a pause, whether it is still needed is looked up this often. */
    private static final long NAP_NANOS = 20_000_000;
    /** With pauses, work may take this many times longer than without. */
    private static final int MOST_STRETCH = 12;

    private final PreparationLimits limits;
    private final LongSupplier nanoClock;
    private final Object lock = new Object();
    private final Map<String, Line> lines = new HashMap<>();
    /** Lines with something waiting that may have one more thread, in the order in which it is their turn. */
    private final Queue<Line> turns = new ArrayDeque<>();

    /** Requests that may wait, of all callers together. */
    private int room;

    /** Without those that are at long work. */
    private int threads;

    private int idle;
    private int waiting;
    private boolean closed;
    /** Work that goes on beside the pool. */
    private int besides;
    /** Work that has turned out to be long, beside the pool or not. Written under the lock. */
    private volatile int longOnes;

    private final Demand demand;
    private final Nap nap;

    /** Whether somebody is being answered, who is to have the cores. */
    @FunctionalInterface
    interface Demand {
        /** At this moment, roughly; asked for often. */
        boolean isThere();
    }

    /** How a thread pauses. */
    @FunctionalInterface
    interface Nap {
        /** For so long at most. */
        void take(long nanos);
    }

    /** Work on one request. Exactly one of its methods is called, once. */
    interface Job<T> {
        /** Does it. */
        T work();

        /** It will never be done. */
        default void neverBegun() {}
    }

    /** One caller's. */
    private static final class Line {
        final String caller;
        final Queue<Ticket<?>> waiting = new ArrayDeque<>();
        /** Without what goes on beside the pool. */
        int running;

        int besides;
        boolean queued;

        Line(String caller) {
            this.caller = caller;
        }
    }

    PreparationPool(PreparationLimits limits, LongSupplier nanoClock) {
        this(limits, nanoClock, () -> false, LockSupport::parkNanos);
    }

    /**
     * A pool without a thread yet.
     *
     * @param demand whether long work is to pause
     * @param nap how it does
     */
    PreparationPool(PreparationLimits limits, LongSupplier nanoClock, Demand demand, Nap nap) {
        this.limits = limits;
        this.nanoClock = nanoClock;
        this.demand = demand;
        this.nap = nap;
        this.room = limits.waiting();
    }

    /**
     * Lets at least so many requests of any one caller wait. Who may wait for the engine must not be turned away here.
     *
     * @param requests that the engines take, running and waiting
     */
    void provideFor(int requests) {
        synchronized (lock) {
            room = limits.waitingFor(requests);
        }
    }

    /** A job and who waits for it. */
    final class Ticket<T> implements Patience.Limit {
        final Caller caller;
        final Job<T> job;
        final Line line;
        final CountDownLatch awaited = new CountDownLatch(1);
        // Of the thread that works.
        private long begun;
        private long sliceBegun;
        /** Before the slice, without pauses. */
        private long worked;

        private boolean isLong;
        private boolean isBeside;
        /** Nobody waits any more. */
        volatile boolean abandoned;

        // Guarded by the lock.
        boolean running;
        boolean done;

        @Nullable
        T result;

        @Nullable
        Throwable failure;

        Ticket(Caller caller, Job<T> job, Line line) {
            this.caller = caller;
            this.job = job;
            this.line = line;
        }

        @Override
        public void check() {
            long now = nanoClock.getAsLong();
            requireWanted(now);
            long slice = now - sliceBegun;
            if (worked + slice > limits.longest().toNanos()
                    || now - begun > MOST_STRETCH * limits.longest().toNanos()) {
                throw AdedException.ResourceExhausted.forGood(
                        "PREPARATION_LIMIT",
                        "the request takes longer to be made ready for the model than any may: allowed: "
                                + limits.longest().toMillis() + " ms for template, tokens and grammar");
            }
            if (slice < SLICE_NANOS) {
                return;
            }
            worked += slice;
            if (!isLong && worked >= SHORT_NANOS) {
                isLong = true;
                isBeside = makeRoom(line);
            }
            if (isLong) {
                pause((long) (slice * (longOnes / limits.longWorkShare() - 1)));
            }
            sliceBegun = nanoClock.getAsLong();
        }

        private void requireWanted(long now) {
            if (isLate(caller, now)) {
                throw late();
            }
            if (abandoned) {
                throw new AdedException.Cancelled("the caller has left");
            }
        }

        private void pause(long nanos) {
            for (long left = nanos; left > 0 && demand.isThere(); left -= NAP_NANOS) {
                nap.take(Math.min(left, NAP_NANOS));
                requireWanted(nanoClock.getAsLong());
            }
        }

        /** On a thread of the pool. */
        void play() {
            begun = nanoClock.getAsLong();
            sliceBegun = begun;
            T made = null;
            Throwable thrown = null;
            try {
                made = Patience.during(this, job::work);
            } catch (Throwable e) { // handed to who waits
                thrown = e;
            }
            synchronized (lock) {
                if (isLong) {
                    longOnes--;
                }
                done = true;
                result = made;
                failure = thrown;
            }
            awaited.countDown();
        }
    }

    /**
     * Has work done, and waits for it.
     *
     * @return what it made
     * @throws AdedException.ResourceExhausted if too much is waiting already
     * @throws AdedException.DeadlineExceeded at the caller's deadline
     * @throws AdedException.Cancelled if the caller has left
     */
    <T> T run(Caller caller, Job<T> job) {
        Ticket<T> ticket;
        try {
            ticket = submit(caller, job);
        } catch (AdedException refused) {
            job.neverBegun();
            throw refused;
        }
        boolean interrupted = false;
        try (Departure.Watch _ = caller.departure().watch(ticket.awaited::countDown)) {
            await(ticket);
        } catch (InterruptedException e) {
            interrupted = true;
        }
        boolean never;
        synchronized (lock) {
            if (ticket.done) {
                return outcome(ticket);
            }
            ticket.abandoned = true;
            never = !ticket.running && ticket.line.waiting.remove(ticket);
            if (never) {
                waiting--;
                forget(ticket.line);
            }
        }
        if (never) {
            job.neverBegun();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        throw closedOr(
                isLate(caller, nanoClock.getAsLong())
                        ? late()
                        : new AdedException.Cancelled("the caller left before the request was ready"));
    }

    private AdedException closedOr(AdedException reason) {
        synchronized (lock) {
            return closed ? Backend.drainingNow() : reason;
        }
    }

    private void await(Ticket<?> ticket) throws InterruptedException {
        long deadline = ticket.caller.deadlineNanos();
        if (deadline == Long.MAX_VALUE) {
            ticket.awaited.await();
            return;
        }
        long left = deadline - nanoClock.getAsLong();
        while (left > 0 && !ticket.awaited.await(left, TimeUnit.NANOSECONDS)) {
            left = deadline - nanoClock.getAsLong();
        }
    }

    @SuppressWarnings("NullAway") // what the job returned, which may be null only if T may
    private static <T> T outcome(Ticket<T> ticket) {
        Throwable failure = ticket.failure;
        switch (failure) {
            case null -> {}
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException(failure);
        }
        return ticket.result;
    }

    /** A job that is in its line, or refused; {@link #run} waits for it. */
    <T> Ticket<T> submit(Caller caller, Job<T> job) {
        if (isLate(caller, nanoClock.getAsLong())) {
            throw late();
        }
        synchronized (lock) {
            if (closed) {
                throw Backend.drainingNow();
            }
            Line line = lines.computeIfAbsent(caller.share(), Line::new);
            int most = Math.max(1, room / 2);
            boolean free = line.running < limits.perCaller() && threads - idle < limits.threads();
            if (!free && (waiting >= room || line.waiting.size() >= most)) {
                forget(line);
                throw new AdedException.ResourceExhausted(
                        "PREPARATION_QUEUE_FULL",
                        "too many requests wait to be made ready for the model; allowed: " + room + " in all, " + most
                                + " of one caller; try again later",
                        Duration.ofSeconds(1));
            }
            Ticket<T> ticket = new Ticket<>(caller, job, line);
            line.waiting.add(ticket);
            waiting++;
            offer(line);
            wakeOne();
            return ticket;
        }
    }

    /** Sees to it that a thread looks for what may be done now; under the lock. */
    private void wakeOne() {
        if (idle > 0) {
            lock.notify();
        }
        // A thread that was woken for another request a moment ago still counts as idle.
        if (waiting > idle && threads < limits.threads()) {
            threads++;
            Thread.ofPlatform()
                    .name("aded-prepare-", threads)
                    .daemon(true)
                    .stackSize(STACK_BYTES)
                    .inheritInheritableThreadLocals(false)
                    .start(this::work);
        }
    }

    /** Work has turned out to be long: its thread and its place are free for what is not. False if it may not. */
    private boolean makeRoom(Line line) {
        synchronized (lock) {
            longOnes++;
            if (besides >= limits.longWork() || line.besides >= Math.max(1, limits.longWork() / 2)) {
                return false;
            }
            besides++;
            line.besides++;
            line.running--;
            threads--;
            offer(line);
            wakeOne();
            return true;
        }
    }

    /** Work beside the pool is done; under the lock. False if its thread is one too many by now. */
    private boolean rejoin(Line line) {
        besides--;
        line.besides--;
        forget(line);
        if (threads >= limits.threads()) {
            return false;
        }
        threads++;
        return true;
    }

    /** Gives a line a turn, if it has something to do and may have one more thread; under the lock. */
    private void offer(Line line) {
        if (!line.queued && !line.waiting.isEmpty() && line.running < limits.perCaller()) {
            line.queued = true;
            turns.add(line);
        }
    }

    private void forget(Line line) {
        if (line.waiting.isEmpty() && line.running == 0 && line.besides == 0) {
            lines.remove(line.caller, line);
        }
    }

    private void work() {
        Done done = playNext(null);
        while (done != null) {
            done = playNext(done);
        }
    }

    /** What a thread has just done: of its ticket no more is kept while it waits for the next one. */
    private record Done(Line line, boolean wasBeside) {}

    private @Nullable Done playNext(@Nullable Done before) {
        Ticket<?> ticket = next(before);
        if (ticket == null) {
            return null;
        }
        ticket.play();
        return new Done(ticket.line, ticket.isBeside);
    }

    /** The next job, or null when the thread is to end. */
    private @Nullable Ticket<?> next(@Nullable Done before) {
        synchronized (lock) {
            if (before != null && before.wasBeside()) {
                if (!rejoin(before.line())) {
                    return null;
                }
            } else if (before != null) {
                before.line().running--;
                offer(before.line());
                forget(before.line());
            }
            while (true) {
                for (Line line = turns.poll(); line != null; line = turns.poll()) {
                    line.queued = false;
                    Ticket<?> ticket = line.waiting.poll();
                    if (ticket == null) { // whoever waited has left
                        continue;
                    }
                    waiting--;
                    line.running++;
                    ticket.running = true;
                    offer(line);
                    return ticket;
                }
                if (closed || !waitForMore()) {
                    threads--;
                    return null;
                }
            }
        }
    }

    /** Waits until there may be something to do. False if there was nothing for long. */
    private boolean waitForMore() {
        idle++;
        try {
            long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(IDLE_MILLIS);
            while (turns.isEmpty() && !closed) {
                long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
                if (left <= 0) {
                    return false;
                }
                lock.wait(left);
            }
            return true;
        } catch (InterruptedException e) {
            return false;
        } finally {
            idle--;
        }
    }

    private static boolean isLate(Caller caller, long now) {
        return caller.deadlineNanos() != Long.MAX_VALUE && now - caller.deadlineNanos() >= 0;
    }

    private static AdedException.DeadlineExceeded late() {
        return new AdedException.DeadlineExceeded(
                "DEADLINE", "the deadline passed before the request was ready for the model");
    }

    /** Threads that wait for something to do. */
    int idle() {
        synchronized (lock) {
            return idle;
        }
    }

    /** Requests that wait for a thread. */
    int waiting() {
        synchronized (lock) {
            return waiting;
        }
    }

    /** Takes no more; what waits is refused, and threads end when they have done what they are at. */
    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
            lock.notifyAll();
            for (Line line : lines.values()) {
                line.waiting.forEach(ticket -> ticket.awaited.countDown());
            }
        }
    }
}
