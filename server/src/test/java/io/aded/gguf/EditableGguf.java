package io.aded.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A GGUF file taken apart, to be changed and put together again: entries, tensors and their data. */
public final class EditableGguf {
    public static final int U32 = 4;
    public static final int I32 = 5;
    public static final int F32 = 6;
    public static final int BOOL = 7;
    public static final int STRING = 8;
    public static final int ARRAY = 9;
    public static final int U64 = 10;
    private static final int[] WIDTHS = {1, 1, 2, 2, 4, 4, 4, 1, -1, -1, 8, 8, 8};

    final List<Entry> entries = new ArrayList<>();
    final List<Tensor> tensors = new ArrayList<>();
    int alignment = 32;

    /** An entry: its value's type as GGUF numbers it, and its bytes. */
    static final class Entry {
        String key;
        int type;
        byte[] value;

        Entry(String key, int type, byte[] value) {
            this.key = key;
            this.type = type;
            this.value = value;
        }
    }

    /** A tensor with its data. */
    static final class Tensor {
        String name;
        long[] shape;
        int type;
        byte[] data;

        Tensor(String name, long[] shape, int type, byte[] data) {
            this.name = name;
            this.shape = shape;
            this.type = type;
            this.data = data;
        }
    }

    private EditableGguf() {}

    /** Takes a sound file apart. */
    public static EditableGguf parse(byte[] file) {
        EditableGguf gguf = new EditableGguf();
        ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).position(8);
        long tensorCount = in.getLong();
        long entryCount = in.getLong();
        for (long i = 0; i < entryCount; i++) {
            String key = text(in);
            int type = in.getInt();
            int start = in.position();
            skip(in, type);
            gguf.entries.add(new Entry(key, type, Arrays.copyOfRange(file, start, in.position())));
        }
        List<Long> offsets = new ArrayList<>();
        for (long i = 0; i < tensorCount; i++) {
            String name = text(in);
            long[] shape = new long[in.getInt()];
            for (int d = 0; d < shape.length; d++) {
                shape[d] = in.getLong();
            }
            gguf.tensors.add(new Tensor(name, shape, in.getInt(), new byte[0]));
            offsets.add(in.getLong());
        }
        int data = (in.position() + 31) / 32 * 32;
        for (int i = 0; i < gguf.tensors.size(); i++) {
            Tensor tensor = gguf.tensors.get(i);
            int from = data + Math.toIntExact(offsets.get(i));
            tensor.data = Arrays.copyOfRange(file, from, from + Math.toIntExact(bytes(tensor)));
        }
        return gguf;
    }

    private static String text(ByteBuffer in) {
        byte[] bytes = new byte[(int) in.getLong()];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static void skip(ByteBuffer in, int type) {
        if (type == STRING) {
            int length = (int) in.getLong();
            in.position(in.position() + length);
        } else if (type == ARRAY) {
            int elements = in.getInt();
            long count = in.getLong();
            for (long i = 0; i < count; i++) {
                skip(in, elements);
            }
        } else {
            in.position(in.position() + WIDTHS[type]);
        }
    }

    /** The bytes that a tensor's shape and type ask for. */
    static long bytes(Tensor tensor) {
        TensorType type = TensorType.of(tensor.type);
        long elements = Arrays.stream(tensor.shape).reduce(1, (a, b) -> a * b);
        return type == null ? elements * 4 : elements / type.blockElements() * type.blockBytes();
    }

    /** Sets an entry, or adds it. */
    public EditableGguf set(String key, int type, byte[] value) {
        for (Entry entry : entries) {
            if (entry.key.equals(key)) {
                entry.type = type;
                entry.value = value;
                return this;
            }
        }
        entries.add(new Entry(key, type, value));
        return this;
    }

    /** Sets an unsigned 32-bit integer. */
    public EditableGguf integer(String key, int value) {
        return set(key, U32, int32(value));
    }

    /** Sets a text. */
    public EditableGguf text(String key, String value) {
        return set(key, STRING, string(value));
    }

    /** Sets an array of signed 32-bit integers. */
    public EditableGguf integers(String key, int... values) {
        ByteBuffer out = buffer(12 + 4 * values.length).putInt(I32).putLong(values.length);
        for (int value : values) {
            out.putInt(value);
        }
        return set(key, ARRAY, out.array());
    }

    /** Sets an array of texts. */
    public EditableGguf texts(String key, List<String> values) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(buffer(12).putInt(STRING).putLong(values.size()).array());
        values.forEach(value -> out.writeBytes(string(value)));
        return set(key, ARRAY, out.toByteArray());
    }

    /** The texts of an array. */
    public List<String> texts(String key) {
        for (Entry entry : entries) {
            if (entry.key.equals(key)) {
                ByteBuffer in = ByteBuffer.wrap(entry.value)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .position(4);
                long count = in.getLong();
                List<String> texts = new ArrayList<>();
                for (long i = 0; i < count; i++) {
                    texts.add(text(in));
                }
                return texts;
            }
        }
        throw new IllegalArgumentException("no entry " + key);
    }

    /** Removes an entry. */
    public EditableGguf remove(String key) {
        entries.removeIf(entry -> entry.key.equals(key));
        return this;
    }

    /** Gives a tensor another type, and zeros for data. */
    public EditableGguf retype(String name, TensorType type) {
        for (Tensor tensor : tensors) {
            if (tensor.name.equals(name)) {
                tensor.type = type.id();
                tensor.data = new byte[Math.toIntExact(bytes(tensor))];
                return this;
            }
        }
        throw new IllegalArgumentException("no tensor " + name);
    }

    /** Aligns the tensors to so many bytes, and says so. */
    public EditableGguf align(int bytes) {
        alignment = bytes;
        return integer("general.alignment", bytes);
    }

    /** Puts the file together. */
    public byte[] toBytes() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(buffer(24)
                .put("GGUF".getBytes(StandardCharsets.US_ASCII))
                .putInt(3)
                .putLong(tensors.size())
                .putLong(entries.size())
                .array());
        for (Entry entry : entries) {
            out.writeBytes(string(entry.key));
            out.writeBytes(int32(entry.type));
            out.writeBytes(entry.value);
        }
        long offset = 0;
        for (Tensor tensor : tensors) {
            out.writeBytes(string(tensor.name));
            out.writeBytes(int32(tensor.shape.length));
            for (long length : tensor.shape) {
                out.writeBytes(buffer(8).putLong(length).array());
            }
            out.writeBytes(int32(tensor.type));
            out.writeBytes(buffer(8).putLong(offset).array());
            offset = (offset + tensor.data.length + alignment - 1) / alignment * alignment;
        }
        pad(out);
        for (Tensor tensor : tensors) {
            out.writeBytes(tensor.data);
            pad(out);
        }
        return out.toByteArray();
    }

    private void pad(ByteArrayOutputStream out) {
        out.writeBytes(new byte[(alignment - out.size() % alignment) % alignment]);
    }

    static byte[] string(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return buffer(8 + bytes.length).putLong(bytes.length).put(bytes).array();
    }

    static byte[] int32(int value) {
        return buffer(4).putInt(value).array();
    }

    static ByteBuffer buffer(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
}
