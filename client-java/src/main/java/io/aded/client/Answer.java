package io.aded.client;

import java.util.ArrayList;
import java.util.List;

/**
 * A whole answer.
 *
 * @param text the text
 * @param tokens the ids of the tokens of text, reasoning and tool calls, in the order in which they came
 * @param logProbabilities one entry per token if asked for, else empty
 * @param reasoning what the model thought before it; empty if it did not, or that was not asked for
 * @param toolCalls the calls that the model wants made, if {@link #reason} is {@link FinishReason#TOOL_CALLS}
 * @param finished why it ended and what it cost
 */
public record Answer(
        String text,
        List<Integer> tokens,
        List<AnswerEvent.TokenLogProbability> logProbabilities,
        String reasoning,
        List<Message.ToolCall> toolCalls,
        AnswerEvent.Finished finished) {

    /** Defensive copies of the lists. */
    public Answer {
        tokens = List.copyOf(tokens);
        logProbabilities = List.copyOf(logProbabilities);
        toolCalls = List.copyOf(toolCalls);
    }

    /** Why it ended. */
    public FinishReason reason() {
        return finished.reason();
    }

    /** What it cost. */
    public Usage usage() {
        return finished.usage();
    }

    /** The answer as parts of a message: reasoning, text and tool calls, without those that it does not have. */
    public List<Message.Part> parts() {
        List<Message.Part> parts = new ArrayList<>();
        if (!reasoning.isEmpty()) {
            parts.add(new Message.Reasoning(reasoning));
        }
        if (!text.isEmpty() || (reasoning.isEmpty() && toolCalls.isEmpty())) {
            parts.add(new Message.Text(text));
        }
        parts.addAll(toolCalls);
        return parts;
    }
}
