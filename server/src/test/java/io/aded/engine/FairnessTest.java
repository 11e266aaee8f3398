package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.SamplingParameters;
import io.aded.model.ScriptedModel;
import io.aded.telemetry.EngineTelemetry;
import io.opentelemetry.context.Context;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a caller waits while another floods the engine. The clock is advanced by passes alone, and callers act while a
 * pass is played, so that every run is the same.
 */
class FairnessTest {
    private static final int SLOTS = 4;
    private static final int FLOOD_PROMPT = 200;
    private static final int FLOOD_ANSWER = 64;
    private static final int QUIET_CALLS = 60;
    private static final long MILLI = 1_000_000;

    private final AtomicLong clock = new AtomicLong(1);
    private long longestRound;
    private Runnable duringPass = () -> {};

    /** A pass of n tokens takes 20 + n ms. Calls come when a tenth of it is over. */
    private void pass(int tokens) {
        long nanos = (20 + tokens) * MILLI;
        Runnable action = duringPass;
        duringPass = () -> {};
        clock.addAndGet(nanos / 10);
        action.run();
        longestRound = Math.max(longestRound, nanos);
        clock.addAndGet(nanos - nanos / 10);
    }

    private static TurnRequest request(String caller, String prompt, int maxTokens) {
        return new TurnRequest(
                new Prompt.Text(prompt),
                SamplingParameters.GREEDY,
                DraftPolicy.OFF,
                maxTokens,
                List.of(),
                List.of(),
                true,
                -1,
                false,
                0,
                caller,
                Long.MAX_VALUE,
                Context.root());
    }

    /** Asks again as soon as it has its answer, a number of times. Its calls begin while a pass is played. */
    private final class Caller implements TurnListener {
        private final LocalEngine engine;
        private final TurnRequest request;
        private final boolean alone;
        private final List<Long> waits = Collections.synchronizedList(new ArrayList<>());
        private final CountDownLatch done;
        private Session session;

        Caller(LocalEngine engine, TurnRequest request, int calls, boolean alone) {
            this.alone = alone;
            this.engine = engine;
            this.request = request;
            done = new CountDownLatch(calls);
        }

        Caller ask() {
            session = engine.openSession();
            session.submit(request, this);
            return this;
        }

        @Override
        public void onDelta(Delta delta) {
            // What it says does not matter.
        }

        @Override
        public void onFinished(TurnResult result) {
            waits.add(result.queuedNanos());
            session.close();
            done.countDown();
            if (done.getCount() > 0) {
                if (alone) {
                    ask(); // nobody's pass to wait for
                } else {
                    Runnable before = duringPass;
                    duringPass = () -> {
                        before.run();
                        ask();
                    };
                }
            }
        }

        @Override
        public void onFailed(AdedException failure) {
            waits.add(Long.MAX_VALUE);
            done.countDown();
        }

        void await() throws InterruptedException {
            assertThat(done.await(60, TimeUnit.SECONDS)).isTrue();
        }

        long p95() {
            List<Long> sorted = waits.stream().sorted().toList();
            return sorted.get((int) Math.ceil(sorted.size() * 0.95) - 1);
        }
    }

    private LocalEngine engine(int cells) throws InterruptedException {
        EngineOptions options = new EngineOptions(
                ContextParameters.ofCells(cells),
                SLOTS,
                1000,
                Duration.ofDays(1),
                Duration.ofMillis(250),
                0,
                DraftPolicy.OFF);
        LocalEngine engine = new LocalEngine(
                new ScriptedModel(ScriptedModel.babble(1, 2), this::pass),
                options,
                EngineTelemetry.NONE,
                LearningTestDrafter.proposers(0.5),
                clock::get);
        engine.awaitCalibration(Duration.ofMinutes(1)); // its passes move the clock
        return engine;
    }

    /** The second number of cells is what the flood's running turns need, and hardly more. */
    @ParameterizedTest
    @ValueSource(ints = {16_384, SLOTS * (FLOOD_PROMPT + FLOOD_ANSWER) + 16})
    void wait_whileAnotherCallerFloods_staysBelowTwiceTheSoloWaitAndARound(int cells) throws InterruptedException {
        TurnRequest quiet = request("quiet", "hello", 10);
        long solo;
        try (LocalEngine engine = engine(cells)) {
            Caller caller = new Caller(engine, quiet, QUIET_CALLS, true).ask();
            caller.await();
            solo = caller.p95();
        }
        try (LocalEngine engine = engine(cells)) {
            longestRound = 0; // the start measures wide passes
            List<Caller> flood = new ArrayList<>();
            for (int i = 0; i < 64; i++) {
                String prompt = (char) ('a' + i % 26) + "x".repeat(FLOOD_PROMPT - 10) + i;
                flood.add(new Caller(engine, request("flood", prompt, FLOOD_ANSWER), Integer.MAX_VALUE, false).ask());
            }
            Caller caller = new Caller(engine, quiet, QUIET_CALLS, false).ask();
            caller.await();
            assertThat(engine.status().waiting()).as("the flood waits").isGreaterThan(50);
            assertThat(caller.p95()).isLessThan(2 * solo + longestRound);
            assertThat(flood.stream().mapToInt(each -> each.waits.size()).sum())
                    .as("answers of the flood meanwhile")
                    .isPositive();
        }
    }
}
