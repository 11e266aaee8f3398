package io.aded.engine;

import io.aded.draft.DraftLimits;
import io.aded.draft.catalogue.DrafterKind;
import io.aded.model.TokenTree;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * The drafters' side of a pass: who is asked for a draft, who is shown what the target computed, and what it was worth.
 *
 * <p>Owned by the engine thread.
 */
final class Drafting {
    private final DrafterFactory factory;
    private final boolean possible;
    private final CostCurve curve;
    private final Budget budget;
    private final SpeculationGate gate;
    private final LongSupplier clock;
    private final Trust trust = Trust.ofEngine();

    /**
     * Drafts for streams that have not come yet.
     *
     * @param possible whether the model can drop a branch; if not, nobody ever drafts
     */
    Drafting(DrafterFactory factory, boolean possible, CostCurve curve, Budget budget, LongSupplier clock) {
        this.factory = factory;
        this.possible = possible;
        this.curve = curve;
        this.budget = budget;
        this.gate = new SpeculationGate(curve);
        this.clock = clock;
    }

    /** A turn begins, or goes on after it had to wait. */
    void begin(LocalTurn turn) {
        Round round = turn.round();
        round.draftNoMore();
        if (!turn.isAuto()) {
            switchOn(round);
        }
    }

    /** Gives a round its learner, if its mode has one, which has read all that was said so far. */
    private void switchOn(Round round) {
        DrafterKind mode = round.turn().request().draft().mode();
        if (mode.drafts() && possible) {
            round.draftBy(round.turn().session().learner(mode, factory, trust));
        }
    }

    // --- before the pass

    /**
     * Has every verifying round draft.
     *
     * @param verifying how many there are
     * @param others tokens in the pass that are no roots
     * @param room draft nodes that fit into the pass
     * @param branchesEach leaves that each tree may have
     */
    void propose(List<Round> rounds, int verifying, int others, int room, int branchesEach) {
        gate.begin(verifying, others);
        for (Round round : rounds) {
            if (round.verifies()) {
                propose(round, room, branchesEach);
            }
        }
    }

    private void propose(Round round, int room, int branchesEach) {
        round.beginDraft(clock.getAsLong());
        LocalTurn turn = round.turn();
        boolean backsOff = turn.isAuto() && switchOnOrOff(round);
        Learner learner = round.drafting();
        if (learner != null) {
            TokenTree tree = round.tree();
            DraftPolicy policy = turn.request().draft();
            // The last token that may be emitted is never worth guessing: it comes as the bonus of the one before.
            int depth = Math.min(policy.maxDepth(), turn.tokensLeft() - 1);
            int nodes = Math.min(Math.min(policy.maxNodes(), room), tree.maxDraftNodes());
            if (turn.isAuto()) {
                nodes = backsOff ? 0 : Math.min(nodes, learner.control().draftLength());
            }
            if (depth > 0 && nodes > 0) {
                int branches = Math.min(policy.maxBranches(), branchesEach);
                learner.drafter().draft(tree, new DraftLimits(nodes, depth, branches));
                if (turn.sampler().constrains()) {
                    turn.sampler().prune(tree);
                }
            }
        }
        round.endDraft(clock.getAsLong());
    }

    /** Decides whether a drafter whose use is up to us is asked in this round. Returns whether the stream backs off. */
    private boolean switchOnOrOff(Round round) {
        Learner known = round.learner();
        boolean backsOff = false;
        if (known != null) {
            known.control().beginRound();
            backsOff = known.control().isBackingOff();
        }
        if (gate.isExplorationDue(round.draftStart())) {
            gate.explores();
            round.explore();
        }
        if (gate.isCostly() && !round.explores() && (backsOff || gate.isUnprofitable())) {
            round.draftNoMore();
        } else if (round.drafting() == null) {
            switchOn(round);
        }
        return backsOff;
    }

    /** A budgeted round's part in the budget's decision. */
    Budget.Bid bid(Round round) {
        Budget.Bid bid = round.bid();
        Learner learner = round.drafting();
        bid.trust = learner == null ? 1 : learner.control().trust();
        return bid;
    }

    /**
     * A budgeted round takes the nodes that it was granted, or, where exploration is due, one that it was not.
     *
     * @return the nodes taken beyond the grant
     */
    int take(Round round, int granted, boolean isRoomLeft) {
        Learner learner = round.drafting();
        int drafted = round.draftNodes();
        int taken = granted;
        if (learner != null) {
            boolean explores = round.explores() || learner.control().isExplorationDue(round.tree());
            taken += granted == 0 && drafted > 0 && isRoomLeft && explores ? 1 : 0;
            learner.control().granted(taken, drafted);
        }
        round.cut(taken);
        return taken - granted;
    }

    // --- after the pass

    /**
     * Whether a round's drafter is shown what the target thinks of rejected nodes: only while reading those rows takes no
     * time to speak of.
     */
    boolean showsRejected(Round round) {
        return round.drafting() != null && !(round.turn().isAuto() && gate.isCostly());
    }

    /**
     * Teaches a verified round's drafter what came of the tree.
     *
     * @param reading when reading the rows began
     */
    void teach(Round round, long reading) {
        Learner learner = round.drafting();
        if (learner == null) {
            return;
        }
        learner.drafter().accept(round.tree(), round.lastAccepted(), round.bonusToken());
        learner.saw(round.turn().session().length());
        long now = clock.getAsLong();
        round.setDrafterNanos(now - reading + round.draftNanos());
        budget.observeNodes(round.tree().size(), round.drafterNanos());
        gate.observe(round.drafterNanos(), round.explores(), now);
    }

    /**
     * Judges what a budgeted round's draft was worth: its accepted tokens against its share of the pass. Others are not
     * judged.
     *
     * @param tokens in the pass
     * @param draftNodes those of them that were drafted
     * @param streams that verified
     */
    void judge(Round round, int tokens, int draftNodes, int streams) {
        Learner learner = round.drafting();
        if (learner == null || !round.isBudgeted()) {
            return;
        }
        double hostPasses = gate.charge(round.drafterNanos());
        if (round.draftNodes() == 0) {
            learner.control().undrafted(hostPasses);
            return;
        }
        // Priced by the curve, not by this pass alone: one stalled pass says nothing about the draft.
        double share = (curve.nanos(tokens) - curve.nanos(tokens - draftNodes)) * round.draftNodes() / draftNodes;
        double saved = round.accepted() - share * streams / curve.nanos(streams) - hostPasses;
        learner.control().drafted(round.expectedAccepted(), round.accepted(), Math.max(-3, saved));
    }
}
