package io.aded.draft.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.draft.DraftLimits;
import io.aded.model.TokenTree;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class NgramMapDrafterTest {

    private static List<Integer> draft(int[] text, DraftLimits limits) {
        NgramMapDrafter drafter = new NgramMapDrafter(1024);
        drafter.learnPrompt(text, 0, text.length);
        TokenTree tree = new TokenTree(64);
        tree.reset(text[text.length - 1]);
        drafter.draft(tree, limits);
        List<Integer> tokens = new ArrayList<>();
        for (int node = 1; node < tree.size(); node++) {
            tokens.add(tree.token(node));
        }
        return tokens;
    }

    private static List<Integer> draft(int... text) {
        return draft(text, new DraftLimits(64, 64, 1));
    }

    @Test
    void draft_trigramSeenWithEightTokensBehind_copiesThem() {
        // 0 | 1 2 3 | 50 to 57 | 58 | 1 2 3: thirteen tokens and the last trigram's first two before the last one.
        assertThat(draft(0, 1, 2, 3, 50, 51, 52, 53, 54, 55, 56, 57, 58, 1, 2, 3))
                .containsExactly(50, 51, 52, 53, 54, 55, 56, 57);
        assertThat(draft(
                        new int[] {0, 1, 2, 3, 50, 51, 52, 53, 54, 55, 56, 57, 58, 1, 2, 3}, new DraftLimits(3, 64, 1)))
                .containsExactly(50, 51, 52);
    }

    @Test
    void draft_placeTooNearTheEnd_doesNotCount() {
        // One token fewer between the two places, and the draft would reach the end.
        assertThat(draft(9, 0, 1, 2, 3, 50, 51, 52, 53, 54, 55, 56, 1, 2, 3))
                .containsExactly(50, 51, 52, 53, 54, 55, 56, 1);
        assertThat(draft(8, 9, 0, 1, 2, 3, 50, 51, 52, 53, 54, 55, 1, 2, 3)).isEmpty();
        // A nearer place is passed over in favour of one with eight tokens behind it.
        assertThat(draft(9, 1, 2, 3, 50, 51, 52, 53, 54, 55, 56, 57, 58, 1, 2, 3, 60, 1, 2, 3))
                .containsExactly(50, 51, 52, 53, 54, 55, 56, 57);
    }

    @Test
    void draft_veryFirstPosition_doesNotCount() {
        assertThat(draft(1, 2, 3, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 1, 2, 3))
                .isEmpty();
    }

    @Test
    void draft_thirteenTokensBeforeTheLast_isTooShort() {
        assertThat(draft(5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5)).isEmpty();
        assertThat(draft(5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5)).hasSize(8);
    }

    @Test
    void name_isLlamaCppsOwn() {
        assertThat(new NgramMapDrafter(64).name()).isEqualTo("ngram-map-k");
    }
}
