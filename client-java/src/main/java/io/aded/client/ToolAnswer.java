package io.aded.client;

import java.util.List;

/**
 * What a run of tools came to.
 *
 * @param answer the last answer. Its reason is {@link FinishReason#TOOL_CALLS} if the model still wanted calls when the
 *     rounds were used up, {@link FinishReason#CANCELLED} after {@link ToolRun#cancel}
 * @param calls what was called, in the order in which the model asked
 */
public record ToolAnswer(Answer answer, List<ToolOutcome> calls) {
    /** Defensive copy of the list. */
    public ToolAnswer {
        calls = List.copyOf(calls);
    }

    /** The text of the last answer. */
    public String text() {
        return answer.text();
    }
}
