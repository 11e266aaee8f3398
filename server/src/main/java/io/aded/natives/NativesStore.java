package io.aded.natives;

import io.aded.llama.LlamaLibrary;
import io.aded.model.AdedException;
import io.aded.store.Checksum;
import io.aded.store.Downloader;
import io.aded.store.FileLease;
import io.aded.store.NpmRegistry;
import io.aded.store.ProcessEnvironment;
import io.aded.store.TransferListener;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The builds in the user's data directory. Thread-safe, and safe against other processes.
 *
 * <pre>{@code
 * natives/
 *   cpu-3.22.1/          a build: its libraries, its licence, and
 *     aded-natives.json    what it is and what must lie beside
 *   choice.json          what "natives use" chose; absent for the best that works
 *   .downloads/          archives on their way in; an interrupted one goes on from here
 *   .unpacking-*         a build that is being unpacked, or was when the process died
 *   .lock                held while one of these changes
 * }</pre>
 */
public final class NativesStore {
    private static final String MANIFEST = "aded-natives.json";
    private static final String CHOICE = "choice.json";
    private static final String UNPACKING = ".unpacking-";

    /** Bytes of an archive; the largest that is published has some 700 million. */
    private static final long LARGEST_BUILD = 8L << 30;

    private static final Pattern VERSION = Pattern.compile("[0-9]+\\.[0-9]+\\.[0-9]+(-[0-9A-Za-z.-]+)?");

    private final Path directory;
    private final NativesPlatform platform;
    private final PackageSource packages;
    private final FreeSpace freeSpace;
    private final InstantSource clock;

    NativesStore(
            Path directory,
            NativesPlatform platform,
            PackageSource packages,
            FreeSpace freeSpace,
            InstantSource clock) {
        this.directory = directory;
        this.platform = platform;
        this.packages = packages;
        this.freeSpace = freeSpace;
        this.clock = clock;
    }

    /** The store in the user's data directory, filled from the registry that npm's configuration names. */
    public static NativesStore of(ProcessEnvironment environment) {
        return of(environment, NativesPlatform.ofProcess());
    }

    /** The same store, to install builds for another system in. */
    public static NativesStore of(ProcessEnvironment environment, NativesPlatform platform) {
        return new NativesStore(
                environment.dataDirectory().resolve("natives"),
                platform,
                (name, version, destination, label, listener) -> {
                    try (Downloader downloader = Downloader.of(environment)) {
                        NpmRegistry registry = NpmRegistry.of(environment, downloader);
                        return registry.fetch(name, version, destination, LARGEST_BUILD, label, listener)
                                .checksum();
                    }
                },
                path -> Files.getFileStore(path).getUsableSpace(),
                InstantSource.system());
    }

    /** Where archives come from. */
    @FunctionalInterface
    interface PackageSource {
        /**
         * Fetches and verifies an archive.
         *
         * @return the checksum that it has
         */
        Checksum fetch(String packageName, String version, Path destination, String label, TransferListener listener);
    }

    /** How many bytes can still be written to a directory. */
    @FunctionalInterface
    interface FreeSpace {
        long in(Path directory) throws IOException;
    }

    /** Where the builds lie. */
    public Path directory() {
        return directory;
    }

    /** The system that builds are installed for. */
    public NativesPlatform platform() {
        return platform;
    }

    /** The builds that are there, best first. Directories that no installation finished are not among them. */
    public List<InstalledNatives> installed() {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        List<InstalledNatives> found = new ArrayList<>();
        try (Stream<Path> entries = Files.list(directory)) {
            for (Path entry : (Iterable<Path>) entries::iterator) {
                if (Files.isRegularFile(entry.resolve(MANIFEST))
                        && !entry.getFileName().toString().startsWith(".")) {
                    readManifest(entry).ifPresent(found::add);
                }
            }
        } catch (IOException e) {
            throw unreadable(directory, e);
        }
        found.sort(InstalledNatives.BEST_FIRST);
        return List.copyOf(found);
    }

    /**
     * The build of a name.
     *
     * @param name a kind, such as {@code cpu}, for its newest version, or a kind with a version, such as
     *     {@code cpu-3.22.1} or {@code cpu@3.22.1}
     */
    public Optional<InstalledNatives> find(String name) {
        String wanted = name.toLowerCase(Locale.ROOT).replace('@', '-');
        return installed().stream()
                .filter(build ->
                        build.id().equals(wanted) || build.kind().label().equals(wanted))
                .findFirst();
    }

    /** What is wrong with the files of a build, in words that follow its name; null if they are all there. */
    public @Nullable String damage(InstalledNatives build) {
        for (InstalledNatives.Piece piece : build.files()) {
            Path file = build.directory().resolve(piece.name());
            try {
                long size = Files.size(file);
                if (size != piece.size()) {
                    return "is damaged: " + piece.name() + " has " + size + " bytes instead of " + piece.size();
                }
            } catch (IOException e) {
                return "is damaged: " + piece.name() + " is missing";
            }
        }
        return null;
    }

    /**
     * Fetches, verifies and unpacks a build; does nothing if it is there and undamaged.
     *
     * @param version the packages' version, usually {@link NativesKind#SUPPORTED_VERSION}
     * @throws AdedException.InvalidRequest if the kind does not exist for this system, or the version is no version
     * @throws AdedException.NotFound if the registry does not have it
     * @throws AdedException.Unavailable if the registry cannot be reached; what has arrived is kept
     * @throws AdedException.ResourceExhausted if the disk is too full
     * @throws AdedException.InvalidArtifact if what arrived is damaged, unsafe, or of an unsupported llama.cpp release;
     *     nothing of it is kept
     */
    public InstalledNatives install(NativesKind kind, String version, TransferListener listener) {
        List<NativesKind.Source> sources = kind.sources(platform);
        if (!VERSION.matcher(version).matches()) {
            throw new AdedException.InvalidRequest(
                    "version",
                    "\"" + version + "\" is no version; the supported one is " + NativesKind.SUPPORTED_VERSION);
        }
        String id = kind.label() + "-" + version;
        Path target = directory.resolve(id);
        try (FileLease lease = FileLease.acquire(
                directory.resolve(".lock"),
                () -> listener.note("another aded is installing or removing natives; waiting for it"))) {
            Optional<InstalledNatives> there = find(id);
            if (there.isPresent() && damage(there.get()) == null) {
                return there.get();
            }
            sweep();
            return place(kind, version, sources, target, listener);
        } catch (IOException e) {
            throw cannotWrite("install " + id, e);
        }
    }

    /** An archive that has arrived whole, and by what it is known. */
    private record Fetched(NativesKind.Source source, Path file, InstalledNatives.Package origin) {
        NativesArchive archive() {
            return new NativesArchive(file, source.packageName());
        }
    }

    /** Fetches and unpacks a build. Called with the lease held. */
    private InstalledNatives place(
            NativesKind kind, String version, List<NativesKind.Source> sources, Path target, TransferListener listener)
            throws IOException {
        List<Fetched> fetched = fetched(version, sources, listener);
        requireSpace(fetched);
        // Not Files.createTempDirectory: what that makes is closed to other users, whom the data directory may serve
        // too.
        Path staging = Files.createDirectory(
                directory.resolve(UNPACKING + ProcessHandle.current().pid()));
        try {
            InstalledNatives build = new InstalledNatives(
                    kind,
                    version,
                    unpacked(fetched, version, staging, listener),
                    target,
                    clock.instant().truncatedTo(ChronoUnit.SECONDS),
                    fetched.stream().map(Fetched::origin).toList(),
                    pieces(staging));
            writeManifest(build, staging);
            deleteTree(target);
            Files.move(staging, target, StandardCopyOption.ATOMIC_MOVE);
            return build;
        } catch (AdedException.InvalidArtifact e) {
            // The archive has the right checksum and is wrong all the same: fetching it again would not help.
            delete(fetched);
            throw e;
        } finally {
            deleteTree(staging);
            if (Files.isDirectory(target)) {
                delete(fetched);
            }
        }
    }

    private List<Fetched> fetched(String version, List<NativesKind.Source> sources, TransferListener listener)
            throws IOException {
        Path downloads = Files.createDirectories(directory.resolve(".downloads"));
        List<Fetched> fetched = new ArrayList<>();
        for (NativesKind.Source source : sources) {
            String name = source.packageName();
            Path file = downloads.resolve(name.replaceFirst("^@", "").replace('/', '-') + "-" + version + ".tgz");
            boolean kept = Files.exists(file);
            Checksum checksum = packages.fetch(name, version, file, name, listener);
            // What an earlier attempt could not unpack was whole then; it need not be now.
            if (kept && !checksum.matches(file)) {
                Files.delete(file);
                checksum = packages.fetch(name, version, file, name, listener);
            }
            String integrity = checksum.algorithm() + ":" + checksum.hex();
            fetched.add(new Fetched(source, file, new InstalledNatives.Package(name, integrity)));
        }
        return fetched;
    }

    private void requireSpace(List<Fetched> fetched) throws IOException {
        long needed = 0;
        for (Fetched each : fetched) {
            needed += each.archive().unpackedSize();
        }
        long free = freeSpace.in(directory);
        if (needed > free) {
            throw new AdedException.ResourceExhausted(
                    "NO_SPACE",
                    String.format(
                            Locale.ROOT,
                            "unpacking needs %.0f MB in %s, where %.0f MB are free; make room there, or set"
                                    + " XDG_DATA_HOME to a directory on a larger disk. The download is kept",
                            needed / 1e6,
                            directory,
                            free / 1e6),
                    null);
        }
    }

    /**
     * Unpacks archives into one directory.
     *
     * @return the release of llama.cpp that they hold; the supported one where they do not say
     * @throws AdedException.InvalidArtifact if they hold another one
     */
    private static String unpacked(List<Fetched> fetched, String version, Path into, TransferListener listener)
            throws IOException {
        String release = NativesKind.SUPPORTED_RELEASE;
        for (Fetched each : fetched) {
            listener.note("unpacking " + each.source().packageName());
            String said = each.archive().unpack(each.source().folder(), into);
            release = said != null ? said : release;
        }
        if (!LlamaLibrary.supportedVersions().contains(release)) {
            throw new AdedException.InvalidArtifact(
                    "UNSUPPORTED_LIBRARY",
                    fetched.getFirst().source().packageName() + " " + version + " holds llama.cpp " + release
                            + "; supported is " + NativesKind.SUPPORTED_RELEASE + " (version "
                            + NativesKind.SUPPORTED_VERSION + "), nothing was installed");
        }
        return release;
    }

    private static void delete(List<Fetched> fetched) throws IOException {
        for (Fetched each : fetched) {
            Files.deleteIfExists(each.file());
        }
    }

    /**
     * Deletes a build. A choice of it falls back to the best build that works.
     *
     * @param name as for {@link #find}
     * @throws AdedException.NotFound if it is not installed
     */
    public InstalledNatives remove(String name) {
        try (FileLease lease = FileLease.acquire(directory.resolve(".lock"), () -> {})) {
            InstalledNatives build = find(name).orElseThrow(() -> notInstalled(name));
            if (choice().equals(new NativesChoice.Installed(build.id()))) {
                choose(new NativesChoice.Automatic());
            }
            // Gone by one rename, so that a process that starts now does not meet half of it.
            Path doomed = directory.resolve(UNPACKING + "removed-" + build.id());
            deleteTree(doomed);
            Files.move(build.directory(), doomed, StandardCopyOption.ATOMIC_MOVE);
            deleteTree(doomed);
            return build;
        } catch (IOException e) {
            throw cannotWrite("remove " + name, e);
        }
    }

    /** What is chosen; a choice that cannot be read counts as none. */
    public NativesChoice choice() {
        Path file = directory.resolve(CHOICE);
        String chosen;
        try {
            chosen = Files.isRegularFile(file)
                    ? JsonMapper.shared()
                            .readTree(Files.readString(file))
                            .path("use")
                            .asString("")
                    : "";
        } catch (IOException | JacksonException e) {
            chosen = "";
        }
        if (chosen.isEmpty() || chosen.equals("auto")) {
            return new NativesChoice.Automatic();
        }
        if (chosen.equals("bundled")) {
            return new NativesChoice.Bundled();
        }
        return Path.of(chosen).isAbsolute()
                ? new NativesChoice.Directory(Path.of(chosen))
                : new NativesChoice.Installed(chosen);
    }

    /** Remembers a choice for every later start. */
    public void choose(NativesChoice choice) {
        Path file = directory.resolve(CHOICE);
        try {
            if (choice instanceof NativesChoice.Automatic) {
                Files.deleteIfExists(file);
                return;
            }
            Files.createDirectories(directory);
            ObjectNode json = JsonMapper.shared().createObjectNode().put("use", choice.toString());
            Path partial = Files.createTempFile(directory, ".choice-", ".json");
            try {
                Files.writeString(partial, json.toPrettyString() + "\n");
                Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(partial);
            }
        } catch (IOException e) {
            throw cannotWrite("remember the choice", e);
        }
    }

    /** The error for a build that is not there; it names those that are. */
    public AdedException.NotFound notInstalled(String name) {
        List<String> ids = installed().stream().map(InstalledNatives::id).toList();
        return new AdedException.NotFound(
                "NATIVES_NOT_INSTALLED",
                "no build \"" + name + "\" is installed; "
                        + (ids.isEmpty() ? "none is" : "installed: " + String.join(", ", ids)));
    }

    /** What a process that died left behind. Called with the lease held. */
    private void sweep() throws IOException {
        List<Path> left;
        try (Stream<Path> entries = Files.list(directory)) {
            left = entries.filter(entry -> entry.getFileName().toString().startsWith(UNPACKING))
                    .toList();
        }
        for (Path entry : left) {
            deleteTree(entry);
        }
    }

    private static List<InstalledNatives.Piece> pieces(Path staging) throws IOException {
        List<InstalledNatives.Piece> pieces = new ArrayList<>();
        try (Stream<Path> files = Files.list(staging).sorted()) {
            for (Path file : (Iterable<Path>) files::iterator) {
                pieces.add(new InstalledNatives.Piece(file.getFileName().toString(), Files.size(file)));
            }
        }
        return pieces;
    }

    private static void writeManifest(InstalledNatives build, Path into) throws IOException {
        ObjectNode json = JsonMapper.shared()
                .createObjectNode()
                .put("kind", build.kind().label())
                .put("version", build.version())
                .put("llama", build.llama())
                .put("installed", build.installed().toString());
        ArrayNode packages = json.putArray("packages");
        build.packages()
                .forEach(part -> packages.addObject().put("name", part.name()).put("integrity", part.integrity()));
        ArrayNode files = json.putArray("files");
        build.files()
                .forEach(piece -> files.addObject().put("name", piece.name()).put("size", piece.size()));
        Files.writeString(into.resolve(MANIFEST), json.toPrettyString() + "\n");
    }

    private static Optional<InstalledNatives> readManifest(Path build) {
        try {
            JsonNode json = JsonMapper.shared().readTree(Files.readString(build.resolve(MANIFEST)));
            List<InstalledNatives.Package> packages = new ArrayList<>();
            json.path("packages")
                    .forEach(node -> packages.add(new InstalledNatives.Package(
                            node.path("name").asString(""),
                            node.path("integrity").asString(""))));
            List<InstalledNatives.Piece> files = new ArrayList<>();
            json.path("files")
                    .forEach(node -> files.add(new InstalledNatives.Piece(
                            node.path("name").asString(""), node.path("size").asLong(-1))));
            InstalledNatives read = new InstalledNatives(
                    NativesKind.of(json.path("kind").asString("")),
                    json.path("version").asString(""),
                    json.path("llama").asString(""),
                    build,
                    Instant.parse(json.path("installed").asString("")),
                    packages,
                    files);
            return read.id().equals(build.getFileName().toString()) ? Optional.of(read) : Optional.empty();
        } catch (IOException | RuntimeException e) {
            // Written by a later version, or damaged: not one of ours to use; installing it again replaces it.
            return Optional.empty();
        }
    }

    private static void deleteTree(Path tree) throws IOException {
        if (!Files.exists(tree)) {
            return;
        }
        List<Path> deepestFirst;
        try (Stream<Path> all = Files.walk(tree)) {
            deepestFirst = all.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : deepestFirst) {
            Files.deleteIfExists(path);
        }
    }

    private AdedException cannotWrite(String what, IOException failure) {
        String message = String.valueOf(failure.getMessage());
        if (message.contains("No space left") || message.contains("Disk quota exceeded")) {
            return new AdedException.ResourceExhausted(
                    "NO_SPACE",
                    "cannot " + what + ": the disk of " + directory + " is full; make room there, or set XDG_DATA_HOME"
                            + " to a directory on a larger disk",
                    null);
        }
        String why = failure instanceof FileSystemException system && system.getReason() == null
                ? failure.getClass().getSimpleName() + " " + message
                : message;
        return new AdedException.FailedPrecondition(
                "CANNOT_WRITE",
                "cannot " + what + " in " + directory + ": " + why + "; XDG_DATA_HOME names another directory");
    }

    private static AdedException.FailedPrecondition unreadable(Path directory, IOException failure) {
        return new AdedException.FailedPrecondition(
                "CANNOT_READ", "cannot read " + directory + ": " + failure.getMessage());
    }
}
