package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import io.aded.model.TokenTree;
import io.aded.telemetry.EngineTelemetry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Over the scripted cache, which throws wherever a branch would be laid out wrongly. */
class BranchesTest {
    private static final int[] HISTORY = {50, 51, 52, 10};

    private final LocalEngine engine = new LocalEngine(
            new ScriptedModel(ScriptedModel.babble(1, 1)),
            EngineOptions.ofCells(64),
            EngineTelemetry.NONE,
            LearningTestDrafter.proposers(0.5),
            System::nanoTime);
    private final TargetContext context = new ScriptedModel(ScriptedModel.babble(1, 1))
            .newContext(ContextParameters.ofCells(64).withMaxSequences(8));
    private final CellLedger ledger = new CellLedger(64, 8);
    private final Residency residency = new Residency(context, ledger, new SwapSpace(0), new SessionMemory(1 << 20));
    private final LocalSession session = new LocalSession(engine, "s", "", ledger.new Cells());
    private final TokenTree tree = new TokenTree(8);
    private final Branches branches = new Branches(session, tree, context, ledger);

    /**
     * <pre>
     * 10 ─┬─ 11 (1) ─┬─ 12 (3) ── 15 (5)
     *     │          └─ 14 (4)
     *     └─ 21 (2)
     * </pre>
     */
    @BeforeEach
    void draft() {
        residency.add(session);
        residency.adopt(session, HISTORY);
        residency.enter(session);
        TokenBatch batch = new TokenBatch();
        for (int i = 0; i < 3; i++) {
            batch.add(HISTORY[i], i, session.sequence(), false);
        }
        assertThat(context.decode(batch)).isEqualTo(DecodeOutcome.DECODED);
        session.cells().commit(3);
        tree.reset(10);
        tree.add(0, 11, 0.9f);
        tree.add(0, 21, 0.8f);
        tree.add(1, 12, 0.7f);
        tree.add(1, 14, 0.6f);
        tree.add(3, 15, 0.5f);
    }

    @AfterEach
    void close() {
        engine.close();
        context.close();
    }

    private void decode() {
        TokenBatch batch = new TokenBatch();
        for (int node = 0; node < tree.size(); node++) {
            batch.start(tree.token(node), 3 + tree.depth(node), true);
            for (long below = branches.leavesBelow(node); below != 0; below &= below - 1) {
                batch.addSequence(branches.sequence(Long.numberOfTrailingZeros(below)));
            }
        }
        assertThat(context.decode(batch)).isEqualTo(DecodeOutcome.DECODED);
    }

    /** The session's sequence holds exactly so many tokens: the next position is free. */
    private void assertLength(int tokens) {
        TokenBatch next = new TokenBatch();
        next.add(1, tokens, session.sequence(), false);
        assertThat(context.decode(next)).isEqualTo(DecodeOutcome.DECODED);
        context.removeTokens(session.sequence(), tokens, -1);
    }

    @Test
    void layOut_threeLeaves_firstUsesTheSessionsOwnSequence() {
        branches.layOut();
        assertThat(branches.borrowed()).isEqualTo(2);
        assertThat(branches.leavesBelow(5)).as("the likeliest path's leaf").isEqualTo(0b001);
        assertThat(branches.leavesBelow(3)).isEqualTo(0b001);
        assertThat(branches.leavesBelow(4)).isEqualTo(0b010);
        assertThat(branches.leavesBelow(1)).isEqualTo(0b011);
        assertThat(branches.leavesBelow(2)).isEqualTo(0b100);
        assertThat(branches.leavesBelow(0)).isEqualTo(0b111);
        assertThat(branches.sequence(0)).isEqualTo(session.sequence());
        assertThat(branches.sequence(1)).isNotEqualTo(branches.sequence(2));
        assertThat(ledger.sequencesFree()).isEqualTo(8 - 3);
        decode();
    }

    @Test
    void keep_pathOnTheSessionsOwnBranch_dropsTheRest() {
        branches.layOut();
        decode();
        branches.keep(3);
        assertLength(3 + 3); // history, root, 11, 12
        assertThat(branches.borrowed()).isZero();
        assertThat(ledger.sequencesFree()).isEqualTo(7);
    }

    @Test
    void keep_pathOnABorrowedBranch_becomesTheSessionsOwn() {
        branches.layOut();
        decode();
        branches.keep(4);
        assertLength(3 + 3); // history, root, 11, 14
        assertThat(ledger.sequencesFree()).isEqualTo(7);
    }

    @Test
    void keep_nothingAccepted_keepsTheRootAlone() {
        branches.layOut();
        decode();
        branches.keep(0);
        assertLength(4);
    }

    @Test
    void clear_afterAPassThatFailed_givesTheSequencesBackEmpty() {
        branches.layOut();
        branches.clear();
        assertThat(ledger.sequencesFree()).isEqualTo(7);
        assertLength(3);
        branches.layOut(); // strict: a borrowed sequence must be empty
        decode();
    }
}
