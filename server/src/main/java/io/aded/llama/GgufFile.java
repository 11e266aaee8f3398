package io.aded.llama;

import io.aded.model.AdedException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The header of a GGUF file: what kind of model it is, and where its tensors lie. Immutable.
 *
 * <pre>{@code
 * magic "GGUF" | version u32 | tensors u64 | entries u64
 * entry:  key string | type u32 | value            (string: length u64, bytes; array: type u32, count u64, elements)
 * tensor: name string | dimensions u32 | sizes u64[] | type u32 | offset u64
 * padding to the alignment | tensor data
 * }</pre>
 *
 * <p>Nothing that the file says is believed before it is checked against the file's own length: a count or length that
 * does not fit ends the reading, so hostile files cost neither memory nor time. What llama.cpp would answer with an
 * assertion, which ends the process, is refused here with a message ({@link #requireModel}).
 */
public final class GgufFile {
    private static final int MAGIC = 0x46554747;
    private static final int LONGEST_KEY = 65_535;
    private static final int MOST_DIMENSIONS = 4;
    /** llama.cpp's own limit on layers; more would write beyond its arrays. */
    private static final int MOST_LAYERS = 512;
    /** The limit of the older line; it is an assertion there. */
    private static final int MOST_EXPERTS = 256;

    private final Path path;
    private final long size;
    private final int version;
    private final Map<String, Object> metadata;
    private final List<Tensor> tensors;
    private final long dataOffset;
    private final TokenTexts tokenTexts;
    private final Places places;

    /**
     * Where things stand in the file, for {@link Requantizer}.
     *
     * @param entriesEnd where the entries end and the tensors' descriptions begin
     * @param fileType where the value of {@code general.file_type} stands, or -1
     * @param alignment of the tensors' data
     */
    record Places(long entriesEnd, long fileType, long alignment) {}

    private GgufFile(
            Path path,
            long size,
            int version,
            Map<String, Object> metadata,
            List<Tensor> tensors,
            long dataOffset,
            TokenTexts tokenTexts,
            Places places) {
        this.path = path;
        this.size = size;
        this.version = version;
        this.metadata = metadata;
        this.tensors = tensors;
        this.dataOffset = dataOffset;
        this.tokenTexts = tokenTexts;
        this.places = places;
    }

    Places places() {
        return places;
    }

    /**
     * Reads a file's header.
     *
     * @throws AdedException.NotFound if there is no such file
     * @throws AdedException.InvalidArtifact if it is no GGUF file, is truncated, or contradicts itself
     */
    public static GgufFile read(Path path) {
        try {
            if (Files.isDirectory(path)) {
                throw invalid(path, "it is a directory; name a .gguf file in it");
            }
            try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
                    Arena arena = Arena.ofConfined()) {
                long size = channel.size();
                if (size < 24) {
                    throw invalid(path, "it has only " + size + " bytes, less than a GGUF header");
                }
                return new Reader(path, channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena)).read();
            }
        } catch (NoSuchFileException e) {
            throw new AdedException.NotFound("MODEL_NOT_FOUND", "there is no model file at " + path);
        } catch (IOException e) {
            throw new AdedException.InvalidArtifact(
                    "MODEL_UNREADABLE", "cannot read the model file " + path + ": " + e.getMessage(), e);
        }
    }

    private static AdedException.InvalidArtifact invalid(Path path, String why) {
        return new AdedException.InvalidArtifact("INVALID_GGUF", path + " is not a usable GGUF file: " + why);
    }

    /** Where it lies. */
    public Path path() {
        return path;
    }

    /** The file's length in bytes. */
    public long size() {
        return size;
    }

    /** The format's version, 2 or 3. */
    public int version() {
        return version;
    }

    /** The tensors, in the file's order. */
    public List<Tensor> tensors() {
        return tensors;
    }

    /** Where the tensors' data begins, in bytes from the start of the file. */
    public long dataOffset() {
        return dataOffset;
    }

    /**
     * All entries, in the file's order. Values are {@link String}, {@link Long} (every kind of integer), {@link Double}
     * (every kind of float), {@link Boolean} or {@link Array}.
     */
    public Map<String, Object> metadata() {
        return metadata;
    }

    /** A text, or null if there is no such entry or it is of another type. */
    public @Nullable String string(String key) {
        return metadata.get(key) instanceof String text ? text : null;
    }

    /** An integer, or the given value if there is no such entry or it is of another type. */
    public long integer(String key, long otherwise) {
        return metadata.get(key) instanceof Long value ? value : otherwise;
    }

    /** A number, or the given value if there is no such entry or it is of another type. */
    public double number(String key, double otherwise) {
        return metadata.get(key) instanceof Number value ? value.doubleValue() : otherwise;
    }

    /** A truth value, or the given one if there is no such entry or it is of another type. */
    public boolean flag(String key, boolean otherwise) {
        return metadata.get(key) instanceof Boolean value ? value : otherwise;
    }

    /** The architecture, such as {@code llama}; empty if the file does not say. */
    public String architecture() {
        String text = string("general.architecture");
        return text == null ? "" : text;
    }

    /** The model's own name, or else the file's name without its extension. */
    public String name() {
        String text = string("general.name");
        if (text != null && !text.isBlank()) {
            return text;
        }
        String file = String.valueOf(path.getFileName());
        return file.endsWith(".gguf") ? file.substring(0, file.length() - 5) : file;
    }

    /** The number of weights. */
    public long parameters() {
        long sum = 0;
        for (Tensor tensor : tensors) {
            sum += tensor.elements();
        }
        return sum;
    }

    /** The tensor type that most of the weights have, such as {@code Q8_0}. */
    public String quantization() {
        Map<TensorType, Long> elements = new HashMap<>();
        for (Tensor tensor : tensors) {
            elements.merge(tensor.type(), tensor.elements(), Long::sum);
        }
        return elements.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(entry -> entry.getKey().label())
                .orElse("");
    }

    /** The tokens of context that the model was trained on; 0 if the file does not say. */
    public long trainedContext() {
        return integer(architecture() + ".context_length", 0);
    }

    /**
     * One tensor.
     *
     * @param name unique in the file
     * @param shape sizes, the fastest-running first
     * @param type of its elements
     * @param offset in bytes from the start of the data
     * @param bytes its length
     */
    public record Tensor(String name, List<Long> shape, TensorType type, long offset, long bytes) {
        /** The number of elements. */
        public long elements() {
            long product = 1;
            for (long length : shape) {
                product *= length;
            }
            return product;
        }
    }

    /**
     * An array entry. Its elements are kept only if there are few.
     *
     * @param elementType the elements' type, as GGUF names it
     * @param count how many there are
     * @param head the first few elements
     */
    public record Array(String elementType, long count, List<Object> head) {}

    /** Tensor element types: how many elements share a block, and a block's bytes. */
    public enum TensorType {
        F32(0, 1, 4),
        F16(1, 1, 2),
        Q4_0(2, 32, 18),
        Q4_1(3, 32, 20),
        Q5_0(6, 32, 22),
        Q5_1(7, 32, 24),
        Q8_0(8, 32, 34),
        Q8_1(9, 32, 36),
        Q2_K(10, 256, 84),
        Q3_K(11, 256, 110),
        Q4_K(12, 256, 144),
        Q5_K(13, 256, 176),
        Q6_K(14, 256, 210),
        Q8_K(15, 256, 292),
        IQ2_XXS(16, 256, 66),
        IQ2_XS(17, 256, 74),
        IQ3_XXS(18, 256, 98),
        IQ1_S(19, 256, 50),
        IQ4_NL(20, 32, 18),
        IQ3_S(21, 256, 110),
        IQ2_S(22, 256, 82),
        IQ4_XS(23, 256, 136),
        I8(24, 1, 1),
        I16(25, 1, 2),
        I32(26, 1, 4),
        I64(27, 1, 8),
        F64(28, 1, 8),
        IQ1_M(29, 256, 56),
        BF16(30, 1, 2),
        TQ1_0(34, 256, 54),
        TQ2_0(35, 256, 66),
        MXFP4(39, 32, 17),
        NVFP4(40, 64, 36),
        Q1_0(41, 128, 18),
        Q2_0(42, 64, 18);

        private final int id;
        private final int blockElements;
        private final int blockBytes;

        TensorType(int id, int blockElements, int blockBytes) {
            this.id = id;
            this.blockElements = blockElements;
            this.blockBytes = blockBytes;
        }

        static @Nullable TensorType of(int id) {
            for (TensorType type : values()) {
                if (type.id == id) {
                    return type;
                }
            }
            return null;
        }

        /** The number that files use. */
        public int id() {
            return id;
        }

        /** Elements in a block; rows are whole blocks. */
        public int blockElements() {
            return blockElements;
        }

        /** Bytes of a block. */
        public int blockBytes() {
            return blockBytes;
        }

        boolean isInteger() {
            return this == I8 || this == I16 || this == I32 || this == I64;
        }

        /** The usual name. */
        public String label() {
            return name();
        }
    }

    /**
     * Checks what a language model needs and what llama.cpp takes for granted.
     *
     * @throws AdedException.InvalidArtifact if something is missing or out of range
     */
    public void requireModel() {
        String architecture = architecture();
        if (architecture.isEmpty()) {
            throw invalid(path, "it does not name an architecture (general.architecture)");
        }
        if (tensors.isEmpty()) {
            throw invalid(path, "it holds no tensors");
        }
        if (string("tokenizer.ggml.model") == null) {
            throw invalid(path, "it has no tokeniser (tokenizer.ggml.model); it is not a text model");
        }
        within(architecture + ".block_count", 1, MOST_LAYERS);
        within(architecture + ".embedding_length", 1, 1 << 20);
        within(architecture + ".context_length", 1, Integer.MAX_VALUE);
        optional(architecture + ".attention.head_count", 1, 1 << 14);
        optional(
                architecture + ".attention.head_count_kv", 0, integer(architecture + ".attention.head_count", 1 << 14));
        optional(architecture + ".expert_count", 0, MOST_EXPERTS);
        optional(architecture + ".expert_used_count", 0, integer(architecture + ".expert_count", 0));
        for (String norm : List.of("layer_norm_rms_epsilon", "layer_norm_epsilon", "group_norm_epsilon")) {
            String key = architecture + ".attention." + norm;
            double epsilon = number(key, 1e-5);
            if (!(epsilon >= 0 && epsilon <= 1)) {
                throw invalid(path, key + " is " + epsilon + "; allowed: 0 to 1");
            }
        }
        requireTokens();
        for (String special : List.of("bos", "eos", "unknown", "separator", "padding", "eot", "eom")) {
            String key = "tokenizer.ggml." + special + "_token_id";
            // Some files use 0xFFFFFFFF, or the vocabulary's size, for "none"; the library ignores those.
            if (metadata.get(key) != null && !(metadata.get(key) instanceof Long)) {
                throw invalid(path, key + " is not an integer");
            }
        }
    }

    private void requireTokens() {
        if (!(metadata.get(TokenTexts.KEY) instanceof Array tokens) || tokens.count() < 1) {
            throw invalid(path, "its tokeniser has no tokens (" + TokenTexts.KEY + ")");
        }
        if (tokens.count() > 1 << 24) {
            throw invalid(path, "it has " + tokens.count() + " tokens; allowed: up to " + (1 << 24));
        }
        if (tokenTexts.duplicate() >= 0) {
            throw invalid(path, "its token " + tokenTexts.duplicate() + " has the text of an earlier one");
        }
        if ("llama".equals(string("tokenizer.ggml.model")) && tokenTexts.byteTokens() != 256) {
            throw invalid(
                    path,
                    "its tokeniser knows only " + tokenTexts.byteTokens()
                            + " of the 256 byte tokens <0x00> to <0xFF>, so it cannot split every text");
        }
        parallel("tokenizer.ggml.scores", "f32", tokens.count());
        parallel("tokenizer.ggml.token_type", "i32", tokens.count());
    }

    /** An array with one element a token, which the library reads without looking at its length. */
    private void parallel(String key, String elementType, long count) {
        Object value = metadata.get(key);
        if (value == null) {
            return;
        }
        if (!(value instanceof Array array) || !array.elementType().equals(elementType) || array.count() != count) {
            throw invalid(path, key + " is not an array of " + count + " elements of type " + elementType);
        }
    }

    private void within(String key, long least, long most) {
        if (!(metadata.get(key) instanceof Long value)) {
            throw invalid(path, "it lacks the integer " + key);
        }
        if (value < least || value > most) {
            throw invalid(path, key + " is " + value + "; allowed: " + least + " to " + most);
        }
    }

    private void optional(String key, long least, long most) {
        if (metadata.containsKey(key)) {
            within(key, least, most);
        }
    }

    /** Reads forward through the mapped file, checking each length against what is left. */
    private static final class Reader {
        private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
        private static final ValueLayout.OfLong LONG =
                ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
        private static final ValueLayout.OfShort SHORT =
                ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

        private static final int STRING = 8;
        private static final int ARRAY = 9;
        private static final int[] WIDTHS = {1, 1, 2, 2, 4, 4, 4, 1, -1, -1, 8, 8, 8};
        private static final String[] NAMES = {
            "u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string", "array", "u64", "i64", "f64"
        };
        /** Elements of an array that are kept. */
        private static final int HEAD = 16;

        private final Path path;
        private final MemorySegment file;
        private TokenTexts tokenTexts = TokenTexts.NONE;
        private long at;

        Reader(Path path, MemorySegment file) {
            this.path = path;
            this.file = file;
        }

        GgufFile read() {
            if (int32() != MAGIC) {
                throw invalid(path, "it does not begin with \"GGUF\"");
            }
            int version = int32();
            if (version != 2 && version != 3) {
                if (Integer.reverseBytes(version) == 2 || Integer.reverseBytes(version) == 3) {
                    throw invalid(path, "it is big-endian; supported: little-endian");
                }
                throw invalid(path, "its version is " + Integer.toUnsignedString(version) + "; supported: 2 and 3");
            }
            long tensorCount = int64();
            long entryCount = int64();
            // The least that a tensor (empty name, one dimension) and an entry (empty key, a byte) can take.
            fits("number of tensors", tensorCount, 32);
            fits("number of entries", entryCount, 13);

            Map<String, Object> metadata = new LinkedHashMap<>();
            long fileType = -1;
            for (long i = 0; i < entryCount; i++) {
                String key = string(LONGEST_KEY);
                int type = int32();
                if (key.equals("general.file_type") && type == 4) {
                    fileType = at;
                }
                if (metadata.put(key, value(key, type)) != null) {
                    throw invalid(path, "it has the entry " + key + " twice");
                }
            }
            long alignment = 32;
            if (metadata.get("general.alignment") instanceof Long stated) {
                alignment = stated;
            }
            if (alignment < 8 || alignment > 1 << 20 || Long.bitCount(alignment) != 1) {
                throw invalid(path, "its alignment is " + alignment + "; allowed: powers of two from 8 to 1048576");
            }

            Places places = new Places(at, fileType, alignment);
            fits("number of tensors", tensorCount, 32);
            List<Tensor> tensors = new ArrayList<>();
            Set<String> names = new HashSet<>();
            for (long i = 0; i < tensorCount; i++) {
                tensors.add(tensor(names));
            }
            long dataOffset = (at + alignment - 1) / alignment * alignment;
            long available = file.byteSize() - dataOffset;
            long expected = 0;
            for (Tensor tensor : tensors) {
                if (tensor.offset() != expected) {
                    throw invalid(
                            path,
                            "tensor " + tensor.name() + " lies at offset " + tensor.offset() + "; expected "
                                    + expected);
                }
                if (tensor.bytes() > available - tensor.offset()) {
                    throw invalid(
                            path,
                            "it is truncated: tensor " + tensor.name() + " ends at byte "
                                    + (dataOffset + tensor.offset() + tensor.bytes()) + " but the file has "
                                    + file.byteSize());
                }
                expected = (tensor.offset() + tensor.bytes() + alignment - 1) / alignment * alignment;
            }
            return new GgufFile(
                    path,
                    file.byteSize(),
                    version,
                    Collections.unmodifiableMap(metadata),
                    List.copyOf(tensors),
                    dataOffset,
                    tokenTexts,
                    places);
        }

        private Tensor tensor(Set<String> names) {
            String name = string(LONGEST_KEY);
            if (!names.add(name)) {
                throw invalid(path, "it has the tensor " + name + " twice");
            }
            int dimensions = int32();
            if (dimensions < 1 || dimensions > MOST_DIMENSIONS) {
                throw invalid(
                        path,
                        "tensor " + name + " has " + Integer.toUnsignedString(dimensions)
                                + " dimensions; allowed: 1 to " + MOST_DIMENSIONS);
            }
            List<Long> shape = new ArrayList<>();
            long elements = 1;
            for (int i = 0; i < dimensions; i++) {
                long length = int64();
                if (length < 1 || length > Long.MAX_VALUE / 64 / elements) {
                    throw invalid(path, "tensor " + name + " has the impossible size " + Long.toUnsignedString(length));
                }
                shape.add(length);
                elements *= length;
            }
            int typeId = int32();
            TensorType type = TensorType.of(typeId);
            if (type == null) {
                throw invalid(path, "tensor " + name + " has the unknown type " + Integer.toUnsignedString(typeId));
            }
            if (shape.get(0) % type.blockElements() != 0) {
                throw invalid(
                        path,
                        "tensor " + name + " has rows of " + shape.get(0) + " elements; " + type.label()
                                + " needs multiples of " + type.blockElements());
            }
            long offset = int64();
            return new Tensor(
                    name, List.copyOf(shape), type, offset, elements / type.blockElements() * type.blockBytes());
        }

        private Object value(String key, int type) {
            return switch (type) {
                case 0 -> (long) (int8() & 0xff);
                case 1 -> (long) int8();
                case 2 -> (long) (int16() & 0xffff);
                case 3 -> (long) int16();
                case 4 -> int32() & 0xffffffffL;
                case 5 -> (long) int32();
                case 6 -> (double) Float.intBitsToFloat(int32());
                case 7 -> truth(key);
                case STRING -> string(Integer.MAX_VALUE - 16);
                case ARRAY -> array(key);
                case 10, 11 -> int64();
                case 12 -> Double.longBitsToDouble(int64());
                default ->
                    throw invalid(path, "the entry " + key + " has the unknown type " + Integer.toUnsignedString(type));
            };
        }

        private boolean truth(String key) {
            byte value = int8();
            if (value != 0 && value != 1) {
                throw invalid(path, "the truth value " + key + " is " + value + "; allowed: 0 and 1");
            }
            return value == 1;
        }

        private Array array(String key) {
            int type = int32();
            if (type < 0 || type >= WIDTHS.length || type == ARRAY) {
                throw invalid(
                        path,
                        "the array " + key + " has elements of the unknown type " + Integer.toUnsignedString(type));
            }
            long count = int64();
            int width = type == STRING ? 8 : WIDTHS[type];
            fits("length of the array " + key, count, width);
            long start = at;
            List<Object> head = new ArrayList<>();
            long kept = Math.min(count, HEAD);
            for (long i = 0; i < kept; i++) {
                head.add(value(key, type));
            }
            if (type == STRING) {
                for (long i = kept; i < count; i++) {
                    long length = int64();
                    fits("length of a text in " + key, length, 1);
                    at += length;
                }
                if (key.equals(TokenTexts.KEY)) {
                    tokenTexts = TokenTexts.read(file, start, count);
                }
            } else {
                at += (count - kept) * width;
            }
            return new Array(NAMES[type], count, List.copyOf(head));
        }

        private String string(int longest) {
            long length = int64();
            fits("length of a text", length, 1);
            if (length > longest) {
                throw invalid(
                        path, "a text at byte " + (at - 8) + " is " + length + " bytes long; allowed: " + longest);
            }
            byte[] bytes = new byte[(int) length];
            MemorySegment.copy(file, ValueLayout.JAVA_BYTE, at, bytes, 0, bytes.length);
            at += length;
            return new String(bytes, StandardCharsets.UTF_8);
        }

        /** Refuses a count that could not be true even if each thing took the least that it can. */
        private void fits(String what, long count, int leastBytes) {
            if (count < 0 || count > (file.byteSize() - at) / leastBytes) {
                throw invalid(
                        path,
                        "the " + what + " is " + Long.toUnsignedString(count) + ", more than fits into the "
                                + (file.byteSize() - at) + " bytes that follow; it is truncated or damaged");
            }
        }

        private void need(int bytes) {
            if (file.byteSize() - at < bytes) {
                throw invalid(path, "it is truncated: the header goes on beyond its " + file.byteSize() + " bytes");
            }
        }

        private byte int8() {
            need(1);
            return file.get(ValueLayout.JAVA_BYTE, at++);
        }

        private short int16() {
            need(2);
            short value = file.get(SHORT, at);
            at += 2;
            return value;
        }

        private int int32() {
            need(4);
            int value = file.get(INT, at);
            at += 4;
            return value;
        }

        private long int64() {
            need(8);
            long value = file.get(LONG, at);
            at += 8;
            return value;
        }
    }
}
