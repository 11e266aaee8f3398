package io.aded.llama;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Real models beside the repository, where there are any: in the directory that {@code ADED_SHARED} names, else in
 * {@code ../../shared} seen from the module.
 */
public final class SharedModels {
    private SharedModels() {}

    /** A file of {@code models/}; empty, and said on standard error, if it is not there. */
    public static Optional<Path> find(String name) {
        String named = System.getenv("ADED_SHARED");
        Path file = Path.of(named == null ? "../../shared" : named, "models", name)
                .toAbsolutePath()
                .normalize();
        if (Files.isReadable(file)) {
            return Optional.of(file);
        }
        System.err.println("SKIPPED with " + name + ": there is no " + file);
        return Optional.empty();
    }
}
