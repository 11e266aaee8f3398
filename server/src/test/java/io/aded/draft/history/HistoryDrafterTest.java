package io.aded.draft.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.aded.draft.DraftLimits;
import io.aded.draft.Drafter;
import io.aded.model.TokenTree;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What the copying rules share, and what their own tables do in long streams. */
final class HistoryDrafterTest {
    private static final float EXACT = 1e-6f;
    private static final DraftLimits WIDE = new DraftLimits(64, 64, 1);

    private static TokenTree draft(Drafter drafter, int root, DraftLimits limits) {
        TokenTree tree = new TokenTree(64);
        tree.reset(root);
        drafter.draft(tree, limits);
        return tree;
    }

    private static List<Integer> tokens(TokenTree tree) {
        List<Integer> tokens = new ArrayList<>();
        for (int node = 1; node < tree.size(); node++) {
            tokens.add(tree.token(node));
        }
        return tokens;
    }

    private static void say(Drafter drafter, int... tokens) {
        TokenTree root = new TokenTree(0);
        for (int token : tokens) {
            root.reset(-1);
            drafter.accept(root, 0, token);
        }
    }

    // --- the estimate, by prompt look-up

    @Test
    void draft_nothingVerifiedYet_estimatesHalfAToken() {
        PromptLookupDrafter drafter = new PromptLookupDrafter(64);
        drafter.learnPrompt(new int[] {1, 2, 3, 4, 1, 2}, 0, 6);

        TokenTree tree = draft(drafter, 2, new DraftLimits(3, 64, 1));

        assertThat(tokens(tree)).containsExactly(3, 4, 1);
        assertThat(tree.probability(1)).isEqualTo(0.5f);
        assertThat(tree.probability(2)).isEqualTo(0.25f);
        assertThat(tree.probability(3)).isEqualTo(0.125f);
        assertThat(drafter.name()).isEqualTo("prompt-lookup");
        assertThat(drafter.stateBytes()).isEqualTo(4 * 64);
    }

    @Test
    void accept_twoOfThree_estimatesThreeFifths() {
        PromptLookupDrafter drafter = new PromptLookupDrafter(64);
        drafter.learnPrompt(new int[] {1, 2, 3, 4, 5, 6, 1, 2}, 0, 8);
        TokenTree tree = draft(drafter, 2, new DraftLimits(3, 64, 1));
        assertThat(tokens(tree)).containsExactly(3, 4, 5);

        drafter.accept(tree, 2, 1);

        assertThat(drafter.history.at(9)).as("the last accepted token").isEqualTo(4);
        // 1 2 3 4 5 6 1 2 3 4 1: accepted 2, tested 3. (2 + 1) / (3 + 2).
        TokenTree next = draft(drafter, 1, new DraftLimits(2, 64, 1));
        assertThat(tokens(next)).containsExactly(2, 3);
        assertThat(next.probability(1)).isCloseTo(0.6f, within(EXACT));
        assertThat(next.probability(2)).isCloseTo(0.36f, within(EXACT));

        drafter.accept(next, 2, 9);
        // All of two accepted, none beyond them tested: (4 + 1) / (5 + 2).
        drafter.learnPrompt(new int[] {1, 2}, 0, 2);
        assertThat(draft(drafter, 2, WIDE).probability(1)).isCloseTo(5f / 7, within(EXACT));

        say(drafter, 1, 2);
        assertThat(draft(drafter, 2, WIDE).probability(1))
                .as("rounds without a draft test nothing")
                .isCloseTo(5f / 7, within(EXACT));
    }

    @Test
    void draft_branchesOrRoomOfNone_isEmpty() {
        PromptLookupDrafter drafter = new PromptLookupDrafter(64);
        drafter.learnPrompt(new int[] {1, 2, 3, 4, 1, 2}, 0, 6);

        assertThat(draft(drafter, 2, new DraftLimits(3, 64, 0)).draftNodes()).isZero();
        assertThat(draft(drafter, 2, new DraftLimits(3, 0, 1)).draftNodes()).isZero();
        TokenTree small = new TokenTree(2);
        small.reset(2);
        drafter.draft(small, WIDE);
        assertThat(small.draftNodes()).isEqualTo(2);
    }

    @Test
    void learnPrompt_aPart_takesThatPartAlone() {
        PromptLookupDrafter drafter = new PromptLookupDrafter(64);
        drafter.learnPrompt(new int[] {9, 1, 2, 3, 1, 2, 9, 9}, 1, 6);

        assertThat(tokens(draft(drafter, 2, WIDE))).containsExactly(3, 1, 2);
    }

    @Test
    void promptLookup_pairAtTheVeryBeginning_isPreferredToALaterToken() {
        PromptLookupDrafter drafter = new PromptLookupDrafter(64);
        drafter.learnPrompt(new int[] {1, 2, 3, 2, 4, 1, 2}, 0, 7);

        assertThat(draft(drafter, 2, WIDE).token(1)).isEqualTo(3);
    }

    // --- ngram-mod in long streams

    private static int[] random(int length, int vocabulary) {
        return new SplittableRandom(3).ints(length, 0, vocabulary).toArray();
    }

    @Test
    void ngramMod_promptThatFillsAQuarterOfTheTable_emptiesIt() {
        int[] text = random(90_000, 1 << 20);
        NgramModDrafter roomy = new NgramModDrafter(1 << 17);
        roomy.learnPrompt(text, 0, 60_000);
        NgramModDrafter full = new NgramModDrafter(1 << 17);
        full.learnPrompt(text, 0, 90_000);

        // A fifth of the places were taken by others since: nothing checks for collisions.
        assertThat(copied(roomy, text)).isBetween(12, 19);
        assertThat(copied(full, text)).isZero();
        assertThat(full.stateBytes()).isEqualTo(4L * ((1 << 17) + (1 << 18) + 24 + 64));
    }

    /** At how many of twenty places what followed 24 tokens is drafted when they come again. */
    private static int copied(NgramModDrafter drafter, int[] text) {
        int right = 0;
        for (int at = 1_000; at < 21_000; at += 1_000) {
            drafter.learnPrompt(text, at, at + 24);
            TokenTree tree = draft(drafter, text[at + 23], new DraftLimits(1, 64, 1));
            right += tree.draftNodes() == 1 && tree.token(1) == text[at + 24] ? 1 : 0;
        }
        return right;
    }

    @Test
    void ngramMod_answer_isEnteredWhenMoreThanThirtyTwoPositionsWait() {
        NgramModDrafter drafter = new NgramModDrafter(1024);
        int[] text = random(100, 1 << 20);
        say(drafter, text);
        // No draft was asked for yet, so nothing has been entered; asking enters the hundred.
        assertThat(draft(drafter, text[99], WIDE).draftNodes()).isZero();
        for (int i = 10; i < 34; i++) {
            say(drafter, text[i]);
        }
        assertThat(draft(drafter, text[33], WIDE).token(1)).isEqualTo(text[34]);

        // Of the 24 that came since, and 24 more, those that wait are too few until there are more than 56.
        int[] fresh = random(300, 1 << 10);
        NgramModDrafter waiting = new NgramModDrafter(1024);
        for (int i = 0; i < 56; i++) {
            say(waiting, fresh[i]);
        }
        draft(waiting, fresh[55], WIDE);
        say(waiting, Arrays.copyOf(fresh, 24));
        draft(waiting, fresh[23], new DraftLimits(0, 64, 1));
        // 80 tokens wait: entered at the second request, so the copy is found.
        assertThat(tokens(draft(waiting, fresh[23], new DraftLimits(5, 64, 1))))
                .containsExactly(fresh[24], fresh[25], fresh[26], fresh[27], fresh[28]);
    }

    @Test
    void ngramMod_fiftySixWaiting_areNotEnteredAndFiftySevenAre() {
        NgramModDrafter drafter = new NgramModDrafter(1024);
        say(drafter, repeated(7, 56));
        assertThat(draft(drafter, 7, WIDE).draftNodes()).isZero();
        say(drafter, 7);
        assertThat(draft(drafter, 7, WIDE).draftNodes()).isEqualTo(64);

        // Entered up to 57; the last 24 have no follower yet, so they wait, with those that come.
        say(drafter, repeated(8, 32));
        assertThat(draft(drafter, 8, WIDE).draftNodes()).isZero();
        say(drafter, 8);
        assertThat(draft(drafter, 8, WIDE).draftNodes()).isEqualTo(64);
    }

    private static int[] repeated(int token, int times) {
        int[] tokens = new int[times];
        Arrays.fill(tokens, token);
        return tokens;
    }

    @Test
    void ngramMod_historyExactlyFull_readsNoFurther() {
        NgramModDrafter drafter = new NgramModDrafter(64);
        drafter.learnPrompt(repeated(7, 64), 0, 64);
        assertThat(draft(drafter, 7, WIDE).draftNodes()).isEqualTo(64);
    }

    @Test
    void ngramMod_fewerThanTwentyFourTokens_draftsNothing() {
        NgramModDrafter drafter = new NgramModDrafter(1024);
        say(drafter, new int[23]);
        assertThat(draft(drafter, 0, WIDE).draftNodes()).isZero();
        say(drafter, new int[60]);
        assertThat(draft(drafter, 0, WIDE).draftNodes()).isEqualTo(64);
    }

    private static void verifyEight(NgramModDrafter drafter, int accepted) {
        TokenTree tree = new TokenTree(8);
        tree.reset(5);
        for (int i = 0; i < 8; i++) {
            tree.add(i, 3_000_000 + i, 0.1f);
        }
        drafter.accept(tree, accepted, 4_000_000);
    }

    @Test
    void ngramMod_fiveBadRoundsInARow_forgetWhatTheHistoryHasForgotten() {
        int[] text = random(200, 1 << 20);
        NgramModDrafter drafter = new NgramModDrafter(64);
        drafter.learnPrompt(text, 0, text.length);
        for (int round = 0; round < 4; round++) {
            verifyEight(drafter, 1);
        }
        drafter.learnPrompt(text, 10, 34);
        assertThat(draft(drafter, text[33], new DraftLimits(1, 64, 1)).token(1)).isEqualTo(text[34]);

        verifyEight(drafter, 1);

        drafter.learnPrompt(text, 50, 74);
        assertThat(draft(drafter, text[73], new DraftLimits(1, 64, 1)).draftNodes())
                .isZero();
    }

    @Test
    void ngramMod_fourBadRoundsAndAGoodOne_keepTheTable() {
        int[] text = random(200, 1 << 20);
        NgramModDrafter drafter = new NgramModDrafter(64);
        drafter.learnPrompt(text, 0, text.length);
        for (int round = 0; round < 9; round++) {
            // The fifth round accepts two of eight, a quarter, which is not too few.
            verifyEight(drafter, round == 4 ? 2 : 1);
        }
        drafter.learnPrompt(text, 50, 74);

        assertThat(draft(drafter, text[73], WIDE).token(1)).isEqualTo(text[74]);
    }

    // --- ngram-cache in long streams

    @Test
    void ngramCache_afterARecount_knowsTheRememberedHalfAndNoMore() {
        NgramCacheDrafter drafter = new NgramCacheDrafter(256);
        int[] text = random(600, 1 << 20);
        drafter.learnPrompt(text, 0, 20);
        drafter.learnPrompt(text, 0, 5);
        assertThat(tokens(draft(drafter, text[4], new DraftLimits(2, 64, 1)))).containsExactly(text[5], text[6]);

        drafter.learnPrompt(text, 20, 600);
        // What was said last is known, what was said first is not.
        drafter.learnPrompt(text, 570, 574);
        assertThat(tokens(draft(drafter, text[573], new DraftLimits(2, 64, 1)))).containsExactly(text[574], text[575]);
        drafter.learnPrompt(text, 0, 4);
        assertThat(draft(drafter, text[3], WIDE).draftNodes()).isZero();
        long grown = drafter.stateBytes();
        drafter.learnPrompt(random(5_000, 1 << 20), 0, 5_000);
        assertThat(drafter.stateBytes()).isEqualTo(grown);
        // 256 tokens, 1,024 followers of three ints, 2,048 n-grams of a long and an int, 20 tokens of context.
        assertThat(grown).isEqualTo(4L * (256 + 3 * 1024 + 2048 + 20) + 8L * 2048);
    }

    @Test
    void ngramCache_manyNgrams_areAllFoundAsTheTableGrows() {
        NgramCacheDrafter drafter = new NgramCacheDrafter(1 << 15);
        int[] text = random(8_000, 1 << 20);
        drafter.learnPrompt(text, 0, text.length);
        for (int at = 4; at < 7_000; at += 500) {
            drafter.learnPrompt(text, at - 4, at);
            assertThat(tokens(draft(drafter, text[at - 1], new DraftLimits(3, 64, 1))))
                    .containsExactly(text[at], text[at + 1], text[at + 2]);
        }
    }

    @Test
    void ngramCache_longerNgramsDecide() {
        NgramCacheDrafter drafter = new NgramCacheDrafter(1024);
        // After 5 mostly 6; after (8, 4, 5) 7, once; the longer one wins.
        drafter.learnPrompt(new int[] {1, 5, 6, 2, 5, 6, 3, 5, 6, 8, 4, 5, 7, 9, 8, 4, 5}, 0, 17);

        assertThat(draft(drafter, 5, WIDE).token(1)).isEqualTo(7);
    }

    @Test
    void ngramCache_onlyOneToken_isTooLittle() {
        NgramCacheDrafter drafter = new NgramCacheDrafter(64);
        assertThat(draft(drafter, 5, WIDE).draftNodes()).isZero();
        drafter.learnPrompt(new int[] {5}, 0, 1);
        assertThat(draft(drafter, 5, WIDE).draftNodes()).isZero();
        drafter.learnPrompt(new int[] {5, 5, 5}, 0, 3);
        assertThat(draft(drafter, 5, WIDE).draftNodes()).isEqualTo(16);
    }
}
