package io.aded.draft.history;

import io.aded.draft.DraftLimits;
import io.aded.draft.Drafter;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;

/**
 * What the baselines have in common: they look at the tokens of their own stream only, and draft one chain.
 *
 * <p>None of the rules gives probabilities. The estimate that goes with the nodes is therefore the drafter's own
 * record: with q = (accepted + 1) / (tested + 2) over all draft tokens that verification reached so far, a node at
 * depth d gets q<sup>d</sup>.
 */
abstract class HistoryDrafter implements Drafter {
    private final String name;
    final TokenHistory history;

    private long accepted;
    private long tested;

    HistoryDrafter(String name, int historyTokens) {
        this.name = name;
        history = new TokenHistory(historyTokens);
    }

    @Override
    public final String name() {
        return name;
    }

    @Override
    public void learnPrompt(int[] tokens, int from, int to) {
        for (int i = from; i < to; i++) {
            append(tokens[i]);
        }
    }

    @Override
    public final void draft(TokenTree tree, DraftLimits limits) {
        int room = Math.min(Math.min(limits.maxNodes(), tree.maxDraftNodes()), limits.maxDepth());
        draftChain(tree, limits.maxBranches() < 1 ? 0 : room);
    }

    /**
     * Adds at most {@code room} nodes with {@link #extend}. Also called with no room, since some rules learn at this
     * point.
     */
    abstract void draftChain(TokenTree tree, int room);

    /** Adds the next token of the chain. */
    final void extend(TokenTree tree, int token) {
        int last = tree.size() - 1;
        float step = (accepted + 1f) / (tested + 2f);
        tree.add(last, token, tree.probability(last) * step);
    }

    /** Copies what stands in the history from a position on. */
    final void copy(TokenTree tree, long from, long to) {
        for (long position = from; position < to; position++) {
            extend(tree, history.at(position));
        }
    }

    @Override
    public final void observe(TokenTree tree, int node, TopTokens target) {}

    @Override
    public final void accept(TokenTree tree, int lastAccepted, int bonusToken) {
        // A chain: the nodes up to the last accepted one are its path.
        for (int node = 1; node <= lastAccepted; node++) {
            append(tree.token(node));
        }
        append(bonusToken);
        accepted += lastAccepted;
        tested += Math.min(lastAccepted + 1, tree.draftNodes());
        verified(lastAccepted, tree.draftNodes());
    }

    /** Takes one more token of the stream. */
    void append(int token) {
        history.append(token);
    }

    /** How many of the drafted tokens of a round were accepted. */
    void verified(int acceptedTokens, int draftedTokens) {}

    @Override
    public long stateBytes() {
        return history.stateBytes();
    }
}
