package io.aded.template;

import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.ChatTemplate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Picks how a model's conversations are laid out.
 *
 * <p>The C API recognises some dozens of templates by strings that occur in them, and lays those out in C++. It
 * recognises too much: the template of TinyLlama passes for that of another model, whose end mark TinyLlama does not
 * have. So it counts as knowing a template only if it gives, for a few conversations, what the template itself gives
 * when a Jinja interpreter runs it. Otherwise the interpreter does the work; and a model without a template, or with one
 * that neither can use, gets ChatML.
 */
public final class ChatTemplates implements ChatTemplate {
    private static final List<List<ChatMessage>> PROBES = List.of(
            List.of(new ChatMessage("user", "x1")),
            List.of(new ChatMessage("system", "x0"), new ChatMessage("user", "x1")),
            List.of(new ChatMessage("user", "x1"), new ChatMessage("assistant", "x2"), new ChatMessage("user", "x3")));

    private final LibraryTemplates library;
    private final @Nullable String source;
    private final SpecialTexts special;
    private volatile @Nullable ChatTemplate chosen;

    /**
     * Decides on first use: starting an interpreter takes longer than loading a small model.
     *
     * @param library lays out the templates that it knows
     * @param source the model's own template, or null if it has none
     * @param special the texts that the template may put around messages
     */
    public ChatTemplates(LibraryTemplates library, @Nullable String source, SpecialTexts special) {
        this.library = library;
        this.source = source;
        this.special = special;
    }

    @Override
    public String render(List<ChatMessage> messages, boolean addGenerationPrompt) {
        if (messages.isEmpty()) {
            throw new AdedException.InvalidRequest("messages", "is empty; allowed: at least one message");
        }
        String text = chosen().render(messages, addGenerationPrompt);
        // The tokeniser puts its own beginning in front; a template's would be a second one.
        String beginning = special.addsBeginning() ? special.beginning() : "";
        return beginning.isEmpty() || !text.startsWith(beginning) ? text : text.substring(beginning.length());
    }

    @Override
    public String description() {
        return chosen().description();
    }

    private ChatTemplate chosen() {
        ChatTemplate known = chosen;
        if (known == null) {
            known = choose(); // perhaps on several threads at once, which come to the same choice
            chosen = known;
        }
        return known;
    }

    private ChatTemplate choose() {
        ChatTemplate standIn = new ByLibrary(library, "chatml", "ChatML, because the model has no usable template");
        if (source == null || source.isBlank()) {
            return standIn;
        }
        ByLibrary byLibrary = new ByLibrary(library, source, "the model's own, by llama.cpp");
        JinjaTemplate byJinja = new JinjaTemplate(source, special);
        int agreed = 0;
        int rendered = 0;
        for (List<ChatMessage> probe : PROBES) {
            String expected;
            try {
                expected = byJinja.render(probe, true);
            } catch (AdedException.InvalidRequest refused) {
                continue;
            }
            rendered++;
            String text = byLibrary.apply(probe, true);
            if (text != null && withoutBeginning(expected).equals(withoutBeginning(text))) {
                agreed++;
            }
        }
        if (rendered == 0) {
            return byLibrary.apply(PROBES.getFirst(), true) == null ? standIn : byLibrary;
        }
        return agreed == rendered ? byLibrary : byJinja;
    }

    private String withoutBeginning(String text) {
        String beginning = special.beginning();
        return !beginning.isEmpty() && text.startsWith(beginning) ? text.substring(beginning.length()) : text;
    }

    /** What the library makes of a template. */
    private record ByLibrary(LibraryTemplates library, String source, String description) implements ChatTemplate {

        @Override
        public String render(List<ChatMessage> messages, boolean addGenerationPrompt) {
            String text = apply(messages, addGenerationPrompt);
            if (text == null) {
                throw new AdedException.InvalidRequest("messages", "the model's chat template refuses them");
            }
            return text;
        }

        @Nullable
        String apply(List<ChatMessage> messages, boolean addGenerationPrompt) {
            return library.apply(source, messages, addGenerationPrompt);
        }
    }
}
