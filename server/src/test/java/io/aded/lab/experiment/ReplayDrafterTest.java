package io.aded.lab.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.aded.draft.DraftLimits;
import io.aded.model.TokenTree;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ReplayDrafterTest {

    @Test
    void draft_inFull_isAcceptedAsOftenAsAskedFor() {
        int[] answer = new SplittableRandom(1).ints(20_000, 0, 500).toArray();
        ReplayDrafter drafter = new ReplayDrafter(answer, 0.7, 500, 5);
        TokenTree tree = new TokenTree(4);
        int at = 0;
        int rounds = 0;
        int accepted = 0;
        while (at + 5 < answer.length) {
            tree.reset(0);
            drafter.draft(tree, new DraftLimits(4, 16, 1));
            assertThat(tree.draftNodes()).isEqualTo(4);
            int node = 0;
            int next = tree.child(node, answer[at]);
            while (next >= 0) {
                node = next;
                at++;
                accepted++;
                next = tree.child(node, answer[at]);
            }
            drafter.accept(tree, node, answer[at++]);
            rounds++;
        }
        // 0.7 + 0.49 + 0.343 + 0.2401
        assertThat((double) accepted / rounds).isCloseTo(1.773, within(0.06));
        assertThat(tree.probability(4)).isCloseTo(0.2401f, within(1e-4f));
    }

    @Test
    void draft_nearTheEnd_goesNoFurtherThanTheAnswer() {
        ReplayDrafter drafter = new ReplayDrafter(new int[] {1, 2, 3}, 1, 10, 1);
        TokenTree tree = new TokenTree(8);
        tree.reset(0);
        drafter.draft(tree, new DraftLimits(8, 8, 1));
        assertThat(tree.draftNodes()).isEqualTo(3);
        drafter.accept(tree, 3, 9);
        tree.reset(9);
        drafter.draft(tree, new DraftLimits(8, 8, 1));
        assertThat(tree.draftNodes()).isZero();
    }
}
