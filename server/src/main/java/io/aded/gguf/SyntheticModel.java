package io.aded.gguf;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes a model of the llama architecture with random weights: what its passes cost is what those of a real model of
 * that shape and format cost, and nobody has to carry it about. The vocabulary is another file's.
 */
public final class SyntheticModel {
    /*
     * What it says
     *
     *   Random weights give flat distributions, in which two tokens are often so close that a pass of another width
     *   swaps them; drafts of known text would then be judged by noise. So the output's rows are rows of the embedding:
     *   the row of a token is what the token before it, in a fixed circle through the whole vocabulary, is embedded as.
     *   A token's embedding goes through all layers beside what they add, so the next in the circle wins by far, and at
     *   every width. The text repeats nothing before it has said every token once: there is nothing in it to copy, and
     *   a drafter that does not know the circle is wrong whenever it guesses.
     *
     * How it is written
     *
     *   Front to back through one buffer, a block at a time; a row that is needed twice is made twice from its seed.
     */
    private static final int ALIGNMENT = 32;

    private static final int BUFFER = 8 << 20;
    private static final int NORMAL_TOKEN = 1;

    /** Embeddings and output, as trained models have them. */
    private static final double EMBEDDING_DEVIATION = 0.02;

    /** What a matrix makes of the variance that goes in, as a factor: together the layers stay below the embedding. */
    private static final double GAIN = 0.1;

    private final Shape shape;
    private final SyntheticFormat format;
    private final long seed;
    private final List<HeaderEntry> entries;
    private final List<Tensor> tensors = new ArrayList<>();
    private final int vocabulary;
    private final RandomBits bits = new RandomBits();

    /**
     * Sizes of a model.
     *
     * @param name what it is called
     * @param layers at least 1
     * @param dimension of the residual stream; a multiple of the format's block and of the heads
     * @param heads of the queries
     * @param keyValueHeads divides {@code heads}
     * @param feedForward a multiple of the format's block
     * @param vocabulary tokens, at least; 0 for those of the file that the vocabulary comes from
     * @param context tokens
     * @param ropeBase of the positions' frequencies
     */
    public record Shape(
            String name,
            int layers,
            int dimension,
            int heads,
            int keyValueHeads,
            int feedForward,
            int vocabulary,
            int context,
            float ropeBase) {
        /** TinyLlama 1.1B, and Llama 3's three small sizes. */
        private static final List<Shape> KNOWN = List.of(
                new Shape("llama-1b", 22, 2048, 32, 4, 5632, 32_000, 2048, 10_000f),
                new Shape("llama-3b", 28, 3072, 24, 8, 8192, 128_256, 8192, 500_000f),
                new Shape("llama-8b", 32, 4096, 32, 8, 14_336, 128_256, 8192, 500_000f),
                new Shape("llama-70b", 80, 8192, 64, 8, 28_672, 128_256, 8192, 500_000f));

        /** The shapes that have a name. */
        public static List<Shape> known() {
            return KNOWN;
        }

        /** The same with another number of layers. */
        public Shape withLayers(int count) {
            return new Shape(name, count, dimension, heads, keyValueHeads, feedForward, vocabulary, context, ropeBase);
        }
    }

    /** Hears how far the writing is. */
    @FunctionalInterface
    public interface Progress {
        /** So many bytes of the weights are written, of so many. */
        void written(long bytes, long total);
    }

    /** How a tensor is filled: ones, a matrix of its own, the embedding, or the output that belongs to it. */
    private enum Content {
        ONES,
        MATRIX,
        EMBEDDING,
        OUTPUT
    }

    private record Tensor(String name, Content content, int columns, int rows, long offset) {}

    private SyntheticModel(Shape shape, SyntheticFormat format, long seed, List<HeaderEntry> source) {
        this.shape = shape;
        this.format = format;
        this.seed = seed;
        long known = source.stream()
                .filter(entry -> entry.key().equals("tokenizer.ggml.tokens") && entry.isArray())
                .mapToLong(HeaderEntry::count)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("the file has no vocabulary"));
        vocabulary = (int) Math.max(known, shape.vocabulary());
        entries = entries(source, (int) (vocabulary - known));
        plan();
    }

    /**
     * Writes a model, beside its place first. Equal arguments give equal bytes.
     *
     * @param vocabularyFrom a GGUF file with a sound header
     * @param destination replaced if it exists
     * @param progress hears how far the writing is
     * @throws IllegalArgumentException if the shape does not fit the format, or there is no vocabulary
     * @throws IOException if a file cannot be read or written
     */
    public static void write(
            Shape shape, SyntheticFormat format, long seed, Path vocabularyFrom, Path destination, Progress progress)
            throws IOException {
        for (int row : new int[] {shape.dimension(), shape.feedForward()}) {
            if (row % format.type().blockElements() != 0) {
                throw new IllegalArgumentException("rows of " + row + " elements do not fit " + format
                        + ", which needs multiples of " + format.type().blockElements());
            }
        }
        SyntheticModel model =
                new SyntheticModel(shape, format, seed, HeaderEntry.readAll(vocabularyFrom.toAbsolutePath()));
        Path partial = destination.resolveSibling(destination.getFileName() + ".part");
        try {
            model.write(partial, progress);
            Files.move(partial, destination, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    /**
     * The token that follows another in the text that such a model writes.
     *
     * @param token from 0
     * @param vocabulary tokens in all
     */
    static int after(int token, int vocabulary) {
        return (int) ((token + (long) step(vocabulary)) % vocabulary);
    }

    private static int before(int token, int vocabulary) {
        return (int) ((token - (long) step(vocabulary) + vocabulary) % vocabulary);
    }

    /** A stride without a common factor, so that the circle visits all. */
    private static int step(int vocabulary) {
        int step = Math.max(1, (int) (vocabulary * 0.618));
        while (gcd(step, vocabulary) != 1) {
            step++;
        }
        return step;
    }

    private static int gcd(int a, int b) {
        return b == 0 ? a : gcd(b, a % b);
    }

    private List<HeaderEntry> entries(List<HeaderEntry> source, int more) {
        String prefix = "llama.";
        List<HeaderEntry> result = new ArrayList<>(List.of(
                HeaderEntry.text("general.architecture", "llama"),
                HeaderEntry.text("general.name", "random weights in the shape of " + shape.name()),
                HeaderEntry.integer("general.file_type", format.fileType()),
                HeaderEntry.integer(prefix + "vocab_size", vocabulary),
                HeaderEntry.integer(prefix + "context_length", shape.context()),
                HeaderEntry.integer(prefix + "embedding_length", shape.dimension()),
                HeaderEntry.integer(prefix + "block_count", shape.layers()),
                HeaderEntry.integer(prefix + "feed_forward_length", shape.feedForward()),
                HeaderEntry.integer(prefix + "attention.head_count", shape.heads()),
                HeaderEntry.integer(prefix + "attention.head_count_kv", shape.keyValueHeads()),
                HeaderEntry.integer(prefix + "rope.dimension_count", shape.dimension() / shape.heads()),
                HeaderEntry.number(prefix + "rope.freq_base", shape.ropeBase()),
                HeaderEntry.number(prefix + "attention.layer_norm_rms_epsilon", 1e-5f)));
        for (HeaderEntry entry : source) {
            if (entry.key().startsWith("tokenizer.")) {
                result.add(more == 0 ? entry : padded(entry, more));
            }
        }
        return result;
    }

    /** Parallel arrays of the vocabulary grow together; the new tokens are never the best split of a text. */
    private static HeaderEntry padded(HeaderEntry entry, int more) {
        return switch (entry.key()) {
            case "tokenizer.ggml.tokens" -> entry.withMore(more, i -> HeaderEntry.string("<extra " + i + ">"));
            case "tokenizer.ggml.scores" ->
                entry.withMore(
                        more, i -> HeaderEntry.buffer(4).putFloat(-1e9f - i).array());
            case "tokenizer.ggml.token_type" ->
                entry.withMore(
                        more, _ -> HeaderEntry.buffer(4).putInt(NORMAL_TOKEN).array());
            default -> entry;
        };
    }

    private void plan() {
        int dimension = shape.dimension();
        int keyValue = dimension / shape.heads() * shape.keyValueHeads();
        add("token_embd", Content.EMBEDDING, dimension, vocabulary);
        for (int layer = 0; layer < shape.layers(); layer++) {
            String block = "blk." + layer + ".";
            add(block + "attn_norm", Content.ONES, dimension, 1);
            add(block + "attn_q", Content.MATRIX, dimension, dimension);
            add(block + "attn_k", Content.MATRIX, dimension, keyValue);
            add(block + "attn_v", Content.MATRIX, dimension, keyValue);
            add(block + "attn_output", Content.MATRIX, dimension, dimension);
            add(block + "ffn_norm", Content.ONES, dimension, 1);
            add(block + "ffn_gate", Content.MATRIX, dimension, shape.feedForward());
            add(block + "ffn_up", Content.MATRIX, dimension, shape.feedForward());
            add(block + "ffn_down", Content.MATRIX, shape.feedForward(), dimension);
        }
        add("output_norm", Content.ONES, dimension, 1);
        add("output", Content.OUTPUT, dimension, vocabulary);
    }

    private void add(String name, Content content, int columns, int rows) {
        tensors.add(new Tensor(name + ".weight", content, columns, rows, dataSize()));
    }

    /** Where the next tensor begins. */
    private long dataSize() {
        return tensors.isEmpty() ? 0 : aligned(tensors.getLast().offset() + bytes(tensors.getLast()));
    }

    private long bytes(Tensor tensor) {
        long elements = (long) tensor.columns() * tensor.rows();
        return tensor.content() == Content.ONES
                ? 4 * elements
                : elements / format.type().blockElements() * format.type().blockBytes();
    }

    private static long aligned(long offset) {
        return (offset + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    private void write(Path file, Progress progress) throws IOException {
        long data = dataSize();
        try (FileChannel out = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer header = header();
            drain(header, out);
            long start = out.position();
            ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < tensors.size(); i++) {
                Tensor tensor = tensors.get(i);
                fill(tensor, i, buffer, out);
                long end = aligned(tensor.offset() + bytes(tensor));
                room(buffer, ALIGNMENT, out);
                while (out.position() - start + buffer.position() < end) {
                    buffer.put((byte) 0);
                }
                progress.written(end, data);
            }
            drain(buffer, out);
        }
    }

    private ByteBuffer header() {
        int size = 24;
        for (HeaderEntry entry : entries) {
            size += entry.size();
        }
        for (Tensor tensor : tensors) {
            size += 8 + tensor.name().getBytes(StandardCharsets.UTF_8).length + 4 + 8 * dimensions(tensor) + 4 + 8;
        }
        ByteBuffer header = HeaderEntry.buffer((int) aligned(size));
        header.put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(3);
        header.putLong(tensors.size()).putLong(entries.size());
        entries.forEach(entry -> entry.write(header));
        for (Tensor tensor : tensors) {
            header.put(HeaderEntry.string(tensor.name())).putInt(dimensions(tensor));
            header.putLong(tensor.columns());
            if (dimensions(tensor) == 2) {
                header.putLong(tensor.rows());
            }
            header.putInt((tensor.content() == Content.ONES ? TensorType.F32 : format.type()).id())
                    .putLong(tensor.offset());
        }
        return header.position(header.capacity());
    }

    private static int dimensions(Tensor tensor) {
        return tensor.content() == Content.ONES ? 1 : 2;
    }

    private void fill(Tensor tensor, int number, ByteBuffer buffer, FileChannel out) throws IOException {
        if (tensor.content() == Content.ONES) {
            for (int i = 0; i < tensor.columns(); i++) {
                room(buffer, 4, out);
                buffer.putFloat(1f);
            }
            return;
        }
        double deviation =
                tensor.content() == Content.MATRIX ? GAIN / Math.sqrt(tensor.columns()) : EMBEDDING_DEVIATION;
        int blocks = tensor.columns() / format.type().blockElements();
        for (int row = 0; row < tensor.rows(); row++) {
            switch (tensor.content()) {
                case OUTPUT -> bits.seed(seed + before(row, vocabulary));
                case EMBEDDING -> bits.seed(seed + row);
                default -> bits.seed(seed + ((number + 1L) << 32) + row);
            }
            for (int block = 0; block < blocks; block++) {
                room(buffer, format.type().blockBytes(), out);
                format.block(buffer, bits, deviation);
            }
        }
    }

    private static void room(ByteBuffer buffer, int bytes, FileChannel out) throws IOException {
        if (buffer.remaining() < bytes) {
            drain(buffer, out);
        }
    }

    private static void drain(ByteBuffer buffer, FileChannel out) throws IOException {
        buffer.flip();
        while (buffer.hasRemaining()) {
            out.write(buffer);
        }
        buffer.clear();
    }
}
