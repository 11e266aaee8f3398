package io.aded.template;

import io.aded.model.ChatMessage;
import io.aded.model.JsonValues;
import io.aded.model.ToolDefinition;
import io.aded.template.jinja.Text;
import io.aded.template.jinja.Value;
import io.aded.template.jinja.Values;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Messages and tools as a template is given them: as transformers' {@code apply_chat_template} does. */
final class MessageValues {
    private static final String TRIAL_NAME = "aded_trial_tool";
    private static final String TRIAL_VALUE = "aded_trial_value";

    /** What is rendered to find out which {@link Way} a template understands. */
    static final List<ChatMessage> TRIAL = List.of(
            new ChatMessage("user", "Call it."),
            new ChatMessage(
                    "assistant",
                    "",
                    "",
                    List.of(new ChatMessage.ToolCall("trial0001", TRIAL_NAME, "{\"about\": \"" + TRIAL_VALUE + "\"}")),
                    null),
            new ChatMessage("tool", "done", "", List.of(), new ChatMessage.Answered("trial0001", TRIAL_NAME, false)));

    static final ToolDefinition TRIAL_TOOL = new ToolDefinition(
            TRIAL_NAME,
            "A tool.",
            "{\"type\": \"object\", \"properties\": {\"about\": {\"type\": \"string\"}}, \"required\": [\"about\"]}",
            true);

    /** In which form calls are given: templates take it for granted that theirs is the only one. */
    enum Way {
        /** Arguments as an object, as transformers says; no content is an empty text. */
        USUAL(false, false),
        /** No content is none: templates that look for calls only then. */
        NULL_CONTENT(false, true),
        /** Arguments as JSON text, as OpenAI's API has them: templates that append them to a text. */
        TEXT_ARGUMENTS(true, false),
        /** Both. */
        TEXT_ARGUMENTS_NULL_CONTENT(true, true);

        private final boolean argumentsAsText;
        private final boolean nullContent;

        Way(boolean argumentsAsText, boolean nullContent) {
            this.argumentsAsText = argumentsAsText;
            this.nullContent = nullContent;
        }
    }

    private MessageValues() {}

    /** Whether a rendering of {@link #TRIAL} has the call in it, and not as Python prints a dictionary. */
    static boolean showsCall(String rendered) {
        return rendered.contains(TRIAL_VALUE) && !rendered.contains("{'about'");
    }

    static Value message(ChatMessage message, Text role, Way way) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("role", role);
        boolean none = way.nullContent
                && message.content().isEmpty()
                && !message.calls().isEmpty();
        fields.put("content", none ? null : Text.fromCaller(message.content()));
        if (!message.reasoning().isEmpty()) {
            fields.put("reasoning_content", Text.fromCaller(message.reasoning()));
            fields.put("reasoning", Text.fromCaller(message.reasoning()));
            fields.put("thinking", Text.fromCaller(message.reasoning()));
        }
        if (!message.calls().isEmpty()) {
            List<Value> calls = new ArrayList<>(message.calls().size());
            for (ChatMessage.ToolCall call : message.calls()) {
                calls.add(call(call, way));
            }
            fields.put("tool_calls", new Value.ListValue(calls));
        }
        ChatMessage.Answered answered = message.answers();
        if (answered != null) {
            if (!answered.id().isEmpty()) {
                fields.put("tool_call_id", Text.fromCaller(answered.id()));
            }
            if (!answered.name().isEmpty()) {
                fields.put("name", Text.fromCaller(answered.name()));
            }
            if (answered.failed()) {
                fields.put("is_error", Values.of(true));
            }
        }
        return Values.of(fields);
    }

    private static Value call(ChatMessage.ToolCall call, Way way) {
        Map<String, @Nullable Object> function = new LinkedHashMap<>();
        function.put("name", Text.fromCaller(call.name()));
        Object parsed = way.argumentsAsText ? null : JsonValues.object(call.arguments());
        function.put("arguments", Values.fromCaller(parsed == null ? call.arguments() : parsed));
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        fields.put("type", "function");
        if (!call.id().isEmpty()) {
            fields.put("id", Text.fromCaller(call.id()));
        }
        fields.put("function", Values.of(function));
        return Values.of(fields);
    }

    /** What a template sees as {@code tools}: none if there is none, as in transformers. */
    static Value tools(List<ToolDefinition> tools) {
        if (tools.isEmpty()) {
            return Value.None.NONE;
        }
        List<Value> list = new ArrayList<>(tools.size());
        for (ToolDefinition tool : tools) {
            Map<String, @Nullable Object> fields = new LinkedHashMap<>();
            fields.put("type", "function");
            fields.put("function", function(tool));
            list.add(Values.of(fields));
        }
        return new Value.ListValue(list);
    }

    /** The same, without what says that they are functions. */
    static Value functions(List<ToolDefinition> tools) {
        return new Value.ListValue(tools.stream().map(MessageValues::function).toList());
    }

    private static Value function(ToolDefinition tool) {
        Map<String, @Nullable Object> function = new LinkedHashMap<>();
        function.put("name", Text.fromCaller(tool.name()));
        function.put("description", Text.fromCaller(tool.description()));
        function.put("parameters", Values.fromCaller(JsonValues.parse(tool.parameters())));
        return Values.of(function);
    }
}
