package io.aded.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class InterleavingsTest {
    private static final String CALL = "Interleavings.";

    @Test
    void testClasses_thatTryInterleavings_carryTheTag() throws IOException {
        List<Path> callers;
        try (Stream<Path> sources = Files.walk(Path.of("src", "test", "java"))) {
            callers = sources.filter(source -> source.toString().endsWith("Test.java")
                            && read(source).contains(CALL))
                    .toList();
        }
        assertThat(callers)
                .hasSizeGreaterThan(8)
                .allSatisfy(source -> assertThat(read(source)).contains("@Tag(Interleavings.TAG)"));
    }

    private static String read(Path source) {
        try {
            return Files.readString(source);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
