package io.aded.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.testing.Interleavings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag(Interleavings.TAG)
final class FileLeaseTest {
    @TempDir
    Path directory;

    @Test
    void acquire_heldByAnother_tellsOnceAndWaits() throws Exception {
        Path file = directory.resolve("deep/lock");
        AtomicInteger told = new AtomicInteger();
        CountDownLatch waiting = new CountDownLatch(1);
        try (var executor = Executors.newSingleThreadExecutor()) {
            Future<Boolean> second;
            try (FileLease _ = FileLease.acquire(file, told::incrementAndGet)) {
                second = executor.submit(() -> {
                    try (FileLease _ = FileLease.acquire(file, () -> {
                        told.incrementAndGet();
                        waiting.countDown();
                    })) {
                        return true;
                    }
                });
                assertThat(waiting.await(30, TimeUnit.SECONDS)).isTrue();
                assertThat(second).isNotDone();
            }
            assertThat(second.get(30, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(told).hasValue(1);
    }

    @Test
    void acquire_differentFiles_doNotMeet() throws Exception {
        AtomicInteger told = new AtomicInteger();
        try (FileLease _ = FileLease.acquire(directory.resolve("a"), told::incrementAndGet);
                FileLease _ = FileLease.acquire(directory.resolve("b"), told::incrementAndGet)) {
            assertThat(told).hasValue(0);
        }
    }

    @Test
    void lease_takenByTwoThreads_excludesOneAnother() {
        Interleavings.stress(Spec.class);
    }

    /** The counter is plain: only the lease keeps two threads from counting at once. */
    public static class Spec {
        private static final Path FILE = Path.of(
                System.getProperty("java.io.tmpdir"),
                "aded-lease-" + ProcessHandle.current().pid());

        private int count;

        @Operation
        public int count() throws IOException {
            try (FileLease _ = FileLease.acquire(FILE, () -> {})) {
                return ++count;
            }
        }
    }

    @AfterAll
    static void tidy() throws IOException {
        Files.deleteIfExists(Spec.FILE);
    }
}
