package io.aded.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.engine.DraftPolicy;
import io.aded.gguf.EditableGguf;
import io.aded.llama.TinyModels;
import io.aded.model.AdedException;
import io.aded.model.ContextParameters.FlashAttention;
import io.aded.model.FieldViolation;
import io.aded.store.ProcessEnvironment;
import io.aded.telemetry.Telemetry;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerationOptions;
import io.aded.v1.GetModelRequest;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.ModelServiceGrpc;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostTest {
    @TempDir
    private Path directory;

    private HostConfiguration configuration() {
        return HostConfiguration.DEFAULT
                .withModel(ModelConfiguration.of(TinyModels.f32(directory).toString())
                        .withNatives(Path.of("bundled")))
                .withContext(ContextConfiguration.DEFAULT.withContext(512))
                .withServer(ServerConfiguration.DEFAULT.withListen("127.0.0.1:0"))
                .withEnvironment(new ProcessEnvironment(Map.of(), directory, directory));
    }

    @Test
    void start_configuration_servesTheModel() throws InterruptedException {
        try (Host host = Host.start(configuration(), Telemetry.none(), HostListener.NONE)) {
            ManagedChannel channel = Grpc.newChannelBuilder(
                            host.addresses().getFirst().toString(), InsecureChannelCredentials.create())
                    .build();
            try {
                int chunks = 0;
                var answer = InferenceServiceGrpc.newBlockingStub(channel)
                        .generate(GenerateRequest.newBuilder()
                                .setPrompt("the cat")
                                .setOptions(GenerationOptions.newBuilder().setMaxTokens(4))
                                .build());
                while (answer.hasNext()) {
                    answer.next();
                    chunks++;
                }
                assertThat(chunks).isPositive();
            } finally {
                channel.shutdownNow();
            }
            host.drain(Duration.ZERO);
            host.awaitTermination();
        }
    }

    @Test
    void open_replicas_startsAnEngineForEach() {
        HostConfiguration two = configuration()
                .withContext(ContextConfiguration.DEFAULT.withContext(256).withReplicas(2));
        try (LocalModel local = LocalModel.open(two, Telemetry.none(), HostListener.NONE)) {
            assertThat(local.engines()).hasSize(2);
            assertThat(local.name()).isEqualTo("tiny-1-f32");
            assertThat(local.options().context().cells()).isEqualTo(256);
        }
    }

    @Test
    void start_modelThatIsMissing_closesTheServerAgain() {
        HostConfiguration missing = configuration()
                .withModel(ModelConfiguration.of(directory.resolve("no.gguf").toString())
                        .withNatives(Path.of("bundled")));
        assertThatThrownBy(() -> Host.start(missing, Telemetry.none(), HostListener.NONE))
                .isInstanceOf(AdedException.NotFound.class);
    }

    @Test
    void contextConfiguration_numbersOutOfRange_areAllNamedByTheirFields() {
        assertThatThrownBy(() -> new ContextConfiguration(
                        1, 1, -1, 0, 0, Duration.ZERO, 1, 1, null, null, FlashAttention.AUTO, 17, 32))
                .isInstanceOfSatisfying(
                        AdedException.InvalidRequest.class,
                        failure -> assertThat(failure.violations())
                                .extracting(FieldViolation::field)
                                .containsExactly(
                                        "context", "threads", "parallel", "batch", "replicas", "host_threads"));
    }

    @Test
    void serverConfiguration_wrongValues_areAllNamedByTheirFields() {
        assertThatThrownBy(() -> new ServerConfiguration(
                        List.of("somewhere"),
                        null,
                        Duration.ofSeconds(-1),
                        Duration.ofSeconds(-1),
                        -1,
                        Duration.ZERO,
                        1,
                        Set.of(),
                        0,
                        Duration.ZERO))
                .isInstanceOfSatisfying(
                        AdedException.InvalidRequest.class,
                        failure -> assertThat(failure.violations())
                                .extracting(FieldViolation::field)
                                .containsExactly(
                                        "listen",
                                        "drain",
                                        "retention",
                                        "retained",
                                        "unread",
                                        "max_message",
                                        "max_connections",
                                        "connection_idle"));
    }

    @Test
    void hostConfiguration_draftOutOfBounds_isNamedByItsPath() {
        assertThatThrownBy(() -> HostConfiguration.DEFAULT.withDraft(DraftPolicy.AUTO.withMaxNodes(9999), null))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining("draft.");
    }

    private static HostListener noting(List<String> notes) {
        return new HostListener() {
            @Override
            public void note(String line) {
                notes.add(line);
            }
        };
    }

    /** Conversations of a model without a template, or with a broken one, are laid out by a guess, and that is said. */
    @Test
    void start_modelWithoutAUsableTemplate_saysSoAtLoadAndInGetModel() throws Exception {
        EditableGguf whole = EditableGguf.parse(Files.readAllBytes(TinyModels.f32(directory)));
        Path broken = Files.write(
                directory.resolve("broken.gguf"),
                whole.text("tokenizer.chat_template", "{% if %}{{ nope(").toBytes());
        Path none = Files.write(
                directory.resolve("none.gguf"),
                whole.remove("tokenizer.chat_template").toBytes());
        for (Path file : List.of(broken, none)) {
            List<String> notes = new CopyOnWriteArrayList<>();
            HostConfiguration configuration = configuration()
                    .withModel(ModelConfiguration.of(file.toString()).withNatives(Path.of("bundled")));
            try (Host host = Host.start(configuration, Telemetry.none(), noting(notes))) {
                ManagedChannel channel = Grpc.newChannelBuilder(
                                host.addresses().getFirst().toString(), InsecureChannelCredentials.create())
                        .build();
                try {
                    String template = ModelServiceGrpc.newBlockingStub(channel)
                            .getModel(GetModelRequest.getDefaultInstance())
                            .getModel()
                            .getChatTemplate();
                    assertThat(template).startsWith("chatml, because the model");
                } finally {
                    channel.shutdownNow();
                }
            }
            assertThat(notes)
                    .anyMatch(note -> note.startsWith("Conversations are laid out as ChatML, because the model"));
        }
    }
}
