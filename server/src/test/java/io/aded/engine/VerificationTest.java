package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.SamplingParameters;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import io.aded.model.TokenSampler;
import io.aded.model.TokenTree;
import io.aded.testing.Seeds;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The walk, step by step: what is drawn where, in which order, and where it ends. */
class VerificationTest {
    /** The root's row, so that rows and nodes cannot be mixed up. */
    private static final int FIRST_ROW = 100;

    private static final int[] UNREAD = {};

    private final List<String> steps = new ArrayList<>();
    private final ArrayDeque<Integer> draws = new ArrayDeque<>();
    private int endsWith = -1;

    /** Draws what the test has put up, and notes the row. */
    private final class Draws implements TokenSampler {
        private final boolean greedy;

        Draws(boolean greedy) {
            this.greedy = greedy;
        }

        @Override
        public boolean isPlainGreedy() {
            return greedy;
        }

        @Override
        public int sample(TargetContext context, int row) {
            int token = draws.removeFirst();
            steps.add("draw " + token + " from row " + row);
            return token;
        }

        @Override
        public void remember(int token) {}

        @Override
        public boolean constrains() {
            return false;
        }

        @Override
        public void prune(TokenTree tree) {}

        @Override
        public void close() {}
    }

    private boolean emit(int token, int node) {
        steps.add("emit " + token + " at node " + node);
        return token != endsWith;
    }

    /**
     * <pre>
     * 10 ─┬─ 11 (1) ─┬─ 12 (3) ── 15 (5)
     *     │          └─ 14 (4)
     *     └─ 21 (2)
     * </pre>
     */
    private static TokenTree tree() {
        TokenTree tree = new TokenTree(8);
        tree.reset(10);
        tree.add(0, 11, 0.9f);
        tree.add(0, 21, 0.8f);
        tree.add(1, 12, 0.7f);
        tree.add(1, 14, 0.6f);
        tree.add(3, 15, 0.5f);
        return tree;
    }

    private int walk(TokenTree tree, Integer... tokens) {
        draws.addAll(List.of(tokens));
        int last = Verification.walk(tree, FIRST_ROW, UNREAD, new Draws(false), context(), this::emit);
        assertThat(draws).as("one draw per emitted token").isEmpty();
        return last;
    }

    private static TargetContext context() {
        return new ScriptedModel(ScriptedModel.babble(1, 1)).newContext(ContextParameters.ofCells(64));
    }

    @Test
    void walk_drawnTokensAreChildren_stepsIntoThemAndDrawsTheBonusAtTheLast() {
        assertThat(walk(tree(), 11, 12, 15, 99)).isEqualTo(5);
        assertThat(steps)
                .containsExactly(
                        "draw 11 from row 100",
                        "emit 11 at node 0",
                        "draw 12 from row 101",
                        "emit 12 at node 1",
                        "draw 15 from row 103",
                        "emit 15 at node 3",
                        "draw 99 from row 105",
                        "emit 99 at node 5");
    }

    @Test
    void walk_secondBranch_isFollowedAsWell() {
        assertThat(walk(tree(), 11, 14, 12)).isEqualTo(4);
        assertThat(steps)
                .containsExactly(
                        "draw 11 from row 100",
                        "emit 11 at node 0",
                        "draw 14 from row 101",
                        "emit 14 at node 1",
                        "draw 12 from row 104",
                        "emit 12 at node 4");
        steps.clear();
        assertThat(walk(tree(), 21, 11)).isEqualTo(2);
        assertThat(steps).last().isEqualTo("emit 11 at node 2");
    }

    @Test
    void walk_drawnTokenIsNoChild_emitsItAndEndsWhereItWas() {
        assertThat(walk(tree(), 12)).as("12 is a grandchild, not a child").isZero();
        assertThat(steps).containsExactly("draw 12 from row 100", "emit 12 at node 0");
    }

    @Test
    void walk_bareRoot_emitsOneToken() {
        TokenTree bare = new TokenTree(0);
        bare.reset(10);
        assertThat(walk(bare, 10)).isZero();
        assertThat(steps).containsExactly("draw 10 from row 100", "emit 10 at node 0");
    }

    @Test
    void walk_answerEndsWithADraftedToken_doesNotStepIntoIt() {
        endsWith = 12;
        assertThat(walk(tree(), 11, 12)).isEqualTo(1);
        assertThat(steps).last().isEqualTo("emit 12 at node 1");
    }

    @Test
    void walk_noTokenCanBeDrawn_failsBeforeAnythingIsEmitted() {
        assertThatThrownBy(() -> walk(tree(), 11, -1)).isInstanceOf(AdedException.Internal.class);
        assertThat(steps).containsExactly("draw 11 from row 100", "emit 11 at node 0", "draw -1 from row 101");
    }

    @Test
    void walk_answerEndsAtOnce_acceptsNothing() {
        endsWith = 11;
        assertThat(walk(tree(), 11)).isZero();
        assertThat(steps).containsExactly("draw 11 from row 100", "emit 11 at node 0");
    }

    @Test
    void walk_plainGreedy_takesTheBestTokensAndDrawsNothing() {
        int[] best = {11, 14, 7, 8, 9, 10};
        int last = Verification.walk(tree(), FIRST_ROW, best, new Draws(true), context(), this::emit);
        assertThat(last).isEqualTo(4);
        assertThat(steps).containsExactly("emit 11 at node 0", "emit 14 at node 1", "emit 9 at node 4");
    }

    /** The definition itself: whatever was drafted, the tokens are those that decoding one at a time gives. */
    @Test
    void walk_anyTree_emitsWhatPlainDecodingEmits() {
        Seeds.with(random -> {
            ScriptedModel model = new ScriptedModel(ScriptedModel.babble(random.nextLong(), 2));
            for (int trial = 0; trial < 300; trial++) {
                int[] history = random.ints(1 + random.nextInt(6), 100, 104).toArray();
                TokenTree tree = randomTree(random, history[history.length - 1]);
                SamplingParameters sampling = SamplingParameters.GREEDY
                        .withTemperature(0.3f + random.nextInt(3) * 0.6f)
                        .withSeed(random.nextInt(1 << 20));
                List<Integer> emitted = new ArrayList<>();
                int last;
                try (TargetContext context = model.newContext(ContextParameters.ofCells(4096));
                        TokenSampler sampler = model.newSampler(sampling)) {
                    int firstRow = decodeTree(context, history, tree);
                    last = Verification.walk(
                            tree, firstRow, UNREAD, sampler, context, (token, _) -> emitted.add(token));
                }
                assertThat(emitted).as("trial %d", trial).isEqualTo(plain(model, sampling, history, emitted.size()));
                assertThat(tree.depth(last)).isEqualTo(emitted.size() - 1);
                assertThat(tree.child(last, emitted.getLast()))
                        .as("it went as far as it could")
                        .isNegative();
            }
        });
    }

    /** Over the letters that the model likes, so that walks are long. */
    private static TokenTree randomTree(SplittableRandom random, int root) {
        TokenTree tree = new TokenTree(40);
        tree.reset(root);
        int nodes = random.nextInt(41);
        for (int i = 0; i < nodes; i++) {
            int parent = random.nextInt(tree.size());
            int token = 100 + random.nextInt(27);
            if (tree.child(parent, token) < 0) {
                tree.add(parent, token, 0.5f);
            }
        }
        return tree;
    }

    /** Every node in a sequence of its own, so that no layout of branches is in question. Returns the root's row. */
    private static int decodeTree(TargetContext context, int[] history, TokenTree tree) {
        TokenBatch batch = new TokenBatch();
        for (int i = 0; i + 1 < history.length; i++) {
            batch.add(history[i], i, 0, false);
        }
        if (batch.size() > 0) {
            assertThat(context.decode(batch)).isEqualTo(DecodeOutcome.DECODED);
        }
        int past = history.length - 1;
        for (int node = 1; node < tree.size(); node++) {
            context.shareTokens(0, node, 0, past);
        }
        batch.clear();
        for (int node = 0; node < tree.size(); node++) {
            batch.start(tree.token(node), past + tree.depth(node), true);
            batch.addSequence(node);
            for (int below = node + 1; below < tree.size(); below++) {
                if (isAncestor(tree, node, below)) {
                    batch.addSequence(below);
                }
            }
        }
        assertThat(context.decode(batch)).isEqualTo(DecodeOutcome.DECODED);
        return 0;
    }

    private static boolean isAncestor(TokenTree tree, int node, int below) {
        int at = below;
        while (at > node) {
            at = tree.parent(at);
        }
        return at == node;
    }

    private static List<Integer> plain(ScriptedModel model, SamplingParameters sampling, int[] history, int tokens) {
        List<Integer> emitted = new ArrayList<>();
        TokenBatch batch = new TokenBatch();
        try (TargetContext context = model.newContext(ContextParameters.ofCells(256));
                TokenSampler sampler = model.newSampler(sampling)) {
            for (int i = 0; i < history.length; i++) {
                batch.add(history[i], i, 0, i == history.length - 1);
            }
            for (int i = 0; i < tokens; i++) {
                assertThat(context.decode(batch)).isEqualTo(DecodeOutcome.DECODED);
                int token = sampler.sample(context, batch.size() - 1);
                emitted.add(token);
                batch.clear();
                batch.add(token, history.length + i, 0, true);
            }
        }
        return emitted;
    }
}
