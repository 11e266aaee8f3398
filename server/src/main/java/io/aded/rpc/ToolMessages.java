package io.aded.rpc;

import io.aded.dialect.AnswerForm;
import io.aded.model.ChatMessage;
import io.aded.model.ToolDefinition;
import io.aded.serving.SpeechChange;
import io.aded.v1.GenerationOptions;
import io.aded.v1.ReasoningOptions;
import io.aded.v1.Tool;
import io.aded.v1.ToolChoice;
import io.aded.v1.ToolChoiceMode;
import io.aded.v1.ToolResult;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Tools, calls and reasoning, from messages of this API to plain records and back. */
final class ToolMessages {
    /** More tools than {@code io.aded.serving} allows, which says so. */
    private static final int MOST_READ = 1024;

    /** Takes what cannot be read. */
    @FunctionalInterface
    interface Unreadable {
        void add(String field, String description);
    }

    private ToolMessages() {}

    static SpeechChange speech(GenerationOptions set, Unreadable unreadable) {
        ReasoningOptions reasoning = set.getReasoning();
        return new SpeechChange(
                set.getToolsCount() > 0
                        ? set.getToolsList().stream()
                                .limit(MOST_READ)
                                .map(ToolMessages::tool)
                                .toList()
                        : null,
                set.hasToolChoice() ? choice(set.getToolChoice(), unreadable) : null,
                set.hasParallelToolCalls() ? Boolean.valueOf(set.getParallelToolCalls()) : null,
                reasoning.hasBudget() ? Integer.valueOf(reasoning.getBudget()) : null,
                reasoning.hasInclude() ? Boolean.valueOf(reasoning.getInclude()) : null);
    }

    private static ToolDefinition tool(Tool tool) {
        return new ToolDefinition(
                tool.getName(), tool.getDescription(), tool.getParameters(), !tool.hasStrict() || tool.getStrict());
    }

    private static io.aded.dialect.@Nullable ToolChoice choice(ToolChoice choice, Unreadable unreadable) {
        return switch (choice.getChoiceCase()) {
            case TOOL -> new io.aded.dialect.ToolChoice.Named(choice.getTool());
            case CHOICE_NOT_SET -> io.aded.dialect.ToolChoice.AUTO;
            case MODE ->
                switch (choice.getMode()) {
                    case TOOL_CHOICE_MODE_UNSPECIFIED, TOOL_CHOICE_MODE_AUTO -> io.aded.dialect.ToolChoice.AUTO;
                    case TOOL_CHOICE_MODE_NONE -> io.aded.dialect.ToolChoice.NONE;
                    case TOOL_CHOICE_MODE_REQUIRED -> io.aded.dialect.ToolChoice.REQUIRED;
                    case UNRECOGNIZED -> {
                        unreadable.add(
                                "tool_choice.mode",
                                "is not known; allowed: TOOL_CHOICE_MODE_AUTO, _NONE and _REQUIRED");
                        yield null;
                    }
                };
        };
    }

    /** Whose result it is; what it does not say is taken from the calls before it, as far as they are here. */
    static ChatMessage.Answered answered(ToolResult result, List<ChatMessage> before) {
        String id = result.getToolCallId();
        String name = result.getName();
        if (id.isEmpty() || name.isEmpty()) {
            ChatMessage.ToolCall call = call(id, before);
            if (call != null) {
                id = id.isEmpty() ? call.id() : id;
                name = name.isEmpty() ? call.name() : name;
            }
        }
        return new ChatMessage.Answered(id, name, result.getIsError());
    }

    /** The call of an id; without one, the first of the last calls that has no result yet. */
    private static ChatMessage.@Nullable ToolCall call(String id, List<ChatMessage> before) {
        int answered = 0;
        for (ChatMessage message : before.reversed()) {
            if (message.answers() != null && message.calls().isEmpty()) {
                answered++;
            }
            List<ChatMessage.ToolCall> calls = message.calls();
            if (calls.isEmpty()) {
                continue;
            }
            for (ChatMessage.ToolCall call : calls) {
                if (!id.isEmpty() && call.id().equals(id)) {
                    return call;
                }
            }
            if (id.isEmpty()) {
                return answered < calls.size() ? calls.get(answered) : null;
            }
        }
        return null;
    }

    /** What is in force; fields without a value stay unset. */
    static void write(AnswerForm.Request speech, GenerationOptions.Builder options) {
        for (ToolDefinition tool : speech.tools()) {
            options.addTools(Tool.newBuilder()
                    .setName(tool.name())
                    .setDescription(tool.description())
                    .setParameters(tool.parameters())
                    .setStrict(tool.strict()));
        }
        if (!speech.tools().isEmpty()) {
            options.setToolChoice(choice(speech.choice())).setParallelToolCalls(speech.parallel());
        }
        options.setReasoning(
                ReasoningOptions.newBuilder().setBudget(speech.budget()).setInclude(speech.showsReasoning()));
    }

    private static ToolChoice choice(io.aded.dialect.ToolChoice choice) {
        ToolChoice.Builder builder = ToolChoice.newBuilder();
        if (choice instanceof io.aded.dialect.ToolChoice.Named(String tool)) {
            return builder.setTool(tool).build();
        }
        return builder.setMode(
                        choice.equals(io.aded.dialect.ToolChoice.NONE)
                                ? ToolChoiceMode.TOOL_CHOICE_MODE_NONE
                                : choice.requires()
                                        ? ToolChoiceMode.TOOL_CHOICE_MODE_REQUIRED
                                        : ToolChoiceMode.TOOL_CHOICE_MODE_AUTO)
                .build();
    }
}
