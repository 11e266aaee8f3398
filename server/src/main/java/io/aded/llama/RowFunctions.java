package io.aded.llama;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.aded.gguf.RowConverter;
import io.aded.gguf.TensorType;
import io.aded.llama.abi.Exports;
import io.aded.model.AdedException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;

/**
 * Rows of tensors from one format into another, by ggml's own functions {@code dequantize_row_*} and {@code
 * ggml_quantize_chunk}, which every line exports.
 */
final class RowFunctions implements RowConverter {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Exports exports;

    RowFunctions(Exports exports) {
        this.exports = exports;
    }

    /** Through floats. */
    @Override
    public byte[] convert(TensorType from, ByteBuffer rows, TensorType to, long count, long elements) {
        try (Arena arena = Arena.ofConfined()) {
            // Native code is given an address, which keeps no buffer alive: a copy cannot be collected under it.
            MemorySegment source = arena.allocate(rows.remaining(), 64).copyFrom(MemorySegment.ofBuffer(rows));
            MemorySegment floats = arena.allocate(4 * elements * count, 64);
            dequantize(from, source, floats, elements * count);
            requireFinite(floats, elements * count);
            MemorySegment packed = arena.allocate(elements * count / to.blockElements() * to.blockBytes(), 64);
            quantize(to, floats, packed, count, elements);
            return packed.toArray(JAVA_BYTE);
        }
    }

    /** Turns packed elements of any known type into floats. */
    private void dequantize(TensorType type, MemorySegment from, MemorySegment to, long elements) {
        switch (type) {
            case F32 -> MemorySegment.copy(from, 0, to, 0, 4 * elements);
            case F16 -> {
                for (long i = 0; i < elements; i++) {
                    to.setAtIndex(JAVA_FLOAT, i, Float.float16ToFloat(from.get(SHORT, 2 * i)));
                }
            }
            case BF16 -> {
                for (long i = 0; i < elements; i++) {
                    to.setAtIndex(JAVA_FLOAT, i, Float.intBitsToFloat(from.get(SHORT, 2 * i) << 16));
                }
            }
            default -> {
                // ggml's names write the K of its k-quants large and everything else small.
                String name = type.label().toLowerCase(Locale.ROOT).replace("_k", "_K");
                try {
                    exports.bind("dequantize_row_" + name, FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_LONG, JAVA_LONG))
                            .invokeExact(from.address(), to.address(), elements);
                } catch (Throwable thrown) {
                    throw Exports.unexpected(thrown);
                }
            }
        }
    }

    /** ggml's search for a scale takes what is no number for an index. */
    private static void requireFinite(MemorySegment floats, long count) {
        for (long i = 0; i < count; i++) {
            float value = floats.getAtIndex(JAVA_FLOAT, i);
            if (!Float.isFinite(value)) {
                throw new ArithmeticException("one of its weights is " + value);
            }
        }
    }

    /** Packs rows of floats. */
    private void quantize(TensorType type, MemorySegment from, MemorySegment to, long rows, long rowElements) {
        try {
            long written = (long) exports.bind(
                            "ggml_quantize_chunk",
                            FunctionDescriptor.of(
                                    JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                                    JAVA_LONG))
                    .invokeExact(type.id(), from.address(), to.address(), 0L, rows, rowElements, 0L);
            if (written != to.byteSize()) {
                throw new AdedException.Internal(
                        "QUANTIZE", "ggml wrote " + written + " bytes instead of " + to.byteSize(), null);
            }
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }
}
