package io.aded.rpc;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The right to decide what becomes of a path, held for a moment: by one process, and by one thread in it. It is a lock
 * on a file beside the path, which is deleted before it is let go; so whoever locked it looks whether the file that it
 * locked is still the one there.
 */
final class PathClaim implements AutoCloseable {
    /** A file's lock is the whole process's. Nobody holds both for longer than it takes to begin to listen. */
    private static final ReentrantLock IN_PROCESS = new ReentrantLock();

    private final Path beside;
    private final FileChannel channel;

    private PathClaim(Path beside, FileChannel channel) {
        this.beside = beside;
        this.channel = channel;
    }

    /** Waits for the right and takes it; the thread that took it gives it back. */
    static PathClaim of(Path path) throws IOException {
        Path beside = path.resolveSibling(path.getFileName() + ".lock");
        IN_PROCESS.lock();
        try {
            while (true) {
                FileChannel channel = FileChannel.open(
                        beside, StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
                FileLock lock = channel.lock();
                if (lock.isValid() && isStill(beside, channel)) {
                    return new PathClaim(beside, channel);
                }
                channel.close();
            }
        } catch (IOException | RuntimeException | Error e) {
            IN_PROCESS.unlock();
            throw e;
        }
    }

    /**
     * Writes something that nobody else writes into the locked file, and looks whether the file that is there has it.
     */
    private static boolean isStill(Path beside, FileChannel channel) throws IOException {
        byte[] mark = UUID.randomUUID().toString().getBytes(StandardCharsets.US_ASCII);
        channel.truncate(0);
        channel.write(ByteBuffer.wrap(mark), 0);
        try {
            return Arrays.equals(Files.readAllBytes(beside), mark);
        } catch (NoSuchFileException goneMeanwhile) {
            return false;
        }
    }

    @Override
    public void close() {
        try (channel) {
            Files.deleteIfExists(beside);
        } catch (IOException e) {
            // What is left is an empty file that the next one locks.
            return;
        } finally {
            IN_PROCESS.unlock();
        }
    }
}
