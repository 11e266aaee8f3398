package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.aded.model.AdedException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who has a path, and who takes it away. */
class UnixSocketTest {
    @TempDir
    private Path directory;

    private static AdedServer start(Path socket) {
        return AdedServer.builder().listen("unix:" + socket).start();
    }

    private static boolean isAnswered(Path socket) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return channel.connect(UnixDomainSocketAddress.of(socket));
        }
    }

    @Test
    void close_pathIsASuccessorsByNow_leavesItAlone() throws IOException {
        Path socket = directory.resolve("aded.sock");
        AdedServer old = start(socket);
        Files.delete(socket);
        try (AdedServer successor = start(socket)) {
            old.close();

            assertThat(successor.addresses()).hasSize(1);
            assertThat(socket).exists();
            assertThat(isAnswered(socket)).isTrue();
        }
        assertThat(socket).doesNotExist();
    }

    @Test
    void start_directoryIsNotThere_saysSo() {
        assertThatThrownBy(() -> start(directory.resolve("missing").resolve("aded.sock")))
                .isInstanceOf(AdedException.FailedPrecondition.class)
                .hasMessageEndingWith(": its directory is not there");
    }

    @Test
    void start_manyOverAStaleSocketAtOnce_areOne() throws Exception {
        Path socket = directory.resolve("aded.sock");
        try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            dead.bind(UnixDomainSocketAddress.of(socket));
        }
        int several = 6;
        CyclicBarrier together = new CyclicBarrier(several);
        List<AdedServer> started = new ArrayList<>();
        List<Throwable> refused = new ArrayList<>();
        try (var executor = Executors.newFixedThreadPool(several)) {
            Callable<AdedServer> one = () -> {
                together.await();
                return start(socket);
            };
            List<Future<AdedServer>> all = new ArrayList<>();
            for (int i = 0; i < several; i++) {
                all.add(executor.submit(one));
            }
            for (Future<AdedServer> outcome : all) {
                Throwable failure = catchThrowable(() -> started.add(outcome.get()));
                if (failure != null) {
                    refused.add(failure.getCause());
                }
            }
        }

        assertThat(started).hasSize(1);
        assertThat(refused)
                .hasSize(several - 1)
                .allSatisfy(failure -> assertThat(failure)
                        .isInstanceOf(AdedException.FailedPrecondition.class)
                        .hasMessageContaining("another process listens there"));
        assertThat(isAnswered(socket)).isTrue();
        started.forEach(AdedServer::close);
        assertThat(directory).isEmptyDirectory();
    }
}
