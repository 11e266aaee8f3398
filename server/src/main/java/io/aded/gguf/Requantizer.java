package io.aded.gguf;

import io.aded.gguf.GgufFile.Tensor;
import io.aded.model.AdedException;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.DoubleConsumer;

/**
 * Writes a model again with its matrices in another format. llama.cpp has a function for the whole task, but the
 * bundled build does not export it; what every build exports is the arithmetic, which comes in as a
 * {@link RowConverter}. The rest is copying.
 *
 * <p>The choice of formats is llama.cpp's: one-dimensional tensors and routers stay as they are; everything else takes
 * the target format, except that a Q4_0 model keeps its output matrix, on which every logit depends, in Q6_K.
 */
public final class Requantizer {
    /** Elements that one task takes: a few megabytes of floats. */
    private static final long CHUNK = 1 << 20;

    private final GgufFile source;
    private final TensorType target;
    private final RowConverter converter;
    private final int workers;
    private final DoubleConsumer progress;

    /**
     * For one model.
     *
     * @param source a usable model
     * @param target what its matrices become: {@code Q8_0} or {@code Q4_0}
     * @param converter does the arithmetic
     * @param workers threads that convert at once, 1 or more
     * @param progress told the share that is done, from 0 to 1
     */
    public Requantizer(
            GgufFile source, TensorType target, RowConverter converter, int workers, DoubleConsumer progress) {
        this.source = source;
        this.target = target;
        this.converter = converter;
        this.workers = workers;
        this.progress = progress;
    }

    /**
     * Writes beside the destination and moves the whole file there at the end.
     *
     * @throws AdedException.Internal if it cannot be written
     */
    public void write(Path destination) {
        Path partial = destination.resolveSibling(destination.getFileName() + ".part");
        try {
            write(partial, plan());
            try {
                Files.move(partial, destination, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(partial, destination, StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (IOException | UncheckedIOException e) {
            throw new AdedException.Internal(
                    "CANNOT_WRITE_MODEL", "cannot write " + destination + ": " + e.getMessage(), e);
        } finally {
            try {
                Files.deleteIfExists(partial);
            } catch (IOException leftBehind) {
                // The failure that led here says more.
            }
        }
    }

    /** What each tensor becomes, with its offset in the new file's data. */
    private List<Tensor> plan() {
        List<Tensor> planned = new ArrayList<>();
        long offset = 0;
        for (Tensor tensor : source.tensors()) {
            TensorType type = typeOf(tensor);
            long bytes = tensor.elements() / type.blockElements() * type.blockBytes();
            planned.add(new Tensor(tensor.name(), tensor.shape(), type, offset, bytes));
            offset = aligned(offset + bytes);
        }
        return planned;
    }

    private TensorType typeOf(Tensor tensor) {
        String name = tensor.name();
        if (tensor.shape().size() < 2
                || !name.endsWith(".weight")
                || name.contains("_norm")
                || name.contains("ffn_gate_inp")
                || tensor.type().isInteger()) {
            return tensor.type();
        }
        if (target == TensorType.Q4_0 && name.equals("output.weight") && fits(tensor, TensorType.Q6_K)) {
            return TensorType.Q6_K;
        }
        return fits(tensor, target) ? target : tensor.type();
    }

    private static boolean fits(Tensor tensor, TensorType type) {
        return tensor.shape().getFirst() % type.blockElements() == 0;
    }

    private void write(Path partial, List<Tensor> planned) throws IOException {
        long entriesEnd = source.places().entriesEnd();
        long dataOffset = aligned(entriesEnd
                + planned.stream().mapToLong(Requantizer::descriptionSize).sum());
        Tensor last = planned.getLast();
        long size = dataOffset + aligned(last.offset() + last.bytes());
        try (FileChannel in = FileChannel.open(source.path(), StandardOpenOption.READ);
                FileChannel out = FileChannel.open(
                        partial,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE)) {
            writeHeader(in, out, planned, entriesEnd, dataOffset);
            try (ExecutorService pool = Executors.newFixedThreadPool(workers)) {
                for (int i = 0; i < planned.size(); i++) {
                    Tensor old = source.tensors().get(i);
                    convert(in, old, planned.get(i), out, dataOffset, pool);
                    long done = aligned(planned.get(i).offset() + planned.get(i).bytes());
                    progress.accept((double) done / (size - dataOffset));
                }
            }
            if (out.size() < size) {
                out.write(ByteBuffer.allocate(1), size - 1);
            }
        }
    }

    private void writeHeader(FileChannel in, FileChannel out, List<Tensor> planned, long entriesEnd, long dataOffset)
            throws IOException {
        ByteBuffer header = ByteBuffer.allocate(Math.toIntExact(dataOffset)).order(ByteOrder.LITTLE_ENDIAN);
        readFully(in, header.limit((int) entriesEnd), 0);
        header.limit(header.capacity());
        if (source.places().fileType() >= 0) {
            // llama.cpp's numbers for "mostly" of a format.
            header.putInt((int) source.places().fileType(), target == TensorType.Q8_0 ? 7 : 2);
        }
        for (Tensor tensor : planned) {
            byte[] name = tensor.name().getBytes(StandardCharsets.UTF_8);
            header.putLong(name.length).put(name).putInt(tensor.shape().size());
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

    private void convert(
            FileChannel in, Tensor old, Tensor planned, FileChannel out, long dataOffset, ExecutorService pool)
            throws IOException {
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
                    part = ByteBuffer.wrap(converter.convert(old.type(), part, planned.type(), count, row));
                }
                writeFully(out, part, dataOffset + planned.offset() + start * newRow);
                return null;
            }));
        }
        for (Future<?> task : tasks) {
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

    private long aligned(long offset) {
        long alignment = source.places().alignment();
        return (offset + alignment - 1) / alignment * alignment;
    }
}
