package io.aded.gguf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads a GGUF header forward through the mapped file, checking each length against what is left of it. A header ends
 * within the first 2 GiB; the largest that are published take some ten megabytes.
 */
final class HeaderReader {
    /** "GGUF", read as a little-endian number. */
    private static final int MAGIC = 0x46554747;

    private static final int LONGEST_KEY = 65_535;

    /** Bytes of the longest text that is kept; whole tokenisers written as JSON have some 30 million. */
    private static final int LONGEST_TEXT = 128 << 20;

    /** Models have some fifty entries, and at most some ten thousand tensors. */
    private static final int MOST_ENTRIES = 1 << 13;

    private static final int MOST_TENSORS = 1 << 18;
    private static final int MOST_DIMENSIONS = 4;

    /** What a tensor takes at least: an empty name, one dimension. */
    private static final int LEAST_TENSOR_BYTES = 32;

    /** What an entry takes at least: an empty key, a byte. */
    private static final int LEAST_ENTRY_BYTES = 13;

    /** Where a file says nothing about it. */
    private static final long DEFAULT_ALIGNMENT = 32;

    /** Elements of an array that are kept: numbers for as many layers as there can be, and a few texts. */
    private static final int HEAD = 512;

    private static final int TEXTS = 16;

    private final Path path;
    private final long size;
    private final ByteBuffer file;
    private TokenTexts tokenTexts = TokenTexts.NONE;
    private long at;

    /**
     * Begins at the start.
     *
     * @param path for messages
     * @param size the file's length
     * @param file its first bytes, all of them up to 2 GiB
     */
    HeaderReader(Path path, long size, ByteBuffer file) {
        this.path = path;
        this.size = size;
        this.file = file.order(ByteOrder.LITTLE_ENDIAN);
    }

    GgufFile read() {
        int version = version();
        long tensorCount = int64();
        long entryCount = int64();
        fits("number of tensors", tensorCount, LEAST_TENSOR_BYTES);
        fits("number of entries", entryCount, LEAST_ENTRY_BYTES);
        if (tensorCount > MOST_TENSORS || entryCount > MOST_ENTRIES) {
            throw GgufFile.invalid(
                    path,
                    "it has " + entryCount + " entries and " + tensorCount + " tensors; allowed: up to " + MOST_ENTRIES
                            + " and " + MOST_TENSORS);
        }
        Map<String, Object> metadata = metadata(entryCount);
        long alignment = alignment(metadata);
        fits("number of tensors", tensorCount, LEAST_TENSOR_BYTES); // behind the entries, too
        List<GgufFile.Tensor> tensors = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (long i = 0; i < tensorCount; i++) {
            tensors.add(tensor(names));
        }
        long dataOffset = aligned(at, alignment);
        requireOneAfterTheOther(tensors, dataOffset, alignment);
        return new GgufFile(
                path,
                size,
                version,
                Collections.unmodifiableMap(metadata),
                List.copyOf(tensors),
                dataOffset,
                tokenTexts,
                alignment,
                1);
    }

    private int version() {
        if (int32() != MAGIC) {
            throw GgufFile.invalid(path, "it does not begin with \"GGUF\"");
        }
        int version = int32();
        if (version != 2 && version != 3) {
            if (Integer.reverseBytes(version) == 2 || Integer.reverseBytes(version) == 3) {
                throw GgufFile.invalid(path, "it is big-endian; supported: little-endian");
            }
            throw GgufFile.invalid(
                    path, "its version is " + Integer.toUnsignedString(version) + "; supported: 2 and 3");
        }
        return version;
    }

    private Map<String, Object> metadata(long entryCount) {
        Map<String, Object> metadata = new LinkedHashMap<>();
        for (long i = 0; i < entryCount; i++) {
            String key = string(LONGEST_KEY);
            int type = int32();
            // Read by llama.cpp without a look at their types.
            if ((key.equals("general.alignment") || key.equals("general.file_type")) && type != EntryType.UINT32) {
                throw GgufFile.invalid(path, "its " + key + " is no 32-bit unsigned integer");
            }
            if (metadata.put(key, value(key, type)) != null) {
                throw GgufFile.invalid(path, "it has the entry " + key + " twice");
            }
        }
        return metadata;
    }

    /** Bytes of which the places of tensors are multiples. */
    private long alignment(Map<String, Object> metadata) {
        long alignment = metadata.get("general.alignment") instanceof Long stated ? stated : DEFAULT_ALIGNMENT;
        if (alignment < 8 || alignment > 1 << 20 || Long.bitCount(alignment) != 1) {
            throw GgufFile.invalid(
                    path, "its alignment is " + alignment + "; allowed: powers of two from 8 to 1048576");
        }
        return alignment;
    }

    private static long aligned(long offset, long alignment) {
        return (offset + alignment - 1) / alignment * alignment;
    }

    /** Requires that tensors lie where llama.cpp looks for them, without gaps, and that all of each is in the file. */
    private void requireOneAfterTheOther(List<GgufFile.Tensor> tensors, long dataOffset, long alignment) {
        long available = size - dataOffset;
        long expected = 0;
        for (GgufFile.Tensor tensor : tensors) {
            if (tensor.offset() != expected) {
                throw GgufFile.invalid(
                        path,
                        "tensor " + tensor.name() + " lies at offset " + tensor.offset() + "; expected " + expected);
            }
            if (tensor.bytes() > available - tensor.offset()) {
                throw GgufFile.invalid(
                        path,
                        "it is truncated: tensor " + tensor.name() + " ends at byte "
                                + (dataOffset + tensor.offset() + tensor.bytes()) + " but the file has "
                                + size + "; fetch or copy it anew");
            }
            expected = aligned(tensor.offset() + tensor.bytes(), alignment);
        }
    }

    private GgufFile.Tensor tensor(Set<String> names) {
        String name = string(LONGEST_KEY);
        if (!names.add(name)) {
            throw GgufFile.invalid(path, "it has the tensor " + name + " twice");
        }
        int dimensions = int32();
        if (dimensions < 1 || dimensions > MOST_DIMENSIONS) {
            throw GgufFile.invalid(
                    path,
                    "tensor " + name + " has " + Integer.toUnsignedString(dimensions) + " dimensions; allowed: 1 to "
                            + MOST_DIMENSIONS);
        }
        List<Long> shape = new ArrayList<>();
        long elements = 1;
        for (int i = 0; i < dimensions; i++) {
            long length = int64();
            if (length < 1 || length > Long.MAX_VALUE / 64 / elements) {
                throw GgufFile.invalid(
                        path, "tensor " + name + " has the impossible size " + Long.toUnsignedString(length));
            }
            shape.add(length);
            elements *= length;
        }
        int typeId = int32();
        TensorType type = TensorType.of(typeId);
        if (type == null) {
            throw GgufFile.invalid(
                    path, "tensor " + name + " has the unknown type " + Integer.toUnsignedString(typeId));
        }
        if (shape.get(0) % type.blockElements() != 0) {
            throw GgufFile.invalid(
                    path,
                    "tensor " + name + " has rows of " + shape.get(0) + " elements; " + type.label()
                            + " needs multiples of " + type.blockElements());
        }
        long offset = int64();
        return new GgufFile.Tensor(
                name, List.copyOf(shape), type, offset, elements / type.blockElements() * type.blockBytes());
    }

    private Object value(String key, int type) {
        return switch (type) {
            case EntryType.UINT8 -> (long) (int8() & 0xff);
            case EntryType.INT8 -> (long) int8();
            case EntryType.UINT16 -> (long) (int16() & 0xffff);
            case EntryType.INT16 -> (long) int16();
            case EntryType.UINT32 -> int32() & 0xffffffffL;
            case EntryType.INT32 -> (long) int32();
            case EntryType.FLOAT32 -> (double) Float.intBitsToFloat(int32());
            case EntryType.BOOL -> truth(key);
            case EntryType.STRING -> string(LONGEST_TEXT);
            case EntryType.ARRAY -> array(key);
            case EntryType.UINT64, EntryType.INT64 -> int64();
            case EntryType.FLOAT64 -> Double.longBitsToDouble(int64());
            default ->
                throw GgufFile.invalid(
                        path, "the entry " + key + " has the unknown type " + Integer.toUnsignedString(type));
        };
    }

    private boolean truth(String key) {
        byte value = int8();
        if (value != 0 && value != 1) {
            throw GgufFile.invalid(path, "the truth value " + key + " is " + value + "; allowed: 0 and 1");
        }
        return value == 1;
    }

    private GgufFile.Array array(String key) {
        int type = int32();
        if (!EntryType.exists(type) || type == EntryType.ARRAY) {
            throw GgufFile.invalid(
                    path, "the array " + key + " has elements of the unknown type " + Integer.toUnsignedString(type));
        }
        // The older line reads bytes there, whatever they are, and would read others than were looked at.
        if (key.equals(CharacterMap.KEY) && type > EntryType.INT8) {
            throw GgufFile.invalid(path, key + " is no array of bytes");
        }
        long count = int64();
        int width = type == EntryType.STRING ? 8 : EntryType.width(type);
        fits("length of the array " + key, count, width);
        long start = at;
        List<Object> head = new ArrayList<>();
        long kept = Math.min(count, type == EntryType.STRING ? TEXTS : HEAD);
        for (long i = 0; i < kept; i++) {
            head.add(value(key, type));
        }
        if (type == EntryType.STRING) {
            for (long i = kept; i < count; i++) {
                long length = int64();
                fits("length of a text in " + key, length, 1);
                at += length;
            }
            if (key.equals(TokenTexts.KEY) && count <= TokenTexts.MOST) {
                need(0);
                tokenTexts = TokenTexts.read(file, (int) start, (int) count);
            }
        } else {
            if (key.equals(CharacterMap.KEY)) {
                at = start;
                need(count);
                String problem = CharacterMap.problem(file.slice((int) start, (int) count));
                if (problem != null) {
                    throw GgufFile.invalid(path, key + " " + problem);
                }
            }
            at = start + count * width;
        }
        return new GgufFile.Array(EntryType.name(type), count, List.copyOf(head));
    }

    private String string(int longest) {
        long length = int64();
        fits("length of a text", length, 1);
        if (length > longest) {
            throw GgufFile.invalid(
                    path, "a text at byte " + (at - 8) + " is " + length + " bytes long; allowed: " + longest);
        }
        byte[] bytes = new byte[(int) length];
        need(length);
        file.get((int) at, bytes);
        at += length;
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** Refuses a count that could not be true even if each thing took the least that it can. */
    private void fits(String what, long count, int leastBytes) {
        if (count < 0 || count > (size - at) / leastBytes) {
            throw GgufFile.invalid(
                    path,
                    "the " + what + " is " + Long.toUnsignedString(count) + ", more than fits into the " + (size - at)
                            + " bytes that follow; it is truncated or damaged");
        }
    }

    private void need(long bytes) {
        if (size - at < bytes) {
            throw GgufFile.invalid(path, "it is truncated: the header goes on beyond its " + size + " bytes");
        }
        if (file.capacity() - at < bytes) {
            throw GgufFile.invalid(path, "its header goes on beyond " + file.capacity() + " bytes");
        }
    }

    private byte int8() {
        need(1);
        return file.get((int) at++);
    }

    private short int16() {
        need(2);
        short value = file.getShort((int) at);
        at += 2;
        return value;
    }

    private int int32() {
        need(4);
        int value = file.getInt((int) at);
        at += 4;
        return value;
    }

    private long int64() {
        need(8);
        long value = file.getLong((int) at);
        at += 8;
        return value;
    }
}
