package io.aded.draft.catalogue;

import io.aded.draft.adaptive.EvidenceWeights;
import io.aded.draft.neural.DraftContexts;
import io.aded.draft.select.DrafterChoice;
import io.aded.draft.table.BaseTable;
import org.jspecify.annotations.Nullable;

/**
 * What a stream's drafter is made of, whatever its kind; each kind takes what it needs.
 *
 * @param seed start of every pseudo-random sequence: equal seeds and equal tokens give equal drafts
 * @param baseTable knowledge from before the stream, read-only and shared; null for a cold start
 * @param historyTokens the most recent tokens of the stream that are remembered, 64 to 1,048,576
 * @param tableRows the most tri-gram rows a stream's own table may hold, 64 to 1,048,576; 128 bytes each
 * @param learnWholePrompt whether {@code aded-mcts} learns all of the prompt; the paper's algorithm sees only its last
 *     16 tokens, which is what false gives
 * @param evidenceWeights what {@code aded} learns of the worth of its sources, shared by the streams that one thread
 *     decodes; null if each stream is to learn it alone. It holds no tokens
 * @param draftModel opens the contexts of a model that drafts; null if there is none
 * @param choice what is believed of the drafters by a stream's prompt, where there is a draft model; null for nothing
 */
public record DrafterSettings(
        long seed,
        @Nullable BaseTable baseTable,
        int historyTokens,
        int tableRows,
        boolean learnWholePrompt,
        @Nullable EvidenceWeights evidenceWeights,
        @Nullable DraftContexts draftModel,
        @Nullable DrafterChoice choice) {

    /** A cold start, as published: seed 1, 32,768 tokens of history, 16,384 rows (2 MiB). */
    public static final DrafterSettings DEFAULT = new DrafterSettings(1, null, 32_768, 16_384, false, null, null, null);

    private static final int LEAST = 64;
    private static final int MOST = 1 << 20;

    public DrafterSettings {
        requireWithin("historyTokens", historyTokens);
        requireWithin("tableRows", tableRows);
    }

    private static void requireWithin(String name, int value) {
        if (value < LEAST || value > MOST) {
            throw new IllegalArgumentException(name + " is " + value + "; allowed: " + LEAST + " to " + MOST);
        }
    }

    /** The same with another seed. */
    public DrafterSettings withSeed(long other) {
        return new DrafterSettings(
                other, baseTable, historyTokens, tableRows, learnWholePrompt, evidenceWeights, draftModel, choice);
    }

    /** The same over a base table. */
    public DrafterSettings withBaseTable(@Nullable BaseTable table) {
        return new DrafterSettings(
                seed, table, historyTokens, tableRows, learnWholePrompt, evidenceWeights, draftModel, choice);
    }

    /** The same with another bound on the history. */
    public DrafterSettings withHistoryTokens(int tokens) {
        return new DrafterSettings(
                seed, baseTable, tokens, tableRows, learnWholePrompt, evidenceWeights, draftModel, choice);
    }

    /** The same with another bound on the table. */
    public DrafterSettings withTableRows(int rows) {
        return new DrafterSettings(
                seed, baseTable, historyTokens, rows, learnWholePrompt, evidenceWeights, draftModel, choice);
    }

    /** The same, learning the whole prompt or only what the paper's window shows. */
    public DrafterSettings withLearnWholePrompt(boolean whole) {
        return new DrafterSettings(
                seed, baseTable, historyTokens, tableRows, whole, evidenceWeights, draftModel, choice);
    }

    /** The same with shared evidence weights, or with none. */
    public DrafterSettings withEvidenceWeights(@Nullable EvidenceWeights weights) {
        return new DrafterSettings(
                seed, baseTable, historyTokens, tableRows, learnWholePrompt, weights, draftModel, choice);
    }

    /** The same beside a model that drafts, or without one. */
    public DrafterSettings withDraftModel(@Nullable DraftContexts contexts) {
        return new DrafterSettings(
                seed, baseTable, historyTokens, tableRows, learnWholePrompt, evidenceWeights, contexts, choice);
    }

    /** The same with a choice among drafters by the prompt, or without one. */
    public DrafterSettings withChoice(@Nullable DrafterChoice other) {
        return new DrafterSettings(
                seed, baseTable, historyTokens, tableRows, learnWholePrompt, evidenceWeights, draftModel, other);
    }
}
