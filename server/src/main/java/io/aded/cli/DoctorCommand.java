package io.aded.cli;

import io.aded.engine.Delta;
import io.aded.engine.DraftPolicy;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.engine.Prompt;
import io.aded.engine.SpeculationOutlook;
import io.aded.engine.TurnListener;
import io.aded.engine.TurnRequest;
import io.aded.engine.TurnResult;
import io.aded.gguf.GgufFile;
import io.aded.host.HostConfiguration;
import io.aded.host.HostMemory;
import io.aded.host.HostThreads;
import io.aded.host.ModelConfiguration;
import io.aded.host.ModelFiles;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.llama.Processor;
import io.aded.model.AdedException;
import io.aded.model.SamplingParameters;
import io.aded.natives.LibraryChoice;
import io.aded.store.CatalogueEntry;
import io.aded.store.ModelStore;
import io.aded.telemetry.Telemetry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Checks what is needed, a line each, so that a user knows before and a maintainer knows after. */
@Command(
        name = "doctor",
        description = {
            "Checks the JDK, the processor, llama.cpp's library, its devices, the cache and the model: a line each.",
            "Ends with a status other than 0 if something makes serving impossible."
        })
final class DoctorCommand implements Callable<Integer> {
    private static final int NEEDED_JAVA = 25;
    private static final Duration LONGEST_CALIBRATION = Duration.ofSeconds(15);
    private static final List<String> NOTEWORTHY = List.of(
            "avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_int8", "amx_bf16", "asimd", "sve");

    private final Terminal terminal;

    @Mixin
    private final ModelOptions model = new ModelOptions();

    @Mixin
    private final FormatQuestion formats = new FormatQuestion();

    private boolean usable = true;

    DoctorCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        ModelConfiguration choice = model.configuration();
        java();
        processor();
        memory();
        LlamaLibrary library = library(choice);
        cache();
        if (library != null) {
            model(choice, library);
        }
        terminal.out()
                .println(usable ? "This machine can serve." : "This machine cannot serve; mend what failed above.");
        return (usable ? ExitCode.OK : ExitCode.FAILED_PRECONDITION).code();
    }

    // --- the checks

    private void java() {
        Runtime.Version version = Runtime.version();
        String what =
                "JDK " + version + " (" + System.getProperty("java.vendor") + ") in " + System.getProperty("java.home");
        if (version.feature() < NEEDED_JAVA) {
            failed("java", what + "; " + NEEDED_JAVA + " or later is needed");
        } else if (!DoctorCommand.class.getModule().isNativeAccessEnabled()) {
            noted("java", what + "; native access is not enabled, start with --enable-native-access=ALL-UNNAMED");
        } else {
            passed("java", what);
        }
    }

    private void processor() {
        String architecture = System.getProperty("os.arch") + " " + System.getProperty("os.name");
        Set<String> features = features();
        String known = NOTEWORTHY.stream().filter(features::contains).collect(Collectors.joining(" "));
        String what = Runtime.getRuntime().availableProcessors() + " processors, " + architecture
                + (known.isEmpty() ? "" : ", " + known);
        boolean isX86 = "amd64".equals(System.getProperty("os.arch"));
        if (isX86 && !features.isEmpty() && !features.contains("avx2")) {
            failed("processor", what + "; the bundled library needs AVX2, give one without by --natives");
        } else {
            passed("processor", what);
        }
    }

    private static Set<String> features() {
        try {
            return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                    .filter(line -> line.startsWith("flags") || line.startsWith("Features"))
                    .findFirst()
                    .map(line ->
                            Set.of(line.substring(line.indexOf(':') + 1).strip().split("\\s+")))
                    .orElse(Set.of());
        } catch (IOException | IllegalArgumentException notLinux) {
            return Set.of();
        }
    }

    private void memory() {
        long bytes = HostMemory.ofMachine().availableBytes();
        if (bytes < Long.MAX_VALUE) {
            String what = String.format(Locale.ROOT, "%.1f GB available", bytes / 1e9);
            if (bytes < 1L << 30) {
                noted("memory", what + "; even small models want 1 GB");
            } else {
                passed("memory", what);
            }
        }
    }

    private @Nullable LlamaLibrary library(ModelConfiguration choice) {
        LlamaLibrary library;
        try {
            library = LibraryChoice.of(terminal.environment())
                    .open(choice.natives(), line -> noted("natives", line.replaceFirst("^natives: ", "")));
        } catch (AdedException e) {
            failed("library", Main.withHint(e));
            return null;
        }
        passed("library", library.description() + " from " + library.path());
        Set<String> features = features();
        if (library.isBundled() && (features.contains("amx_int8") || features.contains("avx512_vnni"))) {
            noted(
                    "natives",
                    "this processor can do more than the bundled library uses; \"aded natives install cpu\" can"
                            + " make it twice as fast");
        }
        List<String> devices = new ArrayList<>();
        for (LlamaLibrary.Device device : library.devices()) {
            devices.add(device.name() + ": " + device.description()
                    + (device.totalBytes() > 0
                            ? String.format(
                                    Locale.ROOT,
                                    " (%.1f of %.1f GB free)",
                                    device.freeBytes() / 1e9,
                                    device.totalBytes() / 1e9)
                            : ""));
        }
        if (devices.isEmpty()) {
            failed("devices", "the library finds none; its backend libraries may be missing beside it");
        } else {
            passed(
                    "devices",
                    String.join("; ", devices)
                            + (library.supportsGpuOffload() ? "" : "; this library has no GPU support"));
        }
        int cores = Processor.physicalCores();
        passed(
                "host threads",
                HostThreads.usual(cores, 0, 1) + " beside the engine's own while passes run on a GPU, "
                        + HostThreads.usual(cores, cores, 1) + " while they take all " + cores
                        + (cores == 1 ? " core" : " cores") + " (--host-threads)");
        return library;
    }

    private void cache() {
        try (ModelStore store = ModelStore.of(terminal.environment())) {
            Path directory = store.directory();
            Files.createDirectories(directory);
            if (!Files.isWritable(directory)) {
                failed("cache", directory + " cannot be written; set XDG_CACHE_HOME");
                return;
            }
            double free = Files.getFileStore(directory).getUsableSpace() / 1e9;
            passed("cache", String.format(Locale.ROOT, "%s, %.1f GB free", directory, free));
        } catch (IOException e) {
            failed("cache", "cannot be made: " + e.getMessage() + "; set XDG_CACHE_HOME");
        } catch (AdedException e) {
            failed("cache", e.getMessage());
        }
    }

    private void model(ModelConfiguration choice, LlamaLibrary library) {
        try (ModelStore store = ModelStore.of(terminal.environment())) {
            if (choice.model() == null && choice.hub() == null) {
                CatalogueEntry entry =
                        store.catalogue().find(store.catalogue().defaultModel()).orElseThrow();
                if (store.pulled(entry).isEmpty()) {
                    noted(
                            "model",
                            entry.name() + " is not here yet; it is pulled on first use, and its fastest format found"
                                    + " out; or by: " + terminal.program() + " models pull");
                    return;
                }
            }
            Path file = ProgressPrinter.during(
                    terminal, listener -> new ModelFiles(terminal.environment(), listener).find(choice));
            GgufFile header = GgufFile.readModel(file);
            header.requireModel();
            String name = ModelFiles.nameOf(choice, file);
            try (LlamaModel loaded = LlamaModel.load(library, file, choice.parameters());
                    Engine engine = Engine.start(
                            loaded,
                            EngineOptions.ofCells(1024),
                            Telemetry.none().forEngine("doctor"))) {
                answer(engine);
                passed("model", name + " (" + loaded.info().description() + ") loads and answers");
                speculation(engine);
                String problem = loaded.chatTemplate().problem();
                if (problem == null) {
                    passed("chat template", loaded.chatTemplate().description());
                } else {
                    noted("chat template", "ChatML stands in, because " + problem + "; --chat-template names another");
                }
            }
            HostConfiguration configuration =
                    HostConfiguration.DEFAULT.withModel(choice).withEnvironment(terminal.environment());
            noted(
                    "formats",
                    FormatAdvice.of(formats.answer(terminal, library, file, configuration), terminal.program(), choice)
                            .line());
        } catch (AdedException e) {
            failed("model", Main.withHint(e));
        }
    }

    /** What drafts can gain with the file as it is. */
    private void speculation(Engine engine) {
        try {
            engine.awaitCalibration(LONGEST_CALIBRATION);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AdedException.Cancelled("interrupted while passes were timed");
        }
        SpeculationOutlook outlook = SpeculationOutlook.of(engine.passCosts().nanos());
        passed("speed", outlook.costs());
        if (outlook.pays()) {
            passed("drafts", "gain " + outlook.gains());
        } else {
            noted("drafts", "gain " + outlook.gains());
        }
    }

    /** Four tokens, of whatever kind: the whole way is walked once. */
    private static void answer(Engine engine) {
        int begin = Math.max(0, engine.model().vocabulary().beginningOfSequence());
        OneAnswer answer = new OneAnswer();
        try (var session = engine.openSession()) {
            session.submit(
                    TurnRequest.of(
                                    new Prompt.Tokens(new int[] {begin, begin}),
                                    SamplingParameters.GREEDY,
                                    DraftPolicy.AUTO,
                                    4)
                            .withIgnoreEnd(true),
                    answer);
            answer.await();
        }
    }

    /** Waits for the end of a turn, whatever it brings. */
    private static final class OneAnswer implements TurnListener {
        private final CompletableFuture<TurnResult> end = new CompletableFuture<>();

        @Override
        public void onDelta(Delta delta) {
            // Only that it ends well is asked for.
        }

        @Override
        public void onFinished(TurnResult result) {
            end.complete(result);
        }

        @Override
        public void onFailed(AdedException failure) {
            end.completeExceptionally(failure);
        }

        void await() {
            try {
                end.join();
            } catch (CompletionException e) {
                throw e.getCause() instanceof AdedException known ? known : e;
            }
        }
    }

    // --- the verdicts

    private void passed(String what, String verdict) {
        line("ok", "32", what, verdict);
    }

    private void noted(String what, String verdict) {
        line("note", "33", what, verdict);
    }

    private void failed(String what, @Nullable String verdict) {
        usable = false;
        line("FAIL", "31", what, String.valueOf(verdict));
    }

    private void line(String sign, String colour, String what, String verdict) {
        String shown = terminal.colour() ? "\u001b[" + colour + "m" + sign + "\u001b[0m" : sign;
        terminal.raw().print(shown);
        terminal.out().println(" ".repeat(5 - sign.length()) + " " + what + ": " + verdict);
        terminal.out().flush();
    }
}
