package io.aded.llama;

import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.ChatTemplate;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
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
final class ChatTemplates implements ChatTemplate {
    private static final List<List<ChatMessage>> PROBES = List.of(
            List.of(new ChatMessage("user", "x1")),
            List.of(new ChatMessage("system", "x0"), new ChatMessage("user", "x1")),
            List.of(new ChatMessage("user", "x1"), new ChatMessage("assistant", "x2"), new ChatMessage("user", "x3")));

    private final Native natives;
    private final @Nullable String source;
    private final LlamaVocabulary vocabulary;
    private volatile @Nullable ChatTemplate chosen;

    /** Decides on first use: starting an interpreter takes longer than loading a small model. */
    ChatTemplates(Native natives, @Nullable String source, LlamaVocabulary vocabulary) {
        this.natives = natives;
        this.source = source;
        this.vocabulary = vocabulary;
    }

    @Override
    public String render(List<ChatMessage> messages, boolean addGenerationPrompt) {
        if (messages.isEmpty()) {
            throw new AdedException.InvalidRequest("messages", "is empty; allowed: at least one message");
        }
        String text = chosen().render(messages, addGenerationPrompt);
        // The tokeniser puts its own beginning in front; a template's would be a second one.
        String beginning = vocabulary.addsBeginning() ? vocabulary.textOrEmpty(vocabulary.beginningOfSequence()) : "";
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
        ChatTemplate standIn = new ByLibrary(natives, "chatml", "ChatML, because the model has no usable template");
        if (source == null || source.isBlank()) {
            return standIn;
        }
        ByLibrary byLibrary = new ByLibrary(natives, source, "the model's own, by llama.cpp");
        JinjaTemplate byJinja = new JinjaTemplate(source, vocabulary);
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
        String beginning = vocabulary.textOrEmpty(vocabulary.beginningOfSequence());
        return !beginning.isEmpty() && text.startsWith(beginning) ? text.substring(beginning.length()) : text;
    }

    /** What the C API makes of a template. */
    private record ByLibrary(Native natives, String source, String description) implements ChatTemplate {

        @Override
        public String render(List<ChatMessage> messages, boolean addGenerationPrompt) {
            String text = apply(messages, addGenerationPrompt);
            if (text == null) {
                throw new AdedException.InvalidRequest("messages", "the model's chat template refuses them");
            }
            return text;
        }

        /** The text, or null if the library does not recognise the template. */
        @Nullable
        String apply(List<ChatMessage> messages, boolean addGenerationPrompt) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment array = arena.allocate(16L * messages.size(), 8);
                long length = 256;
                for (int i = 0; i < messages.size(); i++) {
                    MemorySegment role = text(arena, messages.get(i).role());
                    MemorySegment content = text(arena, messages.get(i).content());
                    array.set(ValueLayout.JAVA_LONG, 16L * i, role.address());
                    array.set(ValueLayout.JAVA_LONG, 16L * i + 8, content.address());
                    length += 2 * (role.byteSize() + content.byteSize());
                }
                MemorySegment template = text(arena, source);
                for (int capacity = (int) Math.min(length, 1 << 30); ; ) {
                    MemorySegment buffer = arena.allocate(capacity);
                    int needed = natives.applyChatTemplate(
                            template.address(),
                            array.address(),
                            messages.size(),
                            addGenerationPrompt,
                            buffer.address(),
                            capacity);
                    if (needed < 0) {
                        return null;
                    }
                    if (needed <= capacity) {
                        byte[] bytes = new byte[needed];
                        MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, bytes, 0, needed);
                        return new String(bytes, StandardCharsets.UTF_8);
                    }
                    capacity = needed;
                }
            }
        }

        private static MemorySegment text(Arena arena, String text) {
            // A C string ends at its first zero byte; the character has no place in a conversation.
            return arena.allocateFrom(text.replace("\0", ""), StandardCharsets.UTF_8);
        }
    }
}
