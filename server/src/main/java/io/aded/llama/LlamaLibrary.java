package io.aded.llama;

import io.aded.llama.abi.Exports;
import io.aded.llama.abi.LibraryLine;
import io.aded.llama.abi.LibraryLines;
import io.aded.model.AdedException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A llama.cpp library that has been found, opened, recognised and checked. Immutable and thread-safe.
 *
 * <p>A library stays open for the life of the process (its back ends start threads and cannot be unloaded safely), and
 * opening the same one again gives the same object.
 */
public final class LlamaLibrary {
    private static final Object OPENING = new Object();
    private static final Map<Path, LlamaLibrary> OPEN = new HashMap<>();

    private final Native natives;
    private final NativeLog log;
    private final boolean bundled;
    private final Path path;

    private LlamaLibrary(Native natives, NativeLog log, boolean bundled, Path path) {
        this.natives = natives;
        this.log = log;
        this.bundled = bundled;
        this.path = path;
    }

    /** The library that comes with this program: llama.cpp b4916 for CPUs. */
    public static LlamaLibrary bundled() {
        return bundled(System.getenv());
    }

    private static LlamaLibrary bundled(Map<String, String> environment) {
        return open(BundledNatives.extract(environment), true);
    }

    /**
     * The library that the user chose: by option, else by the variable {@code ADED_NATIVES}, else the bundled one.
     *
     * @param nativesOption a directory or library file, or null if none was named
     * @param environment usually {@link System#getenv()}
     */
    public static LlamaLibrary resolve(@Nullable Path nativesOption, Map<String, String> environment) {
        if (nativesOption != null) {
            return load(nativesOption);
        }
        String variable = environment.getOrDefault("ADED_NATIVES", "");
        return variable.isBlank() ? bundled(environment) : load(Path.of(variable));
    }

    /** The versions of llama.cpp that can be opened, such as {@code v0.5.0}; the oldest first. */
    public static List<String> supportedVersions() {
        return LibraryLines.all().stream().map(LibraryLine::version).toList();
    }

    /** Those of {@link #supportedVersions} that have code for an architecture; the oldest first. */
    public static List<String> versionsFor(String architecture) {
        return LibraryLines.all().stream()
                .filter(line -> line.architectures().contains(architecture))
                .map(LibraryLine::version)
                .toList();
    }

    /**
     * Opens a library.
     *
     * @param directoryOrFile a directory that holds llama.cpp's libraries, or the one that exports {@code llama_*}
     * @throws AdedException.NotFound if there is no such file, or no library in the directory
     * @throws AdedException.InvalidArtifact if it is no library, lacks something, or is of an unsupported version
     */
    public static LlamaLibrary load(Path directoryOrFile) {
        return open(directoryOrFile, false);
    }

    private static LlamaLibrary open(Path directoryOrFile, boolean bundled) {
        Path real;
        try {
            real = directoryOrFile.toRealPath();
        } catch (IOException e) {
            throw new AdedException.NotFound(
                    "LIBRARY_NOT_FOUND", "there is no llama.cpp library at " + directoryOrFile);
        }
        synchronized (OPENING) {
            LlamaLibrary known = OPEN.get(real);
            if (known == null) {
                known = openNew(real, bundled);
                OPEN.put(real, known);
            }
            return known;
        }
    }

    private static LlamaLibrary openNew(Path real, boolean bundled) {
        Parts parts = Parts.find(real);
        ProcessEnd.prepare();
        SymbolLookup symbols = null;
        for (Path part : parts.inLoadOrder()) {
            SymbolLookup opened;
            try {
                opened = SymbolLookup.libraryLookup(part, Arena.global());
            } catch (IllegalArgumentException e) {
                throw new AdedException.InvalidArtifact(
                        "NOT_A_LIBRARY",
                        part + " cannot be opened as a native library: it is damaged, made for another system, or needs"
                                + " a library that is not installed",
                        e);
            }
            symbols = symbols == null ? opened : opened.or(symbols);
        }
        if (symbols == null) {
            throw new AssertionError("no parts");
        }

        Exports exports = new Exports(symbols);
        LibraryLine line = LibraryLines.recognise(exports, real);
        Native natives = new Native(exports, line);
        NativeLog log = new NativeLog();
        log.install(natives);
        if (line.loadsBackEnds()) {
            // A back end that misses a library is skipped in silence.
            SharedLibraries.preload(parts.directory(), System.getenv());
            loadBackEnds(exports, parts.directory());
        }
        natives.library.backendInit();
        ProcessEnd.prepare();
        return new LlamaLibrary(natives, log, bundled, real);
    }

    private static void loadBackEnds(Exports exports, Path directory) {
        try (Arena arena = Arena.ofConfined()) {
            exports.bind("ggml_backend_load_all_from_path", FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG))
                    .invokeExact(arena.allocateFrom(directory.toString()).address());
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
    }

    /** Names the library, such as {@code llama.cpp b4916 (bundled)}. Callers are told this: never where it lies. */
    public String description() {
        return "llama.cpp " + version() + (bundled ? " (bundled)" : "");
    }

    /** The version, such as {@code b4916} or {@code v0.5.0}. */
    public String version() {
        return natives.line.version();
    }

    /** Whether it came with this program. */
    public boolean isBundled() {
        return bundled;
    }

    /** The directory or file that it was opened from. */
    public Path path() {
        return path;
    }

    /** What the library says about the processor features that it uses, such as {@code CPU : AVX2 = 1 | ...}. */
    public String systemInfo() {
        return String.valueOf(Native.string(natives.library.systemInfo()));
    }

    /** Whether weights can be put on a GPU. */
    public boolean supportsGpuOffload() {
        return natives.library.supportsGpuOffload();
    }

    /** The devices that computation can run on, the CPU included. */
    public List<Device> devices() {
        List<Device> found = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(16, 8);
            for (long i = 0; i < natives.library.deviceCount(); i++) {
                long device = natives.library.device(i);
                natives.library.deviceMemory(device, memory.address(), memory.address() + 8);
                found.add(new Device(
                        String.valueOf(Native.string(natives.library.deviceName(device))),
                        String.valueOf(Native.string(natives.library.deviceDescription(device))),
                        deviceKind(natives.library.deviceType(device)),
                        memory.get(ValueLayout.JAVA_LONG, 0),
                        memory.get(ValueLayout.JAVA_LONG, 8)));
            }
        }
        return List.copyOf(found);
    }

    private Device.Kind deviceKind(int type) {
        return switch (type) {
            case 0 -> Device.Kind.CPU;
            case 1 -> Device.Kind.GPU;
            case 2 -> natives.line.knowsIntegratedGpus() ? Device.Kind.INTEGRATED_GPU : Device.Kind.ACCELERATOR;
            default -> Device.Kind.ACCELERATOR;
        };
    }

    /**
     * Something that can compute.
     *
     * @param name the library's name for it, such as {@code CPU} or {@code CUDA0}
     * @param description the maker's name for it
     * @param kind what it is
     * @param freeBytes memory that is free now; 0 if the library does not say
     * @param totalBytes memory in all; 0 if the library does not say
     */
    public record Device(String name, String description, Kind kind, long freeBytes, long totalBytes) {
        /** What a device is. */
        public enum Kind {
            CPU,
            GPU,
            INTEGRATED_GPU,
            ACCELERATOR;

            /** Whether weights can be put on it. */
            public boolean isGpu() {
                return this == GPU || this == INTEGRATED_GPU;
            }
        }
    }

    Native natives() {
        return natives;
    }

    NativeLog log() {
        return log;
    }

    @Override
    public String toString() {
        return description();
    }

    /** The files of one build, in the order in which they need each other. */
    private record Parts(Path directory, List<Path> inLoadOrder) {
        private static final Pattern BASE = Pattern.compile("(lib)?ggml-base\\..*(so|dylib|dll)(\\.[0-9.]+)?");
        private static final Pattern GGML = Pattern.compile("(lib)?ggml\\..*(so|dylib|dll)(\\.[0-9.]+)?");
        private static final Pattern LLAMA = Pattern.compile("(lib)?j?llama\\..*(so|dylib|dll)(\\.[0-9.]+)?");

        static Parts find(Path real) {
            boolean isDirectory = Files.isDirectory(real);
            Path parent = real.getParent();
            Path directory = isDirectory || parent == null ? real : parent;
            List<Path> order = new ArrayList<>();
            // A file that is no llama.cpp library by its name is opened alone, so that the error is about it.
            if (isDirectory || LLAMA.matcher(String.valueOf(real.getFileName())).matches()) {
                first(directory, BASE).ifPresent(order::add);
                first(directory, GGML).ifPresent(order::add);
            }
            if (isDirectory) {
                order.add(first(directory, LLAMA)
                        .orElseThrow(() -> new AdedException.NotFound(
                                "LIBRARY_NOT_FOUND", "there is no llama.cpp library in the directory " + directory)));
            } else {
                order.add(real);
            }
            return new Parts(directory, order);
        }

        private static Optional<Path> first(Path directory, Pattern name) {
            Predicate<Path> matches =
                    file -> name.matcher(String.valueOf(file.getFileName())).matches() && Files.isRegularFile(file);
            try (Stream<Path> files = Files.list(directory)) {
                return files.filter(matches).sorted().findFirst();
            } catch (IOException e) {
                throw new AdedException.InvalidArtifact(
                        "LIBRARY_UNREADABLE", "cannot list the directory " + directory, e);
            }
        }
    }
}
