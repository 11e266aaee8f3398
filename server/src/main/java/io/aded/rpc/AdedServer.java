package io.aded.rpc;

import io.aded.model.AdedException;
import io.aded.serving.ServedModel;
import io.aded.serving.Serving;
import io.aded.telemetry.ConnectionGauges;
import io.aded.telemetry.Telemetry;
import io.aded.v1.InferenceServiceGrpc;
import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.opentelemetry.GrpcOpenTelemetry;
import io.grpc.protobuf.services.ChannelzService;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionService;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The gRPC server. It comes up without a model, so that probes find it alive while the model is loading; calls are
 * UNAVAILABLE until {@link #serve}. Thread-safe.
 *
 * <pre>{@code
 * try (AdedServer server = AdedServer.builder().listen("127.0.0.1:50051").listen("unix:/run/aded.sock").start()) {
 *     server.serve(ServedModel.of(engine));
 *     server.awaitTermination();
 * }
 * }</pre>
 *
 * <p>Shutting down: {@link #drain} tells health checks and refuses new turns, lets those that run finish within a time,
 * and cancels the rest; {@link #close} does the same without the time. Engines and models stay their owner's to close,
 * afterwards.
 */
public final class AdedServer implements AutoCloseable {
    private static final String READINESS = InferenceServiceGrpc.SERVICE_NAME;
    private static final int CHANNELZ_PAGE = 100;
    /** Bytes that a client may send ahead, of one call and of all calls of a connection. */
    private static final int FLOW_CONTROL_WINDOW = 512 << 10;

    /** Of one connection, however few conversations there may be. */
    private static final int LEAST_CALLS = 4096;

    /** What clients have to take the reason for which their calls are cut off, before the connections are. */
    private static final Duration TELLING = Duration.ofMillis(500);

    /** What connections have to end once they are cut. One whose peer reads nothing stays, and must not hold up all. */
    private static final Duration CUTTING = Duration.ofMillis(300);

    private final HealthStatusManager health = new HealthStatusManager();
    /** Calls are handled on virtual threads; there is nothing to shut down, since each ends with its task. */
    private final Executor executor = Thread.ofVirtual().name("aded-rpc-", 0)::start;

    private final Serving serving;
    private final ServerLimits limits;
    private final String version;
    private final LongSupplier nanoClock;
    private final List<BindableService> services;
    private final InboundBudget inbound;
    private final MemoryBudget memory;
    private final OpenCalls calls;
    private final Connections connections;
    private final Network network;
    private final AutoCloseable connectionGauges;
    private final List<Server> servers = new ArrayList<>();
    private final List<UnixSocket> sockets = new ArrayList<>();
    private final List<ListenAddress> addresses = new ArrayList<>();
    private final AtomicBoolean closing = new AtomicBoolean();
    private final CountDownLatch closed = new CountDownLatch(1);

    private AdedServer(Builder builder, Serving serving) {
        this.serving = serving;
        this.limits = builder.limits;
        this.version = builder.version;
        this.nanoClock = builder.nanoClock;
        this.inbound = builder.inbound;
        this.memory = builder.memory;
        this.calls = new OpenCalls(nanoClock, this::isNearlyFull);
        this.connections =
                new Connections(limits.maxConnections(), nanoClock, () -> calls.makeRoom(limits.maxConnections()));
        this.network = new Network(connections);
        this.connectionGauges = serving.telemetry().watchConnections(connections::gauges);
        this.services = List.of(
                new InferenceServiceImpl(serving, limits.maxMessageBytes()),
                new ModelServiceImpl(
                        serving,
                        new ModelServiceImpl.MessageLimits(
                                Math.min(limits.maxMessageBytes(), memory.largestMessage()),
                                memory.messages(),
                                inbound.most()),
                        limits,
                        builder.version,
                        builder.wall.instant()),
                new DraftServiceImpl(serving));
        serving.watch(state -> health.setStatus(
                READINESS, state == Serving.State.READY ? ServingStatus.SERVING : ServingStatus.NOT_SERVING));
    }

    /** Starts with no address and the default limits. */
    public static Builder builder() {
        return new Builder();
    }

    /** Settings of a server. */
    public static final class Builder {
        private final List<ListenAddress> addresses = new ArrayList<>();
        private final List<ServerBuilder<?>> transports = new ArrayList<>();
        private ServerLimits limits = ServerLimits.DEFAULT;
        private @Nullable Serving serving;
        private Set<PosixFilePermission> socketMode = PosixFilePermissions.fromString("rw-rw----");
        private String version = "development";
        private LongSupplier nanoClock = System::nanoTime;
        private InstantSource wall = InstantSource.system();
        private InboundBudget inbound = InboundBudget.ofDirectMemory();
        private MemoryBudget memory = MemoryBudget.ofHeap();

        private Builder() {}

        /**
         * Adds an address.
         *
         * @throws IllegalArgumentException if it is none
         */
        public Builder listen(String address) {
            return listen(ListenAddress.parse(address));
        }

        /** Adds an address. */
        public Builder listen(ListenAddress address) {
            addresses.add(address);
            return this;
        }

        /** Adds a transport of the caller's, such as gRPC's in-process one. */
        Builder transport(ServerBuilder<?> transport) {
            transports.add(transport);
            return this;
        }

        /** What the transport allows callers. */
        public Builder limits(ServerLimits value) {
            limits = value;
            return this;
        }

        /**
         * What is behind this façade, if others stand beside it; otherwise one of the server's own. It is drained and
         * closed with the server.
         */
        public Builder serving(Serving value) {
            serving = value;
            return this;
        }

        /** Who may connect to Unix sockets; {@code rw-rw----} unless said otherwise. */
        public Builder socketMode(Set<PosixFilePermission> value) {
            socketMode = Set.copyOf(value);
            return this;
        }

        /** The server's version, as {@code GetServerInfo} tells it. */
        public Builder version(String value) {
            version = value;
            return this;
        }

        /**
         * The time by other clocks than the system's.
         *
         * @param monotonic nanoseconds, the clock of the engines behind this
         * @param calendar looked at once
         */
        public Builder clocks(LongSupplier monotonic, InstantSource calendar) {
            nanoClock = monotonic;
            wall = calendar;
            return this;
        }

        /** What messages may take of memory: while they arrive, and from when they are read. */
        Builder budgets(InboundBudget arriving, MemoryBudget read) {
            inbound = arriving;
            memory = read;
            return this;
        }

        /**
         * Listens.
         *
         * @throws AdedException.FailedPrecondition if an address is in use or cannot be listened on
         */
        public AdedServer start() {
            if (addresses.isEmpty() && transports.isEmpty()) {
                throw new IllegalArgumentException("the server needs at least one address to listen on");
            }
            var server =
                    new AdedServer(this, serving == null ? Serving.builder().build() : serving);
            try {
                for (ListenAddress address : addresses) {
                    server.listen(address, socketMode);
                }
                for (ServerBuilder<?> transport : transports) {
                    server.servers.add(server.register(transport).build().start());
                }
            } catch (AdedException e) {
                server.close();
                throw e;
            } catch (IOException e) {
                server.close();
                throw new AdedException.FailedPrecondition(
                        "ADDRESS_UNUSABLE", "cannot listen on a given transport: " + e.getMessage());
            }
            return server;
        }
    }

    // --- listening

    private void listen(ListenAddress address, Set<PosixFilePermission> socketMode) {
        try {
            switch (address) {
                case ListenAddress.Tcp tcp -> {
                    InetSocketAddress resolved = new InetSocketAddress(tcp.host(), tcp.port());
                    if (resolved.isUnresolved()) {
                        throw new AdedException.FailedPrecondition(
                                "ADDRESS_UNUSABLE",
                                "cannot listen on " + address + ": the host's address is not known");
                    }
                    Server server = tuned(network.tcp(resolved)).build().start();
                    servers.add(server);
                    addresses.add(bound(tcp, server));
                }
                case ListenAddress.Unix unix -> {
                    UnixSocket socket = UnixSocket.prepare(unix.path(), socketMode);
                    Server server;
                    try {
                        server = tuned(network.unix(socket.made())).build().start();
                    } catch (IOException | RuntimeException e) {
                        socket.close();
                        throw e;
                    }
                    sockets.add(socket);
                    servers.add(server);
                    socket.bound();
                    addresses.add(unix);
                }
            }
        } catch (IOException e) {
            throw unusable(address, e);
        }
    }

    private static ListenAddress bound(ListenAddress.Tcp tcp, Server server) {
        for (SocketAddress address : server.getListenSockets()) {
            if (address instanceof InetSocketAddress inet) {
                return new ListenAddress.Tcp(tcp.host(), inet.getPort());
            }
        }
        return tcp;
    }

    private static AdedException unusable(ListenAddress address, IOException failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage());
            if (cause instanceof IOException && message.contains("in use")) {
                return new AdedException.FailedPrecondition(
                        "ADDRESS_IN_USE",
                        "cannot listen on " + address
                                + ": the address is in use; stop the process that has it, or choose another port (0"
                                + " takes any that is free)");
            }
        }
        Throwable root = failure.getCause() == null ? failure : failure.getCause();
        return new AdedException.FailedPrecondition(
                "ADDRESS_UNUSABLE", "cannot listen on " + address + ": " + root.getMessage());
    }

    private NettyServerBuilder tuned(NettyServerBuilder builder) {
        register(builder);
        return builder.keepAliveTime(limits.keepAliveTime().toNanos(), TimeUnit.NANOSECONDS)
                .permitKeepAliveTime(limits.permitKeepAliveTime().toNanos(), TimeUnit.NANOSECONDS)
                .permitKeepAliveWithoutCalls(true)
                .maxConnectionIdle(limits.maxConnectionIdle().toNanos(), TimeUnit.NANOSECONDS)
                .maxConcurrentCallsPerConnection(callsOfAConnection())
                // Beside the messages that the budget counts, what waits to be looked at: so much for a connection.
                .flowControlWindow(FLOW_CONTROL_WINDOW);
    }

    /** One client's conversations may all come over one connection, and other calls beside them. */
    private int callsOfAConnection() {
        return Math.max(LEAST_CALLS, serving.conversationBounds().all() + OpenCalls.USUAL_IDLE);
    }

    private <B extends ServerBuilder<?>> B register(B builder) {
        var caller = new CallerInterceptor();
        Telemetry telemetry = serving.telemetry();
        DocumentedApi api = DocumentedApi.read();
        var versions = new VersionInterceptor(version);
        for (BindableService bindable : services) {
            ServerServiceDefinition service = bindable.bindService();
            var definition = ServerInterceptors.interceptForward(
                    GuardedServices.guard(
                            service, api.service(service.getServiceDescriptor().getName()), calls, memory),
                    versions,
                    caller);
            builder.addService(
                    telemetry.recordsTraces()
                            ? ServerInterceptors.interceptForward(definition, new TracingInterceptor(telemetry))
                            : definition);
        }
        for (BindableService bindable : List.of(
                health.getHealthService(),
                ProtoReflectionServiceV1.newInstance(),
                ProtoReflectionService.newInstance(),
                ChannelzService.newInstance(CHANNELZ_PAGE))) {
            ServerServiceDefinition service = bindable.bindService();
            builder.addService(GuardedServices.guard(
                    service, service.getServiceDescriptor().getSchemaDescriptor(), calls, null));
        }
        builder.addStreamTracerFactory(inbound.tracers());
        builder.addTransportFilter(new ConnectionNames(network));
        builder.executor(executor).maxInboundMessageSize(limits.maxMessageBytes());
        if (telemetry.recordsMetrics()) {
            GrpcOpenTelemetry.newBuilder()
                    .sdk(telemetry.openTelemetry())
                    .build()
                    .configureServerBuilder(builder);
        }
        return builder;
    }

    /** Where the server listens, with the ports that were picked. */
    public List<ListenAddress> addresses() {
        return List.copyOf(addresses);
    }

    private boolean isNearlyFull() {
        return connections.isNearlyFull();
    }

    /** How many connections there are and were. */
    ConnectionGauges connections() {
        return connections.gauges();
    }

    // --- serving

    /** Answers calls with a model from now on, and tells health checks. */
    public void serve(ServedModel model) {
        serving.serve(model);
    }

    /** What is behind this façade. */
    public Serving serving() {
        return serving;
    }

    /** Returns when the server is closed. */
    public void awaitTermination() throws InterruptedException {
        closed.await();
    }

    /**
     * Refuses new turns, lets those that are running end, cancels what is left when the time is over, and closes the
     * server.
     */
    public void drain(Duration grace) {
        shutDown(grace);
    }

    /** As {@link #drain}, with no time. */
    @Override
    public void close() {
        shutDown(Duration.ZERO);
    }

    private void shutDown(Duration grace) {
        if (!closing.compareAndSet(false, true)) {
            awaitClosed();
            return;
        }
        boolean interrupted = false;
        try {
            if (grace.isZero()) {
                serving.refuse();
            } else {
                serving.drain();
            }
            servers.forEach(Server::shutdown);
            sockets.forEach(UnixSocket::unlink); // a successor may listen there while we drain
            awaitServers(grace);
            calls.refuseAll(new AdedException.Unavailable(
                    "DRAINING", "the server has shut down before the answer was complete; call another one"));
            awaitServers(TELLING);
        } catch (InterruptedException e) {
            interrupted = true;
        }
        servers.forEach(Server::shutdownNow);
        try {
            awaitServers(CUTTING);
        } catch (InterruptedException e) {
            interrupted = true;
        }
        health.enterTerminalState();
        serving.close();
        sockets.forEach(UnixSocket::close);
        network.close();
        try {
            connectionGauges.close();
        } catch (Exception e) {
            throw new IllegalStateException(e); // only if metrics are broken
        } finally {
            closed.countDown();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits until all have ended, or for so long. */
    private void awaitServers(Duration time) throws InterruptedException {
        long end = nanoClock.getAsLong() + time.toNanos();
        for (Server server : servers) {
            server.awaitTermination(Math.max(0, end - nanoClock.getAsLong()), TimeUnit.NANOSECONDS);
        }
    }

    private void awaitClosed() {
        try {
            closed.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
