package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

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
import java.util.stream.IntStream;
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
        public void share() {
            drafter.share();
        }

        @Override
        public long stateBytes() {
            return 0;
        }
    }

    // ------------------------------------------------------------------------------------------------- by hand

    /** A curve of these costs, from a pass of one token on. */
    private static CostCurve curve(double... nanos) {
        CostCurve curve = new CostCurve(nanos.length);
        for (int i = 0; i < nanos.length; i++) {
            curve.set(i + 1, nanos[i]);
        }
        return curve;
    }

    private static CostCurve line(int widths, double fixed, double perToken) {
        return curve(IntStream.rangeClosed(1, widths)
                .mapToDouble(n -> fixed + perToken * n)
                .toArray());
    }

    /** Whose first drafts, which are not counted, are over. */
    private static SpeculationGate warm(CostCurve curve) {
        SpeculationGate gate = new SpeculationGate(curve);
        gate.begin(1, 0, 0);
        for (int draft = 0; draft < 8; draft++) {
            gate.observe(1_000_000, false, 0);
        }
        return gate;
    }

    private static SpeculationGate begun(CostCurve curve, int streams, int others, double levelNanos) {
        SpeculationGate gate = warm(curve);
        gate.begin(streams, others, levelNanos);
        return gate;
    }

    private static boolean pays(CostCurve curve, int streams, int others, double levelNanos) {
        SpeculationGate gate = begun(curve, streams, others, levelNanos);
        assertThat(gate.isCostly()).isTrue();
        return !gate.isUnprofitable();
    }

    @Test
    void begin_drafterAtAFiftiethOfAPlainToken_isNotCostlyYet() {
        // Four roots in 4000 ns: 1000 ns a plain token, a fiftieth of which is 20.
        SpeculationGate gate = begun(line(8, 0, 1000), 4, 0, 19.9);
        assertThat(gate.plainNanos()).isCloseTo(1000, within(1e-3));
        assertThat(gate.isCostly()).isFalse();
        assertThat(gate.isUnprofitable()).isFalse();
        assertThat(begun(line(8, 0, 1000), 4, 0, 20.1).isCostly()).isTrue();
        // Prompt tokens in the pass are nobody's plain token.
        assertThat(begun(line(8, 0, 1000), 2, 6, 0).plainNanos()).isCloseTo(1000, within(1e-3));
    }

    @Test
    void begin_deepestDraft_decidesWhetherADrafterCanPay() {
        // A root costs 1000 ns and each token more 500: a draft of 16 saves 16,000 and costs 8000.
        assertThat(pays(line(64, 500, 500), 1, 0, 7999)).isTrue();
        assertThat(pays(line(64, 500, 500), 1, 0, 8001)).isFalse();
        // No wider than the table: beside the root, 8 of 9 widths are left, which save 4000.
        assertThat(pays(line(9, 500, 500), 1, 0, 3999)).isTrue();
        assertThat(pays(line(9, 500, 500), 1, 0, 4001)).isFalse();
        // Every token as dear as a plain one: never, whatever the drafter takes.
        assertThat(pays(line(64, 0, 1000), 1, 0, 21)).isFalse();
    }

    @Test
    void begin_oneStreamOrAllOfThem_eitherMayPay() {
        // Three roots: 300 ns a plain token. One more token is free, two are beyond price: one stream saves 300.
        assertThat(pays(curve(900, 900, 900, 900, 9000, 9000, 9000), 3, 0, 299)).isTrue();
        assertThat(pays(curve(900, 900, 900, 900, 9000, 9000, 9000), 3, 0, 301)).isFalse();
        // Three more cost 600, as do one or two: shared by all, each saves 300 for 200; alone, at most 600 for 600.
        assertThat(pays(curve(900, 900, 900, 1500, 1500, 1500, 9000), 3, 0, 99)).isTrue();
        assertThat(pays(curve(900, 900, 900, 1500, 1500, 1500, 9000), 3, 0, 100))
                .isFalse();
        // With two prompt tokens in the pass, the step is at the root's first draft.
        assertThat(pays(curve(1000, 1000, 1000, 5000), 1, 0, 500)).isTrue();
        assertThat(pays(curve(1000, 1000, 1000, 5000), 1, 2, 500)).isFalse();
    }

    @Test
    void observe_severalTimes_isTheMeanOfThem() {
        // A plain token of 7505 ns: what is above 150.1 is costly.
        SpeculationGate gate = warm(line(4, 0, 7505));
        gate.observe(100, false, 0);
        gate.observe(200, false, 0);
        gate.begin(1, 0, 0);
        assertThat(gate.isCostly()).isFalse();
        gate.observe(151, false, 0);
        gate.begin(1, 0, 0);
        assertThat(gate.isCostly()).isTrue();
        // What a level takes counts where it is more.
        assertThat(begun(line(4, 0, 7505), 1, 0, 151).isCostly()).isTrue();
    }

    @Test
    void charge_elapsed_isInPlainTokensAndHalfOfOneAtMost() {
        SpeculationGate gate = begun(line(8, 0, 1000), 4, 0, 0);
        gate.observe(0, false, 0);
        assertThat(gate.charge(0)).isZero();
        assertThat(gate.charge(250)).isCloseTo(0.25, within(1e-9));
        assertThat(gate.charge(500)).isCloseTo(0.5, within(1e-9));
        assertThat(gate.charge(90_000)).isCloseTo(0.5, within(1e-9));
    }

    @Test
    void charge_moreThanHalfATokenAsARule_isTwiceTheUsualAtMost() {
        SpeculationGate gate = begun(line(8, 0, 1000), 1, 0, 0);
        for (int draft = 0; draft < 300; draft++) {
            gate.observe(3000, false, 0); // believed by and by: one might be a stall
        }
        assertThat(gate.charge(5000)).isCloseTo(5, within(1e-9));
        assertThat(gate.charge(90_000)).isCloseTo(6, within(0.01));
    }

    @Test
    void observe_codeThatIsCold_isNotTakenForUsual() {
        // The first draft of a process takes as long as six passes, the second half of one, and so on.
        SpeculationGate gate = new SpeculationGate(line(8, 0, 1000));
        gate.begin(1, 0, 0);
        for (long elapsed : new long[] {6000, 500, 400, 300, 200, 150, 120, 100}) {
            gate.observe(elapsed, false, 0);
            assertThat(gate.charge(elapsed)).isZero();
            gate.begin(1, 0, 0);
            assertThat(gate.isCostly()).isFalse();
        }
        // From then on each counts, and one that stalls as half a token.
        gate.observe(90_000, false, 0);
        gate.begin(1, 0, 0);
        assertThat(gate.isCostly()).isTrue();
        assertThat(gate.charge(250)).isCloseTo(0.25, within(1e-9));
        for (int draft = 0; draft < 80; draft++) {
            gate.observe(10, false, 0);
        }
        gate.begin(1, 0, 0);
        assertThat(gate.isCostly()).isFalse();
    }

    @Test
    void gained_lossesOnAverage_streamsTryInTheTimeThatIsSetAside() {
        // Each pass of 1000 ns sets 8 ns aside.
        SpeculationGate gate = begun(line(8, 0, 1000), 1, 0, 100);
        assertThat(gate.isLosing()).isFalse();
        gate.gained(-1);
        gate.begin(1, 0, 100);
        assertThat(gate.isLosing()).isTrue();
        // A drafter that takes less than four thousandths of a token loses nothing to speak of.
        gate.begin(1, 0, 3.99);
        assertThat(gate.isLosing()).isFalse();
        // One try may take more than the 40 ns that there are; then there is none until that is made up for.
        gate.begin(1, 0, 100);
        assertThat(gate.mayTry()).isTrue();
        gate.observe(48, false, 0);
        gate.begin(1, 0, 100);
        assertThat(gate.mayTry()).isFalse();
        // There are 8 ns, and a try takes 48: one, and no second one beside it.
        gate.begin(1, 0, 100);
        assertThat(gate.mayTry()).isTrue();
        assertThat(gate.mayTry()).isFalse();
        // A token lost and two gained are no loss.
        gate.gained(2);
        assertThat(gate.isLosing()).isFalse();
    }

    @Test
    void isExplorationDue_whileAllAreOff_afterThirtyTwoRoundsAndFourHundredTimesItsTime() {
        SpeculationGate gate = warm(line(64, 0, 1000));
        for (int round = 1; round < 32; round++) {
            gate.begin(1, 0, 30);
            assertThat(gate.isExplorationDue(0)).as("round " + round).isFalse();
        }
        gate.begin(1, 0, 30);
        assertThat(gate.isExplorationDue(0)).isTrue();
        gate.explores();
        assertThat(gate.isExplorationDue(0)).isFalse();
        gate.observe(1000, true, 5000);
        for (int round = 0; round < 32; round++) {
            gate.begin(1, 0, 30);
        }
        assertThat(gate.isExplorationDue(404_999)).isFalse();
        assertThat(gate.isExplorationDue(405_000)).isTrue();
    }

    @Test
    void isUnprofitable_passesBecomeCheap_isAskedAnewAfterSevenPassesOfOneShapeOrAtOnceForAnother() {
        CostCurve curve = line(64, 0, 1000); // two tokens take two passes
        SpeculationGate gate = warm(curve);
        gate.begin(1, 0, 30);
        assertThat(gate.isUnprofitable()).isTrue();
        for (int tokens = 2; tokens <= 64; tokens++) {
            curve.set(tokens, 1001);
        }
        for (int pass = 1; pass <= 7; pass++) {
            gate.begin(1, 0, 30);
            assertThat(gate.isUnprofitable()).as("pass " + pass).isTrue();
        }
        gate.begin(1, 0, 30);
        assertThat(gate.isUnprofitable()).isFalse();

        SpeculationGate other = warm(line(64, 0, 1000));
        other.begin(1, 0, 30);
        other.begin(2, 0, 30);
        assertThat(other.isUnprofitable()).isTrue();
    }

    // -------------------------------------------------------------------------------------------- through an engine

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
