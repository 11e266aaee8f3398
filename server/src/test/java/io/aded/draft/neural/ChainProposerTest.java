package io.aded.draft.neural;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.management.ThreadMXBean;
import io.aded.draft.DraftLimits;
import io.aded.draft.DraftRequest;
import io.aded.draft.DraftState;
import io.aded.model.ScriptedModel.Cells;
import io.aded.model.TargetContext;
import io.aded.model.TokenTree;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class ChainProposerTest {
    private static final DraftLimits SIX = new DraftLimits(6, 6, 1);
    private static final long LEVEL_OF_ONE = Bench.PASS_NANOS + Bench.TOKEN_NANOS;

    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    private Bench bench(double agreement) {
        Bench bench = Bench.of(agreement, Cells.OWN);
        open.add(bench.targetContext);
        return bench;
    }

    /** A proposer over the bench's draft, which closes the model of its own. */
    private ChainProposer proposer(Bench bench, boolean byThreshold) {
        DraftModels models = new DraftModels(_ -> new DraftContexts.Opened(bench.watched, null));
        ChainProposer proposer = byThreshold
                ? ChainProposer.byThreshold("draft-verify", models, bench.targetContext, () -> bench.now)
                : ChainProposer.priced("model", models, bench.targetContext, () -> bench.now);
        open.add(proposer);
        return proposer;
    }

    private DraftRequest stream(ChainProposer proposer, int[] text) {
        DraftState state = proposer.open();
        open.add(state);
        state.learnPrompt(text, 0, text.length);
        return new DraftRequest(state, new TokenTree(16));
    }

    private static void ask(DraftRequest request, int root, DraftLimits limits, double tokenNanos) {
        request.tree().reset(root);
        request.ask(limits, 0, tokenNanos);
    }

    private static int[] drafted(TokenTree tree) {
        int[] tokens = new int[tree.draftNodes()];
        for (int node = 1; node < tree.size(); node++) {
            assertThat(tree.parent(node)).isEqualTo(node - 1);
            assertThat(tree.probability(node)).isLessThanOrEqualTo(tree.probability(node - 1));
            tokens[node - 1] = tree.token(node);
        }
        return tokens;
    }

    @Test
    void propose_callerWhoFixedTheLength_isAChainOfThatLength() {
        Bench bench = bench(1);
        ChainProposer proposer = proposer(bench, false);
        int[] text = Bench.text(0, 13);
        DraftRequest request = stream(proposer, Arrays.copyOf(text, 7));
        ask(request, text[6], SIX, 0);

        proposer.propose(List.of(request));

        assertThat(drafted(request.tree())).isEqualTo(Arrays.copyOfRange(text, 7, 13));
        assertThat(bench.decoded).containsExactly(7, 1, 1, 1, 1, 1);
        assertThat(request.nanos()).isEqualTo(1700 + 5 * LEVEL_OF_ONE);
        assertThat(request.endNanos() - request.startNanos()).isEqualTo(request.nanos());
        assertThat(request.state().name()).isEqualTo("model");
    }

    @Test
    void propose_severalStreams_takesAsManyLevelsAsTheDeepestChain() {
        Bench bench = bench(1);
        ChainProposer proposer = proposer(bench, false);
        List<DraftRequest> requests = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            int[] text = Bench.text(i, 5);
            DraftRequest request = stream(proposer, text);
            ask(request, text[4], new DraftLimits(1 + i, 8, 1), 0);
            requests.add(request);
        }

        proposer.propose(requests);

        assertThat(bench.decoded).containsExactly(20, 3, 2, 1);
        for (int i = 0; i < 4; i++) {
            assertThat(drafted(requests.get(i).tree())).isEqualTo(Arrays.copyOfRange(Bench.text(i, 6 + i), 5, 6 + i));
        }
        assertThat(requests.stream().mapToLong(DraftRequest::nanos).sum())
                .as("together they pay for every level")
                .isBetween(bench.now - 8, bench.now);
    }

    @Test
    void propose_streamThatWantsNoDraft_getsNoneAndStaysUpToDate() {
        Bench bench = bench(1);
        ChainProposer proposer = proposer(bench, false);
        int[] text = Bench.text(0, 12);
        DraftRequest request = stream(proposer, Arrays.copyOf(text, 7));
        ask(request, text[6], new DraftLimits(0, 6, 1), 0);

        proposer.propose(List.of(request));

        assertThat(bench.decoded).isEmpty();
        assertThat(request.tree().draftNodes()).isZero();
        request.state().accept(request.tree(), 0, text[7]);
        ask(request, text[7], SIX, 0);
        proposer.propose(List.of(request));
        assertThat(drafted(request.tree())).startsWith(text[8], text[9]);
    }

    /** The chain ends where what the next guess saves, in expectation, is less than the level that brings it. */
    @Test
    void propose_priced_endsWhereTheNextLevelDoesNotPay() {
        Bench bench = bench(1);
        ChainProposer proposer = proposer(bench, false);
        int[] text = Bench.text(0, 40);
        DraftRequest request = stream(proposer, Arrays.copyOf(text, 20));
        ask(request, text[19], new DraftLimits(16, 16, 1), 0);
        proposer.propose(List.of(request)); // it is known what a level takes, and nothing yet of how often it is right
        double share = 0.7;

        for (double token : new double[] {1600, 3000, 6000, 20_000}) {
            ask(request, text[19], new DraftLimits(16, 16, 1), token);
            proposer.propose(List.of(request));

            TokenTree tree = request.tree();
            double level = proposer.levelNanos(1);
            assertThat(level).isCloseTo(LEVEL_OF_ONE, within(50.0));
            assertThat(tree.draftNodes()).isPositive();
            int last = tree.draftNodes();
            assertThat(tree.probability(last - 1) * share * token).isGreaterThan(level);
            assertThat(last == 16 || tree.probability(last) * share * token <= level)
                    .isTrue();
        }
    }

    /** Where a wide pass hardly takes longer than one of two tokens, several levels pay though one would not. */
    @Test
    void propose_priced_verificationThatIsDearOnlyAtFirst_draftsAsManyAsPayTogether() {
        Bench bench = bench(1);
        ChainProposer proposer = proposer(bench, false);
        int[] text = Bench.text(0, 7);
        DraftRequest request = stream(proposer, text);
        ask(request, text[6], SIX, 0);
        proposer.propose(List.of(request));
        // A level takes 1,100. One guess saves 0.7 of 4,000; two save 0.7 + 0.49: (4,760 − 2,500) / 2 = 1,130.
        for (boolean dearOnlyAtFirst : new boolean[] {true, false}) {
            ask(request, text[6], SIX, 4000);
            request.pricedBy(nodes -> nodes == 0 ? 0 : dearOnlyAtFirst ? 2500 : 2500.0 * nodes);
            proposer.propose(List.of(request));

            assertThat(request.tree().draftNodes() > 0)
                    .as("dear only at first: %s", dearOnlyAtFirst)
                    .isEqualTo(dearOnlyAtFirst);
        }
    }

    @Test
    void propose_priced_nothingThatPays_makesNoLevelButAFewProbes() {
        Bench bench = bench(1);
        ChainProposer proposer = proposer(bench, false);
        int[] text = Bench.text(0, 7);
        DraftRequest request = stream(proposer, text);
        ask(request, text[6], SIX, 0);
        proposer.propose(List.of(request));
        bench.decoded.clear();
        double token = 1000; // seven tenths of that is less than a level

        for (int pass = 0; pass < 1000; pass++) {
            ask(request, text[6], SIX, token);
            proposer.propose(List.of(request));
        }

        // A hundredth of a thousand tokens' time is ten thousand nanoseconds: nine levels.
        assertThat(bench.decoded).hasSizeBetween(7, 10);
    }

    @Test
    void propose_priced_streamsOfLittleWorth_rideWhereAnotherPays() {
        Bench bench = bench(1);
        ChainProposer proposer = proposer(bench, false);
        List<DraftRequest> requests = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            requests.add(stream(proposer, Bench.text(i, 5)));
        }
        for (int warm = 0; warm < 12; warm++) { // widths of one to three tell what a stream more takes
            for (int i = 0; i < 3; i++) {
                ask(requests.get(i), Bench.text(i, 5)[4], new DraftLimits(i <= warm % 3 ? 4 : 0, 4, 1), 0);
            }
            proposer.propose(requests);
        }
        assertThat(proposer.levelNanos(3) - proposer.levelNanos(1)).isCloseTo(200, within(60.0));
        DraftLimits one = new DraftLimits(1, 1, 1);

        // 0.7 of 400 is more than the 100 that a second and a third stream add, and far less than a level.
        double[] worth = {400, 5000, 100};
        for (int i = 0; i < 3; i++) {
            ask(requests.get(i), Bench.text(i, 5)[4], one, worth[i]);
        }
        proposer.propose(requests);

        assertThat(requests.get(0).tree().draftNodes()).isEqualTo(1);
        assertThat(requests.get(1).tree().draftNodes()).isEqualTo(1);
        assertThat(requests.get(2).tree().draftNodes()).isZero();
    }

    @Test
    void propose_byThreshold_endsAfterATokenBelowIt() {
        Bench bench = bench(1);
        ChainProposer proposer = proposer(bench, true);
        int drafts = 0;
        int ended = 0;
        for (int number = 0; number < 20; number++) {
            int[] text = Bench.text(number, 20);
            DraftRequest request = stream(proposer, text);
            ask(request, text[19], new DraftLimits(8, 8, 1), 0);
            proposer.propose(List.of(request));
            DraftStream stream = ((ModelState) request.state()).stream();
            int last = request.tree().draftNodes();
            assertThat(last).isPositive();
            for (int depth = 0; depth < last - 1; depth++) {
                assertThat(stream.opinion(depth).probability(0)).isGreaterThanOrEqualTo(0.8f);
            }
            boolean unsure = stream.opinion(last - 1).probability(0) < 0.8f;
            assertThat(unsure || last == 8).isTrue();
            drafts++;
            ended += unsure ? 1 : 0;
            request.state().accept(request.tree(), last, 3 + '?');
        }
        assertThat(ended).isBetween(1, drafts);
    }

    @Test
    void accept_outcomes_teachHowFarTheModelIsRight() {
        Bench bench = bench(0);
        ChainProposer proposer = proposer(bench, false);
        int[] text = Bench.text(0, 60);
        DraftRequest request = stream(proposer, Arrays.copyOf(text, 10));
        float first = 1;
        for (int length = 10; length < 50; length++) {
            ask(request, text[length - 1], new DraftLimits(2, 2, 1), 0);
            proposer.propose(List.of(request));
            assertThat(request.tree().token(1)).as("it never agrees").isNotEqualTo(text[length]);
            first = length == 10 ? request.tree().probability(1) : first;
            request.state().accept(request.tree(), 0, text[length]);
        }

        ask(request, text[49], new DraftLimits(2, 2, 1), 0);
        proposer.propose(List.of(request));

        assertThat(request.tree().probability(1)).isLessThan(first / 2);
        assertThat(((ModelState) request.state()).rightLately()).isLessThan(0.05);
    }

    @Test
    void propose_draftThatFails_leavesTreesEmptyAndSaysNothingOfTheStreams() {
        Bench bench = bench(1);
        ChainProposer proposer = proposer(bench, false);
        int[] text = Bench.text(0, 30);
        DraftRequest request = stream(proposer, Arrays.copyOf(text, 7));
        for (int length = 7; length < 20; length++) {
            bench.fault = length < 9
                    ? null
                    : _ -> {
                        throw new IllegalStateException("the device is gone");
                    };
            ask(request, text[length - 1], SIX, 0);
            proposer.propose(List.of(request));
            assertThat(request.failure()).isNull();
            assertThat(request.tree().draftNodes()).isEqualTo(length < 9 ? 6 : 0);
            request.state().accept(request.tree(), 0, text[length]);
        }

        assertThat(proposer.model().isUsable()).isFalse();
        assertThat(proposer.levelNanos(1)).isZero();
    }

    @Test
    void rounds_onceGrown_allocateNothing() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        assumeThat(threads.isThreadAllocatedMemorySupported()).isTrue();
        Bench bench = Bench.of(0.7, Cells.OWN);
        open.add(bench.targetContext);
        for (boolean byThreshold : new boolean[] {false, true}) {
            TargetContext plain = bench.draft.newContext(Bench.parameters(2048, 4));
            DraftModels models = new DraftModels(_ -> new DraftContexts.Opened(plain, null));
            ChainProposer proposer = byThreshold
                    ? ChainProposer.byThreshold("a", models, bench.targetContext, () -> bench.now)
                    : ChainProposer.priced("a", models, bench.targetContext, () -> bench.now);
            open.add(proposer);
            int[] text = Bench.text(byThreshold ? 1 : 0, 1500);
            DraftRequest request = stream(proposer, Arrays.copyOf(text, 20));
            List<DraftRequest> requests = List.of(request);
            long before = 0;
            int length = 20;
            for (int round = 0; round < 500; round++) {
                if (round == 300) {
                    request.state().rewind(20);
                    length = 20;
                }
                if (round == 350) {
                    before = threads.getCurrentThreadAllocatedBytes();
                }
                ask(request, text[length - 1], SIX, byThreshold ? 0 : 4000);
                proposer.propose(requests);
                int node = 0;
                while (request.tree().child(node, text[length]) >= 0) {
                    node = request.tree().child(node, text[length++]);
                }
                request.state().accept(request.tree(), node, text[length++]);
            }
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;

            assertThat(allocated)
                    .as("bytes in a hundred and fifty rounds, by threshold: %s", byThreshold)
                    .isLessThan(4_000);
        }
    }
}
