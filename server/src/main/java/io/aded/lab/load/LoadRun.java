package io.aded.lab.load;

import io.aded.lab.report.Figures;
import io.aded.lab.report.Progress;
import io.aded.lab.report.RunOrder;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** One run: every mode is loaded in turn, block by block. {@link #stop} may be called from any thread. */
final class LoadRun {
    /*
     * Fair
     *
     *   A block is a range of jobs. All modes do the jobs of a block before the next block begins, in an order that
     *   changes from block to block, with the same prompts, lengths and, in open loop, times of arrival.
     *
     * Honest
     *
     *   In open loop a call is counted from the time at which it was to begin. What happens between that and its being
     *   sent (this program is late, or too many calls are outstanding) is part of its latency, and shown by itself.
     *
     * Bounded
     *
     *   Requests, time, outstanding calls, each answer's time. There are no queues: the next arrival is computed when
     *   the last one is on its way, and a caller of the closed loop is one virtual thread.
     */

    /** What is learned at first use (code, weights in memory, costs of passes) needs no long answers. */
    private static final int WARM_UP_TOKENS = 32;

    private static final int WARM_UP_STREAMS = 8;

    /** Each mode warms up in so many parts. */
    private static final int WARM_UP_TURNS = 3;

    /** No further call of a part begins after this, where there are many to a stream. */
    private static final long WARM_UP_NANOS = TimeUnit.SECONDS.toNanos(2);

    /** Between two health checks. */
    private static final long PROBE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    /** A caller who was refused does not ask again at once; else a full server would be asked by nobody else. */
    private static final long BREATHER_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private static final long REDRAW_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final Target target;
    private final List<LoadMode> modes;
    private final JobSource jobs;
    private final LoadBounds bounds;
    private final Pace pace;
    private final Progress progress;
    private final List<Tally> tallies;
    private final Set<Target.Talk> talks = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean stopped = new AtomicBoolean();

    LoadRun(Target target, List<LoadMode> modes, JobSource jobs, LoadBounds bounds, Pace pace, Progress progress) {
        this.target = target;
        this.modes = List.copyOf(modes);
        this.jobs = jobs;
        this.bounds = bounds;
        this.pace = pace;
        this.progress = progress;
        tallies = this.modes.stream().map(Tally::new).toList();
    }

    /** Loads the server until the bounds are reached or the run is stopped; one tally a mode, in their order. */
    List<Tally> play() throws InterruptedException {
        try (Meter meter = new Meter()) {
            // By turns, like what follows: code that one mode compiled is compiled anew when another runs it otherwise.
            for (int turn = 0; turn < WARM_UP_TURNS; turn++) {
                for (LoadMode mode : modes) {
                    warmUp(mode, turn, meter);
                }
            }
            RunOrder order = new RunOrder(modes.size(), bounds.seed());
            for (int block = 0; block < bounds.blocks(); block++) {
                Share share = new Share(
                        bounds.firstJob(block),
                        bounds.jobs(block),
                        bounds.blockNanos(),
                        bounds.seed() * 31 + block,
                        false);
                for (int place : order.order(block)) {
                    if (!stopped.get()) {
                        new Block(tallies.get(place), share, meter).play();
                    }
                }
            }
        }
        return tallies;
    }

    private void warmUp(LoadMode mode, int turn, Meter meter) throws InterruptedException {
        int calls = bounds.warmUp() * (turn + 1) / WARM_UP_TURNS - bounds.warmUp() * turn / WARM_UP_TURNS;
        if (calls > 0 && !stopped.get()) {
            int streams = mode.streams() == 0 ? WARM_UP_STREAMS : mode.streams();
            LoadMode closed = new LoadMode("warm-up " + mode.label(), mode.draft(), new Arrivals.Closed(streams, 0));
            // Who asks alone learns nothing more from as many questions as a crowd asks, unless they take no time.
            long most = calls <= WARM_UP_STREAMS * streams ? Long.MAX_VALUE : WARM_UP_NANOS;
            int first = LoadBounds.WARM_UP_JOBS + bounds.warmUp() * turn / WARM_UP_TURNS;
            Share share = new Share(first, calls, most, 0, true);
            new Block(new Tally(closed), share, meter).play();
        }
    }

    /**
     * What a mode does in a block.
     *
     * @param firstJob its number
     * @param count of jobs
     * @param nanos after which no more begin
     * @param seed of the arrivals
     * @param brief whether it is a warm-up, with short answers that are not counted
     */
    private record Share(int firstJob, int count, long nanos, long seed, boolean brief) {}

    /** Whether {@link #stop} was called. */
    boolean isStopped() {
        return stopped.get();
    }

    /** Sends nothing more and cancels what is running; {@link #play} then returns with what there is. */
    void stop() {
        stopped.set(true);
        pace.stop();
        talks.forEach(Target.Talk::cancel);
    }

    /** One mode's share of a block. */
    private final class Block {
        private final Tally tally;
        private final Share share;
        private final Meter meter;
        private final LongAdder arrivedTokens = new LongAdder();
        private final AtomicBoolean steady = new AtomicBoolean(true);
        private final long start = pace.nanos();
        private volatile boolean over;
        private volatile long steadyTokens;
        private volatile long steadyNanos;

        Block(Tally tally, Share share, Meter meter) {
            this.tally = tally;
            this.share = share;
            this.meter = meter;
        }

        void play() throws InterruptedException {
            meter.begin(tally.mode().label(), arrivedTokens);
            int attackers = share.brief() ? 0 : tally.mode().attackers();
            AutoCloseable attack = attackers == 0 ? () -> {} : target.attack(attackers, share.seed(), tally.attacks());
            Thread probe = Thread.ofVirtual().unstarted(this::probe);
            if (!share.brief() && modes.stream().anyMatch(mode -> mode.attackers() > 0)) {
                probe.start();
            }
            try {
                switch (tally.mode().arrivals()) {
                    case Arrivals.Closed closed -> closed(closed);
                    case Arrivals.Open open -> open(open);
                }
                endSteady();
            } finally {
                over = true;
                end(attack);
                if (probe.isAlive()) {
                    probe.join();
                }
            }
            tally.endBlock(pace.nanos() - start, steadyTokens, steadyNanos);
        }

        private static void end(AutoCloseable attack) throws InterruptedException {
            try {
                attack.close();
            } catch (InterruptedException | RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }

        /** Asks for health again and again. */
        private void probe() {
            try {
                do {
                    long asked = pace.nanos();
                    boolean healthy = target.isHealthy();
                    tally.health(pace.nanos() - asked, healthy);
                } while (!over && pace.sleepUntil(pace.nanos() + PROBE_NANOS));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private void closed(Arrivals.Closed closed) {
            AtomicInteger next = new AtomicInteger();
            try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int i = 0; i < closed.streams(); i++) {
                    callers.execute(() -> caller(closed, next));
                }
            }
        }

        private void caller(Arrivals.Closed closed, AtomicInteger next) {
            try {
                for (int i = next.getAndIncrement(); i < share.count() && !isOver(); i = next.getAndIncrement()) {
                    boolean answered = converse(share.firstJob() + i, pace.nanos(), closed.thinkNanos());
                    long pause = answered ? closed.thinkNanos() : Math.max(BREATHER_NANOS, closed.thinkNanos());
                    if (pause > 0 && !pace.sleepUntil(pace.nanos() + pause)) {
                        break;
                    }
                }
                endSteady();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private boolean isOver() {
            return stopped.get() || pace.nanos() - start >= share.nanos();
        }

        private void open(Arrivals.Open open) throws InterruptedException {
            Semaphore places = new Semaphore(open.mostOutstanding());
            Arrivals.Schedule schedule = open.schedule(share.seed());
            try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int i = 0; i < share.count(); i++) {
                    long due = schedule.next();
                    if (due >= share.nanos() || !pace.sleepUntil(start + due)) {
                        break;
                    }
                    if (!takePlace(places)) {
                        tally.unstarted(stopped.get() ? 0 : left(schedule, share.count() - i));
                        break;
                    }
                    int number = share.firstJob() + i;
                    callers.execute(() -> {
                        try {
                            converse(number, start + due, 0);
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        } finally {
                            places.release();
                        }
                    });
                }
                endSteady();
            }
        }

        /** False if the time is up before a call that is outstanding ends. */
        private boolean takePlace(Semaphore places) throws InterruptedException {
            if (places.tryAcquire()) {
                return true;
            }
            long from = pace.nanos();
            long most = share.nanos() == Long.MAX_VALUE ? share.nanos() : start + share.nanos() - from;
            boolean taken = places.tryAcquire(most, TimeUnit.NANOSECONDS);
            tally.heldBack(pace.nanos() - from);
            return taken && !stopped.get();
        }

        /** Arrivals that are still due in the block's time, the one that is at hand included. */
        private int left(Arrivals.Schedule schedule, int most) {
            int left = 1;
            while (left < most && schedule.next() < share.nanos()) {
                left++;
            }
            return left;
        }

        /** Asks all questions of a job; false if one was not answered. */
        private boolean converse(int number, long intended, long thinkNanos) throws InterruptedException {
            Job job = share.brief() ? jobs.job(number).brief(WARM_UP_TOKENS) : jobs.job(number);
            try (Target.Talk talk = target.talk(tally.mode().draft())) {
                talks.add(talk);
                try {
                    long due = intended;
                    for (Job.Question question : job.turns()) {
                        if (stopped.get()) {
                            return false;
                        }
                        Timeline timeline = new Timeline(pace::nanos, arrivedTokens);
                        long sent = pace.nanos();
                        Reply reply = talk.ask(question, timeline);
                        long ended = pace.nanos();
                        tally.add(due, sent, ended, timeline, reply, stopped.get());
                        if (!(reply instanceof Reply.Answered)) {
                            return false;
                        }
                        due = ended + thinkNanos;
                        if (thinkNanos > 0 && job.turns().getLast() != question && !pace.sleepUntil(due)) {
                            return false;
                        }
                    }
                    return true;
                } finally {
                    talks.remove(talk);
                    if (!share.brief()) {
                        meter.jobDone();
                    }
                }
            }
        }

        /** The load is no longer full: what was done until now is the steady part. Only the first call counts. */
        private void endSteady() {
            if (steady.compareAndSet(true, false)) {
                steadyNanos = pace.nanos() - start;
                steadyTokens = arrivedTokens.sum();
            }
        }
    }

    /** Tells how far the run is, a few times a second, if someone listens. */
    private final class Meter implements AutoCloseable {
        private final Object lock = new Object();
        private final long start = pace.nanos();
        private final Thread ticker;
        private String mode = "";
        private LongAdder tokens = new LongAdder();
        private long blockStart;
        private int done;
        private boolean over;

        Meter() {
            ticker = progress == Progress.NONE
                    ? Thread.ofVirtual().unstarted(() -> {})
                    : Thread.ofVirtual().start(this::tick);
        }

        private void tick() {
            try {
                while (pace.sleepUntil(pace.nanos() + REDRAW_NANOS)) {
                    synchronized (lock) {
                        if (over) {
                            return;
                        }
                        draw();
                    }
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        void begin(String label, LongAdder arrivedTokens) {
            synchronized (lock) {
                mode = label;
                tokens = arrivedTokens;
                blockStart = pace.nanos();
            }
        }

        void jobDone() {
            synchronized (lock) {
                done++;
            }
        }

        private void draw() {
            long now = pace.nanos();
            int at = bounds.requests() > 0 ? done : (int) ((now - start) / 1_000_000_000L);
            double speed = tokens.sum() / Math.max(1e-3, (now - blockStart) / 1e9);
            // Only the end may say that all is done: the bar is taken away then.
            progress.at(Math.min(at, total() - 1), total(), mode + ", " + Figures.number(speed, 0) + " tok/s");
        }

        private int total() {
            return bounds.requests() > 0
                    ? modes.size() * bounds.requests()
                    : (int) Math.max(1, modes.size() * bounds.nanos() / 1_000_000_000L);
        }

        @Override
        public void close() {
            ticker.interrupt();
            synchronized (lock) {
                over = true;
                progress.at(total(), total(), "done");
            }
        }
    }
}
