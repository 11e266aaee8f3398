package io.aded.lab.alignment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class BlockEfficiencyTest {
    private static boolean[] agrees(String letters) {
        boolean[] agrees = new boolean[letters.length()];
        for (int i = 0; i < agrees.length; i++) {
            agrees[i] = letters.charAt(i) == 'T';
        }
        return agrees;
    }

    @Test
    void greedy_mixedAnswer_countsPassesByHand() {
        boolean[] agrees = agrees("TTFTTTTF");
        // Chains of 2: TT+F, TT+T, T+F.
        assertThat(BlockEfficiency.greedy(agrees, 8, 2)).isEqualTo(new BlockEfficiency.Tally(8, 3));
        // Chains of 3: TT+F, TTT+T, and F is the target's own.
        assertThat(BlockEfficiency.greedy(agrees, 8, 3)).isEqualTo(new BlockEfficiency.Tally(8, 3));
        assertThat(BlockEfficiency.greedy(agrees, 8, 1)).isEqualTo(new BlockEfficiency.Tally(8, 5));
    }

    @Test
    void greedy_nothingOrAllAccepted_isOneOrChainPlusOne() {
        assertThat(BlockEfficiency.greedy(agrees("FFFFF"), 5, 3).efficiency()).isEqualTo(1);
        assertThat(BlockEfficiency.greedy(agrees("TTTTTTTT"), 8, 3).efficiency())
                .isEqualTo(4);
        // The last pass has no token left for the target to add.
        assertThat(BlockEfficiency.greedy(agrees("TTTTTT"), 6, 3)).isEqualTo(new BlockEfficiency.Tally(6, 2));
    }

    @Test
    void greedy_fewerPositions_looksNoFurther() {
        assertThat(BlockEfficiency.greedy(agrees("TTTFFF"), 3, 5)).isEqualTo(new BlockEfficiency.Tally(3, 1));
        assertThat(BlockEfficiency.greedy(new boolean[0], 0, 3).efficiency()).isNaN();
    }

    @Test
    void expected_sameChanceEachTime_isTheGeometricSum() {
        assertThat(BlockEfficiency.expected(0.5, 3)).isCloseTo(1 + .5 + .25 + .125, within(1e-12));
        assertThat(BlockEfficiency.expected(1, 5)).isEqualTo(6);
        assertThat(BlockEfficiency.expected(0, 5)).isEqualTo(1);
    }

    @Test
    void memoryBoundSpeedUp_byHand() {
        // The paper's draft is 1.64 % of its target: 2.3 tokens a pass with chains of 3.
        assertThat(BlockEfficiency.memoryBoundSpeedUp(2.3, 0.0164, 3)).isCloseTo(2.3 / 1.0492, within(1e-12));
    }
}
