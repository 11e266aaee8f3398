package io.aded.natives;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.llama.LlamaLibrary;
import io.aded.testing.ForkedJvm;
import io.aded.testing.Seeds;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * No file ends a server: what a trial in a process of its own lets pass can be served, and all else is refused, by that
 * process or by its death. {@code -Daded.mutants=5000} tries as many.
 */
class MutatedModelsTest {
    private static final List<String> OPTIONS =
            List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+SuppressFatalErrorMessage");

    /** So many are tried, or served, by one process: what hangs ends with it, after five minutes. */
    private static final int OF_A_PROCESS = 100;

    @TempDir
    private static Path directory;

    @ParameterizedTest
    @Timeout(value = 12, unit = TimeUnit.HOURS) // as many as are asked for, in processes that end by themselves
    @MethodSource("io.aded.llama.Libraries#all")
    void load_mutatedFiles_neverEndAServer(LlamaLibrary library) throws Exception {
        int mutants = Integer.getInteger("aded.mutants", 60);
        long seed = Seeds.next();
        String name = library.isBundled() ? "bundled" : library.path().toString();
        Path scratch = Files.createTempDirectory(directory, "mutants");
        List<String> works = new ArrayList<>();
        List<String> deaths = new ArrayList<>();
        List<String> threw = new ArrayList<>();
        int next = 0;
        while (next < mutants) {
            int end = Math.min(mutants, next + OF_A_PROCESS);
            String output = run(scratch, name, seed, "try", Integer.toString(next), Integer.toString(end - next));
            String last = "";
            for (String line :
                    output.lines().filter(said -> said.contains("mutant ")).toList()) {
                last = line.substring(line.indexOf("mutant ") + 7);
                if (last.startsWith("works ")) {
                    works.add(last.substring(6));
                } else if (last.startsWith("threw ")) {
                    threw.add(last);
                }
            }
            next = end;
            if (!last.equals("done")) {
                assertThat(last).as(output).startsWith("trying ");
                next = Integer.parseInt(last.substring(7)) + 1;
                deaths.add(last.substring(7) + reason(output));
            }
        }
        System.out.println(library.version() + ", seed " + seed + ": of " + mutants + " changed models " + works.size()
                + " work, and " + deaths.size() + " ended the process that tried them");
        if (Boolean.getBoolean("aded.mutants.verbose")) {
            deaths.forEach(System.out::println);
        }
        assertThat(threw).as("seed " + seed).isEmpty();
        assertThat(works).as("seed " + seed).isNotEmpty();
        int served = 0;
        for (int from = 0; from < works.size(); from += OF_A_PROCESS) {
            List<String> arguments = new ArrayList<>(List.of("serve"));
            arguments.addAll(works.subList(from, Math.min(works.size(), from + OF_A_PROCESS)));
            String output = run(scratch, name, seed, arguments.toArray(String[]::new));
            assertThat(output).as("to repeat it: -Daded.seed=" + seed).contains("mutant done");
            served += (int) output.lines()
                    .filter(line -> line.contains("mutant served "))
                    .count();
        }
        System.out.println(library.version() + ": " + served + " of them were served, the others ended with a reason");
    }

    private static String run(Path scratch, String library, long seed, String... rest) throws Exception {
        List<String> arguments = new ArrayList<>(List.of(library, scratch.toString(), Long.toString(seed)));
        arguments.addAll(List.of(rest));
        return ForkedJvm.run(MutatedModels.class, scratch, OPTIONS, arguments.toArray(String[]::new))
                .output();
    }

    private static String reason(String output) {
        return output.lines()
                .filter(line ->
                        line.contains("ASSERT") || line.contains("terminate called") || line.contains("what():"))
                .reduce((first, second) -> second)
                .map(line -> " " + line)
                .orElse(" killed by a signal");
    }
}
