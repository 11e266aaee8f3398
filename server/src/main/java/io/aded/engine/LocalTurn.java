package io.aded.engine;

import io.aded.draft.Drafter;
import io.aded.draft.catalogue.DraftMode;
import io.aded.model.TargetContext;
import io.aded.model.TokenSampler;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import io.aded.model.Vocabulary;
import io.aded.telemetry.TurnTelemetry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One turn as the engine thread sees it: the answer being written, its tree, its statistics. All fields but the flags
 * that callers set belong to the engine thread.
 */
final class LocalTurn implements Turn, Verification.Emission {
    private final LocalSession session;
    private final TurnRequest request;
    private final TurnListener listener;
    private final TokenSampler sampler;
    private final TurnTelemetry telemetry;
    private final int seed;
    private final long number;
    private final long submittedNanos;
    private final int[] prompt;
    private final Runnable wake;
    private final Consumer<LocalTurn> abandon;

    private final int[] stopTokens;

    private volatile boolean cancelled;

    final TextAssembler text;
    final StringBuilder answer = new StringBuilder();
    final TokenTree tree;
    final Budget.Bid bid = new Budget.Bid();
    /** The stream's, set with the drafter. */
    Payoff payoff = new Payoff(Trust.ofEngine());

    /** Null in mode OFF, and in mode AUTO while it sleeps. */
    @Nullable
    Drafter drafter;

    /** Whether it verifies a token of its draft in this round against the odds. */
    boolean probing;

    /** How long the drafter took to draft, to be shown the pass's outcome and to learn from it. */
    long drafterNanos;

    // Scratch of the round being decoded.
    int appetite;
    int proposedNodes;
    double expectedAccepted;
    long draftStart;
    long draftEnd;
    int firstRow;
    int chunk;
    boolean inPass;
    boolean verifies;
    int[] branchSequences = new int[8];
    int branches;
    final int[] best;
    private final long[] leafMask;
    private int[] emitted = new int[16];
    private int emittedCount;
    private @Nullable List<Delta.TokenLogProbability> logProbabilities;
    private final TopTokens alternatives;
    private @Nullable TargetContext rows;

    // The turn so far.
    boolean admittedBefore;
    long admittedNanos;
    int cachedPromptTokens = -1;
    long prefillStart;
    private boolean prefillReported;
    private int completionTokens;
    private long firstTokenNanos;
    private @Nullable FinishReason finished;
    private int rounds;
    private long specSteps;
    private long draftTokens;
    private long acceptedTokens;
    private double expectedTotal;
    private long[] histogram = new long[8];
    private int histogramSize = 1;
    long draftNanos;
    long verifyNanos;
    long hostNanos;

    LocalTurn(
            LocalSession session,
            TurnRequest request,
            TurnListener listener,
            TokenSampler sampler,
            int seed,
            TurnTelemetry telemetry,
            long number,
            long submittedNanos,
            int[] prompt,
            Runnable wake,
            Consumer<LocalTurn> abandon) {
        this.session = session;
        this.request = request;
        this.listener = listener;
        this.sampler = sampler;
        this.seed = seed;
        this.telemetry = telemetry;
        this.number = number;
        this.submittedNanos = submittedNanos;
        this.prompt = prompt;
        this.wake = wake;
        this.abandon = abandon;
        stopTokens = request.stopTokens().stream().mapToInt(Integer::intValue).toArray();
        int nodes =
                request.draft().mode() == DraftMode.OFF ? 0 : request.draft().maxNodes();
        tree = new TokenTree(nodes);
        bid.tree = tree;
        best = new int[nodes + 1];
        leafMask = new long[nodes + 1];
        alternatives = new TopTokens(Math.max(1, request.logProbabilities()));
        Vocabulary vocabulary = session.model().vocabulary();
        text = new TextAssembler(vocabulary, request.stopStrings());
    }

    // --- what callers do, from any thread

    @Override
    public void cancel() {
        cancelled = true;
        abandon.accept(this);
    }

    @Override
    public void resume() {
        wake.run();
    }

    @Override
    public int promptTokens() {
        return prompt.length;
    }

    // --- what the engine thread asks

    LocalSession session() {
        return session;
    }

    /** The whole prompt, history included. */
    int[] prompt() {
        return prompt;
    }

    TurnRequest request() {
        return request;
    }

    TurnListener listener() {
        return listener;
    }

    TokenSampler sampler() {
        return sampler;
    }

    TurnTelemetry telemetry() {
        return telemetry;
    }

    long number() {
        return number;
    }

    long submittedNanos() {
        return submittedNanos;
    }

    boolean isCancelled() {
        return cancelled;
    }

    @Nullable
    FinishReason finished() {
        return finished;
    }

    void finish(FinishReason reason) {
        finished = reason;
    }

    int completionTokens() {
        return completionTokens;
    }

    boolean isAuto() {
        return request.draft().mode() == DraftMode.AUTO;
    }

    /** Prompt tokens, or tokens to recompute, that are not in the KV cache; the last known token is the root. */
    int pendingPrefill() {
        return session.length() - 1 - session.committed();
    }

    /** Answer tokens that may still come. */
    int tokensLeft() {
        int room = session.limit() - session.length();
        return request.maxTokens() == 0 ? room : Math.min(room, request.maxTokens() - completionTokens);
    }

    // --- the tree's branches

    /**
     * Marks each node with the leaves below it, as bits; bit 0 is the most promising leaf, which uses the stream's own
     * sequence.
     *
     * @return the number of leaves, at most 64
     */
    int markLeaves() {
        int size = tree.size();
        int mainLeaf = 0;
        for (int child = oldestChild(mainLeaf); child >= 0; child = oldestChild(mainLeaf)) {
            mainLeaf = child;
        }
        Arrays.fill(leafMask, 0, size, 0L);
        leafMask[mainLeaf] = 1L;
        int leaves = 1;
        for (int node = size - 1; node >= 0; node--) {
            if (tree.firstChild(node) < 0 && node != mainLeaf) {
                leafMask[node] = 1L << leaves++;
            }
            if (node > 0) {
                leafMask[tree.parent(node)] |= leafMask[node];
            }
        }
        return leaves;
    }

    private int oldestChild(int node) {
        int oldest = -1;
        for (int child = tree.firstChild(node); child >= 0; child = tree.nextSibling(child)) {
            oldest = child;
        }
        return oldest;
    }

    /** The leaves below a node, as bits; valid after {@link #markLeaves}. */
    long leavesBelow(int node) {
        return leafMask[node];
    }

    /** The sequence id of a leaf's bit. */
    int branchSequence(int leaf) {
        return leaf == 0 ? session.sequence() : branchSequences[leaf - 1];
    }

    // --- emission

    /** Begins the walk of a round. */
    void beginEmission(TargetContext context) {
        emittedCount = 0;
        logProbabilities = request.logProbabilities() >= 0 ? new ArrayList<>() : null;
        rows = context;
    }

    /**
     * Takes a token that was drawn.
     *
     * @return whether the answer goes on after it
     */
    @Override
    public boolean emit(int token, int node) {
        if (!request.ignoreEnd() && session.model().vocabulary().endsGeneration(token) || isStopToken(token)) {
            session.endedBy(token);
            finished = FinishReason.STOP;
            return false;
        }
        if (emittedCount == emitted.length) {
            emitted = Arrays.copyOf(emitted, emittedCount * 2);
        }
        emitted[emittedCount++] = token;
        completionTokens++;
        session.append(token);
        if (logProbabilities != null && rows != null) {
            logProbabilities.add(logProbability(rows, firstRow + node, token));
        }
        if (text.append(token)) {
            session.cutByStopString();
            finished = FinishReason.STOP;
        } else if (request.maxTokens() != 0 && completionTokens >= request.maxTokens()) {
            finished = FinishReason.LENGTH;
        } else if (session.length() >= session.limit()) {
            finished = FinishReason.CONTEXT_FULL;
        }
        return finished == null;
    }

    private boolean isStopToken(int token) {
        for (int stop : stopTokens) {
            if (stop == token) {
                return true;
            }
        }
        return false;
    }

    private Delta.TokenLogProbability logProbability(TargetContext context, int row, int token) {
        context.topTokens(row, alternatives);
        List<Delta.Alternative> others = new ArrayList<>();
        for (int i = 0; i < Math.min(request.logProbabilities(), alternatives.size()); i++) {
            others.add(new Delta.Alternative(
                    alternatives.token(i), Math.min(0f, alternatives.logit(i) - alternatives.logSumExp())));
        }
        float own = context.logit(row, token) - alternatives.logSumExp();
        return new Delta.TokenLogProbability(token, Math.min(0f, own), others);
    }

    int emittedCount() {
        return emittedCount;
    }

    /** Hands text and tokens of the round to the listener. */
    void deliver(long now) {
        String ready = finished == null ? text.take() : text.takeAll();
        if (ready.isEmpty() && emittedCount == 0) {
            return;
        }
        answer.append(ready);
        if (emittedCount > 0) {
            if (firstTokenNanos == 0) {
                firstTokenNanos = Math.max(1, now - submittedNanos);
            }
            telemetry.emitted(emittedCount, now);
        }
        listener.onDelta(new Delta(ready, Arrays.copyOf(emitted, emittedCount), logProbabilities));
    }

    // --- statistics

    /** Books a round; the walk ended at {@code lastAccepted}. */
    void countRound(int lastAccepted) {
        rounds++;
        int accepted = tree.depth(lastAccepted);
        if (tree.draftNodes() > 0) {
            specSteps++;
            draftTokens += tree.draftNodes();
            acceptedTokens += accepted;
            expectedTotal += expectedAccepted;
        }
        if (accepted >= histogram.length) {
            histogram = Arrays.copyOf(histogram, Math.max(accepted + 1, histogram.length * 2));
        }
        histogram[accepted]++;
        histogramSize = Math.max(histogramSize, accepted + 1);
    }

    int rounds() {
        return rounds;
    }

    /** Reports the prefill's span once. */
    void reportPrefill(long end) {
        if (!prefillReported) {
            prefillReported = true;
            telemetry.prefill(prefillStart, end, prompt.length - cachedPromptTokens, cachedPromptTokens);
        }
    }

    RoundReport report(int lastAccepted, int batchTokens, int batchStreams) {
        int size = tree.size();
        int[] tokens = new int[size];
        int[] parents = new int[size];
        float[] probabilities = new float[size];
        for (int node = 0; node < size; node++) {
            tokens[node] = tree.token(node);
            parents[node] = tree.parent(node);
            probabilities[node] = tree.probability(node);
        }
        int[] path = new int[tree.depth(lastAccepted)];
        for (int node = lastAccepted; node > 0; node = tree.parent(node)) {
            path[tree.depth(node) - 1] = node;
        }
        return new RoundReport(
                rounds - 1,
                source(),
                tokens,
                parents,
                probabilities,
                path,
                Arrays.copyOf(emitted, emittedCount),
                proposedNodes,
                batchTokens,
                batchStreams,
                draftEnd - draftStart,
                lastPassNanos);
    }

    long lastPassNanos;

    /** Where the draft of this round came from. */
    String source() {
        return drafter == null || tree.draftNodes() == 0 ? "none" : drafter.name();
    }

    TurnResult result(FinishReason reason, long now) {
        SpeculationStatistics speculation = new SpeculationStatistics(
                specSteps,
                rounds,
                draftTokens,
                acceptedTokens,
                Arrays.copyOf(histogram, histogramSize),
                expectedTotal,
                draftNanos,
                verifyNanos,
                hostNanos);
        return new TurnResult(
                reason,
                prompt.length,
                Math.max(0, cachedPromptTokens),
                completionTokens,
                seed,
                admittedNanos == 0 ? now - submittedNanos : admittedNanos - submittedNanos,
                firstTokenNanos,
                now - submittedNanos,
                speculation);
    }
}
