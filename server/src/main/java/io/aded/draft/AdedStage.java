package io.aded.draft;

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
}
