package io.aded.lab.recording;

import io.aded.model.AdedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Finds and reads recordings. */
public final class Recordings {
    private static final String SUFFIX = ".bin";

    private Recordings() {}

    /**
     * The answers of each file by the file's name without its ending, in order of the names within a folder.
     *
     * @param filesOrFolders a folder stands for all files in it that end with {@value #SUFFIX}
     * @param headerless whether they are of version 0, which has no header
     * @throws AdedException.NotFound if there is no such file, or none in a folder
     * @throws AdedException.InvalidArtifact if one cannot be read
     */
    public static Map<String, Recording> read(List<Path> filesOrFolders, boolean headerless) {
        Map<String, Recording> recordings = new LinkedHashMap<>();
        for (Path place : filesOrFolders) {
            for (Path file : files(place)) {
                String name = String.valueOf(file.getFileName());
                recordings.put(
                        name.endsWith(SUFFIX) ? name.substring(0, name.length() - SUFFIX.length()) : name,
                        headerless ? Recording.readHeaderless(file) : Recording.read(file));
            }
        }
        return recordings;
    }

    private static List<Path> files(Path place) {
        if (Files.isDirectory(place)) {
            try (Stream<Path> listed = Files.list(place)) {
                List<Path> files = new ArrayList<>(
                        listed.filter(file -> String.valueOf(file.getFileName()).endsWith(SUFFIX))
                                .sorted()
                                .toList());
                if (!files.isEmpty()) {
                    return files;
                }
            } catch (IOException e) {
                throw new AdedException.InvalidArtifact("RECORDING_UNREADABLE", "cannot list " + place, e);
            }
        } else if (Files.exists(place)) {
            return List.of(place);
        }
        throw new AdedException.NotFound(
                "RECORDING_NOT_FOUND", "there is no recording at " + place + " (*" + SUFFIX + ")");
    }
}
