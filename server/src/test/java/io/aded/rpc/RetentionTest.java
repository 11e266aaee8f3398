package io.aded.rpc;

import static io.aded.rpc.Harness.assertStatus;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.FieldMask;
import io.aded.engine.Engine;
import io.aded.serving.ServedModel;
import io.aded.serving.Serving;
import io.aded.serving.ServingLimits;
import io.aded.v1.GenerationOptions;
import io.aded.v1.GetDraftStatisticsRequest;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.Open;
import io.aded.v1.Opened;
import io.aded.v1.Sampling;
import io.aded.v1.Update;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RetentionTest {
    private static final ServingLimits LONG = new ServingLimits(Duration.ofMinutes(5), 2);

    private static Open.Builder named(String id) {
        return Open.newBuilder().setConversationId(id).setOptions(Requests.greedy());
    }

    private static int talkAndLeave(Harness harness, String client, String id) {
        ConverseClient stream = harness.converse(client).open(named(id).build());
        stream.opened();
        int prompt = ConverseClient.finished(
                        stream.turn(Requests.turn("hello", 12)).answer())
                .getUsage()
                .getPromptTokens();
        assertThat(stream.halfClose().end()).isEqualTo(Status.OK);
        return prompt + 12;
    }

    @Test
    void open_keptConversation_goesOnWithItsHistoryAndDefaults() {
        try (Harness harness = Harness.start(LONG)) {
            int tokens = talkAndLeave(harness, "anna", "diary");
            await().until(() -> harness.server.serving().keptConversations() == 1);
            ConverseClient again = harness.converse("anna")
                    .open(Open.newBuilder()
                            .setConversationId("diary")
                            .setRequireResume(true)
                            .setOptions(Requests.options()
                                    .setSampling(Sampling.newBuilder().setTopK(7)))
                            .build());
            Opened opened = again.opened();
            assertThat(opened.getResumed()).isTrue();
            assertThat(opened.getHistoryTokens()).isEqualTo(tokens);
            assertThat(opened.getOptions().getSampling().getTemperature()).isZero(); // from the first time
            assertThat(opened.getOptions().getSampling().getTopK()).isEqualTo(7); // from now
            assertThat(opened.getRetention().getSeconds()).isEqualTo(300);
            assertThat(ConverseClient.finished(
                                    again.turn(Requests.turn("more", 3)).answer())
                            .getUsage()
                            .getPromptTokens())
                    .isGreaterThan(tokens);
            assertThat(harness.server.serving().keptConversations()).isZero();
        }
    }

    @Test
    void open_atTheMomentTheStreamEnds_resumes() throws Exception {
        String name = InProcessServerBuilder.generateName();
        // With a direct executor the client hears of the end on the thread that ends the stream, while that waits.
        ManagedChannel channel =
                InProcessChannelBuilder.forName(name).directExecutor().build();
        try (Engine engine = Harness.engine();
                AdedServer server = AdedServer.builder()
                        .transport(InProcessServerBuilder.forName(name))
                        .serving(Serving.builder().limits(LONG).build())
                        .start()) {
            server.serve(ServedModel.of(engine));
            var first = new ConverseClient(InferenceServiceGrpc.newStub(channel))
                    .open(named("diary").build());
            var resumed = first.ended.thenApply(_ -> new ConverseClient(InferenceServiceGrpc.newStub(channel))
                    .open(named("diary").setRequireResume(true).build())
                    .opened()
                    .getResumed());
            first.opened();
            first.halfClose();
            assertThat(resumed.get(30, TimeUnit.SECONDS)).isTrue();
        } finally {
            channel.shutdownNow();
        }
    }

    @Test
    void open_conversationOfAnotherClient_isNotThere() {
        try (Harness harness = Harness.start(LONG)) {
            talkAndLeave(harness, "anna", "diary");
            assertStatus(
                    harness.converse("bert")
                            .open(named("diary").setRequireResume(true).build())
                            .failure(),
                    Status.Code.NOT_FOUND,
                    "CONVERSATION_NOT_FOUND");
            ConverseClient own = harness.converse("bert").open(named("diary").build());
            assertThat(own.opened().getResumed()).isFalse();
        }
    }

    @Test
    void open_conversationThatAnotherStreamHolds_isFailedPrecondition() {
        try (Harness harness = Harness.start(LONG)) {
            ConverseClient holder = harness.converse("anna").open(named("diary").build());
            holder.opened();
            assertStatus(
                    harness.converse("anna").open(named("diary").build()).failure(),
                    Status.Code.FAILED_PRECONDITION,
                    "CONVERSATION_HELD");
            holder.hangUp();
            await().until(() -> harness.server.serving().keptConversations() == 1);
            assertThat(harness.converse("anna")
                            .open(named("diary").build())
                            .opened()
                            .getResumed())
                    .isTrue();
        }
    }

    @Test
    void retention_over_forgetsAndFreesTheSession() {
        try (Harness harness = Harness.start(LONG)) {
            ConverseClient stream = harness.converse()
                    .open(named("brief")
                            .setRetention(
                                    com.google.protobuf.Duration.newBuilder().setNanos(30_000_000))
                            .build());
            assertThat(stream.opened().getRetention().getNanos()).isEqualTo(30_000_000);
            stream.turn(Requests.turn("hello", 4)).answer();
            stream.halfClose().end();
            await().until(() -> harness.engine.status().sessions() == 0
                    && harness.engine.status().cellsUsed() == 0);
            assertThat(harness.server.serving().keptConversations()).isZero();
        }
    }

    @Test
    void retention_moreThanAllowed_forgetsTheOldest() {
        try (Harness harness = Harness.start(LONG)) {
            for (String id : new String[] {"a", "b", "c"}) {
                talkAndLeave(harness, "anna", id);
            }
            await().until(() -> harness.engine.status().sessions() == 2);
            assertStatus(
                    harness.converse("anna")
                            .open(named("a").setRequireResume(true).build())
                            .failure(),
                    Status.Code.NOT_FOUND,
                    "CONVERSATION_NOT_FOUND");
            assertThat(harness.converse("anna")
                            .open(named("b").build())
                            .opened()
                            .getResumed())
                    .isTrue();
        }
    }

    @Test
    void retention_longerThanAllowed_isCut() {
        try (Harness harness = Harness.start(LONG)) {
            assertThat(harness.converse()
                            .open(named("x")
                                    .setRetention(com.google.protobuf.Duration.newBuilder()
                                            .setSeconds(1_000_000))
                                    .build())
                            .opened()
                            .getRetention()
                            .getSeconds())
                    .isEqualTo(300);
        }
    }

    @Test
    void open_keptConversationWithAReset_returnsWhatItNamesToTheServersDefaults() {
        try (Harness harness = Harness.start(LONG)) {
            GenerationOptions asked = Requests.options()
                    .setSampling(Requests.GREEDY.toBuilder().putLogitBias(70, 1f))
                    .setMaxTokens(9)
                    .addStopStrings("never")
                    .build();
            Opened first = reopened(harness, Open.newBuilder().setOptions(asked));
            assertThat(first.getOptions().getSampling().getLogitBiasMap()).containsOnlyKeys(70);
            assertThat(first.getOptions().getStopStringsList()).containsExactly("never");

            Opened again = reopened(
                    harness,
                    Open.newBuilder()
                            .setOptions(Requests.options()
                                    .setMaxTokens(5)
                                    .setSampling(Sampling.newBuilder().setTopK(7)))
                            .setReset(FieldMask.newBuilder()
                                    .addPaths("sampling.logit_bias")
                                    .addPaths("sampling.top_k")
                                    .addPaths("stop_strings")));
            GenerationOptions options = again.getOptions();
            assertThat(again.getResumed()).isTrue();
            assertThat(options.getSampling().getLogitBiasMap()).isEmpty();
            assertThat(options.getStopStringsList()).isEmpty();
            assertThat(options.getMaxTokens()).isEqualTo(5);
            assertThat(options.getSampling().getTopK()).as("reset, then set").isEqualTo(7);
            assertThat(options.getSampling().getTemperature()).as("not named").isZero();
            assertThat(options.getSampling().getSeed()).isEqualTo(3);

            Opened reset = reopened(
                    harness, Open.newBuilder().setReset(FieldMask.newBuilder().addPaths("*")));
            assertThat(reset.getOptions().getSampling().getTemperature()).isEqualTo(0.8f);
            assertThat(reset.getOptions().getSampling().hasSeed()).isFalse();
            assertThat(reset.getOptions().getMaxTokens()).isZero();
        }
    }

    private static Opened reopened(Harness harness, Open.Builder open) {
        ConverseClient stream =
                harness.converse("anna").open(open.setConversationId("reset").build());
        Opened opened = stream.opened();
        assertThat(stream.halfClose().end()).isEqualTo(Status.OK);
        await().until(() -> harness.server.serving().keptConversations() == 1);
        return opened;
    }

    @Test
    void update_withAMask_changesExactlyWhatItNames() {
        try (Harness harness = Harness.start(LONG)) {
            ConverseClient stream =
                    harness.converse("anna").open(named("updated").build());
            stream.opened();
            stream.update(Update.newBuilder()
                    .setOptions(Requests.options()
                            .setMaxTokens(5)
                            .setPriority(7)
                            .setSampling(Sampling.newBuilder().setTemperature(1).setTopK(7)))
                    .setUpdateMask(FieldMask.newBuilder()
                            .addPaths("sampling.top_k")
                            .addPaths("sampling.seed")
                            .addPaths("max_tokens"))
                    .build());
            assertThat(stream.halfClose().end()).isEqualTo(Status.OK);
            await().until(() -> harness.server.serving().keptConversations() == 1);
            GenerationOptions options = harness.converse("anna")
                    .open(Open.newBuilder().setConversationId("updated").build())
                    .opened()
                    .getOptions();
            assertThat(options.getMaxTokens()).isEqualTo(5);
            assertThat(options.getSampling().getTopK()).isEqualTo(7);
            assertThat(options.getSampling().hasSeed()).as("named and not set").isFalse();
            assertThat(options.getSampling().getTemperature())
                    .as("set and not named")
                    .isZero();
            assertThat(options.getPriority()).as("set and not named").isZero();
        }
    }

    @Test
    void unnamedConversation_isClosedWithItsStream() {
        try (Harness harness = Harness.start(LONG)) {
            ConverseClient stream = harness.converse().open(Requests.open());
            String id = stream.opened().getConversationId();
            stream.turn(Requests.turn("hello", 4)).answer();
            assertThat(harness.drafts()
                            .getDraftStatistics(GetDraftStatisticsRequest.newBuilder()
                                    .setConversationId(id)
                                    .build())
                            .getTotals()
                            .getNumSteps())
                    .isPositive();
            stream.halfClose().end();
            await().until(() -> harness.engine.status().sessions() == 0);
            assertStatus(
                    Harness.failure(() -> harness.drafts()
                            .getDraftStatistics(GetDraftStatisticsRequest.newBuilder()
                                    .setConversationId(id)
                                    .build())),
                    Status.Code.NOT_FOUND,
                    "CONVERSATION_NOT_FOUND");
        }
    }

    @Test
    void close_withKeptConversations_closesThem() {
        Harness harness = Harness.start(LONG);
        talkAndLeave(harness, "anna", "diary");
        harness.server.close();
        await().until(() -> harness.engine.status().sessions() == 0);
        harness.close();
    }
}
