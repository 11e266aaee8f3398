package io.aded.draft.history;

import io.aded.model.TokenTree;

/** Baseline: the rule of llama.cpp's {@code --spec-type ngram-map-k}. */
public final class NgramMapDrafter extends HistoryDrafter {
    /*
     * The rule (llama.cpp, common/ngram-map.cpp, "key only", 2026), with n = 3 and m = 8 as for ngram-simple (its own
     * defaults are 12 and 48):
     *
     *   - nothing is drafted until the tokens before the last one number at least 2 n + m;
     *   - the last n tokens are looked for backwards, but only where m whole tokens follow before the tokens that are
     *     looked for; the latest such place wins, and the very first position of the stream does not count;
     *   - the m tokens that followed there are drafted.
     *
     * It differs from ngram-simple in drafting m tokens or none. The statistics that llama.cpp keeps with every key are
     * not read in this mode, so there is nothing to keep here.
     */
    private static final int NGRAM = 3;
    private static final int DRAFT_TOKENS = 8;

    /** What it is called. */
    public static final String NAME = "ngram-map-k";

    /** A drafter that remembers the most recent {@code historyTokens} tokens, 64 or more. */
    public NgramMapDrafter(int historyTokens) {
        super(NAME, historyTokens);
    }

    @Override
    void draftChain(TokenTree tree, int room) {
        long beforeLast = history.end() - 1;
        if (beforeLast < 2 * NGRAM + DRAFT_TOKENS) {
            return;
        }
        long match = history.findLast(NGRAM, beforeLast - NGRAM - DRAFT_TOKENS, Math.max(1, history.start()));
        if (match >= 0) {
            long from = match + NGRAM;
            copy(tree, from, from + Math.min(room, DRAFT_TOKENS));
        }
    }
}
