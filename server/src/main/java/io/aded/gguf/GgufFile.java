package io.aded.gguf;

import io.aded.model.AdedException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
    private static final int LONGEST_REASON = 600;

    private final Path path;
    private final long size;
    private final int version;
    private final Map<String, Object> metadata;
    private final List<Tensor> tensors;
    private final long dataOffset;
    private final TokenTexts tokenTexts;
    private final long alignment;
    private final int parts;

    GgufFile(
            Path path,
            long size,
            int version,
            Map<String, Object> metadata,
            List<Tensor> tensors,
            long dataOffset,
            TokenTexts tokenTexts,
            long alignment,
            int parts) {
        this.path = path;
        this.size = size;
        this.version = version;
        this.metadata = metadata;
        this.tensors = tensors;
        this.dataOffset = dataOffset;
        this.tokenTexts = tokenTexts;
        this.alignment = alignment;
        this.parts = parts;
    }

    /** How many files it was read from. */
    int parts() {
        return parts;
    }

    /** Bytes that each tensor's data begins at a multiple of. */
    long alignment() {
        return alignment;
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
            // A pipe would be waited for, and a device may never end.
            if (Files.exists(path) && !Files.isRegularFile(path)) {
                throw invalid(path, "it is a device, a pipe or a socket; allowed: a regular file");
            }
            try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
                long size = channel.size();
                if (size < 24) {
                    throw invalid(path, "it has only " + size + " bytes, less than a GGUF header");
                }
                long mapped = Math.min(size, Integer.MAX_VALUE);
                return new HeaderReader(path, size, channel.map(FileChannel.MapMode.READ_ONLY, 0, mapped)).read();
            }
        } catch (NoSuchFileException e) {
            throw new AdedException.NotFound("MODEL_NOT_FOUND", "there is no model file at " + path);
        } catch (IOException e) {
            throw new AdedException.InvalidArtifact(
                    "MODEL_UNREADABLE", "cannot read the model file " + path + ": " + e.getMessage(), e);
        }
    }

    /**
     * Reads the header of a model, and those of the files that it is continued in: the tensors and the size are of all.
     *
     * @throws AdedException.NotFound if there is no such file
     * @throws AdedException.InvalidArtifact if one of them is no GGUF file, or if one is missing
     */
    public static GgufFile readModel(Path path) {
        GgufFile first = read(path);
        long count = first.integer("split.count", 1);
        if (count <= 1 || first.integer("split.no", 0) != 0) {
            return first;
        }
        return new SplitModel(first, count).join();
    }

    GgufFile withParts(List<Tensor> allTensors, long allBytes, int count) {
        return new GgufFile(
                path, allBytes, version, metadata, List.copyOf(allTensors), dataOffset, tokenTexts, alignment, count);
    }

    /** Keys and names of a file may be as long as they like; what is said of them is not. */
    static AdedException.InvalidArtifact invalid(Path path, String why) {
        String shown = why.length() <= LONGEST_REASON ? why : why.substring(0, LONGEST_REASON) + "\u2026";
        return new AdedException.InvalidArtifact("INVALID_GGUF", path + " is not a usable GGUF file: " + shown);
    }

    TokenTexts tokenTexts() {
        return tokenTexts;
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
            return text.replaceAll("[\\p{Cc}\\p{Cf}]", "?");
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

    /**
     * Checks what a language model needs and what llama.cpp takes for granted.
     *
     * @throws AdedException.InvalidArtifact if something is missing or out of range
     */
    public void requireModel() {
        requireModel(LineLimits.NEWEST);
    }

    /**
     * Checks what a language model needs and what a line of llama.cpp takes for granted.
     *
     * @throws AdedException.InvalidArtifact if something is missing or out of range
     */
    public void requireModel(LineLimits limits) {
        new ModelChecks(this, limits).run();
    }
}
