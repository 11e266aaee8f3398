package io.aded.lab.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.engine.DraftPolicy;
import io.aded.lab.report.Machine;
import io.aded.lab.report.Progress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The arithmetic of a run: a server and a clock that do what they are told. */
@Timeout(60)
class LoadRunTest {
    private static final long MILLI = 1_000_000L;

    /** Time passes only while someone waits for it. */
    private static class TestPace implements Pace {
        final AtomicLong now = new AtomicLong(1_000_000_000L);
        volatile boolean stopped;

        @Override
        public long nanos() {
            return now.get();
        }

        @Override
        public boolean sleepUntil(long nanos) {
            now.accumulateAndGet(nanos, Math::max);
            return !stopped;
        }

        @Override
        public void stop() {
            stopped = true;
        }
    }

    /** What a scripted server does with a question. */
    private interface Script {
        Reply answer(Job.Question question, Timeline timeline) throws InterruptedException;
    }

    private static final class TestTarget implements Target {
        final Script script;
        final List<String> asked = Collections.synchronizedList(new ArrayList<>());
        final CountDownLatch cancelled = new CountDownLatch(1);

        TestTarget(Script script) {
            this.script = script;
        }

        @Override
        public Machine.Served served() {
            return UNKNOWN;
        }

        @Override
        public Talk talk(@Nullable DraftPolicy draft) {
            return new Talk() {
                @Override
                public Reply ask(Job.Question question, Timeline timeline) throws InterruptedException {
                    asked.add((draft == null ? "served" : draft.mode().label()) + " " + question.text());
                    return script.answer(question, timeline);
                }

                @Override
                public void cancel() {
                    cancelled.countDown();
                }

                @Override
                public void close() {}
            };
        }

        @Override
        public void close() {}
    }

    private static final JobSource JOBS = JobSource.synthetic(new Length.Fixed(3), new Length.Fixed(4), 1, 1);

    private static Reply.Answered answered(long tokens) {
        return new Reply.Answered(new Reply.Usage(tokens, 10, 4, 5 * MILLI, 2, 2, 3, 2));
    }

    private static LoadRun run(Target target, Pace pace, LoadBounds bounds, LoadMode... modes) {
        return new LoadRun(target, List.of(modes), JOBS, bounds, pace, Progress.NONE);
    }

    @Test
    void play_oneStream_countsTokensOverTime() throws InterruptedException {
        TestPace pace = new TestPace();
        TestTarget target = new TestTarget((_, timeline) -> {
            pace.now.addAndGet(20 * MILLI);
            timeline.arrived(1);
            pace.now.addAndGet(30 * MILLI);
            timeline.arrived(3);
            return answered(4);
        });
        Tally tally = run(target, pace, new LoadBounds(10, 0, 2, 3, 1), LoadMode.asServed(new Arrivals.Closed(1, 0)))
                .play()
                .getFirst();

        assertThat(target.asked).as("three of warm-up are asked, too").hasSize(13);
        assertThat(tally.answered()).isEqualTo(10);
        assertThat(tally.tokens()).isEqualTo(40);
        assertThat(tally.tokensPerSecond()).isEqualTo(80.0);
        assertThat(tally.callsPerSecond()).isEqualTo(20.0);
        assertThat(tally.blocks()).extracting(Tally.Block::answered).containsExactly(5, 5);
        assertThat(tally.times(Measure.FIRST_TOKEN).getMaxValue()).isBetween(19_900L, 20_100L);
        assertThat(tally.times(Measure.WHOLE).getMaxValue()).isBetween(49_900L, 50_100L);
        assertThat(tally.times(Measure.PAUSE).getTotalCount()).isEqualTo(10);
        assertThat(tally.times(Measure.INTER_TOKEN).getTotalCount()).isEqualTo(30);
        assertThat(tally.times(Measure.INTER_TOKEN).getMaxValue()).isBetween(9_900L, 10_100L);
        assertThat(tally.times(Measure.QUEUE).getTotalCount()).isEqualTo(10);
        assertThat(tally.meanAcceptanceLength()).isEqualTo(2.0);
        assertThat(tally.tokensPerPass()).isEqualTo(2.0);
    }

    @Test
    void play_openLoopBehindAStall_countsFromTheIntendedStart() throws InterruptedException {
        TestPace pace = new TestPace();
        AtomicInteger calls = new AtomicInteger();
        // The first call stalls for a second; ten more were to begin meanwhile, 100 ms apart, and one may be
        // outstanding.
        TestTarget target = new TestTarget((_, timeline) -> {
            pace.now.addAndGet(calls.getAndIncrement() == 0 ? 1000 * MILLI : MILLI);
            timeline.arrived(1);
            return answered(1);
        });
        Tally tally = run(
                        target,
                        pace,
                        new LoadBounds(11, 0, 1, 0, 1),
                        LoadMode.asServed(new Arrivals.Open(10, false, 1)))
                .play()
                .getFirst();

        assertThat(tally.answered()).isEqualTo(11);
        // Counted from when they were sent, all but one would have taken a millisecond.
        assertThat(tally.times(Measure.WHOLE).getMaxValue()).isGreaterThanOrEqualTo(999_000L);
        assertThat(tally.times(Measure.WHOLE).getMean() / 1000).isGreaterThan(90);
        assertThat(tally.times(Measure.START_DELAY).getTotalCount()).isEqualTo(11);
    }

    @Test
    void play_modes_takeTurnsInBlocksWithTheSameJobs() throws InterruptedException {
        TestPace pace = new TestPace();
        TestTarget target = new TestTarget((_, timeline) -> {
            pace.now.addAndGet(MILLI);
            timeline.arrived(1);
            return answered(1);
        });
        List<LoadMode> modes = LoadMode.parse("off,auto", new Arrivals.Closed(1, 0));
        List<Tally> tallies =
                new LoadRun(target, modes, JOBS, new LoadBounds(6, 0, 3, 0, 1), pace, Progress.NONE).play();

        assertThat(target.asked).hasSize(12);
        for (int block = 0; block < 3; block++) {
            List<String> part = target.asked.subList(block * 4, block * 4 + 4);
            assertThat(part.subList(0, 2))
                    .as("one mode at a time")
                    .allMatch(asked -> asked.startsWith(part.getFirst().split(" ")[0] + " "));
            assertThat(part.subList(0, 2).stream().map(asked -> asked.split(" ", 2)[1]))
                    .isEqualTo(part.subList(2, 4).stream()
                            .map(asked -> asked.split(" ", 2)[1])
                            .toList());
        }
        assertThat(tallies.get(1).against(tallies.get(0), 1).estimate()).isEqualTo(1.0);
        assertThat(tallies.get(1).against(tallies.get(0), 1).hasBounds()).isTrue();
    }

    @Test
    void play_failures_areCountedByStatusAndNotTimed() throws InterruptedException {
        TestPace pace = new TestPace();
        AtomicInteger calls = new AtomicInteger();
        TestTarget target = new TestTarget((_, timeline) -> switch (calls.getAndIncrement() % 3) {
            case 0 -> new Reply.Failed("RESOURCE_EXHAUSTED", true);
            case 1 -> Reply.UNAVAILABLE;
            default -> {
                timeline.arrived(2);
                yield answered(2);
            }
        });
        Tally tally = run(target, pace, new LoadBounds(9, 0, 1, 0, 1), LoadMode.asServed(new Arrivals.Closed(1, 0)))
                .play()
                .getFirst();

        assertThat(tally.answered()).isEqualTo(3);
        assertThat(tally.rejected()).isEqualTo(3);
        assertThat(tally.failed()).isEqualTo(3);
        assertThat(tally.failures()).containsEntry("RESOURCE_EXHAUSTED", 3).containsEntry("UNAVAILABLE", 3);
        assertThat(tally.times(Measure.WHOLE).getTotalCount()).isEqualTo(3);
        assertThat(pace.nanos()).as("refused callers wait a little").isGreaterThan(1_000_000_000L + 500 * MILLI);
    }

    @Test
    void play_duration_beginsNoMoreCallsWhenItIsOver() throws InterruptedException {
        TestPace pace = new TestPace();
        TestTarget target = new TestTarget((_, timeline) -> {
            pace.now.addAndGet(300 * MILLI);
            timeline.arrived(1);
            return answered(1);
        });
        Tally tally = run(
                        target,
                        pace,
                        new LoadBounds(0, 1000 * MILLI, 1, 0, 1),
                        LoadMode.asServed(new Arrivals.Closed(1, 0)))
                .play()
                .getFirst();

        assertThat(tally.answered()).as("begun at 0, 300, 600 and 900 ms").isEqualTo(4);
    }

    @Test
    void play_think_waitsBetweenQuestions() throws InterruptedException {
        TestPace pace = new TestPace();
        long start = pace.nanos();
        TestTarget target = new TestTarget((_, timeline) -> {
            pace.now.addAndGet(50 * MILLI);
            timeline.arrived(1);
            return answered(1);
        });
        Tally tally = run(
                        target,
                        pace,
                        new LoadBounds(3, 0, 1, 0, 1),
                        LoadMode.asServed(new Arrivals.Closed(1, 2000 * MILLI)))
                .play()
                .getFirst();

        assertThat(pace.nanos() - start).isEqualTo(3 * 2050 * MILLI);
        assertThat(tally.times(Measure.WHOLE).getMaxValue())
                .as("thinking is no latency")
                .isBetween(49_900L, 50_100L);
    }

    @Test
    void play_turnWithoutAnswer_endsItsConversation() throws InterruptedException {
        AtomicInteger calls = new AtomicInteger();
        TestTarget target = new TestTarget(
                (_, _) -> calls.getAndIncrement() == 1 ? new Reply.Failed("INTERNAL", false, "a fault") : answered(1));
        JobSource conversations = JobSource.synthetic(new Length.Fixed(3), new Length.Fixed(4), 3, 1);
        Tally tally = new LoadRun(
                        target,
                        List.of(LoadMode.asServed(new Arrivals.Closed(1, 0))),
                        conversations,
                        new LoadBounds(2, 0, 1, 0, 1),
                        new TestPace(),
                        Progress.NONE)
                .play()
                .getFirst();

        assertThat(target.asked)
                .as("two turns of the first, three of the second")
                .hasSize(5);
        assertThat(tally.answered()).isEqualTo(4);
        assertThat(tally.failures()).containsExactly(Map.entry("INTERNAL", 1));
        assertThat(tally.reasons()).containsExactly(Map.entry("INTERNAL", "a fault"));
    }

    /** Lets the only call that may be outstanding end when the run has given up waiting for it. */
    private static final class HoldingPace extends TestPace {
        final Thread run = Thread.currentThread();
        final CountDownLatch gaveUp = new CountDownLatch(1);
        volatile boolean runWaits;

        @Override
        public long nanos() {
            if (runWaits && Thread.currentThread() == run) {
                gaveUp.countDown();
            }
            return super.nanos();
        }

        void awaitRunWaiting() {
            while (run.getState() != Thread.State.TIMED_WAITING) {
                Thread.onSpinWait();
            }
            runWaits = true;
        }
    }

    @Test
    void play_openLoopAtItsBound_reportsWhatWasHeldBack() throws InterruptedException {
        HoldingPace pace = new HoldingPace();
        AtomicInteger calls = new AtomicInteger();
        TestTarget target = new TestTarget((_, timeline) -> {
            if (calls.getAndIncrement() == 0) {
                pace.awaitRunWaiting();
            }
            timeline.arrived(1);
            return answered(1);
        });
        Tally tally = run(
                        target, pace, new LoadBounds(2, 0, 1, 0, 1), LoadMode.asServed(new Arrivals.Open(10, false, 1)))
                .play()
                .getFirst();

        assertThat(tally.answered()).isEqualTo(2);
        assertThat(tally.heldBack()).isEqualTo(1);
        assertThat(tally.unstarted()).isZero();
    }

    @Test
    void play_openLoopWhoseTimeIsUp_countsWhatCouldNotStart() throws InterruptedException {
        HoldingPace pace = new HoldingPace();
        TestTarget target = new TestTarget((_, timeline) -> {
            pace.awaitRunWaiting();
            pace.gaveUp.await();
            timeline.arrived(1);
            return answered(1);
        });
        // Due at 0, 20 and 40 ms; the first keeps the place.
        Tally tally = run(
                        target,
                        pace,
                        new LoadBounds(0, 60 * MILLI, 1, 0, 1),
                        LoadMode.asServed(new Arrivals.Open(50, false, 1)))
                .play()
                .getFirst();

        assertThat(tally.answered()).isEqualTo(1);
        assertThat(tally.heldBack()).isEqualTo(1);
        assertThat(tally.unstarted()).isEqualTo(2);
    }

    @Test
    void play_progress_saysThatAllIsDoneOnlyAtTheEnd() throws InterruptedException {
        TestPace pace = new TestPace();
        List<Integer> seen = Collections.synchronizedList(new ArrayList<>());
        TestTarget target = new TestTarget((_, _) -> answered(1));
        new LoadRun(
                        target,
                        LoadMode.parse("off,auto", new Arrivals.Closed(1, 0)),
                        JOBS,
                        new LoadBounds(4, 0, 2, 1, 1),
                        pace,
                        (done, of, _) -> {
                            assertThat(of).isEqualTo(8);
                            seen.add(done);
                        })
                .play();

        assertThat(seen.getLast()).isEqualTo(8);
        assertThat(seen.subList(0, seen.size() - 1)).isSorted().allMatch(done -> done < 8);
    }

    @Test
    void stop_whileCallsRun_endsWithPartialResults() throws InterruptedException {
        TestPace pace = new TestPace();
        CountDownLatch running = new CountDownLatch(2);
        AtomicInteger calls = new AtomicInteger();
        TestTarget[] holder = new TestTarget[1];
        TestTarget target = new TestTarget((_, timeline) -> {
            timeline.arrived(1);
            if (calls.getAndIncrement() < 3) {
                return answered(1);
            }
            running.countDown();
            assertThat(holder[0].cancelled.await(30, TimeUnit.SECONDS)).isTrue();
            return Reply.CANCELLED;
        });
        holder[0] = target;
        LoadRun run = run(target, pace, new LoadBounds(1000, 0, 1, 0, 1), LoadMode.asServed(new Arrivals.Closed(2, 0)));
        Thread stopper = Thread.ofVirtual().start(() -> {
            try {
                assertThat(running.await(30, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            run.stop();
        });
        Tally tally = run.play().getFirst();
        stopper.join();

        assertThat(run.isStopped()).isTrue();
        assertThat(tally.answered()).isEqualTo(3);
        assertThat(tally.interrupted()).isEqualTo(2);
        assertThat(tally.failed()).isZero();
        assertThat(tally.tokens()).isEqualTo(5);
    }
}
