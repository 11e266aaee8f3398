package io.aded.draft.mcts;

import io.aded.draft.DraftLimits;
import io.aded.draft.Drafter;
import io.aded.draft.NodeSource;
import io.aded.draft.table.BaseTable;
import io.aded.draft.table.TrigramTable;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import org.jspecify.annotations.Nullable;

/**
 * ADED as published (mode {@code aded-mcts}): a tri-gram table that adapts to what was just said, searched by
 * Monte-Carlo tree search.
 */
public final class MctsDrafter implements Drafter {
    /*
     * Each draft is two steps [1]: reinforce every tri-gram among the last 16 tokens of prompt and answer
     * (TrigramTable), then search from the last two tokens (PuctSearch). Nothing else is learned: the target's
     * distributions and the rejected branches are ignored, as in the paper.
     *
     * With learnWholePrompt every tri-gram of the prompt is learned once, when it arrives, by as much as a tri-gram
     * gains while it moves through the window token by token. The paper's drafter is without it; it is the cheapest
     * gain there is.
     *
     * [1] X. Liu, B. Lei, R. Zhang, D. Xu: Adaptive Draft-Verification for Efficient Large Language Model Decoding.
     *     AAAI 2025, arXiv:2407.12021.
     */

    /** What it is called. */
    public static final String NAME = "aded-mcts";

    /** Tokens in which the paper looks for tri-grams. */
    static final int WINDOW = 16;

    private static final int TRIGRAMS_IN_WINDOW = WINDOW - 2;

    /** What the window would have given a tri-gram of the prompt, had it been decoded and not read. */
    static final float PROMPT_STEP = TRIGRAMS_IN_WINDOW * TrigramTable.STEP;

    private final TrigramTable table;
    private final PuctSearch search;
    private final boolean learnWholePrompt;

    /** The last tokens: a ring of {@link #WINDOW}. */
    private final int[] window = new int[WINDOW];

    private long seen;

    /**
     * A drafter that has seen nothing.
     *
     * @param base what is known from before the stream; null for a cold start
     * @param tableRows the most rows of its own, at least 1
     * @param seed start of the search's random sequence: equal seeds and equal tokens give equal drafts
     * @param learnWholePrompt whether all of the prompt is learned; the paper's algorithm sees only its last 16 tokens
     */
    public MctsDrafter(@Nullable BaseTable base, int tableRows, long seed, boolean learnWholePrompt) {
        table = new TrigramTable(base, tableRows);
        search = new PuctSearch(table, seed);
        this.learnWholePrompt = learnWholePrompt;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String source(int tag) {
        return NodeSource.TABLE;
    }

    @Override
    public void learnPrompt(int[] tokens, int from, int to) {
        for (int i = from; i < to; i++) {
            if (learnWholePrompt && seen >= 2) {
                table.reinforce(recent(2), recent(1), tokens[i], PROMPT_STEP);
            }
            push(tokens[i]);
        }
    }

    @Override
    public void draft(TokenTree tree, DraftLimits limits) {
        reinforceWindow();
        if (seen < 2 || limits.maxNodes() == 0) {
            return;
        }
        if (search.search(recent(2), recent(1), limits.maxDepth())) {
            search.emit(tree, limits);
        }
    }

    private void reinforceWindow() {
        int length = (int) Math.min(seen, WINDOW);
        for (int back = length; back >= 3; back--) {
            table.reinforce(recent(back), recent(back - 1), recent(back - 2), TrigramTable.STEP);
        }
    }

    @Override
    public void observe(TokenTree tree, int node, TopTokens target) {}

    @Override
    public void accept(TokenTree tree, int lastAccepted, int bonusToken) {
        pushPath(tree, lastAccepted);
        push(bonusToken);
    }

    /** The root was seen before; its descendants on the path are new. Recursion is as deep as the draft. */
    private void pushPath(TokenTree tree, int node) {
        if (node > 0) {
            pushPath(tree, tree.parent(node));
            push(tree.token(node));
        }
    }

    private void push(int token) {
        window[(int) (seen++ % WINDOW)] = token;
    }

    /** The token {@code back} places from the end; 1 is the last. */
    private int recent(int back) {
        return window[(int) ((seen - back) % WINDOW)];
    }

    /** What was learned, for tests. */
    TrigramTable table() {
        return table;
    }

    @Override
    public long stateBytes() {
        return table.stateBytes() + search.stateBytes() + Integer.BYTES * (long) window.length;
    }
}
