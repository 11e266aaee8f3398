package io.aded.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The right to change what belongs to a lock file, held by one thread of one process at a time. The operating system
 * takes it back when the process dies, so no stale lock can stay.
 */
public final class FileLease implements AutoCloseable {
    /** File locks exclude processes, not threads of one; these do. */
    private static final ConcurrentHashMap<Path, ReentrantLock> HERE = new ConcurrentHashMap<>();

    private final ReentrantLock here;
    private final FileChannel channel;
    private final FileLock lock;

    private FileLease(ReentrantLock here, FileChannel channel, FileLock lock) {
        this.here = here;
        this.channel = channel;
        this.lock = lock;
    }

    /**
     * Waits until nobody else holds the lease.
     *
     * @param file the lock file; made if it is not there, and left there
     * @param whenWaiting run once if another one holds it
     */
    public static FileLease acquire(Path file, Runnable whenWaiting) throws IOException {
        Path path = file.toAbsolutePath().normalize();
        Files.createDirectories(path.getParent());
        ReentrantLock here = HERE.computeIfAbsent(path, key -> new ReentrantLock());
        boolean told = false;
        if (!here.tryLock()) {
            whenWaiting.run();
            told = true;
            here.lock();
        }
        FileChannel channel = null;
        try {
            channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = channel.tryLock();
            if (lock == null) {
                if (!told) {
                    whenWaiting.run();
                }
                lock = channel.lock();
            }
            return new FileLease(here, channel, lock);
        } catch (IOException | RuntimeException e) {
            if (channel != null) {
                channel.close();
            }
            here.unlock();
            throw e;
        }
    }

    @Override
    public void close() throws IOException {
        try {
            lock.release();
            channel.close();
        } finally {
            here.unlock();
        }
    }
}
