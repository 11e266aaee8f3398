package io.aded.host;

import io.aded.gguf.GgufFile;
import io.aded.gguf.ModelCopy;
import io.aded.gguf.Quantization;
import io.aded.gguf.SkippedLayers;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.model.AdedException;
import io.aded.store.Checksum;
import io.aded.store.FileLease;
import io.aded.store.ProcessEnvironment;
import io.aded.store.TransferListener;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToLongFunction;
import java.util.zip.CRC32;
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

    private final Path directory;
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
        this(environment, DerivedModels::free);
    }

    /** With another opinion of how many bytes can be written to a directory. */
    DerivedModels(ProcessEnvironment environment, ToLongFunction<Path> freeBytes) {
        directory = environment.cacheDirectory().resolve("derived");
        this.freeBytes = freeBytes;
    }

    private static long free(Path directory) {
        try {
            return Files.getFileStore(directory).getUsableSpace();
        } catch (IOException unknown) {
            return Long.MAX_VALUE;
        }
    }

    /**
     * The copy, written now if it is not there yet.
     *
     * @param listener hears how far the writing is
     * @throws AdedException.InvalidRequest if nothing is to change, the model cannot go without the layers, or another
     *     file is at the output's place
     * @throws AdedException.NotFound if there is no such model
     * @throws AdedException.InvalidArtifact if it is no usable model
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
        String source = checksum(request.model());
        String label = format == null ? "as it is" : format.name();
        Map<String, String> notes = Map.of(SOURCE, source, FORMAT, label, SKIPPED, skipped.toString());
        Path target = request.output() != null ? request.output() : directory.resolve(name(request, source));
        // One at a time: writing takes all processors anyway.
        try (FileLease _ = FileLease.acquire(
                directory.resolve("writing.lock"),
                () -> listener.note("another process derives a model; waiting for that"))) {
            if (Files.exists(target) && !isTheCopy(target, notes) && request.output() != null) {
                throw new AdedException.InvalidRequest(
                        "output", "is " + target + ", which is there and is not this copy; name another file");
            }
            if (!isTheCopy(target, notes)) {
                requireRoom(target, bytes(header, request));
                listener.note("writing " + request.model().getFileName()
                        + (format == null ? "" : " as " + format)
                        + (skipped.isEmpty() ? "" : " without layers " + skipped)
                        + " to " + target);
                long size = header.size();
                String file = String.valueOf(target.getFileName());
                LlamaModel.copy(
                        library,
                        request.model(),
                        target,
                        new ModelCopy(format, skipped, notes),
                        share -> listener.progress(file, (long) (share * size), size));
            }
            return target;
        } catch (IOException e) {
            throw new AdedException.InvalidArtifact("NOT_DERIVED", "cannot write to " + directory, e);
        }
    }

    /** Where something about the copies in a format is kept. */
    Path beside(Path model, @Nullable Quantization format, String suffix) {
        return directory.resolve(stem(model, format) + "-" + checksum(model).substring(0, 12) + suffix);
    }

    private void requireRoom(Path target, long bytes) {
        Path place = target.toAbsolutePath().getParent();
        long free = place == null ? Long.MAX_VALUE : freeBytes.applyAsLong(place);
        if (free < bytes) {
            throw AdedException.ResourceExhausted.forGood(
                    "NO_DISK_SPACE",
                    String.format(
                            Locale.ROOT,
                            "the copy would take about %,d MB of %s, where %,d MB are free",
                            bytes / 1_000_000,
                            place,
                            free / 1_000_000));
        }
    }

    /** About how long the copy will be. */
    private static long bytes(GgufFile model, Request request) {
        long layers = Math.max(1, model.integer(model.architecture() + ".block_count", 1));
        Quantization format = request.format();
        double whole = format == null ? model.size() : format.bytes(model.parameters()) + model.dataOffset();
        return (long) (whole * (layers - request.skipped().count()) / layers);
    }

    /**
     * The checksum of a file. To read a large one takes a while, so it is kept for as long as the file's length and
     * time do not change.
     */
    String checksum(Path model) {
        try {
            Path real = model.toRealPath();
            String facts = real + "\n" + Files.size(real) + "\n" + Files.getLastModifiedTime(real) + "\n"
                    + Files.readAttributes(real, BasicFileAttributes.class).fileKey();
            CRC32 short32 = new CRC32();
            short32.update(real.toString().getBytes(StandardCharsets.UTF_8));
            Path kept = directory.resolve(String.format("sums/%08x.txt", short32.getValue()));
            String known = Files.isRegularFile(kept) ? Files.readString(kept) : "";
            if (known.startsWith(facts + "\n")) {
                return known.substring(facts.length() + 1).strip();
            }
            String sum = sum(real);
            keep(kept, facts + "\n" + sum + "\n");
            return sum;
        } catch (NoSuchFileException e) {
            throw new AdedException.NotFound("MODEL_NOT_FOUND", "there is no model file at " + model);
        } catch (IOException e) {
            throw unreadable(model, e);
        }
    }

    /** Whoever comes later computes it anew if it could not be kept. */
    private static void keep(Path file, String text) {
        try {
            Path place = Objects.requireNonNull(file.getParent());
            Files.createDirectories(place);
            Path part = Files.createTempFile(place, "sum", ".part");
            try {
                Files.writeString(part, text);
                Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(part);
            }
        } catch (IOException notKept) {
            // The sum itself is right.
        }
    }

    private static AdedException.InvalidArtifact unreadable(Path model, IOException e) {
        return new AdedException.InvalidArtifact(
                "MODEL_UNREADABLE", "cannot read the model file " + model + ": " + e.getMessage(), e);
    }

    private static String sum(Path model) {
        try {
            return Checksum.of("SHA-256", model).hex();
        } catch (IOException e) {
            throw unreadable(model, e);
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
