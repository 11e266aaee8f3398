package io.aded.cli;

import io.aded.model.AdedException;
import io.aded.model.RegularFiles;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Reads texts that options name, before anything takes time. */
final class OptionFiles {
    /** Far more than any grammar, schema or template that is taken. */
    private static final long LONGEST = 16 << 20;

    private OptionFiles() {}

    /**
     * What a file says; null if none is named.
     *
     * @param option that names it
     * @throws AdedException.NotFound if there is no such file
     * @throws AdedException.InvalidArtifact if it is no file, too long, no text, or cannot be read
     */
    static @Nullable String text(String option, @Nullable Path file) {
        if (file == null) {
            return null;
        }
        RegularFiles.require(file, "UNREADABLE", option + ": " + file);
        try {
            long size = Files.size(file);
            if (size > LONGEST) {
                throw new AdedException.InvalidArtifact(
                        "UNREADABLE", option + ": " + file + " has " + size + " bytes; allowed: up to " + LONGEST);
            }
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            throw new AdedException.NotFound("NO_SUCH_FILE", option + ": there is no file " + file);
        } catch (CharacterCodingException e) {
            throw new AdedException.InvalidArtifact("UNREADABLE", option + ": " + file + " is not UTF-8 text", e);
        } catch (IOException e) {
            throw new AdedException.InvalidArtifact(
                    "UNREADABLE", option + ": the file " + file + " cannot be read: " + e.getMessage(), e);
        }
    }
}
