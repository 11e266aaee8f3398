package io.aded.rpc;

import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelFactory;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.IoHandlerFactory;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.ServerChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import io.grpc.netty.shaded.io.netty.util.concurrent.EventExecutor;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The threads on which a server's connections live, of all its addresses, and the channels that accept them: netty's
 * epoll transport where there is one, the JDK's own sockets elsewhere.
 */
final class Network implements AutoCloseable {
    private final Connections connections;
    private final EventLoopGroup boss;
    private final EventLoopGroup workers;

    /** Starts no thread before it listens. */
    Network(Connections connections) {
        this.connections = connections;
        IoHandlerFactory handlers = Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        boss = new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("aded-accept", true), handlers);
        workers = new MultiThreadIoEventLoopGroup(0, new DefaultThreadFactory("aded-network", true), handlers);
    }

    /** What listens on a port. */
    NettyServerBuilder tcp(SocketAddress address) {
        return over(
                NettyServerBuilder.forAddress(address),
                Epoll.isAvailable() ? EpollServerSocketChannel::new : NioServerSocketChannel::new);
    }

    /** What listens on a Unix socket. */
    NettyServerBuilder unix(Path path) {
        NettyServerBuilder builder = Epoll.isAvailable()
                ? over(
                        NettyServerBuilder.forAddress(new DomainSocketAddress(path.toFile())),
                        EpollServerDomainSocketChannel::new)
                : over(
                        NettyServerBuilder.forAddress(UnixDomainSocketAddress.of(path)),
                        NioServerDomainSocketChannel::new);
        // gRPC asks every connection for TCP's keep-alive, and netty warns about each that has none; null takes that
        // back.
        return builder.withChildOption(ChannelOption.SO_KEEPALIVE, null);
    }

    /** The one of these threads that this runs on; null if it is none of them. */
    @Nullable
    Executor current() {
        for (EventExecutor worker : workers) {
            if (worker.inEventLoop()) {
                return worker;
            }
        }
        return null;
    }

    private NettyServerBuilder over(NettyServerBuilder builder, ChannelFactory<ServerChannel> channels) {
        return builder.channelFactory(() -> {
                    ServerChannel listening = channels.newChannel();
                    listening.pipeline().addFirst(connections.door());
                    return listening;
                })
                .bossEventLoopGroup(boss)
                .workerEventLoopGroup(workers);
    }

    @Override
    public void close() {
        boss.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        workers.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
}
