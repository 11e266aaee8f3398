package io.aded.store;

import io.aded.model.AdedException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/**
 * One member of a package's archive, found by its exact name and read to a length that is known beforehand. Nothing is
 * unpacked by a name that the archive states, and no more is read than was asked for, whatever it unfolds to.
 */
final class PackageMember implements AutoCloseable {
    private static final int BUFFER = 1 << 17;

    private final AutoCloseable archive;
    private final @Nullable InputStream content;
    private final long size;

    private PackageMember(AutoCloseable archive, @Nullable InputStream content, long size) {
        this.archive = archive;
        this.content = content;
        this.size = size;
    }

    /**
     * Looks for a member; {@link #copy} tells whether it is there.
     *
     * @throws AdedException.InvalidArtifact if the archive is damaged
     */
    static PackageMember find(CatalogueEntry.Registry registry, Path archive, String name) throws IOException {
        return switch (registry) {
            case NPM -> inTarball(archive, name);
            case PYPI -> inZip(archive, name);
        };
    }

    private static PackageMember inTarball(Path archive, String name) throws IOException {
        Tarball tarball = Tarball.open(new BufferedInputStream(Files.newInputStream(archive), BUFFER));
        try {
            Tarball.Entry member = tarball.next();
            while (member != null && !member.name().equals(name)) {
                member = tarball.next();
            }
            return new PackageMember(
                    tarball, member == null ? null : tarball.content(), member == null ? -1 : member.size());
        } catch (IOException | RuntimeException e) {
            tarball.close();
            throw e;
        }
    }

    private static PackageMember inZip(Path archive, String name) throws IOException {
        ZipFile zip;
        try {
            zip = new ZipFile(archive.toFile());
        } catch (ZipException e) {
            throw damaged(e);
        }
        try {
            ZipEntry member = zip.getEntry(name);
            return new PackageMember(
                    zip, member == null ? null : zip.getInputStream(member), member == null ? -1 : member.getSize());
        } catch (ZipException e) {
            zip.close();
            throw damaged(e);
        } catch (IOException | RuntimeException e) {
            zip.close();
            throw e;
        }
    }

    /**
     * Copies the content. False, with nothing or not all of it copied, if there is no such member or it is not
     * {@code length} bytes long.
     */
    boolean copy(long length, OutputStream out) throws IOException {
        InputStream in = content;
        if (in == null || size != length) {
            return false;
        }
        byte[] buffer = new byte[BUFFER];
        long left = length;
        try {
            while (left > 0) {
                int got = in.read(buffer, 0, (int) Math.min(buffer.length, left));
                if (got < 0) {
                    return false;
                }
                out.write(buffer, 0, got);
                left -= got;
            }
            out.flush();
            return in.read() < 0;
        } catch (ZipException e) {
            throw damaged(e);
        }
    }

    private static AdedException.InvalidArtifact damaged(ZipException how) {
        return new AdedException.InvalidArtifact("CORRUPT_ARCHIVE", "the archive is damaged: " + how.getMessage(), how);
    }

    @Override
    public void close() throws IOException {
        try {
            archive.close();
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception impossible) {
            throw new AssertionError(impossible);
        }
    }
}
