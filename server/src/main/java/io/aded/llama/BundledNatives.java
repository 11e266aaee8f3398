package io.aded.llama;

import io.aded.model.AdedException;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32;
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
                            + "; a directory with one of your own can be named");
        }
        Content content = new Content(url, resource);
        @Nullable IOException last = null;
        for (Path root : cacheRoots(environment)) {
            try {
                return place(content, root.resolve("natives").resolve(content.name()), file);
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

    /**
     * The library on the class path. A jar's directory says how long it is and its checksum, so that a start which
     * finds it extracted unpacks nothing.
     */
    private static final class Content {
        private final URL url;
        private final String resource;
        private final long size;
        private final long checksum;

        Content(URL url, String resource) {
            this.url = url;
            this.resource = resource;
            try {
                if (url.openConnection() instanceof JarURLConnection jar) {
                    size = jar.getJarEntry().getSize();
                    checksum = jar.getJarEntry().getCrc();
                } else {
                    byte[] bytes = bytes();
                    size = bytes.length;
                    checksum = checksum(ByteBuffer.wrap(bytes));
                }
            } catch (IOException e) {
                throw unreadable(e);
            }
        }

        String name() {
            return String.format(Locale.ROOT, "%08x-%d", checksum, size);
        }

        byte[] bytes() {
            try (InputStream in = url.openStream()) {
                return in.readAllBytes();
            } catch (IOException e) {
                throw unreadable(e);
            }
        }

        private AdedException unreadable(IOException e) {
            return new AdedException.Internal("BUNDLED_LIBRARY", "cannot read " + resource + " from the class path", e);
        }
    }

    private static Path place(Content content, Path directory, String file) throws IOException {
        Path library = directory.resolve(file);
        if (holds(library, content)) {
            return library;
        }
        Files.createDirectories(directory);
        Path partial = Files.createTempFile(directory, file, ".part");
        try {
            Files.write(partial, content.bytes());
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
    private static boolean holds(Path library, Content content) throws IOException {
        if (!Files.isRegularFile(library) || Files.size(library) != content.size) {
            return false;
        }
        try (FileChannel channel = FileChannel.open(library, StandardOpenOption.READ)) {
            return checksum(channel.map(FileChannel.MapMode.READ_ONLY, 0, content.size)) == content.checksum;
        }
    }

    private static long checksum(ByteBuffer bytes) {
        CRC32 checksum = new CRC32();
        checksum.update(bytes);
        return checksum.getValue();
    }

    /** The jar's name for this system, such as {@code Linux/x86_64}. */
    private static String platform() {
        String name = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String system = name.contains("win") ? "Windows" : name.contains("mac") ? "Mac" : "Linux";
        String machine = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        String architecture = switch (machine) {
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
