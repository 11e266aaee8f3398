package io.aded.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.aded.model.AdedException;
import io.aded.model.Patience;
import io.opentelemetry.context.Context;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PreparationPoolTest {
    private static final Duration LONG = Duration.ofMinutes(5);

    private final AtomicLong clock = new AtomicLong(1_000);
    private final CountDownLatch release = new CountDownLatch(1);
    private @Nullable PreparationPool pool;

    @AfterEach
    void close() {
        release.countDown();
        if (pool != null) {
            pool.close();
        }
    }

    private PreparationPool pool(int threads, int perCaller, int waiting) {
        pool = new PreparationPool(new PreparationLimits(threads, perCaller, waiting, LONG), clock::get);
        return pool;
    }

    private static Caller caller(String name) {
        return new Caller(name, Long.MAX_VALUE, Context.root());
    }

    /** Runs it as a call would, on a thread of its own. */
    private static <T> CompletableFuture<T> async(PreparationPool pool, Caller caller, PreparationPool.Job<T> job) {
        CompletableFuture<T> outcome = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                outcome.complete(pool.run(caller, job));
            } catch (Throwable e) { // looked at by the test
                outcome.completeExceptionally(e);
            }
        });
        return outcome;
    }

    private PreparationPool.Job<Boolean> blocking(AtomicInteger begun) {
        return () -> {
            begun.incrementAndGet();
            try {
                release.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return true;
        };
    }

    @Test
    void run_workThatFails_failsForWhoAskedWithTheSame() {
        PreparationPool pool = pool(1, 1, 8);
        var error = new OutOfMemoryError("of a request");

        assertThat(pool.run(caller("a"), () -> 7)).isEqualTo(7);
        assertThatThrownBy(() -> pool.run(caller("a"), () -> {
                    throw error;
                }))
                .isSameAs(error);
        assertThat(pool.run(caller("a"), () -> 8)).isEqualTo(8);
    }

    @Test
    void run_oneCallerSendsManySlowOnes_othersAreServedMeanwhile() {
        PreparationPool pool = pool(2, 1, 64);
        AtomicInteger begun = new AtomicInteger();
        for (int i = 0; i < 20; i++) {
            async(pool, caller("greedy"), blocking(begun));
        }
        await().until(() -> pool.waiting() == 19);

        for (int i = 0; i < 5; i++) {
            assertThat(async(pool, caller("other"), () -> 1)).succeedsWithin(LONG);
        }

        assertThat(begun).hasValue(1);
    }

    @Test
    void run_linesOfSeveralCallers_takeTurns() {
        PreparationPool pool = pool(1, 1, 64);
        AtomicInteger begun = new AtomicInteger();
        async(pool, caller("first"), blocking(begun));
        await().until(() -> begun.get() == 1);
        List<String> order = new ArrayList<>();
        List<CompletableFuture<Boolean>> all = new ArrayList<>();
        for (String name : List.of("a", "a", "a", "b", "c", "b")) {
            int before = pool.waiting();
            all.add(async(pool, caller(name), () -> order.add(name)));
            await().until(() -> pool.waiting() == before + 1);
        }

        release.countDown();

        assertThat(CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)))
                .succeedsWithin(LONG);
        assertThat(order).containsExactly("a", "b", "c", "a", "b", "a");
    }

    @Test
    void run_deadlinePassesWhileWorking_answersAtOnceAndStopsTheWork() {
        PreparationPool pool = pool(1, 1, 4);
        var inTime = new Caller("a", clock.get() + Duration.ofMillis(50).toNanos(), Context.root());
        AtomicBoolean stopped = new AtomicBoolean();

        assertThatThrownBy(() -> pool.run(inTime, () -> {
                    try {
                        clock.addAndGet(Duration.ofMillis(60).toNanos());
                        while (true) {
                            Patience.check();
                        }
                    } finally {
                        stopped.set(true);
                    }
                }))
                .isInstanceOf(AdedException.DeadlineExceeded.class);

        await().untilTrue(stopped);
        assertThat(pool.run(caller("a"), () -> 3)).isEqualTo(3);
    }

    @Test
    void run_deadlinePassesInNativeWork_answersAtOnceThough() {
        PreparationPool pool = new PreparationPool(new PreparationLimits(1, 1, 4, LONG), System::nanoTime);
        this.pool = pool;
        var inTime = new Caller("a", System.nanoTime() + Duration.ofMillis(50).toNanos(), Context.root());

        assertThatThrownBy(() -> pool.run(inTime, blocking(new AtomicInteger()))) // which never asks
                .isInstanceOf(AdedException.DeadlineExceeded.class);
    }

    @Test
    void run_deadlineHasPassed_neverBegins() {
        PreparationPool pool = pool(1, 1, 4);
        AtomicBoolean never = new AtomicBoolean();

        assertThatThrownBy(() -> pool.run(new Caller("a", 999, Context.root()), new PreparationPool.Job<Boolean>() {
                    @Override
                    public Boolean work() {
                        throw new AssertionError("too late");
                    }

                    @Override
                    public void neverBegun() {
                        never.set(true);
                    }
                }))
                .isInstanceOf(AdedException.DeadlineExceeded.class);

        assertThat(never).isTrue();
    }

    /** Somebody who can leave. */
    private static final class Leaving implements Departure {
        private final List<Runnable> watchers = new ArrayList<>();
        private boolean gone;

        @Override
        public synchronized boolean hasHappened() {
            return gone;
        }

        @Override
        public synchronized Watch watch(Runnable woken) {
            watchers.add(woken);
            if (gone) {
                woken.run();
            }
            return () -> {};
        }

        synchronized void leave() {
            gone = true;
            watchers.forEach(Runnable::run);
        }
    }

    @Test
    void run_callerLeavesWhileWaiting_neverBegins() {
        PreparationPool pool = pool(1, 1, 4);
        async(pool, caller("a"), blocking(new AtomicInteger()));
        var leaving = new Leaving();
        AtomicBoolean never = new AtomicBoolean();
        AtomicBoolean begun = new AtomicBoolean();
        var outcome = async(
                pool,
                new Caller("b", Long.MAX_VALUE, Context.root(), "b", leaving),
                new PreparationPool.Job<Boolean>() {
                    @Override
                    public Boolean work() {
                        begun.set(true);
                        return true;
                    }

                    @Override
                    public void neverBegun() {
                        never.set(true);
                    }
                });
        await().until(() -> pool.waiting() == 1);

        leaving.leave();

        assertThat(outcome).failsWithin(LONG).withThrowableThat().withCauseInstanceOf(AdedException.Cancelled.class);
        assertThat(never).isTrue();
        assertThat(pool.waiting()).isZero();
        release.countDown();
        assertThat(pool.run(caller("c"), () -> 1)).isEqualTo(1);
        assertThat(begun).isFalse();
    }

    @Test
    void run_workTakesLongerThanAnyMay_isStopped() {
        PreparationPool pool = pool(1, 1, 4);

        assertThatThrownBy(() -> pool.run(caller("a"), () -> {
                    while (true) {
                        clock.addAndGet(Duration.ofSeconds(1).toNanos());
                        Patience.check();
                    }
                }))
                .isInstanceOf(AdedException.ResourceExhausted.class)
                .hasMessageContaining("allowed: 300000 ms");
    }

    /** Has worked for 30 ms, by the test's clock, and goes on until it is told to stop. */
    private PreparationPool.Job<Boolean> working(AtomicBoolean begun, AtomicBoolean enough) {
        return () -> {
            for (int i = 0; i < 30; i++) {
                clock.addAndGet(Duration.ofMillis(1).toNanos());
                Patience.check();
            }
            begun.set(true);
            while (!enough.get()) {
                Patience.check();
                Thread.onSpinWait();
            }
            return true;
        };
    }

    @Test
    void submit_threadWasWokenForAnotherAMomentAgo_isNotCountedOnAgain() {
        PreparationPool pool = pool(2, 1, 8);
        assertThat(pool.run(caller("a"), () -> 1)).isEqualTo(1);
        await().until(() -> pool.idle() == 1);
        AtomicInteger begun = new AtomicInteger();

        pool.submit(caller("b"), blocking(begun)); // wakes the idle thread, which still counts as idle
        pool.submit(caller("c"), blocking(begun));

        await().until(() -> begun.get() == 2);
    }

    @Test
    void run_workTurnsOutToBeLong_makesRoomForTheShortOfAll() {
        PreparationPool pool = pool(2, 1, 8);
        AtomicBoolean enough = new AtomicBoolean();
        List<CompletableFuture<Boolean>> all = new ArrayList<>();
        for (String name : List.of("a", "b")) {
            AtomicBoolean begun = new AtomicBoolean();
            all.add(async(pool, caller(name), working(begun, enough)));
            await().untilTrue(begun);
        }

        assertThat(async(pool, caller("c"), () -> 3)).succeedsWithin(LONG);
        assertThat(async(pool, caller("a"), () -> 1)).succeedsWithin(LONG);

        assertThat(all).noneMatch(CompletableFuture::isDone);
        enough.set(true);
        assertThat(all).allSatisfy(outcome -> assertThat(outcome).succeedsWithin(LONG));
        assertThat(pool.run(caller("d"), () -> 4)).isEqualTo(4);
    }

    @Test
    void run_longWorkWhileTurnsAreAnswered_takesAnEighthOfTheCores() {
        AtomicBoolean busy = new AtomicBoolean(true);
        AtomicLong paused = new AtomicLong();
        PreparationPool pool =
                new PreparationPool(new PreparationLimits(2, 1, 4, LONG), clock::get, busy::get, nanos -> {
                    paused.addAndGet(nanos);
                    clock.addAndGet(nanos);
                });
        this.pool = pool;
        PreparationPool.Job<Boolean> hundredMillis = () -> {
            for (int i = 0; i < 100; i++) {
                clock.addAndGet(Duration.ofMillis(1).toNanos());
                Patience.check();
            }
            return true;
        };

        pool.run(caller("a"), hundredMillis);

        // Five milliseconds may pass for short. From then on: a quarter of one core, of two.
        assertThat(Duration.ofNanos(paused.get())).isEqualTo(Duration.ofMillis(288));
        busy.set(false);
        pool.run(caller("a"), hundredMillis);
        assertThat(Duration.ofNanos(paused.get())).isEqualTo(Duration.ofMillis(288));
    }

    @Test
    void run_longWorkForWhichThereIsNoRoom_pausesAsWell() throws InterruptedException {
        AtomicBoolean isSecond = new AtomicBoolean();
        AtomicLong paused = new AtomicLong();
        PreparationPool pool =
                new PreparationPool(new PreparationLimits(2, 1, 4, LONG), clock::get, () -> true, nanos -> {
                    if (isSecond.get()) {
                        paused.addAndGet(nanos);
                    }
                });
        this.pool = pool;
        CountDownLatch isLong = new CountDownLatch(1);
        var first = async(pool, caller("a"), () -> {
            clock.addAndGet(Duration.ofMillis(5).toNanos());
            Patience.check(); // goes on beside the pool
            isLong.countDown();
            return blocking(new AtomicInteger()).work();
        });
        isLong.await();
        isSecond.set(true);

        pool.run(caller("a"), () -> {
            for (int i = 0; i < 15; i++) {
                clock.addAndGet(Duration.ofMillis(1).toNanos());
                Patience.check();
            }
            return true;
        });

        // Two share a quarter of a core: from the fifth millisecond on, seven are paused for each that is worked.
        assertThat(Duration.ofNanos(paused.get())).isEqualTo(Duration.ofMillis(77));
        assertThat(first).isNotDone();
    }

    @Test
    void run_longWorkThatPauses_isTimedWithoutItsPauses() {
        PreparationPool pool = new PreparationPool(
                new PreparationLimits(2, 1, 4, Duration.ofMillis(150)), clock::get, () -> true, clock::addAndGet);
        this.pool = pool;
        AtomicInteger worked = new AtomicInteger();

        assertThatThrownBy(() -> pool.run(caller("a"), () -> {
                    while (true) {
                        clock.addAndGet(Duration.ofMillis(1).toNanos());
                        Patience.check();
                        worked.incrementAndGet();
                    }
                }))
                .isInstanceOf(AdedException.ResourceExhausted.class)
                .hasMessageContaining("allowed: 150 ms");

        assertThat(worked).hasValue(150);
    }

    @Test
    void run_tooManyWait_isRefusedAndSaysWhatIsAllowed() {
        PreparationPool pool = pool(1, 1, 4);
        for (int i = 0; i < 3; i++) {
            int waiting = i;
            async(pool, caller("a"), blocking(new AtomicInteger()));
            await().until(() -> pool.waiting() == waiting);
        }

        assertThatThrownBy(() -> pool.run(caller("a"), () -> 1)) // half of those that may wait are one caller's
                .isInstanceOf(AdedException.ResourceExhausted.class)
                .hasMessageContaining("4 in all, 2 of one caller");
        async(pool, caller("b"), () -> 1);
        await().until(() -> pool.waiting() == 3);
    }

    @Test
    void close_whileSomeWait_refusesThem() {
        PreparationPool pool = pool(1, 1, 4);
        AtomicInteger begun = new AtomicInteger();
        async(pool, caller("a"), blocking(begun));
        await().until(() -> begun.get() == 1);
        var waiting = async(pool, caller("b"), () -> 1);
        await().until(() -> pool.waiting() == 1);

        pool.close();

        assertThat(waiting).failsWithin(LONG).withThrowableThat().withCauseInstanceOf(AdedException.Unavailable.class);
        assertThatThrownBy(() -> pool.run(caller("c"), () -> 1)).isInstanceOf(AdedException.Unavailable.class);
    }
}
