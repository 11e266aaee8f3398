package io.aded.draft.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.draft.DraftLimits;
import io.aded.model.TokenTree;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Which follower the counts choose, at the bounds of the rule, and what a recount keeps. */
final class NgramCacheDrafterTest {
    private static List<Integer> draft(NgramCacheDrafter drafter, int most) {
        TokenTree tree = new TokenTree(64);
        tree.reset(-1);
        drafter.draft(tree, new DraftLimits(most, 64, 1));
        return IntStream.range(1, tree.size()).mapToObj(tree::token).toList();
    }

    private static NgramCacheDrafter taught(int... tokens) {
        NgramCacheDrafter drafter = new NgramCacheDrafter(1024);
        drafter.learnPrompt(tokens, 0, tokens.length);
        return drafter;
    }

    @Test
    void draft_twoFollowersOfAPairOnceEach_takesTheFirst() {
        // (1, 5) was followed by 6 and by 7: two samples, half of them each, which is enough for a pair.
        assertThat(draft(taught(1, 5, 6, 1, 5, 7, 1, 5), 1)).containsExactly(6);
    }

    @Test
    void draft_threeFollowersOfAPairOnceEach_areTooManyToChooseFrom() {
        assertThat(draft(taught(1, 5, 6, 1, 5, 7, 1, 5, 8, 1, 5), 1)).isEmpty();
    }

    @Test
    void draft_secondFollowerTwice_isTheMostFrequent() {
        // After 5 alone: 6 once, 7 twice of three, which is more than 66 %; nothing longer stands twice.
        assertThat(draft(taught(5, 6, 1, 5, 7, 2, 5, 7, 3, 5), 1)).containsExactly(7);
    }

    @Test
    void draft_oneTokenFollowedOnceByWhatIsDrafted_isTooFewSamples() {
        assertThat(draft(taught(5, 6, 1, 5), 1)).isEmpty();
        assertThat(draft(taught(5, 6, 1, 5, 6, 2, 5), 1)).containsExactly(6);
    }

    @Test
    void draft_fourTokensAgainstThree_theFourDecide() {
        // After (2, 3, 4) it is 6 two times of three, after (1, 2, 3, 4) it was 9.
        assertThat(draft(taught(1, 2, 3, 4, 9, 7, 2, 3, 4, 6, 8, 2, 3, 4, 6, 1, 2, 3, 4), 1))
                .containsExactly(9);
    }

    @Test
    void draft_historyExactlyFull_readsNoFurther() {
        NgramCacheDrafter drafter = new NgramCacheDrafter(64);
        int[] text = IntStream.range(0, 64).map(i -> i % 8).toArray();
        drafter.learnPrompt(text, 0, text.length);

        assertThat(draft(drafter, 3)).containsExactly(0, 1, 2);
    }

    /**
     * Of tokens that all differ the n-th, from the fifth on, adds four followers: 4 n − 10 in all. A bound of 1,024 is
     * reached by the 259-th, before which the history of 256 has dropped its first half, 128, and holds 130. Counted
     * anew are the 65 from position 193 on.
     */
    @Test
    void append_followersAtTheirBound_countsTheLastHalfAnew() {
        int[] text = new SplittableRandom(3).ints(600, 0, 1 << 20).toArray();
        for (int from = 180; from < 250; from += 3) {
            NgramCacheDrafter drafter = new NgramCacheDrafter(256);
            drafter.learnPrompt(text, 0, 259);
            drafter.learnPrompt(text, from, from + 4);

            List<Integer> draft = draft(drafter, 2);
            if (from + 4 < 193) {
                assertThat(draft).as("from %d", from).isEmpty();
            } else {
                assertThat(draft).as("from %d", from).containsExactly(text[from + 4], text[from + 5]);
            }
        }
        // The 258-th still fits.
        NgramCacheDrafter full = new NgramCacheDrafter(256);
        full.learnPrompt(text, 0, 258);
        TokenTree tree = new TokenTree(4);
        tree.reset(text[257]);
        assertThat(draft(full, 4)).isEmpty();
        assertThat(Arrays.stream(text).distinct().count()).isEqualTo(600);
    }
}
