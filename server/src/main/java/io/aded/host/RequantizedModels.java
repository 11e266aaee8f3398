package io.aded.host;

import io.aded.gguf.TensorType;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.model.AdedException;
import io.aded.store.FileLease;
import io.aded.store.TransferListener;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;

/** Models in other formats than they came in, made once and kept in the user's cache. */
public final class RequantizedModels {
    /** Formats that a model can be written in. */
    public enum Format {
        /** 8.5 bits a weight. */
        Q8_0(TensorType.Q8_0),
        /** 4.5 bits a weight. */
        Q4_0(TensorType.Q4_0);

        private final TensorType type;

        Format(TensorType type) {
            this.type = type;
        }
    }

    private final Path directory;

    /** Keeps them below {@code cache}. */
    RequantizedModels(Path cache) {
        directory = cache.resolve("requantized");
    }

    /**
     * The model in the wanted format, written now if it is not there yet.
     *
     * @param progress hears how far the writing is
     */
    Path find(LlamaLibrary library, Path model, Format format, TransferListener progress) {
        Path target;
        try {
            target = directory.resolve(name(model.toRealPath(), format));
        } catch (IOException e) {
            throw new AdedException.NotFound("MODEL_NOT_FOUND", "there is no model file at " + model);
        }
        if (Files.isRegularFile(target)) {
            return target;
        }
        try (FileLease lease = FileLease.acquire(
                target.resolveSibling(target.getFileName() + ".lock"),
                () -> progress.note("waiting for another process that writes " + target))) {
            if (!Files.isRegularFile(target)) {
                progress.note("writing " + model.getFileName() + " as " + format + " to " + target + ", once");
                long size = Files.size(model);
                LlamaModel.quantize(
                        library,
                        model,
                        target,
                        format.type,
                        share -> progress.progress(String.valueOf(target.getFileName()), (long) (share * size), size));
            }
            return target;
        } catch (IOException e) {
            throw new AdedException.InvalidArtifact("NOT_REQUANTIZED", "cannot write to " + directory, e);
        }
    }

    /** Another file at the same place, or the same file changed, gives another name. */
    private static String name(Path model, Format format) throws IOException {
        CRC32 identity = new CRC32();
        String facts = model + "|" + Files.size(model) + "|"
                + Files.getLastModifiedTime(model).toMillis();
        identity.update(facts.getBytes(StandardCharsets.UTF_8));
        String file = String.valueOf(model.getFileName());
        String stem = file.endsWith(".gguf") ? file.substring(0, file.length() - 5) : file;
        return String.format("%s-%s-%08x.gguf", stem, format, identity.getValue());
    }
}
