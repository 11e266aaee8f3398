package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.draft.DraftLimits;
import io.aded.draft.Drafter;
import io.aded.draft.LoopProposer;
import io.aded.model.SamplingParameters;
import io.aded.model.ScriptedModel;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import io.aded.telemetry.EngineTelemetry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntToLongFunction;
import org.junit.jupiter.api.Test;

/** Drafters that cost the host time, on a clock that only passes and drafters advance. */
class SpeculationGateTest {
    private static final long MICRO = 1_000;

    private final AtomicLong clock = new AtomicLong(1);
    private int drafts;
    private int lessons;

    /** Takes its time to draft and to learn, and is right about a text that repeats itself. */
    private final class SlowDrafter implements Drafter {
        private final Drafter drafter = new LearningTestDrafter(1, 0.9);
        private final long nanos;

        SlowDrafter(long nanos) {
            this.nanos = nanos;
        }

        @Override
        public String name() {
            return "slow";
        }

        @Override
        public void learnPrompt(int[] tokens, int from, int to) {
            drafter.learnPrompt(tokens, from, to);
        }

        @Override
        public void draft(TokenTree tree, DraftLimits limits) {
            drafts++;
            clock.addAndGet(nanos / 2);
            drafter.draft(tree, limits);
        }

        @Override
        public void observe(TokenTree tree, int node, TopTokens target) {
            drafter.observe(tree, node, target);
        }

        @Override
        public void accept(TokenTree tree, int lastAccepted, int bonusToken) {
            lessons++;
            clock.addAndGet(nanos / 2);
            drafter.accept(tree, lastAccepted, bonusToken);
        }

        @Override
        public long stateBytes() {
            return 0;
        }
    }

    private LocalEngine engine(IntToLongFunction passNanos, long drafterNanos) throws InterruptedException {
        LocalEngine engine = new LocalEngine(
                new ScriptedModel(ScriptedModel.babble(5, 2), n -> clock.addAndGet(passNanos.applyAsLong(n))),
                EngineOptions.ofCells(16384),
                EngineTelemetry.NONE,
                LoopProposer.factory(_ -> new SlowDrafter(drafterNanos)),
                clock::get);
        engine.awaitCalibration(Duration.ofMinutes(1)); // its passes move the clock
        return engine;
    }

    /** The clock's time for so many answers side by side. */
    private long time(LocalEngine engine, DraftPolicy policy, int streams, int tokens) {
        List<Session> sessions = new ArrayList<>();
        List<Recorder> recorders = new ArrayList<>();
        for (int i = 0; i < streams; i++) {
            sessions.add(engine.openSession());
        }
        long start = clock.get();
        for (Session session : sessions) {
            Recorder recorder = new Recorder();
            recorders.add(recorder);
            session.submit(TurnRequest.of(new Prompt.Text("x"), SamplingParameters.GREEDY, policy, tokens), recorder);
        }
        recorders.forEach(Recorder::await);
        long elapsed = clock.get() - start;
        sessions.forEach(Session::close);
        return elapsed;
    }

    @Test
    void auto_whereNoDraftCanPayForItsDrafter_isOffAndCostsNothing() throws InterruptedException {
        // Every token costs as much as the one before it, and a drafter as much as three: nothing to gain, ever.
        try (LocalEngine engine = engine(n -> n * 10 * MICRO, 30 * MICRO)) {
            long plain = time(engine, DraftPolicy.OFF, 8, 1000);
            long auto = time(engine, DraftPolicy.AUTO, 8, 1000);
            assertThat((double) auto / plain).isLessThan(1.04);
            assertThat(lessons).isPositive().isLessThan(8 * 1000 / 50);
        }
    }

    @Test
    void auto_wherePassesAreCostlyAndTextRepeats_isOn() throws InterruptedException {
        try (LocalEngine engine = engine(n -> 2000 * MICRO + n * 20 * MICRO, 30 * MICRO)) {
            long plain = time(engine, DraftPolicy.OFF, 8, 400);
            long auto = time(engine, DraftPolicy.AUTO, 8, 400);
            assertThat((double) plain / auto).isGreaterThan(1.5);
            assertThat(drafts).isGreaterThan(8 * 20);
        }
    }
}
