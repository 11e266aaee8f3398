package io.aded.host;

import io.aded.gguf.GgufFile;
import io.aded.gguf.ModelCopy;
import io.aded.gguf.Quantization;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.model.AdedException;
import io.aded.store.FileLease;
import io.aded.store.FileSums;
import io.aded.store.TransferListener;
import io.aded.store.WritableFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.CRC32;

/** Models in other formats than they came in, made once and kept in the user's cache. */
final class RequantizedModels {
    private final Path directory;
    private final FileSums sums;

    /** Keeps them below {@code cache}. */
    RequantizedModels(Path cache) {
        directory = cache.resolve("requantized");
        sums = new FileSums(directory.resolve("sums"));
    }

    /**
     * The model in the wanted format, written now if it is not there yet, or if what is there is no longer what was
     * written.
     *
     * @param progress hears how far the writing is
     * @throws AdedException.InvalidArtifact if it cannot be written to its place
     * @throws AdedException.ResourceExhausted if the disk has no room for it
     */
    Path find(LlamaLibrary library, Path model, Quantization format, TransferListener progress) {
        Path target = target(model, format.name(), ".gguf");
        if (Files.isRegularFile(target) && sums.isIntact(target)) {
            return target;
        }
        GgufFile header = GgufFile.readModel(model);
        header.requireModel();
        ModelCopy copy = ModelCopy.of(format);
        long bytes = DerivedModels.bytes(header, copy);
        String what = model.getFileName() + " as " + format;
        WritableFile.require(target, what, bytes, WritableFile::free);
        try (FileLease lease = FileLease.acquire(
                target.resolveSibling(target.getFileName() + ".lock"),
                () -> progress.note("waiting for another process that writes " + target))) {
            if (!Files.isRegularFile(target) || !sums.isIntact(target)) {
                progress.note("writing " + what + " to " + target + ", once");
                LlamaModel.copy(
                        library,
                        model,
                        target,
                        copy,
                        share ->
                                progress.progress(String.valueOf(target.getFileName()), (long) (share * bytes), bytes));
                sums.seal(target);
            }
            return target;
        } catch (IOException e) {
            throw new AdedException.InvalidArtifact(
                    "NOT_REQUANTIZED", "cannot write to " + directory + ": " + e.getMessage(), e);
        }
    }

    /** Whether the model was written in that format before. */
    boolean isThere(Path model, Quantization format) {
        return Files.isRegularFile(target(model, format.name(), ".gguf"));
    }

    /** Where it is kept what the model's formats cost. */
    Path findings(Path model) {
        return target(model, "formats", ".json");
    }

    private Path target(Path model, String what, String suffix) {
        try {
            return directory.resolve(name(model.toRealPath(), what, suffix));
        } catch (IOException e) {
            throw new AdedException.NotFound("MODEL_NOT_FOUND", "there is no model file at " + model);
        }
    }

    /** Another file at the same place, or the same file changed, gives another name. */
    private static String name(Path model, String what, String suffix) throws IOException {
        CRC32 identity = new CRC32();
        String facts = model + "|" + Files.size(model) + "|"
                + Files.getLastModifiedTime(model).toMillis();
        identity.update(facts.getBytes(StandardCharsets.UTF_8));
        String file = String.valueOf(model.getFileName());
        String stem = file.endsWith(".gguf") ? file.substring(0, file.length() - 5) : file;
        return String.format(Locale.ROOT, "%s-%s-%08x%s", stem, what, identity.getValue(), suffix);
    }
}
