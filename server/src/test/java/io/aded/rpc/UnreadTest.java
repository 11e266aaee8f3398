package io.aded.rpc;

import static io.aded.rpc.Requests.generate;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.aded.serving.ServingLimits;
import io.aded.v1.ConverseRequest;
import io.aded.v1.ConverseResponse;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerateResponse;
import io.aded.v1.InferenceServiceGrpc;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Callers that do not read what they asked for. */
class UnreadTest {
    private final Harness harness = Harness.start(new ServingLimits(Duration.ofMinutes(1), 4, Duration.ofMillis(200)));

    @AfterEach
    void stop() {
        harness.close();
    }

    /** Remembers how a call ended. */
    private static final class End<A> extends ClientCall.Listener<A> {
        final CompletableFuture<Status> status = new CompletableFuture<>();

        @Override
        public void onClose(Status end, Metadata trailers) {
            status.complete(end);
        }
    }

    private ClientCall<GenerateRequest, GenerateResponse> idleReader(End<GenerateResponse> end) {
        var call = harness.channel.newCall(InferenceServiceGrpc.getGenerateMethod(), CallOptions.DEFAULT);
        call.start(end, new Metadata());
        call.sendMessage(generate("x", 1000).build());
        call.halfClose();
        return call; // and nothing is asked for
    }

    @Test
    void generate_asManyAsMayRunAreNotRead_othersOfTheSameCallerGetTheirPlaces() {
        List<ClientCall<GenerateRequest, GenerateResponse>> calls = new ArrayList<>();
        List<End<GenerateResponse>> ends = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            ends.add(new End<>());
            calls.add(idleReader(ends.get(i)));
        }
        var answer = harness.inference()
                .withDeadlineAfter(20, TimeUnit.SECONDS)
                .generate(generate("read", 3).build());

        assertThat(answer.hasNext()).isTrue();
        answer.forEachRemaining(_ -> {});
        await().until(() -> harness.engine.openTurns() == 0 && harness.engine.openSessions() == 0);
        for (int i = 0; i < 16; i++) {
            calls.get(i).request(1000);
            assertThat(ends.get(i).status)
                    .succeedsWithin(Duration.ofSeconds(20))
                    .satisfies(status -> {
                        assertThat(status.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
                        assertThat(status.getDescription()).contains("not read for 200 ms");
                    });
        }
    }

    @Test
    void converse_turnThatIsNotRead_endsTheStreamAndKeepsTheConversation() {
        var end = new End<ConverseResponse>();
        ClientCall<ConverseRequest, ConverseResponse> call =
                harness.channel.newCall(InferenceServiceGrpc.getConverseMethod(), CallOptions.DEFAULT);
        call.start(end, new Metadata());
        call.sendMessage(ConverseRequest.newBuilder()
                .setOpen(Requests.open().toBuilder().setConversationId("kept"))
                .build());
        call.sendMessage(
                ConverseRequest.newBuilder().setTurn(Requests.turn("x", 1000)).build());

        await().until(() -> harness.server.serving().keptConversations() == 1);

        assertThat(harness.engine.openTurns()).isZero();
        call.request(1000);
        assertThat(end.status)
                .succeedsWithin(Duration.ofSeconds(20))
                .extracting(Status::getCode)
                .isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    }

    @Test
    void generate_readInTime_goesOn() {
        var end = new End<GenerateResponse>();
        ClientCall<GenerateRequest, GenerateResponse> call = idleReader(end);
        call.request(2000);

        assertThat(end.status)
                .succeedsWithin(Duration.ofSeconds(20))
                .extracting(Status::isOk)
                .isEqualTo(true);
    }
}
