package io.aded.draft.mcts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.aded.draft.DraftLimits;
import io.aded.draft.table.TrigramTable;
import io.aded.model.TokenTree;
import io.aded.testing.Seeds;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The values were worked out by hand from the formulas in {@link PuctSearch}'s comment. */
final class PuctSearchTest {
    private static final long SEED = 42;
    private static final DraftLimits WIDE = new DraftLimits(64, 4, 64);

    /** (1, 2) is followed by 10 with 0.6 and by 11 with 0.3. */
    private static TrigramTable twoWay() {
        TrigramTable table = new TrigramTable(null, 64);
        table.reinforce(1, 2, 10, 0.6f);
        table.reinforce(1, 2, 11, 0.3f);
        return table;
    }

    /** 1 2 3 4 5 6 7, each certain to follow, with weights 1/2, 1/4, 1/8, 1/16, 1/32. */
    private static TrigramTable chain() {
        TrigramTable table = new TrigramTable(null, 64);
        table.reinforce(1, 2, 3, 0.5f);
        table.reinforce(2, 3, 4, 0.25f);
        table.reinforce(3, 4, 5, 0.125f);
        table.reinforce(4, 5, 6, 0.0625f);
        table.reinforce(5, 6, 7, 0.03125f);
        return table;
    }

    @Test
    void search_noRow_nothingToDraft() {
        PuctSearch search = new PuctSearch(twoWay(), SEED);

        assertThat(search.search(5, 6, 4)).isFalse();
    }

    @Test
    void search_firstIteration_expandsTheRootWithAllSuccessors() {
        PuctSearch search = new PuctSearch(twoWay(), SEED, 1);

        search.search(1, 2, 4);

        assertThat(search.nodeCount()).isEqualTo(3);
        assertThat(search.token(1)).isEqualTo(10);
        assertThat(search.token(2)).isEqualTo(11);
        assertThat(search.visits(0)).isEqualTo(1);
        assertThat(search.visits(1)).isZero();
        assertThat(search.visits(2)).isZero();
    }

    @Test
    void search_secondAndThirdIteration_visitTheUnvisitedHeaviestFirst() {
        TrigramTable table = twoWay();
        PuctSearch two = new PuctSearch(table, SEED, 2);
        two.search(1, 2, 1);
        PuctSearch three = new PuctSearch(table, SEED, 3);
        three.search(1, 2, 1);

        assertThat(two.visits(1)).isEqualTo(1);
        assertThat(two.visits(2)).isZero();
        assertThat(three.visits(1)).isEqualTo(1);
        assertThat(three.visits(2)).isEqualTo(1);
    }

    @Test
    void score_afterThreeIterations_isThePaperFormula() {
        PuctSearch search = new PuctSearch(twoWay(), SEED, 3);

        search.search(1, 2, 1);

        // N = 3, n = 1: Q/n + (32 + ln(12/8)) · P · √3 / 2, with ln(12/8) = 0.4054651 and √3 = 1.7320508.
        assertThat(search.reward(1)).isCloseTo(1.6f, within(1e-6f));
        assertThat(search.reward(2)).isCloseTo(1.3f, within(1e-6f));
        assertThat(search.score(1)).isCloseTo(1.6f + 32.4054651f * 0.6f * 1.7320508f / 2, within(1e-4f));
        assertThat(search.score(2)).isCloseTo(1.3f + 32.4054651f * 0.3f * 1.7320508f / 2, within(1e-4f));
    }

    @Test
    void search_iterationsFourToSeven_followThePuctScores() {
        // Scores (child 1, child 2): 18.44 9.72 → 1; 14.59 11.05 → 1; 12.52 12.22 → 1; 11.19 13.29 → 2.
        int[] expectedFirst = {2, 3, 4, 4};
        int[] expectedSecond = {1, 1, 1, 2};
        for (int i = 0; i < 4; i++) {
            PuctSearch search = new PuctSearch(twoWay(), SEED, 4 + i);
            search.search(1, 2, 1);

            assertThat(search.visits(1)).as("iteration %d", 4 + i).isEqualTo(expectedFirst[i]);
            assertThat(search.visits(2)).as("iteration %d", 4 + i).isEqualTo(expectedSecond[i]);
            assertThat(search.visits(0)).isEqualTo(4 + i);
        }
    }

    @Test
    void search_certainChain_rewardIsOnePlusTheWeightsDownToDepthFour() {
        PuctSearch search = new PuctSearch(chain(), SEED, 1);

        search.search(1, 2, 9);

        assertThat(search.reward(0)).isEqualTo(1 + 0.5f + 0.25f + 0.125f + 0.0625f);
    }

    @Test
    void search_shallowLimit_rollOutStopsThere() {
        PuctSearch search = new PuctSearch(chain(), SEED, 1);

        search.search(1, 2, 2);

        assertThat(search.reward(0)).isEqualTo(1.75f);
    }

    @Test
    void search_certainChain_backPropagatesToEveryNodeOfThePath() {
        PuctSearch search = new PuctSearch(chain(), SEED, 6);

        search.search(1, 2, 4);

        // Iteration 1 stops at the root, 2 to 5 one level deeper each, 6 reaches the deepest level again. All rewards
        // are 1.9375.
        int[] visits = {6, 5, 4, 3, 2};
        assertThat(search.nodeCount()).isEqualTo(5);
        for (int node = 0; node < 5; node++) {
            assertThat(search.visits(node)).isEqualTo(visits[node]);
            assertThat(search.reward(node)).isEqualTo(1.9375f * visits[node]);
        }
    }

    @Test
    void search_manyFirstIterations_rollOutDrawsInProportionToTheWeights() {
        PuctSearch search = new PuctSearch(twoWay(), SEED, 1);
        int heavy = 0;
        for (int i = 0; i < 30_000; i++) {
            search.search(1, 2, 1);
            // 1.6 if 10 was drawn, 1.3 if 11 was.
            heavy += search.reward(0) > 1.45f ? 1 : 0;
        }

        // 2/3, and four standard deviations of 0.0027.
        assertThat(heavy / 30_000.0).isCloseTo(2.0 / 3, within(0.011));
    }

    @Test
    void search_pairUnknown_backsOffToTheSecondToken() {
        PuctSearch search = new PuctSearch(twoWay(), SEED);
        TokenTree tree = tree(2);

        assertThat(search.search(77, 2, 4)).isTrue();
        search.emit(tree, WIDE);

        assertThat(tree.child(0, 10)).isPositive();
    }

    @Test
    void emit_chain_estimatesAreNormalisedProducts() {
        TrigramTable table = twoWay();
        table.reinforce(2, 10, 20, 0.3f);
        table.reinforce(2, 10, 21, 0.1f);
        PuctSearch search = new PuctSearch(table, SEED);
        TokenTree tree = tree(2);

        search.search(1, 2, 4);
        search.emit(tree, WIDE);

        int ten = tree.child(0, 10);
        assertThat(tree.probability(ten)).isCloseTo(2f / 3, within(1e-6f));
        assertThat(tree.probability(tree.child(ten, 20))).isCloseTo(0.5f, within(1e-6f));
        assertThat(tree.draftNodes()).isEqualTo(4);
    }

    @Test
    void emit_fewerNodesAllowed_isAPrefixOfTheLargerDraft() {
        TrigramTable table = random(new Random(Seeds.orElse(7)), 60, 600);
        TokenTree large = draft(table, new DraftLimits(64, 4, 64));

        for (int nodes = 0; nodes < 64; nodes++) {
            TokenTree small = draft(table, new DraftLimits(nodes, 4, 64));
            assertThat(small.draftNodes()).isEqualTo(nodes);
            for (int node = 1; node <= nodes; node++) {
                assertThat(small.token(node)).isEqualTo(large.token(node));
                assertThat(small.parent(node)).isEqualTo(large.parent(node));
            }
        }
    }

    @Test
    void emit_randomTables_keepsEveryLimitAndTheOrder() {
        long seed = Seeds.next();
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            TrigramTable table = random(random, 2 + random.nextInt(60), 1 + random.nextInt(2000));
            DraftLimits limits = new DraftLimits(random.nextInt(70), 1 + random.nextInt(5), 1 + random.nextInt(12));

            TokenTree tree = draft(table, limits);

            assertThat(tree.draftNodes()).as("seed %d", seed).isLessThanOrEqualTo(limits.maxNodes());
            assertThat(tree.maxDepth()).as("seed %d", seed).isLessThanOrEqualTo(Math.min(4, limits.maxDepth()));
            assertThat(tree.leaves()).as("seed %d", seed).isLessThanOrEqualTo(limits.maxBranches());
            for (int node = 1; node < tree.size(); node++) {
                assertThat(tree.parent(node)).as("seed %d", seed).isLessThan(node);
                assertThat(tree.child(tree.parent(node), tree.token(node)))
                        .as("seed %d", seed)
                        .isEqualTo(node);
                assertThat(tree.probability(node))
                        .as("seed %d", seed)
                        .isPositive()
                        .isLessThanOrEqualTo(tree.probability(node - 1));
            }
        }
    }

    @Test
    void search_sameSeed_sameDraft() {
        TrigramTable table = random(new Random(Seeds.orElse(3)), 50, 1000);
        DraftLimits limits = new DraftLimits(40, 4, 40);
        TokenTree one = draft(table, limits);
        TokenTree other = draft(table, limits);

        assertThat(other.size()).isEqualTo(one.size());
        for (int node = 0; node < one.size(); node++) {
            assertThat(other.token(node)).isEqualTo(one.token(node));
            assertThat(other.parent(node)).isEqualTo(one.parent(node));
        }
    }

    private static TokenTree draft(TrigramTable table, DraftLimits limits) {
        PuctSearch search = new PuctSearch(table, SEED);
        TokenTree tree = tree(0);
        if (search.search(1, 0, limits.maxDepth())) {
            search.emit(tree, limits);
        }
        return tree;
    }

    private static TrigramTable random(Random random, int vocabulary, int trigrams) {
        TrigramTable table = new TrigramTable(null, 1 << 14);
        table.reinforce(1, 0, 1, 0.5f);
        for (int i = 0; i < trigrams; i++) {
            table.reinforce(
                    random.nextInt(vocabulary),
                    random.nextInt(vocabulary),
                    random.nextInt(vocabulary),
                    0.01f + random.nextFloat());
        }
        for (int i = 0; i < 12; i++) {
            table.reinforce(1, 0, i % vocabulary, 0.1f);
            for (int j = 0; j < 12; j++) {
                table.reinforce(0, i % vocabulary, j % vocabulary, random.nextFloat());
            }
        }
        return table;
    }

    private static TokenTree tree(int root) {
        TokenTree tree = new TokenTree(64);
        tree.reset(root);
        return tree;
    }
}
