package io.aded.natives;

import io.aded.llama.LlamaLibrary;
import io.aded.llama.SharedLibraries;
import io.aded.model.AdedException;
import io.aded.store.ProcessEnvironment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Decides which library a command runs on: the one that the command line or {@code ADED_NATIVES} names, else the one
 * that {@code aded natives use} chose, else the best installed build that really works, else the bundled one.
 *
 * <p>What was named for this one command is used or fails. What is only preferred steps down to the next best, and each
 * step is explained in one line, so that a machine whose driver broke overnight still serves, and says why it is slow.
 */
public final class LibraryChoice {
    private static final String VERDICT = "verdict.json";
    /** Variables that decide what a driver shows, so that a verdict under others does not count. */
    private static final List<String> DEVICE_VARIABLES = List.of(
            "CUDA_VISIBLE_DEVICES",
            "NVIDIA_VISIBLE_DEVICES",
            "GGML_VK_VISIBLE_DEVICES",
            "VK_DRIVER_FILES",
            "VK_ICD_FILENAMES",
            "LD_LIBRARY_PATH",
            "CUDA_HOME",
            "CUDA_PATH",
            "VIRTUAL_ENV");

    private final ProcessEnvironment environment;
    private final NativesStore store;
    private final Tryout tryout;
    private final Needs needs;
    private final Path devices;

    LibraryChoice(ProcessEnvironment environment, NativesStore store, Tryout tryout, Needs needs, Path devices) {
        this.environment = environment;
        this.store = store;
        this.tryout = tryout;
        this.needs = needs;
        this.devices = devices;
    }

    /** What a build's libraries need and do not find. */
    @FunctionalInterface
    interface Needs {
        List<String> missing(Path directory, Map<String, String> environment);
    }

    /** Tries a library in a way that this process survives. */
    @FunctionalInterface
    interface Tryout {
        Verdict run(Path directory, boolean needsGpu);
    }

    /** For this process. */
    public static LibraryChoice of(ProcessEnvironment environment) {
        return new LibraryChoice(
                environment,
                NativesStore.of(environment),
                TrialRunner.create()::run,
                SharedLibraries::missing,
                Path.of("/dev"));
    }

    /**
     * What was decided.
     *
     * @param library where it lies; null for the bundled one
     * @param name what to call it: a build's id, {@code bundled}, or a path
     */
    public record Decision(@Nullable Path library, String name) {
        private static final Decision BUNDLED = new Decision(null, "bundled");
    }

    /**
     * Opens the library that is decided on.
     *
     * @param option what the command line names, or null
     * @param explain told each step down, a line each, and that a build is being tried
     */
    public LlamaLibrary open(@Nullable Path option, Consumer<String> explain) {
        Decision decision = decide(option, explain);
        return decision.library() == null ? LlamaLibrary.bundled() : LlamaLibrary.load(decision.library());
    }

    /**
     * Decides without opening anything in this process.
     *
     * @throws AdedException.NotFound if a build was named that is not installed; a path is looked at by whoever opens
     *     it
     */
    public Decision decide(@Nullable Path option, Consumer<String> explain) {
        String variable = environment.variable("ADED_NATIVES");
        Path named = option != null || variable == null ? option : Path.of(variable);
        if (named != null) {
            return named(named);
        }
        List<InstalledNatives> candidates = new ArrayList<>(store.installed());
        switch (store.choice()) {
            case NativesChoice.Bundled chosen -> {
                return Decision.BUNDLED;
            }
            case NativesChoice.Directory(Path path) -> {
                if (Files.exists(path)) {
                    return new Decision(path, path.toString());
                }
                explain.accept("natives: " + path + ", which was chosen, is gone; choosing another");
            }
            case NativesChoice.Installed(String id) -> {
                Optional<InstalledNatives> chosen = store.find(id);
                if (chosen.isPresent()) {
                    candidates.remove(chosen.get());
                    candidates.addFirst(chosen.get());
                } else {
                    explain.accept("natives: " + id + ", which was chosen, is not installed; choosing another");
                }
            }
            case NativesChoice.Automatic automatic -> {}
        }
        return best(candidates, explain);
    }

    /** A path if there is something, else a name: a directory that is called like a build is meant, not the build. */
    private Decision named(Path named) {
        String name = named.toString();
        if (Files.exists(named)) {
            return new Decision(named, name);
        }
        if (name.equals("bundled")) {
            return Decision.BUNDLED;
        }
        Optional<InstalledNatives> build = name.contains("/") ? Optional.empty() : store.find(name);
        if (build.isEmpty() && !name.contains("/")) {
            AdedException.NotFound failure = store.notInstalled(name);
            throw new AdedException.NotFound(
                    failure.reason(),
                    failure.getMessage()
                            + ". Allowed: an installed build, \"bundled\", or a directory with a llama.cpp of"
                            + " your own");
        }
        return build.map(found -> new Decision(found.directory(), found.id()))
                // That there is nothing is said by whoever opens it.
                .orElseGet(() -> new Decision(named, name));
    }

    private Decision best(List<InstalledNatives> candidates, Consumer<String> explain) {
        for (int i = 0; i < candidates.size(); i++) {
            InstalledNatives build = candidates.get(i);
            Verdict verdict = verdict(build, explain);
            if (verdict.works()) {
                return new Decision(build.directory(), build.id());
            }
            String next = i + 1 < candidates.size() ? candidates.get(i + 1).id() : "the bundled library";
            explain.accept("natives: " + build.id() + " " + verdict.problem() + "; trying " + next);
        }
        return Decision.BUNDLED;
    }

    /**
     * Whether a build works here: by what was found out before, if nothing has changed that matters, else by trying it.
     *
     * @param explain told that it is being tried, which may take a while
     */
    public Verdict verdict(InstalledNatives build, Consumer<String> explain) {
        String damage = store.damage(build);
        if (damage != null) {
            return Verdict.broken(damage + "; install " + build.kind().label() + " again");
        }
        List<String> missing = needs.missing(build.directory(), environment.variables());
        if (!missing.isEmpty()) {
            String listed = missing.size() == 1
                    ? missing.getFirst() + ", which is"
                    : String.join(", ", missing.subList(0, missing.size() - 1)) + " and " + missing.getLast()
                            + ", which are";
            return Verdict.broken("needs " + listed + " not on this system" + advice(build.kind(), missing));
        }
        String fingerprint = fingerprint(build);
        Path file = build.directory().resolve(VERDICT);
        Optional<Verdict> known = read(file, fingerprint);
        if (known.isPresent()) {
            return known.get();
        }
        boolean needsGpu = build.kind() != NativesKind.CPU;
        explain.accept("natives: trying " + build.id() + " once"
                + (needsGpu ? "; compiling for the GPU can take a minute" : ""));
        Verdict verdict = tryout.run(build.directory(), needsGpu);
        write(file, fingerprint, verdict);
        return verdict;
    }

    /** Tries a library of the user's own, whatever device it has. */
    public Verdict tryOut(Path directoryOrFile) {
        return tryout.run(directoryOrFile, false);
    }

    /** Forgets what was found out about a build, so that it is tried again. */
    public void forget(InstalledNatives build) {
        try {
            Files.deleteIfExists(build.directory().resolve(VERDICT));
        } catch (IOException e) {
            // It is tried again when its circumstances change; nothing depends on this.
        }
    }

    private static String advice(NativesKind kind, List<String> missing) {
        List<String> advice = new ArrayList<>();
        if (missing.stream().anyMatch(name -> name.startsWith("libcuda.so"))) {
            advice.add("libcuda comes with NVIDIA's driver; in a container it appears with --gpus all");
        }
        if (missing.stream().anyMatch(name -> name.startsWith("libcudart") || name.startsWith("libcublas"))) {
            String version = kind == NativesKind.CUDA12 ? "12" : "13";
            String other = kind == NativesKind.CUDA12 ? "cuda for CUDA 13" : "cuda12 for CUDA 12";
            advice.add("install the runtime libraries of CUDA " + version
                    + " or name their toolkit by CUDA_HOME; there is also " + other);
        }
        if (missing.stream().anyMatch(name -> name.startsWith("libvulkan"))) {
            advice.add("install the Vulkan loader: libvulkan1 on Debian, vulkan-loader on Fedora");
        }
        return advice.isEmpty() ? "" : " (" + String.join("; ", advice) + ")";
    }

    /** Everything that could make a verdict wrong: the build, the system, the driver, the devices shown to us. */
    private String fingerprint(InstalledNatives build) {
        StringBuilder text = new StringBuilder()
                .append(build.id())
                .append(' ')
                .append(build.installed())
                .append(' ')
                .append(System.getProperty("os.version"));
        if (build.kind() != NativesKind.CPU) {
            for (String variable : DEVICE_VARIABLES) {
                text.append(' ')
                        .append(variable)
                        .append('=')
                        .append(environment.variables().get(variable));
            }
            text.append(' ').append(deviceFiles());
            text.append(' ').append(driver());
        }
        return text.toString();
    }

    private String deviceFiles() {
        List<String> names = new ArrayList<>();
        for (Path directory : List.of(devices, devices.resolve("dri"))) {
            try (Stream<Path> files = Files.list(directory)) {
                files.map(file -> file.getFileName().toString())
                        .filter(name -> name.matches("nvidia.*|renderD.*|card.*|kfd"))
                        .forEach(names::add);
            } catch (IOException e) {
                // No such devices.
            }
        }
        return names.stream().sorted().collect(Collectors.joining(","));
    }

    private static String driver() {
        try {
            return Files.readString(Path.of("/proc/driver/nvidia/version")).replaceAll("\\s+", " ");
        } catch (IOException e) {
            return "";
        }
    }

    private static Optional<Verdict> read(Path file, String fingerprint) {
        try {
            if (!Files.isRegularFile(file)) {
                return Optional.empty();
            }
            JsonNode json = JsonMapper.shared().readTree(Files.readString(file));
            return json.path("fingerprint").asString("").equals(fingerprint)
                    ? Optional.of(Verdict.fromJson(json.path("verdict")))
                    : Optional.empty();
        } catch (IOException | RuntimeException e) {
            // A note that cannot be read is as good as none: the build is tried again.
            return Optional.empty();
        }
    }

    private static void write(Path file, String fingerprint, Verdict verdict) {
        ObjectNode json = JsonMapper.shared().createObjectNode().put("fingerprint", fingerprint);
        json.set("verdict", verdict.toJson());
        try {
            Path partial = Files.createTempFile(file.getParent(), ".verdict-", ".json");
            try {
                Files.writeString(partial, json.toPrettyString() + "\n");
                Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(partial);
            }
        } catch (IOException e) {
            // A directory that cannot be written to: the build is tried at every start.
        }
    }
}
