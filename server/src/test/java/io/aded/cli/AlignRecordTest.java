package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.draft.catalogue.Drafters;
import io.aded.engine.AnswerRecorder;
import io.aded.engine.DraftPolicy;
import io.aded.engine.EngineOptions;
import io.aded.host.ContextConfiguration;
import io.aded.host.DraftModelConfiguration;
import io.aded.host.Host;
import io.aded.host.HostConfiguration;
import io.aded.host.HostListener;
import io.aded.host.ModelConfiguration;
import io.aded.host.ServerConfiguration;
import io.aded.lab.alignment.TrafficExport;
import io.aded.llama.ModelParameters;
import io.aded.llama.TinyModels;
import io.aded.telemetry.EngineTelemetry;
import io.aded.telemetry.Telemetry;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerationOptions;
import io.aded.v1.GetServerInfoRequest;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.ModelServiceGrpc;
import io.aded.v1.Sampling;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Through a real server: what is kept of callers who allow it, and what of those who do not. */
class AlignRecordTest {
    private static final String CAPABILITY = "DraftPolicy.allow_training";

    @TempDir
    private Path directory;

    private final List<String> told = new CopyOnWriteArrayList<>();

    private Path kept() {
        return directory.resolve("kept");
    }

    private AnswerRecorder.Opener opener() {
        return TrafficExport.opener(kept(), 1 << 20, "2026-01-02T03:04:05Z", "1.2.3", told::add);
    }

    private static GenerateRequest request(String text, boolean allow) {
        io.aded.v1.DraftPolicy.Builder draft =
                io.aded.v1.DraftPolicy.newBuilder().setMode(Drafters.ADED.label());
        if (allow) {
            draft.setAllowTraining(true);
        }
        return GenerateRequest.newBuilder()
                .setText(text)
                .setOptions(GenerationOptions.newBuilder()
                        .setMaxTokens(24)
                        .setSampling(Sampling.newBuilder().setTemperature(0))
                        .setDraft(draft))
                .build();
    }

    /** Asks some with consent and as many without. Returns what the server says that it serves. */
    private static List<String> ask(Host host, int each) {
        ManagedChannel channel = Grpc.newChannelBuilder(
                        host.addresses().getFirst().toString(), InsecureChannelCredentials.create())
                .build();
        try {
            for (int i = 0; i < each; i++) {
                var stub = InferenceServiceGrpc.newBlockingStub(channel);
                for (boolean allow : new boolean[] {true, false}) {
                    String text = allow ? "the cat and " : "the dog ";
                    stub.generate(request(text + "the ".repeat(i), allow)).forEachRemaining(_ -> {});
                }
            }
            return ModelServiceGrpc.newBlockingStub(channel)
                    .getServerInfo(GetServerInfoRequest.getDefaultInstance())
                    .getCapabilitiesList();
        } finally {
            channel.shutdownNow();
        }
    }

    private List<JsonNode> index() throws IOException {
        return Files.readAllLines(kept().resolve("answers.jsonl")).stream()
                .map(line -> JsonMapper.shared().readTree(line))
                .toList();
    }

    private List<String> serveScripted(AnswerRecorder.Opener opener) {
        HostConfiguration configuration = HostConfiguration.DEFAULT
                .withServer(ServerConfiguration.DEFAULT.withListen("127.0.0.1:0"))
                .withEnvironment(new TestTerminal(directory).terminal().environment());
        try (StandIn standIn = StandIn.named("scripted", DraftModelConfiguration.named("scripted:0.7"));
                Host host = Host.listen(configuration, Telemetry.none())) {
            host.serve(
                    "scripted",
                    Objects.requireNonNull(standIn)
                            .start(EngineOptions.ofCells(1024), 2, EngineTelemetry.NONE, opener));
            return ask(host, 3);
        }
    }

    @Test
    void serve_scripted_keepsThoseWhoAllowIt_andGoesOnAfterARestart() throws IOException {
        assertThat(serveScripted(opener())).contains(CAPABILITY);
        assertThat(index()).hasSize(3).allSatisfy(line -> {
            assertThat(line.path("task").asString()).isEqualTo("traffic");
            assertThat(line.path("answer").asInt()).isBetween(1, 24);
            assertThat(line.path("rejected").isInt()).isTrue();
        });
        assertThat(serveScripted(opener())).contains(CAPABILITY);
        assertThat(index())
                .hasSize(6)
                .extracting(line -> line.path("id").asString())
                .doesNotHaveDuplicates();
        assertThat(told)
                .hasSize(4)
                .filteredOn(
                        line -> line.contains("3 answers of consenting callers kept") && line.contains("0 left out"))
                .hasSize(2);
    }

    @Test
    void generateAndChat_keptIfTheyAllowIt() throws IOException {
        TestTerminal terminal = new TestTerminal(directory).typing("one two\n");
        HostConfiguration configuration = HostConfiguration.DEFAULT
                .withServer(ServerConfiguration.DEFAULT.withListen("127.0.0.1:0"))
                .withEnvironment(terminal.terminal().environment());
        try (StandIn standIn = StandIn.named("scripted", null);
                Host host = Host.listen(configuration, Telemetry.none())) {
            host.serve(
                    "scripted",
                    Objects.requireNonNull(standIn)
                            .start(EngineOptions.ofCells(1024), 1, EngineTelemetry.NONE, opener()));
            String target = host.addresses().getFirst().toString();
            for (String line : List.of(
                    "generate --target " + target + " -n 8 hi",
                    "generate --target " + target + " -n 8 --allow-training hello",
                    "chat --target " + target + " -n 8",
                    "chat --target " + target + " -n 8 --allow-training --draft off")) {
                assertThat(terminal.run(line.split(" ")))
                        .describedAs(terminal::err)
                        .isZero();
            }
        }
        assertThat(index()).hasSize(2);
    }

    @Test
    void serve_withoutTheOption_keepsNothing_andSaysSo() {
        assertThat(serveScripted(null)).doesNotContain(CAPABILITY);
        assertThat(kept()).doesNotExist();
    }

    @Test
    void serve_realModel_isEvaluatedAsAnyExport() throws IOException {
        Path model = TinyModels.f32(directory, 1);
        HostConfiguration configuration = HostConfiguration.DEFAULT
                .withModel(new ModelConfiguration(
                        model.toString(),
                        null,
                        Path.of("bundled"),
                        ModelParameters.DEFAULT,
                        true,
                        ModelConfiguration.FormatWish.NONE,
                        false))
                .withContext(ContextConfiguration.DEFAULT.withContext(1024).withThreads(1))
                .withDraft(DraftPolicy.AUTO, null)
                .withServer(ServerConfiguration.DEFAULT.withListen("127.0.0.1:0"))
                .withRecorder(opener())
                .withEnvironment(new TestTerminal(directory).terminal().environment());
        try (Host host = Host.start(configuration, Telemetry.none(), HostListener.NONE)) {
            assertThat(ask(host, 16)).contains(CAPABILITY);
        }
        assertThat(index())
                .hasSize(16)
                .anyMatch(line -> line.path("split").asString("").equals("held_out"));

        TestTerminal terminal = new TestTerminal(directory);
        int judged = terminal.run(
                "align",
                "evaluate",
                "--natives",
                "bundled",
                "--data",
                kept().toString(),
                "--draft",
                model.toString(),
                "--gamma",
                "3");
        assertThat(judged).describedAs(terminal::err).isZero();
        assertThat(terminal.out()).contains("of tiny-1-f32", "1.000", "4.000", "traffic");
    }

    @Test
    void options_wrong_areNamedBeforeAnythingIsLoaded() throws IOException {
        TestTerminal terminal = new TestTerminal(directory);
        assertThat(terminal.run("serve", "--model", "scripted", "--align-record-limit", "5"))
                .isEqualTo(ExitCode.INVALID_REQUEST.code());
        assertThat(terminal.err()).contains("name it with --align-record");
        Path file = Files.writeString(directory.resolve("file"), "");
        assertThat(terminal.run(
                        "serve", "--model", "scripted", "--align-record", file.toString(), "--align-record-limit", "0"))
                .isEqualTo(ExitCode.INVALID_REQUEST.code());
        assertThat(terminal.err()).contains("which is a file", "--align-record-limit");
    }
}
