package io.aded.rpc;

import io.aded.model.AdedException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * The file of a Unix socket that is listened on.
 *
 * <p>It outlives the process that made it. One that nobody answers on is removed; anything else at that path
 * is left alone and refused. To look and then to listen must be one step, so whoever wants a path first takes a lock on
 * a file beside it. The socket is made under another name and renamed when it has its mode; so it is never there with
 * another one, and what is deleted at the end is our own or nothing: by then the path may be a successor's.
 */
final class UnixSocket implements AutoCloseable {
    /** The longest path that a socket may have on Linux, without its final zero. */
    private static final int LONGEST_PATH = 107;

    private final Path path;
    private final Path made;
    private final Set<PosixFilePermission> mode;
    private @Nullable PathClaim claim;
    /** What tells our file from another of its name; null before it is there. */
    private @Nullable Object identity;

    private UnixSocket(Path path, Set<PosixFilePermission> mode, PathClaim claim) {
        this.path = path;
        this.mode = mode;
        this.claim = claim;
        String name = ".ad" + Integer.toString(ThreadLocalRandom.current().nextInt(36 * 36 * 36), 36);
        Path beside = path.resolveSibling(name);
        made = beside.toString().getBytes(StandardCharsets.UTF_8).length > LONGEST_PATH || Files.exists(beside)
                ? path
                : beside;
    }

    /**
     * Prepares to listen; then comes {@link #bound} or {@link #close}, and until then nobody else may prepare.
     *
     * @param mode who may connect, as permissions of the socket file
     * @throws AdedException.FailedPrecondition if the path cannot be used
     */
    static UnixSocket prepare(Path path, Set<PosixFilePermission> mode) {
        PathClaim claim = claim(path);
        try {
            removeStale(path);
            return new UnixSocket(path, mode, claim);
        } catch (RuntimeException | Error e) {
            claim.close();
            throw e;
        }
    }

    private static PathClaim claim(Path path) {
        try {
            return PathClaim.of(path);
        } catch (IOException e) {
            throw unusable(path, e);
        }
    }

    /** Where to listen until {@link #bound}. */
    Path made() {
        return made;
    }

    /** The socket is there: gives it its mode, and its path. */
    void bound() throws IOException {
        if (made.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            Files.setPosixFilePermissions(made, mode);
        }
        if (!made.equals(path)) {
            Files.move(made, path, StandardCopyOption.ATOMIC_MOVE);
        }
        identity = identity(path);
        letOthersPrepare();
    }

    private void letOthersPrepare() {
        PathClaim taken = claim;
        claim = null;
        if (taken != null) {
            taken.close();
        }
    }

    /** An inode's number is used again when its file is gone, but not at the same time. */
    private static Object identity(Path path) throws IOException {
        if (!path.getFileSystem().supportedFileAttributeViews().contains("unix")) {
            return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .creationTime();
        }
        return Files.readAttributes(path, "unix:dev,ino,ctime", LinkOption.NOFOLLOW_LINKS);
    }

    private static void removeStale(Path path) {
        try {
            if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
                return;
            }
            if (!Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .isOther()) {
                throw new AdedException.FailedPrecondition(
                        "ADDRESS_IN_USE",
                        "cannot listen on unix:" + path + ": there is a file that is no socket; choose another path");
            }
            if (isAnswered(path)) {
                throw new AdedException.FailedPrecondition(
                        "ADDRESS_IN_USE",
                        "cannot listen on unix:" + path
                                + ": another process listens there; stop it or choose another path");
            }
            Files.delete(path);
        } catch (IOException e) {
            throw unusable(path, e);
        }
    }

    private static AdedException unusable(Path path, IOException e) {
        String why = e instanceof NoSuchFileException
                ? "its directory is not there"
                : e.getClass().getSimpleName() + "; check its permissions";
        return new AdedException.FailedPrecondition("ADDRESS_UNUSABLE", "cannot listen on unix:" + path + ": " + why);
    }

    private static boolean isAnswered(Path path) {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return channel.connect(UnixDomainSocketAddress.of(path));
        } catch (IOException refused) {
            return false;
        }
    }

    /** Takes the path away, if it still is ours: nobody listens there any more. */
    void unlink() {
        Object own = identity;
        identity = null;
        try {
            if (own != null && own.equals(identity(path))) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            // It is gone, or whoever starts next removes it as a stale socket.
            return;
        }
    }

    @Override
    public void close() {
        unlink();
        letOthersPrepare();
    }
}
