package io.aded.draft.history;

import io.aded.model.TokenTree;

/** Baseline: prompt look-up decoding, the copying rule that most engines offer. */
public final class PromptLookupDrafter extends HistoryDrafter {
    /*
     * The rule (A. Saxena: Prompt Lookup Decoding, 2023, https://github.com/apoorvumang/prompt-lookup-decoding): take the last 3
     * tokens; if they stand somewhere earlier in prompt or answer, draft the 10 tokens that followed them there.
     * Otherwise try with the last 2, then with the last one. Among several places the latest is taken (the original
     * takes the first), and what followed may run into the n-gram itself, which is how a loop is copied.
     */

    /** What it is called. */
    public static final String NAME = "prompt-lookup";

    private static final int LONGEST_NGRAM = 3;
    private static final int SHORTEST_NGRAM = 1;
    private static final int DRAFT_TOKENS = 10;

    /** A drafter that remembers the most recent {@code historyTokens} tokens, 64 or more. */
    public PromptLookupDrafter(int historyTokens) {
        super(NAME, historyTokens);
    }

    @Override
    void draftChain(TokenTree tree, int room) {
        for (int size = LONGEST_NGRAM; size >= SHORTEST_NGRAM; size--) {
            long match = history.findLast(size, history.end(), history.start());
            if (match >= 0) {
                long from = match + size;
                copy(tree, from, Math.min(from + Math.min(room, DRAFT_TOKENS), history.end()));
                return;
            }
        }
    }
}
