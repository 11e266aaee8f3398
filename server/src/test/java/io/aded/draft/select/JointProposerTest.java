package io.aded.draft.select;

import static io.aded.draft.select.ProposerPlay.FRESH;
import static io.aded.draft.select.ProposerPlay.LOOPING;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.aded.draft.DraftLimits;
import io.aded.draft.DraftModelStatistics;
import io.aded.draft.DraftRequest;
import io.aded.model.ScriptedModel;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.api.Test;

class JointProposerTest {
    /** Streams that draft so many nodes each. */
    private static ProposerPlay<JointProposer> play(
            ScriptedModel.Script script, double agreement, int nodes, int count) {
        return new ProposerPlay<>(script, agreement, new DraftLimits(nodes, 8, 4), count, JointProposer::new);
    }

    @Test
    void propose_draftThatIsAlwaysRight_threeNodesAreAChainOfThreeLevels() {
        try (ProposerPlay<JointProposer> play = play(FRESH, 1, 3, 1)) {
            play.rounds(60); // what the two are worth is learned
            ProposerPlay<JointProposer>.Stream stream = play.streams.getFirst();
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
        try (ProposerPlay<JointProposer> play = play(FRESH, 0.8, 3, 2)) {
            play.rounds(1000);
            // A chain of three would have 0.8 + 0.64 + 0.512 = 1.95 accepted; the second best is the right one else.
            for (ProposerPlay<JointProposer>.Stream stream : play.streams) {
                assertThat(stream.accepted).isGreaterThan(1850);
                play.assertIsSound(stream.tree);
                assertThat(stream.state.name()).isEqualTo("aded+model");
            }
            DraftModelStatistics model = play.model();
            assertThat(model.guessed() + model.unready()).isEqualTo(2000);
            assertThat(model.guessed()).isGreaterThan(1990);
        }
    }

    @Test
    void propose_textLoops_theModelIsAskedAllTheSameForAsMuchAsTheTableHas() {
        try (ProposerPlay<JointProposer> play = play(LOOPING, 1, 8, 1)) {
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
        try (ProposerPlay<JointProposer> play = play(LOOPING, 1, 8, 2)) {
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
        try (ProposerPlay<JointProposer> play = play(FRESH, 0.9, 6, 1)) {
            play.rounds(50);
            play.draft();
            List<List<Integer>> first = play.streams.getFirst().nodes();
            play.draft();
            assertThat(play.streams.getFirst().nodes()).isEqualTo(first).isNotEmpty();
        }
    }

    @Test
    void propose_searchOfOneStreamThrows_endsThatStreamAlone() {
        try (ProposerPlay<JointProposer> play = play(FRESH, 1, 3, 3)) {
            play.rounds(60);
            play.breakInNextPass(play.streams.get(1));
            play.draft();
            assertThat(play.requests)
                    .extracting(request -> request.failure() == null)
                    .containsExactly(true, false, true);
            assertThat(play.streams.getFirst().tree.draftNodes()).isEqualTo(3);
            assertThat(play.streams.getLast().tree.draftNodes()).isEqualTo(3);
        }
    }

    @Test
    void propose_twoStreams_shareLevelsAndTellWhatTheyTook() {
        try (ProposerPlay<JointProposer> one = play(FRESH, 1, 3, 1);
                ProposerPlay<JointProposer> two = play(FRESH, 1, 3, 2)) {
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
        try (ProposerPlay<JointProposer> play =
                new ProposerPlay<>(FRESH, 1, new DraftLimits(3, 8, 4), 1, 1_000_000, JointProposer::new)) {
            ProposerPlay<JointProposer>.Stream stream = play.streams.getFirst();
            stream.ask(0);
            stream.request.kept(stream.length - 1);
            play.proposer.propose(play.requests);
            assertThat(stream.request.nanos()).isBetween(1_000_000L, 1_100_000L);
        }
    }

    @Test
    void rounds_onceGrown_allocateNothingOfTheirOwn() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (ProposerPlay<JointProposer> play = play(LOOPING, 1, 3, 2)) {
            play.rounds(2000);
            long before = threads.getCurrentThreadAllocatedBytes();
            play.rounds(500);
            // Levels of the scripted model take some; a round takes no object.
            assertThat((threads.getCurrentThreadAllocatedBytes() - before) / 1000)
                    .isLessThan(600);
        }
    }
}
