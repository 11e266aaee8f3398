package io.aded.rpc;

import static io.aded.rpc.Harness.assertStatus;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.FieldMask;
import io.aded.engine.EngineOptions;
import io.aded.model.ScriptedModel;
import io.aded.v1.ConverseRequest;
import io.aded.v1.ConverseResponse;
import io.aded.v1.DraftPolicy;
import io.aded.v1.FinishReason;
import io.aded.v1.Finished;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.Open;
import io.aded.v1.Opened;
import io.aded.v1.Round;
import io.aded.v1.Turn;
import io.aded.v1.Update;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;

class ConverseTest {

    /** A model whose passes wait for a permit once a test closes the gate. */
    private static final class Gate implements ScriptedModel.PassCost {
        private final Semaphore permits = new Semaphore(0);
        private volatile IntPredicate stops = tokens -> false;
        private volatile boolean waiting;

        @Override
        public void charge(int tokens) {
            if (stops.test(tokens)) {
                waiting = true;
                permits.acquireUninterruptibly();
                waiting = false;
            }
        }

        Harness harness() {
            return Harness.start(new ScriptedModel(ScriptedModel.babble(7, 2), this), EngineOptions.ofCells(4096));
        }

        void close() {
            stops = tokens -> true;
        }

        void open() {
            stops = tokens -> false;
            permits.release(1000);
        }
    }

    @Test
    void converse_twoTurns_answersBothAndRemembers() {
        try (Harness harness = Harness.start()) {
            ConverseClient client = harness.converse().open(Requests.open());
            Opened opened = client.opened();
            assertThat(opened.getModel()).isEqualTo("scripted");
            assertThat(opened.getContextTokens()).isEqualTo(4096);
            assertThat(opened.getResumed()).isFalse();
            assertThat(opened.getOptions().getSampling().getTemperature()).isZero();
            assertThat(opened.getOptions().getSampling().getTopK()).isEqualTo(40);
            assertThat(opened.getOptions().getDraft().getMode()).isEqualTo("auto");
            assertThat(opened.getConversationId()).startsWith("auto:");
            assertThat(opened.hasRetention()).isFalse();

            List<ConverseResponse> first =
                    client.turn(Requests.turn("hello", 40)).answer();
            assertThat(first).allMatch(response -> response.getTurn() == 1);
            assertThat(ConverseClient.tokens(first)).hasSize(40);
            Finished finished = ConverseClient.finished(first);
            assertThat(finished.getReason()).isEqualTo(FinishReason.FINISH_REASON_LENGTH);
            assertThat(finished.getUsage().getCompletionTokens()).isEqualTo(40);
            assertThat(finished.getSeed()).isEqualTo(3);
            assertThat(ConverseClient.text(first)).hasSize(40);

            List<ConverseResponse> second =
                    client.turn(Requests.turn("again", 10)).answer();
            assertThat(second).allMatch(response -> response.getTurn() == 2);
            assertThat(ConverseClient.finished(second).getUsage().getCachedPromptTokens())
                    .isGreaterThan(40);
            assertThat(client.halfClose().end()).isEqualTo(Status.OK);
            await().until(() -> harness.server.serving().openStreams() == 0);
        }
    }

    @Test
    void halfClose_whileATurnRuns_completesTheTurn() {
        var gate = new Gate();
        try (Harness harness = gate.harness()) {
            ConverseClient client = harness.converse().open(Requests.open());
            client.opened();
            gate.close();
            client.turn(Requests.turn("hello", 25)).halfClose();
            await().until(() -> gate.waiting);
            assertThat(client.ended).isNotDone();
            gate.open();
            assertThat(ConverseClient.tokens(client.answer())).hasSize(25);
            assertThat(client.end()).isEqualTo(Status.OK);
        }
    }

    @Test
    void firstMessage_notOpen_isFailedPrecondition() {
        try (Harness harness = Harness.start()) {
            assertStatus(
                    harness.converse().turn(Requests.turn("hello", 5)).failure(),
                    Status.Code.FAILED_PRECONDITION,
                    "NOT_OPEN");
            assertStatus(
                    harness.converse().update(Update.getDefaultInstance()).failure(),
                    Status.Code.FAILED_PRECONDITION,
                    "NOT_OPEN");
            assertStatus(
                    harness.converse()
                            .send(ConverseRequest.getDefaultInstance())
                            .failure(),
                    Status.Code.FAILED_PRECONDITION,
                    "NOT_OPEN");
        }
    }

    @Test
    void open_twice_isFailedPrecondition() {
        try (Harness harness = Harness.start()) {
            ConverseClient client = harness.converse().open(Requests.open()).open(Requests.open());
            assertStatus(client.failure(), Status.Code.FAILED_PRECONDITION, "ALREADY_OPEN");
        }
    }

    @Test
    void message_withoutEvent_isInvalid() {
        try (Harness harness = Harness.start()) {
            ConverseClient client = harness.converse().open(Requests.open()).send(ConverseRequest.getDefaultInstance());
            assertThat(Harness.fields(client.failure())).containsExactly("event");
        }
    }

    @Test
    void turn_whileOneRuns_isFailedPreconditionAndTheEngineIsFree() {
        var gate = new Gate();
        try (Harness harness = gate.harness()) {
            ConverseClient client = harness.converse().open(Requests.open());
            client.opened();
            gate.close();
            client.turn(Requests.turn("hello", 25)).turn(Requests.turn("hello", 25));
            assertStatus(client.failure(), Status.Code.FAILED_PRECONDITION, "TURN_RUNNING");
            gate.open();
            awaitIdle(harness);
            answersAgain(harness);
        }
    }

    @Test
    void cancel_duringDecode_finishesTheTurnAndTheConversationGoesOn() {
        try (Harness harness = Harness.start()) {
            ConverseClient client = harness.converse().open(Requests.open());
            client.opened();
            client.turn(Requests.turn("hello", 0)); // as many as fit: thousands
            client.next();
            client.cancelTurn();
            assertThat(ConverseClient.finished(client.answer()).getReason())
                    .isEqualTo(FinishReason.FINISH_REASON_CANCELLED);
            assertThat(ConverseClient.tokens(
                            client.turn(Requests.turn("more", 7)).answer()))
                    .hasSize(7);
        }
    }

    @Test
    void cancel_duringPrefill_finishesTheTurn() {
        var gate = new Gate();
        try (Harness harness = gate.harness()) {
            ConverseClient client = harness.converse().open(Requests.open());
            client.opened();
            gate.close(); // the first chunk of the prompt waits
            client.turn(Requests.turn("x".repeat(2000), 5));
            await().until(() -> gate.waiting);
            client.cancelTurn();
            client.send(ConverseRequest.newBuilder()
                    .setUpdate(Update.getDefaultInstance())
                    .build());
            gate.open();
            List<ConverseResponse> answer = client.answer();
            assertThat(ConverseClient.finished(answer).getReason()).isEqualTo(FinishReason.FINISH_REASON_CANCELLED);
            assertThat(ConverseClient.tokens(client.turn(Requests.turn("hi", 4)).answer()))
                    .hasSize(4);
        }
    }

    @Test
    void cancel_withNothingRunning_isIgnored() {
        try (Harness harness = Harness.start()) {
            ConverseClient client = harness.converse().open(Requests.open()).cancelTurn();
            client.opened();
            assertThat(ConverseClient.tokens(client.turn(Requests.turn("hi", 4)).answer()))
                    .hasSize(4);
        }
    }

    @Test
    void hangUp_duringPrefillAndDecode_freesEverything() {
        var gate = new Gate();
        try (Harness harness = gate.harness()) {
            ConverseClient decoding = harness.converse().open(Requests.open());
            decoding.opened();
            decoding.turn(Requests.turn("hello", 0)).next();
            decoding.hangUp();
            ConverseClient prefilling = harness.converse().open(Requests.open());
            prefilling.opened();
            awaitIdle(harness);
            gate.close();
            prefilling.turn(Requests.turn("x".repeat(2000), 5));
            await().until(() -> gate.waiting);
            prefilling.hangUp();
            gate.open();
            awaitIdle(harness);
            await().until(() -> harness.engine.status().cellsUsed() == 0
                    && harness.engine.status().sessions() == 0);
            await().until(() -> harness.server.serving().openStreams() == 0);
            answersAgain(harness);
        }
    }

    @Test
    void deadline_duringDecode_endsTheTurn() {
        var gate = new Gate();
        try (Harness harness = gate.harness()) {
            gate.close();
            ConverseClient client = new ConverseClient(
                    InferenceServiceGrpc.newStub(harness.channel).withDeadlineAfter(300, TimeUnit.MILLISECONDS));
            client.open(Requests.open()).turn(Requests.turn("hello", 0));
            assertThat(client.end().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
            gate.open();
            awaitIdle(harness);
            answersAgain(harness);
        }
    }

    @Test
    void update_changesTheTurnsThatFollow() {
        try (Harness harness = Harness.start()) {
            ConverseClient client = harness.converse().open(Requests.open());
            client.opened();
            assertThat(client.turn(Requests.turn("hello", 20)).answer()).noneMatch(ConverseResponse::hasRound);
            client.update(Requests.update(Requests.options()
                    .setReportRounds(true)
                    .setLogProbabilities(2)
                    .setDraft(DraftPolicy.newBuilder().setMode("aded").setMaxNodes(6))));
            List<ConverseResponse> answer =
                    client.turn(Requests.turn("hello", 40)).answer();
            List<Round> rounds = answer.stream()
                    .filter(ConverseResponse::hasRound)
                    .map(ConverseResponse::getRound)
                    .toList();
            List<Integer> emitted = new ArrayList<>();
            rounds.forEach(round -> emitted.addAll(round.getEmittedTokensList()));
            assertThat(emitted).isEqualTo(ConverseClient.tokens(answer)).hasSize(40);
            assertThat(rounds).allSatisfy(round -> {
                assertThat(round.getNodesList()).hasSizeBetween(1, 7);
                assertThat(round.getNodes(0).getParent()).isEqualTo(-1);
                assertThat(round.getNodesList().stream()
                                .filter(node -> node.getAccepted())
                                .count())
                        .isEqualTo(round.getEmittedTokensCount() - 1);
            });
            Finished finished = ConverseClient.finished(answer);
            assertThat(finished.getSpeculation().getNumSteps()).isEqualTo(rounds.size());
            assertThat(finished.getSpeculation().getNumAcceptedDraftTokens()).isEqualTo(40 - rounds.size());
            assertThat(answer.stream()
                            .flatMap(response -> response.getDelta().getLogProbabilitiesList().stream())
                            .toList())
                    .hasSize(40)
                    .allSatisfy(entry -> {
                        assertThat(entry.getLogProbability()).isLessThanOrEqualTo(0f);
                        assertThat(entry.getAlternativesList()).hasSize(2);
                        assertThat(entry.getText()).hasSize(1);
                    });
        }
    }

    @Test
    void seed_resetOrCleared_isDrawnAfreshForTheTurnOrFromThenOn() {
        FieldMask seed = FieldMask.newBuilder().addPaths("sampling.seed").build();
        try (Harness harness = Harness.start()) {
            ConverseClient client = harness.converse().open(Requests.open());
            client.opened();
            Turn turn = Requests.turn("hello", 3);
            Turn fresh = turn.toBuilder().setReset(seed).build();
            assertThat(seedOf(client, turn)).isEqualTo(3);
            assertThat(seedOf(client, fresh)).isNotEqualTo(3);
            assertThat(seedOf(client, turn)).isEqualTo(3);
            client.update(Update.newBuilder().setUpdateMask(seed).build());
            assertThat(seedOf(client, turn)).isNotEqualTo(3);
        }
    }

    private static int seedOf(ConverseClient client, Turn turn) {
        List<ConverseResponse> answer = client.turn(turn).answer();
        assertThat(ConverseClient.tokens(answer)).hasSize(3);
        return ConverseClient.finished(answer).getSeed();
    }

    @Test
    void slowClient_parksItselfAndLosesNothing() {
        try (Harness harness = Harness.start()) {
            ConverseClient slow = new ConverseClient(InferenceServiceGrpc.newStub(harness.channel), false);
            slow.open(Requests.open()).take(1);
            slow.opened();
            slow.turn(Requests.turn("hello", 300));
            await().until(() -> harness.engine.status().parked() == 1);
            answersAgain(harness); // others go on
            assertThat(harness.engine.status().parked()).isEqualTo(1);
            slow.take(1_000_000);
            assertThat(ConverseClient.tokens(slow.answer())).hasSize(300);
        }
    }

    @Test
    void drain_whileATurnRuns_letsItFinish() throws InterruptedException {
        var gate = new Gate();
        try (Harness harness = gate.harness()) {
            ConverseClient idle = harness.converse().open(Requests.open());
            idle.opened();
            ConverseClient busy = harness.converse().open(Requests.open());
            busy.opened();
            gate.close();
            busy.turn(Requests.turn("hello", 30));
            await().until(() -> gate.waiting);
            Thread drain = Thread.ofVirtual().start(() -> harness.server.drain(Duration.ofSeconds(20)));
            assertStatus(idle.failure(), Status.Code.UNAVAILABLE, "DRAINING");
            gate.open();
            assertThat(ConverseClient.tokens(busy.answer())).hasSize(30);
            assertStatus(busy.failure(), Status.Code.UNAVAILABLE, "DRAINING");
            drain.join();
        }
    }

    @Test
    void drain_whenTheGraceIsOver_cancelsAndSaysWhy() {
        var gate = new Gate();
        try (Harness harness = gate.harness()) {
            ConverseClient busy = harness.converse().open(Requests.open());
            busy.opened();
            gate.close();
            busy.turn(Requests.turn("hello", 30));
            await().until(() -> gate.waiting);
            harness.server.drain(Duration.ofMillis(50));
            assertStatus(busy.failure(), Status.Code.UNAVAILABLE, "DRAINING");
            gate.open();
            awaitIdle(harness);
        }
    }

    private static void awaitIdle(Harness harness) {
        await().until(() -> harness.engine.status().running() == 0
                && harness.engine.status().waiting() == 0);
    }

    private static void answersAgain(Harness harness) {
        ConverseClient client = harness.converse().open(Open.getDefaultInstance());
        client.opened();
        assertThat(ConverseClient.tokens(client.turn(Turn.newBuilder()
                                .setText("abc")
                                .setOptions(Requests.options().setMaxTokens(6))
                                .build())
                        .answer()))
                .hasSize(6);
        client.halfClose().end();
    }
}
