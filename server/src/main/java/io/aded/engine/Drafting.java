package io.aded.engine;

import io.aded.draft.ArmStatistics;
import io.aded.draft.DraftLimits;
import io.aded.draft.DraftModelInfo;
import io.aded.draft.DraftModelStatistics;
import io.aded.draft.DraftRequest;
import io.aded.draft.ProposerFactory;
import io.aded.draft.VerificationPrice;
import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.Drafters;
import io.aded.model.TargetContext;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The drafters' side of a pass: who is asked for a draft, who is shown what the target computed, and what it was worth.
 *
 * <p>Owned by the engine thread.
 */
final class Drafting {
    /*
     * Once a pass
     *
     *   A drafter may be a model, which has to see all streams at once. So nothing is drafted until every round of the
     *   pass has said what it wants: first all rounds ask, then each proposer drafts for all of its rounds. After the
     *   pass each round's state is shown what the target computed as soon as that is known, and each proposer hears of
     *   the whole pass once.
     *
     * Each stream for itself
     *
     *   Where drafters look at their own stream only (StreamwiseProposer), reading what they missed, drafting and
     *   learning are done by the crew, for several streams at once (HostPhase). What streams have in common (who is
     *   asked, the budget, the gate, trust, what drafters learn together) is decided and changed by the engine's thread
     *   alone, before and after, in the order of the rounds: the outcome is the same with any number of helpers.
     *
     * Time
     *
     *   A stream is charged with the time of the host that its drafter took: what the proposer charged to it, reading
     *   what it had missed, pruning the tree by a grammar, being shown the rows, and learning. The budget and the gate
     *   price drafts by it.
     *
     *   Passes of a draft model are another matter. Where every draft takes them, the gate reckons with them as with
     *   all else (DraftSource.begin), but the budget's price of a node leaves them out: they are paid by the level.
     *   Where a proposer buys them only for some drafts (DraftRequest.bought), it tells from the prices of passes
     *   whether they pay, and answers for it; if the gate booked them, one bad purchase would make a stream do without
     *   its table too.
     */
    private final ProposerFactory factory;
    private final TargetContext context;
    private final boolean possible;
    private final CostCurve curve;
    private final Budget budget;
    private final HostPhase phase;
    private final LongSupplier clock;
    private final HostPhase.Step drafting = this::draft;
    private final HostPhase.Step learning = this::learn;
    private final VerificationPrice price = this::extraNanos;

    /** In the order in which they were first needed. */
    private final List<DraftSource> sources = new ArrayList<>();

    private final Map<DrafterKind, DraftSource> byKind = new HashMap<>();

    // Of this pass.
    private int verifying;
    private int others;
    private int roomOfPass;
    private int branchesOfPass;

    Drafting(
            ProposerFactory factory,
            TargetContext context,
            CostCurve curve,
            Budget budget,
            HostPhase phase,
            LongSupplier clock) {
        this.factory = factory;
        this.context = context;
        possible = context.supportsBranches();
        this.curve = curve;
        this.budget = budget;
        this.phase = phase;
        this.clock = clock;
    }

    /** A turn begins, or goes on after it had to wait. */
    void begin(LocalTurn turn) {
        Round round = turn.round();
        round.draftNoMore();
        DrafterKind kind = turn.request().draft().mode();
        if (kind.drafts() && possible) {
            try {
                DraftSource source = source(kind);
                round.draftAt(source);
                if (!turn.isAuto()) {
                    switchOn(round, source);
                }
            } catch (RuntimeException | Error e) {
                turn.fail(e);
            }
        }
    }

    /** Gives a round its drafter, which reads all that was said so far: a streamwise one before it drafts. */
    private static void switchOn(Round round, DraftSource source) {
        LocalSession session = round.turn().session();
        StreamDrafter drafter = session.drafter(round.turn().request().draft().mode(), source);
        if (!source.isStreamwise()) {
            session.catchUp(drafter);
        }
        round.draftBy(drafter);
    }

    private DraftSource source(DrafterKind kind) {
        DraftSource source = byKind.get(kind);
        if (source == null) {
            source = new DraftSource(factory.create(kind.label(), context, clock), curve);
            source.begin(verifying, others);
            byKind.put(kind, source);
            sources.add(source);
        }
        return source;
    }

    // --- before the pass

    /**
     * Has every verifying round draft.
     *
     * @param roots how many there are
     * @param chunks tokens in the pass that are no roots
     * @param room draft nodes that fit into the pass
     * @param branchesEach leaves that each tree may have
     */
    void propose(List<Round> rounds, int roots, int chunks, int room, int branchesEach) {
        verifying = roots;
        others = chunks;
        for (DraftSource source : sources) {
            source.begin(verifying, others);
        }
        long now = clock.getAsLong();
        for (DraftSource source : sources) {
            source.admit(now);
        }
        roomOfPass = room;
        branchesOfPass = branchesEach;
        for (Round round : rounds) {
            if (round.verifies()) {
                round.beginDraft(now);
                DraftSource source = round.draftSource();
                if (source == null || round.drafter() == null && source.isClosed()) {
                    continue; // as if its caller had wished for no draft: whatever is done here, is done for each token
                }
                try {
                    ask(round, source, room, branchesEach);
                } catch (RuntimeException | Error e) {
                    round.turn().fail(e);
                }
                if (round.drafting() != null) { // else there is nobody to charge
                    long asked = clock.getAsLong();
                    round.charge(asked - now);
                    now = asked;
                }
            }
        }
        for (DraftSource source : sources) {
            source.propose();
        }
        phase.ofDrafters(rounds, drafting);
        for (Round round : rounds) {
            if (round.verifies() && round.turn().fault() == null) {
                round.endDraft();
            }
        }
        for (DraftSource source : sources) {
            source.dropFailed();
        }
    }

    /** The part of a draft that is its stream's own business, whoever of the crew does it. */
    private void draft(Round round, int worker) {
        LocalTurn turn = round.turn();
        if (!round.verifies() || turn.fault() != null) {
            return;
        }
        try {
            StreamDrafter drafter = round.drafting();
            if (drafter != null && drafter.source().isStreamwise()) {
                drafter.source().propose(round);
            }
            if (round.isConstrained() && turn.fault() == null) {
                prune(round);
                force(round, roomOfPass, branchesOfPass);
            }
        } catch (RuntimeException | Error e) {
            turn.fail(e);
        }
    }

    private void ask(Round round, DraftSource source, int room, int branchesEach) {
        LocalTurn turn = round.turn();
        boolean backsOff = turn.isAuto() && switchOnOrOff(round, source);
        StreamDrafter drafter = round.drafting();
        if (drafter == null) {
            return;
        }
        DraftPolicy policy = turn.request().draft();
        // The last token that may be emitted is never worth guessing: it comes as the bonus of the one before.
        int depth = Math.min(policy.maxDepth(), turn.tokensLeft() - 1);
        int nodes = Math.min(Math.min(policy.maxNodes(), room), round.tree().maxDraftNodes());
        double tokenNanos = 0;
        if (turn.isAuto()) {
            SpeculationGate gate = drafter.source().gate();
            nodes = backsOff ? 0 : Math.min(nodes, drafter.control().draftLength(gate.isCostly()));
            tokenNanos = gate.plainNanos();
        }
        DraftRequest request = drafter.request();
        request.ask(
                new DraftLimits(Math.max(0, nodes), Math.max(0, depth), Math.min(policy.maxBranches(), branchesEach)),
                turn.session().sequence(),
                tokenNanos);
        request.kept(turn.session().committed());
        request.pricedBy(price);
        drafter.source().add(round, request);
    }

    /** A stream's share of what the pass takes longer if every stream verifies so many draft nodes. */
    private double extraNanos(int nodes) {
        int streams = Math.max(1, verifying);
        int drafted = streams * nodes;
        int wide = streams + others + drafted;
        int widest = curve.maxTokens();
        double added = others > 0 || wide <= widest
                ? budget.addedNanos(wide, others, drafted)
                : curve.nanos(widest) * wide / widest - curve.nanos(streams);
        return added / streams + budget.hostNanos(nodes);
    }

    /** Decides whether a drafter whose use is up to us is asked in this round. Returns whether the stream backs off. */
    private static boolean switchOnOrOff(Round round, DraftSource source) {
        SpeculationGate gate = source.gate();
        StreamDrafter known = round.drafter();
        boolean backsOff = false;
        if (known != null) {
            known.control().beginRound();
            backsOff = known.control().isBackingOff();
        }
        if (gate.isExplorationDue(round.draftStart())) {
            gate.explores();
            round.explore();
        }
        boolean off = gate.isCostly() && (backsOff || gate.isUnprofitable());
        if (!off && gate.isLosing() && (known == null || !known.control().hasGained())) {
            off = !gate.mayTry();
        }
        if (off && !round.explores()) {
            round.draftNoMore();
        } else if (round.drafting() == null) {
            switchOn(round, source);
        }
        return backsOff;
    }

    /** What a grammar leaves no choice about takes the place of whatever was drafted. */
    private void force(Round round, int room, int branchesEach) {
        LocalTurn turn = round.turn();
        DraftPolicy policy = turn.request().draft();
        if (!possible || !policy.mode().drafts()) {
            return;
        }
        int depth = Math.min(policy.maxDepth(), turn.tokensLeft() - 1);
        int nodes = Math.min(
                Math.min(policy.maxNodes(), room), Math.min(round.tree().maxDraftNodes(), depth));
        int branches = Math.max(1, Math.min(policy.maxBranches(), branchesEach));
        round.setForced(turn.sampler().draftForced(round.tree(), Math.max(0, nodes), branches) > 0);
    }

    private static void prune(Round round) {
        if (round.draftNodes() > 0) {
            round.turn().sampler().prune(round.tree());
        }
    }

    /** A budgeted round's part in the budget's decision. */
    Budget.Bid bid(Round round) {
        Budget.Bid bid = round.bid();
        StreamDrafter drafter = round.drafting();
        if (drafter == null || round.isForced()) { // what is forced is no guess
            bid.trust = 1;
            bid.mayLose = Double.POSITIVE_INFINITY;
        } else {
            bid.trust = drafter.control().trust();
            bid.mayLose = round.stake().mayLose();
        }
        return bid;
    }

    /**
     * A budgeted round takes the nodes that it was granted, or, where exploration is due, one that it was not.
     *
     * @return the nodes taken beyond the grant
     */
    int take(Round round, int granted, boolean isRoomLeft) {
        StreamDrafter drafter = round.drafting();
        int drafted = round.draftNodes();
        int taken = granted;
        if (drafter != null) {
            boolean explores = round.explores() || drafter.control().isExplorationDue(round.tree());
            taken += granted == 0 && drafted > 0 && isRoomLeft && explores ? 1 : 0;
            if (!round.isForced()) {
                drafter.control().granted(taken, drafted);
            }
        }
        round.cut(taken);
        return taken - granted;
    }

    // --- after the pass

    /**
     * Whether a round's drafter is shown what the target thinks of rejected nodes: only while reading those rows takes
     * no time to speak of.
     */
    boolean showsRejected(Round round) {
        StreamDrafter drafter = round.drafting();
        return drafter != null
                && !(round.turn().isAuto() && drafter.source().gate().isCostly());
    }

    /** Teaches the drafters of all verified rounds what came of their trees. */
    void teach(List<Round> rounds) {
        phase.ofDrafters(rounds, learning);
        for (Round round : rounds) {
            StreamDrafter drafter = learner(round);
            if (drafter != null) {
                long start = clock.getAsLong();
                try {
                    if (!drafter.source().isStreamwise()) {
                        learn(round, drafter);
                    }
                    drafter.state().share();
                } catch (RuntimeException | Error e) {
                    round.turn().fail(e);
                }
                round.charge(clock.getAsLong() - start);
            }
        }
    }

    /** Whose outcome is to be learned from; null if nobody's. */
    private static @Nullable StreamDrafter learner(Round round) {
        return round.verifies() && round.turn().fault() == null ? round.drafting() : null;
    }

    /** What a streamwise drafter learns by itself, whoever of the crew does it. */
    private void learn(Round round, int worker) {
        StreamDrafter drafter = learner(round);
        if (drafter != null && drafter.source().isStreamwise()) {
            try {
                learn(round, drafter);
            } catch (RuntimeException | Error e) {
                round.turn().fail(e);
            }
        }
    }

    private static void learn(Round round, StreamDrafter drafter) {
        LocalSession session = round.turn().session();
        drafter.state().accept(round.tree(), round.lastAccepted(), round.bonusToken());
        drafter.saw(session.length(), round.endToken());
        drafter.request().kept(session.committed());
    }

    /**
     * All rounds are verified and taught: proposers bring their own caches up to date, and what each draft cost and was
     * worth is booked.
     *
     * @param tokens in the pass
     * @param chunks those of them that are of prompts
     * @param draftNodes those of them that were drafted
     * @param streams that verified
     */
    void settle(int tokens, int chunks, int draftNodes, int streams) {
        // Priced by the curve, not by this pass alone: one stalled pass says nothing about the draft.
        double added = draftNodes == 0 ? 0 : budget.addedNanos(tokens, chunks, draftNodes);
        for (DraftSource source : sources) {
            if (source.rounds().isEmpty()) {
                continue;
            }
            source.dropFailed();
            source.settle();
            long now = clock.getAsLong();
            for (Round round : source.rounds()) {
                if (!source.takesPasses()) {
                    budget.observeNodes(round.tree().size(), round.drafterNanos());
                }
                source.gate().observe(round.drafterNanos(), round.explores(), now);
                if (round.isBudgeted() && round.turn().fault() == null) {
                    round.stake().emitted(round.emittedCount());
                    judge(round, source.gate(), added, draftNodes, streams);
                }
            }
            source.forget();
        }
    }

    /** The pass did not happen. */
    void takeBack() {
        sources.forEach(DraftSource::forget);
    }

    /** What a budgeted round's draft was worth: its accepted tokens against its share of what drafts cost the pass. */
    private void judge(Round round, SpeculationGate gate, double added, int draftNodes, int streams) {
        StreamDrafter drafter = round.drafting();
        if (drafter == null || round.isForced()) {
            return; // forced text says nothing of the drafter
        }
        double hostPasses = gate.charge(round.drafterNanos());
        if (round.draftNodes() == 0) { // what it bought in vain is not staked: less would be granted, and more in vain
            drafter.control().undrafted(hostPasses);
            gate.gained(-hostPasses);
            return;
        }
        double share = added * round.draftNodes() / draftNodes;
        double saved = round.accepted() - share * streams / curve.nanos(streams) - hostPasses;
        stake(round, saved - round.boughtForThisRound() / gate.plainNanos());
        drafter.control().drafted(round.expectedAccepted(), round.accepted(), Math.max(-3, saved));
        gate.gained(Math.max(-3, saved));
    }

    /** A round won or lost so many plain tokens; a stall says no more of a draft than that it may have lost a few. */
    private void stake(Round round, double saved) {
        if (others == 0) { // what prompts take is more than what drafts beside them may lose
            round.stake().won(Math.max(-3, saved));
        }
    }

    /** Whether there is a model to draft by. Any thread may ask. */
    boolean hasDraftModel() {
        return factory.hasDraftModel();
    }

    /** What it is; null if that is not known. Any thread may ask. */
    @Nullable
    DraftModelInfo draftModel() {
        return factory.draftModel();
    }

    /** How those fared that choose, and the draft model. */
    DraftingStatus status() {
        DraftModelStatistics model = factory.draftModelStatistics();
        if (model == null) {
            return DraftingStatus.NONE; // and nothing to choose from
        }
        List<DraftingStatus.Choice> choices = new ArrayList<>();
        for (DrafterKind kind : Drafters.all()) {
            DraftSource source = byKind.get(kind);
            List<ArmStatistics> arms = source == null ? List.of() : source.arms();
            if (!arms.isEmpty()) {
                choices.add(new DraftingStatus.Choice(kind, arms));
            }
        }
        return new DraftingStatus(choices, model);
    }

    /** Closes the proposers. The sessions' drafters must have been closed. */
    void close() {
        for (DraftSource source : sources) {
            TurnFault.quietly("closing a proposer", source::close);
        }
        sources.clear();
        byKind.clear();
    }
}
