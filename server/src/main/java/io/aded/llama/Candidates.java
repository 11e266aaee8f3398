package io.aded.llama;

import io.aded.llama.abi.CommonStructs;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A {@code llama_token_data_array} and room for its elements: what samplers filter. */
final class Candidates {
    private static final long ELEMENT = CommonStructs.TOKEN_DATA.size();
    private static final long ID = CommonStructs.TOKEN_DATA.offset("id");
    private static final long LOGIT = CommonStructs.TOKEN_DATA.offset("logit");
    private static final long P = CommonStructs.TOKEN_DATA.offset("p");
    private static final long DATA = CommonStructs.TOKEN_DATA_ARRAY.offset("data");
    private static final long SIZE = CommonStructs.TOKEN_DATA_ARRAY.offset("size");
    private static final long SELECTED = CommonStructs.TOKEN_DATA_ARRAY.offset("selected");
    private static final long SORTED = CommonStructs.TOKEN_DATA_ARRAY.offset("sorted");

    private final MemorySegment elements;
    private final MemorySegment array;
    private int size;

    Candidates(Arena arena, int capacity) {
        elements = arena.allocate(ELEMENT * capacity, 4);
        array = arena.allocate(CommonStructs.TOKEN_DATA_ARRAY.layout());
    }

    void clear() {
        size = 0;
    }

    int size() {
        return size;
    }

    void add(int token, float logit) {
        long at = ELEMENT * size++;
        elements.set(ValueLayout.JAVA_INT, at + ID, token);
        elements.set(ValueLayout.JAVA_FLOAT, at + LOGIT, logit);
        elements.set(ValueLayout.JAVA_FLOAT, at + P, 0f);
    }

    int token(int i) {
        return elements.get(ValueLayout.JAVA_INT, ELEMENT * i + ID);
    }

    float logit(int i) {
        return elements.get(ValueLayout.JAVA_FLOAT, ELEMENT * i + LOGIT);
    }

    /** Forbids an element, as samplers do. */
    void forbid(int i) {
        elements.set(ValueLayout.JAVA_FLOAT, ELEMENT * i + LOGIT, Float.NEGATIVE_INFINITY);
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
        natives.samplers.applySampler(sampler, array.address());
    }

    /** Applies a sampler that chooses, and returns the chosen token, or -1. */
    int choose(Native natives, long sampler) {
        apply(natives, sampler);
        long selected = array.get(ValueLayout.JAVA_LONG, SELECTED);
        if (selected < 0 || selected >= array.get(ValueLayout.JAVA_LONG, SIZE)) {
            return -1;
        }
        // A filter may have put its own elements in the place of ours.
        long data = array.get(ValueLayout.JAVA_LONG, DATA);
        return Native.MEMORY.get(ValueLayout.JAVA_INT, data + ELEMENT * selected + ID);
    }

    private void describe() {
        array.set(ValueLayout.JAVA_LONG, DATA, elements.address());
        array.set(ValueLayout.JAVA_LONG, SIZE, size);
        array.set(ValueLayout.JAVA_LONG, SELECTED, -1);
        array.set(ValueLayout.JAVA_BYTE, SORTED, (byte) 0);
    }
}
