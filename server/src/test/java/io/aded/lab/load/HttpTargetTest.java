package io.aded.lab.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.aded.model.AdedException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Other people's servers, played by one on the loopback interface. */
@Timeout(60)
class HttpTargetTest {
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(30);

    private final List<JsonNode> asked = new CopyOnWriteArrayList<>();
    private final List<String> paths = new CopyOnWriteArrayList<>();
    private final CountDownLatch stalled = new CountDownLatch(1);
    private final CountDownLatch over = new CountDownLatch(1);
    private final LongAdder tokens = new LongAdder();
    private HttpServer server;
    private volatile int status = 200;
    private volatile String body = "";
    private volatile boolean stalls;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", exchange -> {
            try (exchange) {
                String path = exchange.getRequestURI().getPath();
                if (path.equals("/v1/models")) {
                    byte[] list = "{\"data\":[{\"id\":\"peer-1b\"}]}".getBytes(StandardCharsets.UTF_8);
                    exchange.sendResponseHeaders(200, list.length);
                    exchange.getResponseBody().write(list);
                    return;
                }
                paths.add(path);
                asked.add(JsonMapper.shared().readTree(exchange.getRequestBody().readAllBytes()));
                exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
                exchange.sendResponseHeaders(status, 0);
                OutputStream out = exchange.getResponseBody();
                out.write(body.getBytes(StandardCharsets.UTF_8));
                out.flush();
                if (stalls) {
                    stalled.countDown();
                    over.await();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        server.start();
    }

    @AfterEach
    void stop() {
        over.countDown();
        server.stop(0);
    }

    private static Manner manner(int turns, long timeoutNanos) {
        return new Manner("be brief", turns, 0f, true, false, timeoutNanos);
    }

    private HttpTarget target(HttpApi api, Manner manner) {
        ObjectNode extra = JsonMapper.shared().createObjectNode().put("cache_prompt", false);
        return new HttpTarget(
                URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/v1"), api, null, extra, manner);
    }

    private Reply ask(HttpApi api) throws InterruptedException {
        try (HttpTarget target = target(api, manner(1, PATIENCE));
                Target.Talk talk = target.talk(null)) {
            return talk.ask(new Job.Question("hello", 9, 5), new Timeline(System::nanoTime, tokens));
        }
    }

    @Test
    void ask_chat_readsDeltasAndUsageAndSendsWhatWasAsked() throws InterruptedException {
        body = """
            : comment
            retry: 1000

            data: {"choices":[{"delta":{"role":"assistant"}}]}

            data: {"choices":[{"delta":{"content":"Hel"}}]}

            data: {"choices":[{"delta":{"content":"lo"},"finish_reason":"stop"}]}

            data: {"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":2,\
            "prompt_tokens_details":{"cached_tokens":8}}}

            data: [DONE]

            """;
        Reply reply;
        try (HttpTarget target = target(HttpApi.OPENAI_CHAT, manner(2, PATIENCE));
                Target.Talk talk = target.talk(null)) {
            assertThat(target.served().model()).isEqualTo("peer-1b");
            reply = talk.ask(new Job.Question("hello", 9, 5), new Timeline(System::nanoTime, tokens));
            talk.ask(new Job.Question("and you?", 9, 6), new Timeline(System::nanoTime, tokens));
        }

        assertThat(reply).isInstanceOfSatisfying(Reply.Answered.class, answered -> {
            assertThat(answered.usage().tokens()).isEqualTo(2);
            assertThat(answered.usage().promptTokens()).isEqualTo(12);
            assertThat(answered.usage().cachedTokens()).isEqualTo(8);
            assertThat(answered.usage().queueNanos()).isEqualTo(Reply.Usage.UNKNOWN);
        });
        assertThat(tokens.sum()).isEqualTo(4);
        assertThat(paths).containsOnly("/v1/chat/completions");
        JsonNode first = asked.getFirst();
        assertThat(first.path("model").asString()).isEqualTo("peer-1b");
        assertThat(first.path("stream").asBoolean()).isTrue();
        assertThat(first.path("max_tokens").asInt()).isEqualTo(9);
        assertThat(first.path("cache_prompt").asBoolean(true)).isFalse();
        assertThat(first.path("messages").findValuesAsString("role")).containsExactly("system", "user");
        assertThat(asked.get(1).path("messages").findValuesAsString("content"))
                .as("what was said is said again")
                .containsExactly("be brief", "hello", "Hello", "and you?");
    }

    @Test
    void ask_completions_sendsPlainText() throws InterruptedException {
        body = "data: {\"choices\":[{\"text\":\"a\"}]}\n\ndata: {\"choices\":[{\"text\":\"b\"}]}\n\ndata: [DONE]\n\n";

        assertThat(ask(HttpApi.OPENAI)).isEqualTo(new Reply.Answered(Reply.Usage.NONE));
        assertThat(tokens.sum()).isEqualTo(2);
        assertThat(paths).containsExactly("/v1/completions");
        assertThat(asked.getFirst().path("prompt").asString()).isEqualTo("be brief\n\nhello");
    }

    @Test
    void ask_llama_readsTimingsAndReckonsPasses() throws InterruptedException {
        body = """
            data: {"content":"a","stop":false}

            data: {"content":"b","stop":false}

            data: {"content":"","stop":true,"tokens_predicted":10,"tokens_evaluated":7,\
            "timings":{"cache_n":3,"draft_n":8,"draft_n_accepted":6}}

            """;

        assertThat(ask(HttpApi.LLAMA)).isEqualTo(new Reply.Answered(new Reply.Usage(10, 7, 3, -1, 4, -1, 8, 6)));
        assertThat(paths).containsExactly("/completion");
        assertThat(asked.getFirst().path("n_predict").asInt()).isEqualTo(9);
        assertThat(asked.getFirst().path("ignore_eos").asBoolean()).isTrue();
    }

    @Test
    void ask_errorStatus_isTheReply() throws InterruptedException {
        status = 429;
        assertThat(ask(HttpApi.OPENAI_CHAT)).isEqualTo(new Reply.Failed("HTTP 429", true));
        status = 500;
        assertThat(ask(HttpApi.OPENAI_CHAT)).isEqualTo(new Reply.Failed("HTTP 500", false));
    }

    @Test
    void ask_errorInTheStream_isTheReply() throws InterruptedException {
        body = "data: {\"error\":{\"code\":503,\"message\":\"no slot\"}}\n\n";
        assertThat(ask(HttpApi.LLAMA)).isEqualTo(new Reply.Failed("HTTP 503", false));
        body = "data: {\"error\":\"broken\"}\n\n";
        assertThat(ask(HttpApi.LLAMA)).isEqualTo(new Reply.Failed("ERROR", false));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{\"choices\":[{\"text\":\"not a stream\"}]}\n",
                "data: {\"choices\":[{\"te\n\n",
                "data: 7\n\n",
                "data: {\"choices\":[{\"text\":\"cut off\"}]}\n\n"
            })
    void ask_whatIsNoAnswer_isMalformed(String sent) throws InterruptedException {
        body = sent;
        assertThat(ask(HttpApi.OPENAI)).isEqualTo(Reply.MALFORMED);
    }

    @Test
    void ask_endlessLine_isGivenUp() throws InterruptedException {
        body = "data: " + "x".repeat(3 << 20);
        stalls = true;
        assertThat(ask(HttpApi.OPENAI)).isEqualTo(Reply.MALFORMED);
    }

    @Test
    void ask_slowServer_isLate() throws InterruptedException {
        body = "data: {\"choices\":[{\"text\":\"a\"}]}\n\n";
        stalls = true;
        try (HttpTarget target = target(HttpApi.OPENAI, manner(1, TimeUnit.MILLISECONDS.toNanos(20)));
                Target.Talk talk = target.talk(null)) {
            assertThat(talk.ask(new Job.Question("hello", 9, 5), new Timeline(System::nanoTime, tokens)))
                    .isEqualTo(Reply.LATE);
        }
    }

    @Test
    void cancel_whileAnswerStreams_returnsAtOnce() throws InterruptedException {
        body = "data: {\"choices\":[{\"text\":\"a\"}]}\n\n";
        stalls = true;
        try (HttpTarget target = target(HttpApi.OPENAI, manner(1, PATIENCE));
                Target.Talk talk = target.talk(null)) {
            Thread canceller = Thread.ofVirtual().start(() -> {
                try {
                    stalled.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                talk.cancel();
            });
            assertThat(talk.ask(new Job.Question("hello", 9, 5), new Timeline(System::nanoTime, tokens)))
                    .isEqualTo(Reply.CANCELLED);
            canceller.join();
        }
    }

    @Test
    void refused_isUnavailable() throws InterruptedException {
        server.stop(0);
        try (HttpTarget target = target(HttpApi.OPENAI, manner(1, PATIENCE))) {
            assertThatThrownBy(target::served)
                    .isInstanceOf(AdedException.Unavailable.class)
                    .hasMessageContaining("127.0.0.1");
            assertThat(target.talk(null).ask(new Job.Question("hello", 9, 5), new Timeline(System::nanoTime, tokens)))
                    .isEqualTo(Reply.UNAVAILABLE);
        }
    }
}
