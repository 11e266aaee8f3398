package io.aded.engine;

import io.aded.draft.ArmPlay;
import io.aded.draft.DraftState;
import io.aded.draft.NodeSource;
import io.aded.model.TargetContext;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import io.aded.telemetry.RoundRecord;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a turn is in one pass: the chunk of its prompt, its draft tree, what the budget granted, and what came of it.
 *
 * <p>A turn has one of these, made when it is submitted and used again in every pass, so that a pass allocates nothing.
 * Its values hold from {@link #plan} until the next. Owned by the engine thread.
 *
 * <p><b>The root.</b> The last known token of a turn is never in the KV cache when a round begins; it is the root of
 * the round's tree. Right after submission that is the prompt's last token. So there is no special first step: a prompt
 * is prefilled up to its last token, and the pass that takes its last chunk takes the root, and a draft, along.
 */
final class Round implements Verification.Emission {
    private static final int NONE = -1;

    /** The chance from which on a guess is as good as certain. */
    private static final float CERTAIN = 0.8f;

    private final LocalTurn turn;
    private final TargetContext context;
    private final TokenTree tree;
    private final Branches branches;
    private final Budget.Bid bid = new Budget.Bid();
    private final Stake stake = new Stake();

    /** Whether a grammar, or the like, says which tokens may come. */
    private final boolean constrained;

    /** Where its turn's mode drafts, if it does. Stays from round to round. */
    private @Nullable DraftSource draftSource;

    /** The stream's, once it was needed in this turn. Stays as well. */
    private @Nullable StreamDrafter drafter;

    /** Whether it drafts. False in mode OFF, and in mode AUTO while speculation is off; stays as well. */
    private boolean drafts;

    // Planned.
    private int chunk;
    private boolean verifies;

    // Drafted.
    private boolean explores;
    private boolean forced;
    private int proposedNodes;
    private long draftStart;
    private long draftEnd;
    private long draftNanos;
    private long chargedNanos;
    private long workedNanos;
    private double expectedAccepted;

    // In the batch.
    private int firstRow;

    // Verified.
    private final int[] best;
    private int lastAccepted;
    private int[] emitted = new int[16];
    private int emittedCount;
    private final TopTokens alternatives;
    private @Nullable List<Delta.TokenLogProbability> logProbabilities;
    private int drawn;

    Round(LocalTurn turn, int maxDraftNodes, TargetContext context, CellLedger ledger) {
        this.turn = turn;
        this.context = context;
        constrained = turn.sampler().constrains();
        tree = new TokenTree(maxDraftNodes);
        bid.tree = tree;
        branches = new Branches(turn.session(), tree, context, ledger);
        best = new int[maxDraftNodes + 1];
        alternatives = new TopTokens(Math.max(1, turn.request().logProbabilities()));
    }

    LocalTurn turn() {
        return turn;
    }

    TokenTree tree() {
        return tree;
    }

    Branches branches() {
        return branches;
    }

    // --- plan

    /**
     * Begins.
     *
     * @param promptTokens the chunk of its prompt that goes into the pass
     * @param verifiesTree whether the root goes in too, and with it a draft
     */
    void plan(int promptTokens, boolean verifiesTree) {
        chunk = promptTokens;
        verifies = verifiesTree;
    }

    int chunk() {
        return chunk;
    }

    boolean verifies() {
        return verifies;
    }

    // --- draft

    /** Where the turn's mode drafts. */
    void draftAt(DraftSource where) {
        draftSource = where;
    }

    /** Where the turn's mode drafts; null if it does not. */
    @Nullable
    DraftSource draftSource() {
        return draftSource;
    }

    /** Drafts by this from now on. */
    void draftBy(StreamDrafter who) {
        drafter = who;
        drafts = true;
        who.draftInto(tree);
    }

    /** Drafts no more, until told otherwise. */
    void draftNoMore() {
        drafts = false;
    }

    /** The stream's drafter, or null if it was not needed in this turn yet. */
    @Nullable
    StreamDrafter drafter() {
        return drafter;
    }

    /** The stream's drafter, if it drafts; else null. */
    @Nullable
    StreamDrafter drafting() {
        return drafts ? drafter : null;
    }

    /** Whether the sampler may forbid tokens of a draft, or leave no choice. */
    boolean isConstrained() {
        return constrained;
    }

    /** The draft is text about which the grammar leaves no choice, not the drafter's. */
    void setForced(boolean isForced) {
        forced = isForced;
    }

    boolean isForced() {
        return forced;
    }

    /** The tree is a bare root. */
    void beginDraft(long now) {
        draftStart = now;
        chargedNanos = 0;
        explores = false;
        forced = false;
        LocalSession session = turn.session();
        tree.reset(session.token(session.length() - 1));
    }

    long draftStart() {
        return draftStart;
    }

    /** Verifies a token of its draft against the odds. */
    void explore() {
        explores = true;
    }

    boolean explores() {
        return explores;
    }

    /** The host's time for the drafter, beside what the proposer charges. */
    void charge(long nanos) {
        chargedNanos += nanos;
    }

    /** Somebody worked for it, in a step that is not charged yet: see {@link HostPhase}. */
    void worked(long nanos) {
        workedNanos += nanos;
    }

    /** The time of the step that was worked for it. */
    long worked() {
        return workedNanos;
    }

    /** The step is over: charges this share of what was worked. */
    void chargeWorked(double share) {
        charge((long) (share * workedNanos));
        workedNanos = 0;
    }

    /** The tree is what the drafter proposes. */
    void endDraft() {
        proposedNodes = tree.draftNodes();
        draftNanos = drafterNanos() + boughtNanos();
        draftEnd = draftStart;
        StreamDrafter drafting = drafting();
        if (drafting != null && drafting.request().endNanos() != 0) {
            draftStart = drafting.request().startNanos();
            draftEnd = drafting.request().endNanos();
        }
    }

    /** The time that drafting took. */
    long draftNanos() {
        return draftNanos;
    }

    /**
     * The time for this round's drafter so far: to draft, to be shown the pass's outcome, and to learn from it. Not
     * what it {@linkplain #boughtNanos bought}.
     */
    long drafterNanos() {
        StreamDrafter drafting = drafting();
        return chargedNanos + (drafting == null ? 0 : drafting.request().nanos());
    }

    /** What the proposer bought for this round at its own risk. */
    long boughtNanos() {
        StreamDrafter drafting = drafting();
        return drafting == null ? 0 : drafting.request().boughtNanos();
    }

    /** What of that was for this round alone, and not for reading a text. */
    long boughtForThisRound() {
        StreamDrafter drafting = drafting();
        return drafting == null
                ? 0
                : drafting.request().boughtNanos() - drafting.request().readingNanos();
    }

    // --- grant

    /** Whether the budget decides how much of the tree is verified. */
    boolean isBudgeted() {
        return turn.isAuto() && (drafts || forced);
    }

    /** Its part in the budget's decision. */
    Budget.Bid bid() {
        return bid;
    }

    /** What its turn's drafts may lose. */
    Stake stake() {
        return stake;
    }

    /** Cuts the tree to so many draft nodes. */
    void cut(int nodes) {
        tree.truncate(nodes + 1);
        expectedAccepted = 0;
        for (int node = 1; node < tree.size(); node++) {
            expectedAccepted += tree.probability(node);
        }
    }

    /** Draft nodes to verify. */
    int draftNodes() {
        return tree.draftNodes();
    }

    /** Σ of the estimates of the nodes to verify. */
    double expectedAccepted() {
        return expectedAccepted;
    }

    /** The name of the mode's drafter, in whose place the grammar may have guessed; or that there is no draft. */
    String source() {
        if (tree.draftNodes() == 0) {
            return "none";
        }
        // Forced text is verified for streams that back off too; their mode stands for a drafter that was never made.
        return drafter == null
                ? turn.request().draft().mode().label()
                : drafter.state().name();
    }

    // --- fill

    /** The root's row; node i has row {@code firstRow + i}. */
    void setFirstRow(int row) {
        firstRow = row;
    }

    // --- verify

    /**
     * Reads the rows, walks the tree, and makes the accepted path part of the session's sequence. What goes wrong is
     * {@linkplain LocalTurn#fail the turn's}: the tokens that were drawn before it stand, as they would without a
     * draft.
     *
     * @param top scratch
     * @param rejectedToo whether the drafter is shown what the target thinks of rejected nodes too
     */
    void verify(TopTokens top, boolean rejectedToo) {
        emittedCount = 0;
        lastAccepted = 0;
        int length = turn.session().length();
        int answered = turn.answerTokens();
        logProbabilities = turn.request().logProbabilities() >= 0 ? new ArrayList<>() : null;
        try {
            walk(top, rejectedToo);
        } catch (RuntimeException | Error e) {
            turn.fail(e);
            turn.takeBack(length + emittedCount, answered + emittedCount);
        }
    }

    private void walk(TopTokens top, boolean rejectedToo) {
        boolean greedy = turn.sampler().isPlainGreedy();
        StreamDrafter drafting = drafting();
        DraftState state = drafting == null ? null : drafting.state();
        if (rejectedToo) {
            for (int node = 0; node < tree.size(); node++) {
                read(node, top, state);
            }
        } else if (greedy) {
            for (int node = 0; node >= 0; node = tree.child(node, best[node])) {
                if (state == null || !isAsGuessed(node)) {
                    read(node, top, state);
                }
            }
        }
        lastAccepted = Verification.walk(tree, firstRow, best, turn.sampler(), context, this);
        if (state != null && !rejectedToo && !greedy) {
            for (int node = lastAccepted; node >= 0; node = tree.parent(node)) {
                read(node, top, state);
            }
        }
    }

    /**
     * Whether what follows a node was as good as certain and is what came. Then there is nothing in the row that the
     * drafter would miss, and its best token alone is read, for a third of the time.
     */
    private boolean isAsGuessed(int node) {
        int child = tree.firstChild(node);
        int likeliest = child;
        while (child >= 0) {
            likeliest = child; // children are linked newest first, and the likeliest is added first
            child = tree.nextSibling(child);
        }
        if (likeliest < 0 || tree.probability(likeliest) < CERTAIN * tree.probability(node)) {
            return false;
        }
        best[node] = context.bestToken(firstRow + node);
        return best[node] == tree.token(likeliest);
    }

    /** Reads a node's row for the drafter, or just its best token if there is none. */
    private void read(int node, TopTokens top, @Nullable DraftState state) {
        int row = firstRow + node;
        if (state == null) {
            best[node] = context.bestToken(row);
        } else {
            context.topTokens(row, top);
            best[node] = top.isFinite() ? top.token(0) : NONE;
            show(state, node, top);
        }
    }

    /** A drafter that fails here fails the turn, after what was drawn in this pass: it has no part in the draws. */
    private void show(DraftState state, int node, TopTokens top) {
        if (turn.fault() == null && top.isFinite()) {
            try {
                state.observe(tree, node, top);
            } catch (RuntimeException | Error e) {
                turn.fail(e);
            }
        }
    }

    @Override
    public boolean emit(int token, int node) {
        drawn = token;
        if (turn.isEnd(token)) {
            turn.end();
            return false;
        }
        if (emittedCount == emitted.length) {
            emitted = Arrays.copyOf(emitted, emittedCount * 2);
        }
        emitted[emittedCount] = token;
        if (logProbabilities != null) {
            logProbabilities.add(logProbability(firstRow + node, token));
        }
        Transcript transcript = turn.transcript();
        if (transcript != null) {
            transcript.add(context, firstRow + node, tree, node, token);
        }
        turn.append(token);
        emittedCount++;
        lastAccepted = node; // until the walk comes to a deeper one
        return turn.finished() == null;
    }

    private Delta.TokenLogProbability logProbability(int row, int token) {
        context.topTokens(row, alternatives);
        List<Delta.Alternative> others = new ArrayList<>();
        for (int i = 0; i < Math.min(turn.request().logProbabilities(), alternatives.size()); i++) {
            others.add(new Delta.Alternative(
                    alternatives.token(i), Math.min(0f, alternatives.logit(i) - alternatives.logSumExp())));
        }
        float own = context.logit(row, token) - alternatives.logSumExp();
        return new Delta.TokenLogProbability(token, Math.min(0f, own), others);
    }

    /** The deepest accepted node. */
    int lastAccepted() {
        return lastAccepted;
    }

    /** Draft tokens accepted. */
    int accepted() {
        return tree.depth(lastAccepted);
    }

    /** Tokens emitted. */
    int emittedCount() {
        return emittedCount;
    }

    /** The token that the target chose after the accepted path. */
    int bonusToken() {
        return drawn;
    }

    /** The bonus token, if it ended the answer and is no part of it; else -1. */
    int endToken() {
        return emittedCount > accepted() ? NONE : drawn;
    }

    // --- report

    /** What the round adds to the answer. */
    Delta delta(String text) {
        List<Delta.TokenLogProbability> told = logProbabilities;
        if (told != null && told.size() > emittedCount) { // the last one's token was taken back
            told = told.subList(0, emittedCount);
        }
        return new Delta(text, Arrays.copyOf(emitted, emittedCount), told);
    }

    /**
     * For spans and measurements.
     *
     * @param traced whether it is told, too, who guessed each node and how that was chosen
     */
    RoundRecord record(int index, Pass pass, long verifyEnd, boolean traced) {
        ArmPlay play = traced ? play() : null;
        return new RoundRecord(
                index,
                new RoundRecord.Draft(
                        source(),
                        tree.draftNodes(),
                        tree.maxDepth(),
                        draftStart,
                        draftEnd,
                        traced ? List.of(sources()).subList(1, tree.size()) : List.of(),
                        play == null ? null : play.arm(),
                        play == null ? null : play.reason().label()),
                new RoundRecord.Verify(accepted(), pass.tokens(), pass.streams(), pass.decodeStart(), verifyEnd));
    }

    RoundReport report(int index, Pass pass) {
        int size = tree.size();
        int[] tokens = new int[size];
        int[] parents = new int[size];
        float[] probabilities = new float[size];
        for (int node = 0; node < size; node++) {
            tokens[node] = tree.token(node);
            parents[node] = tree.parent(node);
            probabilities[node] = tree.probability(node);
        }
        int[] path = new int[accepted()];
        for (int node = lastAccepted; node > 0; node = tree.parent(node)) {
            path[tree.depth(node) - 1] = node;
        }
        return new RoundReport(
                index,
                source(),
                forced && size > 1,
                tokens,
                parents,
                probabilities,
                path,
                Arrays.copyOf(emitted, emittedCount),
                proposedNodes,
                pass.tokens(),
                pass.streams(),
                draftNanos(),
                pass.nanos(),
                sources(),
                play());
    }

    /** Who guessed each node; empty for the root. */
    private String[] sources() {
        String[] sources = new String[tree.size()];
        for (int node = 0; node < sources.length; node++) {
            sources[node] = node == 0
                    ? ""
                    : forced || drafter == null
                            ? NodeSource.GRAMMAR
                            : drafter.state().source(tree.tag(node));
        }
        return sources;
    }

    /** Which of several ways to draft it took; null where there is none to tell of. */
    private @Nullable ArmPlay play() {
        StreamDrafter drafting = drafting();
        return forced || drafting == null ? null : drafting.state().play();
    }
}
