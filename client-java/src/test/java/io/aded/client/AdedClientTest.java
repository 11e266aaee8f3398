package io.aded.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class AdedClientTest {
    private final Sidecars sidecars = new Sidecars();
    private final AdedClient client = sidecars.client;

    @AfterEach
    void close() {
        sidecars.close();
    }

    @Test
    void tokenize_andBack_restoresTheText() {
        List<Integer> tokens = client.tokenize("abc");
        assertThat(tokens).containsExactly(97, 98, 99);
        assertThat(client.detokenize(tokens)).isEqualTo("abc");
    }

    @Test
    void tokenize_refused_throwsTypedFailure() {
        assertThatExceptionOfType(AdedClientException.InvalidRequest.class)
                .isThrownBy(() -> client.tokenize("refuse"))
                .satisfies(failure -> assertThat(failure.violations()).hasSize(2));
    }

    @Test
    void countTokens_ofMessages_reportsTheContextToo() {
        assertThat(client.countTokens(Prompt.user("hello"))).isEqualTo(new TokenCount(5, 2048));
        assertThat(client.countTokens(Prompt.text("hi"))).isEqualTo(new TokenCount(2, 2048));
        assertThatThrownBy(() -> client.countTokens(Prompt.tokens(List.of(1))))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void model_andServer_areRecords() {
        ModelDetails model = client.model();
        assertThat(model.name()).isEqualTo("fake");
        assertThat(model.parameters()).isEqualTo(7_000_000_000L);
        assertThat(model.beginningOfSequence()).isEqualTo(1);
        assertThat(model.endOfSequence()).isNull();
        ServerDetails server = client.server();
        assertThat(server.limits().maxWait()).isEqualTo(Duration.ofMinutes(1));
        assertThat(server.limits().maxConversations()).isEqualTo(8);
        assertThat(server.limits().maxUnread()).isEqualTo(Duration.ofSeconds(20));
        assertThat(server.limits().maxMessageBytesInWork()).isEqualTo(5_000_000_001L);
        assertThat(server.limits().preparation().maxRunningPerClient()).isEqualTo(2);
        assertThat(server.limits().preparation().maxTime()).isZero();
        assertThat(server.limits().fields().stopStrings()).isEqualTo(16);
        assertThat(server.limits().fields().regularExpressionDepth()).isEqualTo(100);
        assertThat(server.load().tokensTotal()).isEqualTo(5_000_000_000L);
        assertThat(server.capabilities()).containsExactly("Constraint.grammar");
        assertThat(server.drafters())
                .containsExactly(
                        new ServerDetails.Drafter("auto", "what pays", Draft.AUTO.withMaxNodes(64), false),
                        new ServerDetails.Drafter("rule-of-tomorrow", "", Draft.DEFAULT, true));
    }

    @Test
    void listModels_severalPages_areReadToTheEnd() {
        assertThat(client.listModels()).extracting(ModelDetails::name).containsExactly("a", "b");
    }

    @Test
    void draftStatistics_ofTheServer_areCountsByDrafter() {
        DraftStatistics statistics = client.draftStatistics();
        assertThat(statistics.totals().numDraftTokens()).isEqualTo(6_000_000_000L);
        assertThat(statistics.drafters()).containsOnlyKeys("aded");
        assertThat(statistics.drafters().get("aded").numAcceptedTokensPerPos()).containsExactly(7L);
        assertThat(statistics.arms()).singleElement().satisfies(arm -> {
            assertThat(arm.arm()).isEqualTo("both");
            assertThat(arm.regret()).isEqualTo(-1.5);
            assertThat(arm.time()).isZero();
        });
        assertThat(statistics.draftModel()).isNotNull().satisfies(model -> {
            assertThat(model.numPasses()).isEqualTo(6_000_000_000L);
            assertThat(model.model()).isNull();
        });
    }

    @Test
    void headers_ofTheBuilder_travelWithEveryCall() {
        try (AdedClient named = AdedClient.builder(sidecars.channel)
                .clientId("billing")
                .token("s3cret")
                .metadata("x-team", "blue")
                .build()) {
            named.model();
            named.generate("count 1").await();
        }
        assertThat(sidecars.fake.headers).hasSize(2).allSatisfy(headers -> {
            assertThat(header(headers, "aded-client-id")).isEqualTo("billing");
            assertThat(header(headers, "authorization")).isEqualTo("Bearer s3cret");
            assertThat(header(headers, "x-team")).isEqualTo("blue");
            assertThat(header(headers, "aded-client-version")).startsWith("aded-java/");
        });
    }

    private static String header(Metadata headers, String name) {
        String value = headers.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
        return value == null ? "" : value;
    }

    @Test
    void close_givenChannel_leavesItOpen() {
        client.close();
        assertThat(sidecars.channel.isShutdown()).isFalse();
    }

    @Test
    void awaitReady_statusTurnsServing_returns() {
        sidecars.health.setStatus("aded.v1.InferenceService", ServingStatus.NOT_SERVING);
        CompletableFuture<Void> ready = CompletableFuture.runAsync(() -> client.awaitReady(Duration.ofSeconds(20)));
        await().until(() -> !sidecars.fake.headers.isEmpty());
        assertThat(ready).isNotDone();
        sidecars.health.setStatus("aded.v1.InferenceService", ServingStatus.SERVING);
        assertThat(ready.join()).isNull();
    }

    @Test
    void awaitReady_neverServing_saysWhatItSaw() {
        sidecars.health.setStatus("aded.v1.InferenceService", ServingStatus.NOT_SERVING);
        assertThatExceptionOfType(AdedClientException.DeadlineExceeded.class)
                .isThrownBy(() -> client.awaitReady(Duration.ofMillis(300)))
                .withMessageContaining("NOT_SERVING");
    }

    @Test
    void connect_overTcp_answersAndReportsARefusedConnection() throws Exception {
        Server server = sidecars.fake
                .addTo(NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)))
                .build()
                .start();
        String target = "localhost:" + server.getPort();
        try (AdedClient remote = AdedClient.connect(target);
                Conversation conversation = remote.converse()) {
            assertThat(conversation.ask("turn").await().text()).isEqualTo("turn 1");
            // Far more than one HTTP/2 window of deltas, read slowly enough to fill it.
            try (AnswerStream answer = conversation.ask("forever")) {
                answer.iterator().next();
            }
            assertThat(conversation.ask("turn").await().text()).isEqualTo("turn 3");
        } finally {
            server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        }
        try (AdedClient nobody = AdedClient.connect(target)) {
            assertThatExceptionOfType(AdedClientException.Unavailable.class)
                    .isThrownBy(nobody::model)
                    .withMessageContaining("Connection refused");
        }
    }

    @Test
    void awaitReady_serverStartsLate_isFound() throws Exception {
        int port;
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = probe.getLocalPort();
        }
        try (AdedClient early = AdedClient.connect("127.0.0.1:" + port)) {
            CompletableFuture<Void> ready = CompletableFuture.runAsync(() -> early.awaitReady(Duration.ofSeconds(40)));
            assertThatExceptionOfType(AdedClientException.Unavailable.class).isThrownBy(early::model);
            assertThat(ready).isNotDone();
            sidecars.health.setStatus("aded.v1.InferenceService", ServingStatus.SERVING);
            Server server = NettyServerBuilder.forAddress(
                            new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port))
                    .addService(sidecars.health.getHealthService())
                    .build()
                    .start();
            try {
                assertThat(ready.join()).isNull();
            } finally {
                server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
            }
        }
    }

    @Test
    void connect_overUnixSocket_answers(@TempDir Path folder) throws IOException, InterruptedException {
        assumeTrue(Epoll.isAvailable(), "unix sockets need Linux's epoll");
        Path socket = folder.resolve("aded.sock");
        var group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        Server server = sidecars.fake
                .addTo(NettyServerBuilder.forAddress(new DomainSocketAddress(socket.toFile()))
                        .channelType(EpollServerDomainSocketChannel.class)
                        .bossEventLoopGroup(group)
                        .workerEventLoopGroup(group))
                .build()
                .start();
        try (AdedClient local = AdedClient.connect("unix:" + socket)) {
            assertThat(local.generate("over the socket").await().text()).isEqualTo("over the socket");
        } finally {
            server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
        }
    }
}
