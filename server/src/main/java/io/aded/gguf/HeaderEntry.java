package io.aded.gguf;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * An entry of a GGUF header as its bytes, for copying what need not be understood.
 *
 * @param key its name
 * @param type the number of its {@linkplain EntryType type}
 * @param value little-endian, as it stands in a file
 */
record HeaderEntry(String key, int type, byte[] value) {
    /** An array's element type and count stand before its elements. */
    private static final int ARRAY_HEAD = 12;

    /** An unsigned 32-bit integer. */
    static HeaderEntry integer(String key, int value) {
        return new HeaderEntry(key, EntryType.UINT32, buffer(4).putInt(value).array());
    }

    /** A 32-bit float. */
    static HeaderEntry number(String key, float value) {
        return new HeaderEntry(key, EntryType.FLOAT32, buffer(4).putFloat(value).array());
    }

    /** A text. */
    static HeaderEntry text(String key, String value) {
        return new HeaderEntry(key, EntryType.STRING, string(value));
    }

    /**
     * Reads all entries of a file whose header is known to be sound.
     *
     * @throws IOException if it cannot be read
     */
    static List<HeaderEntry> readAll(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer bytes = channel.map(
                            FileChannel.MapMode.READ_ONLY, 0, Math.min(channel.size(), Integer.MAX_VALUE))
                    .order(ByteOrder.LITTLE_ENDIAN);
            long count = bytes.position(16).getLong();
            List<HeaderEntry> entries = new ArrayList<>();
            for (long i = 0; i < count; i++) {
                byte[] key = new byte[(int) bytes.getLong()];
                bytes.get(key);
                int type = bytes.getInt();
                int start = bytes.position();
                byte[] value = new byte[skip(bytes, type) - start];
                bytes.get(start, value);
                entries.add(new HeaderEntry(new String(key, StandardCharsets.UTF_8), type, value));
            }
            return entries;
        }
    }

    /** Moves beyond a value, and returns where that is. */
    private static int skip(ByteBuffer bytes, int type) {
        if (type == EntryType.STRING) {
            long length = bytes.getLong();
            bytes.position(Math.toIntExact(bytes.position() + length));
        } else if (type == EntryType.ARRAY) {
            int elements = bytes.getInt();
            long count = bytes.getLong();
            if (elements == EntryType.STRING) {
                for (long i = 0; i < count; i++) {
                    skip(bytes, EntryType.STRING);
                }
            } else {
                bytes.position(Math.toIntExact(bytes.position() + count * EntryType.width(elements)));
            }
        } else {
            bytes.position(bytes.position() + EntryType.width(type));
        }
        return bytes.position();
    }

    boolean isArray() {
        return type == EntryType.ARRAY;
    }

    /** Elements of an array. */
    long count() {
        return ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).getLong(4);
    }

    /**
     * The array with further elements at its end.
     *
     * @param more how many
     * @param element the bytes of the i-th of them
     */
    HeaderEntry withMore(int more, IntFunction<byte[]> element) {
        ByteArrayOutputStream grown = new ByteArrayOutputStream();
        grown.write(value, 0, 4);
        grown.writeBytes(buffer(8).putLong(count() + more).array());
        grown.write(value, ARRAY_HEAD, value.length - ARRAY_HEAD);
        for (int i = 0; i < more; i++) {
            grown.writeBytes(element.apply(i));
        }
        return new HeaderEntry(key, type, grown.toByteArray());
    }

    /** Bytes that it takes in a header. */
    int size() {
        return string(key).length + 4 + value.length;
    }

    /** Appends it to a header. */
    void write(ByteBuffer header) {
        header.put(string(key)).putInt(type).put(value);
    }

    /** A text with its length before it. */
    static byte[] string(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return buffer(8 + bytes.length).putLong(bytes.length).put(bytes).array();
    }

    static ByteBuffer buffer(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
}
