package io.aded.lab.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.aded.draft.ArmPlay;
import io.aded.engine.RoundReport;
import io.aded.testing.RoundReports;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RoundTallyTest {
    /** Root, a child (0.8) with a child of its own (0.4), and a sibling (0.15). */
    private static RoundReport round(int index, int... acceptedPath) {
        return new RoundReport(
                index,
                "aded",
                false,
                new int[] {1, 2, 3, 4},
                new int[] {-1, 0, 1, 0},
                new float[] {1f, 0.8f, 0.4f, 0.15f},
                acceptedPath,
                new int[acceptedPath.length + 1],
                3,
                4,
                1,
                10,
                100,
                new String[] {"", "table", "table", "table"},
                null);
    }

    private static RoundReport plain(int index) {
        return RoundReports.withoutDraft(index, 1, 50);
    }

    @Test
    void add_threeRounds_countsNodesDepthsAndBins() {
        RoundTally tally = new RoundTally();
        tally.add(round(0, 1, 2));
        tally.add(round(1, 3));
        tally.add(plain(2));
        assertThat(tally.rounds).isEqualTo(3);
        assertThat(tally.draftRounds).isEqualTo(2);
        assertThat(tally.draftNodes).isEqualTo(6);
        assertThat(tally.acceptedNodes).isEqualTo(3);
        assertThat(tally.expectedNodes).isCloseTo(2 * 1.35, within(1e-6));
        assertThat(tally.meanAcceptanceLength()).isEqualTo(2.5);
        assertThat(tally.acceptanceRate()).isEqualTo(0.5);
        assertThat(tally.nodesPerDraft()).isEqualTo(3);
        assertThat(tally.histogramShares()).containsExactly(new double[] {1 / 3.0, 1 / 3.0, 1 / 3.0}, within(1e-9));
        assertThat(tally.acceptanceByDepth()).containsExactly(1.0, 0.5);
        assertThat(tally.binNodes[8]).isEqualTo(2);
        assertThat(tally.binAccepted[8]).isEqualTo(1);
        assertThat(tally.binAccepted[4]).isEqualTo(1);
        assertThat(tally.binAccepted[1]).isEqualTo(1);
    }

    @Test
    void add_firstRound_leavesItsTimeToThePrefill() {
        RoundTally tally = new RoundTally();
        tally.add(round(0));
        tally.add(round(1));
        tally.add(plain(2));
        assertThat(tally.passNanos).isEqualTo(150);
        assertThat(tally.draftNanos).isEqualTo(11);
    }

    @Test
    void add_anotherTally_sumsEverything() {
        RoundTally one = new RoundTally();
        one.add(round(0, 1));
        RoundTally two = new RoundTally();
        two.add(plain(0));
        two.add(round(1, 1, 2));
        one.add(two);
        assertThat(one.rounds).isEqualTo(3);
        assertThat(one.meanAcceptanceLength()).isEqualTo(2.5);
        assertThat(one.acceptanceByDepth()).containsExactly(1.0, 0.5);
        assertThat(one.passNanos).isEqualTo(100);
    }

    private static RoundReport chosen(ArmPlay.Reason reason, int... acceptedPath) {
        RoundReport plain = round(1, acceptedPath);
        return new RoundReport(
                1,
                "aded+model",
                false,
                plain.tokens(),
                plain.parents(),
                plain.probabilities(),
                plain.acceptedPath(),
                plain.emitted(),
                3,
                4,
                1,
                10,
                100,
                new String[] {"", "both", "model", "table"},
                new ArmPlay("both", reason));
    }

    /** Two rounds by both, one of them a probe: of nodes 1 (both) and 2 (model) two and one were accepted. */
    @Test
    void add_roundsOfAnArm_areCountedByArmAndBySource() {
        RoundTally first = new RoundTally();
        first.add(chosen(ArmPlay.Reason.BEST, 1, 2));
        RoundTally tally = new RoundTally();
        tally.add(chosen(ArmPlay.Reason.PROBE, 1));
        tally.add(plain(2));
        tally.add(first);

        assertThat(tally.arm("both")).isEqualTo(new RoundTally.Share(2, 1, 6, 3));
        assertThat(tally.arm("none")).isEqualTo(new RoundTally.Share(0, 0, 0, 0));
        assertThat(tally.sources())
                .containsExactly(
                        Map.entry("both", new RoundTally.Share(0, 0, 2, 2)),
                        Map.entry("model", new RoundTally.Share(0, 0, 2, 1)),
                        Map.entry("table", new RoundTally.Share(0, 0, 2, 0)));
    }
}
