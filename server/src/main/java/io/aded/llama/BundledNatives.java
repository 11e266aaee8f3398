package io.aded.llama;

import io.aded.model.AdedException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The library inside the {@code de.kherud:llama} jar, extracted once into the user's cache.
 *
 * <p>The directory is named by the content's checksum, so that versions live side by side and a file that is there is
 * the right one; it appears by an atomic rename, so that two processes starting at once do no harm; and nothing is left
 * in the temporary directory.
 */
final class BundledNatives {
    private BundledNatives() {}

    /**
     * The extracted library's path.
     *
     * @param environment to look up {@code XDG_CACHE_HOME}, {@code HOME} and {@code LOCALAPPDATA} in
     */
    static Path extract(Map<String, String> environment) {
        String platform = platform();
        String file = System.mapLibraryName("jllama");
        String resource = "/de/kherud/llama/" + platform + "/" + file;
        URL url = de.kherud.llama.LlamaModel.class.getResource(resource);
        if (url == null) {
            throw new AdedException.NotFound(
                    "NO_BUNDLED_LIBRARY",
                    "no llama.cpp library is bundled for " + platform
                            + "; name a directory with one by --natives or ADED_NATIVES");
        }
        byte[] content;
        try (InputStream in = url.openStream()) {
            content = in.readAllBytes();
        } catch (IOException e) {
            throw new AdedException.Internal("BUNDLED_LIBRARY", "cannot read " + resource + " from the class path", e);
        }
        String checksum = HexFormat.of().formatHex(sha256(content)).substring(0, 16);
        @Nullable IOException last = null;
        for (Path root : cacheRoots(environment)) {
            try {
                return place(content, root.resolve("natives").resolve(checksum), file);
            } catch (IOException e) {
                last = e;
            }
        }
        throw new AdedException.Internal(
                "NO_CACHE_DIRECTORY",
                "cannot write the llama.cpp library to " + cacheRoots(environment)
                        + "; set XDG_CACHE_HOME to a directory that can be written",
                last);
    }

    private static Path place(byte[] content, Path directory, String file) throws IOException {
        Path library = directory.resolve(file);
        if (holds(library, content)) {
            return library;
        }
        Files.createDirectories(directory);
        Path partial = Files.createTempFile(directory, file, ".part");
        try {
            Files.write(partial, content);
            try {
                Files.move(partial, library, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(partial, library, StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (IOException e) {
            // On Windows a library that another process has open cannot be replaced; it is the same one then.
            if (!holds(library, content)) {
                throw e;
            }
        } finally {
            Files.deleteIfExists(partial);
        }
        return library;
    }

    /** A file of that name that is shorter, or was damaged, is not trusted: it is about to be run. */
    private static boolean holds(Path library, byte[] content) throws IOException {
        return Files.isRegularFile(library)
                && Files.size(library) == content.length
                && MessageDigest.isEqual(sha256(Files.readAllBytes(library)), sha256(content));
    }

    private static byte[] sha256(byte[] content) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(content);
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError(impossible);
        }
    }

    /** The jar's name for this system, such as {@code Linux/x86_64}. */
    private static String platform() {
        String name = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String system = name.contains("win") ? "Windows" : name.contains("mac") ? "Mac" : "Linux";
        String machine = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        String architecture =
                switch (machine) {
                    case "amd64", "x86_64", "x86-64" -> "x86_64";
                    case "aarch64", "arm64" -> "aarch64";
                    default -> machine;
                };
        return system + "/" + architecture;
    }

    private static List<Path> cacheRoots(Map<String, String> environment) {
        Path temporary = Path.of(System.getProperty("java.io.tmpdir"), "aded-" + System.getProperty("user.name"));
        return List.of(cacheRoot(environment), temporary);
    }

    private static Path cacheRoot(Map<String, String> environment) {
        String xdg = environment.getOrDefault("XDG_CACHE_HOME", "");
        if (!xdg.isEmpty() && Path.of(xdg).isAbsolute()) {
            return Path.of(xdg, "aded");
        }
        String local = environment.getOrDefault("LOCALAPPDATA", "");
        if (!local.isEmpty()) {
            return Path.of(local, "aded", "cache");
        }
        String home = environment.getOrDefault("HOME", System.getProperty("user.home"));
        return Path.of(home, ".cache", "aded");
    }
}
