package io.aded.serving;

import io.aded.dialect.AnswerForm;
import io.aded.dialect.Spoken;
import io.aded.dialect.ToolChoice;
import io.aded.engine.Prompt;
import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.JsonValues;
import io.aded.model.SamplingParameters;
import io.aded.model.TemplateVariables;
import io.aded.model.ToolDefinition;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Says whether what a turn asks of tools and reasoning is allowed, and makes the form of its answer. */
final class SpeechChecks {
    static final int MOST_TOOLS = 256;
    private static final int LONGEST_DESCRIPTION = 1 << 16;
    private static final int MOST_NAMED = 8;
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,64}");

    /** What templates that can leave reasoning out call the switch. */
    private static final List<String> SWITCHES = List.of("enable_thinking", "thinking");

    /** How the model writes; null if it is not known, and then turns have neither tools nor reasoning. */
    private final @Nullable Spoken spoken;

    SpeechChecks(@Nullable Spoken spoken) {
        this.spoken = spoken;
    }

    /** Whether the model can be offered tools. */
    private boolean servesTools() {
        return spoken != null && spoken.dialect().calls() != null;
    }

    /**
     * Refuses what this model cannot be asked for: tools, if its chat template does not show how it calls them.
     *
     * @throws AdedException.NotServed naming every such field
     */
    void refuseWhatIsNotServed(SpeechChange said, @Nullable Prompt prompt) {
        if (servesTools()) {
            return;
        }
        List<String> fields = new ArrayList<>();
        if (said.tools() != null) {
            fields.add("tools");
        }
        if (said.choice() != null) {
            fields.add("tool_choice");
        }
        if (said.parallel() != null) {
            fields.add("parallel_tool_calls");
        }
        if (prompt instanceof Prompt.Messages chat) {
            for (int i = 0; i < chat.messages().size() && fields.size() < MOST_NAMED; i++) {
                ChatMessage message = chat.messages().get(i);
                if (!message.calls().isEmpty() || message.answers() != null) {
                    fields.add("messages[" + i + "].parts");
                }
            }
        }
        if (!fields.isEmpty()) {
            throw new AdedException.NotServed(fields);
        }
    }

    void request(AnswerForm.Request asked, Violations wrong) {
        List<ToolDefinition> tools = asked.tools();
        if (tools.size() > MOST_TOOLS) {
            wrong.add("tools", "has " + tools.size() + " entries; allowed: at most " + MOST_TOOLS);
        }
        Set<String> names = new HashSet<>();
        for (int i = 0; i < Math.min(tools.size(), MOST_TOOLS); i++) {
            ToolDefinition tool = tools.get(i);
            String field = "tools[" + i + "]";
            if (!NAME.matcher(tool.name()).matches()) {
                wrong.add(field + ".name", "is no name; allowed: 1 to 64 of A-Z a-z 0-9 _ -");
            } else if (!names.add(tool.name())) {
                wrong.add(field + ".name", "is that of an earlier tool; names must differ");
            }
            if (tool.description().length() > LONGEST_DESCRIPTION) {
                wrong.add(
                        field + ".description",
                        "has " + tool.description().length() + " characters; allowed: at most " + LONGEST_DESCRIPTION);
            }
            if (tool.parameters().length() > LONGEST_DESCRIPTION) {
                wrong.add(
                        field + ".parameters",
                        "has " + tool.parameters().length() + " characters; allowed: at most " + LONGEST_DESCRIPTION);
            } else {
                parameters(tool, field + ".parameters", wrong);
            }
        }
        if (asked.choice() instanceof ToolChoice.Named(String named) && !names.contains(named)) {
            wrong.add("tool_choice.tool", "is none of the tools; allowed: the name of one of them");
        } else if (asked.choice().requires() && tools.isEmpty()) {
            wrong.add("tool_choice", "asks for a call, but there are no tools; allowed: auto or none");
        }
        if (asked.budget() < AnswerForm.NO_BUDGET) {
            wrong.add("reasoning.budget", "is " + asked.budget() + "; allowed: -1 (no bound), or 0 or more");
        }
    }

    private static void parameters(ToolDefinition tool, String field, Violations wrong) {
        Map<String, @Nullable Object> schema = JsonValues.object(tool.parameters());
        if (schema == null) {
            wrong.add(field, "is no JSON object; allowed: a JSON schema of an object");
        } else if (schema.containsKey("type") && !"object".equals(schema.get("type"))) {
            wrong.add(field, "is the schema of something else than an object; allowed: \"type\": \"object\"");
        }
    }

    /** Calls and results in messages; roles and texts are looked at elsewhere. */
    void messages(List<ChatMessage> messages, Violations wrong) {
        int named = 0;
        for (int i = 0; i < messages.size() && named < MOST_NAMED; i++) {
            ChatMessage message = messages.get(i);
            String field = "messages[" + i + "].parts";
            boolean assistant = message.role().equals("assistant");
            if (!assistant
                    && (!message.calls().isEmpty() || !message.reasoning().isEmpty())) {
                wrong.add(field, "has a tool call or reasoning; allowed only in messages of assistant");
                named++;
            }
            if (message.answers() != null && !message.role().equals("tool")) {
                wrong.add(field, "has a tool result; allowed only in messages of tool");
                named++;
            }
            for (ChatMessage.ToolCall call : message.calls()) {
                if (!NAME.matcher(call.name()).matches()) {
                    wrong.add(field, "has a call whose name is none; allowed: 1 to 64 of A-Z a-z 0-9 _ -");
                    named++;
                } else if (JsonValues.object(call.arguments()) == null) {
                    wrong.add(field, "has a call whose arguments are no JSON object; allowed: one, as JSON text");
                    named++;
                }
            }
        }
    }

    /**
     * The prompt of a turn whose fields are allowed.
     *
     * @throws AdedException.InvalidRequest if the constraint or a tool's parameters cannot be kept
     */
    Prompt.Messages prompt(Prompt.Messages chat, Generation generation) {
        AnswerForm.Request asked = generation.speech();
        TemplateVariables variables = generation.templateVariables();
        if (spoken == null) {
            return new Prompt.Messages(chat.messages(), variables);
        }
        if (asked.budget() == 0 && spoken.dialect().reasoning() != null) {
            variables = withoutThinking(variables);
        }
        return new Prompt.Messages(chat.messages(), asked.tools(), variables, form(generation));
    }

    /**
     * The form that answers to messages have; null if they are mere text.
     *
     * @throws AdedException.InvalidRequest if the constraint or a tool's parameters cannot be kept
     */
    @Nullable
    AnswerForm form(Generation generation) {
        if (spoken == null) {
            return null;
        }
        AnswerForm.Request asked = generation.speech();
        boolean reasons = spoken.dialect().reasoning() != null;
        boolean plain = spoken.dialect().calls() == null && !reasons;
        if (plain || generation.ignoreEnd() && asked.tools().isEmpty() && !reasons) {
            return null;
        }
        Constraint constraint = generation.constraint();
        try {
            return new AnswerForm(spoken, asked, constraint.over(generation.sampling()));
        } catch (AdedException failure) {
            throw constraint.named(failure);
        }
    }

    private static TemplateVariables withoutThinking(TemplateVariables given) {
        Map<String, @Nullable Object> values = new LinkedHashMap<>(given.values());
        SWITCHES.forEach(name -> values.putIfAbsent(name, false));
        return new TemplateVariables(values);
    }

    /** What becomes part of a prompt that is counted. */
    Prompt counted(Prompt prompt, AnswerForm.Request asked, TemplateVariables variables) {
        if (!(prompt instanceof Prompt.Messages chat)) {
            return prompt;
        }
        boolean none = asked.budget() == 0 && spoken != null && spoken.dialect().reasoning() != null;
        AnswerForm form =
                spoken == null ? null : new AnswerForm(spoken, AnswerForm.Request.TEXT, SamplingParameters.DEFAULT);
        return new Prompt.Messages(chat.messages(), asked.tools(), none ? withoutThinking(variables) : variables, form);
    }
}
