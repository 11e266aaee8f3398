package io.aded.dialect;

import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.ChatTemplate;
import io.aded.model.Patience;
import io.aded.model.RenderedChat;
import io.aded.model.TemplateVariables;
import io.aded.model.ToolDefinition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A model's template while it is probed. A file's template is anybody's program, and a model is loaded only when the
 * probe is done, so what all renderings together may cost is bounded, and so is the length of what is looked through.
 */
final class BoundedTemplate implements ChatTemplate, Patience.Limit {
    /** In UTF-16 units: many times what templates write around the two tools and three messages of a probe. */
    static final int LONGEST = 1 << 16;

    /** Looks at the limit, of which a template makes one each thousand steps or so: 40 million steps. */
    private static final int MOST_LOOKS = 40_000;

    private final ChatTemplate template;
    private final Patience.Limit outer = Patience.current();
    private int looks;

    BoundedTemplate(ChatTemplate template) {
        this.template = template;
    }

    @Override
    public void check() {
        outer.check();
        if (++looks > MOST_LOOKS) {
            throw tooMuch("takes too many steps");
        }
    }

    @Override
    public RenderedChat render(List<ChatMessage> messages, boolean addGenerationPrompt) {
        return render(messages, List.of(), TemplateVariables.NONE, addGenerationPrompt);
    }

    @Override
    public RenderedChat render(
            List<ChatMessage> messages,
            List<ToolDefinition> tools,
            TemplateVariables variables,
            boolean addGenerationPrompt) {
        if (looks > MOST_LOOKS) {
            throw tooMuch("takes too many steps");
        }
        RenderedChat chat =
                Patience.during(this, () -> template.render(messages, tools, variables, addGenerationPrompt));
        if (chat.text().length() > LONGEST) {
            throw tooMuch("writes too much");
        }
        return chat;
    }

    private static AdedException tooMuch(String what) {
        return new AdedException.ResourceExhausted("TEMPLATE_COST", "the chat template " + what, null);
    }

    @Override
    public String description() {
        return template.description();
    }

    @Override
    public @Nullable String problem() {
        return template.problem();
    }
}
