package io.aded.store;

import io.aded.model.AdedException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.function.ToLongFunction;

/** Finds out whether a file can be written, before minutes are spent on what is to stand in it. */
public final class WritableFile {
    private WritableFile() {}

    /**
     * Returns if a file can be put at a place, or replaced there. Directories on the way are made.
     *
     * @param what that is to stand in it, such as {@code the copy}
     * @throws AdedException.InvalidArtifact if there is something else, or nobody may write there
     */
    public static void require(Path file, String what) {
        Path absolute = file.toAbsolutePath();
        Path place = Objects.requireNonNull(absolute.getParent());
        // A link that leads nowhere, or round in circles, is there and is no file.
        if (Files.exists(absolute, LinkOption.NOFOLLOW_LINKS) && !Files.isRegularFile(absolute)) {
            throw refused(
                    what,
                    absolute,
                    Files.isDirectory(absolute)
                            ? "a directory is in its place"
                            : "something that is no file is in its place");
        }
        try {
            Files.createDirectories(place);
            // Rights, read-only disks and quotas all speak here.
            Files.delete(Files.createTempFile(place, ".room", ".part"));
        } catch (FileAlreadyExistsException e) {
            throw refused(what, absolute, e.getFile() + " is no directory");
        } catch (IOException e) {
            throw refused(what, absolute, reason(e));
        }
    }

    /**
     * The same, and there is room for it.
     *
     * @param bytes how long it will be
     * @param free how many bytes can be written to a directory
     * @throws AdedException.ResourceExhausted if the disk is too full
     */
    public static void require(Path file, String what, long bytes, ToLongFunction<Path> free) {
        require(file, what);
        Path place = Objects.requireNonNull(file.toAbsolutePath().getParent());
        long there = free.applyAsLong(place);
        if (there < bytes) {
            throw AdedException.ResourceExhausted.forGood(
                    "NO_DISK_SPACE",
                    String.format(
                            Locale.ROOT,
                            "%s would take about %,.1f MB of %s, where %,.1f MB are free",
                            what,
                            bytes / 1e6,
                            place,
                            there / 1e6));
        }
    }

    /** How many bytes can be written to a directory; very many if that is not known. */
    public static long free(Path directory) {
        try {
            return Files.getFileStore(directory).getUsableSpace();
        } catch (IOException unknown) {
            return Long.MAX_VALUE;
        }
    }

    private static AdedException.InvalidArtifact refused(String what, Path file, String why) {
        return new AdedException.InvalidArtifact("CANNOT_WRITE", what + " cannot be written to " + file + ": " + why);
    }

    private static String reason(IOException e) {
        return e instanceof FileSystemException system && system.getReason() != null
                ? system.getReason() + " (" + system.getFile() + ")"
                : e.getClass().getSimpleName() + ": " + e.getMessage();
    }
}
