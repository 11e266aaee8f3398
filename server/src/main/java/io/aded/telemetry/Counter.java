package io.aded.telemetry;

/**
 * The counters of an engine. To add one, name it here, {@linkplain EngineTelemetry#count count} it where it happens,
 * and give it a line in {@code docs/observability.md}; it is published without more. Prometheus appends {@code _total}.
 *
 * <p>Names that start with {@code spec_decode_} are vLLM's, as {@link TelemetryNames} says.
 */
public enum Counter {
    ROUNDS("aded.rounds", "{round}", "Rounds, drafted or not."),
    NUM_DRAFTS("spec_decode_num_drafts", "{draft}", "Rounds that verified a draft."),
    NUM_DRAFT_TOKENS("spec_decode_num_draft_tokens", TelemetryNames.TOKENS, "Draft tokens verified."),
    NUM_ACCEPTED_TOKENS("spec_decode_num_accepted_tokens", TelemetryNames.TOKENS, "Draft tokens accepted."),
    EMITTED_TOKENS("aded.completion.tokens", TelemetryNames.TOKENS, "Tokens emitted."),
    PREFILLED_TOKENS("aded.prompt.computed_tokens", TelemetryNames.TOKENS, "Prompt tokens computed."),
    REUSED_TOKENS(
            "aded.prompt.reused_tokens", TelemetryNames.TOKENS, "Prompt tokens that were in the KV cache already."),
    PREEMPTIONS("aded.requests.preempted", "{turn}", "Turns that gave up their KV cells to others, to go on later.");

    private final String metric;
    private final String unit;
    private final String description;

    Counter(String metric, String unit, String description) {
        this.metric = metric;
        this.unit = unit;
        this.description = description;
    }

    /** The metric's name. */
    public String metric() {
        return metric;
    }

    /** The metric's unit, in UCUM. */
    public String unit() {
        return unit;
    }

    /** What it counts, in a sentence. */
    public String description() {
        return description;
    }
}
