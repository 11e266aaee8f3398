package io.aded.natives;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import tools.jackson.databind.json.JsonMapper;

/**
 * Runs {@link Trial} or {@link ModelTrial} in a Java process of its own, so that only that process dies of a build or a
 * model that does not work.
 */
final class TrialRunner {
    /** What a process leaves behind when it dies is at the end of what it said. */
    private static final int LINES_KEPT = 200;

    /** llama.cpp lets a debugger describe its end where there is one, which takes half a minute. */
    private static final Map<String, String> WITHOUT_DEBUGGER = Map.of("GGML_NO_BACKTRACE", "1", "PATH", "/nowhere");

    private final String mainClass;
    private final String heap;
    private final Map<String, String> variables;
    private final Duration limit;

    /** With another class in place of {@link Trial}, and variables beside those of this process. */
    TrialRunner(String mainClass, Map<String, String> variables, Duration limit) {
        this(mainClass, "64m", variables, limit);
    }

    private TrialRunner(String mainClass, String heap, Map<String, String> variables, Duration limit) {
        this.mainClass = mainClass;
        this.heap = heap;
        this.variables = Map.copyOf(variables);
        this.limit = limit;
    }

    /** Software renderers compile shaders for a minute; a GPU answers within a few seconds. */
    static TrialRunner create() {
        return new TrialRunner(Trial.class.getName(), Map.of(), Duration.ofMinutes(5));
    }

    /** Of models, whose vocabularies take more. */
    static TrialRunner ofModels() {
        return new TrialRunner(ModelTrial.class.getName(), "320m", WITHOUT_DEBUGGER, Duration.ofMinutes(5));
    }

    /**
     * How a trial went.
     *
     * @param verdict what it showed
     * @param conclusive whether it came to an end that would be the same another time
     */
    record Outcome(Verdict verdict, boolean conclusive) {
        private static Outcome open(String problem) {
            return new Outcome(Verdict.broken(problem), false);
        }
    }

    /** Tries a library and says how it went; never throws because of the library. */
    Verdict run(Path directory, boolean needsGpu) {
        return run(needsGpu ? List.of(directory.toString(), "gpu") : List.of(directory.toString()))
                .verdict();
    }

    /** Runs the class with arguments and says how it went; never throws because of what is tried. */
    Outcome run(List<String> arguments) {
        Path scratch;
        try {
            scratch = Files.createTempDirectory("aded-trial-");
        } catch (IOException e) {
            return Outcome.open("could not be tried: " + e.getMessage());
        }
        try {
            return run(arguments, scratch);
        } finally {
            remove(scratch);
        }
    }

    /** As above, with a directory for its temporary files: a process that dies leaves them. */
    private Outcome run(List<String> arguments, Path scratch) {
        Process process;
        try {
            ProcessBuilder builder = new ProcessBuilder(command(arguments, scratch));
            builder.environment().putAll(variables);
            process = builder.start();
        } catch (IOException e) {
            return Outcome.open("could not be tried: " + e.getMessage());
        }
        CompletableFuture<List<String>> errors = lines(process.getErrorStream());
        CompletableFuture<List<String>> output = lines(process.getInputStream());
        try {
            process.getOutputStream().close();
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                return Outcome.open("did not answer within " + limit.toSeconds() + " seconds when it was tried");
            }
            for (String line : output.join()) {
                int mark = line.indexOf(Trial.MARK);
                if (mark >= 0) {
                    String json = line.substring(mark + Trial.MARK.length());
                    return new Outcome(Verdict.fromJson(JsonMapper.shared().readTree(json)), true);
                }
            }
            int status = process.exitValue();
            return new Outcome(Verdict.broken(death(status, errors.join())), isOfNativeCode(status));
        } catch (IOException e) {
            return Outcome.open("could not be tried: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Outcome.open("was not tried to the end: interrupted");
        } finally {
            process.destroyForcibly();
        }
    }

    /**
     * Whether a process died of the native code that was tried. It may also have been killed from outside, or have been
     * unable to try: too little heap, or a program whose classes are not on a class path.
     */
    private static boolean isOfNativeCode(int status) {
        // Windows says an exception's number, which is negative.
        return status < 0 || (status >= 132 && status <= 136) || status == 139;
    }

    private static void remove(Path scratch) {
        try (DirectoryStream<Path> left = Files.newDirectoryStream(scratch)) {
            for (Path file : left) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(scratch);
        } catch (IOException e) {
            // A process that cannot be killed yet holds it; there is no harm but the place that it takes.
        }
    }

    private List<String> command(List<String> arguments, Path scratch) {
        boolean windows = System.getProperty("os.name").startsWith("Windows");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", windows ? "java.exe" : "java")
                .toString());
        // Small and quick to start; no crash report in the user's directory.
        command.addAll(List.of(
                "-Xmx" + heap,
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:+SuppressFatalErrorMessage",
                "--enable-native-access=ALL-UNNAMED",
                "-Djava.io.tmpdir=" + scratch));
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(mainClass);
        command.addAll(arguments);
        return command;
    }

    private static CompletableFuture<List<String>> lines(InputStream stream) {
        CompletableFuture<List<String>> lines = new CompletableFuture<>();
        Thread.ofVirtual().name("trial-output").start(() -> {
            Deque<String> kept = new ArrayDeque<>();
            try (BufferedReader reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    kept.add(line);
                    if (kept.size() > LINES_KEPT) {
                        kept.removeFirst();
                    }
                }
            } catch (IOException e) {
                // The process is gone; what it said until then is what there is.
            }
            lines.complete(List.copyOf(kept));
        });
        return lines;
    }

    private static String death(int status, List<String> said) {
        // Java reports a process that a signal ended as 128 and the signal's number.
        String how = switch (status) {
            case 134 -> "aborted";
            case 135, 139 -> "crashed on a bad memory access";
            case 136 -> "crashed on a wrong calculation";
            case 132 -> "crashed on an instruction that this processor does not have";
            case 137 -> "was killed, perhaps for want of memory";
            default -> "ended with status " + status;
        };
        String last = last(said, line -> line.contains("CUDA error: "))
                .or(() -> last(
                        said,
                        line -> line.contains("ASSERT")
                                || line.toLowerCase(Locale.ROOT).contains("error")
                                || line.contains("terminate called")))
                .or(() -> last(said, line -> !line.isBlank()))
                .map(line -> ": " + (line.length() > 200 ? line.substring(0, 200) + "..." : line.strip()))
                .orElse("");
        // PTX is compiled by the driver, and only by one that is as new as the toolkit that made it.
        String advice = last.contains("unsupported toolchain")
                ? " (NVIDIA's driver is older than the CUDA that this build was made with; update the driver, or"
                        + " install cuda12)"
                : "";
        return how + " when it was tried" + last + advice;
    }

    private static Optional<String> last(List<String> lines, Predicate<String> wanted) {
        return lines.stream().filter(wanted).reduce((first, second) -> second);
    }
}
