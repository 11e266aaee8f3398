package io.aded.llama;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.interpret.RenderResult;
import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.ChatTemplate;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Picks how a model's conversations are laid out: by the C API where it knows the model's template, by a Jinja
 * interpreter where it does not, and as ChatML where the model has none.
 */
final class ChatTemplates {
    private ChatTemplates() {}

    static ChatTemplate of(Native natives, GgufFile file, LlamaVocabulary vocabulary) {
        String source = file.string("tokenizer.chat_template");
        if (source == null || source.isBlank()) {
            return new ByLibrary(natives, "chatml", "ChatML (the model has no template)");
        }
        ByLibrary known = new ByLibrary(natives, source, "the model's own, by llama.cpp");
        if (known.knows()) {
            return known;
        }
        return new ByJinja(source, vocabulary);
    }

    private static void requireMessages(List<ChatMessage> messages) {
        if (messages.isEmpty()) {
            throw new AdedException.InvalidRequest("messages", "is empty; allowed: at least one message");
        }
    }

    /** llama.cpp recognises some dozens of templates by what stands in them, and lays those out in C++. */
    private record ByLibrary(Native natives, String source, String description) implements ChatTemplate {

        /** The library answers -1 for a template that it does not recognise. */
        boolean knows() {
            return apply(List.of(new ChatMessage("user", "x")), true) != null;
        }

        @Override
        public String render(List<ChatMessage> messages, boolean addGenerationPrompt) {
            requireMessages(messages);
            String text = apply(messages, addGenerationPrompt);
            if (text == null) {
                throw new AdedException.InvalidRequest("messages", "the model's chat template refuses them");
            }
            return text;
        }

        private @Nullable String apply(List<ChatMessage> messages, boolean addGenerationPrompt) {
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

    /** The template as the model's makers wrote it. */
    private static final class ByJinja implements ChatTemplate {
        private final Jinjava jinjava;
        private final String source;
        private final String beginning;
        private final String end;

        ByJinja(String source, LlamaVocabulary vocabulary) {
            this.source = source;
            this.beginning = text(vocabulary, vocabulary.beginningOfSequence());
            this.end = text(vocabulary, vocabulary.endOfSequence());
            this.jinjava = new Jinjava(JinjavaConfig.newBuilder()
                    .withTrimBlocks(true)
                    .withLstripBlocks(true)
                    .withMaxOutputSize(64 << 20)
                    .build());
        }

        private static String text(LlamaVocabulary vocabulary, int token) {
            return token < 0 ? "" : vocabulary.text(token);
        }

        @Override
        public String render(List<ChatMessage> messages, boolean addGenerationPrompt) {
            requireMessages(messages);
            Map<String, Object> bindings = new HashMap<>();
            bindings.put(
                    "messages",
                    messages.stream()
                            .map(message -> Map.of("role", message.role(), "content", message.content()))
                            .toList());
            bindings.put("add_generation_prompt", addGenerationPrompt);
            bindings.put("bos_token", beginning);
            bindings.put("eos_token", end);
            RenderResult result = jinjava.renderForResult(source, bindings);
            if (result.hasErrors()) {
                throw new AdedException.InvalidRequest(
                        "messages",
                        "the model's chat template refuses them: "
                                + result.getErrors().getFirst().getMessage());
            }
            return result.getOutput();
        }

        @Override
        public String description() {
            return "the model's own, by Jinja";
        }
    }
}
