package io.aded.natives;

import io.aded.model.AdedException;
import io.aded.store.Tarball;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * One package's archive, and what of it is worth keeping: the libraries and the licence, flat in one directory.
 *
 * <p>The names in the archive decide nothing but which entries are taken: a file appears under its last name only, and
 * only if that is a plain one, so that no entry can lead anywhere else.
 */
final class NativesArchive {
    private static final Pattern LIBRARY =
            Pattern.compile("[A-Za-z0-9._+-]+\\.(so|dylib|dll|metal|metallib)(\\.[0-9.]+)?");
    private static final Pattern ENTRY = Pattern.compile("package/bins/[^/]+/(?<folder>(?:[^/]+/)*)(?<name>[^/]+)");
    private static final String BUILD_FACTS = "_nlcBuildMetadata.json";
    private static final int MAX_BUILD_FACTS = 64 * 1024;
    private static final int MAX_LICENCE = 1 << 20;

    private final Path file;
    private final String packageName;

    NativesArchive(Path file, String packageName) {
        this.file = file;
        this.packageName = packageName;
    }

    /** How much it holds: gzip keeps the uncompressed length (below 4 GiB) in its last four bytes. */
    long unpackedSize() throws IOException {
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            if (in.length() < 18) {
                return 0;
            }
            byte[] last = new byte[4];
            in.seek(in.length() - 4);
            in.readFully(last);
            return Integer.toUnsignedLong(
                    ByteBuffer.wrap(last).order(ByteOrder.LITTLE_ENDIAN).getInt());
        }
    }

    /**
     * Unpacks the libraries.
     *
     * @param folder the libraries' folder below the platform's; empty, or ends with a slash
     * @param target an existing directory; files of the same name in it are replaced
     * @return the llama.cpp release that the package says it holds, or null if it does not say
     * @throws AdedException.InvalidArtifact if the archive is damaged, unsafe, or holds no library
     */
    @Nullable
    String unpack(String folder, Path target) throws IOException {
        String release = null;
        int libraries = 0;
        try (InputStream in = Files.newInputStream(file);
                Tarball tarball = Tarball.open(in)) {
            for (Tarball.Entry entry = tarball.next(); entry != null; entry = tarball.next()) {
                if (entry.kind() == Tarball.Kind.DIRECTORY) {
                    continue;
                }
                if (entry.kind() != Tarball.Kind.FILE) {
                    throw new AdedException.InvalidArtifact(
                            "UNSAFE_ARCHIVE",
                            packageName + " holds a link, " + entry.name() + "; only plain files are accepted");
                }
                if (entry.name().equals("package/LICENSE") && entry.size() <= MAX_LICENCE) {
                    Files.copy(tarball.content(), target.resolve("LICENSE"), StandardCopyOption.REPLACE_EXISTING);
                    continue;
                }
                Matcher inBins = ENTRY.matcher(entry.name());
                if (!inBins.matches()) {
                    continue;
                }
                String name = inBins.group("name");
                if (name.equals(BUILD_FACTS) && entry.size() <= MAX_BUILD_FACTS) {
                    release = releaseIn(tarball.content().readAllBytes());
                } else if (inBins.group("folder").equals(folder)
                        && LIBRARY.matcher(name).matches()) {
                    Files.copy(tarball.content(), target.resolve(name), StandardCopyOption.REPLACE_EXISTING);
                    libraries++;
                }
            }
        }
        if (libraries == 0) {
            throw new AdedException.InvalidArtifact(
                    "NO_LIBRARY_IN_PACKAGE",
                    packageName + " holds no library where one was expected (bins/*/" + folder
                            + "); it is laid out in a way that this version of aded does not know");
        }
        return release;
    }

    private @Nullable String releaseIn(byte[] facts) {
        try {
            String release = JsonMapper.shared()
                    .readTree(facts)
                    .path("buildOptions")
                    .path("llamaCpp")
                    .path("release")
                    .asString("");
            return release.isEmpty() ? null : release;
        } catch (JacksonException e) {
            throw new AdedException.InvalidArtifact(
                    "CORRUPT_ARCHIVE",
                    packageName + " says in unreadable words how it was built (" + BUILD_FACTS + ")",
                    e);
        }
    }
}
