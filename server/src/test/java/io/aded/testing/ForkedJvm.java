package io.aded.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs a main class of the tests in a process of its own, because what is tested may end the process. */
public final class ForkedJvm {
    private ForkedJvm() {}

    /** What became of it: its exit code, or -1 if it had to be killed; and what it printed, both streams together. */
    public record Result(int exitCode, String output) {}

    public static Result run(Class<?> main, Path scratch, List<String> options, String... arguments)
            throws IOException, InterruptedException {
        Path log = Files.createTempFile(scratch, main.getSimpleName(), ".log");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--enable-native-access=ALL-UNNAMED");
        command.add("-XX:ErrorFile=" + scratch.resolve("hs_err_%p.log"));
        command.add("-XX:-CreateCoredumpOnCrash");
        command.addAll(options);
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(main.getName());
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(scratch.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        // llama.cpp lets a debugger describe its end where there is one, which takes half a minute.
        builder.environment().putAll(Map.of("GGML_NO_BACKTRACE", "1", "PATH", "/nowhere"));
        Process process = builder.start();
        boolean ended = process.waitFor(5, TimeUnit.MINUTES);
        if (!ended) {
            process.destroyForcibly().waitFor();
        }
        return new Result(ended ? process.exitValue() : -1, Files.readString(log));
    }
}
