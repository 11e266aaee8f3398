package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.neural.DraftContexts;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.engine.EngineStatus;
import io.aded.gguf.ModelCopy;
import io.aded.gguf.SkippedLayers;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.llama.ModelParameters;
import io.aded.llama.TinyModels;
import io.aded.model.ContextParameters;
import io.aded.model.ContextParameters.CacheType;
import io.aded.model.TargetContext;
import io.aded.serving.ServedModel;
import io.aded.serving.Serving;
import io.aded.serving.ServingLimits;
import io.aded.telemetry.EngineTelemetry;
import io.aded.testing.Seeds;
import io.aded.v1.DraftPolicy;
import io.aded.v1.GenerateRequest;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.Open;
import io.aded.v1.Sampling;
import io.aded.v1.Turn;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random calls at once over llama.cpp itself, with cancels, disconnects, deadlines, slow readers and bad input mixed
 * in. Every call that was left alone must have the answer that it gets alone, and afterwards nothing may be left: no
 * cell, sequence id, stream object, thread, file or direct memory. {@code -Daded.soak=10000} makes it as long as one
 * likes.
 */
@Isolated("it counts the threads and the open files of the process")
class SoakTest {
    private static final String LIBRARIES = "io.aded.llama.Libraries#all";
    /** On each library. */
    private static final int CALLS =
            Integer.getInteger("aded.soak", System.getenv("ADED_TEST_NATIVES") == null ? 80 : 45);

    /** Each kind once, and some more: each opens something that the process keeps. */
    private static final int WARM_UP = 15;

    private static final long SEED = Seeds.orElse(20260101);
    private static final int AT_ONCE = 24;
    private static final int PROMPTS = 10;
    private static final int ANSWER = 60;

    /** A call waits for others for some hundred passes; so many that it gets nothing of mean that it is forgotten. */
    private static final long MOST_PASSES = 20_000;

    /** With a hundredth of a processor, a pass of all of them has been seen to take half a minute. */
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);

    private static final String[] MODES = {"off", "auto", "aded", "aded-mcts", "model", "draft-verify", "aded-model"};

    /** What callers do. The first ones leave the answer alone, and get it whole. */
    private enum Kind {
        PLAIN,
        SLOW_READER,
        RESUME,
        CANCEL_AND_GO_ON,
        HANG_UP,
        DEADLINE,
        DISCONNECT,
        BAD_INPUT,
        NO_HTTP;

        /** As many of the first kind as of all others. */
        static Kind any(SplittableRandom random) {
            return random.nextBoolean() ? PLAIN : values()[random.nextInt(values().length)];
        }
    }

    /** A question, and how the answer is drawn. */
    private record Question(String text, Sampling sampling) {
        static Question any(SplittableRandom random) {
            return of(random.nextInt(PROMPTS), random.nextBoolean());
        }

        /** Each that may be asked. */
        static List<Question> all() {
            return IntStream.range(0, 2 * PROMPTS)
                    .mapToObj(i -> of(i / 2, i % 2 == 0))
                    .toList();
        }

        private static Question of(int prompt, boolean greedy) {
            return new Question(
                    "the cat and the sea " + prompt + ", the cat and",
                    Requests.GREEDY.toBuilder()
                            .setTemperature(greedy ? 0f : 0.8f)
                            .build());
        }

        GenerateRequest generate(String mode) {
            return GenerateRequest.newBuilder()
                    .setText(text)
                    .setOptions(Requests.options()
                            .setMaxTokens(ANSWER)
                            .setIgnoreEnd(true)
                            .setSampling(sampling)
                            .setDraft(DraftPolicy.newBuilder().setMode(mode)))
                    .build();
        }

        Turn turn(int tokens) {
            return Turn.newBuilder()
                    .setText(text)
                    .setOptions(Requests.options().setMaxTokens(tokens).setIgnoreEnd(true))
                    .build();
        }

        Open.Builder open() {
            return Open.newBuilder().setOptions(Requests.options().setSampling(sampling));
        }
    }

    /** gRPC logs every connection that is no HTTP/2, with a stack; held here, since loggers without owners forget. */
    private static final Logger TRANSPORT = Logger.getLogger("io.grpc.netty.shaded.io.grpc.netty.NettyServerTransport");

    @TempDir
    private Path directory;

    @BeforeAll
    static void expectBrokenConnections() {
        TRANSPORT.setLevel(Level.OFF);
    }

    @AfterAll
    static void expectNone() {
        TRANSPORT.setLevel(null);
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    @Timeout(value = 12, unit = TimeUnit.HOURS) // as many as are asked for; each waits for what it expects
    void calls_ofAllKindsAtOnce_leaveNothingBehindAndDisturbNoOther(LlamaLibrary library) throws Exception {
        Path file = TinyModels.f32(directory);
        Path copy = directory.resolve("copy.gguf");
        SkippedLayers skipped = SkippedLayers.parse("1");
        LlamaModel.copy(library, file, copy, new ModelCopy(null, skipped, Map.of()), _ -> {});
        try (LlamaModel model = LlamaModel.load(library, file, ModelParameters.DEFAULT);
                LlamaModel draft = LlamaModel.load(library, copy, ModelParameters.DEFAULT)) {
            draft.declareCopyOf(model, skipped);
            soak(model, draft, WARM_UP); // opens what the process keeps: class files, the JDK's pollers
            Map<String, Integer> objects = Leftovers.streamObjects();
            Leftovers before = Leftovers.now();
            soak(model, draft, CALLS);
            await().atMost(LONGEST_PAUSE).untilAsserted(() -> {
                Leftovers after = Leftovers.now();
                assertThat(after.files())
                        .as("before: %s", before.files())
                        .hasSizeLessThanOrEqualTo(before.files().size());
                assertThat(after.directBytes()).as("direct memory").isLessThanOrEqualTo(before.directBytes());
                assertThat(after.nettyBytes()).as("netty's direct memory").isLessThanOrEqualTo(before.nettyBytes());
            });
            assertNoMoreObjects(objects);
        }
    }

    /** Nothing of the server is reachable once this has returned. */
    private static void soak(LlamaModel model, LlamaModel draft, int calls) throws Exception {
        Set<Thread> threads = Leftovers.liveThreads();
        Map<String, Integer> objects = Leftovers.streamObjects();
        try (Soak soak = new Soak(model, draft)) {
            soak.run(calls);
            soak.awaitQuiet();
            assertNoMoreObjects(objects);
        }
        await().atMost(LONGEST_PAUSE).until(() -> threads.containsAll(Leftovers.liveThreads()));
    }

    private static void assertNoMoreObjects(Map<String, Integer> before) {
        assertThat(Leftovers.streamObjects())
                .as("objects of streams that are over, seed %d; before: %s", SEED, before)
                .allSatisfy((name, count) -> assertThat(count).isLessThanOrEqualTo(before.getOrDefault(name, 0)));
    }

    /** A server on a loopback port and in the process, and those who call it. */
    private static final class Soak implements AutoCloseable {
        private final Engine engine;
        private final AdedServer server;
        private final ListenAddress.Tcp address;
        /** Here a slow reader holds its stream up message by message, without the network's buffers in between. */
        private final ManagedChannel inProcess;

        private final ManagedChannel loopback;
        private final Map<Question, List<Integer>> alone = new HashMap<>();
        private final AtomicIntegerArray done = new AtomicIntegerArray(Kind.values().length);
        private final AtomicInteger names = new AtomicInteger();
        private final AtomicInteger mostParked = new AtomicInteger();

        /** The draft model's: too few cells and ids for all, so that streams take them from each other. */
        private final TargetContext drafting;

        private final long emptySequence;
        private final Patience patience;

        Soak(LlamaModel model, LlamaModel draft) {
            // A small cache: turns wait, idle ones are parked, the youngest are recomputed.
            EngineOptions usual = EngineOptions.ofCells(1500);
            ContextParameters parameters =
                    ContextParameters.ofCells(1500).withThreads(1).withCacheTypes(CacheType.F32, CacheType.F32);
            drafting = draft.newContext(parameters.withCells(768).withMaxSequences(7));
            emptySequence = drafting.savedSize(0);
            engine = Engine.start(
                    model,
                    new EngineOptions(
                            parameters,
                            usual.maxRunning(),
                            usual.maxWaiting(),
                            LONGEST_PAUSE,
                            usual.prefillStall(),
                            usual.swapBytes(),
                            usual.defaultDraft()),
                    EngineTelemetry.NONE,
                    DrafterSettings.DEFAULT.withDraftModel(
                            target -> new DraftContexts.Opened(drafting, drafting.copierFrom(target))));
            patience = Patience.ofPasses(() -> engine.status().roundsTotal(), MOST_PASSES, LONGEST_PAUSE);
            String name = InProcessServerBuilder.generateName();
            // On a machine that is busy with other things the readers are late, too.
            server = AdedServer.builder()
                    .serving(Serving.builder()
                            .limits(new ServingLimits(Duration.ofMinutes(10), 64, LONGEST_PAUSE))
                            .build())
                    .listen("127.0.0.1:0")
                    .transport(InProcessServerBuilder.forName(name))
                    .start();
            server.serve(ServedModel.of(engine));
            address = (ListenAddress.Tcp) server.addresses().getFirst();
            inProcess = InProcessChannelBuilder.forName(name).build();
            loopback = connect();
        }

        private ManagedChannel connect() {
            return NettyChannelBuilder.forAddress(address.host(), address.port())
                    .usePlaintext()
                    .build();
        }

        void run(int count) throws Exception {
            var random = new SplittableRandom(SEED);
            Question.all().forEach(question -> alone.put(question, generate(loopback, question, "off")));
            var permits = new Semaphore(AT_ONCE);
            var failed = new AtomicBoolean();
            List<Future<?>> calls = new ArrayList<>();
            try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int call = 0; call < count && !failed.get(); call++) {
                    permits.acquire();
                    SplittableRandom own = random.split();
                    Kind kind = call < Kind.values().length ? Kind.values()[call] : Kind.any(own);
                    Callable<Void> work = () -> {
                        try {
                            oneCall(kind, own);
                        } catch (Throwable thrown) {
                            failed.set(true);
                            throw thrown;
                        } finally {
                            permits.release();
                        }
                        return null;
                    };
                    calls.add(threads.submit(work));
                }
            }
            for (Future<?> call : calls) {
                call.get();
            }
            System.out.println("soak: " + count + " calls, seed " + SEED + ": " + Arrays.toString(Kind.values()) + " "
                    + done + "; " + engine.status().tokensTotal() + " tokens in "
                    + engine.status().roundsTotal() + " rounds, at most " + mostParked + " parked at once");
        }

        /** Waits until the engine and the server say that nothing is left. */
        void awaitQuiet() {
            await().atMost(LONGEST_PAUSE).untilAsserted(() -> {
                EngineStatus status = engine.status();
                assertThat(status.running()).as("running, seed %d", SEED).isZero();
                assertThat(status.waiting()).as("waiting").isZero();
                assertThat(status.sessions()).as("sessions").isZero();
                assertThat(status.cellsUsed()).as("cells").isZero();
                assertThat(status.sequencesUsed()).as("sequence ids").isZero();
                for (int sequence = 0; sequence < drafting.maxSequences(); sequence++) {
                    assertThat(drafting.savedSize(sequence))
                            .as("the draft model's cells of %d", sequence)
                            .isEqualTo(emptySequence);
                }
                assertThat(server.serving().openStreams()).as("streams").isZero();
                assertThat(server.serving().keptConversations()).as("kept").isZero();
            });
        }

        private void oneCall(Kind kind, SplittableRandom random) throws Exception {
            Question question = Question.any(random);
            Channel channel = random.nextBoolean() ? inProcess : loopback;
            switch (kind) {
                case PLAIN -> {
                    String mode = MODES[random.nextInt(MODES.length)];
                    requireSame(generate(channel, question, mode), question, mode);
                }
                case SLOW_READER -> slowReader(channel, question, random);
                case RESUME -> resume(channel, question);
                case CANCEL_AND_GO_ON -> cancelAndGoOn(channel, question);
                case HANG_UP -> hangUp(channel, question, random);
                case DEADLINE -> deadline(channel, question, random);
                case DISCONNECT -> disconnect(question, random);
                case BAD_INPUT -> badInput(channel);
                case NO_HTTP -> noHttp(random);
            }
            done.incrementAndGet(kind.ordinal());
        }

        private void requireSame(List<Integer> tokens, Question question, String how) {
            assertThat(tokens).as("%s, %s, seed %d", question, how, SEED).isEqualTo(alone.get(question));
        }

        private static List<Integer> generate(Channel channel, Question question, String mode) {
            List<Integer> tokens = new ArrayList<>();
            InferenceServiceGrpc.newBlockingStub(channel)
                    .generate(question.generate(mode))
                    .forEachRemaining(
                            response -> tokens.addAll(response.getDelta().getTokensList()));
            return tokens;
        }

        private ConverseClient client(Channel channel) {
            return new ConverseClient(InferenceServiceGrpc.newStub(channel), true, patience);
        }

        private void slowReader(Channel channel, Question question, SplittableRandom random) {
            var slow = new ConverseClient(InferenceServiceGrpc.newStub(channel), false, patience);
            slow.open(question.open().build()).take(1);
            slow.opened();
            slow.turn(question.turn(ANSWER));
            List<Integer> tokens = new ArrayList<>();
            while (true) {
                mostParked.accumulateAndGet(engine.status().parked(), Math::max);
                slow.take(1 + random.nextInt(3));
                var response = slow.next();
                tokens.addAll(response.getDelta().getTokensList());
                if (response.hasFinished()) {
                    break;
                }
            }
            requireSame(tokens, question, "slow");
            slow.halfClose();
            assertThat(slow.end()).isEqualTo(Status.OK);
        }

        /** A conversation that is kept when its stream ends, and taken up by another. */
        private void resume(Channel channel, Question question) {
            Open.Builder open = question.open()
                    .setConversationId("soak-" + names.incrementAndGet())
                    .setRetention(com.google.protobuf.Duration.newBuilder().setSeconds(300));
            var first = client(channel).open(open.build());
            first.opened();
            requireSame(ConverseClient.tokens(first.turn(question.turn(ANSWER)).answer()), question, "kept");
            assertThat(first.halfClose().end()).isEqualTo(Status.OK);
            var second = client(channel)
                    .open(open.setRequireResume(true)
                            .setRetention(com.google.protobuf.Duration.getDefaultInstance())
                            .build());
            assertThat(second.opened().getResumed()).isTrue();
            assertThat(ConverseClient.tokens(second.turn(question.turn(5)).answer()))
                    .hasSize(5);
            assertThat(second.halfClose().end()).isEqualTo(Status.OK);
        }

        private void cancelAndGoOn(Channel channel, Question question) {
            var client = client(channel).open(question.open().build());
            client.opened();
            client.turn(question.turn(300)).cancelTurn();
            client.answer();
            assertThat(ConverseClient.tokens(client.turn(question.turn(5)).answer()))
                    .hasSize(5);
            assertThat(client.halfClose().end()).isEqualTo(Status.OK);
        }

        private void hangUp(Channel channel, Question question, SplittableRandom random) {
            var client = client(channel).open(question.open().build());
            client.opened();
            client.turn(question.turn(200));
            for (int i = random.nextInt(5); i > 0; i--) {
                client.next();
            }
            client.hangUp();
            assertThat(client.end().getCode()).isEqualTo(Status.Code.CANCELLED);
        }

        private static void deadline(Channel channel, Question question, SplittableRandom random) {
            try {
                InferenceServiceGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(1 + random.nextInt(20), TimeUnit.MILLISECONDS)
                        .generate(question.generate("auto"))
                        .forEachRemaining(response -> {});
            } catch (StatusRuntimeException e) {
                assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
            }
        }

        /** The client's connection goes while it reads. */
        private void disconnect(Question question, SplittableRandom random) {
            ManagedChannel own = connect();
            var client = client(own).open(question.open().build());
            client.opened();
            client.turn(question.turn(200));
            for (int i = random.nextInt(5); i > 0; i--) {
                client.next();
            }
            own.shutdownNow();
            assertThat(client.end().isOk()).isFalse();
        }

        private static void badInput(Channel channel) {
            var stub = InferenceServiceGrpc.newBlockingStub(channel);
            assertThat(Harness.fields(Harness.failure(() -> stub.generate(GenerateRequest.newBuilder()
                                    .setText("x")
                                    .setOptions(Requests.options()
                                            .setSampling(Sampling.newBuilder().setTemperature(Float.NaN)))
                                    .build())
                            .next())))
                    .containsExactly("options.sampling.temperature");
        }

        /**
         * Bytes that are no HTTP/2, on a connection of their own. The server closes it. What the JDK keeps of a
         * thread's sockets goes with the thread; carriers of virtual threads would keep it.
         */
        private void noHttp(SplittableRandom random) throws Exception {
            byte[] noise = new byte[200];
            random.nextBytes(noise);
            var sending = new FutureTask<Void>(() -> {
                try (Socket socket = new Socket(address.host(), address.port())) {
                    socket.getOutputStream().write(noise);
                    socket.shutdownOutput();
                    socket.getInputStream().transferTo(OutputStream.nullOutputStream());
                } catch (SocketException reset) {
                    // The server may close before all was written.
                }
                return null;
            });
            Thread.ofPlatform().start(sending).join();
            sending.get();
        }

        @Override
        public void close() throws InterruptedException {
            inProcess.shutdownNow();
            loopback.shutdownNow();
            server.close();
            engine.close();
            drafting.close(); // unless a turn asked it to draft, nobody has
            assertThat(loopback.awaitTermination(LONGEST_PAUSE.toSeconds(), TimeUnit.SECONDS))
                    .isTrue();
        }
    }
}
