package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.aded.model.TokenTree;
import org.junit.jupiter.api.Test;

class SpeculationControlTest {
    private final Trust ofEngine = Trust.ofEngine();
    private final SpeculationControl control = new SpeculationControl(ofEngine);

    /** Begins rounds until one does not back off; returns how many did. */
    private int backOff() {
        int rounds = 0;
        control.beginRound();
        while (control.isBackingOff()) {
            rounds++;
            control.beginRound();
        }
        return rounds;
    }

    private static TokenTree tree(float... chain) {
        TokenTree tree = new TokenTree(chain.length);
        tree.reset(1);
        int node = 0;
        for (float probability : chain) {
            node = tree.add(node, 2, probability);
        }
        return tree;
    }

    @Test
    void draftLength_byWhatTheBudgetBought_isSixAndTwiceThat() {
        // Where a drafter costs, three and as many.
        assertThat(control.draftLength(true)).isEqualTo(3 + 8);
        assertThat(control.draftLength(false)).isEqualTo(6 + 2 * 8);
        control.granted(3, 10); // 8 · 0.9 = 7.2 is more than 3
        assertThat(control.draftLength(false)).isEqualTo((int) (6 + 2 * 7.2)).isEqualTo(20);
        control.granted(9, 10);
        assertThat(control.draftLength(false)).isEqualTo(6 + 2 * 9);
        control.granted(0, 10);
        assertThat(control.draftLength(false)).isEqualTo((int) (6 + 2 * 8.1)).isEqualTo(22);
        control.granted(10, 10); // all of it: twice as many next time
        assertThat(control.draftLength(false)).isEqualTo(6 + 2 * 20);
        control.granted(0, 0);
        assertThat(control.draftLength(false)).isEqualTo(6 + 2 * 18);
    }

    @Test
    void isBackingOff_balanceBelowTheLimit_doublesWithEveryFailedReturn() {
        assertThat(backOff()).isZero();
        control.drafted(1, 0, -2.0); // the limit itself is no debt
        assertThat(backOff()).isZero();
        control.drafted(1, 0, -0.05); // -2 · 0.98 - 0.05 = -2.01
        assertThat(backOff()).isEqualTo(8);
        // It stands at half the limit now, -1; -0.98 - 1 = -1.98 is not enough, -1.9404 - 0.1 is.
        control.drafted(1, 0, -1);
        assertThat(backOff()).isZero();
        control.drafted(1, 0, -0.1);
        assertThat(backOff()).isEqualTo(16);
        control.undrafted(1.1); // the drafter's own time: -0.98 - 1.1
        assertThat(backOff()).isEqualTo(32);
        control.drafted(1, 0, -1.1);
        assertThat(backOff()).isEqualTo(64);
        control.drafted(1, 0, -1.1);
        assertThat(backOff()).as("never longer").isEqualTo(64);
        control.drafted(1, 1, 1); // -0.98 + 1 is a gain
        assertThat(backOff()).isZero();
        control.drafted(1, 0, -2.1);
        assertThat(backOff()).as("a gain makes good").isEqualTo(8);
    }

    @Test
    void drafted_balanceBackAtNaught_forgivesNothing() {
        control.drafted(1, 0, -3);
        assertThat(backOff()).isEqualTo(8);
        control.drafted(1, 1, 0.98); // -1 · 0.98 + 0.98 = 0
        control.drafted(1, 0, -2.5);
        assertThat(backOff()).isEqualTo(16);
    }

    @Test
    void isBackingOff_askedTwice_saysTheSame() {
        control.drafted(1, 0, -3);
        control.beginRound();
        assertThat(control.isBackingOff()).isTrue();
        assertThat(control.isBackingOff()).isTrue();
        assertThat(backOff()).isEqualTo(7);
    }

    @Test
    void trust_ofTwoStreams_meetsInTheEngines() {
        assertThat(control.trust()).isCloseTo(0.9, within(1e-12));
        control.drafted(8, 2, 0);
        assertThat(control.trust()).isCloseTo((2 + 8 * (29 / 38.0)) / 16, within(1e-12));
        control.undrafted(0);
        assertThat(control.trust()).isCloseTo((1.98 + 8 * (29 / 38.0)) / 15.92, within(1e-12));
        assertThat(new SpeculationControl(ofEngine).trust()).isCloseTo(29 / 38.0, within(1e-12));
    }

    @Test
    void isExplorationDue_afterThirtyOneRoundsWithout_isDueInEveryOneUntilItDrafts() {
        TokenTree likely = tree(0.6f, 0.5f); // 0.9 · 0.6 = 0.54
        for (int round = 1; round < 32; round++) {
            assertThat(control.isExplorationDue(likely)).as("round %d", round).isFalse();
            control.granted(0, 2);
        }
        assertThat(control.isExplorationDue(likely)).isTrue();
        assertThat(control.isExplorationDue(likely))
                .as("asking changes nothing")
                .isTrue();
        control.granted(1, 2);
        assertThat(control.isExplorationDue(likely)).isTrue();
        control.drafted(0.6, 1, 0);
        assertThat(control.isExplorationDue(likely)).isFalse();
    }

    @Test
    void isExplorationDue_withoutALikelyToken_isNot() {
        for (int round = 1; round < 40; round++) {
            control.granted(0, 1);
        }
        assertThat(control.isExplorationDue(tree())).as("no token").isFalse();
        assertThat(control.isExplorationDue(tree(0.55f))).as("0.9 · 0.55 < 0.5").isFalse();
        assertThat(control.isExplorationDue(tree(0.56f))).as("0.9 · 0.56 > 0.5").isTrue();
    }
}
