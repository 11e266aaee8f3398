package io.aded.bench;

import io.aded.draft.catalogue.Drafters;
import io.aded.engine.Delta;
import io.aded.engine.DraftPolicy;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.engine.Prompt;
import io.aded.engine.Session;
import io.aded.engine.TurnListener;
import io.aded.engine.TurnRequest;
import io.aded.engine.TurnResult;
import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.SamplingParameters;
import io.aded.model.ScriptedModel;
import io.aded.rpc.AdedServer;
import io.aded.rpc.ListenAddress;
import io.aded.serving.ServedModel;
import io.aded.telemetry.EngineTelemetry;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerateResponse;
import io.aded.v1.GenerationOptions;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.Sampling;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Tokens per second that 64 streams get out of the engine, and out of the whole server through one loopback connection,
 * when the forward pass costs nothing: what is left is ours. Client and server share the machine.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 8, time = 3) // on two cores the compiler takes that long
@Measurement(iterations = 5, time = 3)
public class ServingBenchmark {
    private static final int STREAMS = 64;
    private static final int TOKENS = 500;

    /** {@code off}: one token a message. {@code aded}: several, since this model is easy to draft. */
    @Param({"off", "aded"})
    public String draft = "off";

    private final Engine engine = Engine.start(
            new ScriptedModel((tokens, length, row) -> {
                // The cheapest model there is: it counts through the alphabet.
                Arrays.fill(row, -20f);
                row[3 + 'a' + (tokens[length - 1] + 1) % 26] = 5f;
            }),
            new EngineOptions(
                    ContextParameters.ofCells(STREAMS * 1024).withMaxSequences(256),
                    STREAMS,
                    STREAMS,
                    Duration.ofMinutes(1),
                    Duration.ofMillis(250),
                    0,
                    DraftPolicy.OFF),
            EngineTelemetry.NONE);
    private @Nullable AdedServer server;
    private @Nullable ManagedChannel channel;

    /** Starts the server and connects. */
    @Setup
    public void start() {
        AdedServer started = AdedServer.builder().listen("127.0.0.1:0").start();
        started.serve(ServedModel.of(engine));
        server = started;
        ListenAddress.Tcp address = (ListenAddress.Tcp) started.addresses().getFirst();
        channel = NettyChannelBuilder.forAddress(address.host(), address.port())
                .usePlaintext()
                .directExecutor()
                .build();
    }

    /** Stops what was started. */
    @TearDown
    public void stop() {
        if (channel != null) {
            channel.shutdownNow();
        }
        if (server != null) {
            server.close();
        }
        engine.close();
    }

    /** Streams straight out of the engine. */
    @Benchmark
    @OperationsPerInvocation(STREAMS * TOKENS)
    public void engineAlone() throws InterruptedException {
        var done = new CountDownLatch(STREAMS);
        var failure = new AtomicReference<Throwable>();
        List<Session> sessions = new ArrayList<>();
        DraftPolicy policy = draft.equals("off")
                ? DraftPolicy.OFF
                : DraftPolicy.of(Drafters.ADED).withMaxNodes(4);
        for (int stream = 0; stream < STREAMS; stream++) {
            Session session = engine.openSession();
            sessions.add(session);
            session.submit(
                    TurnRequest.of(new Prompt.Text("stream " + stream), SamplingParameters.GREEDY, policy, TOKENS),
                    new TurnListener() {
                        @Override
                        public void onDelta(Delta delta) {}

                        @Override
                        public void onFinished(TurnResult result) {
                            done.countDown();
                        }

                        @Override
                        public void onFailed(AdedException thrown) {
                            failure.set(thrown);
                            done.countDown();
                        }
                    });
        }
        await(done, failure);
        sessions.forEach(Session::close);
    }

    /** Streams through one connection. */
    @Benchmark
    @OperationsPerInvocation(STREAMS * TOKENS)
    public void throughGrpc() throws InterruptedException {
        var done = new CountDownLatch(STREAMS);
        var failure = new AtomicReference<Throwable>();
        var stub = InferenceServiceGrpc.newStub(channel);
        GenerateRequest.Builder request = GenerateRequest.newBuilder()
                .setOptions(GenerationOptions.newBuilder()
                        .setMaxTokens(TOKENS)
                        .setSampling(Sampling.newBuilder().setTemperature(0))
                        .setDraft(io.aded.v1.DraftPolicy.newBuilder()
                                .setMode(draft)
                                .setMaxNodes(4)));
        for (int stream = 0; stream < STREAMS; stream++) {
            stub.generate(request.setText("stream " + stream).build(), new StreamObserver<>() {
                @Override
                public void onNext(GenerateResponse response) {}

                @Override
                public void onError(Throwable thrown) {
                    failure.set(thrown);
                    done.countDown();
                }

                @Override
                public void onCompleted() {
                    done.countDown();
                }
            });
        }
        await(done, failure);
    }

    private static void await(CountDownLatch done, AtomicReference<Throwable> failure) throws InterruptedException {
        done.await();
        Throwable thrown = failure.get();
        if (thrown != null) {
            throw new IllegalStateException("a stream failed", thrown);
        }
    }
}
