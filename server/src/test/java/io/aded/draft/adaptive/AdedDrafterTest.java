package io.aded.draft.adaptive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.aded.draft.DraftLimits;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

/**
 * Where probabilities are given, they follow from the fixed interpolation of the stages before the last: 0.8 tri-gram +
 * 0.2 bi-gram, or 0.6 bi-gram where there is no tri-gram row. A prompt's token is learned with 0.4 · 0.9 = 0.36, an
 * emitted one with 0.7 in its tri-gram row and 0.5 in its bi-gram row, a view's with those times its probability.
 */
final class AdedDrafterTest {
    private static final float EXACT = 1e-5f;
    private static final int HISTORY = 1024;
    private static final DraftLimits WIDE = new DraftLimits(12, 32, 8);

    private static AdedDrafter stage(AdedStage stage) {
        return AdedDrafter.create(HISTORY, null, stage);
    }

    private static AdedDrafter complete() {
        return AdedDrafter.create(HISTORY, null);
    }

    private static void prompt(AdedDrafter drafter, int... tokens) {
        drafter.learnPrompt(tokens, 0, tokens.length);
    }

    private static TokenTree draft(AdedDrafter drafter, int root, DraftLimits limits) {
        TokenTree tree = new TokenTree(64);
        tree.reset(root);
        drafter.draft(tree, limits);
        return tree;
    }

    /** A round without a draft: the root was verified, {@code token} came. */
    private static void say(AdedDrafter drafter, int root, int token) {
        TokenTree tree = new TokenTree(0);
        tree.reset(root);
        drafter.accept(tree, 0, token);
        drafter.share();
    }

    /** The target's view: tokens with logarithms of probabilities. */
    private static TopTokens view(Object... tokensAndLogarithms) {
        TopTokens view = new TopTokens(tokensAndLogarithms.length / 2);
        for (int i = 0; i < view.capacity(); i++) {
            view.tokenArray()[i] = (Integer) tokensAndLogarithms[2 * i];
            view.logitArray()[i] = (Float) tokensAndLogarithms[2 * i + 1] + 4f;
        }
        view.filled(view.capacity(), 4f);
        return view;
    }

    private static List<Integer> tokens(TokenTree tree) {
        List<Integer> tokens = new ArrayList<>();
        for (int node = 1; node < tree.size(); node++) {
            tokens.add(tree.token(node));
        }
        return tokens;
    }

    private static float probability(TokenTree tree, int parent, int token) {
        int node = tree.child(parent, token);
        assertThat(node).as("%d below node %d", token, parent).isNotNegative();
        return tree.probability(node);
    }

    @Test
    void draft_promptThatRepeats_multipliesAlongTheChain() {
        AdedDrafter drafter = stage(AdedStage.BIGRAMS_AND_VIEWS);
        prompt(drafter, 1, 2, 3, 1, 2);

        TokenTree tree = draft(drafter, 2, new DraftLimits(3, 32, 8));

        assertThat(tokens(tree)).containsExactly(3, 1, 2);
        assertThat(tree.parent(2)).isEqualTo(1);
        assertThat(tree.parent(3)).isEqualTo(2);
        assertThat(tree.probability(1)).isCloseTo(0.36f, within(EXACT));
        assertThat(tree.probability(2)).isCloseTo(0.36f * 0.36f, within(EXACT));
        // 1 → 2 was seen twice: 0.36 · 0.6 + 0.36 in the bi-gram row, once as (3, 1) → 2.
        float third = 0.8f * 0.36f + 0.2f * 0.576f;
        assertThat(tree.probability(3)).isCloseTo(0.36f * 0.36f * third, within(EXACT));
    }

    @Test
    void draft_firstStage_knowsTrigramsAlone() {
        AdedDrafter drafter = stage(AdedStage.WHOLE_PROMPT);
        prompt(drafter, 1, 2, 3, 1, 2);
        assertThat(probability(draft(drafter, 2, WIDE), 0, 3)).isCloseTo(0.8f * 0.36f, within(EXACT));

        prompt(drafter, 9, 2);
        assertThat(draft(drafter, 2, WIDE).draftNodes()).isZero();

        AdedDrafter next = stage(AdedStage.BIGRAMS_AND_VIEWS);
        prompt(next, 1, 2, 3, 1, 2, 9, 2);
        assertThat(tokens(draft(next, 2, WIDE))).contains(3, 9);
    }

    @Test
    void draft_suffixStage_addsTheMatch() {
        AdedDrafter drafter = stage(AdedStage.SUFFIX);
        prompt(drafter, 1, 2, 3, 1, 2);

        assertThat(probability(draft(drafter, 2, WIDE), 0, 3)).isCloseTo(0.6f + 0.4f * 0.36f, within(EXACT));
    }

    @Test
    void accept_withoutViews_teachesTheEmittedTokens() {
        AdedDrafter drafter = stage(AdedStage.BIGRAMS_AND_VIEWS);
        prompt(drafter, 1, 2);
        say(drafter, 2, 3);
        say(drafter, 3, 1);
        say(drafter, 1, 2);

        TokenTree tree = draft(drafter, 2, WIDE);
        assertThat(probability(tree, 0, 3)).isCloseTo(0.8f * 0.7f + 0.2f * 0.5f, within(EXACT));
    }

    @Test
    void accept_withoutViewsInTheFirstStage_teachesTrigramsAlone() {
        AdedDrafter drafter = stage(AdedStage.WHOLE_PROMPT);
        prompt(drafter, 1, 2);
        TokenTree tree = new TokenTree(0);
        tree.reset(2);
        drafter.observe(tree, 0, view(3, -0.5f, 4, -1.25f));
        drafter.accept(tree, 0, 3);
        drafter.share();
        say(drafter, 3, 1);
        say(drafter, 1, 2);

        TokenTree drafted = draft(drafter, 2, WIDE);
        assertThat(tokens(drafted)).startsWith(3).doesNotContain(4);
        assertThat(probability(drafted, 0, 3)).isCloseTo(0.8f * 0.7f, within(EXACT));
    }

    @Test
    void observe_theTargetsView_isWhatIsLearnedInsteadOfTheToken() {
        AdedDrafter drafter = stage(AdedStage.BIGRAMS_AND_VIEWS);
        prompt(drafter, 1, 2);
        TokenTree tree = new TokenTree(0);
        tree.reset(2);
        drafter.observe(tree, 0, view(3, -0.5f, 4, -1.25f));
        drafter.accept(tree, 0, 3);
        drafter.share();
        say(drafter, 3, 1);
        say(drafter, 1, 2);

        TokenTree drafted = draft(drafter, 2, WIDE);
        float best = (float) Math.exp(-0.5);
        float second = (float) Math.exp(-1.25);
        assertThat(probability(drafted, 0, 3)).isCloseTo((0.8f * 0.7f + 0.2f * 0.5f) * best, within(EXACT));
        assertThat(probability(drafted, 0, 4)).isCloseTo((0.8f * 0.7f + 0.2f * 0.5f) * second, within(EXACT));
    }

    @Test
    void observe_nodesAcceptedAndRejected_teachTheirOwnContexts() {
        AdedDrafter drafter = stage(AdedStage.BIGRAMS_AND_VIEWS);
        prompt(drafter, 1, 2);
        TokenTree tree = new TokenTree(4);
        tree.reset(2);
        int right = tree.add(0, 3, 0.5f);
        int wrong = tree.add(0, 4, 0.25f);
        int deeper = tree.add(right, 5, 0.125f);
        drafter.observe(tree, 0, view(3, -0.5f));
        drafter.observe(tree, right, view(6, -0.75f));
        drafter.observe(tree, wrong, view(7, -1f));
        drafter.observe(tree, deeper, view(8, -0.25f));
        drafter.accept(tree, right, 6);
        drafter.share();

        // The stream is 1 2 3 6 now. What was seen after (2, 3), (2, 4) and (3, 5):
        prompt(drafter, 2, 3);
        assertThat(probability(draft(drafter, 3, WIDE), 0, 6))
                .isCloseTo(0.66f * (float) Math.exp(-0.75), within(EXACT));
        prompt(drafter, 2, 4);
        assertThat(probability(draft(drafter, 4, WIDE), 0, 7)).isCloseTo(0.66f * (float) Math.exp(-1), within(EXACT));
        prompt(drafter, 3, 5);
        assertThat(probability(draft(drafter, 5, WIDE), 0, 8))
                .isCloseTo(0.66f * (float) Math.exp(-0.25), within(EXACT));
    }

    @Test
    void accept_pathOfSeveral_isTheStreamInOrder() {
        AdedDrafter drafter = stage(AdedStage.SUFFIX);
        prompt(drafter, 1, 2);
        TokenTree tree = new TokenTree(4);
        tree.reset(2);
        int three = tree.add(0, 3, 0.5f);
        tree.add(0, 9, 0.4f);
        int four = tree.add(three, 4, 0.3f);
        drafter.accept(tree, four, 5);
        drafter.share();
        // 1 2 3 4 5, then again.
        say(drafter, 5, 1);
        say(drafter, 1, 2);

        assertThat(tokens(draft(drafter, 2, new DraftLimits(4, 4, 1)))).containsExactly(3, 4, 5, 1);
    }

    @Test
    void accept_firstTokensOfAStream_needNoContext() {
        AdedDrafter drafter = complete();
        say(drafter, 7, 1);
        say(drafter, 1, 2);
        say(drafter, 2, 1);
        say(drafter, 1, 2);

        assertThat(tokens(draft(drafter, 2, WIDE))).startsWith(1);
    }

    @Test
    void draft_limits_areKept() {
        AdedDrafter drafter = complete();
        int[] text = new int[400];
        for (int i = 0; i < text.length; i++) {
            text[i] = i * i % 23 % 7 + i % 2;
        }
        prompt(drafter, text);
        int root = text[399];

        assertThat(draft(drafter, root, new DraftLimits(0, 32, 8)).draftNodes()).isZero();
        assertThat(draft(drafter, root, new DraftLimits(12, 0, 8)).draftNodes()).isZero();
        assertThat(draft(drafter, root, new DraftLimits(12, 32, 0)).draftNodes())
                .isZero();
        assertThat(draft(drafter, root, new DraftLimits(7, 32, 8)).draftNodes()).isEqualTo(7);
        assertThat(draft(drafter, root, new DraftLimits(40, 1, 64)).maxDepth()).isEqualTo(1);
        TokenTree narrow = draft(drafter, root, new DraftLimits(30, 32, 1));
        assertThat(narrow.leaves()).isEqualTo(1);
        assertThat(narrow.maxDepth()).isEqualTo(30);
        TokenTree three = draft(drafter, root, new DraftLimits(30, 4, 3));
        assertThat(three.leaves()).isEqualTo(3);
        assertThat(three.maxDepth()).isEqualTo(4);
        assertThat(draft(drafter, root, new DraftLimits(1000, 64, 64)).draftNodes())
                .as("the tree's own bound")
                .isEqualTo(64);
    }

    @Test
    void draft_emptyStream_isEmpty() {
        assertThat(draft(complete(), 5, WIDE).draftNodes()).isZero();
    }

    @Test
    void draft_anyNumberOfNodes_isAPrefixOfTheLargerDraft() {
        AdedDrafter drafter = complete();
        int[] text = new int[300];
        for (int i = 0; i < text.length; i++) {
            text[i] = i * i % 31 % 9;
        }
        prompt(drafter, text);
        TokenTree large = draft(drafter, text[299], new DraftLimits(40, 16, 16));
        assertThat(large.draftNodes()).isEqualTo(40);
        for (int nodes = 1; nodes < 40; nodes++) {
            TokenTree small = draft(drafter, text[299], new DraftLimits(nodes, 16, 16));
            assertThat(small.draftNodes()).isEqualTo(nodes);
            for (int node = 1; node <= nodes; node++) {
                assertThat(small.token(node)).isEqualTo(large.token(node));
                assertThat(small.parent(node)).isEqualTo(large.parent(node));
                assertThat(small.probability(node)).isEqualTo(large.probability(node));
            }
        }
    }

    @Test
    void learnPrompt_inPieces_isTheSameAsAtOnce() {
        int[] text = new int[200];
        for (int i = 0; i < text.length; i++) {
            text[i] = i * i % 31 % 9;
        }
        AdedDrafter whole = complete();
        prompt(whole, text);
        AdedDrafter pieces = complete();
        pieces.learnPrompt(text, 0, 1);
        pieces.learnPrompt(text, 1, 1);
        pieces.learnPrompt(text, 1, 77);
        pieces.learnPrompt(text, 77, 200);

        assertThat(digest(draft(pieces, text[199], WIDE))).isEqualTo(digest(draft(whole, text[199], WIDE)));
    }

    @Test
    void learnPrompt_ofNothing_interruptsNothing() {
        AdedDrafter drafter = complete();
        prompt(drafter, 1, 2);
        TokenTree tree = new TokenTree(0);
        tree.reset(2);
        drafter.observe(tree, 0, view(3, -0.5f, 44, -1.25f));
        drafter.accept(tree, 0, 3);
        drafter.share();
        float before = probability(draft(drafter, 3, WIDE), 0, 44);
        drafter.learnPrompt(new int[3], 2, 2);
        assertThat(probability(draft(drafter, 3, WIDE), 0, 44)).isEqualTo(before);

        // A real prompt makes what the target thought last a matter of the past.
        prompt(drafter, 3);
        TokenTree later = draft(drafter, 3, WIDE);
        assertThat(later.child(0, 44) < 0 ? 0 : probability(later, 0, 44)).isLessThan(before);
    }

    @Test
    void draft_neverVerified_teachesNothing() {
        AdedDrafter asked = complete();
        AdedDrafter never = complete();
        int[] text = {1, 2, 3, 4, 1, 2, 3, 5, 1, 2};
        prompt(asked, text);
        prompt(never, text);
        int last = 2;
        for (int round = 0; round < 60; round++) {
            draft(asked, last, WIDE);
            int next = 1 + (round * round + round) % 5;
            for (AdedDrafter drafter : List.of(asked, never)) {
                TokenTree root = new TokenTree(0);
                root.reset(last);
                drafter.observe(root, 0, view(next, -0.5f, 9, -2f));
                drafter.accept(root, 0, next);
                drafter.share();
            }
            last = next;
        }

        assertThat(digest(draft(asked, last, WIDE))).isEqualTo(digest(draft(never, last, WIDE)));
    }

    @Test
    void weights_shared_learnFromEveryStream() {
        EvidenceWeights shared = EvidenceWeights.create();
        AdedDrafter one = AdedDrafter.create(HISTORY, shared);
        AdedDrafter other = AdedDrafter.create(HISTORY, shared);
        AdedDrafter alone = complete();
        for (AdedDrafter drafter : List.of(one, other, alone)) {
            prompt(drafter, 1, 2, 3, 1, 2);
        }
        // In the first stream the copy is wrong again and again.
        for (int round = 0; round < 50; round++) {
            say(one, 2, 50 + round);
            say(one, 50 + round, 1);
            say(one, 1, 2);
        }

        assertThat(probability(draft(other, 2, WIDE), 0, 3)).isLessThan(probability(draft(alone, 2, WIDE), 0, 3));
    }

    @Test
    void observe_moreViewsThanATreeHas_areIgnored() {
        AdedDrafter drafter = complete();
        prompt(drafter, 1, 2);
        TokenTree tree = new TokenTree(0);
        tree.reset(2);
        for (int i = 0; i < 300; i++) {
            drafter.observe(tree, 0, view(3, -0.5f));
        }
        drafter.accept(tree, 0, 3);
        drafter.share();
        drafter.observe(tree, 0, view(4, -0.5f));
        drafter.accept(tree, 0, 4);
        drafter.share();

        assertThat(draft(drafter, 4, WIDE).draftNodes()).isPositive();
    }

    @Test
    void observe_wideView_isCutToEight() {
        AdedDrafter drafter = stage(AdedStage.BIGRAMS_AND_VIEWS);
        prompt(drafter, 1, 2);
        TokenTree tree = new TokenTree(0);
        tree.reset(2);
        drafter.observe(
                tree,
                0,
                view(
                        30, -1f, 31, -2f, 32, -2.25f, 33, -2.5f, 34, -2.75f, 35, -3f, 36, -3.25f, 37, -3.5f, 38, -3.75f,
                        39, -4f));
        drafter.accept(tree, 0, 30);
        drafter.share();
        prompt(drafter, 1, 2);

        assertThat(tokens(draft(drafter, 2, new DraftLimits(20, 1, 20))))
                .contains(30, 31, 32, 33, 34, 35, 36, 37)
                .doesNotContain(38, 39);
    }

    @Test
    void create_history_isRoundedUpToAPowerOfTwo() {
        AdedDrafter drafter = AdedDrafter.create(1100, null);
        AdedDrafter exact = AdedDrafter.create(2048, null);
        AdedDrafter smaller = AdedDrafter.create(1024, null);
        for (AdedDrafter each : List.of(drafter, exact, smaller)) {
            for (int i = 0; i < 5000; i += 100) {
                prompt(
                        each,
                        java.util.stream.IntStream.range(i, i + 100)
                                .map(n -> n % 300)
                                .toArray());
            }
        }
        assertThat(drafter.stateBytes()).isEqualTo(exact.stateBytes());
        assertThat(exact.stateBytes() - smaller.stateBytes()).isEqualTo(3 * 4 * 1024 + 1024 / 8);
        assertThat(drafter.name()).isEqualTo("aded");
    }

    @Test
    void stateBytes_fresh_isTheSumOfTheArrays() {
        // 257 nodes: views of 8 tokens with probabilities, emitted tokens, a heap of 514, 16 successors a node.
        long held = 4 * (3 * 257 + 2 * 257 * 8 + 2 * 258);
        long search = 8 * 515 + 4 * (257 + 2 * 257 * 16);
        long contexts = 4 * (8 * 257 + 3 * 16 * 257);
        long candidates = new CandidatesTest.Fixture(true, true).candidates.stateBytes();
        // Room for 16 steps of 10 cells, with their errors.
        long lesson = 4 * (16 * 10 + 16);

        long both = held + search + contexts + candidates + lesson;
        assertThat(complete().stateBytes()).isEqualTo(both + 8 * 1228);
        assertThat(stage(AdedStage.SUFFIX).stateBytes()).isEqualTo(both);
    }

    /**
     * A long conversation with a scripted target: every draft's tokens and shape. The number stands for all of it; it
     * changes with any change in what is drafted, which then has to be measured (aded bench, the offline evaluation).
     */
    @Test
    void conversation_long_everyDraftIsAsBefore() {
        assertThat(conversation(complete())).isEqualTo(GOLDEN);
        assertThat(conversation(stage(AdedStage.SUFFIX))).isEqualTo(GOLDEN_SUFFIX);
    }

    private static final long GOLDEN = 2_583_138_452L;
    private static final long GOLDEN_SUFFIX = 3_850_177_154L;

    private static long conversation(AdedDrafter drafter) {
        CRC32 digest = new CRC32();
        long random = 11;
        int[] said = new int[8_000];
        int length = 0;
        TokenTree tree = new TokenTree(24);
        for (int turn = 0; turn < 8; turn++) {
            int[] question = new int[60];
            for (int i = 0; i < question.length; i++) {
                random = random * 6364136223846793005L + 1442695040888963407L;
                int choice = (int) (random >>> 33);
                question[i] = length > 100 && i % 20 < 12 ? said[length - 90] : choice % 40;
                said[length++] = question[i];
            }
            drafter.learnPrompt(question, 0, question.length);
            for (int round = 0; round < 100; round++) {
                tree.reset(said[length - 1]);
                if (round % 7 != 0) {
                    drafter.draft(tree, new DraftLimits(4 + round % 21, 8, 1 + round % 6));
                    if (round % 5 == 0) {
                        tree.truncate(1 + tree.draftNodes() / 2);
                    }
                }
                for (int node = 0; node < tree.size(); node++) {
                    digest.update(tree.token(node));
                    digest.update(tree.parent(node));
                }
                // The target copies what stood 47 tokens ago, and now and then says something else.
                int node = 0;
                while (true) {
                    random = random * 6364136223846793005L + 1442695040888963407L;
                    int choice = (int) (random >>> 33);
                    int next = choice % 9 == 0 ? choice / 16 % 40 : said[length - 47];
                    if (round % 3 != 0) {
                        drafter.observe(tree, node, view(next, -0.5f, (next + choice / 64 % 5 + 1) % 40, -2f));
                    }
                    said[length++] = next;
                    int child = tree.child(node, next);
                    if (child < 0) {
                        drafter.accept(tree, node, next);
                        drafter.share();
                        break;
                    }
                    node = child;
                }
            }
        }
        return digest.getValue();
    }

    private static long digest(TokenTree tree) {
        CRC32 digest = new CRC32();
        for (int node = 0; node < tree.size(); node++) {
            digest.update(tree.token(node));
            digest.update(tree.parent(node));
            int bits = Float.floatToIntBits(tree.probability(node));
            digest.update(bits);
            digest.update(bits >>> 8);
            digest.update(bits >>> 16);
        }
        return digest.getValue();
    }
}
