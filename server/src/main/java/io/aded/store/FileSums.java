package io.aded.store;

import io.aded.model.AdedException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.HashSet;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.zip.CRC32;

/**
 * SHA-256 checksums of large files. To read such a file takes a while, so a sum is kept for as long as the file's
 * length, its times and its place on the disk do not change.
 *
 * <p>A file that this program has written is <em>sealed</em>: its sum stands beside it, in the form that {@code
 * sha256sum -c} reads, and nobody may write to it any more. Later it is seen by that whether it is still the same.
 */
public final class FileSums {
    private static final String SEAL = ".sha256";

    private final Path directory;

    /** Keeps sums below this directory, which is made when it is needed. */
    public FileSums(Path directory) {
        this.directory = directory;
    }

    /**
     * The checksum of a file, in hexadecimal digits.
     *
     * @throws AdedException.NotFound if there is no such file
     * @throws AdedException.InvalidArtifact if it cannot be read
     */
    public String of(Path file) {
        try {
            Path real = file.toRealPath();
            BasicFileAttributes attributes = Files.readAttributes(real, BasicFileAttributes.class);
            String facts = real + "\n" + attributes.size() + "\n" + attributes.lastModifiedTime() + "\n"
                    + attributes.fileKey() + "\n" + changeTime(real);
            Path kept = kept(real);
            String known = Files.isRegularFile(kept) ? Files.readString(kept) : "";
            if (known.startsWith(facts + "\n")) {
                return known.substring(facts.length() + 1).strip();
            }
            String sum = Checksum.of("SHA-256", real).hex();
            keep(kept, facts + "\n" + sum + "\n");
            return sum;
        } catch (NoSuchFileException e) {
            throw new AdedException.NotFound("MODEL_NOT_FOUND", "there is no model file at " + file);
        } catch (IOException e) {
            throw new AdedException.InvalidArtifact(
                    "MODEL_UNREADABLE", "cannot read the model file " + file + ": " + e.getMessage(), e);
        }
    }

    /** Whoever sets a file's other time back, as {@code touch -r} does, cannot set this one. */
    private static String changeTime(Path file) throws IOException {
        return file.getFileSystem().supportedFileAttributeViews().contains("unix")
                ? String.valueOf(Files.getAttribute(file, "unix:ctime"))
                : "";
    }

    private Path kept(Path real) {
        CRC32 place = new CRC32();
        place.update(real.toString().getBytes(StandardCharsets.UTF_8));
        return directory.resolve(String.format(Locale.ROOT, "%08x.txt", place.getValue()));
    }

    /** Whoever comes later computes it anew if it could not be kept. */
    private static void keep(Path file, String text) {
        try {
            Path place = Objects.requireNonNull(file.getParent());
            Files.createDirectories(place);
            Path part = Files.createTempFile(place, "sum", ".part");
            try {
                Files.writeString(part, text);
                Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(part);
            }
        } catch (IOException notKept) {
            // The sum itself is right.
        }
    }

    /** Writes a file's sum beside it, and takes the right to write to the file from everybody. */
    public void seal(Path file) {
        try {
            Set<PosixFilePermission> rights = new HashSet<>(Files.getPosixFilePermissions(file));
            rights.removeAll(Set.of(
                    PosixFilePermission.OWNER_WRITE,
                    PosixFilePermission.GROUP_WRITE,
                    PosixFilePermission.OTHERS_WRITE));
            Files.setPosixFilePermissions(file, rights);
        } catch (IOException | UnsupportedOperationException noSuchRights) {
            // Its sum still tells what was written.
        }
        keep(besides(file), of(file) + "  " + file.getFileName() + "\n");
    }

    /**
     * Whether a file that was written here is still what was written. One without a seal is taken for it, and sealed
     * now: a file gets its name when it is whole, and its seal a moment later.
     */
    public boolean isIntact(Path file) {
        Path seal = besides(file);
        if (!Files.isRegularFile(seal)) {
            seal(file);
            return true;
        }
        try {
            return Files.readString(seal).strip().startsWith(of(file) + " ");
        } catch (IOException unreadable) {
            return false;
        }
    }

    /** Whether a file has a seal. */
    public static boolean isSealed(Path file) {
        return Files.isRegularFile(besides(file));
    }

    /** Deletes a file that was written here, with its seal. */
    public static void delete(Path file) throws IOException {
        Files.deleteIfExists(file);
        Files.deleteIfExists(besides(file));
    }

    private static Path besides(Path file) {
        return file.resolveSibling(file.getFileName() + SEAL);
    }
}
