package io.aded.host;

import io.aded.gguf.GgufFile;
import io.aded.gguf.ModelCopy;
import io.aded.gguf.Quantization;
import io.aded.gguf.Requantizer;
import io.aded.gguf.SkippedLayers;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.model.AdedException;
import io.aded.store.FileLease;
import io.aded.store.FileSums;
import io.aded.store.ProcessEnvironment;
import io.aded.store.TransferListener;
import io.aded.store.WritableFile;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Copies of a model that are cheaper than it and guess what it will say: coarser weights, fewer layers, or both. Each
 * is made once. Its header tells what it was made from ({@code aded.derived.*}), so a copy of another model, or of the
 * same file as it was before, is never taken for it.
 */
public final class DerivedModels {
    static final String SOURCE = "aded.derived.source_sha256";
    static final String FORMAT = "aded.derived.format";
    static final String SKIPPED = "aded.derived.skipped_layers";

    private static final String LEASE = "writing.lock";

    /** A copy that takes nearly as long as the model gains nothing, however often it is right. */
    private static final double CHEAPER = 0.95;

    /** What {@code aded.derived.*} take in a header, and more. */
    private static final int NOTES = 1 << 10;

    private final Path directory;
    private final FileSums sums;
    private final ToLongFunction<Path> freeBytes;

    /**
     * What is wanted.
     *
     * @param model the file to copy
     * @param format what its matrices become; null for what they are
     * @param skipped the layers that the copy goes without
     * @param output where it goes; null for the user's cache
     */
    public record Request(
            Path model,
            @Nullable Quantization format,
            SkippedLayers skipped,
            @Nullable Path output) {}

    /** Keeps them in the cache of the environment unless another place is named. */
    public DerivedModels(ProcessEnvironment environment) {
        this(environment, WritableFile::free);
    }

    /** With another opinion of how many bytes can be written to a directory. */
    DerivedModels(ProcessEnvironment environment, ToLongFunction<Path> freeBytes) {
        directory = environment.cacheDirectory().resolve("derived");
        sums = new FileSums(directory.resolve("sums"));
        this.freeBytes = freeBytes;
    }

    /**
     * The copy, written now if it is not there yet, or if what is there is no longer what was written.
     *
     * @param listener hears how far the writing is
     * @throws AdedException.InvalidRequest if nothing is to change, the model cannot go without the layers, or another
     *     file is at the output's place
     * @throws AdedException.NotFound if there is no such model
     * @throws AdedException.InvalidArtifact if it is no usable model, or the copy cannot be written to its place
     * @throws AdedException.ResourceExhausted if the disk has no room for the copy
     */
    public Path find(LlamaLibrary library, Request request, TransferListener listener) {
        Quantization format = request.format();
        SkippedLayers skipped = request.skipped();
        if (format == null && skipped.isEmpty()) {
            throw new AdedException.InvalidRequest(
                    "format", "is not named and no layer is skipped, so the copy would be the model itself");
        }
        GgufFile header = GgufFile.read(request.model());
        header.requireModel();
        skipped.require(header);
        String source = sums.of(request.model());
        String label = format == null ? "as it is" : format.name();
        Map<String, String> notes = Map.of(SOURCE, source, FORMAT, label, SKIPPED, skipped.toString());
        Path target = request.output() != null ? request.output() : directory.resolve(name(request, source));
        WritableFile.require(directory.resolve(LEASE), "the copy");
        // One at a time: writing takes all processors anyway.
        try (FileLease _ = FileLease.acquire(
                directory.resolve(LEASE), () -> listener.note("another process derives a model; waiting for that"))) {
            boolean there = isTheCopy(target, notes);
            if (Files.isRegularFile(target) && !there && request.output() != null) {
                throw new AdedException.InvalidRequest(
                        "output", "is " + target + ", which is there and is not this copy; name another file");
            }
            if (there && !sums.isIntact(target)) {
                listener.note(target + " is not what was written there any more; it is written again");
                there = false;
            }
            if (!there) {
                write(library, header, request, new ModelCopy(format, skipped, notes), target, listener);
            }
            return target;
        } catch (IOException e) {
            throw new AdedException.InvalidArtifact(
                    "NOT_DERIVED", "cannot write to " + directory + ": " + e.getMessage(), e);
        }
    }

    /** Whether a copy in the cache was written before. */
    boolean isThere(Request request) {
        return Files.isRegularFile(directory.resolve(name(request, sums.of(request.model()))));
    }

    private void write(
            LlamaLibrary library,
            GgufFile model,
            Request request,
            ModelCopy copy,
            Path target,
            TransferListener listener)
            throws IOException {
        sweep(directory, ".gguf.part");
        long bytes = bytes(model, copy);
        WritableFile.require(target, "the copy", bytes, freeBytes);
        listener.note("writing " + request.model().getFileName()
                + (copy.format() == null ? "" : " as " + copy.format())
                + (copy.skipped().isEmpty() ? "" : " without layers " + copy.skipped())
                + " to " + target);
        if (!isCheaper(model, copy)) {
            listener.note(String.format(
                    Locale.ROOT,
                    "The copy takes %,.1f MB, the model %,.1f MB: it will guess hardly faster than the model says.",
                    bytes / 1e6,
                    model.size() / 1e6));
        }
        String file = String.valueOf(target.getFileName());
        LlamaModel.copy(
                library,
                request.model(),
                target,
                copy,
                share -> listener.progress(file, (long) (share * bytes), bytes));
        sums.seal(target);
    }

    /** Deletes what a process that was killed has left; whoever does so holds the lease that writers hold. */
    static void sweep(Path directory, String ending) throws IOException {
        if (Files.isDirectory(directory)) {
            try (DirectoryStream<Path> left = Files.newDirectoryStream(
                    directory, file -> file.getFileName().toString().endsWith(ending))) {
                for (Path file : left) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    /**
     * Whether a copy takes less than the model, by enough for its passes to be cheaper: they take the time in which
     * their weights are read.
     */
    static boolean isCheaper(GgufFile model, ModelCopy copy) {
        return Requantizer.weightBytes(model, copy) < CHEAPER * (model.size() - model.dataOffset());
    }

    /** About how long the copy will be: the weights to the byte, and a header like the model's. */
    static long bytes(GgufFile model, ModelCopy copy) {
        return model.dataOffset() + NOTES + Requantizer.weightBytes(model, copy);
    }

    /** Where something about the copies in a format is kept. */
    Path beside(Path model, @Nullable Quantization format, String suffix) {
        return directory.resolve(stem(model, format) + "-" + checksum(model).substring(0, 12) + suffix);
    }

    /** The checksum of a file, computed once for as long as the file stays as it is. */
    String checksum(Path model) {
        return sums.of(model);
    }

    /**
     * Refuses a file that was written here, wherever it lies now, and is not what was written any more.
     *
     * @throws AdedException.InvalidArtifact if it has been damaged
     */
    void requireIntact(Path file) {
        if (FileSums.isSealed(file) && !sums.isIntact(file)) {
            throw new AdedException.InvalidArtifact(
                    "CHECKSUM_MISMATCH",
                    file + " has been damaged since it was written: its checksum is not the one beside it; delete both"
                            + " and write it again");
        }
    }

    /** Whether a whole file is there whose header says that it is what would be written. */
    private static boolean isTheCopy(Path file, Map<String, String> notes) {
        if (!Files.isRegularFile(file)) {
            return false;
        }
        try {
            GgufFile header = GgufFile.read(file);
            return notes.entrySet().stream().allMatch(note -> note.getValue().equals(header.string(note.getKey())));
        } catch (AdedException damaged) {
            return false;
        }
    }

    private static String name(Request request, String source) {
        return stem(request.model(), request.format())
                + (request.skipped().isEmpty() ? "" : "-without-" + request.skipped())
                + "-" + source.substring(0, 12) + ".gguf";
    }

    private static String stem(Path model, @Nullable Quantization format) {
        String file = String.valueOf(model.getFileName());
        String stem = file.endsWith(".gguf") ? file.substring(0, file.length() - 5) : file;
        return stem + (format == null ? "" : "-" + format);
    }
}
