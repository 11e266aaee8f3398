package io.aded.serving;

import io.aded.dialect.AnswerForm;
import io.aded.dialect.ToolChoice;
import io.aded.model.ToolDefinition;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a request says of tools and reasoning; null where it says nothing.
 *
 * @param tools that the model may call, all of them
 * @param choice whether and which it must call
 * @param parallel whether one answer may have several calls
 * @param budget the most tokens of reasoning; {@link AnswerForm#NO_BUDGET} for no bound
 * @param showsReasoning whether reasoning is told
 */
public record SpeechChange(
        @Nullable List<ToolDefinition> tools,
        @Nullable ToolChoice choice,
        @Nullable Boolean parallel,
        @Nullable Integer budget,
        @Nullable Boolean showsReasoning) {
    /** Nothing said. */
    public static final SpeechChange NONE = new SpeechChange(null, null, null, null, null);

    AnswerForm.Request over(AnswerForm.Request before, AnswerForm.Request server, Set<String> cleared) {
        return new AnswerForm.Request(
                or(tools, "tools", before.tools(), server.tools(), cleared),
                or(choice, "tool_choice", before.choice(), server.choice(), cleared),
                or(parallel, "parallel_tool_calls", before.parallel(), server.parallel(), cleared),
                or(budget, "reasoning.budget", before.budget(), server.budget(), cleared),
                or(showsReasoning, "reasoning.include", before.showsReasoning(), server.showsReasoning(), cleared));
    }

    private static <T> T or(@Nullable T said, String field, T before, T server, Set<String> cleared) {
        if (said != null) {
            return said;
        }
        return cleared.contains(field) ? server : before;
    }
}
