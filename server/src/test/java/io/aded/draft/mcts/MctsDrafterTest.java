package io.aded.draft.mcts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import io.aded.draft.DraftLimits;
import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.catalogue.Drafters;
import io.aded.draft.table.TrigramTable;
import io.aded.model.TokenTree;
import java.lang.management.ManagementFactory;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class MctsDrafterTest {
    private static final DraftLimits LIMITS = new DraftLimits(64, 4, 32);

    private static MctsDrafter drafter(DrafterSettings settings) {
        return (MctsDrafter) Drafters.ADED_MCTS.create(settings);
    }

    @Test
    void draft_oneRound_everyTrigramOfTheWindowGainsOneStep() {
        MctsDrafter drafter = drafter(DrafterSettings.DEFAULT);
        drafter.learnPrompt(new int[] {1, 2, 3, 4}, 0, 4);

        drafter.draft(tree(4), LIMITS);

        assertThat(weight(drafter, 1, 2, 3)).isCloseTo(0.04f, within(1e-6f));
        assertThat(weight(drafter, 2, 3, 4)).isCloseTo(0.04f, within(1e-6f));
        assertThat(drafter.table().ownRows()).isEqualTo(2);
    }

    @Test
    void draft_longPrompt_onlyTheLastSixteenTokensAreRead() {
        MctsDrafter drafter = drafter(DrafterSettings.DEFAULT);
        int[] prompt = new int[40];
        for (int i = 0; i < prompt.length; i++) {
            prompt[i] = i;
        }
        drafter.learnPrompt(prompt, 0, 40);

        drafter.draft(tree(39), LIMITS);

        assertThat(drafter.table().ownRows()).isEqualTo(14);
        assertThat(weight(drafter, 24, 25, 26)).isCloseTo(0.04f, within(1e-6f));
        assertThat(drafter.table().find(23, 24)).isEqualTo(TrigramTable.NONE);
    }

    @Test
    void accept_pathAndBonusToken_moveTheWindow() {
        MctsDrafter drafter = drafter(DrafterSettings.DEFAULT);
        drafter.learnPrompt(new int[] {1, 2, 3}, 0, 3);
        TokenTree tree = tree(3);
        drafter.draft(tree, LIMITS);
        TokenTree verified = tree(3);
        int four = verified.add(0, 4, 0.5f);
        int five = verified.add(four, 5, 0.2f);
        verified.add(0, 9, 0.1f);

        drafter.accept(verified, five, 6);
        drafter.draft(tree(6), LIMITS);

        assertThat(weight(drafter, 1, 2, 3)).isCloseTo(0.08f, within(1e-6f));
        assertThat(weight(drafter, 2, 3, 4)).isCloseTo(0.04f, within(1e-6f));
        assertThat(weight(drafter, 3, 4, 5)).isCloseTo(0.04f, within(1e-6f));
        assertThat(weight(drafter, 4, 5, 6)).isCloseTo(0.04f, within(1e-6f));
        assertThat(drafter.table().find(3, 9)).isEqualTo(TrigramTable.NONE);
    }

    @Test
    void learnPrompt_wholePrompt_learnsEveryTrigramOnce() {
        MctsDrafter drafter = drafter(DrafterSettings.DEFAULT.withLearnWholePrompt(true));
        int[] prompt = new int[40];
        for (int i = 0; i < prompt.length; i++) {
            prompt[i] = i;
        }

        drafter.learnPrompt(prompt, 0, 20);
        drafter.learnPrompt(prompt, 20, 40);

        assertThat(drafter.table().ownRows()).isEqualTo(38);
        assertThat(weight(drafter, 0, 1, 2)).isCloseTo(0.56f, within(1e-5f));
        assertThat(weight(drafter, 18, 19, 20)).isCloseTo(0.56f, within(1e-5f));
    }

    @Test
    void draft_repeatedText_draftsWhatFollowedBefore() {
        MctsDrafter drafter = drafter(DrafterSettings.DEFAULT);
        drafter.learnPrompt(new int[] {1, 2, 3, 4, 5, 6, 1, 2}, 0, 8);
        TokenTree tree = tree(2);

        drafter.draft(tree, LIMITS);

        int node = 0;
        for (int token : new int[] {3, 4, 5, 6}) {
            node = tree.child(node, token);
            assertThat(node).as("node of token %d", token).isPositive();
        }
    }

    @Test
    void draft_lessThanTwoTokens_isEmpty() {
        MctsDrafter drafter = drafter(DrafterSettings.DEFAULT);
        drafter.learnPrompt(new int[] {1}, 0, 1);
        TokenTree tree = tree(1);

        drafter.draft(tree, LIMITS);

        assertThat(tree.draftNodes()).isZero();
        assertThat(drafter.name()).isEqualTo("aded-mcts");
        // A search of 150 iterations: 13 arrays of 1 + 150 * 12 nodes, its visits and heap, two tables; and the window.
        long search = 13 * 4 * 1801 + 150 * 4 + 150 * 8 + 151 * 4 + 152 * 4;
        assertThat(drafter.table().stateBytes()).isPositive();
        assertThat(drafter.stateBytes()).isEqualTo(drafter.table().stateBytes() + search + 16 * 4);
    }

    @Test
    void draft_twoTokensThatRepeat_areEnough() {
        MctsDrafter drafter = drafter(DrafterSettings.DEFAULT);
        drafter.table().reinforce(1, 2, 3, 0.5f);
        drafter.learnPrompt(new int[] {1, 2}, 0, 2);
        TokenTree tree = tree(2);

        drafter.draft(tree, LIMITS);

        assertThat(tree.child(0, 3)).isPositive();
    }

    @Test
    void draft_stateAtItsBound_allocatesNothing() {
        assertAllocatesNothing(drafter(DrafterSettings.DEFAULT.withTableRows(64)));
    }

    @Test
    @Tag("long")
    void draft_denseTable_allocatesNothing() {
        MctsDrafter drafter =
                drafter(DrafterSettings.DEFAULT.withTableRows(16_384).withLearnWholePrompt(true));
        int[] text = new Random(5).ints(100_000, 0, 97).toArray();
        drafter.learnPrompt(text, 0, text.length);
        assertThat(drafter.table().ownRows()).isGreaterThan(9_000);

        assertAllocatesNothing(drafter);
    }

    private static void assertAllocatesNothing(MctsDrafter drafter) {
        TokenTree tree = new TokenTree(64);
        int last = run(drafter, tree, 5_000, 1);
        long bytes = drafter.stateBytes();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        threads.getCurrentThreadAllocatedBytes();

        long before = threads.getCurrentThreadAllocatedBytes();
        run(drafter, tree, 2_000, last);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;

        // Less than one object a round; the call itself may cost a few bytes.
        assertThat(allocated).isLessThan(2_000);
        assertThat(drafter.stateBytes()).isEqualTo(bytes);
    }

    /** Rounds over a small pseudo-random language, in which every first draft node is accepted. */
    private static int run(MctsDrafter drafter, TokenTree tree, int rounds, int start) {
        int last = start;
        for (int round = 0; round < rounds; round++) {
            tree.reset(last);
            drafter.draft(tree, LIMITS);
            int accepted = tree.draftNodes() > 0 ? 1 : 0;
            last = (last * 31 + round) % 97;
            drafter.accept(tree, accepted, last);
        }
        return last;
    }

    private static float weight(MctsDrafter drafter, int a, int b, int c) {
        TrigramTable table = drafter.table();
        int row = table.find(a, b);
        for (int i = 0; row != TrigramTable.NONE && i < table.count(row); i++) {
            if (table.token(row, i) == c) {
                return table.weight(row, i);
            }
        }
        return 0;
    }

    private static TokenTree tree(int root) {
        TokenTree tree = new TokenTree(64);
        tree.reset(root);
        return tree;
    }
}
