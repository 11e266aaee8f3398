package io.aded.natives;

import io.aded.llama.LlamaLibrary;
import io.aded.model.AdedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Lets a file that this machine has not loaded before be loaded by a process of its own first: llama.cpp ends the
 * process over much that a file can say, and what a sidecar has been told to load must not end it. Verdicts are kept,
 * by the library and by what the file's first megabytes, its length and its time say.
 */
public final class ModelTrials {
    private static final int HASHED = 32 << 20;
    private static final String WORKS = "works";
    /** Larger ones would take long to read through, or push others' pages out; their first pass is not tried. */
    private static final long LARGEST_COMPUTED = 8L << 30;

    private final Path directory;
    private final TrialRunner runner;

    ModelTrials(Path directory, TrialRunner runner) {
        this.directory = directory;
        this.runner = runner;
    }

    /** With the verdicts that a cache directory holds. */
    public static ModelTrials in(Path cacheDirectory) {
        return new ModelTrials(cacheDirectory.resolve("model-trials"), TrialRunner.ofModels());
    }

    /**
     * Returns if the file can be loaded, or if that cannot be found out.
     *
     * @param size bytes of the model, all of its files
     * @param note told when something takes time or could not be done
     * @throws AdedException.InvalidArtifact if the library refuses it, or if loading it ended the other process
     */
    public void require(LlamaLibrary library, Path file, long size, Consumer<String> note) {
        String problem;
        try {
            problem = problem(library, file, size, note);
        } catch (IOException e) {
            note.accept("The model was not tried in a process of its own first: " + e.getMessage());
            return;
        }
        if (problem != null) {
            throw new AdedException.InvalidArtifact(
                    "MODEL_TRIAL_FAILED",
                    "llama.cpp (" + library.version() + ") cannot use " + file + ": a process that tried it "
                            + problem);
        }
    }

    private @Nullable String problem(LlamaLibrary library, Path file, long size, Consumer<String> note)
            throws IOException {
        Path remembered = directory.resolve(key(library, file));
        String known = read(remembered);
        if (known != null) {
            return known.equals(WORKS) ? null : known;
        }
        boolean computes = size <= LARGEST_COMPUTED;
        TrialRunner.Outcome outcome = runner.run(List.of(
                library.isBundled() ? "bundled" : library.path().toString(),
                file.toAbsolutePath().toString(),
                Boolean.toString(computes)));
        String problem = outcome.verdict().problem();
        if (!outcome.conclusive()) {
            note.accept("The model was tried in a process of its own first, which " + problem + ".");
            return null;
        }
        keep(remembered, problem == null ? WORKS : problem);
        return problem;
    }

    private static String key(LlamaLibrary library, Path file) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError(impossible);
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            String about = library.version() + " " + library.path() + " " + channel.size() + " "
                    + Files.getLastModifiedTime(file);
            digest.update(about.getBytes(StandardCharsets.UTF_8));
            ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
            long left = Math.min(HASHED, channel.size());
            while (left > 0 && channel.read(buffer.clear()) > 0) {
                left -= buffer.position();
                digest.update(buffer.flip());
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static @Nullable String read(Path remembered) throws IOException {
        try {
            return Files.readString(remembered);
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    private void keep(Path remembered, String verdict) throws IOException {
        Files.createDirectories(directory);
        Path written = Files.createTempFile(directory, "verdict", ".part");
        try {
            Files.writeString(written, verdict);
            Files.move(written, remembered, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(written); // on a full disk a file can be made and not be written
        }
    }
}
