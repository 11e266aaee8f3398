package io.aded.draft.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.aded.draft.DraftLimits;
import io.aded.draft.Drafter;
import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.catalogue.Drafters;
import io.aded.model.TokenTree;
import io.aded.testing.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class BaselineDraftersTest {
    private static final DraftLimits LIMITS = new DraftLimits(64, 64, 1);

    private static Drafter taught(DrafterKind mode, int... tokens) {
        Drafter drafter = mode.create(DrafterSettings.DEFAULT);
        drafter.learnPrompt(tokens, 0, tokens.length);
        return drafter;
    }

    private static List<Integer> chain(Drafter drafter, int root, DraftLimits limits) {
        TokenTree tree = new TokenTree(64);
        tree.reset(root);
        drafter.draft(tree, limits);
        List<Integer> tokens = new ArrayList<>();
        for (int node = 1; node < tree.size(); node++) {
            assertThat(tree.parent(node)).isEqualTo(node - 1);
            tokens.add(tree.token(node));
        }
        return tokens;
    }

    private static int[] sequence(int from, int to) {
        return IntStream.range(from, to).toArray();
    }

    private static int[] concat(int[]... parts) {
        return IntStream.range(0, parts.length)
                .flatMap(i -> IntStream.of(parts[i]))
                .toArray();
    }

    @Test
    void promptLookup_trigramSeenTwice_copiesTenTokensAfterTheLastPlace() {
        int[] text = concat(
                new int[] {1, 2, 3}, sequence(50, 60), new int[] {1, 2, 3}, sequence(100, 120), new int[] {1, 2, 3});

        assertThat(chain(taught(Drafters.PROMPT_LOOKUP, text), 3, LIMITS))
                .containsExactly(100, 101, 102, 103, 104, 105, 106, 107, 108, 109);
    }

    @Test
    void promptLookup_onlyTheLastTokenSeen_copiesAfterIt() {
        assertThat(chain(taught(Drafters.PROMPT_LOOKUP, 9, 3, 7, 8, 4, 3), 3, LIMITS))
                .containsExactly(7, 8, 4, 3);
    }

    @Test
    void promptLookup_nothingSeenTwice_draftsNothing() {
        assertThat(chain(taught(Drafters.PROMPT_LOOKUP, 1, 2, 3), 3, LIMITS)).isEmpty();
    }

    @Test
    void promptLookup_limits_bindTheChain() {
        Drafter drafter = taught(Drafters.PROMPT_LOOKUP, 1, 2, 3, 4, 5, 6, 1, 2);

        assertThat(chain(drafter, 2, new DraftLimits(3, 64, 1))).containsExactly(3, 4, 5);
        assertThat(chain(drafter, 2, new DraftLimits(64, 2, 1))).containsExactly(3, 4);
        assertThat(chain(drafter, 2, new DraftLimits(0, 64, 1))).isEmpty();
    }

    @Test
    void ngramSimple_trigramSeen_copiesEightTokens() {
        int[] text = concat(new int[] {0, 1, 2, 3}, sequence(50, 70), new int[] {1, 2, 3});

        assertThat(chain(taught(Drafters.NGRAM_SIMPLE, text), 3, LIMITS))
                .containsExactly(50, 51, 52, 53, 54, 55, 56, 57);
    }

    @Test
    void ngramSimple_matchAtTheVeryBeginning_doesNotCount() {
        int[] text = concat(new int[] {1, 2, 3}, sequence(50, 70), new int[] {1, 2, 3});

        assertThat(chain(taught(Drafters.NGRAM_SIMPLE, text), 3, LIMITS)).isEmpty();
    }

    @Test
    void ngramSimple_twelveTokensBeforeTheLast_isTooShort() {
        // 0 1 2 3 50..55 1 2 | 3: twelve tokens before the last; from thirteen on there is a draft.
        int[] tooShort = concat(new int[] {0, 1, 2, 3}, sequence(50, 56), new int[] {1, 2, 3});
        int[] longEnough = concat(new int[] {0, 1, 2, 3}, sequence(50, 57), new int[] {1, 2, 3});

        assertThat(tooShort).hasSize(13);
        assertThat(chain(taught(Drafters.NGRAM_SIMPLE, tooShort), 3, LIMITS)).isEmpty();
        assertThat(chain(taught(Drafters.NGRAM_SIMPLE, longEnough), 3, LIMITS))
                .containsExactly(50, 51, 52, 53, 54, 55, 56, 1);
    }

    @Test
    void ngramSimple_copyShorterThanTheNgram_isNotDrafted() {
        // In a run of one token the latest earlier place has nothing before the last token behind it.
        int[] run = concat(sequence(100, 120), new int[] {5, 5, 5, 5});

        assertThat(chain(taught(Drafters.NGRAM_SIMPLE, run), 5, LIMITS)).isEmpty();
    }

    @Test
    void ngramSimple_copyAsLongAsTheNgram_isDrafted() {
        // 4 1 2 is all that lies between the earlier 1 2 3 and the last token.
        int[] text = concat(sequence(100, 120), new int[] {1, 2, 3, 4, 1, 2, 3});

        assertThat(chain(taught(Drafters.NGRAM_SIMPLE, text), 3, LIMITS)).containsExactly(4, 1, 2);
    }

    @Test
    void ngramSimple_runOfOneToken_isLookedForBeforeTheRun() {
        // The place that ends one before the last token does not count, so the earlier run does.
        int[] text = concat(sequence(100, 110), new int[] {5, 5, 5}, sequence(50, 59), new int[] {5, 5, 5, 5});

        assertThat(chain(taught(Drafters.NGRAM_SIMPLE, text), 5, LIMITS))
                .containsExactly(50, 51, 52, 53, 54, 55, 56, 57);
    }

    @Test
    void ngramMod_longRepetition_followsTheTable() {
        int[] text = concat(sequence(0, 120), sequence(10, 34));

        assertThat(chain(taught(Drafters.NGRAM_MOD, text), 33, LIMITS))
                .containsExactlyElementsOf(IntStream.range(34, 98).boxed().toList());
    }

    @Test
    void ngramMod_shorterThanTwentyFourTokensInCommon_draftsNothing() {
        int[] text = concat(sequence(0, 120), new int[] {500}, sequence(10, 33));

        assertThat(chain(taught(Drafters.NGRAM_MOD, text), 32, LIMITS)).isEmpty();
    }

    @Test
    void ngramMod_breaksOffBeforeFortyEight_draftsNothingUnlessLimited() {
        int[] text = concat(sequence(0, 70), sequence(0, 24));

        // 24 to 69, then the second 0 to 23, and on: the table loops, so nothing breaks off.
        assertThat(chain(taught(Drafters.NGRAM_MOD, text), 23, LIMITS)).hasSize(64);

        // Here the copy ends with the text: 24 to 63 is 40 tokens.
        Drafter drafter = Drafters.NGRAM_MOD.create(DrafterSettings.DEFAULT);
        drafter.learnPrompt(sequence(0, 64), 0, 64);
        TokenTree none = new TokenTree(1);
        for (int token : sequence(0, 24)) {
            none.reset(token);
            drafter.accept(none, 0, token);
        }
        assertThat(chain(drafter, 23, LIMITS)).isEmpty();
        assertThat(chain(drafter, 23, new DraftLimits(12, 64, 1))).hasSize(12);
    }

    @Test
    void ngramMod_fiveBadRounds_emptiesTheTable() {
        int[] text = concat(sequence(0, 120), sequence(10, 34));
        Drafter drafter = taught(Drafters.NGRAM_MOD, text);
        TokenTree tree = new TokenTree(64);

        for (int round = 0; round < 5; round++) {
            tree.reset(33);
            for (int i = 0; i < 8; i++) {
                tree.add(i, 1000 + i, 0.1f);
            }
            drafter.accept(tree, 0, 2000 + round);
        }
        drafter.learnPrompt(sequence(20, 44), 0, 24);

        // Emptied, then filled again from the history, which still holds the sequence.
        assertThat(chain(drafter, 43, LIMITS)).startsWith(44, 45, 46);
    }

    @Test
    void ngramCache_bigramTwiceWithOneFollower_drafts() {
        // (8, 9) occurs once before: a 4-gram, 3-gram or 2-gram with enough followers decides.
        assertThat(chain(taught(Drafters.NGRAM_CACHE, 7, 8, 9, 5, 1, 7, 8, 9), 9, new DraftLimits(2, 64, 1)))
                .containsExactly(5, 1);
    }

    @Test
    void ngramCache_unigramOnce_isTooFew() {
        // 3 was followed by 4 once: the unigram needs two, and no longer n-gram recurs.
        assertThat(chain(taught(Drafters.NGRAM_CACHE, 3, 4, 5, 3), 3, LIMITS)).isEmpty();
    }

    @Test
    void ngramCache_unigramTwoOfThree_passesSixtySixPercent() {
        assertThat(chain(taught(Drafters.NGRAM_CACHE, 3, 4, 10, 3, 4, 11, 3, 5, 12, 3), 3, new DraftLimits(1, 64, 1)))
                .containsExactly(4);
    }

    @Test
    void ngramCache_unigramHalfAndHalf_isRefused() {
        assertThat(chain(taught(Drafters.NGRAM_CACHE, 3, 4, 10, 3, 5, 11, 3), 3, LIMITS))
                .isEmpty();
    }

    @Test
    void ngramCache_loop_draftsSixteenAtMost() {
        assertThat(chain(taught(Drafters.NGRAM_CACHE, 1, 2, 1, 2, 1, 2, 1, 2), 2, LIMITS))
                .hasSize(16);
    }

    @ParameterizedTest
    @MethodSource("io.aded.draft.catalogue.Drafters#withoutModel")
    @Tag("long")
    void anyMode_longRandomStream_keepsLimitsAndItsMemoryBound(DrafterKind mode) {
        long seed = Seeds.next();
        Random random = new Random(seed);
        Drafter drafter =
                mode.create(DrafterSettings.DEFAULT.withHistoryTokens(512).withTableRows(512));
        assertThat(drafter.name()).isNotEmpty();
        int[] prompt = random.ints(3_000, 0, 40).toArray();
        drafter.learnPrompt(prompt, 0, prompt.length);
        TokenTree tree = new TokenTree(32);
        int last = prompt[prompt.length - 1];
        long bytesHalfway = 0;

        for (int round = 0; round < 4_000; round++) {
            DraftLimits limits = new DraftLimits(random.nextInt(20), 1 + random.nextInt(8), 1 + random.nextInt(4));
            tree.reset(last);
            if (round % 7 != 0) {
                drafter.draft(tree, limits);
            }
            assertThat(tree.draftNodes()).as("seed %d", seed).isLessThanOrEqualTo(limits.maxNodes());
            assertThat(tree.maxDepth()).as("seed %d", seed).isLessThanOrEqualTo(limits.maxDepth());
            assertThat(tree.leaves()).as("seed %d", seed).isLessThanOrEqualTo(limits.maxBranches());
            last = random.nextInt(40);
            drafter.accept(tree, random.nextInt(tree.size()), last);
            drafter.share();
            if (round == 2_000) {
                bytesHalfway = drafter.stateBytes();
            }
        }

        // What is noted of a round grows to the largest round that there was.
        assertThat(drafter.stateBytes()).as("seed %d", seed).isCloseTo(bytesHalfway, withinPercentage(2));
    }
}
