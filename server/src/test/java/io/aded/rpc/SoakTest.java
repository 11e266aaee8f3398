package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.aded.engine.EngineOptions;
import io.aded.model.ScriptedModel;
import io.aded.v1.DraftMode;
import io.aded.v1.DraftPolicy;
import io.aded.v1.GenerateRequest;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.Open;
import io.aded.v1.Sampling;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * Random calls at once, with cancels, disconnects, deadlines, slow readers and bad input mixed in. Afterwards nothing may
 * be left, and every call that was left alone must have the answer that it gets alone. {@code -Daded.soak=10000} makes it
 * as long as one likes.
 */
class SoakTest {
    private static final int CALLS = Integer.getInteger("aded.soak", 300);
    private static final long SEED = Long.getLong("aded.seed", 20260101L);
    private static final int AT_ONCE = 24;
    private static final DraftMode[] MODES = {
        DraftMode.DRAFT_MODE_OFF, DraftMode.DRAFT_MODE_AUTO, DraftMode.DRAFT_MODE_ADED, DraftMode.DRAFT_MODE_ADED_MCTS
    };

    private final Map<String, List<Integer>> alone = new ConcurrentHashMap<>();

    @Test
    void calls_ofAllKindsAtOnce_leaveNothingBehindAndDisturbNoOther() throws Exception {
        // A small cache: turns wait, idle ones are parked, the youngest are recomputed.
        try (Harness harness =
                Harness.start(new ScriptedModel(ScriptedModel.babble(7, 3)), EngineOptions.ofCells(3000))) {
            var random = new SplittableRandom(SEED);
            var permits = new Semaphore(AT_ONCE);
            List<Future<?>> calls = new ArrayList<>();
            for (int prompt = 0; prompt < 10; prompt++) {
                alone.put("prompt " + prompt, plain(harness, "prompt " + prompt, DraftMode.DRAFT_MODE_OFF));
            }
            try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int call = 0; call < CALLS; call++) {
                    permits.acquire();
                    SplittableRandom own = random.split();
                    Callable<Void> work = () -> {
                        try {
                            oneCall(harness, own);
                        } finally {
                            permits.release();
                        }
                        return null;
                    };
                    calls.add(threads.submit(work));
                }
            }
            for (Future<?> call : calls) {
                call.get();
            }
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                var status = harness.engine.status();
                assertThat(status.running()).as("running, seed %d", SEED).isZero();
                assertThat(status.waiting()).isZero();
                assertThat(status.sessions()).isZero();
                assertThat(status.cellsUsed()).isZero();
                assertThat(status.sequencesUsed()).isZero();
                assertThat(harness.server.openStreams()).isZero();
                assertThat(harness.server.keptConversations()).isZero();
            });
        }
    }

    private void oneCall(Harness harness, SplittableRandom random) {
        String prompt = "prompt " + random.nextInt(10);
        DraftMode mode = MODES[random.nextInt(MODES.length)];
        switch (random.nextInt(8)) {
            case 0 -> hangUp(harness, prompt, random);
            case 1 -> deadline(harness, prompt, random);
            case 2 -> badInput(harness);
            case 3 -> slowReader(harness, prompt, random);
            case 4 -> cancelAndGoOn(harness, prompt);
            default ->
                assertThat(plain(harness, prompt, mode))
                        .as("%s with %s, seed %d", prompt, mode, SEED)
                        .isEqualTo(alone.get(prompt));
        }
    }

    private static GenerateRequest request(String prompt, DraftMode mode) {
        return Requests.generate(prompt, 80)
                .setDraft(DraftPolicy.newBuilder().setMode(mode))
                .build();
    }

    private static List<Integer> plain(Harness harness, String prompt, DraftMode mode) {
        List<Integer> tokens = new ArrayList<>();
        harness.inference()
                .generate(request(prompt, mode))
                .forEachRemaining(response -> tokens.addAll(response.getDelta().getTokensList()));
        return tokens;
    }

    private static void hangUp(Harness harness, String prompt, SplittableRandom random) {
        ConverseClient client = harness.converse().open(Requests.open());
        client.opened();
        client.turn(Requests.turn(prompt, 200));
        for (int i = random.nextInt(5); i > 0; i--) {
            client.next();
        }
        client.hangUp();
        assertThat(client.end().getCode()).isEqualTo(Status.Code.CANCELLED);
    }

    private static void deadline(Harness harness, String prompt, SplittableRandom random) {
        try {
            InferenceServiceGrpc.newBlockingStub(harness.channel)
                    .withDeadlineAfter(1 + random.nextInt(20), TimeUnit.MILLISECONDS)
                    .generate(request(prompt, DraftMode.DRAFT_MODE_AUTO))
                    .forEachRemaining(response -> {});
        } catch (StatusRuntimeException e) {
            assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        }
    }

    private static void badInput(Harness harness) {
        assertThat(Harness.fields(Harness.failure(() -> harness.inference()
                        .generate(GenerateRequest.newBuilder()
                                .setText("x")
                                .setSampling(Sampling.newBuilder().setTemperature(Float.NaN))
                                .build())
                        .next())))
                .containsExactly("sampling.temperature");
    }

    private void slowReader(Harness harness, String prompt, SplittableRandom random) {
        var slow = new ConverseClient(InferenceServiceGrpc.newStub(harness.channel), false);
        slow.open(Open.newBuilder().setSampling(Requests.GREEDY).build()).take(1);
        slow.opened();
        slow.turn(io.aded.v1.Turn.newBuilder().setText(prompt).setMaxTokens(80).build());
        List<Integer> tokens = new ArrayList<>();
        while (true) {
            slow.take(1 + random.nextInt(3));
            var response = slow.next();
            tokens.addAll(response.getDelta().getTokensList());
            if (response.hasFinished()) {
                break;
            }
        }
        assertThat(tokens).as("slow %s, seed %d", prompt, SEED).isEqualTo(alone.get(prompt));
        slow.halfClose();
        assertThat(slow.end()).isEqualTo(Status.OK);
    }

    private static void cancelAndGoOn(Harness harness, String prompt) {
        ConverseClient client = harness.converse().open(Requests.open());
        client.opened();
        client.turn(Requests.turn(prompt, 300)).cancelTurn();
        client.answer();
        assertThat(ConverseClient.tokens(client.turn(Requests.turn("more", 5)).answer()))
                .hasSize(5);
        assertThat(client.halfClose().end()).isEqualTo(Status.OK);
    }
}
