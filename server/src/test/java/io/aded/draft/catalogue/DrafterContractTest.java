package io.aded.draft.catalogue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.management.ThreadMXBean;
import io.aded.draft.DraftLimits;
import io.aded.draft.DraftRequest;
import io.aded.draft.DraftState;
import io.aded.draft.Drafter;
import io.aded.draft.Proposer;
import io.aded.model.ContextParameters;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetContext;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import io.aded.testing.Seeds;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What holds for every drafter of one stream, whatever its rule. Whoever adds one has it tested here. */
final class DrafterContractTest {
    private static final String ALL = "io.aded.draft.catalogue.Drafters#withoutModel";
    private static final DrafterSettings SMALL =
            DrafterSettings.DEFAULT.withHistoryTokens(512).withTableRows(512).withSeed(3);
    private static final int VIEW = 8;

    /** A stream whose text comes back on itself, so that there is something to draft. */
    private static final class Script {
        final SplittableRandom random;
        final int[] vocabulary;
        final List<Integer> said = new ArrayList<>();

        Script(SplittableRandom random, int... vocabulary) {
            this.random = random;
            this.vocabulary = vocabulary;
        }

        int next() {
            int size = said.size();
            int token = size > 60 && random.nextInt(12) > 0
                    ? said.get(size - 41)
                    : vocabulary[random.nextInt(vocabulary.length)];
            said.add(token);
            return token;
        }

        int last() {
            return said.getLast();
        }

        int[] prompt(int length) {
            int[] prompt = new int[length];
            for (int i = 0; i < length; i++) {
                prompt[i] = next();
            }
            return prompt;
        }

        /** The target's best tokens, {@code certain} first; reused. */
        void view(TopTokens view, int certain) {
            for (int i = 0; i < VIEW; i++) {
                view.tokenArray()[i] = i == 0 ? certain : vocabulary[(certain + i * 7 & 0xFFFF) % vocabulary.length];
                view.logitArray()[i] = -0.5f - i;
            }
            view.filled(VIEW, 0.25f);
        }
    }

    /** Plays the target: walks down the tree as the script goes on, shows its views, and tells the outcome. */
    private static void verify(DraftState state, TokenTree tree, Script script, TopTokens view) {
        int node = 0;
        while (true) {
            int next = script.next();
            script.view(view, next);
            state.observe(tree, node, view);
            int child = tree.child(node, next);
            if (child < 0) {
                state.accept(tree, node, next);
                state.share();
                return;
            }
            node = child;
        }
    }

    private static void assertSound(TokenTree tree, DraftLimits limits, Set<Integer> seen) {
        assertThat(tree.draftNodes()).isBetween(0, Math.max(0, Math.min(limits.maxNodes(), tree.maxDraftNodes())));
        if (tree.draftNodes() > 0) {
            assertThat(tree.maxDepth()).isLessThanOrEqualTo(limits.maxDepth());
            assertThat(tree.leaves()).isLessThanOrEqualTo(limits.maxBranches());
        }
        float before = 1f;
        for (int node = 1; node < tree.size(); node++) {
            assertThat(tree.parent(node)).isBetween(0, node - 1);
            assertThat(tree.probability(node)).isGreaterThan(0f).isLessThanOrEqualTo(before);
            before = tree.probability(node);
            assertThat(tree.child(tree.parent(node), tree.token(node)))
                    .as("two siblings alike")
                    .isEqualTo(node);
            assertThat(seen).as("a token that neither text nor target showed").contains(tree.token(node));
        }
    }

    private static String written(TokenTree tree) {
        StringBuilder out = new StringBuilder();
        for (int node = 0; node < tree.size(); node++) {
            out.append(tree.parent(node)).append(':').append(tree.token(node)).append(' ');
        }
        return out.toString();
    }

    private static int[] range(int count) {
        int[] tokens = new int[count];
        for (int i = 0; i < count; i++) {
            tokens[i] = i;
        }
        return tokens;
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void draft_anyLimits_isASoundTreeWithinThem(DrafterKind kind) {
        Seeds.with(random -> {
            Script script = new Script(random, range(60));
            Drafter drafter = kind.create(SMALL);
            TopTokens view = new TopTokens(VIEW);
            Set<Integer> seen = new HashSet<>();
            for (int token : script.vocabulary) {
                seen.add(token);
            }
            assertThat(drafter.name()).isNotBlank();
            int[] prompt = script.prompt(200);
            drafter.learnPrompt(prompt, 0, prompt.length);
            TokenTree tree = new TokenTree(40);
            int drafted = 0;
            for (int round = 0; round < 1_500; round++) {
                DraftLimits limits = new DraftLimits(random.nextInt(60), random.nextInt(40), random.nextInt(12));
                tree.reset(script.last());
                drafter.draft(tree, limits);
                assertSound(tree, limits, seen);
                drafted += tree.draftNodes();
                if (random.nextInt(3) == 0) {
                    tree.truncate(1 + random.nextInt(tree.size()));
                }
                verify(drafter, tree, script, view);
                if (round % 200 == 199) {
                    int[] more = script.prompt(50);
                    drafter.learnPrompt(more, 0, more.length);
                }
            }
            if (kind.drafts()) {
                assertThat(drafted).as("drafted in a text that repeats itself").isPositive();
            } else {
                assertThat(drafted).isZero();
            }
        });
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void draft_equalSeedsAndTokens_isEqual(DrafterKind kind) {
        long seed = Seeds.next();
        List<String> first = conversation(kind, seed);

        assertThat(conversation(kind, seed)).as("seed %d", seed).isEqualTo(first);
    }

    private static List<String> conversation(DrafterKind kind, long seed) {
        Script script = new Script(new SplittableRandom(seed), range(50));
        Drafter drafter = kind.create(SMALL);
        int[] prompt = script.prompt(150);
        drafter.learnPrompt(prompt, 0, prompt.length);
        TopTokens view = new TopTokens(VIEW);
        TokenTree tree = new TokenTree(16);
        List<String> drafts = new ArrayList<>();
        for (int round = 0; round < 150; round++) {
            tree.reset(script.last());
            drafter.draft(tree, new DraftLimits(16, 8, 4));
            drafts.add(written(tree));
            verify(drafter, tree, script, view);
        }
        return drafts;
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void draft_hostileTokens_neverThrows(DrafterKind kind) {
        int[][] vocabularies = {
            {0},
            {Integer.MAX_VALUE},
            {0, Integer.MAX_VALUE},
            {7, 7 + (1 << 16), 7 + (1 << 20), 7 + (1 << 24), 7 + (1 << 30)},
        };
        for (int[] vocabulary : vocabularies) {
            Script script = new Script(new SplittableRandom(Seeds.orElse(1)), vocabulary);
            Drafter drafter = kind.create(SMALL);
            TopTokens view = new TopTokens(VIEW);
            TokenTree tree = new TokenTree(16);
            Set<Integer> seen = new HashSet<>();
            for (int token : vocabulary) {
                seen.add(token);
            }
            // The first round of a stream that has no prompt at all.
            script.next();
            DraftLimits limits = new DraftLimits(100, 100, 100);
            for (int round = 0; round < 700; round++) {
                tree.reset(script.last());
                drafter.draft(tree, limits);
                assertSound(tree, limits, seen);
                verify(drafter, tree, script, view);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void observe_viewsThatAreNoDistributions_breakNothing(DrafterKind kind) {
        Script script = new Script(new SplittableRandom(1), range(30));
        Drafter drafter = kind.create(SMALL);
        TopTokens view = new TopTokens(VIEW);
        TokenTree tree = new TokenTree(16);
        Set<Integer> seen = new HashSet<>();
        for (int token : range(30)) {
            seen.add(token);
        }
        float[] logits = {Float.NEGATIVE_INFINITY, 1e30f, -1e30f, 0f, 88f, Float.POSITIVE_INFINITY, 3f, -0f};
        for (int round = 0; round < 400; round++) {
            tree.reset(round == 0 ? 3 : script.last());
            drafter.draft(tree, new DraftLimits(12, 8, 4));
            for (int node = 1; node < tree.size(); node++) {
                assertThat(seen).contains(tree.token(node));
                assertThat(tree.probability(node)).isBetween(0f, 1f);
            }
            for (int i = 0; i < VIEW; i++) {
                view.tokenArray()[i] = (round + i) % 30;
                view.logitArray()[i] = logits[(round / 3 + i) % logits.length];
            }
            view.filled(round % (VIEW + 1), round % 5 == 0 ? 0f : 2f);
            for (int node = 0; node < tree.size(); node++) {
                drafter.observe(tree, node, view);
            }
            drafter.accept(tree, 0, script.next());
            drafter.share();
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void draft_again_afterAPassThatDidNotHappen_isSound(DrafterKind kind) {
        Script script = new Script(new SplittableRandom(5), range(30));
        Drafter drafter = kind.create(SMALL);
        int[] prompt = script.prompt(200);
        drafter.learnPrompt(prompt, 0, prompt.length);
        TopTokens view = new TopTokens(VIEW);
        TokenTree tree = new TokenTree(16);
        Set<Integer> seen = new HashSet<>(script.said);
        for (int token : range(30)) {
            seen.add(token);
        }
        DraftLimits limits = new DraftLimits(12, 8, 4);
        for (int round = 0; round < 100; round++) {
            for (int attempt = 0; attempt <= round % 3; attempt++) {
                tree.reset(script.last());
                drafter.draft(tree, limits);
                assertSound(tree, limits, seen);
            }
            verify(drafter, tree, script, view);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void rounds_onceGrown_allocateNothing(DrafterKind kind) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        assumeThat(threads.isThreadAllocatedMemorySupported()).isTrue();
        Drafter drafter = kind.create(SMALL);
        int[] text = new SplittableRandom(9).ints(6_000, 0, 40).toArray();
        for (int i = 60; i < text.length; i++) {
            text[i] = text[i] % 10 > 0 ? text[i - 47] : text[i];
        }
        TopTokens view = new TopTokens(VIEW);
        Script views = new Script(new SplittableRandom(1), range(40));
        TokenTree tree = new TokenTree(16);
        DraftLimits limits = new DraftLimits(12, 8, 4);
        drafter.learnPrompt(text, 0, text.length);
        long before = 0;
        long state = 0;
        for (int round = 0; round < 4_000; round++) {
            if (round == 3_000) {
                state = drafter.stateBytes();
                before = threads.getCurrentThreadAllocatedBytes();
            }
            int at = 100 + round;
            tree.reset(text[at]);
            drafter.draft(tree, limits);
            int node = 0;
            int next = text[at + 1];
            for (int child = tree.child(0, next); child >= 0; child = tree.child(node, next)) {
                node = child;
            }
            views.view(view, next);
            drafter.observe(tree, node, view);
            drafter.accept(tree, node, next);
            drafter.share();
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;

        assertThat(allocated).as("bytes in a thousand rounds").isLessThan(2_000);
        assertThat(drafter.stateBytes()).isEqualTo(state);
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void propose_manyStreamsAtOnce_draftsForEachWhatItWouldAlone(DrafterKind kind) {
        try (ScriptedModel model = new ScriptedModel(ScriptedModel.babble(7, 2));
                TargetContext target = model.newContext(ContextParameters.ofCells(64));
                Proposer proposer = kind.maker().make(SMALL, target, System::nanoTime)) {
            List<Script> scripts = new ArrayList<>();
            List<DraftRequest> requests = new ArrayList<>();
            List<Drafter> alone = new ArrayList<>();
            TopTokens view = new TopTokens(VIEW);
            for (int stream = 0; stream < 4; stream++) {
                Script script = new Script(new SplittableRandom(stream), range(40));
                scripts.add(script);
                DraftState state = proposer.open();
                Drafter drafter = kind.create(SMALL);
                int[] prompt = script.prompt(150);
                state.learnPrompt(prompt, 0, prompt.length);
                drafter.learnPrompt(prompt, 0, prompt.length);
                requests.add(new DraftRequest(state, new TokenTree(16)));
                alone.add(drafter);
            }
            for (int pass = 0; pass < 60; pass++) {
                DraftLimits limits = new DraftLimits(pass % 13, 8, 4);
                for (int stream = 0; stream < 4; stream++) {
                    requests.get(stream).tree().reset(scripts.get(stream).last());
                    requests.get(stream).ask(limits, stream, 0);
                }
                proposer.propose(requests);
                for (int stream = 0; stream < 4; stream++) {
                    TokenTree together = requests.get(stream).tree();
                    TokenTree expected = new TokenTree(16);
                    expected.reset(scripts.get(stream).last());
                    if (limits.maxNodes() > 0) {
                        alone.get(stream).draft(expected, limits);
                    }
                    assertThat(written(together)).isEqualTo(written(expected));
                    verifyBoth(requests.get(stream).state(), alone.get(stream), together, scripts.get(stream), view);
                }
                proposer.settle(requests);
            }
            requests.forEach(request -> request.state().close());
            assertThat(proposer.levelNanos(1)).isNotNegative();
        }
    }

    private static void verifyBoth(DraftState one, DraftState other, TokenTree tree, Script script, TopTokens view) {
        int node = 0;
        while (true) {
            int next = script.next();
            script.view(view, next);
            one.observe(tree, node, view);
            other.observe(tree, node, view);
            int child = tree.child(node, next);
            if (child < 0) {
                one.accept(tree, node, next);
                one.share();
                other.accept(tree, node, next);
                other.share();
                return;
            }
            node = child;
        }
    }
}
