package io.aded.draft.catalogue;

/** Which drafter a stream uses, by the name that flags, requests and benchmarks share. */
public enum DraftMode {
    /** The default drafter, spending what the measured cost curve says that pays, down to nothing. */
    AUTO("auto"),
    /** No draft: one token a pass. */
    OFF("off"),
    /** The adaptive best-first drafter of this project, with a fixed number of nodes unless a budget is asked for. */
    ADED("aded"),
    /** The published algorithm: tri-gram matrix and Monte-Carlo tree search. */
    ADED_MCTS("aded-mcts"),
    /** Baseline: copy what followed the last occurrence of the current n-gram (prompt look-up decoding). */
    PROMPT_LOOKUP("prompt-lookup"),
    /** Baseline: llama.cpp's {@code ngram-simple} rule. */
    NGRAM_SIMPLE("ngram-simple"),
    /** Baseline: llama.cpp's {@code ngram-mod} rule. */
    NGRAM_MOD("ngram-mod"),
    /** Baseline: llama.cpp's {@code ngram-cache} rule. */
    NGRAM_CACHE("ngram-cache");

    private final String label;

    DraftMode(String label) {
        this.label = label;
    }

    /** The name in flags and reports. */
    public String label() {
        return label;
    }

    /**
     * The mode of a name.
     *
     * @throws IllegalArgumentException if there is none; the message lists what is allowed
     */
    public static DraftMode of(String label) {
        StringBuilder allowed = new StringBuilder();
        for (DraftMode mode : values()) {
            if (mode.label.equals(label)) {
                return mode;
            }
            allowed.append(allowed.isEmpty() ? "" : ", ").append(mode.label);
        }
        throw new IllegalArgumentException("unknown draft mode \"" + label + "\"; allowed: " + allowed);
    }
}
