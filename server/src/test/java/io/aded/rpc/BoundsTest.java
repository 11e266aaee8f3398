package io.aded.rpc;

import static io.aded.rpc.Harness.assertStatus;
import static io.aded.rpc.Harness.failure;
import static io.aded.rpc.Requests.generate;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.serving.ServedModel;
import io.aded.telemetry.EngineTelemetry;
import io.aded.testing.ForkedJvm;
import io.aded.v1.CountTokensRequest;
import io.aded.v1.DetokenizeRequest;
import io.aded.v1.GenerateRequest;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.InferenceServiceGrpc.InferenceServiceBlockingStub;
import io.aded.v1.TokenizeRequest;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What one caller sends costs the others neither their answers nor the server. */
class BoundsTest {
    private static final int MIB = 1 << 20;

    /** Room for messages of a MiB each, and two at once. */
    private final MemoryBudget memory = new MemoryBudget(2L * MIB * MemoryBudget.EXPANSION);

    private @Nullable Engine engine;
    private @Nullable AdedServer server;
    private @Nullable ManagedChannel channel;

    private ManagedChannel start(HookedModel.Hook hook, int maxMessageBytes) {
        engine = Engine.start(HookedModel.of(hook), EngineOptions.ofCells(4096), EngineTelemetry.NONE);
        String name = InProcessServerBuilder.generateName();
        server = AdedServer.builder()
                .transport(InProcessServerBuilder.forName(name))
                .limits(ServerLimits.DEFAULT.withMaxMessageBytes(maxMessageBytes))
                .budgets(new InboundBudget(64L * MIB), memory)
                .start();
        server.serve(ServedModel.of(engine));
        channel = InProcessChannelBuilder.forName(name).build();
        return channel;
    }

    @AfterEach
    void stop() {
        if (channel != null) {
            channel.shutdownNow();
        }
        if (server != null) {
            server.close();
        }
        if (engine != null) {
            engine.close();
        }
    }

    private static InferenceServiceBlockingStub as(String clientId, ManagedChannel channel) {
        Metadata metadata = new Metadata();
        metadata.put(CallerInterceptor.HEADER, clientId);
        return InferenceServiceGrpc.newBlockingStub(channel)
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata));
    }

    @Test
    void calls_thatTakeLongToPrepare_leaveHealthAndOtherCallersAlone() {
        CountDownLatch release = new CountDownLatch(1);
        AtomicInteger busy = new AtomicInteger();
        ManagedChannel open = start(
                text -> {
                    if (text.startsWith("slow")) {
                        busy.incrementAndGet();
                        while (release.getCount() > 0) { // as native code: it neither gives way nor asks
                            Thread.onSpinWait();
                        }
                    }
                },
                16 * MIB);
        List<Future<?>> slow = new ArrayList<>();
        try {
            for (int i = 0; i < 8; i++) {
                var caller = InferenceServiceGrpc.newFutureStub(open);
                slow.add(caller.countTokens(
                        CountTokensRequest.newBuilder().setText("slow").build()));
            }
            await().until(() -> busy.get() > 0);

            assertThat(HealthGrpc.newBlockingStub(open)
                            .withDeadlineAfter(10, TimeUnit.SECONDS)
                            .check(HealthCheckRequest.getDefaultInstance())
                            .getStatus())
                    .isEqualTo(ServingStatus.SERVING);
            assertThat(as("other", open)
                            .withDeadlineAfter(10, TimeUnit.SECONDS)
                            .generate(generate("quick", 2).build())
                            .hasNext())
                    .isTrue();
            assertThat(failure(() -> InferenceServiceGrpc.newBlockingStub(open)
                                    .withDeadlineAfter(100, TimeUnit.MILLISECONDS)
                                    .countTokens(CountTokensRequest.newBuilder()
                                            .setText("slow")
                                            .build()))
                            .getStatus()
                            .getCode())
                    .isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        } finally {
            release.countDown();
            slow.forEach(call -> call.cancel(true));
        }
    }

    @Test
    void tokenize_manyLargeTextsAtOnce_areRefusedWithWhatIsAllowed() throws Exception {
        ManagedChannel open = start(_ -> {}, 16 * MIB);
        TokenizeRequest large = TokenizeRequest.newBuilder()
                .setText("x".repeat(15 * MIB))
                .setWithPieces(true)
                .build();
        List<StatusRuntimeException> failures = new ArrayList<>();
        List<Thread> callers = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            callers.add(Thread.ofVirtual().start(() -> {
                StatusRuntimeException failure = failure(() -> as("a", open).tokenize(large));
                synchronized (failures) {
                    failures.add(failure);
                }
            }));
        }
        for (Thread caller : callers) {
            caller.join();
        }

        assertThat(failures).hasSize(16).allSatisfy(failure -> {
            assertStatus(failure, Status.Code.RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE");
            assertThat(failure.getStatus().getDescription()).contains("allowed: " + MIB + " bytes");
        });
        assertThat(as("a", open)
                        .tokenize(large.toBuilder().setText("x".repeat(MIB / 2)).build())
                        .getPiecesCount())
                .isEqualTo(MIB / 2);
        await().until(() -> memory.taken() == 0);
    }

    @Test
    void answers_largerThanAnyMessageMayBe_areRefusedWithWhatIsAllowed() {
        ManagedChannel open = start(_ -> {}, 256 << 10);
        TokenizeRequest request =
                TokenizeRequest.newBuilder().setText("x".repeat(100_000)).build();

        assertThat(as("a", open).tokenize(request).getTokensCount()).isEqualTo(100_000);
        StatusRuntimeException failure = failure(() ->
                as("a", open).tokenize(request.toBuilder().setWithPieces(true).build()));

        assertStatus(failure, Status.Code.RESOURCE_EXHAUSTED, "ANSWER_TOO_LARGE");
        assertThat(failure.getStatus().getDescription())
                .contains("400000 bytes, for 100000 tokens")
                .contains("allowed: at most 262144");
    }

    static List<Throwable> faults() {
        return List.of(
                new OutOfMemoryError("Java heap space, of secret"),
                new StackOverflowError("of secret"),
                new IllegalStateException("at secret"),
                new AssertionError("secret"));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void calls_inWhichAnythingIsThrown_areInternalAndTellNothing(Throwable fault) {
        AtomicBoolean serving = new AtomicBoolean(); // an engine that starts asks its vocabulary, too
        ManagedChannel open = start(
                text -> {
                    if (serving.get() && !text.startsWith("fine")) {
                        BoundsTest.<RuntimeException>sneak(fault);
                    }
                },
                16 * MIB);
        serving.set(true);
        InferenceServiceBlockingStub stub = as("a", open);
        List<ThrowingCallable> calls = List.of(
                () -> stub.tokenize(TokenizeRequest.newBuilder().setText("x").build()),
                () -> stub.detokenize(
                        DetokenizeRequest.newBuilder().addTokens(70).build()),
                () -> stub.countTokens(
                        CountTokensRequest.newBuilder().setText("x").build()),
                () -> stub.countTokens(
                        CountTokensRequest.newBuilder().setPrompt("x").build()),
                () -> stub.generate(generate("x", 3).build()).next());

        for (ThrowingCallable call : calls) {
            assertTellsNothing(failure(call));
        }
        assertTellsNothing(new ConverseClient(InferenceServiceGrpc.newStub(open))
                .open(Requests.open())
                .turn(Requests.turn("x", 3))
                .failure());
        assertThat(stub.generate(generate("fine", 1).build()).hasNext()).isTrue();
        await().until(() -> memory.taken() == 0);
    }

    private static void assertTellsNothing(StatusRuntimeException failure) {
        assertStatus(failure, Status.Code.INTERNAL, "UNEXPECTED");
        assertThat(failure.toString()).doesNotContain("secret", "Error:", "IllegalState", "OutOfMemory");
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void sneak(Throwable thrown) throws T {
        throw (T) thrown;
    }

    @Test
    void generate_promptThatIsNeverReady_endsAtItsDeadline() {
        ManagedChannel open = start(
                text -> {
                    while (text.startsWith("slow")) {
                        io.aded.model.Patience.check();
                    }
                },
                16 * MIB);

        StatusRuntimeException failure = failure(() -> as("a", open)
                .withDeadlineAfter(200, TimeUnit.MILLISECONDS)
                .generate(GenerateRequest.newBuilder().setText("slow").build())
                .next());

        assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        await().until(() -> engine != null && engine.openSessions() == 0);
    }

    @Test
    void serve_clientsLeaveMoreUnfinishedThanThereIsMemory_answersEverybodyElse(@TempDir Path directory)
            throws Exception {
        ForkedJvm.Result result = ForkedJvm.run(
                InboundFlood.class,
                directory,
                List.of("-Xmx192m", "-XX:MaxDirectMemorySize=48m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));

        assertThat(result.exitCode()).as(result.output()).isZero();
        assertThat(result.output()).contains("served").doesNotContain("OutOfDirectMemory");
    }
}
