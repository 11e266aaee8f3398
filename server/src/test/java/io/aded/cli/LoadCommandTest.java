package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.aded.engine.DraftPolicy;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.model.ContextParameters;
import io.aded.model.ScriptedModel;
import io.aded.rpc.AdedServer;
import io.aded.serving.ServedModel;
import io.aded.telemetry.EngineTelemetry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The command as users call it, over loopback connections to the real server and a scripted model. */
@Timeout(120)
class LoadCommandTest {
    @TempDir
    private Path directory;

    private TestTerminal terminal;

    @BeforeEach
    void openTerminal() {
        terminal = new TestTerminal(directory);
    }

    private JsonNode read(Path json) throws IOException {
        return JsonMapper.shared().readTree(Files.readString(json));
    }

    @Test
    void load_besideADraftModel_tellsWhoDrafted() throws IOException {
        Path json = directory.resolve("load.json");

        int code = terminal.run(
                "load",
                "--model",
                "scripted",
                "--draft-model",
                "scripted:0.9",
                "--modes",
                "auto",
                "--concurrency",
                "2",
                "--requests",
                "4",
                "--max-tokens",
                "24",
                "--ignore-end",
                "--json",
                json.toString());

        assertThat(code).describedAs(terminal::err).isZero();
        assertThat(terminal.out()).contains("WHO DRAFTED", "auto: regret", "The draft model: ");
        JsonNode who = read(json).get("who_drafted");
        assertThat(who.get("arms").size()).isEqualTo(4);
        assertThat(who.get("draft_model").get("name").asString()).isEqualTo("scripted");
    }

    @Test
    void load_ownServer_comparesModesAndWritesFiles() throws IOException {
        Path json = directory.resolve("load.json");
        Path plot = directory.resolve("load.html");

        int code = terminal.run(
                "load",
                "--model",
                "scripted",
                "--sequential",
                "--modes",
                "off,aded:4",
                "--concurrency",
                "4",
                "--requests",
                "12",
                "--blocks",
                "3",
                "--max-tokens",
                "24",
                "--ignore-end",
                "--json",
                json.toString(),
                "--plot",
                plot.toString());

        assertThat(code).describedAs(terminal::err).isZero();
        assertThat(terminal.out())
                .contains(
                        "THROUGHPUT", "LATENCY", "TOKENS", "CALLS", "÷ sequential", "÷ off", "closed loop, 4 streams");
        assertThat(terminal.out().lines())
                .allSatisfy(line -> assertThat(line.length()).as(line).isLessThanOrEqualTo(100));
        assertThat(Files.readString(plot)).startsWith("<!doctype html>").contains("<svg", "first token", "aded:4");
        JsonNode root = read(json);
        assertThat(root.propertyNames())
                .containsExactly("format", "environment", "server", "settings", "stopped", "modes");
        assertThat(root.path("format").asInt()).isEqualTo(1);
        assertThat(root.path("environment").path("model").asString()).isEqualTo("scripted");
        assertThat(root.path("settings").propertyNames())
                .containsExactly("load", "prompts", "answers", "requests", "duration", "blocks", "warm_up", "seed");
        assertThat(root.path("modes").findValuesAsString("mode")).containsExactly("sequential", "off", "aded:4");
        JsonNode drafted = root.path("modes").get(2);
        assertThat(drafted.propertyNames())
                .as("programs read these; a change of them is a change of the format")
                .containsExactly(
                        "mode",
                        "arrivals",
                        "streams",
                        "answered",
                        "rejected",
                        "failed",
                        "interrupted",
                        "held_back",
                        "longest_hold",
                        "not_started",
                        "failures",
                        "reasons",
                        "tokens_per_second",
                        "steady_tokens_per_second",
                        "calls_per_second",
                        "against_first",
                        "completion_tokens",
                        "prompt_tokens",
                        "cached_prompt_tokens",
                        "mean_acceptance_length",
                        "tokens_per_pass",
                        "num_steps",
                        "num_draft_tokens",
                        "num_accepted_draft_tokens",
                        "host_share",
                        "pass_seconds_per_round",
                        "host_seconds_per_round",
                        "latency",
                        "blocks");
        assertThat(drafted.path("latency").propertyNames())
                .containsExactly("first_token", "inter_token", "pause", "whole", "queue", "start_delay");
        assertThat(drafted.path("latency").path("whole").propertyNames())
                .containsExactly("count", "mean", "min", "p50", "p75", "p90", "p95", "p99", "p99_9", "max");
        assertThat(drafted.path("answered").asInt()).isEqualTo(12);
        assertThat(drafted.path("completion_tokens").asInt()).isEqualTo(12 * 24);
        assertThat(drafted.path("tokens_per_pass").asDouble()).isGreaterThan(1);
        assertThat(drafted.path("latency").path("start_delay").path("p50").isNull())
                .isTrue();
        assertThat(drafted.path("blocks").size()).isEqualTo(3);
    }

    @Test
    void load_openLoop_reportsStartDelays() throws IOException {
        Path json = directory.resolve("load.json");

        int code = terminal.run(
                "load",
                "--model",
                "scripted",
                "--modes",
                "off",
                "--rate",
                "500",
                "--max-outstanding",
                "1",
                "--requests",
                "20",
                "--max-tokens",
                "uniform:4-32",
                "--prompt-tokens",
                "exponential:20",
                "--system-tokens",
                "30",
                "--warm-up",
                "0",
                "--json",
                json.toString());

        assertThat(code).describedAs(terminal::err).isZero();
        JsonNode mode = read(json).path("modes").get(0);
        assertThat(mode.path("answered").asInt()).isEqualTo(20);
        assertThat(mode.path("latency").path("start_delay").path("count").asInt())
                .isEqualTo(20);
        assertThat(mode.path("latency").path("whole").path("max").asDouble())
                .isGreaterThanOrEqualTo(
                        mode.path("latency").path("start_delay").path("max").asDouble() * 0.99);
    }

    @Test
    void load_attack_comparesWithAndWithoutAndFindsNoFault() throws IOException {
        Path json = directory.resolve("load.json");

        int code = terminal.run(
                "load",
                "--model",
                "scripted:1",
                "--modes",
                "auto",
                "--attack",
                "2",
                "--concurrency",
                "2",
                "--requests",
                "24",
                "--blocks",
                "2",
                "--warm-up",
                "2",
                "--prompt-tokens",
                "20",
                "--max-tokens",
                "16",
                "--ignore-end",
                "--json",
                json.toString());

        assertThat(code).describedAs(terminal::err).isZero();
        assertThat(terminal.out()).contains("UNDER ATTACK", "ATTACKERS", "2 who attack", "p95 alone");
        JsonNode modes = read(json).path("modes");
        assertThat(modes.findValuesAsString("mode")).containsExactly("auto", "auto, attacked");
        for (JsonNode mode : modes) {
            assertThat(mode.path("answered").asInt()).isEqualTo(24);
            assertThat(mode.path("completion_tokens").asInt()).isEqualTo(24 * 16);
            assertThat(mode.path("failed").asInt()).isZero();
        }
        assertThat(modes.get(0).has("attacks")).isFalse();
        JsonNode attacked = modes.get(1);
        assertThat(attacked.path("attackers").asInt()).isEqualTo(2);
        assertThat(attacked.path("unhealthy").asInt()).isZero();
        int calls = 0;
        for (var kind : attacked.path("attacks").properties()) {
            for (var status : kind.getValue().properties()) {
                if (!status.getKey().equals("longest")) {
                    assertThat(status.getKey())
                            .as(kind.getKey())
                            .isIn("OK", "INVALID_ARGUMENT", "RESOURCE_EXHAUSTED", "CANCELLED", "DEADLINE_EXCEEDED");
                    calls += status.getValue().asInt();
                }
            }
        }
        assertThat(calls).isPositive();
    }

    @Test
    void load_runningServer_holdsConversationsAndCountsRefusals() throws IOException {
        Path json = directory.resolve("load.json");
        EngineOptions tight = new EngineOptions(
                ContextParameters.ofCells(16_384),
                1,
                0,
                Duration.ofSeconds(10),
                Duration.ofMillis(250),
                0,
                DraftPolicy.OFF);
        try (Engine engine = Engine.start(new ScriptedModel(ScriptedModel.babble(7, 2)), tight, EngineTelemetry.NONE);
                AdedServer server = AdedServer.builder().listen("127.0.0.1:0").start()) {
            server.serve(ServedModel.of(engine));
            String address = server.addresses().getFirst().toString();

            int code = terminal.run(
                    "load",
                    "--target",
                    address,
                    "--turns",
                    "3",
                    "--concurrency",
                    "1",
                    "--requests",
                    "4",
                    "--warm-up",
                    "1",
                    "--prompt-tokens",
                    "12",
                    "--max-tokens",
                    "8",
                    "--ignore-end",
                    "--json",
                    json.toString());
            assertThat(code).describedAs(terminal::err).isZero();
            JsonNode mode = read(json).path("modes").get(0);
            assertThat(mode.path("mode").asString()).isEqualTo("served");
            assertThat(mode.path("answered").asInt()).as("each turn is a call").isEqualTo(12);
            assertThat(mode.path("cached_prompt_tokens").asInt())
                    .as("later turns find their history")
                    .isPositive();

            // One turn at a time, none may wait: of eight callers most are refused.
            code = terminal.run(
                    "load",
                    "--target",
                    address,
                    "--connections",
                    "2",
                    "--concurrency",
                    "8",
                    "--requests",
                    "24",
                    "--warm-up",
                    "0",
                    "--max-tokens",
                    "2000",
                    "--ignore-end",
                    "--json",
                    json.toString());
            assertThat(code).describedAs(terminal::err).isZero();
            mode = read(json).path("modes").get(0);
            assertThat(mode.path("rejected").asInt()).isPositive();
            assertThat(mode.path("failed").asInt()).isZero();
            assertThat(mode.path("failures").path("RESOURCE_EXHAUSTED").asInt())
                    .isEqualTo(mode.path("rejected").asInt());
            assertThat(mode.path("answered").asInt() + mode.path("rejected").asInt())
                    .isEqualTo(24);
        }
    }

    @Test
    void load_notOneAnswer_endsWithTheCodeOfTheFailureAndSaysWhy() throws IOException {
        Path json = directory.resolve("load.json");

        int code = terminal.run(
                "load",
                "--model",
                "scripted",
                "--context",
                "64",
                "--modes",
                "off",
                "--requests",
                "3",
                "--warm-up",
                "0",
                "--prompt-tokens",
                "200",
                "--json",
                json.toString());

        assertThat(code).isEqualTo(ExitCode.INVALID_REQUEST.code());
        assertThat(terminal.err()).contains("not one call was answered: INVALID_ARGUMENT 3", "; INVALID_ARGUMENT: ");
        assertThat(terminal.out()).as("the table comes all the same").contains("CALLS", "INVALID_ARGUMENT: ");
        JsonNode mode = read(json).path("modes").get(0);
        assertThat(mode.path("failed").asInt()).isEqualTo(3);
        assertThat(mode.path("reasons").path("INVALID_ARGUMENT").asString()).isNotEmpty();
        assertThat(mode.path("tokens_per_second").asDouble()).isZero();
    }

    @Test
    void load_otherServer_isMeasuredBesideItsSequentialSelf() throws IOException {
        Path json = directory.resolve("load.json");
        String answer = """
            data: {"content":"a","stop":false}

            data: {"content":"b","stop":true,"tokens_predicted":6,"tokens_evaluated":7,\
            "timings":{"draft_n":8,"draft_n_accepted":4}}

            """;
        HttpServer peer = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        peer.createContext("/completion", exchange -> {
            try (exchange) {
                exchange.getRequestBody().readAllBytes();
                exchange.sendResponseHeaders(200, 0);
                exchange.getResponseBody().write(answer.getBytes(StandardCharsets.UTF_8));
            }
        });
        peer.start();
        String address = "http://127.0.0.1:" + peer.getAddress().getPort();
        String[] arguments = {
            "load",
            "--http",
            address,
            "--api",
            "llama",
            "--sequential",
            "--concurrency",
            "3",
            "--requests",
            "9",
            "--json",
            json.toString()
        };
        try {
            assertThat(terminal.run(arguments)).describedAs(terminal::err).isZero();
        } finally {
            peer.stop(0);
        }

        JsonNode modes = read(json).path("modes");
        assertThat(modes.findValuesAsString("mode")).containsExactly("sequential", "served");
        assertThat(modes.findValuesAsString("streams")).containsExactly("1", "3");
        for (JsonNode mode : modes) {
            assertThat(mode.path("answered").asInt()).isEqualTo(9);
            assertThat(mode.path("completion_tokens").asInt())
                    .as("as the server counts")
                    .isEqualTo(54);
            assertThat(mode.path("tokens_per_pass").asDouble()).isEqualTo(3.0);
            assertThat(mode.path("mean_acceptance_length").isNull())
                    .as("it does not tell")
                    .isTrue();
        }
        assertThat(terminal.run(arguments)).as("now nobody listens").isEqualTo(ExitCode.UNAVAILABLE.code());
    }

    @Test
    void load_nobodyThere_endsWithItsCode() {
        assertThat(terminal.run("load", "--target", "unix:" + directory.resolve("none.sock"), "--requests", "2"))
                .isEqualTo(ExitCode.UNAVAILABLE.code());
        assertThat(terminal.err()).contains("none.sock");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--target 192.0.2.1:50051 | --allow-remote",
                "--http http://192.0.2.1:8080 | --allow-remote",
                "--target nowhere | HOST:PORT or unix:PATH",
                "--http ftp://localhost | http://HOST:PORT",
                "--target localhost:1 --http http://localhost:1 | name one server",
                "--http http://localhost:1 --modes off | leave them out with --http",
                "--http http://localhost:1 --api grpc | openai, openai-chat, llama",
                "--http http://localhost:1 --api llama --turns 2 | openai-chat",
                "--http http://localhost:1 --http-body [] | is no JSON object",
                "--api llama | give --http",
                "--rate 5 --concurrency 3 | choose one",
                "--rate 0 | 0.001 to 100000",
                "--arrivals constant | give --rate",
                "--concurrency 0 | 1 to 4096",
                "--max-tokens normal:3 | lognormal:MEDIAN:SIGMA",
                "--prompt-tokens 10 --limit 3 | leave out --prompts",
                "--modes off,turbo | prompt-lookup",
                "--target localhost:1 --model x.gguf | whose server has its model",
                "--plot chart.png | .svg or .html"
            })
    void load_wrongOptions_saysWhatIsAllowed(String options, String said) {
        String[] arguments = ("load " + options.strip()).split(" ");
        assertThat(terminal.run(arguments)).isEqualTo(ExitCode.INVALID_REQUEST.code());
        assertThat(terminal.err()).contains(said.strip());
    }
}
