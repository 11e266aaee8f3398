package io.aded.draft.history;

import io.aded.model.TokenTree;

/** Baseline: the rule of llama.cpp's {@code --spec-type ngram-simple}. */
public final class NgramSimpleDrafter extends HistoryDrafter {
    /*
     * The rule (llama.cpp, common/ngram-map.cpp and docs/speculative.md, early 2026), with n = 3 and m = 8, the setting
     * in which its server gained most in this project's measurements (its own defaults are 12 and 48, which seldom find
     * anything in a chat):
     *
     *   - nothing is drafted until the tokens before the last one number more than n + m + 1;
     *   - the last n tokens are looked for backwards, the latest earlier place wins, the very first position of the
     *     stream does not count, and neither does a place that ends at the last token but one or later;
     *   - what followed there is drafted, at most m tokens, never the last token itself;
     *   - a copy shorter than n tokens is not drafted.
     */

    /** What it is called. */
    public static final String NAME = "ngram-simple";

    private static final int NGRAM = 3;
    private static final int DRAFT_TOKENS = 8;

    /** A drafter that remembers the most recent {@code historyTokens} tokens, 64 or more. */
    public NgramSimpleDrafter(int historyTokens) {
        super(NAME, historyTokens);
    }

    @Override
    void draftChain(TokenTree tree, int room) {
        long beforeLast = history.end() - 1;
        if (beforeLast <= NGRAM + DRAFT_TOKENS + 1) {
            return;
        }
        long match = history.findLast(NGRAM, beforeLast - NGRAM, Math.max(1, history.start()));
        if (match < 0) {
            return;
        }
        long from = match + NGRAM;
        long copied = Math.min(DRAFT_TOKENS, beforeLast - from);
        if (copied >= NGRAM) {
            copy(tree, from, from + Math.min(room, copied));
        }
    }
}
