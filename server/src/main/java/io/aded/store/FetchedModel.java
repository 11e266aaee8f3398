package io.aded.store;

import io.aded.gguf.GgufFile;
import io.aded.model.AdedException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Whether what a server sent is a model at all: no page that asks to log in, and not less than its header promises. */
final class FetchedModel {
    private FetchedModel() {}

    /**
     * Looks at a file that has arrived.
     *
     * @throws AdedException.InvalidArtifact if it is no whole GGUF file
     */
    static void require(Path file, URI source, String label) {
        String host = source.getHost();
        try (InputStream in = Files.newInputStream(file)) {
            if (new String(in.readNBytes(512), StandardCharsets.ISO_8859_1)
                    .strip()
                    .startsWith("<")) {
                throw refused(label, host + " sent a page, not a model; look at the address in a browser");
            }
        } catch (IOException e) {
            throw TransferFailures.ofDisk(label, file, e);
        }
        try {
            GgufFile.read(file);
        } catch (AdedException.InvalidArtifact e) {
            String why = String.valueOf(e.getMessage());
            throw refused(
                    label, "what " + host + " sent is no whole model: " + why.substring(why.lastIndexOf(": ") + 2));
        }
    }

    private static AdedException.InvalidArtifact refused(String label, String why) {
        return new AdedException.InvalidArtifact("NOT_A_MODEL", label + ": " + why + "; it was deleted");
    }
}
