package io.aded.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A {@code llama_token_data_array} and room for its elements: what samplers filter.
 *
 * <pre>{@code
 * element: id i32 | logit f32 | p f32                       12 bytes
 * array:   data* @0 | size @8 | selected @16 | sorted @24   32 bytes
 * }</pre>
 */
final class Candidates {
    private static final long ELEMENT = 12;

    private final MemorySegment elements;
    private final MemorySegment array;
    private int size;

    Candidates(Arena arena, int capacity) {
        elements = arena.allocate(ELEMENT * capacity, 4);
        array = arena.allocate(32, 8);
    }

    void clear() {
        size = 0;
    }

    int size() {
        return size;
    }

    void add(int token, float logit) {
        long at = ELEMENT * size++;
        elements.set(ValueLayout.JAVA_INT, at, token);
        elements.set(ValueLayout.JAVA_FLOAT, at + 4, logit);
        elements.set(ValueLayout.JAVA_FLOAT, at + 8, 0f);
    }

    int token(int i) {
        return elements.get(ValueLayout.JAVA_INT, ELEMENT * i);
    }

    float logit(int i) {
        return elements.get(ValueLayout.JAVA_FLOAT, ELEMENT * i + 4);
    }

    /** Keeps only elements whose logit is not negative infinity, which is how samplers forbid a token. */
    void dropForbidden() {
        int kept = 0;
        for (int i = 0; i < size; i++) {
            float logit = logit(i);
            if (logit != Float.NEGATIVE_INFINITY) {
                if (kept != i) {
                    MemorySegment.copy(elements, ELEMENT * i, elements, ELEMENT * kept, ELEMENT);
                }
                kept++;
            }
        }
        size = kept;
    }

    /** Applies a sampler that only changes logits in place. */
    void apply(Native natives, long sampler) {
        describe();
        natives.applySampler(sampler, array.address());
    }

    /** Applies a sampler that chooses, and returns the chosen token, or -1. */
    int choose(Native natives, long sampler) {
        apply(natives, sampler);
        long selected = array.get(ValueLayout.JAVA_LONG, 16);
        if (selected < 0 || selected >= array.get(ValueLayout.JAVA_LONG, 8)) {
            return -1;
        }
        // A filter may have put its own elements in the place of ours.
        long data = array.get(ValueLayout.JAVA_LONG, 0);
        return Native.MEMORY.get(ValueLayout.JAVA_INT, data + ELEMENT * selected);
    }

    private void describe() {
        array.set(ValueLayout.JAVA_LONG, 0, elements.address());
        array.set(ValueLayout.JAVA_LONG, 8, size);
        array.set(ValueLayout.JAVA_LONG, 16, -1);
        array.set(ValueLayout.JAVA_BYTE, 24, (byte) 0);
    }
}
