package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntToLongFunction;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

/** On a clock that passes alone advance: which passes are played, in which order, and what they say. */
class CalibrationTest {
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1000 * MILLI;
    /** What an estimate may be off: it leans a little on what its neighbours tell. */
    private static final Percentage CLOSE = Percentage.withPercentage(2);

    private final AtomicLong clock = new AtomicLong(1);
    private final List<Integer> played = new ArrayList<>();
    private IntToLongFunction cost = n -> (10 + n) * MILLI;
    private final TargetContext context =
            new ScriptedModel(ScriptedModel.babble(1, 1), this::play).newContext(ContextParameters.ofCells(256));

    private void play(int tokens) {
        played.add(tokens);
        clock.addAndGet(cost.applyAsLong(tokens));
    }

    private Calibration start() {
        return Calibration.start(context, 5, null, 1500 * MILLI, clock::get);
    }

    /** Plays the plan to its end, or so many passes of it. */
    private List<Integer> idle(Calibration calibration, int most) {
        played.clear();
        while (calibration.isPending() && played.size() < most) {
            calibration.measureNext(3, 256);
        }
        return List.copyOf(played);
    }

    @Test
    void start_withTimeEnough_timesTheWidthsThatMatterThreeTimes() {
        start();
        assertThat(played)
                .containsExactly(
                        2, // wakes threads
                        1, 16, // touches memory
                        2, 4, 8, 3, 12, 6, 16, // width 1 was timed before
                        1, 2, 4, 8, 3, 12, 6, 16, //
                        1, 2, 4, 8, 3, 12, 6, 16);
    }

    @Test
    void start_measured_pricesEveryWidth() {
        CostCurve curve = start().curve();
        for (int width : new int[] {1, 2, 3, 4, 6, 8, 12, 16}) {
            assertThat(curve.nanos(width)).as("width %d", width).isCloseTo((10 + width) * MILLI, CLOSE);
        }
        assertThat(curve.nanos(5)).as("between 4 and 6").isCloseTo(15.0 * MILLI, CLOSE);
        assertThat(curve.nanos(9)).as("a quarter from 8 to 12").isCloseTo(19.0 * MILLI, CLOSE);
        assertThat(curve.nanos(24))
                .as("beyond, about a millisecond a token as from 8 to 16")
                .isCloseTo(34.0 * MILLI, withinPercentage(5));
        assertThat(curve.seen(8)).as("real passes").isZero();
    }

    @Test
    void start_oneStalledPass_isOutvotedByTheOthers() {
        int[] eights = {0};
        cost = n -> (10 + n) * MILLI * (n == 8 && ++eights[0] == 2 ? 10 : 1);
        assertThat(start().curve().nanos(8)).isCloseTo(18.0 * MILLI, CLOSE);
    }

    @Test
    void start_ratiosThatCannotBe_areCutToBetweenOnePassAndManyOfOneToken() {
        cost = n -> n == 2 ? 5 * MILLI : n == 4 ? 90 * MILLI : 10 * MILLI;
        CostCurve curve = start().curve();
        assertThat(curve.nanos(2)).as("no less than one token").isCloseTo(10.0 * MILLI, CLOSE);
        assertThat(curve.nanos(4)).as("no more than four passes").isCloseTo(40.0 * MILLI, CLOSE);
    }

    @Test
    void start_modelTooSlowForTheTime_timesOneTokenAndNoMore() {
        cost = n -> n * SECOND;
        CostCurve curve = start().curve();
        assertThat(played).containsExactly(2, 1, 1, 1, 1);
        assertThat(curve.nanos(1)).isCloseTo(SECOND, CLOSE);
        assertThat(curve.isMeasured(2)).isFalse();
    }

    private CostCurve start(double... earlierNanos) {
        return Calibration.start(context, 5, PassCosts.ofAll(earlierNanos), 1500 * MILLI, clock::get)
                .curve();
    }

    @Test
    void start_earlierTimes_pricesWhatThereIsNoTimeFor() {
        cost = n -> (1 + n) * SECOND / 2;
        CostCurve curve = start(0, 10, 15, 20, 25); // the same machine, at another time a hundred times as fast
        assertThat(curve.nanos(1)).isCloseTo(SECOND, CLOSE);
        assertThat(curve.nanos(2)).isCloseTo(1.5 * SECOND, CLOSE);
        assertThat(curve.nanos(4)).isCloseTo(2.5 * SECOND, CLOSE);
        assertThat(curve.isMeasured(8)).isFalse();
    }

    @Test
    void start_earlierTimesOnAQuietMachine_areOverruled() {
        CostCurve curve = start(0, 10, 20, 30, 40, 50, 60, 70, 80);
        for (int width : new int[] {2, 3, 4, 6, 8}) {
            assertThat(curve.nanos(width)).as("width %d", width).isCloseTo((10 + width) * MILLI, withinPercentage(8));
        }
    }

    @Test
    void start_earlierTimesOnANoisyMachine_areWeighedAgainstIt() {
        int[] passes = {0};
        long[] slower = {8, 15, 10};
        long[] twos = {13, 17, 22};
        cost = n -> n == 1 ? 10 * MILLI : (10 + n) * (n == 2 ? twos : slower)[passes[0]++ % 3] * MILLI / 10;
        double alone = start().curve().nanos(2);
        passes[0] = 0;
        double with = start(0, 10, 12, 13, 14).nanos(2);
        assertThat(alone).as("where nothing else is known").isGreaterThan(16.0 * MILLI);
        assertThat(with).isBetween(12.0 * MILLI, (12.0 * MILLI + alone) / 2);
    }

    @Test
    void start_narrowContext_goesNoWiderThanThat() {
        TargetContext narrow = new ScriptedModel(ScriptedModel.babble(1, 1), this::play)
                .newContext(ContextParameters.ofCells(256).withMaxBatchTokens(6));
        Calibration calibration = Calibration.start(narrow, 5, null, 1500 * MILLI, clock::get);
        assertThat(played).containsExactly(2, 1, 6, 2, 4, 3, 6, 1, 2, 4, 3, 6, 1, 2, 4, 3, 6);
        assertThat(idle(calibration, 3)).containsExactly(1, 5, 1);
    }

    @Test
    void start_done_leavesTheContextEmpty() {
        start();
        TokenBatch batch = new TokenBatch();
        for (int i = 0; i < 256; i++) {
            batch.add(5, i, 0, false);
        }
        // The scripted cache is strict about positions and cells.
        assertThat(context.decode(batch)).isEqualTo(DecodeOutcome.DECODED);
    }

    @Test
    void start_everyPass_readsARowAsAnswersDoOffTheClock() {
        List<String> read = new ArrayList<>();
        TargetContext slow = (TargetContext) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {TargetContext.class}, (_, method, arguments) -> {
                    if (method.getName().endsWith("Token") || method.getName().equals("topTokens")) {
                        read.add(method.getName() + " " + arguments[0]);
                        clock.addAndGet(MILLI);
                    }
                    return method.invoke(context, arguments);
                });
        CostCurve curve =
                Calibration.start(slow, 5, null, 1500 * MILLI, clock::get).curve();
        assertThat(read)
                .hasSize(2 * played.size())
                .startsWith("bestToken 1", "topTokens 1", "bestToken 0", "topTokens 0", "bestToken 15", "topTokens 15");
        assertThat(curve.nanos(8)).isCloseTo(18.0 * MILLI, CLOSE);
    }

    @Test
    void measureNext_afterAStart_fillsInWhatIsNotKnownAsOften() {
        List<Integer> first = List.of(1, 5, 7, 9, 10, 11, 13, 14, 15, 20, 24, 28, 32, 40, 48, 64);
        List<Integer> plan = idle(start(), Integer.MAX_VALUE);
        assertThat(plan.subList(0, 16)).isEqualTo(first);
        assertThat(plan.subList(16, 32)).isEqualTo(first);
        assertThat(plan.subList(32, 48)).isEqualTo(first);
        // 520 ms a sweep: after two seconds, in the fourth, it is enough.
        assertThat(plan.subList(48, plan.size()))
                .startsWith(1, 2, 3, 4, 5, 6, 7, 8)
                .hasSizeLessThan(23);
    }

    @Test
    void measureNext_twoTimesOfAWidth_takesTheirMean() {
        int[] fives = {0};
        cost = n -> n == 5 ? (++fives[0] == 1 ? 20 : 30) * MILLI : (10 + n) * MILLI;
        Calibration calibration = start();
        idle(calibration, 18); // a sweep of 16, one token, five tokens
        assertThat(fives[0]).isEqualTo(2);
        assertThat(calibration.curve().nanos(5)).isCloseTo(25.0 * MILLI, withinPercentage(5));
    }

    @Test
    void isPending_askedAgainAndAgain_movesNothing() {
        Calibration calibration = start();
        for (int i = 0; i < 100; i++) {
            assertThat(calibration.isPending()).isTrue();
        }
        assertThat(idle(calibration, 2)).containsExactly(1, 5);
    }

    @Test
    void measureNext_cheapPasses_areTimedFifteenTimes() {
        cost = _ -> MILLI;
        List<Integer> plan = idle(start(), Integer.MAX_VALUE);
        assertThat(plan).filteredOn(width -> width == 64).hasSize(15);
        assertThat(plan)
                .filteredOn(width -> width == 8)
                .as("three at the start")
                .hasSize(12);
    }

    @Test
    void measureNext_aborted_isPlayedAgain() {
        Calibration calibration = start();
        idle(calibration, 1);
        context.requestAbort();
        calibration.measureNext(3, 256);
        assertThat(played).as("the scripted model plays no aborted pass").containsExactly(1);
        calibration.measureNext(3, 256);
        assertThat(played).containsExactly(1, 5);
    }

    @Test
    void measureNext_noCellsForTheWidth_isLeftOut() {
        Calibration calibration = start();
        played.clear();
        for (int i = 0; i < 6; i++) {
            calibration.measureNext(3, 9);
        }
        assertThat(played).as("10 and 11 do not fit into nine cells").containsExactly(1, 5, 7, 9);
    }

    @Test
    void measureNext_widthThatRealPassesHavePriced_isTheirs() {
        Calibration calibration = start();
        for (int pass = 0; pass < 6; pass++) {
            calibration.curve().observe(5, 15 * MILLI);
        }
        for (int pass = 0; pass < 5; pass++) {
            calibration.curve().observe(7, 17 * MILLI);
        }
        assertThat(idle(calibration, 3)).containsExactly(1, 7, 9);
    }

    @Test
    void measureNext_passesTooSlowToWaitFor_areNeverPlayed() {
        cost = n -> 19L * n * MILLI; // 16 takes 304 ms, more than an idle engine plays
        assertThat(idle(start(), Integer.MAX_VALUE))
                .allMatch(width -> width <= 15)
                .contains(15);
    }

    @Test
    void start_firstPassHeldUpTenTimesAsLong_theMedianStands() {
        cost = n -> played.size() <= 3 ? 10 * (10 + n) * MILLI : (10 + n) * MILLI;

        CostCurve curve = start().curve();

        assertThat(curve.nanos(1)).isCloseTo(11.0 * MILLI, CLOSE);
        assertThat(curve.nanos(8)).isCloseTo(18.0 * MILLI, within(0.05 * 18 * MILLI));
    }
}
