package io.aded.llama;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The libraries that tests run on: the bundled one, and the one that {@code ADED_TEST_NATIVES} names. */
public final class Libraries {
    private Libraries() {}

    /** Every library at hand; says on standard error when only the bundled one is. */
    public static Stream<LlamaLibrary> all() {
        String second = System.getenv("ADED_TEST_NATIVES");
        if (second == null || !Files.isDirectory(Path.of(second))) {
            System.err.println("SKIPPED on llama.cpp v0.5.0: ADED_TEST_NATIVES names no directory with its libraries");
            return Stream.of(LlamaLibrary.bundled());
        }
        return Stream.of(LlamaLibrary.bundled(), LlamaLibrary.load(Path.of(second)));
    }
}
