package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import io.aded.telemetry.EngineTelemetry;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Over the scripted cache, which throws wherever a sequence would be continued at a wrong position. */
class ResidencyTest {
    private static final int CELLS = 100;

    private final LocalEngine engine = new LocalEngine(
            new ScriptedModel(ScriptedModel.babble(1, 1)),
            EngineOptions.ofCells(CELLS),
            EngineTelemetry.NONE,
            LearningTestDrafter.proposers(0.5),
            System::nanoTime);
    private final TargetContext context = new ScriptedModel(ScriptedModel.babble(1, 1))
            .newContext(ContextParameters.ofCells(CELLS).withMaxSequences(4));
    private final CellLedger ledger = new CellLedger(CELLS, 4);
    private final Residency residency =
            new Residency(context, ledger, new SwapSpace(1 << 16), new SessionMemory(1 << 20));

    @AfterEach
    void close() {
        engine.close();
        context.close();
    }

    private LocalSession session(int... prompt) {
        LocalSession session = new LocalSession(engine, "s", "", ledger.new Cells());
        residency.add(session);
        residency.adopt(session, prompt);
        return session;
    }

    /** A prompt of so many equal tokens, and others after them. */
    private static int[] prompt(int length, int token, int... then) {
        int[] prompt =
                Arrays.copyOf(IntStream.generate(() -> token).limit(length).toArray(), length + then.length);
        System.arraycopy(then, 0, prompt, length, then.length);
        return prompt;
    }

    /** Computes what a session's cache lacks, all but the last token, as the engine does. */
    private void compute(LocalSession session) {
        TokenBatch batch = new TokenBatch();
        for (int i = session.committed(); i < session.length() - 1; i++) {
            batch.add(session.token(i), i, session.sequence(), false);
        }
        if (batch.size() > 0) {
            assertThat(context.decode(batch)).isEqualTo(DecodeOutcome.DECODED);
            session.cells().commit(batch.size());
        }
    }

    private LocalSession computed(long usedIn, int... prompt) {
        LocalSession session = session(prompt);
        residency.enter(session);
        compute(session);
        session.usedIn(usedIn);
        return session;
    }

    /** The cache really holds what the ledger says: a token at the next position is taken. */
    private void assertCached(LocalSession session, int tokens) {
        assertThat(session.committed()).isEqualTo(tokens);
        TokenBatch batch = new TokenBatch();
        batch.add(7, tokens, session.sequence(), false);
        assertThat(context.decode(batch)).isEqualTo(DecodeOutcome.DECODED);
        context.removeTokens(session.sequence(), tokens, -1);
    }

    @Test
    void enter_nothingLikeIt_getsASequenceAndNoCells() {
        LocalSession session = session(prompt(40, 7));
        assertThat(residency.sessions()).isEqualTo(1);
        assertThat(session.sequence()).isNegative();
        residency.enter(session);
        assertThat(session.sequence()).isZero();
        assertThat(session.committed()).isZero();
        assertThat(residency.sequencesFree()).isEqualTo(3);
        residency.enter(session);
        assertThat(residency.sequencesFree()).as("once is enough").isEqualTo(3);
    }

    @Test
    void enter_anotherBeginsTheSame_sharesTheLongestPrefix() {
        LocalSession shorter = computed(1, prompt(20, 7, 8, 8));
        LocalSession longer = computed(2, prompt(30, 7, 9, 9));
        assertThat(longer.committed())
                .as("20 of the other's, the rest computed")
                .isEqualTo(31);
        assertThat(ledger.cellsUsed()).as("21, and 11 of the longer's own").isEqualTo(21 + 11);
        LocalSession third = session(prompt(28, 7, 5));
        assertThat(residency.bestSharedPrefix(third)).isEqualTo(28);
        residency.enter(third);
        assertCached(third, 28);
        assertThat(ledger.cellsUsed()).isEqualTo(32);
        compute(third);
        assertThat(shorter.committed()).isEqualTo(21);
    }

    @Test
    void enter_prefixOfFifteen_isComputedAndOfSixteenShared() {
        computed(1, prompt(15, 7, 1, 1, 1));
        LocalSession fifteen = session(prompt(15, 7, 2, 2, 2));
        assertThat(residency.bestSharedPrefix(fifteen)).isZero();
        residency.enter(fifteen);
        assertThat(fifteen.committed()).isZero();
        computed(2, prompt(16, 9, 1, 1));
        LocalSession sixteen = session(prompt(16, 9, 2, 2));
        residency.enter(sixteen);
        assertThat(sixteen.committed()).isEqualTo(16);
    }

    @Test
    void enter_promptThatAnotherHoldsWhole_leavesItsLastTokenToCompute() {
        computed(1, prompt(40, 7));
        LocalSession same = session(prompt(20, 7));
        residency.enter(same);
        assertThat(same.committed()).isEqualTo(19);
    }

    @Test
    void adopt_historyGoesOn_keepsWhatIsCached() {
        LocalSession session = computed(1, prompt(40, 7));
        residency.adopt(session, prompt(40, 7, 8, 8));
        assertCached(session, 39);
        assertThat(session.length()).isEqualTo(42);
    }

    @Test
    void adopt_historyRewritten_dropsCellsFromThereOn() {
        LocalSession session = computed(1, prompt(40, 7));
        residency.adopt(session, prompt(25, 7, 8, 8, 8));
        assertCached(session, 25);
        assertThat(residency.cellsFree()).isEqualTo(75);
        residency.adopt(session, prompt(10, 7));
        assertThat(session.committed()).as("the last token is never cached").isEqualTo(9);
        compute(session);
    }

    @Test
    void evictIdle_severalIdle_takesTheOneUnusedLongest() {
        LocalSession old = computed(1, prompt(20, 1, 1));
        LocalSession older = computed(0, prompt(20, 2, 2));
        LocalSession decoding = computed(-1, prompt(20, 3, 3));
        decoding.setDecoding(true);
        LocalSession except = computed(-2, prompt(20, 4, 4));
        assertThat(residency.evictIdle(except)).isTrue();
        assertThat(older.sequence()).isNegative();
        assertThat(older.committed()).isZero();
        assertThat(residency.cellsFree()).isEqualTo(CELLS - 60);
        assertThat(residency.evictIdle(except)).isTrue();
        assertThat(old.sequence()).isNegative();
        assertThat(residency.evictIdle(except)).as("nobody is left").isFalse();
        assertThat(decoding.committed()).isEqualTo(20);
        assertThat(except.committed()).isEqualTo(20);
    }

    @Test
    void enter_evictedBefore_comesBackFromTheSwapSpace() {
        LocalSession session = computed(1, prompt(40, 7));
        residency.evictIdle(session(1));
        assertThat(session.swapped()).isNotNull();
        residency.adopt(session, prompt(40, 7, 8));
        residency.enter(session);
        assertCached(session, 39);
        assertThat(ledger.cellsUsed()).isEqualTo(39);
        assertThat(session.swapped()).as("its stay there is over").isNull();
        compute(session);
    }

    @Test
    void enter_evictedAndRewritten_comesBackAsFarAsItStands() {
        LocalSession session = computed(1, prompt(40, 7));
        residency.evictIdle(session(1));
        residency.adopt(session, prompt(25, 7, 8, 8));
        residency.enter(session);
        assertCached(session, 25);
        assertThat(ledger.cellsUsed()).isEqualTo(25);
    }

    @Test
    void enter_evictedAndRewrittenTwice_comesBackNoFartherThanBothAgree() {
        LocalSession session = computed(1, prompt(40, 7));
        residency.evictIdle(session(1));
        residency.adopt(session, prompt(10, 7, 8, 8, 8, 8, 8, 8, 8, 8)); // given up before it ran
        residency.adopt(session, prompt(10, 7, 8, 8, 8, 8, 8, 8, 8, 9)); // agrees with the one before for 17
        residency.enter(session);
        assertCached(session, 10);
    }

    @Test
    void enter_anotherHoldsMoreThanTheSwapSpace_sharesInstead() {
        LocalSession session = computed(1, prompt(20, 7, 1));
        residency.evictIdle(session(1));
        LocalSession other = computed(2, prompt(40, 7));
        residency.adopt(session, prompt(35, 7, 1));
        residency.enter(session);
        assertCached(session, 35);
        assertThat(ledger.cellsUsed()).as("all of them the other's").isEqualTo(39);
        assertThat(other.committed()).isEqualTo(39);
    }

    @Test
    void evictIdle_cancelledBeforeItsFirstPass_savesNothingAndComesBackEmpty() {
        LocalSession session = session(prompt(40, 7));
        residency.enter(session); // and no pass was played
        assertThat(residency.evictIdle(session(1))).isTrue();
        assertThat(session.swapped()).as("there is nothing to save").isNull();
        residency.adopt(session, prompt(40, 7, 8));
        residency.enter(session);
        assertThat(session.committed()).isZero();
        compute(session);
        assertCached(session, 40);
    }

    @Test
    void enter_savedStateOfWhichNothingStands_isNotRestored() {
        LocalSession session = computed(1, prompt(40, 7));
        residency.evictIdle(session(1));
        residency.adopt(session, prompt(40, 8));
        residency.enter(session);
        assertThat(session.committed()).isZero();
        compute(session);
        assertCached(session, 39);
    }

    @Test
    void enter_noRoomToComeBack_isComputed() {
        LocalSession session = computed(1, prompt(60, 7));
        residency.evictIdle(session(1));
        computed(2, prompt(50, 8));
        residency.enter(session);
        assertThat(session.committed()).isZero();
        assertThat(session.sequence()).isNotNegative();
    }

    @Test
    void release_ofAnOwner_savesNothingAndSharesStay() {
        LocalSession session = computed(1, prompt(40, 7));
        LocalSession other = computed(2, prompt(30, 7, 1));
        residency.release(session);
        assertThat(session.sequence()).isNegative();
        assertThat(session.committed()).isZero();
        assertThat(session.swapped()).isNull();
        assertThat(ledger.cellsUsed()).isEqualTo(30);
        assertCached(other, 30);
        residency.release(session);
        assertThat(residency.sequencesFree()).as("again is nothing").isEqualTo(3);
    }

    @Test
    void forget_sessionWithCellsAndSavedState_leavesNothing() {
        LocalSession cellsOnly = computed(1, prompt(40, 7));
        residency.forget(cellsOnly);
        LocalSession saved = computed(1, prompt(40, 7));
        residency.evictIdle(session(1));
        residency.forget(saved);
        assertThat(saved.swapped()).isNull();
        assertThat(ledger.cellsUsed()).isZero();
        assertThat(residency.sequencesFree()).isEqualTo(4);
        assertThat(residency.sessions()).as("the two that made room").isEqualTo(1);
        assertThat(residency.evictIdle(session(1))).isFalse();
    }

    @Test
    void commonPrefix_ofTwoHistories_isNeverTheWholeOfOne() {
        LocalSession a = session(1, 2, 3, 4);
        LocalSession b = session(1, 2, 9, 4);
        assertThat(Residency.commonPrefix(a, b, 4)).isEqualTo(2);
        assertThat(Residency.commonPrefix(a, b, 1)).isEqualTo(1);
        LocalSession longer = session(1, 2, 3, 4, 5);
        assertThat(Residency.commonPrefix(a, longer, 4)).isEqualTo(3);
    }
}
