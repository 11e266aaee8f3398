package io.aded.cli;

import io.aded.engine.DraftPolicy;
import io.aded.gguf.SyntheticFormat;
import io.aded.gguf.SyntheticModel;
import io.aded.host.ContextConfiguration;
import io.aded.host.Host;
import io.aded.host.HostConfiguration;
import io.aded.host.HostListener;
import io.aded.host.ModelConfiguration;
import io.aded.host.ServerConfiguration;
import io.aded.llama.ModelParameters;
import io.aded.model.ChatMessage;
import io.aded.natives.BuiltInModel;
import io.aded.store.ModelStore;
import io.aded.telemetry.Telemetry;
import io.aded.v1.Constraint;
import io.aded.v1.GenerationOptions;
import io.aded.v1.Sampling;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Walks the way that every start and every answer walks, with models of hardly any size: what the launcher lets the JVM
 * watch when it makes its cache. Of it the JVM keeps which classes are needed, and how often what was called and which
 * way branches went, so that a later process compiles the loop of the first answer before it has run for long.
 */
@Command(name = "warm-up", hidden = true, description = "Serves small models of random weights to itself, and stops.")
final class WarmUpCommand implements Callable<Integer> {
    /** Vocabularies: one that a drafter has seen all of after a moment, and one whose rows take many blocks to read. */
    private static final List<Integer> VOCABULARIES = List.of(0, 1 << 13);

    private static final int CONTEXT = 2048;

    private final Terminal terminal;

    @Option(names = "--tokens", paramLabel = "N", description = "Tokens of each answer. Default: ${DEFAULT-VALUE}.")
    private int tokens = 800;

    WarmUpCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException, InterruptedException, ExecutionException {
        try (ModelStore store = ModelStore.of(terminal.environment())) {
            store.list();
        }
        Path directory = Files.createTempDirectory("aded-warm-up-");
        Path vocabulary = directory.resolve("vocabulary.gguf");
        Path model = directory.resolve("model.gguf");
        try {
            BuiltInModel.write(vocabulary);
            for (int size : VOCABULARIES) {
                SyntheticModel.Shape shape =
                        new SyntheticModel.Shape("warm-up", 1, 64, 2, 1, 64, size, CONTEXT, 10_000f);
                SyntheticModel.write(shape, SyntheticFormat.Q8_0, 1, vocabulary, model, (_, _) -> {});
                serve(model);
            }
        } finally {
            Files.deleteIfExists(model);
            Files.deleteIfExists(vocabulary);
            Files.deleteIfExists(directory);
        }
        return ExitCode.OK.code();
    }

    private void serve(Path model) throws InterruptedException, ExecutionException {
        HostConfiguration configuration = HostConfiguration.DEFAULT
                .withModel(new ModelConfiguration(
                        model.toString(),
                        null,
                        Path.of("bundled"),
                        ModelParameters.DEFAULT,
                        true,
                        ModelConfiguration.FormatWish.NONE,
                        false))
                // Passes this small are over before a second thread has heard of them.
                .withContext(
                        ContextConfiguration.DEFAULT.withContext(4 * CONTEXT).withThreads(1))
                .withServer(ServerConfiguration.DEFAULT.withListen("127.0.0.1:0"))
                .withEnvironment(terminal.environment());
        try (Telemetry telemetry = Telemetry.fromEnvironment();
                Host host = Host.start(configuration, telemetry, HostListener.NONE)) {
            String target = host.addresses().getFirst().toString();
            checkHealth(target);
            answer(target);
        }
    }

    private static void checkHealth(String target) {
        ManagedChannel channel = Grpc.newChannelBuilder(target, InsecureChannelCredentials.create())
                .build();
        try {
            HealthGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(10, TimeUnit.SECONDS)
                    .check(HealthCheckRequest.getDefaultInstance());
        } finally {
            channel.shutdownNow();
        }
    }

    /** Without drafts and with, greedy, drawn and constrained, each alone and then all at once. */
    private void answer(String target) throws InterruptedException, ExecutionException {
        List<Callable<?>> conversations = new ArrayList<>();
        for (DraftPolicy draft : List.of(DraftPolicy.OFF, DraftPolicy.AUTO)) {
            for (Sampling sampling : List.of(greedy(), Sampling.getDefaultInstance())) {
                GenerationOptions options =
                        GenerationOptions.newBuilder().setSampling(sampling).build();
                conversations.add(() -> converse(target, draft, options, tokens));
            }
        }
        GenerationOptions constrained = GenerationOptions.newBuilder()
                .setConstraint(Constraint.newBuilder()
                        .setJsonSchema("{\"type\": \"array\", \"items\": {\"type\": \"number\"}}"))
                .build();
        conversations.add(() -> converse(target, DraftPolicy.AUTO, constrained, tokens / 4));
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Callable<?> conversation : conversations) {
                threads.submit(conversation).get();
            }
            for (Future<?> together :
                    conversations.stream().map(threads::submit).toList()) {
                together.get();
            }
        }
    }

    private static Sampling greedy() {
        return Sampling.newBuilder().setTemperature(0f).build();
    }

    private static ChatBackend.Answer converse(
            String target, DraftPolicy draft, GenerationOptions options, int tokens) {
        List<ChatMessage> messages = List.of(new ChatMessage("user", "a b c d e a b c d e a b c"));
        ChatBackend.Ask ask = new ChatBackend.Ask("", messages, tokens, List.of("a stop string"), true, false);
        try (ChatBackend backend = RemoteChatBackend.open(target, options.toBuilder(), draft, false)) {
            return backend.ask(ask, _ -> {});
        }
    }
}
