package io.aded.engine;

import io.aded.model.DecodeOutcome;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import io.aded.model.TopTokens;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One forward pass, from who takes part in it to what came of it. Each turn's part in it is a {@link Round}.
 *
 * <p>Made once and used again; {@link #gather} begins the next. Owned by the engine thread, but for
 * {@link #servesOnly}.
 */
final class Pass {
    /*
     * In order
     *
     *   gather   the turns whose clients can follow, as many as fit;
     *   plan     a chunk of every prompt that waits (Chunking), a tree from every drafter that is asked (Drafting);
     *   grant    of each tree what is worth verifying (Budget over the measured CostCurve);
     *   fill     the batch: chunks, roots, granted draft nodes, one sequence id for each branch (Branches);
     *   decode   it, once;
     *   settle   verify every tree (Verification), keep the accepted branches, deliver; then the drafters learn, while
     *            others send what was delivered.
     *
     *   Drafting, verifying, delivering and learning are steps that the crew does for several turns at once
     *   (HostPhase); all that touches the cache, and all that turns share, the engine's thread does alone, in the order
     *   of the turns.
     *
     *   A pass that finds no room, or is aborted, is taken back after fill or decode, and nothing has happened: what
     *   was committed before stands, and the trees are drafted anew.
     *
     * Room
     *
     *   b4916 puts a pass into adjacent cells, and rejected branches leave gaps that only small passes fit. So a pass
     *   that found no room is halved before anybody has to give up cells. As passes fill the gaps, they grow again.
     */

    /** What is read of each row for the drafters: a tri-gram table's rows keep no more successors than these. */
    static final int TAUGHT_TOKENS = 8;

    private final TargetContext context;
    private final CellLedger ledger;
    private final CostCurve curve;
    private final Budget budget;
    private final Chunking chunking;
    private final Drafting drafting;
    private final HostPhase phase;
    private final Pulse pulse;
    private final LongSupplier clock;
    private final HostPhase.Step verifying = this::verify;
    private final HostPhase.Step delivering = this::deliver;

    private final List<Round> rounds = new ArrayList<>();
    private final TokenBatch batch = new TokenBatch();

    /** One for each that reads rows at once. */
    private final TopTokens[] tops;

    private Budget.Bid[] bids = new Budget.Bid[16];

    /** The most tokens in a pass for now; below the context's bound after a pass found no room. */
    private int limit = Integer.MAX_VALUE;

    /** Whether the next pass is the first after a pause: it wakes threads, and its time says little. */
    private boolean afterPause;

    /** The turn that has the pass for itself, while it is decoded. */
    private volatile @Nullable LocalTurn alone;

    // Of this pass.
    private int unready;
    private int draftRoom;
    private int prompted;
    private long start;
    private long decodeStart;
    private long decodeEnd;
    private long verifyEnd;

    // Of all passes so far.
    private long passes;
    private long emittedTokens;
    private long prefilledTokens;

    Pass(
            TargetContext context,
            CellLedger ledger,
            CostCurve curve,
            Budget budget,
            Chunking chunking,
            Drafting drafting,
            HostPhase phase,
            Pulse pulse,
            LongSupplier clock) {
        this.context = context;
        this.ledger = ledger;
        this.curve = curve;
        this.budget = budget;
        this.chunking = chunking;
        this.drafting = drafting;
        this.phase = phase;
        tops = new TopTokens[phase.workers()];
        Arrays.setAll(tops, _ -> new TopTokens(TAUGHT_TOKENS, TopTokens.Mass.SAMPLED));
        this.pulse = pulse;
        this.clock = clock;
    }

    // --- gather

    /** Begins the next pass with the turns whose clients can follow, as many as fit. */
    void gather(List<LocalTurn> running) {
        start = clock.getAsLong();
        rounds.clear();
        unready = 0;
        for (LocalTurn turn : running) {
            boolean parked = !turn.isReady();
            turn.park(parked);
            if (turn.fault() != null || parked) {
                unready++;
            } else if (rounds.size() < limit) {
                rounds.add(turn.round());
            }
        }
    }

    boolean isEmpty() {
        return rounds.isEmpty();
    }

    /** Whether turns may have been left out because the pass is as narrow as it had to become. */
    boolean isFull() {
        return rounds.size() == limit;
    }

    /** Who takes part. */
    List<Round> rounds() {
        return rounds;
    }

    /** Running turns that were left out because their clients are slow. */
    int unready() {
        return unready;
    }

    // --- plan

    /**
     * Chooses the prompts' chunks and has the drafters draft.
     *
     * @param contended whether several callers are about
     */
    void plan(boolean contended) {
        int room = Math.min(limit, Math.min(context.maxBatchTokens(), ledger.cellsFree()));
        chunking.plan(rounds, room, contended);
        int chunks = 0;
        int roots = 0;
        for (Round round : rounds) {
            chunks += round.chunk();
            roots += round.verifies() ? 1 : 0;
        }
        draftRoom = Math.max(0, room - chunks - roots);
        int branchesEach = roots == 0 ? 1 : 1 + ledger.sequencesFree() / roots;
        drafting.propose(rounds, roots, chunks, draftRoom, branchesEach);
        dropFailed();
    }

    /** Turns whose drafts failed have no part in the pass. */
    private void dropFailed() {
        for (int i = rounds.size() - 1; i >= 0; i--) {
            if (rounds.get(i).turn().fault() != null) {
                rounds.remove(i);
            }
        }
    }

    // --- grant

    /** Cuts every tree to what the budget grants, or, where the caller fixed the draft, to what fits. */
    void grant() {
        int count = 0;
        int others = 0;
        int chunks = 0;
        int waiting = 0;
        int left = draftRoom;
        for (Round round : rounds) {
            chunks += round.chunk();
            waiting += round.verifies() ? 0 : 1;
            if (round.verifies() && round.isBudgeted()) {
                addBid(count++, round);
            } else if (round.verifies()) {
                round.cut(Math.min(round.draftNodes(), left));
                left -= round.draftNodes();
                others += round.draftNodes() + 1;
            }
        }
        if (count == 0) {
            return;
        }
        left -= budget.allocate(bids, count, others, chunks, waiting, left, boughtNanos());
        for (Round round : rounds) {
            if (round.verifies() && round.isBudgeted()) {
                left -= drafting.take(round, round.bid().granted - 1, left > 0);
            }
        }
    }

    /** What better drafts of the budgeted rounds have cost so far. */
    private double boughtNanos() {
        double sum = 0;
        for (Round round : rounds) {
            sum += round.verifies() && round.isBudgeted() ? round.boughtNanos() : 0;
        }
        return sum;
    }

    private void addBid(int index, Round round) {
        if (index == bids.length) {
            bids = Arrays.copyOf(bids, index * 2);
        }
        bids[index] = drafting.bid(round);
    }

    // --- fill

    /** Puts everything into the batch. False if there is nothing, or no room for it. */
    boolean fill() {
        batch.clear();
        prompted = 0;
        for (Round round : rounds) {
            fill(round);
            prompted += round.chunk();
        }
        return batch.size() > 0 && batch.size() <= ledger.cellsFree();
    }

    private void fill(Round round) {
        LocalSession session = round.turn().session();
        Branches branches = round.branches();
        int size = round.verifies() ? round.tree().size() : 0;
        if (size > 1) {
            long layingOut = clock.getAsLong();
            branches.layOut();
            budget.observeBranches(branches.borrowed(), clock.getAsLong() - layingOut);
        }
        int position = session.committed();
        for (int i = 0; i < round.chunk(); i++, position++) {
            batch.start(session.token(position), position, false);
            for (int leaf = 0; leaf <= branches.borrowed(); leaf++) {
                batch.addSequence(branches.sequence(leaf));
            }
        }
        round.setFirstRow(batch.size());
        for (int node = 0; node < size; node++) {
            batch.start(round.tree().token(node), position + round.tree().depth(node), true);
            long below = size == 1 ? 1L : branches.leavesBelow(node);
            for (; below != 0; below &= below - 1) {
                batch.addSequence(branches.sequence(Long.numberOfTrailingZeros(below)));
            }
        }
    }

    // --- decode

    /** Runs the forward pass. */
    DecodeOutcome decode() {
        pulse.expect(curve.nanos(batch.size()));
        phase.expect(curve.nanos(batch.size()));
        decodeStart = clock.getAsLong();
        alone = rounds.size() == 1 ? rounds.getFirst().turn() : null;
        DecodeOutcome outcome = context.decode(batch);
        alone = null;
        decodeEnd = clock.getAsLong();
        if (outcome == DecodeOutcome.DECODED) {
            if (!afterPause) {
                curve.observe(batch.size(), prompted, nanos());
            }
            afterPause = false;
            chunking.played(nanos());
            limit = (int) Math.min(context.maxBatchTokens(), limit + 1L + limit / 8);
            passes++;
        }
        return outcome;
    }

    /** Whether the pass being decoded serves nobody but this turn. To be asked by any thread. */
    boolean servesOnly(LocalTurn turn) {
        return alone == turn;
    }

    /** The engine has nothing to do for a while. */
    void pause() {
        afterPause = true;
    }

    // --- take back

    /** The pass did not happen. What was committed before stands. */
    void takeBack() {
        drafting.takeBack();
        for (Round round : rounds) {
            round.branches().clear();
            // Part of the pass may be in the cache.
            LocalSession session = round.turn().session();
            context.removeTokens(session.sequence(), session.committed(), -1);
        }
    }

    /** There was no room for the pass: passes become narrower, if that can help. False if it cannot. */
    boolean shrink() {
        if (batch.size() <= 1 || batch.size() > ledger.cellsFree()) {
            return false;
        }
        limit = Math.max(1, batch.size() / 2);
        return true;
    }

    // --- settle

    /** After the pass: verify, keep, deliver, each for every turn; and teach. */
    void settle() {
        int streams = 0;
        int draftNodes = 0;
        for (Round round : rounds) {
            streams += round.verifies() ? 1 : 0;
            draftNodes += round.verifies() ? round.draftNodes() : 0;
        }
        for (Round round : rounds) {
            round.turn().session().usedIn(passes);
            round.turn().session().cells().commit(round.chunk());
        }
        phase.charged(rounds, verifying);
        int emitted = 0;
        boolean allAuto = true;
        for (Round round : rounds) {
            if (round.verifies()) {
                keep(round);
                emitted += round.emittedCount();
                allAuto &= round.turn().isAuto();
            }
        }
        verifyEnd = clock.getAsLong(); // one reading for all streams
        phase.each(rounds, delivering);
        drafting.teach(rounds);
        drafting.settle(batch.size(), prompted, draftNodes, streams);
        budget.observePrompts(batch.size(), prompted, nanos());
        long hostNanos = clock.getAsLong() - start - nanos();
        for (Round round : rounds) {
            round.turn().addHostNanos(hostNanos);
        }
        if (emitted > 0 && allAuto && prompted == 0) {
            budget.observe(emitted, hostNanos + curve.nanos(batch.size()));
        }
        prefilledTokens += prompted;
        emittedTokens += emitted;
    }

    private void verify(Round round, int worker) {
        if (round.verifies()) {
            round.verify(tops[worker], drafting.showsRejected(round));
        }
    }

    private void deliver(Round round, int worker) {
        if (round.verifies()) {
            LocalTurn turn = round.turn();
            try {
                turn.deliver(this, verifyEnd);
            } catch (RuntimeException | Error e) {
                turn.fail(e);
            }
        }
    }

    /** Makes the accepted path part of the session's sequence and drops all else. */
    private void keep(Round round) {
        if (round.draftNodes() > 0) {
            long keeping = clock.getAsLong();
            int borrowed = round.branches().borrowed();
            round.branches().keep(round.lastAccepted());
            long kept = clock.getAsLong() - keeping;
            budget.observeBranches(borrowed, kept);
            round.charge(kept);
        }
        round.turn().session().cells().commit(1 + round.accepted());
    }

    /** Ends the helpers. No pass is played any more. */
    void close() {
        phase.close();
    }

    // --- to report

    /** Tokens in the pass, all streams together. */
    int tokens() {
        return batch.size();
    }

    /** Streams in the pass. */
    int streams() {
        return rounds.size();
    }

    long decodeStart() {
        return decodeStart;
    }

    long decodeEnd() {
        return decodeEnd;
    }

    /** How long the forward pass took. */
    long nanos() {
        return decodeEnd - decodeStart;
    }

    /** Passes so far. */
    long passes() {
        return passes;
    }

    /** Tokens emitted so far. */
    long emittedTokens() {
        return emittedTokens;
    }

    /** Prompt tokens computed so far. */
    long prefilledTokens() {
        return prefilledTokens;
    }
}
