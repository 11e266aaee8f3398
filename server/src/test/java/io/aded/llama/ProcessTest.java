package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.testing.ForkedJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What concerns the process as a whole: that it lives, that it does not grow, and that it ends by itself. */
class ProcessTest {
    private static final String LIBRARIES = "io.aded.llama.Libraries#all";

    /** For processes that live some seconds. */
    private static final List<String> QUICK_START = List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

    @TempDir
    private static Path directory;

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void load_damagedFiles_neverEndTheProcess(LlamaLibrary library) throws Exception {
        String rounds = System.getProperty("aded.damagedModels.rounds", "300");
        ForkedJvm.Result result = ForkedJvm.run(
                DamagedModels.class, directory, QUICK_START, name(library), scratch(), "20260101", "0", rounds);
        assertThat(result.exitCode()).as(tail(result.output())).isZero();
        assertThat(result.output()).contains("done, usable: ");
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void newSampler_damagedGrammarsAndSchemas_neverEndTheProcess(LlamaLibrary library) throws Exception {
        String rounds = System.getProperty("aded.hostileGrammars.rounds", "600");
        ForkedJvm.Result result = ForkedJvm.run(
                HostileGrammars.class, directory, QUICK_START, name(library), scratch(), "20260102", rounds);
        assertThat(result.exitCode()).as(tail(result.output())).isZero();
        assertThat(result.output()).contains("done, usable: ");
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void close_aHundredTimesAndMore_keepsMemoryFlatAndLetsTheProcessEnd(LlamaLibrary library) throws Exception {
        // A small heap that is all touched from the start, so that only native memory can grow.
        ForkedJvm.Result result = ForkedJvm.run(
                OpenAndClose.class,
                directory,
                List.of("-Xms96m", "-Xmx96m", "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
                name(library),
                scratch(),
                "120");
        assertThat(result.exitCode()).as(tail(result.output())).isZero();
        assertThat(result.output()).contains("returning from main");
        long[] resident = result.output()
                .lines()
                .filter(line -> line.startsWith("resident "))
                .mapToLong(line -> Long.parseLong(line.substring(9)))
                .toArray();
        if (resident.length == 0) {
            System.err.println("SKIPPED the memory part: this system has no /proc/self/statm");
            return;
        }
        assertThat(resident).hasSize(12);
        // A leak shows in every step of ten cycles; what the process sets up once for itself, and what its allocator
        // keeps for a while and gives back, in some. A cycle that leaked nothing but its cache of half a megabyte would
        // add 5 MiB to each.
        long[] steps = IntStream.range(1, resident.length)
                .mapToLong(i -> resident[i] - resident[i - 1])
                .sorted()
                .toArray();
        assertThat(steps[steps.length / 2] * 4096 >> 10).as(result.output()).isLessThan(2_500);
    }

    private static String name(LlamaLibrary library) {
        return library.isBundled() ? "bundled" : library.path().toString();
    }

    private static String tail(String output) {
        return output.substring(Math.max(0, output.length() - 4_000));
    }

    private static String scratch() throws IOException {
        return Files.createTempDirectory(directory, "run").toString();
    }
}
