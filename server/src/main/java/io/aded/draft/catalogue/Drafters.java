package io.aded.draft.catalogue;

import io.aded.draft.Drafter;
import io.aded.draft.adaptive.AdedDrafter;
import io.aded.draft.adaptive.AdedStage;
import io.aded.draft.history.NgramCacheDrafter;
import io.aded.draft.history.NgramModDrafter;
import io.aded.draft.history.NgramSimpleDrafter;
import io.aded.draft.history.PromptLookupDrafter;
import io.aded.draft.mcts.MctsDrafter;

/** Makes drafters by name. */
public final class Drafters {
    private Drafters() {}

    /**
     * A new drafter for one stream.
     *
     * @param mode the kind. {@code AUTO} and {@code ADED} share a drafter: they differ in who decides how much of the
     *     draft is spent. {@code OFF} gives one that never guesses and learns nothing
     * @param settings see {@link DrafterSettings}
     */
    public static Drafter create(DraftMode mode, DrafterSettings settings) {
        return switch (mode) {
            case OFF -> new NoDrafter();
            case AUTO, ADED -> AdedDrafter.create(settings.historyTokens(), settings.evidenceWeights());
            case ADED_MCTS ->
                new MctsDrafter(
                        settings.baseTable(), settings.tableRows(), settings.seed(), settings.learnWholePrompt());
            case PROMPT_LOOKUP -> new PromptLookupDrafter(settings.historyTokens());
            case NGRAM_SIMPLE -> new NgramSimpleDrafter(settings.historyTokens());
            case NGRAM_MOD -> new NgramModDrafter(settings.historyTokens());
            case NGRAM_CACHE -> new NgramCacheDrafter(settings.historyTokens());
        };
    }

    /** A new adaptive drafter with only the parts of a stage, for measuring what each is worth. */
    public static Drafter create(AdedStage stage, DrafterSettings settings) {
        return AdedDrafter.create(settings.historyTokens(), settings.evidenceWeights(), stage);
    }
}
