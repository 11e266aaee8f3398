package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.serving.ServedModel;
import io.aded.telemetry.EngineTelemetry;
import io.aded.testing.Seeds;
import io.aded.v1.DraftServiceGrpc;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.ModelServiceGrpc;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Requests at random that no client means: whatever comes, every call ends with a status that blames the caller or
 * none, and health answers all the while. {@code -Daded.hostileRequests=1000000} fires a million.
 */
class HostileRequestsTest {
    private static final int REQUESTS = Integer.getInteger("aded.hostileRequests", 2_000);
    private static final int AT_ONCE = 16;
    private static final int PATIENCE_SECONDS = 60;
    private static final long CHECK_EVERY_NANOS = 20_000_000;

    /** What no request may end with: a fault of ours, or nothing. */
    private static final Set<Status.Code> OURS = EnumSet.of(
            Status.Code.INTERNAL,
            Status.Code.UNKNOWN,
            Status.Code.DATA_LOSS,
            Status.Code.UNAVAILABLE,
            Status.Code.DEADLINE_EXCEEDED);

    private final Map<Status.Code, Integer> ends = new EnumMap<>(Status.Code.class);
    private final List<String> faults = new ArrayList<>();

    /** Bytes both ways. */
    private record Bytes() implements MethodDescriptor.Marshaller<ByteString> {
        @Override
        public InputStream stream(ByteString value) {
            return value.newInput();
        }

        @Override
        public ByteString parse(InputStream stream) {
            try {
                return ByteString.readFrom(stream);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private record Method(MethodDescriptor<ByteString, ByteString> raw, Descriptor input) {
        static Method of(MethodDescriptor<?, ?> method) {
            var schema = (ProtoMethodDescriptorSupplier) Objects.requireNonNull(method.getSchemaDescriptor());
            return new Method(
                    method.toBuilder(new Bytes(), new Bytes()).build(),
                    schema.getMethodDescriptor().getInputType());
        }
    }

    private static List<Method> methods() {
        return Stream.of(
                        InferenceServiceGrpc.getServiceDescriptor(),
                        InferenceServiceGrpc.getServiceDescriptor(), // twice: most is to be broken there
                        ModelServiceGrpc.getServiceDescriptor(),
                        DraftServiceGrpc.getServiceDescriptor())
                .flatMap(service -> service.getMethods().stream())
                .<Method>map(Method::of)
                .toList();
    }

    @Test
    void anyRequest_endsWithAStatusThatIsNotOurFault_andHealthAnswersAllTheWhile() throws Exception {
        long seed = Seeds.next();
        String name = InProcessServerBuilder.generateName();
        try (Engine engine = Engine.start(new HostileModel(), EngineOptions.ofCells(512), EngineTelemetry.NONE);
                AdedServer server = AdedServer.builder()
                        .transport(InProcessServerBuilder.forName(name))
                        .start()) {
            server.serve(ServedModel.of(engine));
            ManagedChannel channel = InProcessChannelBuilder.forName(name).build();
            AtomicBoolean done = new AtomicBoolean();
            AtomicInteger checks = new AtomicInteger();
            Thread health = Thread.ofPlatform().start(() -> {
                while (!done.get()) {
                    ServingStatus status = HealthGrpc.newBlockingStub(channel)
                            .withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS)
                            .check(HealthCheckRequest.getDefaultInstance())
                            .getStatus();
                    if (status == ServingStatus.SERVING) {
                        checks.incrementAndGet();
                    }
                    LockSupport.parkNanos(CHECK_EVERY_NANOS);
                }
            });
            try {
                fire(channel, new SplittableRandom(seed));
            } finally {
                done.set(true);
                health.join();
            }

            assertThat(faults).as("with -Daded.seed=%d, of %s", seed, ends).isEmpty();
            assertThat(ends.values().stream().mapToInt(Integer::intValue).sum()).isEqualTo(REQUESTS);
            assertThat(ends).containsKeys(Status.Code.OK, Status.Code.INVALID_ARGUMENT);
            assertThat(checks).hasPositiveValue();
            await().until(() -> engine.openTurns() == 0);
            channel.shutdownNow();
        }
    }

    private void fire(ManagedChannel channel, SplittableRandom random) throws InterruptedException {
        List<Method> methods = methods();
        Semaphore places = new Semaphore(AT_ONCE);
        for (int i = 0; i < REQUESTS; i++) {
            places.acquire();
            call(channel, methods.get(random.nextInt(methods.size())), random.split(), places);
        }
        assertThat(places.tryAcquire(AT_ONCE, 2L * PATIENCE_SECONDS, TimeUnit.SECONDS))
                .isTrue();
    }

    private void call(ManagedChannel channel, Method method, SplittableRandom random, Semaphore places) {
        var messages = new HostileMessages(random);
        ClientCall<ByteString, ByteString> call = channel.newCall(
                method.raw(), CallOptions.DEFAULT.withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS));
        List<ByteString> sent = new ArrayList<>();
        boolean several = !method.raw().getType().clientSendsOneMessage();
        int count = several ? 1 + random.nextInt(4) : 1;
        for (int i = 0; i < count; i++) {
            sent.add(messages.next(method.input()));
        }
        boolean leaves = random.nextInt(4) == 0;
        Metadata metadata = new Metadata();
        if (random.nextInt(4) == 0) {
            metadata.put(CallerInterceptor.HEADER, "caller-" + random.nextInt(3));
        }
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onMessage(ByteString message) {
                        if (leaves) {
                            call.cancel("enough", null);
                        } else {
                            call.request(1);
                        }
                    }

                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        ended(method, sent, status);
                        places.release();
                    }
                },
                metadata);
        call.request(1);
        sent.forEach(call::sendMessage);
        call.halfClose();
    }

    private synchronized void ended(Method method, List<ByteString> sent, Status status) {
        ends.merge(status.getCode(), 1, Integer::sum);
        if (OURS.contains(status.getCode()) && faults.size() < 5) {
            faults.add(method.raw().getFullMethodName() + " " + status + " "
                    + sent.stream()
                            .map(message -> Base64.getEncoder().encodeToString(message.toByteArray()))
                            .toList());
        }
    }
}
