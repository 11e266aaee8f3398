package io.aded.llama;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * The binary interfaces that this binding knows: where each field of the structs that travel by value stands.
 *
 * <h2>Why a table and not a header</h2>
 *
 * llama.cpp gives no promise about these structs: fields come, go and move, often without a change of size. A field
 * written at the wrong offset is a silent catastrophe (a thread count read as a pointer). So a library is accepted only
 * if its symbols say which line it is of <i>and</i> its own default values, fetched by value, stand where the table says
 * ({@link #defaultsMismatch}). Anything else is refused by name.
 */
enum Abi {
    /** The static build in {@code de.kherud:llama:4.2.0}. */
    B4916(
            "b4916",
            new ModelLayout(64, 8, 12, 16, 24, 32, 40, 57, 58, -1),
            new ContextLayout(120, 0, 4, 8, 12, -1, -1, 16, 20, -1, 99, 88, 92, 104, 112, 98, 100, -1)),
    /** The line that has {@code llama_version()}, as packaged by {@code @node-llama-cpp} 3.22.1. */
    V0_5_0(
            "v0.5.0",
            new ModelLayout(80, 16, 20, 32, 40, 48, 56, -1, -1, 24),
            new ContextLayout(160, 0, 4, 8, 12, 20, 24, 28, 32, 52, -1, 104, 108, 112, 120, 129, 130, 133));

    /** Larger than any of the structs, for fetching defaults from a library whose size is not known yet. */
    static final StructLayout ROOM = struct(256);

    /** {@code llama_batch}, the same in every line. */
    static final StructLayout BATCH = struct(56);

    static final long BATCH_TOKENS = 8;
    static final long BATCH_POSITIONS = 24;
    static final long BATCH_SEQUENCE_COUNTS = 32;
    static final long BATCH_SEQUENCES = 40;
    static final long BATCH_LOGITS = 48;

    final String label;
    final ModelLayout model;
    final ContextLayout context;

    Abi(String label, ModelLayout model, ContextLayout context) {
        this.label = label;
        this.model = model;
        this.context = context;
    }

    /** Byte offsets in {@code llama_model_params}; -1 where the line has no such field. */
    record ModelLayout(
            int size,
            int gpuLayers,
            int splitMode,
            int mainGpu,
            int tensorSplit,
            int progressCallback,
            int progressData,
            int useMmap,
            int useMlock,
            int loadMode) {}

    /** Byte offsets in {@code llama_context_params}; -1 where the line has no such field. */
    record ContextLayout(
            int size,
            int cells,
            int batch,
            int microBatch,
            int sequences,
            int outputsMax,
            int outputsMaxPerSequence,
            int threads,
            int batchThreads,
            int flashAttentionType,
            int flashAttentionFlag,
            int keyType,
            int valueType,
            int abortCallback,
            int abortData,
            int offloadKv,
            int noPerf,
            int unifiedKv) {}

    /** A struct of {@code bytes} bytes: beyond 16 bytes only size and alignment decide how it is passed by value. */
    static StructLayout struct(int bytes) {
        return MemoryLayout.structLayout(MemoryLayout.sequenceLayout(bytes / 8, ValueLayout.JAVA_LONG));
    }

    /**
     * Compares a library's defaults with those that its line is known to have.
     *
     * @return what differs, empty if nothing does
     */
    List<String> defaultsMismatch(MemorySegment modelDefaults, MemorySegment contextDefaults) {
        Comparison model = new Comparison("llama_model_params", modelDefaults);
        Comparison context = new Comparison("llama_context_params", contextDefaults);
        switch (this) {
            case B4916 -> {
                model.longs(0, 0);
                model.ints(12, 1, 0);
                model.longs(24, 0);
                model.longs(40, 0, 0);
                model.bytes(56, 0, 1, 0, 0);
                context.ints(0, 512, 2048, 512, 1, 4, 4, -1, -1, -1);
                context.floats(36, 0f, 0f, -1f, 1f, 32f, 1f);
                context.ints(60, 0);
                context.floats(64, -1f);
                context.longs(72, 0, 0);
                context.ints(88, 1, 1);
                context.bytes(96, 0, 0, 1, 0, 1);
                context.longs(104, 0, 0, 0);
            }
            case V0_5_0 -> {
                model.longs(0, 0, 0);
                model.ints(16, -1, 1, -1, 1, 0);
                model.longs(40, 0);
                model.longs(56, 0, 0);
                model.bytes(72, 0, 0);
                model.bytes(75, 0, 0);
                context.ints(0, 512, 2048, 512, 1, 0, 0, 1, 4, 4, 0, -1, -1, -1, -1);
                context.floats(56, 0f, 0f, -1f, -1f, -1f, -1f);
                context.ints(80, 0);
                context.floats(84, -1f);
                context.longs(88, 0, 0);
                context.ints(104, 1, 1);
                context.longs(112, 0, 0);
                context.bytes(133, 0);
                context.longs(136, 0, 0, 0);
            }
        }
        List<String> found = new ArrayList<>(model.found);
        found.addAll(context.found);
        return found;
    }

    private record Comparison(String struct, MemorySegment segment, List<String> found) {
        Comparison(String struct, MemorySegment segment) {
            this(struct, segment, new ArrayList<>());
        }

        void ints(int offset, int... expected) {
            for (int i = 0; i < expected.length; i++) {
                expect(offset + 4 * i, expected[i], segment.get(ValueLayout.JAVA_INT, offset + 4L * i));
            }
        }

        void floats(int offset, float... expected) {
            for (int i = 0; i < expected.length; i++) {
                expect(offset + 4 * i, expected[i], segment.get(ValueLayout.JAVA_FLOAT, offset + 4L * i));
            }
        }

        void longs(int offset, long... expected) {
            for (int i = 0; i < expected.length; i++) {
                expect(offset + 8 * i, expected[i], segment.get(ValueLayout.JAVA_LONG, offset + 8L * i));
            }
        }

        void bytes(int offset, int... expected) {
            for (int i = 0; i < expected.length; i++) {
                expect(offset + i, (byte) expected[i], segment.get(ValueLayout.JAVA_BYTE, offset + (long) i));
            }
        }

        private void expect(int offset, Number expected, Number actual) {
            if (!expected.equals(actual)) {
                found.add(struct + "@" + offset + " is " + actual + ", expected " + expected);
            }
        }
    }
}
