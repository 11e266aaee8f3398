package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.model.ContextParameters;
import io.aded.telemetry.Counter;
import io.aded.telemetry.EngineTelemetry;
import io.aded.telemetry.TurnTelemetry;
import io.opentelemetry.context.Context;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The scheduling policy by itself: two slots, 1000 cells, and turns of which nothing is computed. */
class AdmissionTest {
    private static final int CELLS = 1000;
    private static final long NEVER = Long.MAX_VALUE;

    private final TestTurns turns = new TestTurns(CELLS);
    private final Map<Counter, Long> counted = new EnumMap<>(Counter.class);
    private final EngineTelemetry telemetry = new EngineTelemetry() {
        @Override
        public TurnTelemetry startTurn(Context parent, String operation) {
            return TurnTelemetry.NONE;
        }

        @Override
        public void count(Counter counter, long amount) {
            counted.merge(counter, amount, Long::sum);
        }
    };
    private final Admission admission = admission(2);

    /** With more slots than are needed. */
    private final Admission roomy = admission(4);

    private int prompts;

    private Admission admission(int slots) {
        return new Admission(
                new EngineOptions(
                        ContextParameters.ofCells(CELLS),
                        slots,
                        100,
                        Duration.ofMillis(30),
                        Duration.ofMillis(250),
                        0,
                        DraftPolicy.OFF),
                turns.residency(),
                CELLS,
                telemetry);
    }

    @AfterEach
    void close() {
        turns.close();
    }

    private LocalTurn turn(String caller, int priority, int promptTokens, int maxTokens, long deadline) {
        // Prompts of different tokens, so that nobody waits for another's prefix.
        LocalTurn turn = turns.turn(caller, priority, 3 + prompts++, promptTokens, maxTokens, deadline);
        admission.add(turn);
        return turn;
    }

    private LocalTurn turn(String caller, int promptTokens, int maxTokens) {
        return turn(caller, 0, promptTokens, maxTokens, NEVER);
    }

    @Test
    void next_freeSlots_takesTheHighestPriorityAndThenTheFirst() {
        LocalTurn first = turn("a", 0, 10, 10, NEVER);
        LocalTurn urgent = turn("a", 1, 10, 10, NEVER);
        LocalTurn last = turn("a", 0, 10, 10, NEVER);
        assertThat(admission.next()).isSameAs(urgent);
        assertThat(admission.next()).isSameAs(first);
        assertThat(admission.running()).containsExactly(urgent, first);
        // Both slots are one caller's, and the turn that waits is the same caller's.
        assertThat(admission.next()).isNull();
        assertThat(admission.waitingCount()).isEqualTo(1);
        admission.stop(urgent);
        assertThat(admission.next()).isSameAs(last);
    }

    @Test
    void next_needsOfAll_mayFillTheCacheToTheLastCell() {
        LocalTurn first = turn("a", 300, 100);
        LocalTurn second = turn("a", 500, 100);
        assertThat(admission.next()).isSameAs(first);
        assertThat(admission.next()).isSameAs(second);
    }

    @Test
    void next_noRoomForAnotherTurnOfWhoRuns_thoseWithNothingRunningGoBeforeIt() {
        LocalTurn first = turn("a", 10, 700);
        turn("a", 10, 700);
        assertThat(admission.next()).isSameAs(first);
        LocalTurn small = turn("b", 10, 10);
        admission.serve(small, 5000); // so that it stands behind the other, which does not fit
        assertThat(admission.next()).isSameAs(small);
        admission.stop(small);
        LocalTurn large = turn("c", 10, 290);
        admission.serve(large, 9000);
        assertThat(admission.next()).as("710 and 300 are too many").isNull();
        LocalTurn lesser = turn("d", -1, 10, 10, NEVER);
        admission.serve(lesser, 9000);
        assertThat(admission.next()).as("20 and 710 fit when the first is over").isSameAs(lesser);
    }

    @Test
    void next_noRoomForATurnOfWhoWaits_thoseGoBeforeItWithWhichItWillFit() {
        LocalTurn first = turn("a", 10, 590);
        assertThat(admission.next()).isSameAs(first);
        LocalTurn blocked = turn("b", 10, 690);
        LocalTurn late = turn("c", 10, 291);
        LocalTurn small = turn("d", 10, 290);
        admission.serve(late, 10);
        admission.serve(small, 20);
        // When 600 cells are free again, 700 and 300 are what there is, and 301 one too many.
        assertThat(admission.next()).isSameAs(small);
        admission.stop(first);
        assertThat(admission.next()).isSameAs(blocked);
        assertThat(late.caller().running()).isZero();
    }

    @Test
    void next_oneCellTooMany_waitsAndSoDoSmallOnesBehindIt() {
        LocalTurn first = turn("a", 300, 100);
        turn("a", 501, 100);
        LocalTurn small = turn("a", 1, 1);
        assertThat(admission.next()).isSameAs(first);
        assertThat(admission.next()).isNull();
        assertThat(admission.waitingCount()).isEqualTo(2);
        assertThat(small.session().sequence()).isNegative();
    }

    @Test
    void next_openEnd_isSureOf256Cells() {
        assertThat(admission.next()).isNull();
        LocalTurn first = turn("a", 100, 0);
        LocalTurn second = turn("a", 544, 100);
        assertThat(admission.next()).isSameAs(first);
        assertThat(admission.next()).isSameAs(second);
        admission.stop(second);
        turn("a", 545, 100);
        assertThat(admission.next()).isNull();
    }

    @Test
    void next_boundThatTheContextHasNoRoomFor_isAnOpenEnd() {
        LocalTurn first = turn("a", 100, 100_000);
        LocalTurn second = turn("b", 544, 100);
        assertThat(admission.next()).isSameAs(first);
        assertThat(admission.next()).isSameAs(second);
    }

    @Test
    void next_boundThatJustFits_isKept() {
        LocalTurn first = turn("a", 100, 899);
        turn("b", 544, 100);
        assertThat(admission.next()).isSameAs(first);
        assertThat(admission.next()).isNull();
    }

    @Test
    void next_turnThatNeverFits_runsAlone() {
        LocalTurn whole = turn("a", 1000, 0);
        assertThat(admission.next()).isSameAs(whole);
    }

    @Test
    void next_promptBeginsLikeOneBeingComputed_isPassedOver() {
        LocalTurn first = turns.turn("a", 0, 7, 300, 10, NEVER);
        LocalTurn alike = turns.turn("a", 0, 7, 310, 10, NEVER);
        LocalTurn other = turns.turn("a", 0, 8, 10, 10, NEVER);
        List.of(first, alike, other).forEach(admission::add);
        assertThat(admission.next()).isSameAs(first);
        assertThat(admission.next()).isNotSameAs(alike);
    }

    @Test
    void next_callerWithoutASlot_getsTheYoungestOfWhoHoldsMost() {
        LocalTurn older = turn("a", 10, 10);
        LocalTurn younger = turn("a", 10, 10);
        admission.next();
        admission.next();
        LocalTurn other = turn("b", 10, 10);
        assertThat(admission.next()).isSameAs(other);
        assertThat(admission.running()).containsExactly(older, other);
        assertThat(admission.waitingCount()).isEqualTo(1);
        // The one that stepped aside keeps its sequence, and gets its slot back when there is one.
        assertThat(younger.session().sequence()).isNotNegative();
        assertThat(admission.next()).isNull();
        admission.stop(other);
        assertThat(admission.next()).isSameAs(younger);
    }

    @Test
    void next_callerWithoutASlot_takesNoneOfHigherPriorityNorAnOnlyOne() {
        turn("a", 1, 10, 10, NEVER);
        turn("a", 1, 10, 10, NEVER);
        admission.next();
        admission.next();
        turn("b", 0, 10, 10, NEVER);
        assertThat(admission.next()).isNull();
        admission.removeAll(_ -> {});
        turn("a", 10, 10);
        turn("b", 10, 10);
        admission.next();
        admission.next();
        turn("c", 10, 10);
        assertThat(admission.next()).isNull();
    }

    @Test
    void yieldRoom_severalRunning_theYoungestWaitsAgainAndTheLastIsOut() {
        LocalTurn older = turn("a", 10, 10);
        LocalTurn younger = turn("b", 10, 10);
        admission.next();
        admission.next();
        assertThat(admission.yieldRoom(older.session())).isNull();
        assertThat(admission.running()).containsExactly(older);
        assertThat(younger.session().sequence()).isNegative();
        assertThat(admission.waitingCount()).isEqualTo(1);
        assertThat(counted).containsOnly(Map.entry(Counter.PREEMPTIONS, 1L));
        assertThat(admission.yieldRoom(older.session())).isSameAs(older);
        assertThat(admission.running()).isEmpty();
        assertThat(admission.yieldRoom(older.session())).isNull();
        // Who is alone and has no room is at the context's end, and gives nothing up for others.
        assertThat(counted).containsOnly(Map.entry(Counter.PREEMPTIONS, 1L));
    }

    @Test
    void expire_limitsOfTime_holdToTheNanosecond() {
        LocalTurn runs = turn("a", 0, 10, 10, 50_000_000);
        admission.next();
        // The turns' numbers are their times: this one came at 2 and may wait for 30 ms.
        LocalTurn waits = turn("a", 0, 10, 10, NEVER);
        LocalTurn before = turns.turn("a", 0, 90, 10, 10, 60_000_000);
        before.admitted(1, 0);
        admission.add(before);
        List<LocalTurn> over = new ArrayList<>();
        admission.expire(30_000_001, over::add);
        assertThat(over).isEmpty();
        admission.expire(30_000_002, over::add);
        assertThat(over).containsExactly(waits);
        admission.expire(49_999_999, over::add);
        assertThat(over).hasSize(1);
        admission.expire(50_000_000, over::add);
        assertThat(over).containsExactly(waits, runs);
        // Who ran before waits as long as the deadline lets it.
        admission.expire(59_999_999, over::add);
        assertThat(admission.waitingCount()).isEqualTo(1);
        admission.expire(60_000_000, over::add);
        assertThat(over).containsExactly(waits, runs, before);
        assertThat(admission.isIdle()).isTrue();
    }

    @Test
    void expire_cancelledOrFailed_isOutAtOnceWhereItRuns() {
        LocalTurn cancelled = turn("a", 10, 10);
        LocalTurn failed = turn("a", 10, 10);
        admission.next();
        admission.next();
        List<LocalTurn> over = new ArrayList<>();
        admission.expire(0, over::add);
        assertThat(over).isEmpty();
        assertThat(admission.hasFaults()).isFalse();
        cancelled.cancel();
        failed.fail(new IllegalStateException("broken"));
        assertThat(admission.hasFaults()).isTrue();
        admission.expire(0, over::add);
        assertThat(over).containsExactlyInAnyOrder(cancelled, failed);
        assertThat(admission.isIdle()).isTrue();
    }

    @Test
    void withdraw_waitingTurn_isOut() {
        LocalTurn runs = turn("a", 10, 10);
        admission.next();
        LocalTurn waits = turn("a", 10, 10);
        assertThat(admission.withdraw(waits)).isTrue();
        assertThat(admission.withdraw(waits)).isFalse();
        assertThat(admission.withdraw(runs)).isFalse();
        assertThat(admission.next()).isNull();
        assertThat(admission.running()).containsExactly(runs);
    }

    @Test
    void nextExpiry_whoeverIsThere_isTheFirstThatMayEnd() {
        assertThat(admission.nextExpiry(0)).isEqualTo(10_000_000_000L);
        // Waiting turns are looked at every 20 ms, and when the first of them is due: this one at 30 ms and 1 ns.
        turn("a", 0, 10, 10, 50_000_000);
        assertThat(admission.nextExpiry(0)).isEqualTo(20_000_000);
        assertThat(admission.nextExpiry(25_000_001)).isEqualTo(5_000_000);
        admission.next();
        assertThat(admission.nextExpiry(0)).isEqualTo(50_000_000);
        assertThat(admission.nextExpiry(45_000_000)).isEqualTo(5_000_000);
        assertThat(admission.nextExpiry(49_999_999)).isEqualTo(100_000);
    }

    @Test
    void rotate_turnsLeftOut_comeFirst() {
        LocalTurn first = turn("a", 10, 10);
        LocalTurn second = turn("a", 10, 10);
        admission.next();
        admission.next();
        admission.rotate(1);
        assertThat(admission.running()).containsExactly(second, first);
    }

    @Test
    void next_cellsTakenByACallerOfSeveralTurns_theYoungestStepsAside() {
        LocalTurn older = turns.turn("a", 0, 90, 400, 90, NEVER);
        LocalTurn younger = turns.turn("a", 0, 91, 400, 90, NEVER);
        roomy.add(older);
        roomy.add(younger);
        assertThat(roomy.next()).isSameAs(older);
        assertThat(roomy.next()).isSameAs(younger);
        // 980 of 1000 cells are spoken for.
        LocalTurn other = turns.turn("b", 0, 92, 20, 10, NEVER);
        roomy.add(other);
        assertThat(roomy.next()).isSameAs(other);
        assertThat(roomy.running()).containsExactly(older, other);
        assertThat(roomy.next()).isNull();
    }

    @Test
    void next_cellsOfAnOnlyTurn_stayItsOwn() {
        LocalTurn only = turns.turn("a", 0, 90, 900, 90, NEVER);
        roomy.add(only);
        assertThat(roomy.next()).isSameAs(only);
        LocalTurn large = turns.turn("b", 0, 91, 20, 10, NEVER);
        roomy.add(large);
        assertThat(roomy.next()).isNull();
        assertThat(roomy.running()).containsExactly(only);
    }

    @Test
    void next_wouldNotFitAllTheSame_nobodyStepsAside() {
        LocalTurn older = turns.turn("a", 0, 90, 400, 90, NEVER);
        LocalTurn younger = turns.turn("a", 0, 91, 100, 90, NEVER);
        LocalTurn single = turns.turn("c", 0, 92, 200, 50, NEVER);
        List.of(older, younger, single).forEach(roomy::add);
        for (int i = 0; i < 3; i++) {
            assertThat(roomy.next()).isNotNull();
        }
        // With the 250 cells of c it is one cell too many, whatever a gives up.
        roomy.add(turns.turn("b", 0, 93, 741, 10, NEVER));
        assertThat(roomy.next()).isNull();
        assertThat(roomy.running()).hasSize(3);
    }

    @Test
    void isContended_otherCallerRunsOrDidAMomentAgo_isTrue() {
        assertThat(admission.isContended(-5)).isFalse();
        turn("a", 10, 10);
        admission.next();
        assertThat(admission.isContended(0)).isFalse();
        LocalTurn other = turn("b", 10, 10);
        admission.next();
        assertThat(admission.isContended(10)).isTrue();
        admission.stop(other);
        assertThat(admission.isContended(5_000_000_010L)).isTrue();
        assertThat(admission.isContended(5_000_000_011L)).isFalse();
        turn("c", 10, 10);
        admission.next();
        assertThat(admission.isContended(5_000_000_012L)).isTrue();
    }
}
