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
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;

/**
 * What the client costs beside the raw stubs: streams of the scripted model, tokens per second. The two take turns, and
 * who begins changes from pair to pair; what is told is the median of the pairs' ratios, with its interval of 95 %. For
 * {@code client-java/overhead}.
 */
final class Overhead {
    /** All streams at once, each to its end; gives the tokens that came. */
    private interface Way {
        long run(int streams);
    }

    private static final int TOKENS = 512;
    private static final int WARM_UP = 30;

    private Overhead() {}

    public static void main(String[] arguments) {
        String target = arguments[0];
        int streams = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 16;
        int pairs = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 41;
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
            compare(
                    "futures, of observers of the stubs",
                    count -> all(count, number -> observed(channel)),
                    count -> all(
                            count,
                            number -> client.generate(Prompt.user("Hello"), options)
                                    .future()
                                    .thenApply(answer -> (long) answer.tokens().size())),
                    streams,
                    pairs);
            compare(
                    "blocking loops, of blocking stubs",
                    count -> all(count, number -> CompletableFuture.supplyAsync(() -> iterated(channel), threads)),
                    count -> all(
                            count, number -> CompletableFuture.supplyAsync(() -> iterated(client, options), threads)),
                    streams,
                    (pairs + 2) / 3);
        } finally {
            channel.shutdownNow();
        }
    }

    private static void compare(String what, Way stubs, Way client, int streams, int pairs) {
        double[] ratios = new double[pairs];
        double[][] speeds = new double[2][pairs];
        for (int pair = -WARM_UP; pair < pairs; pair++) {
            double[] both = new double[2];
            for (int turn = 0; turn < 2; turn++) {
                int way = (turn + pair + WARM_UP) % 2;
                both[way] = speed(way == 0 ? stubs : client, streams);
            }
            if (pair >= 0) {
                speeds[0][pair] = both[0];
                speeds[1][pair] = both[1];
                ratios[pair] = both[1] / both[0];
            }
        }
        Arrays.sort(ratios);
        // By the binomial distribution of what lies below a median.
        int low = (int) Math.max(0, (pairs - 1) / 2.0 - 0.98 * Math.sqrt(pairs));
        System.out.printf(
                "client %.0f tokens/s, %.2f of %.0f (%s; 95 %%: %.2f to %.2f, %d pairs)%n",
                median(speeds[1]),
                ratios[pairs / 2],
                median(speeds[0]),
                what,
                ratios[low],
                ratios[pairs - 1 - low],
                pairs);
    }

    private static double speed(Way way, int streams) {
        long began = System.nanoTime();
        long tokens = way.run(streams);
        return tokens / ((System.nanoTime() - began) / 1e9);
    }

    private static double median(double[] values) {
        Arrays.sort(values);
        return values[values.length / 2];
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
