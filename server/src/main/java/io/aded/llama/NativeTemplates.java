package io.aded.llama;

import io.aded.llama.abi.CStruct;
import io.aded.llama.abi.CommonStructs;
import io.aded.model.ChatMessage;
import io.aded.template.LibraryTemplates;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The C API's own templates: it recognises some dozens by strings that occur in them, and lays those out in C++. */
record NativeTemplates(Native natives) implements LibraryTemplates {
    private static final CStruct MESSAGE = CommonStructs.CHAT_MESSAGE;

    @Override
    public @Nullable String apply(String template, List<ChatMessage> messages, boolean addGenerationPrompt) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment array = arena.allocate(MESSAGE.layout(), messages.size());
            long length = 256;
            for (int i = 0; i < messages.size(); i++) {
                MemorySegment role = text(arena, messages.get(i).role());
                MemorySegment content = text(arena, messages.get(i).content());
                MESSAGE.at(array.asSlice(i * MESSAGE.size()))
                        .set("role", role.address())
                        .set("content", content.address());
                length += 2 * (role.byteSize() + content.byteSize());
            }
            MemorySegment source = text(arena, template);
            for (int capacity = (int) Math.min(length, 1 << 30); ; ) {
                MemorySegment buffer = arena.allocate(capacity);
                int needed = natives.models.applyChatTemplate(
                        source.address(),
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
