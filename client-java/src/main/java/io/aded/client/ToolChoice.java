package io.aded.client;

/**
 * Whether and which tool the model must call.
 *
 * @param rule what holds
 * @param tool the one tool that must be called, with {@link Rule#NAMED}; else empty
 */
public record ToolChoice(Rule rule, String tool) {
    /** The model decides. */
    public static final ToolChoice AUTO = new ToolChoice(Rule.AUTO, "");

    /** No tool is called. */
    public static final ToolChoice NONE = new ToolChoice(Rule.NONE, "");

    /** At least one tool is called. */
    public static final ToolChoice REQUIRED = new ToolChoice(Rule.REQUIRED, "");

    /** This tool is called. */
    public static ToolChoice of(String tool) {
        return new ToolChoice(Rule.NAMED, tool);
    }

    /** What holds. */
    public enum Rule {
        /** The model decides. */
        AUTO,
        /** No tool is called. */
        NONE,
        /** At least one tool is called. */
        REQUIRED,
        /** A certain tool is called. */
        NAMED
    }
}
