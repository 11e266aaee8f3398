package io.aded.llama;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.aded.llama.abi.CommonStructs;
import io.aded.llama.abi.Exports;
import io.aded.llama.abi.LibraryLine;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Contexts: passes, rows of logits and saved sequences. Nothing is checked here: callers do that. */
final class ContextFunctions {
    private final MethodHandle newContext;
    private final MethodHandle freeContext;
    private final MethodHandle contextCells;
    private final MethodHandle contextSequences;
    private final MethodHandle decode;
    private final MethodHandle logits;
    private final MethodHandle sequenceStateSize;
    private final MethodHandle saveSequence;
    private final MethodHandle restoreSequence;

    ContextFunctions(Exports exports, LibraryLine line) {
        newContext = exports.bind(
                "llama_init_from_model",
                FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, line.contextParams().layout()));
        freeContext = exports.bind("llama_free", FunctionDescriptor.ofVoid(JAVA_LONG));
        contextCells = exports.bind("llama_n_ctx", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        contextSequences = exports.bind("llama_n_seq_max", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
        decode = exports.bind("llama_decode", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, CommonStructs.BATCH.layout()));
        logits = exports.bind("llama_get_logits_ith", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT));
        sequenceStateSize =
                exports.bind("llama_state_seq_get_size", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT));
        saveSequence = exports.bind(
                "llama_state_seq_get_data",
                FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT));
        restoreSequence = exports.bind(
                "llama_state_seq_set_data",
                FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT));
    }

    long newContext(long model, MemorySegment parameters) {
        try {
            return (long) newContext.invokeExact(model, parameters);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    void freeContext(long context) {
        try {
            freeContext.invokeExact(context);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    int contextCells(long context) {
        try {
            return (int) contextCells.invokeExact(context);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    int contextSequences(long context) {
        try {
            return (int) contextSequences.invokeExact(context);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    int decode(long context, MemorySegment batch) {
        try {
            return (int) decode.invokeExact(context, batch);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    long logits(long context, int row) {
        try {
            return (long) logits.invokeExact(context, row);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    long sequenceStateSize(long context, int sequence) {
        try {
            return (long) sequenceStateSize.invokeExact(context, sequence);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    long saveSequence(long context, long destination, long size, int sequence) {
        try {
            return (long) saveSequence.invokeExact(context, destination, size, sequence);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    long restoreSequence(long context, long source, long size, int sequence) {
        try {
            return (long) restoreSequence.invokeExact(context, source, size, sequence);
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }
}
