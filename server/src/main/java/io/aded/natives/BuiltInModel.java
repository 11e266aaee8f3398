package io.aded.natives;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;

/** The model that is part of the program: one layer, random weights, 272 tokens. What computes is tried with it. */
public final class BuiltInModel {
    /** A resource beside this class, 27 kB. */
    static final String RESOURCE = "trial.gguf.gz";

    private BuiltInModel() {}

    /**
     * Writes it.
     *
     * @param file replaced if it exists
     * @throws IOException if it cannot be written
     */
    public static void write(Path file) throws IOException {
        try (InputStream in = BuiltInModel.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new IOException(RESOURCE + " is not on the class path");
            }
            Files.write(file, new GZIPInputStream(in).readAllBytes());
        }
    }
}
