package io.aded.draft;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.model.ContextParameters;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetContext;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class LoopProposerTest {
    private final AtomicLong clock = new AtomicLong(1000);

    /** Drafts the token after the root, and takes as many nanoseconds as that token's number. */
    private final class Successor implements Drafter {
        boolean closed;

        @Override
        public String name() {
            return "successor";
        }

        @Override
        public void learnPrompt(int[] tokens, int from, int to) {}

        @Override
        public void draft(TokenTree tree, DraftLimits limits) {
            int token = tree.token(0) + 1;
            tree.add(0, token, 0.5f);
            clock.addAndGet(token);
        }

        @Override
        public void observe(TokenTree tree, int node, TopTokens target) {}

        @Override
        public void accept(TokenTree tree, int lastAccepted, int bonusToken) {}

        @Override
        public long stateBytes() {
            return 0;
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    private static DraftRequest request(Proposer proposer, int root, DraftLimits limits) {
        TokenTree tree = new TokenTree(8);
        tree.reset(root);
        return new DraftRequest(proposer.open(), tree).ask(limits, 3, 0);
    }

    @Test
    void propose_severalStreams_eachGetsItsOwnDraftAndItsOwnTime() {
        try (LoopProposer proposer = new LoopProposer(Successor::new, clock::get)) {
            DraftLimits limits = new DraftLimits(4, 4, 1);
            DraftRequest first = request(proposer, 10, limits);
            DraftRequest second = request(proposer, 20, limits);

            proposer.propose(List.of(first, second));
            proposer.settle(List.of(first, second));

            assertThat(first.state()).isNotSameAs(second.state());
            assertThat(first.tree().token(1)).isEqualTo(11);
            assertThat(second.tree().token(1)).isEqualTo(21);
            assertThat(first.nanos()).isEqualTo(11);
            assertThat(second.nanos()).isEqualTo(21);
            assertThat(first.startNanos()).isEqualTo(1000);
            assertThat(first.endNanos()).isEqualTo(1011);
            assertThat(second.startNanos()).isEqualTo(1011);
            assertThat(second.endNanos()).isEqualTo(1032);
            assertThat(proposer.levelNanos(2)).isZero();
        }
    }

    @Test
    void propose_streamThatAsksForNothing_isNotDrafted() {
        try (LoopProposer proposer = new LoopProposer(Successor::new, clock::get)) {
            DraftRequest noNodes = request(proposer, 10, new DraftLimits(0, 4, 1));
            DraftRequest noDepth = request(proposer, 10, new DraftLimits(4, 0, 1));
            DraftRequest noBranches = request(proposer, 10, new DraftLimits(4, 4, 0));

            proposer.propose(List.of(noNodes, noDepth, noBranches));

            for (DraftRequest request : List.of(noNodes, noDepth, noBranches)) {
                assertThat(request.tree().draftNodes()).isZero();
                assertThat(request.nanos()).isZero();
            }
        }
    }

    @Test
    void ask_again_forgetsTheTimeOfTheLastPass() {
        try (LoopProposer proposer = new LoopProposer(Successor::new, clock::get)) {
            DraftRequest request = request(proposer, 10, new DraftLimits(4, 4, 1));
            proposer.propose(List.of(request));
            request.charge(5);
            assertThat(request.nanos()).isEqualTo(16);

            request.ask(new DraftLimits(2, 3, 1), 7, 1234.5);

            assertThat(request.nanos()).isZero();
            assertThat(request.startNanos()).isZero();
            assertThat(request.endNanos()).isZero();
            assertThat(request.sequence()).isEqualTo(7);
            assertThat(request.tokenNanos()).isEqualTo(1234.5);
            assertThat(request.limits()).isEqualTo(new DraftLimits(2, 3, 1));
            assertThat(request.wantsDraft()).isTrue();
        }
    }

    @Test
    void request_beforeItAsks_wantsNothing() {
        DraftRequest request = new DraftRequest(new Successor(), new TokenTree(8));

        assertThat(request.wantsDraft()).isFalse();
        assertThat(request.sequence()).isEqualTo(-1);
        request.kept(12);
        assertThat(request.committed()).isEqualTo(12);
    }

    @Test
    void factory_labels_areHandedToTheFunction() {
        ProposerFactory factory = LoopProposer.factory(label -> {
            assertThat(label).isEqualTo("successor");
            return new Successor();
        });

        try (ScriptedModel model = new ScriptedModel(ScriptedModel.babble(7, 2));
                TargetContext target = model.newContext(ContextParameters.ofCells(64));
                Proposer proposer = factory.create("successor", target, clock::get);
                DraftState state = proposer.open()) {
            state.rewind(0);
            assertThat(state.name()).isEqualTo("successor");
        }
    }
}
