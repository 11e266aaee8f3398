package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkingCrewTest {
    private static final int TASKS = 8;

    /** Does as many tasks as there are workers, none of which ends before all have begun; returns who did them. */
    private static Set<Thread> together(Crew crew) {
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        CountDownLatch all = new CountDownLatch(1 + crew.helpers());
        crew.each(Math.max(WorkingCrew.LEAST_TASKS, 1 + crew.helpers()), (index, _) -> {
            threads.add(Thread.currentThread());
            all.countDown();
            if (index <= crew.helpers()) {
                awaitQuietly(all);
            }
        });
        return threads;
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3})
    void each_manySteps_everyTaskIsDoneOnceAndSeenAfterwards(int helpers) {
        try (Crew crew = Crew.of(helpers)) {
            AtomicIntegerArray busy = new AtomicIntegerArray(1 + helpers);
            int[] done = new int[40]; // plain: the step's end has to publish it
            for (int step = 0; step < 3_000; step++) {
                int count = step % 41;
                int expected = step;
                crew.each(count, (index, worker) -> {
                    assertThat(busy.incrementAndGet(worker)).isEqualTo(1);
                    done[index] += expected;
                    busy.decrementAndGet(worker);
                });
                for (int index = 0; index < 40; index++) {
                    assertThat(done[index]).isEqualTo(index < count ? expected : 0);
                }
                Arrays.fill(done, 0);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void each_longTasks_helpersTakeTheirShare(int helpers) {
        try (Crew crew = Crew.of(helpers)) {
            assertThat(together(crew)).hasSize(1 + helpers).contains(Thread.currentThread());
        }
    }

    @Test
    void each_fewTasks_isDoneByTheCallerInOrder() {
        try (Crew crew = Crew.of(2)) {
            StringBuilder order = new StringBuilder();
            crew.each(3, (index, worker) -> {
                assertThat(Thread.currentThread().getName()).doesNotContain("helper");
                order.append(index).append(worker);
            });
            assertThat(order).hasToString("001020");
        }
    }

    @Test
    void each_helpersAsleep_areWoken() {
        try (Crew crew = Crew.of(2)) {
            Set<Thread> threads = together(crew);
            threads.remove(Thread.currentThread());
            crew.expect(1e15);
            await().until(() -> threads.stream().allMatch(WorkingCrewTest::isAsleep));

            assertThat(together(crew)).containsAll(threads);
        }
    }

    private static boolean isAsleep(Thread thread) {
        return thread.getState() == Thread.State.WAITING || thread.getState() == Thread.State.TIMED_WAITING;
    }

    @Test
    void each_helperInterrupted_goesOnAndSleepsAgain() {
        try (Crew crew = Crew.of(1)) {
            Set<Thread> threads = together(crew);
            threads.remove(Thread.currentThread());
            Thread helper = threads.iterator().next();
            helper.interrupt();
            await().until(() -> !helper.isInterrupted());

            assertThat(together(crew)).contains(helper);
            await().until(() -> isAsleep(helper) && !helper.isInterrupted());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void each_taskThrows_othersAreDoneAndItIsThrownAgain(int helpers) {
        try (Crew crew = Crew.of(helpers)) {
            for (Throwable thrown : new Throwable[] {new IllegalStateException("x"), new StackOverflowError("y")}) {
                boolean[] done = new boolean[TASKS];
                assertThatThrownBy(() -> crew.each(TASKS, (index, _) -> {
                            done[index] = true;
                            switch (thrown) {
                                case Error error when index == 5 -> throw error;
                                case RuntimeException exception when index == 5 -> throw exception;
                                default -> {}
                            }
                        }))
                        .isSameAs(thrown);
                assertThat(done).containsOnly(true);
            }
            boolean[] done = new boolean[TASKS];
            crew.each(TASKS, (index, _) -> done[index] = true);
            assertThat(done).containsOnly(true);
        }
    }

    @Test
    void close_endsTheHelpers_andTheCallerGoesOnAlone() {
        Crew crew = Crew.of(2);
        Set<Thread> threads = together(crew);
        threads.remove(Thread.currentThread());
        Thread.currentThread().interrupt();

        crew.close();
        crew.close();

        assertThat(Thread.interrupted()).as("still interrupted").isTrue();
        assertThat(threads).hasSize(2).noneMatch(Thread::isAlive);
        int[] workers = new int[TASKS];
        Arrays.fill(workers, -1);
        crew.each(TASKS, (index, worker) -> workers[index] = worker);
        assertThat(workers).containsOnly(0);
    }

    @Test
    void close_neverUsed_hasNothingToEnd() {
        Crew crew = Crew.of(2);
        crew.close();
        assertThat(crew.helpers()).isEqualTo(2);
    }

    @Test
    void of_outOfRange_isRefused() {
        assertThatThrownBy(() -> Crew.of(-1)).hasMessageContaining("allowed: 0 to 31");
        assertThatThrownBy(() -> Crew.of(32)).hasMessageContaining("allowed: 0 to 31");
    }
}
