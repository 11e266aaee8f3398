package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.aded.engine.Engine;
import io.aded.serving.ServedModel;
import io.aded.telemetry.ConnectionGauges;
import io.aded.v1.ConverseRequest;
import io.aded.v1.ConverseResponse;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.Open;
import io.grpc.ConnectivityState;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Who gives way when there are as many connections, or calls that want nothing, as may be. */
@Timeout(60)
class ConnectionsTest {
    private static final Duration LONG = Duration.ofMinutes(10);

    @TempDir
    private Path directory;

    private final AtomicLong clock = new AtomicLong(1);
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger(Connections.class);
    private final List<AutoCloseable> open = new ArrayList<>();

    @BeforeEach
    void readLog() {
        log.start();
        logger.addAppender(log);
        logger.setAdditive(false);
    }

    @AfterEach
    void closeAll() throws Exception {
        logger.detachAppender(log);
        logger.setAdditive(true);
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    private AdedServer server(String listen, int connections, Duration idle) {
        AdedServer server = AdedServer.builder()
                .listen(listen)
                .clocks(clock::get, InstantSource.system())
                .limits(ServerLimits.DEFAULT.withConnections(connections, idle))
                .start();
        open.add(server);
        return server;
    }

    /** A connection that says nothing. */
    private SocketChannel mute(AdedServer server) throws IOException {
        SocketAddress address = switch (server.addresses().getFirst()) {
            case ListenAddress.Tcp tcp -> new InetSocketAddress(InetAddress.getLoopbackAddress(), tcp.port());
            case ListenAddress.Unix unix -> UnixDomainSocketAddress.of(unix.path());
        };
        SocketChannel channel = SocketChannel.open(
                address instanceof UnixDomainSocketAddress ? StandardProtocolFamily.UNIX : StandardProtocolFamily.INET);
        open.add(channel);
        channel.connect(address);
        return channel;
    }

    private ManagedChannel channel(AdedServer server) {
        ManagedChannel channel = Grpc.newChannelBuilder(
                        server.addresses().getFirst().toString(), InsecureChannelCredentials.create())
                .build();
        open.add(channel::shutdownNow);
        return channel;
    }

    /** Watches health for as long as the channel is open: a call that does not end. */
    private static Iterator<HealthCheckResponse> watch(ManagedChannel channel) {
        Iterator<HealthCheckResponse> answers =
                HealthGrpc.newBlockingStub(channel).watch(HealthCheckRequest.getDefaultInstance());
        assertThat(answers.next().getStatus()).isEqualTo(ServingStatus.SERVING);
        return answers;
    }

    private static void assertHealthy(ManagedChannel channel) {
        assertThat(HealthGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(20, TimeUnit.SECONDS)
                        .check(HealthCheckRequest.getDefaultInstance())
                        .getStatus())
                .isEqualTo(ServingStatus.SERVING);
    }

    private static void assertClosed(SocketChannel channel) {
        ByteBuffer read = ByteBuffer.allocate(1024);
        try {
            while (channel.read(read.clear()) >= 0) {
                assertThat(read.position()).isPositive(); // the server's greeting
            }
        } catch (IOException reset) {
            assertThat(reset).isNotNull();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1:0", "unix"})
    void enter_asManyAsMayBeAndNoCalls_firstThatCameGivesWay(String where) throws IOException {
        AdedServer server = server(where.equals("unix") ? "unix:" + directory.resolve("s") : where, 3, LONG);
        SocketChannel first = mute(server);
        await().until(() -> server.connections().open() == 1);
        mute(server);
        mute(server);
        await().until(() -> server.connections().open() == 3);

        assertHealthy(channel(server));

        assertClosed(first);
        assertThat(server.connections()).isEqualTo(new ConnectionGauges(3, 1, 0));
        assertThat(log.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .containsExactly(
                        "There are as many connections as may be, 3: one without a call was closed for a new" + " one");
    }

    @Test
    void enter_callsOnAllOfThem_newcomersAreTurnedAwayAndToldOfOnce() throws IOException {
        AdedServer server = server("127.0.0.1:0", 2, LONG);
        ManagedChannel one = channel(server);
        watch(one);
        ManagedChannel other = channel(server);
        watch(other);

        for (int i = 0; i < 5; i++) {
            assertClosed(mute(server));
        }

        assertThat(server.connections()).isEqualTo(new ConnectionGauges(2, 0, 5));
        assertThat(log.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .containsExactly("There are as many connections as may be, 2: a new one was turned away, since there"
                        + " are calls on all of them");
        assertHealthy(one);
        other.shutdownNow();
        await().until(() -> server.connections().open() == 1);
        assertHealthy(channel(server));
    }

    @Test
    void enter_clientWhoseConnectionGaveWay_callsAgainWithoutNoticing() throws IOException {
        AdedServer server = server("127.0.0.1:0", 2, LONG);
        ManagedChannel client = channel(server);
        assertHealthy(client);
        for (int i = 0; i < 6; i++) {
            mute(server);
            assertHealthy(client);
        }

        assertThat(server.connections().refused()).isZero();
        assertThat(server.connections().open()).isLessThanOrEqualTo(2);
    }

    @Test
    void idle_connectionWithoutACall_isClosedInTime() {
        AdedServer server = server("127.0.0.1:0", 2, Duration.ofMillis(50));
        ManagedChannel client = channel(server);
        assertHealthy(client);

        await().until(() -> client.getState(false) == ConnectivityState.IDLE);

        assertHealthy(client);
    }

    @Test
    void enter_connectionsThatOnlyWatch_keepNobodyOut() throws IOException {
        AdedServer server = server("127.0.0.1:0", 40, LONG);
        int port = ((ListenAddress.Tcp) server.addresses().getFirst()).port();
        for (int i = 0; i < 60; i++) {
            RawHttp2 watching = new RawHttp2(port);
            open.add(watching);
            try {
                watching.greet().call("grpc.health.v1.Health/Watch");
            } catch (SocketException e) {
                // It had to make room already.
            }
        }

        await().ignoreExceptions().untilAsserted(() -> {
            clock.addAndGet(Duration.ofMillis(200).toNanos());
            assertHealthy(channel(server));
        });

        assertThat(server.connections().open()).isLessThanOrEqualTo(40);
    }

    /** Nobody has to be turned away first: a client that was tries again only after a second. */
    @Test
    void enter_placesBecomeScarceByCallsThatSayNothing_someAreFreedBeforeAnybodyNeedsThem() throws IOException {
        AdedServer server = server("127.0.0.1:0", 64, LONG);
        int port = ((ListenAddress.Tcp) server.addresses().getFirst()).port();
        List<RawHttp2> silent = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            silent.add(new RawHttp2(port));
            open.add(silent.getLast());
            silent.getLast().greet().call("aded.v1.InferenceService/Converse");
        }

        // When the server takes them and begins their calls is its own affair. It looks again as often as somebody
        // comes: one at a time does, until one of the silent is told to go.
        await().atMost(Duration.ofSeconds(50)).until(() -> {
            if (silent.stream().anyMatch(RawHttp2::isGone)) {
                return true;
            }
            if (server.connections().open() == 60) {
                SocketChannel comes = mute(server);
                assertThat(comes.read(ByteBuffer.allocate(1))).isEqualTo(1); // it was let in
                comes.close();
            }
            return false;
        });

        assertHealthy(channel(server));
        assertThat(server.connections().refused()).isZero();
        assertThat(server.connections().displaced()).isZero();
    }

    @Test
    void enter_conversationOnEachConnectionThatMayBe_leavesRoomForOthers() throws InterruptedException {
        AdedServer server = server("127.0.0.1:0", 64, LONG);
        Engine engine = Harness.engine();
        open.addFirst(engine);
        server.serve(ServedModel.of(engine));
        BlockingQueue<Status> refused = new LinkedBlockingQueue<>();
        AtomicInteger opened = new AtomicInteger();
        for (int i = 0; i < 64; i++) {
            InferenceServiceGrpc.newStub(channel(server))
                    .converse(new StreamObserver<ConverseResponse>() {
                        @Override
                        public void onNext(ConverseResponse response) {
                            opened.incrementAndGet();
                        }

                        @Override
                        public void onError(Throwable failure) {
                            refused.add(Status.fromThrowable(failure));
                        }

                        @Override
                        public void onCompleted() {}
                    })
                    .onNext(ConverseRequest.newBuilder()
                            .setOpen(Open.getDefaultInstance())
                            .build());
        }

        Status reason = refused.take();
        assertThat(reason.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(reason.getDescription()).contains("conversations may not hold the last of them");
        await().until(() -> opened.get() + refused.size() + 1 == 64);
        assertThat(opened).hasValueLessThanOrEqualTo(56);
        for (int i = 0; i < 16; i++) {
            assertHealthy(channel(server));
        }
    }

    @Test
    void calls_moreThatOnlyWatchThanMayBe_oldestEnds() {
        AdedServer server = server("127.0.0.1:0", 4, LONG);
        ManagedChannel client = channel(server);
        Iterator<HealthCheckResponse> oldest = watch(client);
        ManagedChannel others = channel(server);
        clock.addAndGet(Duration.ofSeconds(2).toNanos());
        for (int i = 0; i < OpenCalls.USUAL_IDLE; i++) {
            HealthGrpc.newBlockingStub(others).watch(HealthCheckRequest.getDefaultInstance());
        }

        assertThatThrownBy(oldest::next)
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        failure -> assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED))
                .hasMessageContaining("1024 at once");
        assertHealthy(client);
    }

    @Test
    void calls_begunAndSayingNothing_oldestEnds() throws Exception {
        AdedServer server = server("127.0.0.1:0", 4, LONG);
        int port = ((ListenAddress.Tcp) server.addresses().getFirst()).port();
        RawHttp2 hostile = new RawHttp2(port).greet();
        open.add(hostile);
        int oldest = hostile.call("aded.v1.InferenceService/Converse");
        for (int i = 0; i < OpenCalls.USUAL_IDLE + 100; i++) {
            hostile.call("aded.v1.InferenceService/Generate");
        }

        // When the server begins them is its own affair: time goes on, and more come, until the first of all is over.
        await().atMost(Duration.ofSeconds(50)).until(() -> {
            clock.addAndGet(Duration.ofMillis(500).toNanos());
            for (int i = 0; i < 50; i++) { // they begin on threads of their own, only nearly in order
                hostile.call("aded.v1.InferenceService/Generate");
            }
            return hostile.isOver(oldest);
        });

        assertHealthy(channel(server));
    }

    @Test
    void connections_filesThatMayBeOpen_leaveRoomForOthers() {
        assertThat(ServerLimits.connections(1024)).isEqualTo(768);
        assertThat(ServerLimits.connections(64)).isEqualTo(16);
        assertThat(ServerLimits.connections(1 << 20)).isEqualTo(4096);
        assertThat(ServerLimits.connections(-1)).isEqualTo(4096);
    }
}
