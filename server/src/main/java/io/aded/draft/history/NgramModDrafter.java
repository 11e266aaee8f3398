package io.aded.draft.history;

import io.aded.model.TokenTree;
import java.util.Arrays;

/** Baseline: the rule of llama.cpp's {@code --spec-type ngram-mod}. */
public final class NgramModDrafter extends HistoryDrafter {
    /*
     * The rule (llama.cpp, common/ngram-mod.cpp and common/speculative.cpp, first half of 2026; defaults n = 24, at
     * least 48, at most 64 draft tokens):
     *
     *   - a table maps the hash of 24 tokens (h = h · 6364136223846793005 + token, modulo the table's size) to the
     *     token that followed them last; nothing checks for collisions;
     *   - a prompt is entered whole when it arrives; if more than a quarter of the table is in use then, it is emptied;
     *   - tokens of the answer are entered when a draft is asked for and more than 32 positions wait;
     *   - a draft follows the table from hash to hash, up to 64 tokens; one that breaks off before 48 is dropped;
     *   - after five drafts in a row of which less than a quarter was accepted, the table is emptied, and is filled
     *     again from what is remembered.
     *
     * Two things differ. llama.cpp has one table of 4 Mi entries for all slots of a server; here a stream has its own
     * of 256 Ki (1 MiB), enough for 64 k tokens below the quarter. And a draft can only be as long as the caller's
     * limits allow, so the least length is 48 or the limit, whichever is smaller; otherwise nothing would ever be
     * drafted.
     */

    /** What it is called. */
    public static final String NAME = "ngram-mod";

    private static final int NGRAM = 24;
    private static final int LEAST_TOKENS = 48;
    private static final int MOST_TOKENS = 64;
    private static final int WAITING_POSITIONS = 32;
    private static final double FULL = 0.25;
    private static final double LOW_ACCEPTANCE = 0.25;
    private static final int LOW_STREAK = 5;
    private static final long MULTIPLIER = 6364136223846793005L;

    private static final int SLOTS = 1 << 18;
    private static final int EMPTY = -1;

    private final int[] next = new int[SLOTS];
    private int used;

    /** The first position whose n-gram is not in the table yet. */
    private long entered;

    private int lowRounds;

    /** The tokens before the next one of the chain, then the chain. */
    private final int[] chain = new int[NGRAM + MOST_TOKENS];

    /** A drafter that remembers the most recent {@code historyTokens} tokens, 64 or more. */
    public NgramModDrafter(int historyTokens) {
        super(NAME, historyTokens);
        Arrays.fill(next, EMPTY);
    }

    @Override
    public void learnPrompt(int[] tokens, int from, int to) {
        for (int i = from; i < to; i++) {
            append(tokens[i]);
            enterUpTo(history.end());
        }
        if (used > FULL * SLOTS) {
            reset();
            entered = history.end();
        }
    }

    @Override
    void draftChain(TokenTree tree, int room) {
        if (history.end() - entered > WAITING_POSITIONS + NGRAM) {
            enterUpTo(history.end());
        }
        int most = Math.min(room, MOST_TOKENS);
        int least = Math.min(LEAST_TOKENS, most);
        if (most == 0 || history.length() < NGRAM) {
            return;
        }
        for (int i = 0; i < NGRAM; i++) {
            chain[i] = history.at(history.end() - NGRAM + i);
        }
        int drafted = 0;
        while (drafted < most) {
            int token = next[slot(chain, drafted)];
            if (token == EMPTY) {
                break;
            }
            chain[NGRAM + drafted++] = token;
        }
        if (drafted >= least) {
            for (int i = 0; i < drafted; i++) {
                extend(tree, chain[NGRAM + i]);
            }
        }
    }

    /** Enters every n-gram that is followed by a token before {@code end}. */
    private void enterUpTo(long end) {
        entered = Math.max(entered, history.start());
        for (; entered + NGRAM < end; entered++) {
            long hash = 0;
            for (int i = 0; i < NGRAM; i++) {
                hash = hash * MULTIPLIER + history.at(entered + i);
            }
            int slot = slotOf(hash);
            used += next[slot] == EMPTY ? 1 : 0;
            next[slot] = history.at(entered + NGRAM);
        }
    }

    private static int slot(int[] tokens, int from) {
        long hash = 0;
        for (int i = from; i < from + NGRAM; i++) {
            hash = hash * MULTIPLIER + tokens[i];
        }
        return slotOf(hash);
    }

    private static int slotOf(long hash) {
        return (int) (hash & (SLOTS - 1));
    }

    @Override
    void verified(int acceptedTokens, int draftedTokens) {
        if (draftedTokens == 0) {
            return;
        }
        lowRounds = acceptedTokens < LOW_ACCEPTANCE * draftedTokens ? lowRounds + 1 : 0;
        if (lowRounds == LOW_STREAK) {
            reset();
            entered = history.start();
            lowRounds = 0;
        }
    }

    private void reset() {
        Arrays.fill(next, EMPTY);
        used = 0;
    }

    @Override
    public long stateBytes() {
        return super.stateBytes() + (long) Integer.BYTES * (next.length + chain.length);
    }
}
