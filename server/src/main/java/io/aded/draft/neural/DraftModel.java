package io.aded.draft.neural;

import io.aded.draft.DraftModelStatistics;
import io.aded.model.CellCopier;
import io.aded.model.DecodeOutcome;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import io.aded.model.TopTokens;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A draft model that all streams of an engine share: one context, one forward pass a level for every stream that wants
 * one. {@link DraftModels} opens it, once an engine. Owned by the engine's thread.
 *
 * <p>Whatever happens to it, no stream is the worse for it: a forward pass that finds no room, is aborted, fails, or
 * yields rows that are no distributions brings no opinions. After {@value #MOST_FAILURES} failures on end the model is
 * not {@linkplain #isUsable usable} any more, and says {@linkplain #trouble why}.
 */
public final class DraftModel {
    /*
     * Texts
     *
     *   To draft, the model must have read what stands before the root. What it lacks comes in three ways: as cells
     *   of the target's, if there is a copier, as soon as the target has read it; else with the next level, if it is a
     *   few tokens, which is what a round leaves behind whose last guess was accepted; else in pieces, one a pass,
     *   which stand in the same batch as the roots of the streams that are ready. A piece is as long as the pass that
     *   it delays may last again; so other streams never wait for a prompt.
     *
     * Cells and sequence ids
     *
     *   A stream has a sequence id, and cells, from when it first drafts until it is closed, or until others need them:
     *   then the stream that drafted longest ago gives up all it has, and reads its text again when it is back. Streams
     *   that draft in this pass give up nothing for each other; if all do not fit, the last ones get no drafts.
     */

    /** The best tokens that an opinion holds. */
    public static final int OPINION_TOKENS = 8;

    private static final Logger LOG = LoggerFactory.getLogger(DraftModel.class);

    /** Failures on end after which the model is given up. */
    static final int MOST_FAILURES = 3;

    /** Missing tokens that go with a level as they are. */
    private static final int FEW = 8;

    /** Pieces of texts, in tokens: where the time of a pass is not known, and at least and at most where it is. */
    static final int PIECE = 32;

    private static final int LEAST_PIECE = 8;
    private static final int LARGEST_PIECE = 256;

    private final @Nullable TargetContext context;
    private final LongSupplier clock;
    private final int cells;
    private final int maxTokens;
    private final int vocabulary;
    private final @Nullable DraftStream[] holders;
    private final TokenBatch batch = new TokenBatch();
    private final LevelCost cost = new LevelCost();

    private @Nullable CellCopier copier;
    private @Nullable String trouble;
    private int usedCells;
    private long pass;
    private int pieceLeft = PIECE;
    private int mostPiece = LARGEST_PIECE;
    private int failuresOnEnd;
    private int refusalsOnEnd;

    // Counts.
    private long levels;
    private long nodes;
    private long readTokens;
    private long copies;
    private long copiedTokens;
    private long refusedCopies;
    private long evictions;
    private long withoutRoom;
    private long failures;
    private long nanos;
    private final long[] rounds = new long[Part.values().length];

    /** A model over an open context, which it closes. */
    DraftModel(DraftContexts.Opened opened, LongSupplier clock) {
        context = opened.context();
        copier = opened.copier();
        this.clock = clock;
        cells = opened.context().cells();
        maxTokens = Math.min(cells, opened.positions());
        vocabulary = opened.vocabulary();
        holders = new DraftStream[opened.context().maxSequences()];
        if (!opened.context().supportsBranches()) {
            giveUp("its cache cannot take back a token, as those of recurrent and hybrid models cannot", null);
        }
    }

    /** A model that could not be opened: its streams never get a draft. */
    DraftModel(Throwable cause, LongSupplier clock) {
        context = null;
        this.clock = clock;
        cells = 0;
        maxTokens = 0;
        vocabulary = 0;
        holders = new DraftStream[0];
        giveUp("its context could not be opened: " + cause.getMessage(), cause);
    }

    /** What the model was in a round of a stream that might have been drafted by it. */
    public enum Part {
        /** It guessed. */
        GUESSED,
        /** It was not asked: that was not expected to pay. */
        UNPAID,
        /** It was asked and had no guess: it has not read the text, found no room for it, or cannot follow it. */
        UNREADY,
        /** It has failed for good. */
        UNUSABLE
    }

    /** A round is over. */
    public void played(Part part) {
        rounds[part.ordinal()]++;
    }

    /** Opens a stream that has no tokens yet. Who opens it closes it. */
    public DraftStream open() {
        return new DraftStream(this);
    }

    /** Whether it still drafts. */
    public boolean isUsable() {
        return trouble == null;
    }

    /** Why it does not draft any more; null while it does. */
    public @Nullable String trouble() {
        return trouble;
    }

    /** Whether streams take over cells of the target's: then the model has its own only of what it drafts. */
    public boolean copies() {
        return copier != null;
    }

    /**
     * What one more level of one token a stream costs, in nanoseconds, as measured lately; 0 while nothing was.
     *
     * @param streams 1 or more
     */
    public double levelNanos(int streams) {
        return cost.nanos(streams);
    }

    /** As {@link #levelNanos}, of any number of tokens in one forward pass. */
    public double tokensNanos(int tokens) {
        return cost.nanos(tokens);
    }

    /** What it did so far. */
    public DraftModelStatistics statistics() {
        return new DraftModelStatistics(
                levels,
                nodes,
                readTokens,
                copies,
                copiedTokens,
                refusedCopies,
                evictions,
                withoutRoom,
                failures,
                nanos,
                rounds[Part.GUESSED.ordinal()],
                rounds[Part.UNPAID.ordinal()],
                rounds[Part.UNREADY.ordinal()],
                rounds[Part.UNUSABLE.ordinal()],
                trouble);
    }

    /** Cells of the draft's cache that streams hold. */
    public int heldCells() {
        return usedCells;
    }

    /** Streams that hold a sequence id. */
    public int heldSequences() {
        int held = 0;
        for (DraftStream holder : holders) {
            held += holder == null ? 0 : 1;
        }
        return held;
    }

    // --- a pass of the engine

    /**
     * A pass of the engine is to be drafted for. To be called before streams {@linkplain DraftStream#begin begin}.
     *
     * @param passNanos how long texts may be read in it at the expense of others, such as what the target's pass takes;
     *     0 if that is not known
     */
    public void beginPass(double passNanos) {
        pass++;
        pieceLeft = pieceTokens(passNanos);
    }

    /** How many tokens of texts are read in a pass of which is known what {@link #beginPass} says; at least 1. */
    public int pieceTokens(double passNanos) {
        return passNanos > 0 ? cost.tokensWithin(passNanos, LEAST_PIECE, mostPiece) : Math.min(PIECE, mostPiece);
    }

    /**
     * One forward pass for all streams that want one: each feeds its root and what is new of its path, and gets an
     * {@linkplain DraftStream#opinion opinion} at each of these tokens. A stream that is not {@linkplain
     * DraftStream#isReady ready} reads a piece of its text instead, and its root too if that is the rest of it. A
     * stream with nothing new, or without room, is left out.
     */
    public void level(List<DraftStream> asking) {
        TargetContext draft = context;
        if (draft == null || !isUsable()) {
            return;
        }
        long start = clock.getAsLong();
        batch.clear();
        for (int i = 0; i < asking.size(); i++) {
            put(asking.get(i), draft);
        }
        if (batch.size() == 0) {
            return;
        }
        try {
            DecodeOutcome outcome = draft.decode(batch);
            if (outcome == DecodeOutcome.DECODED) {
                mostPiece = Math.min(LARGEST_PIECE, mostPiece + 1 + mostPiece / 8);
                decoded(asking, draft);
                cost.observe(batch.size(), clock.getAsLong() - start);
            } else {
                takeBack(asking, draft, outcome);
            }
        } catch (RuntimeException | Error e) {
            failed("a forward pass", e);
        }
        long elapsed = clock.getAsLong() - start;
        nanos += elapsed;
        for (int i = 0; i < asking.size(); i++) {
            DraftStream stream = asking.get(i);
            // A piece of a text is read once, for all rounds to come: no round is charged with it.
            int read = stream.levelHistory <= FEW ? stream.levelHistory : 0;
            stream.spent(elapsed * (read + stream.levelNodes) / batch.size());
        }
    }

    /** Puts a stream's part of a level into the batch. */
    private void put(DraftStream stream, TargetContext draft) {
        stream.levelHistory = 0;
        stream.levelNodes = 0;
        // After a failure in this round its opinions say more than its cache: no more of them until the next.
        if (!stream.canDraft() || stream.opinions() != stream.fed || !hasSequence(stream)) {
            return;
        }
        int missing = stream.missing();
        if (missing > FEW && stream.waits) {
            return; // the target is about to read it
        }
        int room = draft.maxBatchTokens() - batch.size();
        int history = missing <= FEW ? missing : Math.min(missing, Math.min(pieceLeft, room));
        int fresh = history == missing ? 1 + stream.pathLength() - stream.fed : 0;
        if (history + fresh > room) {
            fresh = 0; // a piece that fills the batch; its root goes with the next
        }
        if (history + fresh == 0 || history > room || !makeRoom(history + fresh, stream)) {
            return;
        }
        pieceLeft -= missing <= FEW ? 0 : history;
        int position = stream.cached + stream.fed;
        for (int i = 0; i < history; i++, position++) {
            batch.add(stream.token(position), position, stream.sequence, false);
        }
        stream.levelRow = batch.size();
        for (int i = 0; i < fresh; i++, position++) {
            batch.add(stream.token(position), position, stream.sequence, true);
        }
        stream.levelHistory = history;
        stream.levelNodes = fresh;
        usedCells += history + fresh; // given back if the pass does not happen
    }

    private void decoded(List<DraftStream> asking, TargetContext draft) {
        levels++;
        boolean finite = true;
        for (int i = 0; i < asking.size(); i++) {
            DraftStream stream = asking.get(i);
            stream.cached += stream.levelHistory;
            stream.fed += stream.levelNodes;
            readTokens += stream.levelHistory;
            nodes += stream.levelNodes;
        }
        for (int i = 0; i < asking.size(); i++) {
            DraftStream stream = asking.get(i);
            for (int node = 0; node < stream.levelNodes; node++) {
                TopTokens opinion = stream.nextOpinion();
                draft.topTokens(stream.levelRow + node, opinion);
                if (!opinion.isFinite()) {
                    finite = false;
                    break;
                }
                dropForeign(opinion);
                stream.addOpinion();
            }
        }
        if (finite) {
            failuresOnEnd = 0;
        } else {
            failed("a row of logits, which is no distribution,", null);
        }
    }

    /** An opinion names no tokens that the target does not know. */
    private void dropForeign(TopTokens opinion) {
        int kept = 0;
        int[] tokens = opinion.tokenArray();
        float[] logits = opinion.logitArray();
        for (int i = 0; i < opinion.size(); i++) {
            if (!isForeign(tokens[i])) {
                tokens[kept] = tokens[i];
                logits[kept++] = logits[i];
            }
        }
        if (kept < opinion.size()) {
            opinion.filled(kept, opinion.logSumExp());
        }
    }

    /** Whether a token is not in both vocabularies. */
    boolean isForeign(int token) {
        return token >= vocabulary;
    }

    /** The pass did not happen; part of it may be in the cache. */
    private void takeBack(List<DraftStream> asking, TargetContext draft, DecodeOutcome outcome) {
        for (int i = 0; i < asking.size(); i++) {
            DraftStream stream = asking.get(i);
            if (stream.levelHistory + stream.levelNodes > 0) {
                usedCells -= stream.levelHistory + stream.levelNodes;
                draft.removeTokens(stream.sequence, stream.cached + stream.fed, -1);
                stream.levelHistory = 0;
                stream.levelNodes = 0;
            }
        }
        if (outcome == DecodeOutcome.NO_ROOM) {
            // Some libraries need adjacent free cells: shorter pieces may fit, and fewer streams leave fewer gaps.
            withoutRoom++;
            mostPiece = Math.max(LEAST_PIECE, mostPiece / 2);
            if (!evictOldest(pass)) {
                evictOldest(Long.MAX_VALUE);
            }
        }
    }

    // --- streams

    /** The longest text that it reads, in tokens. */
    int maxTokens() {
        return maxTokens;
    }

    /** Whether the model reads a text as long as the stream's, and its path. */
    boolean takes(DraftStream stream) {
        return isUsable() && stream.length() + stream.pathLength() <= maxTokens;
    }

    /** A round of the stream begins: takes over the target's cells that it lacks. */
    void prepare(DraftStream stream, int targetSequence, int committed) {
        CellCopier copying = copier;
        stream.lastUsed = pass;
        stream.waits = copying != null && targetSequence >= 0;
        if (copying == null
                || targetSequence < 0
                || committed <= stream.cached
                || !takes(stream)
                || !hasSequence(stream)
                || !makeRoom(committed - stream.cached, stream)) {
            return;
        }
        long start = clock.getAsLong();
        int count = committed - stream.cached;
        try {
            if (copying.copy(targetSequence, stream.cached, committed, stream.sequence)) {
                usedCells += count;
                stream.cached = committed;
                copies++;
                copiedTokens += count;
                refusalsOnEnd = 0;
            } else {
                stream.waits = false;
                refusedCopies++;
                refusalsOnEnd++;
                if (refusalsOnEnd == MOST_FAILURES) {
                    copyNoMore("the target's cells cannot be taken over", null);
                }
            }
        } catch (RuntimeException | Error e) {
            stream.waits = false;
            failed("taking over cells", e);
            copyNoMore("the target's cells cannot be taken over any more", e);
        }
        long elapsed = clock.getAsLong() - start;
        nanos += elapsed;
        stream.spent(elapsed);
    }

    /** From now on the model computes all cells itself. */
    private void copyNoMore(String why, @Nullable Throwable cause) {
        LOG.warn("{}; the draft model reads all texts itself", why, cause);
        closeCopier();
    }

    private void closeCopier() {
        CellCopier closing = copier;
        copier = null;
        if (closing != null) {
            try {
                closing.close();
            } catch (RuntimeException | Error e) {
                LOG.warn("closing what takes over cells failed", e);
            }
        }
    }

    /** Of a stream's cells only those of the first tokens of its text stand. */
    void keep(DraftStream stream, int standing) {
        remove(stream, standing);
        stream.cached = standing;
        stream.fed = 0;
    }

    /** Of root and path only the first so many stay in the cache. */
    void unfeed(DraftStream stream, int standing) {
        remove(stream, stream.cached + standing);
        stream.fed = standing;
    }

    private void remove(DraftStream stream, int standing) {
        int held = stream.cached + stream.fed;
        if (standing >= held) {
            return;
        }
        usedCells -= held - standing;
        TargetContext draft = context;
        if (draft != null && stream.sequence >= 0 && isUsable()) {
            try {
                draft.removeTokens(stream.sequence, standing, -1);
            } catch (RuntimeException | Error e) {
                giveUp("its cache could not take back tokens", e);
            }
        }
    }

    private boolean hasSequence(DraftStream stream) {
        if (stream.sequence >= 0) {
            return true;
        }
        int free = freeSequence();
        if (free < 0) {
            evictOldest(pass);
            free = freeSequence();
        }
        if (free >= 0) {
            holders[free] = stream;
            stream.sequence = free;
        }
        return free >= 0;
    }

    private int freeSequence() {
        for (int i = 0; i < holders.length; i++) {
            if (holders[i] == null) {
                return i;
            }
        }
        return -1;
    }

    /** Whether there are so many free cells, if need be by taking them from streams that do not draft in this pass. */
    private boolean makeRoom(int count, DraftStream asking) {
        while (usedCells + count > cells) {
            if (!evictOldest(pass)) {
                return false;
            }
        }
        return asking.sequence >= 0;
    }

    /** Takes the cells of the stream that drafted longest ago. False if there is none from before this pass. */
    private boolean evictOldest(long before) {
        DraftStream oldest = null;
        for (DraftStream holder : holders) {
            if (holder != null && holder.lastUsed < before && (oldest == null || holder.lastUsed < oldest.lastUsed)) {
                oldest = holder;
            }
        }
        if (oldest == null) {
            return false;
        }
        evictions++;
        forget(oldest);
        return true;
    }

    /** A stream holds nothing any more. */
    void forget(DraftStream stream) {
        keep(stream, 0);
        if (stream.sequence >= 0) {
            holders[stream.sequence] = null;
            stream.sequence = -1;
        }
    }

    // --- failures

    /** Something failed that may have spoilt the cache: it is emptied, and texts are read again. */
    private void failed(String what, @Nullable Throwable cause) {
        failures++;
        failuresOnEnd++;
        LOG.warn(
                "{} of the draft model failed; streams go on without its drafts: {}",
                what,
                cause == null ? "" : cause.toString());
        for (DraftStream holder : holders) {
            if (holder != null) {
                holder.cached = 0;
                holder.fed = 0;
            }
        }
        usedCells = 0;
        if (failuresOnEnd >= MOST_FAILURES) {
            giveUp(what + " failed " + failuresOnEnd + " times on end", cause);
            return;
        }
        TargetContext draft = context;
        if (draft != null) {
            try {
                draft.clear();
            } catch (RuntimeException | Error e) {
                giveUp("its cache could not be emptied", e);
            }
        }
    }

    private void giveUp(String why, @Nullable Throwable cause) {
        if (trouble == null) {
            trouble = why;
            LOG.error("the draft model drafts no more: {}", why, cause);
        }
    }

    /** Closes the copier and the context. Streams must have been closed. */
    void close() {
        closeCopier();
        if (context != null) {
            context.close();
        }
    }
}
