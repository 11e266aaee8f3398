package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.aded.telemetry.OtlpReceiver;
import io.aded.telemetry.Telemetry;
import io.aded.v1.ConverseResponse;
import io.aded.v1.DraftPolicy;
import io.aded.v1.Finished;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.Open;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** One turn through the server, the real engine and a real OTLP/gRPC endpoint. */
class TraceExportTest {

    @Test
    void turn_overConverse_exportsOneDraftAndOneVerifySpanPerRound() throws IOException {
        try (OtlpReceiver receiver = OtlpReceiver.start()) {
            Finished finished;
            List<ConverseResponse> answer;
            Telemetry telemetry = receiver.telemetry();
            try (telemetry;
                    Harness harness = Harness.traced(telemetry)) {
                Metadata metadata = new Metadata();
                metadata.put(
                        Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER),
                        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
                var client = new ConverseClient(InferenceServiceGrpc.newStub(harness.channel)
                        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata)));
                client.open(Open.newBuilder()
                                .setOptions(Requests.greedy()
                                        .setReportRounds(true)
                                        .setDraft(DraftPolicy.newBuilder()
                                                .setMode("aded")
                                                .setMaxNodes(6)))
                                .build())
                        .opened();
                answer = client.turn(Requests.turn("hello", 60)).answer();
                finished = ConverseClient.finished(answer);
                client.halfClose().end();
                await().until(() -> harness.server.serving().openStreams() == 0);
            }
            int rounds = Math.toIntExact(finished.getSpeculation().getNumSteps());
            List<Span> spans = receiver.spans();
            Span call = only(spans, "aded.v1.InferenceService/Converse");
            Span turn = only(spans, "chat scripted");
            Span prefill = only(spans, "prefill");
            assertThat(call.getTraceId().toByteArray()).startsWith(0x0a, 0xf7, 0x65, 0x19);
            assertThat(turn.getParentSpanId()).isEqualTo(call.getSpanId());
            assertThat(prefill.getParentSpanId()).isEqualTo(turn.getSpanId());
            assertThat(number(turn, "gen_ai.usage.output_tokens")).isEqualTo(60);
            assertThat(OtlpReceiver.attributes(turn).keySet())
                    .contains("gen_ai.request.temperature", "gen_ai.request.seed", "gen_ai.conversation.id");
            for (String name : new String[] {"draft", "verify"}) {
                List<Span> each = spans.stream()
                        .filter(span -> span.getName().equals(name))
                        .toList();
                assertThat(each)
                        .extracting(span -> number(span, "aded.round.index"))
                        .containsExactlyInAnyOrderElementsOf(IntStream.range(0, rounds)
                                .mapToObj(i -> (long) i)
                                .toList());
                assertThat(each).allSatisfy(span -> {
                    assertThat(span.getParentSpanId()).isEqualTo(turn.getSpanId());
                    assertThat(span.getTraceId()).isEqualTo(turn.getTraceId());
                    assertThat(OtlpReceiver.attributes(span).keySet())
                            .contains(
                                    "aded.round.index",
                                    "aded.draft.source",
                                    "aded.draft.nodes",
                                    "aded.draft.depth",
                                    "aded.draft.accepted",
                                    "aded.batch.tokens",
                                    "aded.batch.streams");
                });
                assertThat(each.stream()
                                .mapToLong(span -> number(span, "aded.draft.accepted"))
                                .sum())
                        .isEqualTo(finished.getSpeculation().getNumAcceptedDraftTokens());
            }
            assertThat(answer.stream().filter(ConverseResponse::hasRound)).hasSize(rounds);
        }
    }

    private static Span only(List<Span> spans, String name) {
        List<Span> found =
                spans.stream().filter(span -> span.getName().equals(name)).toList();
        assertThat(found).as(name).hasSize(1);
        return found.getFirst();
    }

    private static long number(Span span, String attribute) {
        return OtlpReceiver.attribute(span, attribute).getIntValue();
    }
}
