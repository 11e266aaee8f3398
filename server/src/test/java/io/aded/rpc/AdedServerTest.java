package io.aded.rpc;

import static io.aded.rpc.Harness.assertStatus;
import static io.aded.rpc.Harness.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.aded.engine.Engine;
import io.aded.model.AdedException;
import io.aded.serving.ServedModel;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GetModelRequest;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.ModelServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.channelz.v1.ChannelzGrpc;
import io.grpc.channelz.v1.GetServersRequest;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdedServerTest {
    private static final String LOOPBACK = "127.0.0.1:0";

    @TempDir
    private Path directory;

    private static ManagedChannel dial(ListenAddress address) {
        return switch (address) {
            case ListenAddress.Tcp tcp ->
                NettyChannelBuilder.forAddress(tcp.host(), tcp.port())
                        .usePlaintext()
                        .build();
            case ListenAddress.Unix unix -> {
                EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
                yield NettyChannelBuilder.forAddress(
                                new DomainSocketAddress(unix.path().toFile()))
                        .eventLoopGroup(group)
                        .channelType(EpollDomainSocketChannel.class)
                        .usePlaintext()
                        .build();
            }
        };
    }

    private static void with(ListenAddress address, Consumer<ManagedChannel> work) {
        ManagedChannel channel = dial(address);
        try {
            work.accept(channel);
        } finally {
            channel.shutdownNow();
        }
    }

    private static void generates(ManagedChannel channel) {
        int tokens = 0;
        var responses = InferenceServiceGrpc.newBlockingStub(channel)
                .generate(Requests.generate("abc", 20).build());
        while (responses.hasNext()) {
            tokens += responses.next().getDelta().getTokensCount();
        }
        assertThat(tokens).isEqualTo(20);
    }

    private static ServingStatus health(ManagedChannel channel, String service) {
        return HealthGrpc.newBlockingStub(channel)
                .check(HealthCheckRequest.newBuilder().setService(service).build())
                .getStatus();
    }

    @Test
    void start_severalAddresses_answersOnEach() {
        Assumptions.assumeTrue(Epoll.isAvailable(), "SKIPPED: the test's client needs epoll");
        Path socket = directory.resolve("aded.sock");
        try (Engine engine = Harness.engine();
                AdedServer server = AdedServer.builder()
                        .listen(LOOPBACK)
                        .listen("unix:" + socket)
                        .start()) {
            server.serve(ServedModel.of(engine));
            assertThat(server.addresses()).hasSize(2);
            for (ListenAddress address : server.addresses()) {
                with(address, AdedServerTest::generates);
            }
            assertThat(socket).exists();
        }
        assertThat(socket).doesNotExist();
    }

    @Test
    void start_unixSocket_hasTheModeThatWasSet() throws IOException {
        Path socket = directory.resolve("mode.sock");
        try (AdedServer server = AdedServer.builder().listen("unix:" + socket).start()) {
            assertThat(server.addresses()).hasSize(1);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                    .isEqualTo("rw-rw----");
        }
        try (AdedServer server = AdedServer.builder()
                .listen("unix:" + socket)
                .socketMode(PosixFilePermissions.fromString("rw-------"))
                .start()) {
            assertThat(server.addresses()).hasSize(1);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                    .isEqualTo("rw-------");
        }
    }

    @Test
    void start_staleSocket_isReplaced() throws IOException {
        Path socket = directory.resolve("stale.sock");
        try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            dead.bind(UnixDomainSocketAddress.of(socket));
        }
        assertThat(socket).exists();
        try (AdedServer server = AdedServer.builder().listen("unix:" + socket).start()) {
            assertThat(server.addresses()).hasSize(1);
        }
    }

    @Test
    void start_socketInUse_saysSoAndLeavesItAlone() {
        Path socket = directory.resolve("used.sock");
        try (AdedServer first = AdedServer.builder().listen("unix:" + socket).start()) {
            assertThatThrownBy(
                            () -> AdedServer.builder().listen("unix:" + socket).start())
                    .isInstanceOf(AdedException.FailedPrecondition.class)
                    .hasMessageContaining("another process listens there");
            assertThat(first.addresses()).hasSize(1);
            assertThat(socket).exists();
        }
    }

    @Test
    void start_pathOfAnotherFile_isRefusedAndKept() throws IOException {
        Path file = Files.writeString(directory.resolve("precious.txt"), "data");
        assertThatThrownBy(() -> AdedServer.builder().listen("unix:" + file).start())
                .isInstanceOf(AdedException.FailedPrecondition.class)
                .hasMessageContaining("no socket");
        assertThat(file).hasContent("data");
    }

    @Test
    void start_portInUse_saysSoAndClosesWhatItOpened() throws IOException {
        Path socket = directory.resolve("first.sock");
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> AdedServer.builder()
                            .listen("unix:" + socket)
                            .listen("127.0.0.1:" + taken.getLocalPort())
                            .start())
                    .isInstanceOfSatisfying(
                            AdedException.FailedPrecondition.class,
                            e -> assertThat(e.reason()).isEqualTo("ADDRESS_IN_USE"))
                    .hasMessageContaining("127.0.0.1:" + taken.getLocalPort())
                    .hasMessageContaining("in use");
        }
        assertThat(socket).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "localhost", "localhost:", "localhost:http", "localhost:70000", "::1:50051", "unix:", ":1"})
    void listen_noAddress_saysWhatIsAllowed(String address) {
        assertThatThrownBy(() -> ListenAddress.parse(address))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("HOST:PORT, [IPv6]:PORT, unix:PATH");
    }

    @Test
    void listen_addresses_areRead() {
        assertThat(ListenAddress.parse("[::1]:50051")).isEqualTo(new ListenAddress.Tcp("::1", 50051));
        assertThat(ListenAddress.parse("[::1]:50051")).hasToString("[::1]:50051");
        assertThat(ListenAddress.parse("0.0.0.0:1")).hasToString("0.0.0.0:1");
        assertThat(ListenAddress.parse("unix:///run/a.sock")).hasToString("unix:/run/a.sock");
        assertThat(ListenAddress.parse("unix:a.sock")).hasToString("unix:a.sock");
    }

    @Test
    void health_followsTheModelAndTheDrain() throws Exception {
        try (Engine engine = Harness.engine();
                AdedServer server = AdedServer.builder().listen(LOOPBACK).start()) {
            with(server.addresses().getFirst(), channel -> {
                assertThat(health(channel, "")).isEqualTo(ServingStatus.SERVING);
                assertThat(health(channel, InferenceServiceGrpc.SERVICE_NAME)).isEqualTo(ServingStatus.NOT_SERVING);
                assertStatus(
                        failure(() -> InferenceServiceGrpc.newBlockingStub(channel)
                                .generate(GenerateRequest.getDefaultInstance())
                                .next()),
                        Status.Code.UNAVAILABLE,
                        "MODEL_LOADING");
                assertStatus(
                        failure(() -> ModelServiceGrpc.newBlockingStub(channel)
                                .getModel(GetModelRequest.getDefaultInstance())),
                        Status.Code.UNAVAILABLE,
                        "MODEL_LOADING");

                server.serve(ServedModel.of(engine));
                assertThat(health(channel, InferenceServiceGrpc.SERVICE_NAME)).isEqualTo(ServingStatus.SERVING);
                generates(channel);

                List<ServingStatus> seen = new ArrayList<>();
                var watched = new CompletableFuture<Void>();
                HealthGrpc.newStub(channel)
                        .watch(
                                HealthCheckRequest.newBuilder()
                                        .setService(InferenceServiceGrpc.SERVICE_NAME)
                                        .build(),
                                new StreamObserver<>() {
                                    @Override
                                    public void onNext(HealthCheckResponse response) {
                                        seen.add(response.getStatus());
                                        watched.complete(null);
                                    }

                                    @Override
                                    public void onError(Throwable thrown) {
                                        watched.complete(null);
                                    }

                                    @Override
                                    public void onCompleted() {}
                                });
                watched.join();
                server.drain(Duration.ofMillis(100));
                await().until(() -> seen.contains(ServingStatus.NOT_SERVING));
                assertThat(seen.getFirst()).isEqualTo(ServingStatus.SERVING);
            });
            server.awaitTermination();
        }
    }

    @Test
    void reflection_listsTheServices_andChannelzTheServer() throws Exception {
        try (AdedServer server = AdedServer.builder().listen(LOOPBACK).start()) {
            ManagedChannel channel = dial(server.addresses().getFirst());
            var listed = new CompletableFuture<ServerReflectionResponse>();
            var requests = ServerReflectionGrpc.newStub(channel).serverReflectionInfo(new StreamObserver<>() {
                @Override
                public void onNext(ServerReflectionResponse response) {
                    listed.complete(response);
                }

                @Override
                public void onError(Throwable thrown) {
                    listed.completeExceptionally(thrown);
                }

                @Override
                public void onCompleted() {}
            });
            requests.onNext(
                    ServerReflectionRequest.newBuilder().setListServices("").build());
            assertThat(listed.get(10, TimeUnit.SECONDS).getListServicesResponse().getServiceList().stream()
                            .map(service -> service.getName())
                            .toList())
                    .contains(
                            "aded.v1.InferenceService",
                            "aded.v1.ModelService",
                            "aded.v1.DraftService",
                            "grpc.health.v1.Health",
                            "grpc.reflection.v1.ServerReflection",
                            "grpc.reflection.v1alpha.ServerReflection",
                            "grpc.channelz.v1.Channelz");
            requests.onCompleted();
            assertThat(ChannelzGrpc.newBlockingStub(channel)
                            .getServers(GetServersRequest.getDefaultInstance())
                            .getServerList())
                    .isNotEmpty();
            channel.shutdownNow();
        }
    }

    @Test
    void client_whoseConnectionBreaks_freesItsCells() {
        try (Engine engine = Harness.engine();
                AdedServer server = AdedServer.builder().listen(LOOPBACK).start()) {
            server.serve(ServedModel.of(engine));
            ManagedChannel channel = dial(server.addresses().getFirst());
            var client = new ConverseClient(InferenceServiceGrpc.newStub(channel));
            client.open(Requests.open()).opened();
            client.turn(Requests.turn("hello", 0)).next();
            channel.shutdownNow();
            await().until(() -> engine.status().running() == 0
                    && engine.status().sessions() == 0
                    && engine.status().cellsUsed() == 0);
            with(server.addresses().getFirst(), AdedServerTest::generates);
        }
    }

    @Test
    void message_largerThanAllowed_isResourceExhausted() {
        try (Engine engine = Harness.engine();
                AdedServer server = AdedServer.builder()
                        .listen(LOOPBACK)
                        .limits(ServerLimits.DEFAULT.withMaxMessageBytes(2048))
                        .start()) {
            server.serve(ServedModel.of(engine));
            with(server.addresses().getFirst(), channel -> {
                assertThat(failure(() -> InferenceServiceGrpc.newBlockingStub(channel)
                                        .generate(Requests.generate("x".repeat(4096), 1)
                                                .build())
                                        .next())
                                .getStatus()
                                .getCode())
                        .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
                generates(channel);
            });
        }
    }

    @Test
    void start_withoutAddress_isRefused() {
        assertThatThrownBy(() -> AdedServer.builder().start())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at least one address");
    }
}
