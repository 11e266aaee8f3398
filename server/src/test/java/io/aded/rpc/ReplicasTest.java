package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.engine.EngineStatus;
import io.aded.model.SamplingParameters;
import io.aded.model.ScriptedModel;
import io.aded.serving.ServedModel;
import io.aded.telemetry.EngineTelemetry;
import io.aded.v1.GetServerInfoRequest;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.ModelServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Several engines over one model. */
class ReplicasTest {
    private final ScriptedModel model = new ScriptedModel(ScriptedModel.babble(7, 2));
    private final List<Engine> engines = new ArrayList<>();
    private AdedServer server;
    private ManagedChannel channel;

    @BeforeEach
    void start() {
        for (int replica = 0; replica < 2; replica++) {
            engines.add(Engine.start(model, EngineOptions.ofCells(4096), EngineTelemetry.NONE));
        }
        String name = InProcessServerBuilder.generateName();
        server = AdedServer.builder()
                .transport(InProcessServerBuilder.forName(name))
                .start();
        server.serve(new ServedModel("two", engines, SamplingParameters.DEFAULT));
        channel = InProcessChannelBuilder.forName(name).build();
    }

    @AfterEach
    void stop() {
        channel.shutdownNow();
        server.close();
        engines.forEach(Engine::close);
        model.close();
    }

    @Test
    void converse_manyStreamsAtOnce_spreadOverBothAndStay() {
        List<ConverseClient> clients = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            clients.add(new ConverseClient(InferenceServiceGrpc.newStub(channel)).open(Requests.open()));
        }
        clients.forEach(ConverseClient::opened);
        assertThat(engines).extracting(Engine::openSessions).containsExactly(4, 4);
        for (int turn = 0; turn < 2; turn++) {
            clients.forEach(client -> client.turn(Requests.turn("once", 20)));
            clients.forEach(ConverseClient::answer);
        }
        for (Engine engine : engines) {
            EngineStatus status = engine.status();
            assertThat(status.tokensTotal()).isEqualTo(4 * 2 * 20);
            assertThat(status.reusedTokensTotal()).as("second turns").isPositive();
        }
        assertThat(ModelServiceGrpc.newBlockingStub(channel)
                        .getServerInfo(GetServerInfoRequest.getDefaultInstance())
                        .getLoad()
                        .getConversations())
                .isEqualTo(8);
        clients.forEach(ConverseClient::hangUp);
        await().untilAsserted(() ->
                assertThat(engines).extracting(Engine::openSessions).containsExactly(0, 0));
    }

    @Test
    void generate_oneEngineIsBusy_goesToTheOther() {
        ConverseClient busy = new ConverseClient(InferenceServiceGrpc.newStub(channel));
        busy.open(Requests.open()).opened();
        busy.turn(Requests.turn("for ever", 0)).next();
        int occupied = engines.getFirst().openTurns() == 1 ? 0 : 1;
        for (int i = 0; i < 5; i++) {
            InferenceServiceGrpc.newBlockingStub(channel)
                    .generate(Requests.generate("short", 5).build())
                    .forEachRemaining(_ -> {});
        }
        assertThat(engines.get(1 - occupied).status().tokensTotal()).isEqualTo(25);
        busy.hangUp();
    }
}
