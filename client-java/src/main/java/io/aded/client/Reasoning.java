package io.aded.client;

import org.jspecify.annotations.Nullable;

/**
 * How reasoning before the answer is treated, for models that mark it. Null leaves a value as the server or the
 * conversation has it.
 *
 * @param budget the most tokens of reasoning, 0 or more; -1 is no bound
 * @param include whether it is sent, as {@link AnswerEvent.ReasoningDelta}
 */
public record Reasoning(@Nullable Integer budget, @Nullable Boolean include) {
    /** As the server or the conversation has it. */
    public static final Reasoning DEFAULT = new Reasoning(null, null);

    /** No reasoning at all. */
    public static final Reasoning NONE = new Reasoning(0, null);
}
