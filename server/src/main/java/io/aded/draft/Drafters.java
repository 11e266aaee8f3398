package io.aded.draft;

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
            case AUTO, ADED -> AdedDrafter.create(settings);
            case ADED_MCTS -> new MctsDrafter(mode.label(), settings);
            case PROMPT_LOOKUP -> new PromptLookupDrafter(settings);
            case NGRAM_SIMPLE -> new NgramSimpleDrafter(settings);
            case NGRAM_MOD -> new NgramModDrafter(settings);
            case NGRAM_CACHE -> new NgramCacheDrafter(settings);
        };
    }

    /** A new adaptive drafter with only the parts of a stage, for measuring what each is worth. */
    public static Drafter create(AdedStage stage, DrafterSettings settings) {
        return AdedDrafter.create(settings, stage);
    }
}
