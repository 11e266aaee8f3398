package io.aded.template;

import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.ChatTemplate;
import io.aded.model.RenderedChat;
import io.aded.model.TemplateVariables;
import io.aded.model.ToolDefinition;
import io.aded.template.jinja.Bounds;
import io.aded.template.jinja.JinjaTemplate;
import io.aded.template.jinja.TemplateException;
import io.aded.template.jinja.Text;
import io.aded.template.jinja.Value;
import io.aded.template.jinja.Values;
import java.time.InstantSource;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How a model's conversations are laid out: by the template in its file, or by another that was named for it, run as
 * transformers' {@code apply_chat_template} runs it.
 *
 * <p>A model without a template, or with one that is no valid program, gets ChatML, and {@link #problem} says so: its
 * answers may be poor, and whoever starts it should know.
 */
public final class ChatTemplates implements ChatTemplate {
    private static final String ASSISTANT = "assistant";
    private static final Set<String> ROLES = Set.of("system", "user", ASSISTANT, "tool", "developer");

    private final JinjaTemplate template;
    private final SpecialTexts special;
    private final InstantSource clock;
    private final ZoneId zone;
    private final String description;
    private final @Nullable String problem;
    private volatile MessageValues.@Nullable Way way;

    private ChatTemplates(
            JinjaTemplate template,
            SpecialTexts special,
            InstantSource clock,
            ZoneId zone,
            String description,
            @Nullable String problem) {
        this.template = template;
        this.special = special;
        this.clock = clock;
        this.zone = zone;
        this.description = description;
        this.problem = problem;
    }

    /**
     * The template of a model.
     *
     * @param source what its file says, or null if it says nothing
     * @param special the texts that the template may put around messages
     * @param clock tells templates the date
     * @param zone in which the date is told
     */
    public static ChatTemplates of(@Nullable String source, SpecialTexts special, InstantSource clock, ZoneId zone) {
        String problem;
        if (source == null || source.isBlank()) {
            problem = "the model has no chat template";
        } else {
            try {
                JinjaTemplate parsed = JinjaTemplate.parse(source);
                return new ChatTemplates(parsed, special, clock, zone, "the model's own", null);
            } catch (TemplateException e) {
                problem = "the model's chat template is broken: "
                        + AdedException.printable(String.valueOf(e.getMessage()));
            }
        }
        JinjaTemplate chatMl = JinjaTemplate.parse(KnownTemplate.CHATML.source());
        return new ChatTemplates(chatMl, special, clock, zone, "chatml, because " + problem, problem);
    }

    /**
     * A template that was named instead of the model's own.
     *
     * @param override the name of a {@link KnownTemplate}, or a template's source
     * @throws AdedException.InvalidRequest if it is neither; the message lists the names
     */
    public static ChatTemplates overridden(String override, SpecialTexts special, InstantSource clock, ZoneId zone) {
        KnownTemplate known = KnownTemplate.named(override);
        if (known == null && override.indexOf('{') < 0) {
            throw new AdedException.InvalidRequest(
                    "chat_template",
                    "\"" + override + "\" is no known template; allowed: " + KnownTemplate.names() + ", or a file that"
                            + " holds a template in Jinja");
        }
        try {
            JinjaTemplate parsed = JinjaTemplate.parse(known == null ? override : known.source());
            return new ChatTemplates(parsed, special, clock, zone, known == null ? "given" : known.label(), null);
        } catch (TemplateException e) {
            throw new AdedException.InvalidRequest("chat_template", "is broken: " + e.getMessage());
        }
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public @Nullable String problem() {
        return problem;
    }

    @Override
    public RenderedChat render(List<ChatMessage> messages, boolean addGenerationPrompt) {
        return render(messages, TemplateVariables.NONE, addGenerationPrompt);
    }

    @Override
    public RenderedChat render(List<ChatMessage> messages, TemplateVariables given, boolean addGenerationPrompt) {
        return render(messages, List.of(), given, addGenerationPrompt);
    }

    @Override
    public RenderedChat render(
            List<ChatMessage> messages,
            List<ToolDefinition> tools,
            TemplateVariables given,
            boolean addGenerationPrompt) {
        if (messages.isEmpty()) {
            throw new AdedException.InvalidRequest("messages", "is empty; allowed: at least one message");
        }
        ChatMessage last = messages.getLast();
        if (!addGenerationPrompt || !last.role().equals(ASSISTANT)) {
            return rendered(messages, tools, given, addGenerationPrompt);
        }
        if (last.content().isBlank()) {
            // Nothing to continue: the assistant's message begins.
            return messages.size() == 1
                    ? rendered(messages, tools, given, true)
                    : rendered(messages.subList(0, messages.size() - 1), tools, given, true);
        }
        return upToTheEndOf(last.content(), rendered(messages, tools, given, false));
    }

    /** Cuts off what the template puts behind the last message, so that the model goes on inside it. */
    private static RenderedChat upToTheEndOf(String content, RenderedChat whole) {
        String said = content.strip();
        int at = whole.text().lastIndexOf(said);
        if (at < 0) {
            throw new AdedException.InvalidRequest(
                    "messages",
                    "end with a message of the assistant, which is to be continued, but the model's chat template"
                            + " changes that message; end with one of another role");
        }
        String withBlanks = content.stripLeading();
        boolean kept = whole.text().startsWith(withBlanks, at);
        return whole.part(0, at + (kept ? withBlanks.length() : said.length()));
    }

    private RenderedChat rendered(
            List<ChatMessage> messages,
            List<ToolDefinition> tools,
            TemplateVariables given,
            boolean addGenerationPrompt) {
        boolean calls = messages.stream().anyMatch(message -> !message.calls().isEmpty());
        return rendered(messages, tools, given, addGenerationPrompt, calls ? wayOfCalls() : MessageValues.Way.USUAL);
    }

    /** How this template wants calls to be given; found by giving it one in each way, when it is first needed. */
    private MessageValues.Way wayOfCalls() {
        MessageValues.Way known = way;
        if (known == null) {
            known = MessageValues.Way.USUAL;
            for (MessageValues.Way candidate : MessageValues.Way.values()) {
                if (MessageValues.showsCall(tried(candidate))) {
                    known = candidate;
                    break;
                }
            }
            way = known;
        }
        return known;
    }

    private String tried(MessageValues.Way candidate) {
        try {
            return rendered(
                            MessageValues.TRIAL,
                            List.of(MessageValues.TRIAL_TOOL),
                            TemplateVariables.NONE,
                            false,
                            candidate)
                    .text();
        } catch (AdedException.InvalidRequest refused) {
            return "";
        }
    }

    private RenderedChat rendered(
            List<ChatMessage> messages,
            List<ToolDefinition> tools,
            TemplateVariables given,
            boolean addGenerationPrompt,
            MessageValues.Way how) {
        List<Value> list = new ArrayList<>(messages.size());
        for (ChatMessage message : messages) {
            list.add(MessageValues.message(message, role(message.role()), how));
        }
        Map<String, Value> variables = new HashMap<>();
        given.values().forEach((name, value) -> variables.put(name, Values.fromCaller(value)));
        variables.put("messages", new Value.ListValue(list));
        // There for every template, as transformers has it, with or without something in them.
        variables.put("tools", MessageValues.tools(tools));
        if (!tools.isEmpty()) {
            variables.putIfAbsent("xml_tools", MessageValues.functions(tools)); // SmolLM3's name for them
        }
        variables.put("documents", Value.None.NONE);
        variables.put("add_generation_prompt", Values.of(addGenerationPrompt));
        variables.put("bos_token", Text.of(special.beginning()));
        variables.put("eos_token", Text.of(special.end()));
        Text text;
        try {
            text = template.render(variables, clock.instant().atZone(zone), Bounds.DEFAULT);
        } catch (TemplateException e) {
            String reason = switch (e.kind()) {
                case REFUSED -> "the model's chat template refuses them: " + e.getMessage();
                case EXHAUSTED -> "cannot be laid out: " + e.getMessage();
                case FAILED, SYNTAX -> "the model's chat template fails on them: " + e.getMessage();
            };
            throw new AdedException.InvalidRequest("messages", reason);
        }
        int[] ranges = new int[2 * text.marks()];
        for (int i = 0; i < text.marks(); i++) {
            ranges[2 * i] = text.markStart(i);
            ranges[2 * i + 1] = text.markEnd(i);
        }
        return withoutBeginning(new RenderedChat(text.string(), ranges));
    }

    /**
     * The roles that everybody has are the template's own words: some templates make a control token of one, such as
     * {@code <|user|>}. Any other comes from the caller, and {@code end} must not become {@code <|end|>}.
     */
    private static Text role(String role) {
        return ROLES.contains(role) ? Text.of(role) : Text.fromCaller(role);
    }

    /** The tokeniser puts its own beginning in front; a template's would be a second one. */
    private RenderedChat withoutBeginning(RenderedChat chat) {
        String beginning = special.addsBeginning() ? special.beginning() : "";
        boolean writesIt = !beginning.isEmpty()
                && chat.text().startsWith(beginning)
                && (chat.ranges() == 0 || chat.start(0) >= beginning.length());
        return writesIt ? chat.part(beginning.length(), chat.text().length()) : chat;
    }
}
