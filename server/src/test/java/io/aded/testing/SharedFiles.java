package io.aded.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Real models and prompts that may lie beside the project: in the directory that {@code ADED_SHARED} names, or in
 * {@code shared} next to the clone. Tests that use them say so when they are not there.
 */
public final class SharedFiles {
    private SharedFiles() {}

    /** A file below the shared directory, if it is there; says on standard error if it is not. */
    public static Optional<Path> find(String name) {
        String named = System.getenv("ADED_SHARED");
        Path base = named != null ? Path.of(named) : Path.of("..", "..", "shared");
        Path file = base.resolve(name).toAbsolutePath().normalize();
        if (Files.isReadable(file)) {
            return Optional.of(file);
        }
        System.err.println("SKIPPED: " + file + " is not there; set ADED_SHARED to a directory that has " + name);
        return Optional.empty();
    }

    /** The first turns of the first {@code limit} prompts of a JSONL file. */
    public static List<String> prompts(Path jsonl, int limit) throws IOException {
        List<String> prompts = new ArrayList<>();
        for (String line : Files.readAllLines(jsonl)) {
            if (!line.isBlank() && prompts.size() < limit) {
                JsonNode record = JsonMapper.shared().readTree(line);
                prompts.add(record.get("turns").get(0).asString());
            }
        }
        return prompts;
    }
}
