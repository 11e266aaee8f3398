package io.aded.natives;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;

/**
 * A build that is installed.
 *
 * @param kind what it is for
 * @param version the packages' version, such as {@code 3.22.1}
 * @param llama the llama.cpp release inside, such as {@code v0.5.0}
 * @param directory where its libraries lie
 * @param installed when it was installed
 * @param packages what it was made of
 * @param files what must lie in the directory
 */
public record InstalledNatives(
        NativesKind kind,
        String version,
        String llama,
        Path directory,
        Instant installed,
        List<Package> packages,
        List<Piece> files) {

    /** The best kind first, and of one kind the newest version first. */
    static final Comparator<InstalledNatives> BEST_FIRST = Comparator.comparing(InstalledNatives::kind)
            .thenComparing(InstalledNatives::installed, Comparator.reverseOrder());

    /** Copies the lists. */
    public InstalledNatives {
        packages = List.copyOf(packages);
        files = List.copyOf(files);
    }

    /** The name of its directory, and what a choice remembers: {@code KIND-VERSION}. */
    public String id() {
        return kind.label() + "-" + version;
    }

    /** The size on disk in bytes. */
    public long size() {
        return files.stream().mapToLong(Piece::size).sum();
    }

    /**
     * A package that the build was made of.
     *
     * @param name in the registry
     * @param integrity the checksum that it was verified against, as the registry gives it
     */
    public record Package(String name, String integrity) {}

    /**
     * A file of the build.
     *
     * @param name without a path
     * @param size in bytes
     */
    public record Piece(String name, long size) {}
}
