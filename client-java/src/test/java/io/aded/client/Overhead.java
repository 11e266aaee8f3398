package io.aded.client;

import io.aded.v1.DraftPolicy;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerateResponse;
import io.aded.v1.GenerationOptions;
import io.aded.v1.InferenceServiceGrpc;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;

/**
 * What the client costs beside the raw stubs: streams of the scripted model, by turns with either, tokens per second.
 * For {@code client-java/overhead}.
 */
final class Overhead {
    /** All streams at once, each to its end; gives the tokens that came. */
    private interface Way {
        long run(int streams);
    }

    private static final int TOKENS = 256;

    private Overhead() {}

    public static void main(String[] arguments) {
        String target = arguments[0];
        int streams = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 16;
        int rounds = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 15;
        ManagedChannel channel = Grpc.newChannelBuilder(target, InsecureChannelCredentials.create())
                .build();
        try (AdedClient client = AdedClient.connect(target);
                ExecutorService threads = Executors.newFixedThreadPool(streams)) {
            AnswerOptions options = AnswerOptions.builder()
                    .maxTokens(TOKENS)
                    .ignoreEnd(true)
                    .sampling(Sampling.GREEDY)
                    .draft(Draft.OFF)
                    .build();
            Map<String, Way> ways = new LinkedHashMap<>();
            ways.put("stubs, observers", count -> all(count, number -> observed(channel)));
            ways.put(
                    "client, futures",
                    count -> all(
                            count,
                            number -> client.generate(Prompt.user("Hello"), options)
                                    .future()
                                    .thenApply(answer -> (long) answer.tokens().size())));
            ways.put(
                    "stubs, blocking",
                    count -> all(count, number -> CompletableFuture.supplyAsync(() -> iterated(channel), threads)));
            ways.put(
                    "client, blocking",
                    count -> all(
                            count, number -> CompletableFuture.supplyAsync(() -> iterated(client, options), threads)));
            measure(ways, streams, rounds);
        } finally {
            channel.shutdownNow();
        }
    }

    private static void measure(Map<String, Way> ways, int streams, int rounds) {
        Map<String, List<Double>> speeds = new LinkedHashMap<>();
        int warm = Math.max(3, rounds / 3);
        for (int round = -warm; round < rounds; round++) {
            for (Map.Entry<String, Way> way : ways.entrySet()) {
                long began = System.nanoTime();
                long tokens = way.getValue().run(streams);
                double speed = tokens / ((System.nanoTime() - began) / 1e9);
                if (round >= 0) {
                    speeds.computeIfAbsent(way.getKey(), name -> new ArrayList<>())
                            .add(speed);
                }
            }
        }
        double base = 0;
        for (Map.Entry<String, List<Double>> measured : speeds.entrySet()) {
            double[] sorted = measured.getValue().stream()
                    .mapToDouble(Double::doubleValue)
                    .sorted()
                    .toArray();
            double median = sorted[sorted.length / 2];
            base = measured.getKey().startsWith("stubs") ? median : base;
            System.out.printf("%-17s %8.0f tokens/s, %.2f of the stubs%n", measured.getKey(), median, median / base);
        }
    }

    /** One of the streams. */
    private interface Stream {
        CompletableFuture<Long> begin(int number);
    }

    private static long all(int count, Stream stream) {
        List<CompletableFuture<Long>> running =
                IntStream.range(0, count).mapToObj(stream::begin).toList();
        return running.stream().mapToLong(CompletableFuture::join).sum();
    }

    private static GenerateRequest request() {
        return GenerateRequest.newBuilder()
                .setPrompt("Hello")
                .setOptions(GenerationOptions.newBuilder()
                        .setMaxTokens(TOKENS)
                        .setIgnoreEnd(true)
                        .setSampling(io.aded.v1.Sampling.newBuilder().setTemperature(0))
                        .setDraft(DraftPolicy.newBuilder().setMode("off")))
                .build();
    }

    /** As somebody would write it who puts an answer together by himself. */
    private static CompletableFuture<Long> observed(ManagedChannel channel) {
        CompletableFuture<Long> done = new CompletableFuture<>();
        InferenceServiceGrpc.newStub(channel).generate(request(), new StreamObserver<>() {
            private final StringBuilder text = new StringBuilder();
            private final List<Integer> tokens = new ArrayList<>();

            @Override
            public void onNext(GenerateResponse response) {
                if (response.hasDelta()) {
                    text.append(response.getDelta().getText());
                    tokens.addAll(response.getDelta().getTokensList());
                }
            }

            @Override
            public void onError(Throwable thrown) {
                done.completeExceptionally(thrown);
            }

            @Override
            public void onCompleted() {
                done.complete((long) tokens.size());
            }
        });
        return done;
    }

    private static long iterated(ManagedChannel channel) {
        StringBuilder text = new StringBuilder();
        long tokens = 0;
        var responses = InferenceServiceGrpc.newBlockingStub(channel).generate(request());
        while (responses.hasNext()) {
            GenerateResponse response = responses.next();
            if (response.hasDelta()) {
                text.append(response.getDelta().getText());
                tokens += response.getDelta().getTokensCount();
            }
        }
        return tokens;
    }

    private static long iterated(AdedClient client, AnswerOptions options) {
        StringBuilder text = new StringBuilder();
        long tokens = 0;
        for (AnswerEvent event : client.generate(Prompt.user("Hello"), options)) {
            if (event instanceof AnswerEvent.Delta delta) {
                text.append(delta.text());
                tokens += delta.tokens().size();
            }
        }
        return tokens;
    }
}
