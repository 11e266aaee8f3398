package io.aded.gguf;

import io.aded.gguf.GgufFile.Tensor;
import io.aded.model.AdedException;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.DoubleConsumer;

/**
 * Writes a model again with its matrices in another format, or without some of its layers. llama.cpp has a function for
 * the whole task, but the bundled build does not export it; what every build exports is the arithmetic, which comes in
 * as a {@link RowConverter}. The rest is copying.
 *
 * <p>A tensor is read, converted and written in pieces of some megabytes, one for each worker at a time, so that a
 * model of any size needs little memory.
 */
public final class Requantizer {
    /** Elements that one task takes: a few megabytes of floats. */
    private static final long CHUNK = 1 << 20;

    /** The version of the layouts that the types stand for; llama.cpp's are of the second since 2023. */
    private static final int LAYOUTS = 2;

    private static final int BEGINNING = 24;

    private final GgufFile source;
    private final ModelCopy copy;
    private final RowConverter converter;
    private final int workers;
    private final DoubleConsumer progress;

    /** A tensor as it is and as it will be. */
    private record Move(Tensor old, Tensor planned) {}

    /**
     * For one model.
     *
     * @param source a usable model, in one file
     * @param copy what it becomes
     * @param converter does the arithmetic
     * @param workers threads that convert at once, 1 or more
     * @param progress told the share that is done, from 0 to 1
     * @throws AdedException.InvalidRequest if the model cannot go without the layers that are to be skipped
     */
    public Requantizer(GgufFile source, ModelCopy copy, RowConverter converter, int workers, DoubleConsumer progress) {
        copy.skipped().require(source);
        this.source = source;
        this.copy = copy;
        this.converter = converter;
        this.workers = workers;
        this.progress = progress;
    }

    /**
     * How many bytes the weights of a copy take, which is all of its file but the header.
     *
     * @param source a usable model, in one file
     * @throws AdedException.InvalidRequest if the model cannot go without the layers that are to be skipped
     */
    public static long weightBytes(GgufFile source, ModelCopy copy) {
        copy.skipped().require(source);
        Tensor last = plan(source, copy).getLast().planned();
        return aligned(source, last.offset() + last.bytes());
    }

    /**
     * Writes beside the destination and moves the whole file there at the end, once it is on the disk.
     *
     * @throws AdedException.ResourceExhausted if the disk is full
     * @throws AdedException.InvalidArtifact if it cannot be written for another reason
     */
    public void write(Path destination) {
        Path partial = destination.resolveSibling(destination.getFileName() + ".part");
        try {
            write(partial, plan(source, copy));
            try {
                Files.move(partial, destination, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(partial, destination, StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (IOException | UncheckedIOException e) {
            throw notWritten(destination, e);
        } finally {
            try {
                Files.deleteIfExists(partial);
            } catch (IOException leftBehind) {
                // The failure that led here says more.
            }
        }
    }

    private static AdedException notWritten(Path destination, Exception failure) {
        String why = String.valueOf(failure.getMessage());
        return why.contains("No space left") || why.contains("Disk quota exceeded")
                ? AdedException.ResourceExhausted.forGood(
                        "NO_DISK_SPACE", "the disk is full: " + destination + " cannot be written (" + why + ")")
                : new AdedException.InvalidArtifact(
                        "CANNOT_WRITE_MODEL", "cannot write " + destination + ": " + why, failure);
    }

    /** What each tensor becomes, with its offset in the new file's data. */
    private static List<Move> plan(GgufFile source, ModelCopy copy) {
        List<Tensor> olds = new ArrayList<>();
        List<Tensor> kept = new ArrayList<>();
        for (Tensor tensor : source.tensors()) {
            String name = copy.skipped().renamed(tensor.name());
            if (name != null) {
                olds.add(tensor);
                kept.add(new Tensor(name, tensor.shape(), tensor.type(), tensor.offset(), tensor.bytes()));
            }
        }
        Quantization format = copy.format();
        TensorFormats formats = format == null ? null : new TensorFormats(source, kept, format);
        List<Move> moves = new ArrayList<>();
        long offset = 0;
        for (int i = 0; i < kept.size(); i++) {
            Tensor tensor = kept.get(i);
            TensorType type = formats == null ? tensor.type() : formats.of(tensor);
            long bytes = tensor.elements() / type.blockElements() * type.blockBytes();
            moves.add(new Move(olds.get(i), new Tensor(tensor.name(), tensor.shape(), type, offset, bytes)));
            offset = aligned(source, offset + bytes);
        }
        return moves;
    }

    private List<HeaderEntry> entries() throws IOException {
        Map<String, HeaderEntry> entries = new LinkedHashMap<>();
        HeaderEntry.readAll(source.path()).forEach(entry -> entries.put(entry.key(), entry));
        Quantization format = copy.format();
        List<HeaderEntry> changed = new ArrayList<>();
        if (format != null) {
            changed.add(HeaderEntry.integer("general.file_type", format.fileType()));
            changed.add(HeaderEntry.integer("general.quantization_version", LAYOUTS));
        }
        if (!copy.skipped().isEmpty()) {
            String key = source.architecture() + ".block_count";
            long left = source.integer(key, 0) - copy.skipped().count();
            changed.add(HeaderEntry.integer(key, Math.toIntExact(left)));
        }
        copy.notes().entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(note -> changed.add(HeaderEntry.text(note.getKey(), note.getValue())));
        changed.forEach(entry -> entries.put(entry.key(), entry));
        return List.copyOf(entries.values());
    }

    private void write(Path partial, List<Move> moves) throws IOException {
        List<HeaderEntry> entries = entries();
        long header = BEGINNING
                + entries.stream().mapToLong(HeaderEntry::size).sum()
                + moves.stream()
                        .mapToLong(move -> descriptionSize(move.planned()))
                        .sum();
        long dataOffset = aligned(source, header);
        Tensor last = moves.getLast().planned();
        long size = dataOffset + aligned(source, last.offset() + last.bytes());
        try (FileChannel in = FileChannel.open(source.path(), StandardOpenOption.READ);
                FileChannel out = FileChannel.open(
                        partial,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE)) {
            writeHeader(out, entries, moves, Math.toIntExact(dataOffset));
            try (ExecutorService pool = Executors.newFixedThreadPool(workers)) {
                try {
                    for (Move move : moves) {
                        convert(in, move, out, dataOffset, size, pool);
                    }
                } catch (IOException | RuntimeException | Error e) {
                    pool.shutdownNow(); // what is still to be converted is of no use
                    throw e;
                }
            }
            if (out.size() < size) {
                out.write(ByteBuffer.allocate(1), size - 1);
            }
            // A crash of the machine must not leave a file of the right name and length with nothing in it.
            out.force(false);
            progress.accept(1);
        }
    }

    private void writeHeader(FileChannel out, List<HeaderEntry> entries, List<Move> moves, int dataOffset)
            throws IOException {
        ByteBuffer header = HeaderEntry.buffer(dataOffset);
        header.put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(source.version());
        header.putLong(moves.size()).putLong(entries.size());
        entries.forEach(entry -> entry.write(header));
        for (Move move : moves) {
            Tensor tensor = move.planned();
            header.put(HeaderEntry.string(tensor.name())).putInt(tensor.shape().size());
            tensor.shape().forEach(header::putLong);
            header.putInt(tensor.type().id()).putLong(tensor.offset());
        }
        writeFully(out, header.clear(), 0);
    }

    private static long descriptionSize(Tensor tensor) {
        return 8L
                + tensor.name().getBytes(StandardCharsets.UTF_8).length
                + 4
                + 8L * tensor.shape().size()
                + 4
                + 8;
    }

    private void convert(FileChannel in, Move move, FileChannel out, long dataOffset, long size, ExecutorService pool)
            throws IOException {
        Tensor old = move.old();
        Tensor planned = move.planned();
        long row = old.shape().getFirst();
        long rows = old.elements() / row;
        long rowsATask = Math.max(1, CHUNK / row);
        long oldRow = row / old.type().blockElements() * old.type().blockBytes();
        long newRow = row / planned.type().blockElements() * planned.type().blockBytes();
        List<Future<?>> tasks = new ArrayList<>();
        for (long first = 0; first < rows; first += rowsATask) {
            long start = first;
            long count = Math.min(rowsATask, rows - first);
            tasks.add(pool.submit(() -> {
                ByteBuffer part = ByteBuffer.allocate(Math.toIntExact(count * oldRow));
                readFully(in, part, source.dataOffset() + old.offset() + start * oldRow);
                part.flip();
                if (old.type() != planned.type()) {
                    part = ByteBuffer.wrap(converted(old, part, planned.type(), count));
                }
                writeFully(out, part, dataOffset + planned.offset() + start * newRow);
                return null;
            }));
        }
        for (int i = 0; i < tasks.size(); i++) {
            await(tasks.get(i));
            long done = planned.offset() + Math.min(rows, (i + 1) * rowsATask) * newRow;
            progress.accept((double) done / (size - dataOffset));
        }
    }

    private byte[] converted(Tensor tensor, ByteBuffer rows, TensorType type, long count) {
        try {
            return converter.convert(
                    tensor.type(), rows, type, count, tensor.shape().getFirst());
        } catch (ArithmeticException e) {
            throw new AdedException.InvalidArtifact(
                    "WEIGHTS_NOT_FINITE",
                    "the tensor " + tensor.name() + " of " + source.path() + " cannot be written as " + type.label()
                            + ": " + e.getMessage(),
                    e);
        }
    }

    private static void await(Future<?> task) throws IOException {
        try {
            task.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException failure -> throw failure;
                case RuntimeException failure -> throw failure;
                case Error failure -> throw failure;
                case null, default -> throw new AdedException.Internal("CANNOT_CONVERT", "converting failed", e);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AdedException.Cancelled("writing the model was interrupted");
        }
    }

    private static void readFully(FileChannel in, ByteBuffer bytes, long at) throws IOException {
        long position = at;
        while (bytes.hasRemaining()) {
            int count = in.read(bytes, position);
            if (count < 0) {
                throw new EOFException("the model file has become shorter");
            }
            position += count;
        }
    }

    private static void writeFully(FileChannel out, ByteBuffer bytes, long at) throws IOException {
        long position = at;
        while (bytes.hasRemaining()) {
            position += out.write(bytes, position);
        }
    }

    private static long aligned(GgufFile source, long offset) {
        long alignment = source.alignment();
        return (offset + alignment - 1) / alignment * alignment;
    }
}
