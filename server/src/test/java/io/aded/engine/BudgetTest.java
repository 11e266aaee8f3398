package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.aded.draft.LoopProposer;
import io.aded.model.SamplingParameters;
import io.aded.model.ScriptedModel;
import io.aded.model.TokenTree;
import io.aded.telemetry.EngineTelemetry;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntToLongFunction;
import org.junit.jupiter.api.Test;

class BudgetTest {
    private static final long MILLI = 1_000_000;

    private static Budget.Bid chain(double... probabilities) {
        Budget.Bid bid = new Budget.Bid();
        bid.tree = new TokenTree(64);
        bid.tree.reset(1);
        int node = 0;
        for (double probability : probabilities) {
            node = bid.tree.add(node, 2, (float) probability);
        }
        return bid;
    }

    private static CostCurve curve(IntToLongFunction cost) {
        CostCurve curve = new CostCurve(64);
        for (int n = 1; n <= 64; n++) {
            curve.set(n, cost.applyAsLong(n));
        }
        return curve;
    }

    private static int granted(Budget budget, Budget.Bid bid) {
        budget.allocate(new Budget.Bid[] {bid}, 1, 0, 0, 0, 64, 0);
        return bid.granted - 1;
    }

    @Test
    void allocate_widePassesAreFree_takesAll() {
        Budget budget = new Budget(curve(_ -> 50 * MILLI));
        assertThat(granted(budget, chain(0.9, 0.8, 0.7, 0.5, 0.3))).isEqualTo(5);
    }

    @Test
    void allocate_everyTokenCostsAWholePass_takesNone() {
        Budget budget = new Budget(curve(n -> n * 50 * MILLI));
        assertThat(granted(budget, chain(0.9, 0.8, 0.7, 0.5, 0.3))).isZero();
    }

    @Test
    void allocate_costHasAStep_stopsBeforeIt() {
        // Cheap to 8 tokens, costly from 9: seven draft nodes and the root, however good the eighth is.
        Budget budget = new Budget(curve(n -> n <= 8 ? 50 * MILLI : 120 * MILLI));
        assertThat(granted(budget, chain(.9, .85, .8, .75, .7, .68, .66, .64, .62, .6)))
                .isEqualTo(7);
    }

    @Test
    void allocate_costFallsAgain_jumpsOverTheHill() {
        // Three tokens cost more than four: two draft nodes are never right here, three are.
        Budget budget = new Budget(curve(n -> n == 3 ? 90 * MILLI : n < 5 ? 50 * MILLI : 500 * MILLI));
        assertThat(granted(budget, chain(.5, .4, .3, .2))).isEqualTo(3);
    }

    @Test
    void allocate_draftWasDear_buysWhatPaysAtTheLowerRate() {
        // Each node takes 0.3 passes. Three make 2.35 tokens in 1.9 passes, 1.24 a pass, at which rate a fourth of 0.35
        // is too dear (1.24 · 0.3 = 0.37). After a pass was paid for the drafts no number of nodes makes more than the
        // 1 a pass of plain decoding, at which rate it is not.
        Budget.Bid bid = chain(.5, .45, .4, .35);
        Budget budget = new Budget(curve(n -> 50 * MILLI + (n - 1) * 15 * MILLI));
        assertThat(granted(budget, bid)).isEqualTo(3);
        budget.allocate(new Budget.Bid[] {bid}, 1, 0, 0, 0, 64, 50 * MILLI);
        assertThat(bid.granted - 1).isEqualTo(4);
    }

    @Test
    void allocate_streamMayLoseLittle_buysLess() {
        // Each node takes 0.3 passes and is worth it. Of the loss a tenth of what is expected is as good as won: two
        // nodes may lose 0.6 - 0.17, three 0.9 - 0.24.
        Budget.Bid bid = chain(.9, .8, .7);
        Budget budget = new Budget(curve(n -> 50 * MILLI + (n - 1) * 15 * MILLI));
        assertThat(granted(budget, bid)).isEqualTo(3);
        bid.mayLose = 0.5;
        assertThat(granted(budget, bid)).isEqualTo(2);
        bid.mayLose = -0.25;
        assertThat(granted(budget, bid)).isZero();
    }

    @Test
    void allocate_streamHasWonBesideOneThatHasNot_bothBuy() {
        Budget.Bid lucky = chain(.9, .8);
        Budget.Bid unlucky = chain(.9, .8);
        lucky.mayLose = 10;
        unlucky.mayLose = -0.5;
        Budget budget = new Budget(curve(n -> 50 * MILLI + (n - 1) * 10 * MILLI));
        budget.allocate(new Budget.Bid[] {lucky, unlucky}, 2, 0, 0, 0, 64, 0);
        assertThat(lucky.granted + unlucky.granted - 2).isEqualTo(4);
    }

    @Test
    void allocate_trustAboveOne_makesNoGuessSurerThanSure() {
        // Two nodes take 0.98 of a pass: less than what trust would make of them, 1.125 each, more than can come of it.
        Budget.Bid bid = chain(.9, .45);
        bid.trust = 1.25;
        Budget budget = new Budget(curve(n -> n == 1 ? 50 * MILLI : n == 2 ? 98 * MILLI : 500 * MILLI));
        assertThat(granted(budget, bid)).isZero();
    }

    @Test
    void stake_answerLosesAndWins_followsIt() {
        Stake stake = new Stake();
        assertThat(stake.mayLose()).isEqualTo(0.5);
        stake.emitted(10);
        assertThat(stake.mayLose()).isCloseTo(0.9, within(1e-9));
        stake.won(-0.9);
        assertThat(stake.mayLose()).isCloseTo(0, within(1e-9));
        stake.won(3);
        stake.emitted(5);
        assertThat(stake.mayLose()).isCloseTo(3.2, within(1e-9));
    }

    @Test
    void allocate_draftsAlwaysWin_onePassInSomeIsPlayedWithout() {
        // However many streams come and go: passes of each number of roots are old by then, and one of them is played.
        CostCurve curve = curve(_ -> 50 * MILLI);
        Budget budget = new Budget(curve);
        int plain = 0;
        for (int pass = 0; pass < 650; pass++) {
            Budget.Bid[] bids = new Budget.Bid[1 + pass % 10];
            Arrays.setAll(bids, _ -> chain(0.9, 0.8));
            int nodes = budget.allocate(bids, bids.length, 0, 0, 0, 64, 0);
            plain += nodes == 0 ? 1 : 0;
            curve.observe(bids.length + nodes, 50 * MILLI);
        }
        assertThat(plain).isBetween(5, 10);
    }

    @Test
    void allocate_twoStreams_theLikelierNodesWin() {
        Budget budget = new Budget(curve(n -> n <= 5 ? 50 * MILLI : 500 * MILLI));
        Budget.Bid strong = chain(.9, .85, .8);
        Budget.Bid weak = chain(.3, .1, .05);
        budget.allocate(new Budget.Bid[] {weak, strong}, 2, 0, 0, 0, 64, 0);
        assertThat(strong.granted - 1).isEqualTo(3);
        assertThat(weak.granted - 1).isZero();
    }

    @Test
    void allocate_besidePrompts_takesAPromptsTokenForThePriceOfANode() {
        // A width that was only seen once, in a moment: nobody should draft to get there.
        Budget budget = new Budget(curve(n -> n == 40 ? MILLI : n * 50 * MILLI));
        Budget.Bid bid = chain(.9, .5, .4, .3, .2, .2, .2, .2, .2);
        budget.allocate(new Budget.Bid[] {bid}, 1, 0, 30, 0, 33, 0);
        assertThat(bid.granted - 1).isZero();
        // A hundred tokens of a prompt took a tenth of what so many passes would have.
        budget.observePrompts(101, 100, 550 * MILLI);
        budget.allocate(new Budget.Bid[] {bid}, 1, 0, 30, 0, 33, 0);
        assertThat(bid.granted - 1).isGreaterThanOrEqualTo(4);
        assertThat(budget.addedNanos(101, 100, 2)).isEqualTo(10.0 * MILLI);
    }

    @Test
    void allocate_besidePromptsOfOthers_takesATokenForWorthWhatItCostsAllOfThem() {
        // One stream alone pays 40 ms a token; eight together pay 14 each. A prompt's token costs 10.
        Budget budget = new Budget(curve(n -> n == 1 ? 40 * MILLI : (40 + 10 * (n - 1)) * MILLI));
        Budget.Bid bid = chain(.9, .5, .4, .3, .2, .2, .2, .2, .2);
        budget.allocate(new Budget.Bid[] {bid}, 1, 0, 16, 0, 33, 0);
        assertThat(bid.granted - 1).isEqualTo(2);
        budget.allocate(new Budget.Bid[] {bid}, 1, 0, 16, 7, 33, 0);
        assertThat(bid.granted - 1).isEqualTo(1);
    }

    @Test
    void allocate_promptsThatWaitForALaterPass_haveNoPartInThePrice() {
        Budget budget = new Budget(curve(n -> n == 1 ? 40 * MILLI : (40 + 10 * (n - 1)) * MILLI));
        Budget.Bid bid = chain(.9, .5, .4, .3, .2, .2, .2, .2, .2);
        budget.allocate(new Budget.Bid[] {bid}, 1, 0, 0, 0, 33, 0);
        int alone = bid.granted;
        budget.allocate(new Budget.Bid[] {bid}, 1, 0, 0, 7, 33, 0);
        assertThat(bid.granted).isEqualTo(alone).isGreaterThan(2);
    }

    @Test
    void allocate_moreWaitThanAPassHasRoomFor_countsThoseThatItHasRoomFor() {
        CostCurve narrow = new CostCurve(8);
        for (int width = 1; width <= 8; width++) {
            narrow.set(width, (40 + 10 * (width - 1)) * MILLI);
        }
        Budget.Bid bid = chain(.9, .5);
        new Budget(narrow).allocate(new Budget.Bid[] {bid}, 1, 0, 2, 7, 5, 0);
        int full = bid.granted;
        new Budget(narrow).allocate(new Budget.Bid[] {bid}, 1, 0, 2, 10_000, 5, 0);
        assertThat(bid.granted).isEqualTo(full).isEqualTo(2);
    }

    /** A virtual machine: passes advance the clock, nothing else does. */
    private static final class Machine {
        final AtomicLong clock = new AtomicLong(1);
        volatile IntToLongFunction cost = _ -> 50 * MILLI;

        LocalEngine engine(double confidence, int order) throws InterruptedException {
            LocalEngine engine = new LocalEngine(
                    new ScriptedModel(ScriptedModel.babble(5, order), n -> clock.addAndGet(cost.applyAsLong(n))),
                    EngineOptions.ofCells(8192),
                    EngineTelemetry.NONE,
                    LoopProposer.factory(_ -> new LearningTestDrafter(1, confidence)),
                    clock::get);
            engine.awaitCalibration(Duration.ofMinutes(1)); // its passes move the clock
            return engine;
        }

        /** Time per token of a turn, in plain passes of one token. */
        double relativeCost(LocalEngine engine, int tokens, Recorder recorder) {
            try (Session session = engine.openSession()) {
                long start = clock.get();
                session.submit(
                        TurnRequest.of(
                                        new Prompt.Text("x"),
                                        SamplingParameters.GREEDY
                                                .withTemperature(1.5f)
                                                .withSeed(3),
                                        DraftPolicy.AUTO,
                                        tokens)
                                .withRounds(true),
                        recorder);
                recorder.await();
                return (double) (clock.get() - start) / cost.applyAsLong(1) / tokens;
            }
        }
    }

    @Test
    void auto_whereDraftingCannotPay_settlesAtNoneWithinFiftyRounds() throws InterruptedException {
        Machine machine = new Machine();
        machine.cost = n -> n * 50 * MILLI;
        try (LocalEngine engine = machine.engine(0.9, 4)) {
            Recorder recorder = new Recorder();
            double cost = machine.relativeCost(engine, 1000, recorder);
            assertThat(cost).isLessThan(1.02);
            // What remains are probes of a single node, at most one in 32 rounds.
            assertThat(recorder.rounds.subList(50, recorder.rounds.size()))
                    .allSatisfy(round -> assertThat(round.draftNodes()).isLessThanOrEqualTo(1));
            assertThat(recorder.rounds.stream().skip(50).filter(round -> round.draftNodes() > 0))
                    .hasSizeLessThanOrEqualTo(1 + recorder.rounds.size() / 32);
        }
    }

    @Test
    void auto_whereTheDrafterIsOverconfident_losesLittle() throws InterruptedException {
        // Probabilities say 90 %, the temperature says otherwise: trust and rest must bound the loss.
        Machine machine = new Machine();
        machine.cost = n -> (30 + 20L * n) * MILLI;
        try (LocalEngine engine = machine.engine(0.9, 4)) {
            Recorder recorder = new Recorder();
            double cost = machine.relativeCost(engine, 2000, recorder);
            assertThat(cost).isLessThan(1.02);
        }
    }

    @Test
    void auto_whenDraftingBeginsToPay_findsOutWithinFiftyRounds() throws InterruptedException {
        Machine machine = new Machine();
        machine.cost = n -> n * 50 * MILLI;
        try (LocalEngine engine = machine.engine(0.9, 1)) {
            machine.relativeCost(engine, 400, new Recorder());
            machine.cost = _ -> 50 * MILLI;
            try (Session session = engine.openSession()) {
                Recorder recorder = new Recorder();
                session.submit(
                        TurnRequest.of(new Prompt.Text("x"), SamplingParameters.GREEDY, DraftPolicy.AUTO, 1000)
                                .withRounds(true),
                        recorder);
                recorder.await();
                assertThat(recorder.rounds.size()).isLessThan(400);
                // The last round may have no tokens left to guess, and one in 64 tells what passes without drafts cost.
                long plain = recorder.rounds.stream()
                        .limit(recorder.rounds.size() - 1)
                        .skip(50)
                        .filter(round -> round.draftNodes() < 3)
                        .count();
                assertThat(plain).isLessThanOrEqualTo(1 + recorder.rounds.size() / 64);
            }
        }
    }
}
