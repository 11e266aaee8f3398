package io.aded.dialect;

/** Whether and which tool the model must call. */
public sealed interface ToolChoice {
    /** The model decides. */
    ToolChoice AUTO = new Rule("auto");

    /** No tool is called. */
    ToolChoice NONE = new Rule("none");

    /** At least one is called. */
    ToolChoice REQUIRED = new Rule("required");

    /** See the constants. */
    record Rule(String name) implements ToolChoice {}

    /** This one is called. */
    record Named(String tool) implements ToolChoice {}

    /** Whether an answer without a call is none. */
    default boolean requires() {
        return equals(REQUIRED) || this instanceof Named;
    }
}
