package io.aded.llama;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Writes GGUF version 3 files with F32 tensors. Entries and tensors appear in the order in which they are added. */
public final class GgufWriter {
    private static final int ALIGNMENT = 32;

    private final ByteArrayOutputStream entries = new ByteArrayOutputStream();
    private final List<Tensor> tensors = new ArrayList<>();
    private int entryCount;

    private record Tensor(String name, long[] shape, float[] data) {}

    /** Adds an unsigned 32-bit integer. */
    public GgufWriter integer(String key, int value) {
        entry(key, 4).writeBytes(int32(value));
        return this;
    }

    /** Adds a 32-bit float. */
    public GgufWriter number(String key, float value) {
        entry(key, 6).writeBytes(int32(Float.floatToRawIntBits(value)));
        return this;
    }

    /** Adds a truth value. */
    public GgufWriter flag(String key, boolean value) {
        entry(key, 7).write(value ? 1 : 0);
        return this;
    }

    /** Adds a text. */
    public GgufWriter text(String key, String value) {
        entry(key, 8).writeBytes(string(value));
        return this;
    }

    /** Adds an array of texts. */
    public GgufWriter texts(String key, List<String> values) {
        array(key, 8, values.size());
        values.forEach(value -> entries.writeBytes(string(value)));
        return this;
    }

    /** Adds an array of 32-bit floats. */
    public GgufWriter numbers(String key, float[] values) {
        array(key, 6, values.length);
        for (float value : values) {
            entries.writeBytes(int32(Float.floatToRawIntBits(value)));
        }
        return this;
    }

    /** Adds an array of signed 32-bit integers. */
    public GgufWriter integers(String key, int[] values) {
        array(key, 5, values.length);
        for (int value : values) {
            entries.writeBytes(int32(value));
        }
        return this;
    }

    /**
     * Adds a tensor.
     *
     * @param name its name
     * @param data its elements, rows one after the other
     * @param shape sizes, the fastest-running first
     */
    public GgufWriter tensor(String name, float[] data, long... shape) {
        tensors.add(new Tensor(name, shape.clone(), data));
        return this;
    }

    /** The whole file. */
    public byte[] toBytes() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(int32(3));
        out.writeBytes(int64(tensors.size()));
        out.writeBytes(int64(entryCount));
        out.writeBytes(entries.toByteArray());
        long offset = 0;
        for (Tensor tensor : tensors) {
            out.writeBytes(string(tensor.name()));
            out.writeBytes(int32(tensor.shape().length));
            for (long length : tensor.shape()) {
                out.writeBytes(int64(length));
            }
            out.writeBytes(int32(0));
            out.writeBytes(int64(offset));
            offset = aligned(offset + 4L * tensor.data().length);
        }
        pad(out);
        for (Tensor tensor : tensors) {
            ByteBuffer data = ByteBuffer.allocate(4 * tensor.data().length).order(ByteOrder.LITTLE_ENDIAN);
            data.asFloatBuffer().put(tensor.data());
            out.writeBytes(data.array());
            pad(out);
        }
        return out.toByteArray();
    }

    /** Writes the whole file. */
    public Path write(Path path) throws IOException {
        return Files.write(path, toBytes());
    }

    private ByteArrayOutputStream entry(String key, int type) {
        entryCount++;
        entries.writeBytes(string(key));
        entries.writeBytes(int32(type));
        return entries;
    }

    private void array(String key, int elementType, long count) {
        entry(key, 9).writeBytes(int32(elementType));
        entries.writeBytes(int64(count));
    }

    private static byte[] string(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + bytes.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(bytes.length)
                .put(bytes)
                .array();
    }

    private static byte[] int32(int value) {
        return ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array();
    }

    private static byte[] int64(long value) {
        return ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array();
    }

    private static long aligned(long offset) {
        return (offset + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    private static void pad(ByteArrayOutputStream out) {
        while (out.size() % ALIGNMENT != 0) {
            out.write(0);
        }
    }
}
