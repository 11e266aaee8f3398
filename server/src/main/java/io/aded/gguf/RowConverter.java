package io.aded.gguf;

import java.nio.ByteBuffer;

/** Converts rows of a tensor from one format into another: what ggml does, handed in by whoever has it. Thread-safe. */
@FunctionalInterface
public interface RowConverter {

    /**
     * Converts whole rows.
     *
     * @param from the format that they have
     * @param rows from its position to its limit it holds {@code count} packed rows
     * @param to the format that they get, another one
     * @param count how many rows there are
     * @param elements how many elements a row has; whole blocks of both formats
     * @return the packed rows, {@code count * elements / to.blockElements() * to.blockBytes()} bytes
     * @throws ArithmeticException if an element is no finite number, which no packed format can hold
     */
    byte[] convert(TensorType from, ByteBuffer rows, TensorType to, long count, long elements);
}
