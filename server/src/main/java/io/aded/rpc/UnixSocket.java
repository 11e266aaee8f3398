package io.aded.rpc;

import io.aded.model.AdedException;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.IoHandlerFactory;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Listening on a Unix socket: netty's epoll transport where there is one, the JDK's own sockets elsewhere.
 *
 * <p>A socket file outlives the process that made it. One that nobody answers on is removed; anything else at that path
 * is left alone and refused.
 */
final class UnixSocket implements AutoCloseable {
    private final Path path;
    private final Set<PosixFilePermission> mode;
    private final EventLoopGroup boss;
    private final EventLoopGroup workers;

    private UnixSocket(Path path, Set<PosixFilePermission> mode) {
        this.path = path;
        this.mode = mode;
        IoHandlerFactory handlers = Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        boss = new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("aded-unix-boss", true), handlers);
        workers = new MultiThreadIoEventLoopGroup(0, new DefaultThreadFactory("aded-unix", true), handlers);
    }

    /**
     * Prepares to listen.
     *
     * @param mode who may connect, as permissions of the socket file
     * @throws AdedException.FailedPrecondition if the path cannot be used
     */
    static UnixSocket prepare(Path path, Set<PosixFilePermission> mode) {
        removeStale(path);
        return new UnixSocket(path, mode);
    }

    NettyServerBuilder builder() {
        NettyServerBuilder builder = Epoll.isAvailable()
                ? NettyServerBuilder.forAddress(new DomainSocketAddress(path.toFile()))
                        .channelType(EpollServerDomainSocketChannel.class)
                : NettyServerBuilder.forAddress(UnixDomainSocketAddress.of(path))
                        .channelType(NioServerDomainSocketChannel.class);
        // gRPC asks every connection for TCP's keep-alive, and netty warns about each that has none; null takes that
        // back.
        return builder.withChildOption(ChannelOption.SO_KEEPALIVE, null)
                .bossEventLoopGroup(boss)
                .workerEventLoopGroup(workers);
    }

    /** Sets who may connect, once the socket is there. */
    void bound() throws IOException {
        if (path.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            Files.setPosixFilePermissions(path, mode);
        }
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
            throw new AdedException.FailedPrecondition(
                    "ADDRESS_UNUSABLE",
                    "cannot listen on unix:" + path + ": " + e.getClass().getSimpleName() + "; check its permissions");
        }
    }

    private static boolean isAnswered(Path path) {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return channel.connect(UnixDomainSocketAddress.of(path));
        } catch (IOException refused) {
            return false;
        }
    }

    @Override
    public void close() {
        boss.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        workers.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            // Whoever starts next removes it as a stale socket.
            return;
        }
    }
}
