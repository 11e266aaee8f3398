package io.aded.draft.select;

import static io.aded.draft.select.ProposerPlay.FRESH;
import static io.aded.draft.select.ProposerPlay.LOOPING;
import static io.aded.draft.select.ProposerPlay.PASS_NANOS;
import static io.aded.draft.select.ProposerPlay.USELESS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import io.aded.draft.ArmPlay;
import io.aded.draft.ArmStatistics;
import io.aded.draft.DraftLimits;
import io.aded.draft.DraftModelStatistics;
import io.aded.draft.DraftRequest;
import io.aded.draft.DraftState;
import io.aded.model.ScriptedModel;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdaptiveProposerTest {
    private static ProposerPlay<AdaptiveProposer> play(ScriptedModel.Script script, double agreement, int count) {
        return play(script, agreement, count, null, false);
    }

    private static ProposerPlay<AdaptiveProposer> play(
            ScriptedModel.Script script, double agreement, int count, @Nullable DrafterChoice choice, boolean alone) {
        return new ProposerPlay<>(
                script,
                agreement,
                new DraftLimits(12, 8, 4),
                count,
                (tables, models, target, clock) -> new AdaptiveProposer(tables, models, target, choice, alone, clock));
    }

    @Test
    void propose_modelIsGood_graftsItsChainIntoTheTable() {
        try (ProposerPlay<AdaptiveProposer> play = play(FRESH, 0.95, 1)) {
            ProposerPlay<AdaptiveProposer>.Stream stream = play.streams.getFirst();
            int[] sources = new int[3];
            int rounds = 0;
            while (stream.length < 1000) {
                play.draft();
                play.assertIsSound(stream.tree);
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
        try (ProposerPlay<AdaptiveProposer> play = play(LOOPING, 1, 1)) {
            play.rounds(60);
            long before = play.bought;
            for (int round = 0; round < 60; round++) {
                play.rounds(1);
                play.assertIsSound(play.streams.getFirst().tree);
            }
            // The table knows the loop: hardly a level is bought any more.
            assertThat(play.bought - before).isLessThan(60 * PASS_NANOS / 20);
        }
    }

    @Test
    void propose_modelIsUseless_takesAHundredthOfTheTimeAtMost() {
        try (ProposerPlay<AdaptiveProposer> play = play(FRESH, USELESS, 4)) {
            play.rounds(100);
            long before = play.bought;
            play.rounds(1000);
            assertThat(play.bought - before).isBetween(1L, 4 * 1000 * PASS_NANOS / 100);
        }
    }

    @Test
    void propose_severalStreams_shareLevels() {
        try (ProposerPlay<AdaptiveProposer> play = play(FRESH, 1, 4)) {
            play.rounds(100);
            long levels = play.bought;
            // Four streams for a level of 2,580 ns: some 650 each, a fifteenth of a token's time; chains are long.
            assertThat(play.streams.getLast().accepted).isGreaterThan(250);
            assertThat(levels / 400).isLessThan(PASS_NANOS);
        }
    }

    @Test
    void propose_modelFailsInMidStream_goesOnWithTheTable() {
        try (ProposerPlay<AdaptiveProposer> play = play(ScriptedModel.babble(1, 4), 1, 2)) {
            play.rounds(40);
            play.failing = true;
            for (int round = 0; round < 200; round++) {
                play.rounds(1);
                for (DraftRequest request : play.requests) {
                    assertThat(request.failure()).isNull();
                }
                play.assertIsSound(play.streams.getFirst().tree);
            }
        }
    }

    @Test
    void propose_again_passDidNotHappen_draftsTheSame() {
        try (ProposerPlay<AdaptiveProposer> play = play(FRESH, 1, 1)) {
            play.rounds(50);
            ProposerPlay<AdaptiveProposer>.Stream stream = play.streams.getFirst();
            play.draft();
            List<List<Integer>> first = stream.nodes();
            play.draft();
            assertThat(stream.nodes()).isEqualTo(first).isNotEmpty();
            stream.verify();
        }
    }

    @Test
    void propose_searchOfOneStreamThrows_endsThatStreamAlone() {
        try (ProposerPlay<AdaptiveProposer> play = play(FRESH, 1, 3)) {
            play.rounds(100); // and all three ask the model in every round
            play.breakInNextPass(play.streams.get(1));
            play.draft();
            assertThat(play.requests)
                    .extracting(request -> request.failure() == null)
                    .containsExactly(true, false, true);
            for (ProposerPlay<AdaptiveProposer>.Stream stream :
                    List.of(play.streams.getFirst(), play.streams.getLast())) {
                assertThat(stream.state.name()).isEqualTo("aded+model");
                assertThat(stream.tree.draftNodes()).isPositive();
                stream.verify();
            }
        }
    }

    @Test
    void arms_afterRounds_tellWhoDraftedAndTheRegret() {
        try (ProposerPlay<AdaptiveProposer> play = play(FRESH, 0.95, 2)) {
            play.rounds(200);
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
        try (ProposerPlay<AdaptiveProposer> play = play(FRESH, 1, 1, null, true)) {
            DraftState state = play.streams.getFirst().state;
            assertThat(state.play()).as("nothing is drafted yet").isNull();
            play.draft();
            assertThat(state.play())
                    .as("of a model of which nothing is known")
                    .isEqualTo(new ArmPlay("both", ArmPlay.Reason.PROBE));
            play.failing = true;
            play.rounds(200);
            play.draft();
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
        try (ProposerPlay<AdaptiveProposer> play = play(FRESH, 1, 1, choice, true)) {
            play.rounds(50);
            assertThat(play.bought > 0).isEqualTo(arm.equals("both"));
        }
    }

    @Test
    void rounds_onceGrown_allocateNothingOfTheirOwn() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (ProposerPlay<AdaptiveProposer> play = play(FRESH, USELESS, 2)) {
            play.rounds(3000);
            long before = threads.getCurrentThreadAllocatedBytes();
            play.rounds(500);
            // Streams' texts grow, and a probe now and then makes a batch; a round takes no object.
            assertThat((threads.getCurrentThreadAllocatedBytes() - before) / 1000)
                    .isLessThan(200);
        }
    }
}
