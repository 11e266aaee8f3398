package io.aded.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.aded.v1.InferenceServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.ServerCalls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Every public method that calls a server, against servers that are absent, hostile, or fail in every way there is. */
@Timeout(60)
final class PublicFailuresTest {
    private record Value(String text) {}

    private static final ToolFunction TOOL = ToolFunction.of("tool", "", Value.class, value -> value);
    private static final Duration SHORT = Duration.ofMillis(300);
    private static final AnswerOptions LIMITED =
            AnswerOptions.builder().timeout(SHORT).build();

    /** By the name of the method of the client; what a conversation does is below {@code converse}. */
    private static final Map<String, Consumer<AdedClient>> CALLS = new LinkedHashMap<>();

    static {
        CALLS.put(
                "generate",
                client -> client.generate(Prompt.user("Hello"), LIMITED).await());
        CALLS.put(
                "generate, as events",
                client -> client.generate(Prompt.user("Hello"), LIMITED).forEach(event -> {}));
        CALLS.put(
                "generate, as texts",
                client -> client.generate(Prompt.user("Hello"), LIMITED).texts().forEach(text -> {}));
        CALLS.put("generate, as a future", client -> {
            Throwable failed = catchThrowable(() ->
                    client.generate(Prompt.user("Hello"), LIMITED).future().get());
            throw failed.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(failed);
        });
        CALLS.put("chat", client -> client.chat("Hello").with(LIMITED).answer());
        CALLS.put("chat, typed", client -> client.chat("Hello").with(LIMITED).as(Value.class));
        CALLS.put("chat, tools", client -> {
            try (Conversation conversation = open(client)) {
                conversation.chat("Hello").with(LIMITED).tools(TOOL).run();
            }
        });
        CALLS.put("converse", client -> {
            try (Conversation conversation = open(client)) {
                conversation.update(Draft.OFF);
                conversation.ask(Prompt.user("Hello"), LIMITED).await();
            }
        });
        CALLS.put("tokenize", client -> client.tokenize("a"));
        CALLS.put("detokenize", client -> client.detokenize(List.of(1)));
        CALLS.put("countTokens", client -> client.countTokens(Prompt.user("a")));
        CALLS.put("model", AdedClient::model);
        CALLS.put("listModels", AdedClient::listModels);
        CALLS.put("draftStatistics", AdedClient::draftStatistics);
        CALLS.put("server", AdedClient::server);
        CALLS.put("awaitReady", client -> client.awaitReady(SHORT));
    }

    private static Conversation open(AdedClient client) {
        return client.converse(ConversationOptions.builder().openTimeout(SHORT).build());
    }

    private static AdedClient client(AdedClient.Builder builder) {
        return builder.timeout(SHORT)
                .retry(new RetryPolicy(2, Duration.ofMillis(1), Duration.ofMillis(2)))
                .build();
    }

    private static void assertEveryCallFailsAsOurs(AdedClient.Builder builder) {
        try (AdedClient client = client(builder)) {
            CALLS.forEach((name, call) -> assertOurs(name, catchThrowable(() -> call.accept(client))));
        }
    }

    private static void assertOurs(String name, Throwable thrown) {
        assertThat(thrown).as(name).isInstanceOf(AdedClientException.class).hasMessageMatching("(?s).+");
        for (Throwable each = thrown; each != null; each = each.getCause()) {
            assertThat(each.getClass().getName())
                    .as(name)
                    .doesNotStartWith("io.grpc")
                    .doesNotContain("netty");
            assertThat(Arrays.stream(each.getStackTrace()).map(StackTraceElement::getClassName))
                    .as("%s: where it was thrown", name)
                    .noneMatch(frame -> frame.contains("netty"));
            assertThat(each.getSuppressed()).as(name).isEmpty();
        }
    }

    @Test
    void calls_haveAllThatIsPublic() {
        Set<String> expected = Arrays.stream(AdedClient.class.getDeclaredMethods())
                .filter(method -> Modifier.isPublic(method.getModifiers()) && !Modifier.isStatic(method.getModifiers()))
                .map(Method::getName)
                .collect(Collectors.toCollection(TreeSet::new));
        expected.remove("close");
        assertThat(CALLS.keySet().stream().map(name -> name.replaceAll(",.*", "")))
                .containsAll(expected);
    }

    @Test
    void call_nobodyListens_failsAsOurs() throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        assertEveryCallFailsAsOurs(AdedClient.builder("localhost:" + port));
        assertEveryCallFailsAsOurs(AdedClient.builder("unix:/nonexistent/" + UUID.randomUUID()));
    }

    @Test
    void call_hostIsUnknown_failsAsOurs() {
        assertEveryCallFailsAsOurs(AdedClient.builder("no-such-host.invalid:1"));
    }

    @Test
    @SuppressWarnings("try") // it is closed early, for the thread to end
    void call_somethingElseListens_failsAsOurs() throws Exception {
        try (ServerSocket socket = new ServerSocket(0)) {
            Thread answering = Thread.ofVirtual().start(() -> {
                try {
                    while (true) {
                        try (Socket caller = socket.accept()) {
                            caller.getOutputStream()
                                    .write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                            caller.getOutputStream().flush();
                        }
                    }
                } catch (IOException closed) {
                    // the end of the test
                }
            });
            assertEveryCallFailsAsOurs(AdedClient.builder("localhost:" + socket.getLocalPort()));
            assertEveryCallFailsAsOurs(
                    AdedClient.builder("localhost:" + socket.getLocalPort()).tls());
            socket.close();
            answering.join();
        }
    }

    @Test
    void call_serverFailsInEveryWay_failsAsOurs() throws IOException {
        for (Status.Code code : Status.Code.values()) {
            if (code != Status.Code.OK) {
                withServer(code, AssertionsOfOne::call);
            }
        }
    }

    /** For every status it is enough to try each kind of call. */
    private static final class AssertionsOfOne {
        static void call(AdedClient client) {
            for (String name : List.of("generate", "generate, as events", "converse", "tokenize")) {
                assertOurs(name, catchThrowable(() -> CALLS.get(name).accept(client)));
            }
        }
    }

    private static void withServer(Status.Code code, Consumer<AdedClient> test) throws IOException {
        String name = UUID.randomUUID().toString();
        ServerServiceDefinition.Builder service = ServerServiceDefinition.builder(
                InferenceServiceGrpc.getServiceDescriptor().getName());
        InferenceServiceGrpc.getServiceDescriptor()
                .getMethods()
                .forEach(method -> service.addMethod(failing(method, code)));
        serve(name, service.build(), test);
    }

    private static ServerMethodDefinition<byte[], byte[]> failing(MethodDescriptor<?, ?> method, Status.Code code) {
        return ServerMethodDefinition.create(
                method.toBuilder(new Bytes(), new Bytes()).build(), ServerCalls.asyncBidiStreamingCall(responses -> {
                    responses.onError(code.toStatus().asRuntimeException());
                    return new io.grpc.stub.StreamObserver<>() {
                        @Override
                        public void onNext(byte[] request) {}

                        @Override
                        public void onError(Throwable thrown) {}

                        @Override
                        public void onCompleted() {}
                    };
                }));
    }

    @Test
    void call_serverSendsGarbage_failsAsMalformed() throws IOException {
        String name = UUID.randomUUID().toString();
        ServerServiceDefinition.Builder service = ServerServiceDefinition.builder(
                InferenceServiceGrpc.getServiceDescriptor().getName());
        InferenceServiceGrpc.getServiceDescriptor()
                .getMethods()
                .forEach(method -> service.addMethod(ServerMethodDefinition.create(
                        method.toBuilder(new Bytes(), new Bytes()).build(),
                        ServerCalls.asyncBidiStreamingCall(responses -> {
                            responses.onNext(new byte[] {-1, -1, -1});
                            return new io.grpc.stub.StreamObserver<>() {
                                @Override
                                public void onNext(byte[] request) {}

                                @Override
                                public void onError(Throwable thrown) {}

                                @Override
                                public void onCompleted() {}
                            };
                        }))));
        serve(name, service.build(), client -> {
            for (String call : List.of("generate", "converse", "tokenize")) {
                assertThatExceptionOfType(AdedClientException.Internal.class)
                        .as(call)
                        .isThrownBy(() -> CALLS.get(call).accept(client))
                        .satisfies(failed -> assertThat(failed.reason()).isEqualTo("MALFORMED_ANSWER"))
                        .satisfies(failed -> assertOurs(call, failed));
            }
        });
    }

    private static void serve(String name, ServerServiceDefinition service, Consumer<AdedClient> test)
            throws IOException {
        Server server =
                InProcessServerBuilder.forName(name).addService(service).build().start();
        ManagedChannel channel = InProcessChannelBuilder.forName(name).build();
        try (AdedClient client = client(AdedClient.builder(channel))) {
            test.accept(client);
        } finally {
            channel.shutdownNow();
            server.shutdownNow();
        }
    }

    /** Messages as they are on the wire. */
    private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                stream.transferTo(OutputStream.nullOutputStream());
                return new byte[0];
            } catch (IOException impossible) {
                throw new UncheckedIOException(impossible);
            }
        }
    }
}
