package io.aded.model;

import java.nio.file.Files;
import java.nio.file.Path;

/** What an artifact is read from: a device or a pipe may never end, or wait for ever for somebody to write. */
public final class RegularFiles {
    private RegularFiles() {}

    /**
     * Returns if something is a regular file, or is not there at all; nothing of it is read.
     *
     * @param reason of the failure
     * @param what the file is to be and where it lies, such as {@code the recording a.bin}
     * @throws AdedException.InvalidArtifact if it is a directory, a device, a pipe or a socket
     */
    public static void require(Path file, String reason, String what) {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new AdedException.InvalidArtifact(
                    reason,
                    what + " cannot be read: it is "
                            + (Files.isDirectory(file) ? "a directory" : "a device, a pipe or a socket")
                            + "; allowed: a regular file");
        }
    }
}
