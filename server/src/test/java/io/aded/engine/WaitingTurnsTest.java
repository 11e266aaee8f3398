package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.model.ContextParameters;
import io.aded.model.SamplingParameters;
import io.aded.model.ScriptedModel;
import io.aded.telemetry.EngineTelemetry;
import io.opentelemetry.context.Context;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;

/** The admission policy, seen from outside: one slot, and the order in which turns come to their end. */
class WaitingTurnsTest {
    private static TurnRequest request(String caller, int priority, int maxTokens) {
        return new TurnRequest(
                new Prompt.Text("go"),
                SamplingParameters.GREEDY,
                DraftPolicy.OFF,
                maxTokens,
                List.of(),
                List.of(),
                false,
                -1,
                false,
                priority,
                caller,
                Long.MAX_VALUE,
                Context.root());
    }

    /** Submits in order while the slot is held by a parked turn, lets go, and returns the order of completion. */
    private static List<String> order(TurnRequest... requests) {
        EngineOptions options = new EngineOptions(
                ContextParameters.ofCells(2048),
                1,
                100,
                Duration.ofSeconds(60),
                Duration.ofMillis(250),
                0,
                DraftPolicy.OFF);
        ConcurrentLinkedQueue<String> order = new ConcurrentLinkedQueue<>();
        try (LocalEngine engine = new LocalEngine(
                new ScriptedModel(ScriptedModel.babble(1, 2)),
                options,
                EngineTelemetry.NONE,
                LearningTestDrafter.proposers(0.5),
                System::nanoTime)) {
            Recorder holder = new Recorder();
            holder.ready = false;
            Turn held = engine.openSession().submit(request(requests[0].fairnessKey(), 9, 1), holder);
            List<Recorder> recorders = new ArrayList<>();
            for (int i = 0; i < requests.length; i++) {
                int number = i;
                Recorder recorder = new Recorder();
                recorder.result.thenRun(() -> order.add(requests[number].fairnessKey() + number));
                recorders.add(recorder);
                engine.openSession().submit(requests[i], recorder);
            }
            holder.ready = true;
            held.resume();
            recorders.forEach(Recorder::await);
        }
        return List.copyOf(order);
    }

    @Test
    void admit_higherPriority_goesFirst() {
        assertThat(order(request("a", 0, 3), request("a", 5, 3), request("a", 1, 3)))
                .containsExactly("a1", "a2", "a0");
    }

    @Test
    void admit_oneCallerFloods_theOtherIsServedBetween() {
        List<String> order = order(
                request("flood", 0, 5),
                request("flood", 0, 5),
                request("flood", 0, 5),
                request("flood", 0, 5),
                request("quiet", 0, 5));
        assertThat(order.indexOf("quiet4")).isLessThanOrEqualTo(1);
    }

    /** What one caller took while nobody else was there leaves him no debt; what all took together is shared. */
    @Test
    void peek_callerServedMuchWhileAlone_isNextBeforeOthersComeTwice() {
        try (TestTurns turns = new TestTurns(1024)) {
            WaitingTurns waiting = new WaitingTurns();
            play(waiting, turns.turn("heavy", 0, 5, 1, 1, Long.MAX_VALUE), 30_000);
            for (int i = 0; i < 40; i++) {
                waiting.add(turns.turn("fresh" + i % 8, 0, 5, 1, 1, Long.MAX_VALUE), Long.MAX_VALUE);
            }
            LocalTurn heavy = turns.turn("heavy", 0, 5, 1, 1, Long.MAX_VALUE);
            waiting.add(heavy, Long.MAX_VALUE);
            int before = 0;
            for (LocalTurn turn = waiting.peek(_ -> true); turn != heavy; turn = waiting.peek(_ -> true)) {
                waiting.remove(turn);
                play(waiting, turn, 32);
                before++;
            }
            assertThat(before).as("a turn of each of the others at most").isLessThanOrEqualTo(8);
        }
    }

    /** Who takes four times as much as another beside it waits until that one has had as much, and no longer. */
    @Test
    void peek_callerServedMoreThanItsShare_waitsForWhatItHadTooMuch() {
        try (TestTurns turns = new TestTurns(1024)) {
            WaitingTurns waiting = new WaitingTurns();
            LocalTurn greedy = turns.turn("greedy", 0, 5, 1, 1, Long.MAX_VALUE);
            LocalTurn modest = turns.turn("modest", 0, 5, 1, 1, Long.MAX_VALUE);
            waiting.started(of(waiting, greedy));
            waiting.started(of(waiting, modest));
            waiting.serve(greedy.caller(), 400);
            waiting.serve(modest.caller(), 100);
            waiting.stopped(greedy.caller());
            waiting.stopped(modest.caller());
            LocalTurn again = turns.turn("greedy", 0, 5, 1, 1, Long.MAX_VALUE);
            waiting.add(again, Long.MAX_VALUE);
            // The virtual time is 250 by now; each turn of another beside it adds half of 100, until it is 400, too.
            int before = 0;
            LocalTurn other = turns.turn("modest0", 0, 5, 1, 1, Long.MAX_VALUE);
            waiting.add(other, Long.MAX_VALUE);
            while (waiting.peek(_ -> true) == other) {
                waiting.remove(other);
                play(waiting, other, 100);
                before++;
                other = turns.turn("modest" + before, 0, 5, 1, 1, Long.MAX_VALUE);
                waiting.add(other, Long.MAX_VALUE);
            }
            assertThat(before).isEqualTo(3);
        }
    }

    /** Who has nothing running comes before who has, however little the other was served. */
    @Test
    void peek_callerWithNothingRunning_comesBeforeOneThatRuns() {
        try (TestTurns turns = new TestTurns(1024)) {
            WaitingTurns waiting = new WaitingTurns();
            LocalTurn running = turns.turn("light", 0, 5, 1, 1, Long.MAX_VALUE);
            LocalTurn heavy = turns.turn("heavy", 0, 5, 1, 1, Long.MAX_VALUE);
            waiting.started(of(waiting, running));
            waiting.add(turns.turn("light", 0, 5, 1, 1, Long.MAX_VALUE), Long.MAX_VALUE);
            waiting.add(heavy, Long.MAX_VALUE);
            waiting.serve(heavy.caller(), 5_000);
            assertThat(waiting.peek(_ -> true)).isSameAs(heavy);
            waiting.stopped(running.caller());
            assertThat(waiting.peek(_ -> true)).as("nobody runs").isNotSameAs(heavy);
        }
    }

    /** The account of a turn's caller, without the turn. */
    private static Caller of(WaitingTurns waiting, LocalTurn turn) {
        waiting.add(turn, Long.MAX_VALUE);
        waiting.remove(turn);
        return turn.caller();
    }

    private static void play(WaitingTurns waiting, LocalTurn turn, int tokens) {
        Caller caller = turn.caller().isAbsent() ? of(waiting, turn) : turn.caller();
        waiting.started(caller);
        waiting.serve(caller, tokens);
        waiting.stopped(caller);
    }
}
