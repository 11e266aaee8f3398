package io.aded.draft.select;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import io.aded.draft.ArmPlay;
import io.aded.draft.ArmStatistics;
import io.aded.draft.DraftLimits;
import io.aded.draft.DraftModelStatistics;
import io.aded.draft.DraftRequest;
import io.aded.draft.adaptive.AdedDrafter;
import io.aded.draft.neural.DraftContexts;
import io.aded.draft.neural.DraftModels;
import io.aded.model.ContextParameters;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetContext;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rounds without an engine: a target that is a script, whose answers accept what the proposer drafts. */
class AdaptiveProposerTest {
    private static final long PLAIN_NANOS = 10_000;

    /** One proposer and its streams, over a draft model whose levels take 2,500 ns. */
    private static final class Play implements AutoCloseable {
        final ScriptedModel.Script script;
        final TargetContext target;
        final DraftModels models;
        final AdaptiveProposer proposer;
        final List<Stream> streams = new ArrayList<>();
        final List<DraftRequest> requests = new ArrayList<>();
        final DraftLimits limits = new DraftLimits(12, 8, 4);
        final float[] row = new float[ScriptedModel.VOCABULARY_SIZE];
        final TopTokens top = new TopTokens(8);
        long now = 1;
        long bought;
        boolean failing;

        Play(ScriptedModel.Script script, double agreement, int count, @Nullable DrafterChoice choice, boolean alone) {
            this.script = script;
            ScriptedModel model = new ScriptedModel(script);
            target = model.newContext(ContextParameters.ofCells(1024));
            ScriptedModel draft = agreement < 0
                    ? new ScriptedModel(ScriptedModel.babble(99, 8), this::pass)
                    : model.draft(agreement, 7, this::pass, ScriptedModel.Cells.OWN);
            DraftContexts contexts = _ -> new DraftContexts.Opened(
                    draft.newContext(ContextParameters.ofCells(32_768).withMaxSequences(16)), null);
            models = new DraftModels(contexts);
            proposer = new AdaptiveProposer(
                    () -> AdedDrafter.create(4096, null), models, target, choice, alone, () -> now);
            for (int i = 0; i < count; i++) {
                Stream stream = new Stream(i);
                streams.add(stream);
                requests.add(stream.request);
            }
        }

        private void pass(int tokens) {
            if (failing) {
                throw new IllegalStateException("the draft model is out of order");
            }
            now += 2500 + 20L * tokens;
        }

        /** A round of all streams: drafts, checks, accepts. */
        void round() {
            for (Stream stream : streams) {
                stream.tree.reset(stream.text[stream.length - 1]);
                stream.request.ask(limits, -1, PLAIN_NANOS).pricedBy(nodes -> 300.0 * nodes);
            }
            proposer.propose(requests);
            for (Stream stream : streams) {
                bought += stream.request.boughtNanos();
                stream.verify();
            }
            proposer.settle(requests);
        }

        final class Stream {
            final MixedState state = proposer.open();
            final TokenTree tree = new TokenTree(64);
            final DraftRequest request = new DraftRequest(state, tree);
            int[] text = new int[16_384];
            int length = 12;
            int accepted;

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

    private static void assertIsOneTree(TokenTree tree, DraftLimits limits) {
        assertThat(tree.draftNodes()).isLessThanOrEqualTo(limits.maxNodes());
        assertThat(tree.maxDepth()).isLessThanOrEqualTo(limits.maxDepth());
        assertThat(tree.leaves()).isLessThanOrEqualTo(limits.maxBranches());
        for (int node = 1; node < tree.size(); node++) {
            assertThat(tree.parent(node)).isLessThan(node);
            assertThat(tree.probability(node)).isBetween(0f, tree.probability(node - 1));
            assertThat(tree.child(tree.parent(node), tree.token(node)))
                    .as("the one child with this token")
                    .isEqualTo(node);
        }
    }

    @Test
    void propose_modelIsGood_graftsItsChainIntoTheTable() {
        try (Play play = new Play(ScriptedModel.babble(3, 8), 0.95, 1, null, false)) {
            Play.Stream stream = play.streams.getFirst();
            int[] sources = new int[3];
            int rounds = 0;
            while (stream.length < 1000) {
                stream.tree.reset(stream.text[stream.length - 1]);
                stream.request.ask(play.limits, -1, PLAIN_NANOS).pricedBy(nodes -> 300.0 * nodes);
                play.proposer.propose(play.requests);
                assertIsOneTree(stream.tree, play.limits);
                for (int node = 1; node < stream.tree.size(); node++) {
                    sources[stream.tree.tag(node)]++;
                }
                stream.verify();
                rounds++;
            }
            assertThat(sources[PathOpinions.MODEL]).isGreaterThan(300);
            assertThat(stream.accepted / (double) rounds).isGreaterThan(2);
            assertThat(stream.state.source(PathOpinions.MODEL)).isEqualTo("model");
            assertThat(stream.state.source(PathOpinions.TABLE)).isEqualTo("table");
            assertThat(stream.state.source(PathOpinions.BOTH)).isEqualTo("both");
        }
    }

    @Test
    void propose_textLoops_tokensOfBothAreOneNodeAndTheModelIsLeftAlone() {
        try (Play play = new Play(ScriptedModel.babble(1, 2), 1, 1, null, false)) {
            for (int round = 0; round < 60; round++) {
                play.round();
            }
            long before = play.bought;
            for (int round = 0; round < 60; round++) {
                play.round();
                assertIsOneTree(play.streams.getFirst().tree, play.limits);
            }
            // The table knows the loop: hardly a level is bought any more.
            assertThat(play.bought - before).isLessThan(60 * PLAIN_NANOS / 20);
        }
    }

    @Test
    void propose_modelIsUseless_takesAHundredthOfTheTimeAtMost() {
        try (Play play = new Play(ScriptedModel.babble(3, 8), -1, 4, null, false)) {
            for (int round = 0; round < 100; round++) {
                play.round();
            }
            long before = play.bought;
            for (int round = 0; round < 1000; round++) {
                play.round();
            }
            assertThat(play.bought - before).isBetween(1L, 4 * 1000 * PLAIN_NANOS / 100);
        }
    }

    @Test
    void propose_severalStreams_shareLevels() {
        try (Play play = new Play(ScriptedModel.babble(3, 8), 1, 4, null, false)) {
            for (int round = 0; round < 100; round++) {
                play.round();
            }
            long levels = play.bought;
            // Four streams for a level of 2,580 ns: some 650 each, a fifteenth of a token's time; chains are long.
            assertThat(play.streams.getLast().accepted).isGreaterThan(250);
            assertThat(levels / 400).isLessThan(PLAIN_NANOS);
        }
    }

    @Test
    void propose_modelFailsInMidStream_goesOnWithTheTable() {
        try (Play play = new Play(ScriptedModel.babble(1, 4), 1, 2, null, false)) {
            for (int round = 0; round < 40; round++) {
                play.round();
            }
            play.failing = true;
            for (int round = 0; round < 200; round++) {
                play.round();
                for (DraftRequest request : play.requests) {
                    assertThat(request.failure()).isNull();
                }
                assertIsOneTree(play.streams.getFirst().tree, play.limits);
            }
        }
    }

    @Test
    void propose_again_passDidNotHappen_draftsTheSame() {
        try (Play play = new Play(ScriptedModel.babble(3, 8), 1, 1, null, false)) {
            for (int round = 0; round < 50; round++) {
                play.round();
            }
            Play.Stream stream = play.streams.getFirst();
            List<Integer> first = draft(play, stream);
            assertThat(draft(play, stream)).isEqualTo(first).isNotEmpty();
            stream.verify();
        }
    }

    private static List<Integer> draft(Play play, Play.Stream stream) {
        stream.tree.reset(stream.text[stream.length - 1]);
        stream.request.ask(play.limits, -1, PLAIN_NANOS).pricedBy(nodes -> 300.0 * nodes);
        play.proposer.propose(play.requests);
        List<Integer> tokens = new ArrayList<>();
        for (int node = 1; node < stream.tree.size(); node++) {
            tokens.add(stream.tree.token(node));
        }
        return tokens;
    }

    @Test
    void arms_afterRounds_tellWhoDraftedAndTheRegret() {
        try (Play play = new Play(ScriptedModel.babble(3, 8), 0.95, 2, null, false)) {
            for (int round = 0; round < 200; round++) {
                play.round();
            }
            List<ArmStatistics> arms = play.proposer.arms();
            assertThat(arms).extracting(ArmStatistics::arm).containsExactly("none", "table", "model", "both");
            assertThat(arms.stream().mapToLong(ArmStatistics::asked).sum()).isEqualTo(400);
            assertThat(arms.stream().mapToDouble(ArmStatistics::weight).sum()).isCloseTo(1, within(1e-9));
            ArmStatistics both = arms.get(3);
            assertThat(both.asked()).isGreaterThan(60);
            assertThat(both.tokens()).isEqualTo(both.accepted() + both.asked());
            assertThat(both.hindsight()).isLessThan(arms.get(1).hindsight());
            // Each round is one of these, and the model guessed where an arm with it was played.
            DraftModelStatistics model = play.models.statistics();
            assertThat(model.guessed() + model.unpaid() + model.unready()).isEqualTo(400);
            assertThat(model.guessed()).isEqualTo(both.asked() + arms.get(2).asked());
        }
    }

    @Test
    void play_modelFails_saysWhyTheTableDraftsAlone() {
        try (Play play = new Play(ScriptedModel.babble(3, 8), 1, 1, null, true)) {
            MixedState state = play.streams.getFirst().state;
            assertThat(state.play()).as("nothing is drafted yet").isNull();
            draft(play, play.streams.getFirst());
            assertThat(state.play())
                    .as("of a model of which nothing is known")
                    .isEqualTo(new ArmPlay("both", ArmPlay.Reason.PROBE));
            play.failing = true;
            for (int round = 0; round < 200; round++) {
                play.round();
            }
            draft(play, play.streams.getFirst());
            assertThat(state.play()).isEqualTo(new ArmPlay("table", ArmPlay.Reason.UNUSABLE));
            DraftModelStatistics model = play.models.statistics();
            assertThat(model.failures()).isEqualTo(3);
            assertThat(model.unusable()).isBetween(100L, 200L);
            assertThat(model.trouble()).contains("failed");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"table", "both"})
    void propose_byChoiceAlone_playsTheArmOfTheBestPrediction(String arm) {
        ChoiceTrainer trainer = new ChoiceTrainer();
        for (String other : DrafterChoice.arms()) {
            trainer.add(new int[] {1, 2, 3}, other, other.equals(arm) ? 2 : 1);
        }
        DrafterChoice choice = trainer.train(Map.of());
        try (Play play = new Play(ScriptedModel.babble(3, 8), 1, 1, choice, true)) {
            for (int round = 0; round < 50; round++) {
                play.round();
            }
            assertThat(play.bought > 0).isEqualTo(arm.equals("both"));
        }
    }

    @Test
    void rounds_onceGrown_allocateNothingOfTheirOwn() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Play play = new Play(ScriptedModel.babble(3, 8), -1, 2, null, false)) {
            for (int round = 0; round < 3000; round++) {
                play.round();
            }
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int round = 0; round < 500; round++) {
                play.round();
            }
            // Streams' texts grow, and a probe now and then makes a batch; a round takes no object.
            assertThat((threads.getCurrentThreadAllocatedBytes() - before) / 1000)
                    .isLessThan(200);
        }
    }
}
