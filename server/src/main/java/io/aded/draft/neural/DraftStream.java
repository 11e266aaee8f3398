package io.aded.draft.neural;

import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import java.util.Arrays;

/**
 * One stream as its draft model sees it: the text so far, how much of it is in the draft's cache, and, within a round,
 * the path of guesses below the last token. Opened by {@link DraftModel#open}, used by the engine's thread only.
 *
 * <p>A round goes {@link #begin}, then any number of {@link #extend} and {@link DraftModel#level}, then {@link
 * #accept}. What the model thinks at the nodes of the path stays to be read until the next {@link #begin}.
 *
 * <p>Nothing here throws for what the draft model does: where it fails, there are no opinions.
 */
public final class DraftStream {
    /*
     * Where things are
     *
     *   position   0 … cached-1      cached … length-2     length-1    length …
     *   token      read by the draft  not read yet          the root    the path
     *   in cache   yes                no                    if fed > 0  its first fed-1 tokens
     *
     *   So the root, which is the last token known, is never among the `cached` ones: it goes in with the first level,
     *   and yields the opinion of depth 0. The path is fed after it, all of it that is new with the next level.
     *
     *   When the outcome is known, the root and those path tokens that were accepted stay in the cache and count as
     *   cached; the rest is removed; the token that the target added becomes the root and is not in the cache. Where
     *   the target's cells are taken over, the draft's own make way for them: they are removed, and copied in the next
     *   begin.
     */
    private static final int OWN_BYTES = 256;

    private final DraftModel model;

    private int[] tokens = new int[64];
    private int length;
    /** Where the first token stands that the draft model does not know, in text or path; it reads no further. */
    private int foreign = Integer.MAX_VALUE;

    private int[] path = new int[8];
    private int pathLength;
    private TopTokens[] opinions = {};
    private int known;
    private boolean begun;
    private boolean closed;

    // The model's.

    /** Its sequence id in the draft's context, or -1 while nothing of it is cached. */
    int sequence = -1;

    /** Tokens of the text in the cache, from the first. */
    int cached;

    /** Cells of root and path in the cache after those. */
    int fed;

    /** Whether the target's cells will come, so that it need not read what is missing. */
    boolean waits;

    /** The pass in which it drafted last. */
    long lastUsed;

    // Its part in the level that is being computed.
    int levelRow;
    int levelHistory;
    int levelNodes;

    /** What was spent for it and is not {@linkplain #takeNanos charged} yet. */
    private long nanos;

    DraftStream(DraftModel model) {
        this.model = model;
    }

    // --- the text

    /** Tokens that follow all tokens seen so far; as {@link io.aded.draft.DraftState#learnPrompt}. */
    public void learn(int[] more, int from, int to) {
        leaveRound();
        int kept = Math.max(0, Math.min(to - from, model.maxTokens() - length));
        if (kept > 0) {
            ensure(length + kept);
            System.arraycopy(more, from, tokens, length, kept);
            for (int i = 0; i < kept; i++) {
                note(more[from + i], length + i);
            }
        }
        length += to - from;
    }

    /** Of the text only the first so many tokens stand; as {@link io.aded.draft.DraftState#rewind}. */
    public void rewind(int standing) {
        leaveRound();
        length = Math.min(length, standing);
        foreign = foreign < length ? foreign : Integer.MAX_VALUE;
        model.keep(this, Math.min(cached, length));
    }

    /**
     * The outcome of a round, which need not have begun here; as {@link io.aded.draft.DraftState#accept}. The path may
     * differ from what was accepted; what they have in common stays in the cache.
     */
    public void accept(TokenTree tree, int lastAccepted, int bonusToken) {
        int accepted = tree.depth(lastAccepted);
        int root = length;
        foreign = foreign < root ? foreign : Integer.MAX_VALUE;
        length = root + accepted + 1;
        ensure(Math.min(length, model.maxTokens()));
        set(length - 1, bonusToken);
        for (int node = lastAccepted; node > 0; node = tree.parent(node)) {
            set(root + tree.depth(node) - 1, tree.token(node));
        }
        int kept = 0;
        if (fed > 0 && !model.copies()) {
            int most = Math.min(fed - 1, accepted);
            int same = 0;
            while (same < most && path[same] == tokens[root + same]) {
                same++;
            }
            kept = 1 + same;
        }
        begun = false;
        model.keep(this, cached + kept);
    }

    private void set(int position, int token) {
        if (position < model.maxTokens()) {
            tokens[position] = token;
            note(token, position);
        }
    }

    private void note(int token, int position) {
        if (position < foreign && model.isForeign(token)) {
            foreign = position;
        }
    }

    /** Whether a token of the text is remembered: those beyond the longest text that is drafted for are not. */
    boolean remembers(int position) {
        return position < Math.min(length, model.maxTokens());
    }

    /** Tokens of the text, the root included. */
    public int length() {
        return length;
    }

    int token(int position) {
        return position < length ? tokens[position] : path[position - length];
    }

    private void ensure(int size) {
        if (size > tokens.length) {
            tokens = Arrays.copyOf(tokens, Math.max(size, Math.min(model.maxTokens(), tokens.length * 2)));
        }
    }

    // --- a round

    /**
     * A round begins: the path is empty, nothing is known of it yet. Takes over what cells of the target it can. What
     * was fed in a round that had no outcome is forgotten.
     *
     * @param targetSequence the stream's sequence id in the target's context, or -1
     * @param committed tokens of the text that the target's cache holds in that sequence, at positions from 0; 0 if it
     *     is not known
     */
    public void begin(int targetSequence, int committed) {
        leaveRound();
        pathLength = 0;
        known = 0;
        foreign = foreign < length ? foreign : Integer.MAX_VALUE;
        begun = length > 0 && !closed;
        if (begun) {
            if (cached >= length) {
                model.keep(this, length - 1); // the root has to be computed anew: its opinion is asked for
            }
            model.prepare(this, targetSequence, Math.min(committed, length - 1));
        }
    }

    /** The path below the root grows by a token, which the next level feeds. */
    public void extend(int token) {
        if (pathLength == path.length) {
            path = Arrays.copyOf(path, 2 * path.length);
        }
        note(token, length + pathLength);
        path[pathLength++] = token;
    }

    /** Cuts the path to its first tokens; others may take the place of the rest. Opinions after them are forgotten. */
    public void cut(int pathTokens) {
        if (pathTokens < pathLength) {
            pathLength = pathTokens;
            foreign = foreign < length + pathLength ? foreign : Integer.MAX_VALUE;
            known = Math.min(known, 1 + pathTokens);
            if (fed > 1 + pathTokens) {
                model.unfeed(this, 1 + pathTokens);
            }
        }
    }

    /** Tokens of the path, fed or not. */
    public int pathLength() {
        return pathLength;
    }

    /** A token of the path; 0 is the one below the root. */
    public int pathToken(int i) {
        return path[i];
    }

    /** Whether the text before the root is cached, so that the next level brings opinions, if there is room for it. */
    public boolean isReady() {
        return begun && cached == length - 1 && sequence >= 0 && model.isUsable();
    }

    /**
     * Whether the model may draft for the stream in this round at all: it works, the text is not too long for it, and
     * neither text nor path has a token that it does not know.
     */
    public boolean canDraft() {
        return begun && foreign == Integer.MAX_VALUE && model.takes(this);
    }

    /** Tokens that the model has to read before the root. */
    public int missing() {
        return Math.max(0, length - 1 - cached);
    }

    /** What is known of this round: {@link #opinion} of depths 0 to this, exclusive. */
    public int opinions() {
        return known;
    }

    /**
     * What the model thinks follows the first {@code depth} tokens of the path: of its best {@value
     * DraftModel#OPINION_TOKENS} tokens those that the target knows, which may be none. Overwritten in the next round.
     *
     * @param depth 0 for what follows the root; below {@link #opinions}
     */
    public TopTokens opinion(int depth) {
        return opinions[depth];
    }

    /** Where the next opinion goes; it counts after {@link #addOpinion}. */
    TopTokens nextOpinion() {
        if (known == opinions.length) {
            int grown = Math.max(4, 2 * known);
            TopTokens[] more = Arrays.copyOf(opinions, grown);
            for (int i = known; i < grown; i++) {
                more[i] = new TopTokens(DraftModel.OPINION_TOKENS, TopTokens.Mass.SAMPLED);
            }
            opinions = more;
        }
        return opinions[known];
    }

    /** The {@link #nextOpinion} has been written. */
    void addOpinion() {
        known++;
    }

    /** What cells of this round are in the cache is of no use. */
    private void leaveRound() {
        begun = false;
        if (fed > 0) {
            model.unfeed(this, 0);
        }
    }

    // --- accounts

    void spent(long time) {
        nanos += time;
    }

    /**
     * The time that levels and copies took for this stream since it was asked last, in nanoseconds: its tokens' share
     * of each level, but for pieces of texts, which are read for all rounds to come.
     */
    public long takeNanos() {
        long taken = nanos;
        nanos = 0;
        return taken;
    }

    /** The heap that it takes, in bytes. */
    public long stateBytes() {
        return OWN_BYTES
                + Integer.BYTES * (long) (tokens.length + path.length)
                + opinions.length * (64L + 8 * DraftModel.OPINION_TOKENS);
    }

    /** Gives back its cells and its sequence id. Does nothing when called again. */
    public void close() {
        if (!closed) {
            leaveRound();
            closed = true;
            model.forget(this);
        }
    }
}
