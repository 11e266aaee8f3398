package io.aded.draft.adaptive;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The steps from the published table to the whole adaptive drafter, each with the ones before it; for ablations. */
public enum AdedStage {
    /** The table of the paper, tri-grams of emitted tokens, learning the whole prompt and searched best-first. */
    WHOLE_PROMPT("+ whole prompt, best-first"),
    /** Bi-gram rows behind the tri-gram rows, and learning from the target's own best tokens. */
    BIGRAMS_AND_VIEWS("+ bi-gram rows and logits"),
    /** Copying from where the end of the text has stood before. */
    SUFFIX("+ suffix"),
    /** Everything: learned and calibrated weights, resumption after a break, runners-up, frequent tokens. */
    COMPLETE("+ weighing, resumption, runners-up");

    private final String label;

    AdedStage(String label) {
        this.label = label;
    }

    /** The name in reports. */
    public String label() {
        return label;
    }

    /** The name on a command line, such as {@code whole-prompt}. */
    public String modeName() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The stage with a {@linkplain #modeName name}, or null. */
    public static @Nullable AdedStage named(String modeName) {
        for (AdedStage stage : values()) {
            if (stage.modeName().equals(modeName)) {
                return stage;
            }
        }
        return null;
    }
}
