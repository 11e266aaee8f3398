package io.aded.draft.select;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.aded.draft.DraftLimits;
import io.aded.draft.DraftModelStatistics;
import io.aded.draft.DraftRequest;
import io.aded.draft.DraftState;
import io.aded.draft.adaptive.AdedDrafter;
import io.aded.draft.neural.DraftContexts;
import io.aded.draft.neural.DraftModels;
import io.aded.model.CellCopier;
import io.aded.model.ContextParameters;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetContext;
import io.aded.model.TokenTree;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Rounds without an engine: a target that is a script, whose answers accept what the proposer drafts. */
class JointProposerTest {
    /** A text that never says the same again, and one that falls into a loop. */
    private static final ScriptedModel.Script FRESH = ScriptedModel.babble(3, 8);

    private static final ScriptedModel.Script LOOPING = ScriptedModel.babble(1, 2);

    /** One proposer and its streams, each of which drafts so many nodes. */
    private static final class Play implements AutoCloseable {
        final ScriptedModel.Script script;
        final TargetContext target;
        final DraftModels models;
        final JointProposer proposer;
        final List<Stream> streams = new ArrayList<>();
        final List<DraftRequest> requests = new ArrayList<>();
        final DraftLimits limits;
        final float[] row = new float[ScriptedModel.VOCABULARY_SIZE];
        long now = 1;
        boolean failing;

        Play(ScriptedModel.Script script, double agreement, int nodes, int count) {
            this(script, agreement, nodes, count, 0);
        }

        /** With a copier of cells that takes so long to find that it cannot; without one if that is 0. */
        Play(ScriptedModel.Script script, double agreement, int nodes, int count, long copyNanos) {
            this.script = script;
            limits = new DraftLimits(nodes, 8, 4);
            ScriptedModel model = new ScriptedModel(script);
            target = model.newContext(ContextParameters.ofCells(1024));
            ScriptedModel draft = model.draft(agreement, 7, this::pass, ScriptedModel.Cells.OWN);
            DraftContexts contexts = _ -> new DraftContexts.Opened(
                    draft.newContext(ContextParameters.ofCells(32_768).withMaxSequences(16)),
                    copyNanos == 0 ? null : refusing(copyNanos));
            models = new DraftModels(contexts);
            proposer = new JointProposer(() -> AdedDrafter.create(4096, null), models, target, () -> now);
            for (int i = 0; i < count; i++) {
                Stream stream = new Stream(i);
                streams.add(stream);
                requests.add(stream.request);
            }
        }

        private CellCopier refusing(long copyNanos) {
            return new CellCopier() {
                @Override
                public boolean copy(int source, int from, int to, int destination) {
                    now += copyNanos;
                    return false;
                }

                @Override
                public void close() {
                    // It holds nothing.
                }
            };
        }

        private void pass(int tokens) {
            if (failing) {
                throw new IllegalStateException("the draft model is out of order");
            }
            now += 2500 + 20L * tokens;
        }

        /** A round of all streams: drafts, checks, accepts. */
        void round() {
            draft();
            now += 10_000;
            for (Stream stream : streams) {
                stream.verify();
            }
            proposer.settle(requests);
        }

        void draft() {
            for (Stream stream : streams) {
                stream.tree.reset(stream.text[stream.length - 1]);
                stream.request.ask(limits, -1, 0);
            }
            proposer.propose(requests);
        }

        void rounds(int count) {
            for (int i = 0; i < count; i++) {
                round();
            }
        }

        DraftModelStatistics model() {
            return models.statistics();
        }

        final class Stream {
            final DraftState state = proposer.open();
            final TokenTree tree = new TokenTree(64);
            final DraftRequest request = new DraftRequest(state, tree);
            int[] text = new int[16_384];
            int length = 12;
            int accepted;
            int byModel;

            Stream(int number) {
                for (int i = 0; i < length; i++) {
                    text[i] = 3 + 'a' + (number + i * i) % 20;
                }
                state.learnPrompt(text, 0, length);
            }

            void verify() {
                int node = 0;
                while (true) {
                    script.logits(text, length, row);
                    int best = 0;
                    for (int token = 1; token < row.length; token++) {
                        best = row[token] > row[best] ? token : best;
                    }
                    text[length++] = best;
                    int child = tree.child(node, best);
                    if (child < 0) {
                        state.accept(tree, node, best);
                        state.share();
                        return;
                    }
                    accepted++;
                    byModel += tree.tag(child) == PathOpinions.TABLE ? 0 : 1;
                    node = child;
                }
            }
        }

        @Override
        public void close() {
            streams.forEach(stream -> stream.state.close());
            proposer.close();
            target.close();
        }
    }

    private static void assertIsSound(TokenTree tree, DraftLimits limits) {
        assertThat(tree.draftNodes()).isLessThanOrEqualTo(limits.maxNodes());
        assertThat(tree.maxDepth()).isLessThanOrEqualTo(limits.maxDepth());
        assertThat(tree.leaves()).isLessThanOrEqualTo(limits.maxBranches());
        for (int node = 1; node < tree.size(); node++) {
            assertThat(tree.probability(node)).isBetween(0f, tree.probability(node - 1));
            assertThat(tree.child(tree.parent(node), tree.token(node))).isEqualTo(node);
        }
    }

    @Test
    void propose_draftThatIsAlwaysRight_threeNodesAreAChainOfThreeLevels() {
        try (Play play = new Play(FRESH, 1, 3, 1)) {
            play.rounds(60); // what the two are worth is learned
            Play.Stream stream = play.streams.getFirst();
            int accepted = stream.accepted;
            long levels = play.model().levels();
            play.rounds(100);
            assertThat(stream.accepted - accepted).as("of three a round").isGreaterThan(290);
            assertThat(stream.byModel).isGreaterThan(290);
            assertThat(play.model().levels() - levels).isBetween(200L, 300L);
        }
    }

    @Test
    void propose_draftThatIsSometimesRight_isAtLeastAsGoodAsAChainOfItsOwn() {
        try (Play play = new Play(FRESH, 0.8, 3, 2)) {
            play.rounds(1000);
            // A chain of three would have 0.8 + 0.64 + 0.512 = 1.95 accepted; the second best is the right one else.
            for (Play.Stream stream : play.streams) {
                assertThat(stream.accepted).isGreaterThan(1850);
                assertIsSound(stream.tree, play.limits);
                assertThat(stream.state.name()).isEqualTo("aded+model");
            }
            DraftModelStatistics model = play.model();
            assertThat(model.guessed() + model.unready()).isEqualTo(2000);
            assertThat(model.guessed()).isGreaterThan(1990);
        }
    }

    @Test
    void propose_textLoops_theModelIsAskedAllTheSameForAsMuchAsTheTableHas() {
        try (Play play = new Play(LOOPING, 1, 8, 1)) {
            play.rounds(200);
            long levels = play.model().levels();
            int accepted = play.streams.getFirst().accepted;
            play.rounds(100);
            assertThat(play.streams.getFirst().accepted - accepted).isGreaterThan(750);
            assertThat(play.model().levels() - levels)
                    .as("one a round, or a few")
                    .isBetween(100L, 200L);
        }
    }

    @Test
    void propose_modelFailsInMidStream_goesOnWithTheTable() {
        try (Play play = new Play(LOOPING, 1, 8, 2)) {
            play.rounds(40);
            play.failing = true;
            play.rounds(100);
            for (DraftRequest request : play.requests) {
                assertThat(request.failure()).isNull();
                assertThat(request.tree().draftNodes()).isPositive();
                assertThat(request.state().name()).isEqualTo("aded");
            }
            assertThat(play.model().unusable()).isGreaterThan(100);
            assertThat(play.proposer.levelNanos(1)).isZero();
        }
    }

    @Test
    void propose_again_passDidNotHappen_draftsTheSame() {
        try (Play play = new Play(FRESH, 0.9, 6, 1)) {
            play.rounds(50);
            play.draft();
            TokenTree tree = play.streams.getFirst().tree;
            TokenTree first = new TokenTree(64);
            first.reset(tree.token(0));
            for (int node = 1; node < tree.size(); node++) {
                first.add(tree.parent(node), tree.token(node), tree.probability(node));
            }
            play.draft();
            assertThat(tree.size()).isEqualTo(first.size()).isGreaterThan(1);
            for (int node = 1; node < tree.size(); node++) {
                assertThat(tree.token(node)).isEqualTo(first.token(node));
                assertThat(tree.parent(node)).isEqualTo(first.parent(node));
            }
        }
    }

    @Test
    void propose_twoStreams_shareLevelsAndTellWhatTheyTook() {
        try (Play one = new Play(FRESH, 1, 3, 1);
                Play two = new Play(FRESH, 1, 3, 2)) {
            one.rounds(100);
            two.rounds(100);
            assertThat(two.model().levels()).isLessThan(one.model().levels() + 100);
            for (DraftRequest request : two.requests) {
                assertThat(request.nanos()).isBetween(2 * 1250L, 3 * 2000L);
                assertThat(request.boughtNanos())
                        .as("nothing is bought that might have been left")
                        .isZero();
            }
        }
    }

    @Test
    void propose_cellsOfTheTargetAreTakenOver_isChargedOnce() {
        try (Play play = new Play(FRESH, 1, 3, 1, 1_000_000)) {
            Play.Stream stream = play.streams.getFirst();
            stream.tree.reset(stream.text[stream.length - 1]);
            stream.request.ask(play.limits, 0, 0);
            stream.request.kept(stream.length - 1);
            play.proposer.propose(play.requests);
            assertThat(stream.request.nanos()).isBetween(1_000_000L, 1_100_000L);
        }
    }

    @Test
    void rounds_onceGrown_allocateNothingOfTheirOwn() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Play play = new Play(LOOPING, 1, 3, 2)) {
            play.rounds(2000);
            long before = threads.getCurrentThreadAllocatedBytes();
            play.rounds(500);
            // Levels of the scripted model take some; a round takes no object.
            assertThat((threads.getCurrentThreadAllocatedBytes() - before) / 1000)
                    .isLessThan(600);
        }
    }
}
