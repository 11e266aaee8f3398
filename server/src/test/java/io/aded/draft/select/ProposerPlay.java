package io.aded.draft.select;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.draft.DraftLimits;
import io.aded.draft.DraftModelStatistics;
import io.aded.draft.DraftRequest;
import io.aded.draft.DraftState;
import io.aded.draft.Proposer;
import io.aded.draft.adaptive.AdedDrafter;
import io.aded.draft.neural.DraftContexts;
import io.aded.draft.neural.DraftModels;
import io.aded.model.CellCopier;
import io.aded.model.ContextParameters;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetContext;
import io.aded.model.TokenTree;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Rounds without an engine: a target that is a script, whose answers accept what a proposer drafts for them with a
 * table and a scripted draft model. A pass of the target takes 10,000 ns, one of the draft model 2,500 and 20 a token.
 */
final class ProposerPlay<P extends Proposer> implements AutoCloseable {
    /** A text that never says the same again, and one that falls into a loop. */
    static final ScriptedModel.Script FRESH = ScriptedModel.babble(3, 8);

    static final ScriptedModel.Script LOOPING = ScriptedModel.babble(1, 2);

    static final long PASS_NANOS = 10_000;

    /** Of a draft model that says something else altogether. */
    static final double USELESS = -1;

    interface Maker<P> {
        P make(Supplier<AdedDrafter> tables, DraftModels models, TargetContext target, LongSupplier clock);
    }

    final ScriptedModel.Script script;
    final DraftLimits limits;
    private final TargetContext target;
    final DraftModels models;
    final P proposer;
    final List<Stream> streams = new ArrayList<>();
    final List<DraftRequest> requests = new ArrayList<>();
    private final float[] row = new float[ScriptedModel.VOCABULARY_SIZE];
    private long now = 1;

    /** What the proposer has bought for all streams. */
    long bought;

    /** Whether the draft model fails. */
    boolean failing;

    /** What happens once beside the draft model's next pass. */
    @Nullable
    Runnable beside;

    /** With a draft model that guesses the right token in so many of all cases, or that is {@link #USELESS}. */
    ProposerPlay(ScriptedModel.Script script, double agreement, DraftLimits limits, int count, Maker<P> maker) {
        this(script, agreement, limits, count, 0, maker);
    }

    /** With a copier of cells that takes so long to find that it cannot; without one if that is 0. */
    ProposerPlay(
            ScriptedModel.Script script,
            double agreement,
            DraftLimits limits,
            int count,
            long copyNanos,
            Maker<P> maker) {
        this.script = script;
        this.limits = limits;
        ScriptedModel model = new ScriptedModel(script);
        target = model.newContext(ContextParameters.ofCells(1024));
        ScriptedModel draft = agreement == USELESS
                ? new ScriptedModel(ScriptedModel.babble(99, 8), this::pass)
                : model.draft(agreement, 7, this::pass, ScriptedModel.Cells.OWN);
        DraftContexts contexts = _ -> new DraftContexts.Opened(
                draft.newContext(ContextParameters.ofCells(32_768).withMaxSequences(16)),
                copyNanos == 0 ? null : refusing(copyNanos));
        models = new DraftModels(contexts);
        proposer = maker.make(() -> AdedDrafter.create(4096, null), models, target, () -> now);
        for (int i = 0; i < count; i++) {
            Stream stream = new Stream(i);
            streams.add(stream);
            requests.add(stream.request);
        }
    }

    private CellCopier refusing(long copyNanos) {
        return new CellCopier() {
            @Override
            public boolean copy(int source, int from, int to, int destination) {
                now += copyNanos;
                return false;
            }

            @Override
            public void close() {
                // It holds nothing.
            }
        };
    }

    private void pass(int tokens) {
        if (failing) {
            throw new IllegalStateException("the draft model is out of order");
        }
        if (beside != null) {
            beside.run();
            beside = null;
        }
        now += 2500 + 20L * tokens;
    }

    /** Drafts for all streams. */
    void draft() {
        for (Stream stream : streams) {
            stream.ask(-1);
        }
        proposer.propose(requests);
    }

    /** Rounds of all streams, each of which drafts, checks and accepts. */
    void rounds(int count) {
        for (int i = 0; i < count; i++) {
            draft();
            now += PASS_NANOS;
            for (Stream stream : streams) {
                bought += stream.request.boughtNanos();
                stream.verify();
            }
            proposer.settle(requests);
        }
    }

    DraftModelStatistics model() {
        return models.statistics();
    }

    /** Beside the draft model's next pass the stream's limits are lost, so that what is then done for it throws. */
    void breakInNextPass(Stream stream) {
        beside = () -> stream.request.ask(null, -1, 0);
    }

    void assertIsSound(TokenTree tree) {
        assertThat(tree.draftNodes()).isLessThanOrEqualTo(limits.maxNodes());
        assertThat(tree.maxDepth()).isLessThanOrEqualTo(limits.maxDepth());
        assertThat(tree.leaves()).isLessThanOrEqualTo(limits.maxBranches());
        for (int node = 1; node < tree.size(); node++) {
            assertThat(tree.parent(node)).isLessThan(node);
            assertThat(tree.probability(node)).isBetween(0f, tree.probability(node - 1));
            assertThat(tree.child(tree.parent(node), tree.token(node)))
                    .as("the one child with this token")
                    .isEqualTo(node);
        }
    }

    final class Stream {
        final DraftState state = proposer.open();
        final TokenTree tree = new TokenTree(64);
        final DraftRequest request = new DraftRequest(state, tree);
        private final int[] text = new int[16_384];
        int length = 12;
        int accepted;

        /** Of those, nodes that the table alone would not have had. */
        int byModel;

        private Stream(int number) {
            for (int i = 0; i < length; i++) {
                text[i] = 3 + 'a' + (number + i * i) % 20;
            }
            state.learnPrompt(text, 0, length);
        }

        /** Asks for the next draft, as the sequence in the target's context. */
        void ask(int sequence) {
            tree.reset(text[length - 1]);
            request.ask(limits, sequence, PASS_NANOS).pricedBy(nodes -> 300.0 * nodes);
        }

        /** The tokens of the draft, and their parents. */
        List<List<Integer>> nodes() {
            List<List<Integer>> nodes = new ArrayList<>();
            for (int node = 1; node < tree.size(); node++) {
                nodes.add(List.of(tree.parent(node), tree.token(node)));
            }
            return nodes;
        }

        void verify() {
            int node = 0;
            while (true) {
                script.logits(text, length, row);
                int best = 0;
                for (int token = 1; token < row.length; token++) {
                    best = row[token] > row[best] ? token : best;
                }
                text[length++] = best;
                int child = tree.child(node, best);
                if (child < 0) {
                    state.accept(tree, node, best);
                    state.share();
                    return;
                }
                accepted++;
                byModel += tree.tag(child) == PathOpinions.TABLE ? 0 : 1;
                node = child;
            }
        }
    }

    @Override
    public void close() {
        streams.forEach(stream -> stream.state.close());
        proposer.close();
        target.close();
    }
}
