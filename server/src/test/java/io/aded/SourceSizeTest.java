package io.aded;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A class that grows beyond what one reads at a sitting has more than one job. */
class SourceSizeTest {
    private static final int MOST_LINES = 600;
    /** The loop is where whatever nobody else wants to do would end up. */
    private static final int MOST_LINES_OF_THE_LOOP = 500;

    private static Map<String, Integer> lines() throws IOException {
        Map<String, Integer> lines = new TreeMap<>();
        for (String module : new String[] {"server", "client-java"}) {
            Path root = Path.of("..", module, "src/main/java");
            try (Stream<Path> files = Files.walk(root)) {
                for (Path file :
                        files.filter(f -> f.toString().endsWith(".java")).toList()) {
                    lines.put(
                            root.relativize(file).toString(),
                            Files.readAllLines(file).size());
                }
            }
        }
        return lines;
    }

    @Test
    void sources_ofMain_areShort() throws IOException {
        Map<String, Integer> lines = lines();

        assertThat(lines)
                .hasSizeGreaterThan(300)
                .allSatisfy((file, count) -> assertThat(count).as(file).isLessThanOrEqualTo(MOST_LINES));
        assertThat(lines.get(Path.of("io/aded/engine/LocalEngine.java").toString()))
                .isLessThanOrEqualTo(MOST_LINES_OF_THE_LOOP);
    }
}
