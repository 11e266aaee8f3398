package io.aded.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.opentelemetry.api.baggage.Baggage;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.metrics.v1.HistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TelemetryTest {
    private static final long MILLI = 1_000_000;

    /** A turn of three rounds: one with nothing accepted, one without a draft, one with two accepted. */
    private static void playTurn(EngineTelemetry engine, Context parent) {
        long start = System.nanoTime();
        TurnTelemetry turn = engine.startTurn(parent, "chat");
        turn.prefill(start, start + 5 * MILLI, 30, 10);
        turn.round(new RoundRecord(
                0,
                new RoundRecord.Draft("aded", 4, 2, start, start + MILLI),
                new RoundRecord.Verify(0, 5, 1, start + MILLI, start + 3 * MILLI)));
        turn.emitted(1, start + 3 * MILLI);
        turn.round(new RoundRecord(
                1,
                new RoundRecord.Draft("none", 0, 0, start, start),
                new RoundRecord.Verify(0, 1, 1, start, start + 2 * MILLI)));
        turn.emitted(1, start + 5 * MILLI);
        turn.round(new RoundRecord(
                2,
                new RoundRecord.Draft(
                        "aded",
                        6,
                        3,
                        start,
                        start + MILLI,
                        List.of("table", "table", "both", "model", "model", "table"),
                        "both",
                        "best"),
                new RoundRecord.Verify(2, 7, 2, start + MILLI, start + 3 * MILLI)));
        turn.emitted(3, start + 23 * MILLI);
        turn.end("stop", 40, 10, 5, null);
    }

    @Test
    void none_recordsNothingAndAllocatesNothing() {
        Telemetry none = Telemetry.none();
        assertThat(none.forEngine("m")).isSameAs(EngineTelemetry.NONE);
        assertThat(none.forEngine("m").startTurn(Context.root(), "chat")).isSameAs(TurnTelemetry.NONE);
        assertThat(none.startCall(Context.root(), "s", "m")).isSameAs(Context.root());
    }

    @Test
    void environment_withNothingSet_isOff() {
        try (Telemetry telemetry = Telemetry.configured(Map.of(), null)) {
            assertThat(telemetry.recordsTraces()).isFalse();
            assertThat(telemetry.recordsMetrics()).isFalse();
            assertThat(telemetry.forEngine("m")).isSameAs(EngineTelemetry.NONE);
        }
    }

    @Test
    void environment_oneSignal_leavesTheOtherOff() throws IOException {
        try (OtlpReceiver receiver = OtlpReceiver.start();
                Telemetry traces =
                        Telemetry.configured(Map.of("otel.exporter.otlp.traces.endpoint", receiver.endpoint()), null);
                Telemetry disabled = Telemetry.configured(
                        Map.of("otel.exporter.otlp.endpoint", receiver.endpoint(), "otel.sdk.disabled", "true"),
                        null)) {
            assertThat(traces.recordsTraces()).isTrue();
            assertThat(traces.recordsMetrics()).isFalse();
            assertThat(disabled.recordsTraces()).isFalse();
            assertThat(disabled.recordsMetrics()).isFalse();
        }
    }

    @Test
    void environment_unknownExporter_isRefusedByName() {
        assertThatThrownBy(() -> Telemetry.configured(Map.of("otel.traces.exporter", "carrier-pigeon"), null))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("carrier-pigeon");
    }

    @Test
    void turn_exportedOverOtlp_hasItsSpansBelowTheCallersTrace() throws IOException {
        try (OtlpReceiver receiver = OtlpReceiver.start()) {
            long before = epochNanos();
            try (Telemetry telemetry = receiver.telemetry()) {
                Context caller = telemetry
                        .propagator()
                        .extract(
                                Context.root(),
                                Map.of(
                                        "traceparent",
                                        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                                        "baggage",
                                        "tenant=blue"),
                                new MapGetter());
                Context call = telemetry.startCall(caller, "aded.v1.InferenceService", "Converse");
                assertThat(Baggage.fromContext(call).getEntryValue("tenant")).isEqualTo("blue");
                playTurn(
                        telemetry.forEngine("tiny"),
                        Telemetry.withTurnAttributes(call, Attributes.of(TelemetryNames.CONVERSATION_ID, "diary")));
                telemetry.endCall(call, 0, null);
            }
            long after = epochNanos();
            List<Span> spans = receiver.spans();
            assertThat(spans)
                    .extracting(Span::getName)
                    .containsExactlyInAnyOrder(
                            "aded.v1.InferenceService/Converse",
                            "chat tiny",
                            "prefill",
                            "draft",
                            "verify",
                            "draft",
                            "verify",
                            "draft",
                            "verify");
            Span call = named(spans, "aded.v1.InferenceService/Converse").getFirst();
            Span turn = named(spans, "chat tiny").getFirst();
            assertThat(call.getKind()).isEqualTo(Span.SpanKind.SPAN_KIND_SERVER);
            assertThat(call.getTraceId().toByteArray()).startsWith(0x0a, 0xf7);
            assertThat(call.getParentSpanId().toByteArray()).startsWith(0xb7, 0xad);
            assertThat(turn.getKind()).isEqualTo(Span.SpanKind.SPAN_KIND_INTERNAL);
            assertThat(turn.getParentSpanId()).isEqualTo(call.getSpanId());
            assertThat(OtlpReceiver.attributes(turn))
                    .hasEntrySatisfying(
                            "gen_ai.operation.name",
                            v -> assertThat(v.getStringValue()).isEqualTo("chat"))
                    .hasEntrySatisfying(
                            "gen_ai.provider.name",
                            v -> assertThat(v.getStringValue()).isEqualTo("llama_cpp"))
                    .hasEntrySatisfying(
                            "gen_ai.conversation.id",
                            v -> assertThat(v.getStringValue()).isEqualTo("diary"))
                    .hasEntrySatisfying(
                            "gen_ai.usage.input_tokens",
                            v -> assertThat(v.getIntValue()).isEqualTo(40))
                    .hasEntrySatisfying(
                            "gen_ai.usage.output_tokens",
                            v -> assertThat(v.getIntValue()).isEqualTo(5));
            for (Span child : spans) {
                assertThat(child.getStartTimeUnixNano()).isBetween(before - 50 * MILLI, after + 50 * MILLI);
                if (child != call && child != turn) {
                    assertThat(child.getParentSpanId()).isEqualTo(turn.getSpanId());
                }
            }
            Span verify = named(spans, "verify").stream()
                    .filter(span ->
                            OtlpReceiver.attribute(span, "aded.round.index").getIntValue() == 2)
                    .findFirst()
                    .orElseThrow();
            assertThat(verify.getEndTimeUnixNano() - verify.getStartTimeUnixNano())
                    .isEqualTo(2 * MILLI);
            assertThat(OtlpReceiver.attribute(verify, "aded.draft.source").getStringValue())
                    .isEqualTo("aded");
            assertThat(OtlpReceiver.attribute(verify, "aded.draft.nodes").getIntValue())
                    .isEqualTo(6);
            assertThat(OtlpReceiver.attribute(verify, "aded.draft.node_sources")
                            .getArrayValue()
                            .getValuesList())
                    .extracting(AnyValue::getStringValue)
                    .containsExactly("table", "table", "both", "model", "model", "table");
            assertThat(OtlpReceiver.attribute(verify, "aded.draft.arm").getStringValue())
                    .isEqualTo("both");
            assertThat(OtlpReceiver.attribute(verify, "aded.draft.arm_reason").getStringValue())
                    .isEqualTo("best");
            assertThat(OtlpReceiver.attribute(verify, "aded.draft.depth").getIntValue())
                    .isEqualTo(3);
            assertThat(OtlpReceiver.attribute(verify, "aded.draft.accepted").getIntValue())
                    .isEqualTo(2);
            assertThat(OtlpReceiver.attribute(verify, "aded.batch.tokens").getIntValue())
                    .isEqualTo(7);
            assertThat(OtlpReceiver.attribute(verify, "aded.batch.streams").getIntValue())
                    .isEqualTo(2);
        }
    }

    @Test
    void unsampledCaller_getsNoSpansButIsMeasured() throws IOException {
        try (OtlpReceiver receiver = OtlpReceiver.start()) {
            try (Telemetry telemetry = receiver.telemetry()) {
                Context caller = telemetry
                        .propagator()
                        .extract(
                                Context.root(),
                                Map.of("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"),
                                new MapGetter());
                playTurn(telemetry.forEngine("tiny"), telemetry.startCall(caller, "s", "m"));
            }
            assertThat(receiver.spans()).isEmpty();
            assertThat(receiver.metrics()).extracting(Metric::getName).contains("aded.rounds");
        }
    }

    @Test
    void metrics_exportedOverOtlp_addUpAndHaveTheirBuckets() throws IOException {
        try (OtlpReceiver receiver = OtlpReceiver.start()) {
            try (Telemetry telemetry = receiver.telemetry()) {
                playTurn(telemetry.forEngine("tiny"), Context.root());
            }
            assertThat(counter(receiver, "spec_decode_num_drafts")).isEqualTo(2);
            assertThat(counter(receiver, "spec_decode_num_draft_tokens")).isEqualTo(10);
            assertThat(counter(receiver, "spec_decode_num_accepted_tokens")).isEqualTo(2);
            assertThat(counter(receiver, "spec_decode_num_accepted_tokens_per_pos"))
                    .isEqualTo(2);
            assertThat(counter(receiver, "aded.rounds")).isEqualTo(3);
            assertThat(counter(receiver, "aded.completion.tokens")).isEqualTo(5);
            assertThat(counter(receiver, "aded.prompt.computed_tokens")).isEqualTo(30);
            assertThat(counter(receiver, "aded.prompt.reused_tokens")).isEqualTo(10);
            HistogramDataPoint first = histogram(receiver, "gen_ai.server.time_to_first_token");
            assertThat(first.getCount()).isEqualTo(1);
            assertThat(first.getExplicitBoundsList())
                    .containsExactly(.001, .005, .01, .02, .04, .06, .08, .1, .25, .5, .75, 1., 2.5, 5., 7.5, 10.);
            HistogramDataPoint perToken = histogram(receiver, "gen_ai.server.time_per_output_token");
            // 20 ms between the first and the last token, four tokens after the first.
            assertThat(perToken.getSum()).isCloseTo(.005, within(1e-9));
            assertThat(perToken.getExplicitBoundsList())
                    .containsExactly(.01, .025, .05, .075, .1, .15, .2, .3, .4, .5, .75, 1., 2.5);
            assertThat(histogram(receiver, "gen_ai.server.request.duration").getCount())
                    .isEqualTo(1);
            assertThat(histogram(receiver, "aded.round.acceptance_length").getSum())
                    .isEqualTo(5);
        }
    }

    @Test
    void metrics_ofSeveralEnginesOverOneModel_addUp() throws IOException {
        try (OtlpReceiver receiver = OtlpReceiver.start()) {
            try (Telemetry telemetry = receiver.telemetry()) {
                playTurn(telemetry.forEngine("tiny"), Context.root());
                playTurn(telemetry.forEngine("tiny"), Context.root());
            }
            assertThat(counter(receiver, "aded.rounds")).isEqualTo(6);
        }
    }

    @Test
    void prometheusPage_hasTheCountersAndTheAliases() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        try (Telemetry telemetry =
                        Telemetry.configured(Map.of(), Telemetry.PrometheusEndpoint.parse("127.0.0.1:" + port));
                AutoCloseable watch = telemetry.watch(
                        "tiny", () -> new EngineGauges(3, 7, 1, 9, 250, 1000, 4, 64), TelemetryTest::drafting)) {
            assertThat(watch).isNotNull();
            assertThat(telemetry.recordsTraces()).isFalse();
            playTurn(telemetry.forEngine("tiny"), Context.root());
            String page;
            try (HttpClient client = HttpClient.newHttpClient()) {
                page = client.send(
                                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics"))
                                        .build(),
                                HttpResponse.BodyHandlers.ofString())
                        .body();
            }
            assertThat(page)
                    .contains("vllm:num_requests_running{model_name=\"tiny\"} 3.0")
                    .contains("vllm:num_requests_waiting{model_name=\"tiny\"} 7.0")
                    .contains("vllm:kv_cache_usage_perc{model_name=\"tiny\"} 0.25")
                    .containsPattern("spec_decode_num_drafts_total\\{[^}]*} 2.0")
                    .containsPattern("spec_decode_num_draft_tokens_total\\{[^}]*} 10.0")
                    .containsPattern("spec_decode_num_accepted_tokens_total\\{[^}]*} 2.0")
                    .containsPattern("spec_decode_num_accepted_tokens_per_pos_total\\{[^}]*position=\"1\"[^}]*} 1.0")
                    .containsPattern("gen_ai_server_time_to_first_token_seconds_bucket\\{[^}]*le=\"0.001\"")
                    .containsPattern("aded_draft_arm_rounds_total\\{arm=\"both\",drafter=\"auto\"[^}]*} 30.0")
                    .containsPattern("aded_draft_arm_probes_total\\{arm=\"both\"[^}]*} 2.0")
                    .containsPattern("aded_draft_arm_draft_tokens_total\\{arm=\"both\"[^}]*} 90.0")
                    .containsPattern("aded_draft_arm_accepted_tokens_total\\{arm=\"both\"[^}]*} 60.0")
                    .containsPattern("aded_draft_arm_completion_tokens_total\\{arm=\"both\"[^}]*} 90.0")
                    .containsPattern("aded_draft_arm_weight[a-z_]*\\{arm=\"table\"[^}]*} 0.25")
                    .containsPattern("aded_draft_regret[a-z_]*\\{drafter=\"auto\"[^}]*} -1.5")
                    .containsPattern("aded_draft_model_passes_total\\{[^}]*} 44.0")
                    .containsPattern("aded_draft_model_time_seconds_total\\{[^}]*} 0.5")
                    .containsPattern("aded_draft_model_read_tokens_total\\{[^}]*} 7.0")
                    .containsPattern("aded_draft_model_copied_tokens_total\\{[^}]*} 300.0")
                    .containsPattern("aded_draft_model_rounds_total\\{[^}]*outcome=\"guessed\"[^}]*} 30.0")
                    .containsPattern("aded_draft_model_fallbacks_total\\{[^}]*outcome=\"refused_copy\"[^}]*} 3.0")
                    .containsPattern("aded_requests_running\\{[^}]*} 3.0")
                    .containsPattern("aded_kv_cache_usage[a-z_]*\\{[^}]*} 0.25");
        }
    }

    @Test
    void prometheusPort_inUse_saysSo() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            var endpoint = new Telemetry.PrometheusEndpoint("127.0.0.1", taken.getLocalPort());
            assertThatThrownBy(() -> Telemetry.configured(Map.of(), endpoint))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("in use")
                    .hasMessageEndingWith("; another port can be named, or 0 for any that is free");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "otel.exporter.otlp.protocol, OTEL_EXPORTER_OTLP_PROTOCOL",
        "otel.exporter.otlp.traces.protocol, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        "otel.exporter.otlp.metrics.protocol, OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"
    })
    void otlpProtocol_unknown_saysWhichThereAre(String property, String variable) {
        Map<String, String> sent =
                Map.of(property, "foo", "otel.traces.exporter", "otlp", "otel.metrics.exporter", "otlp");
        assertThatThrownBy(() -> Telemetry.configured(sent, null))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageEndingWith(variable + " is \"foo\"; it can be grpc or http/protobuf");
    }

    @Test
    void otlpProtocol_unknownOfWhatIsNotSent_isNoneOfOurBusiness() {
        String protocol = "otel.exporter.otlp.protocol";
        String endpoint = "otel.exporter.otlp.endpoint";
        for (Map<String, String> silent : List.of(
                Map.of(protocol, "http/json"),
                Map.of("otel.exporter.otlp.logs.protocol", "http/json"),
                Map.of(protocol, "http/json", endpoint, "http://127.0.0.1:1", "otel.sdk.disabled", "true"))) {
            Telemetry.configured(silent, null).close();
        }
    }

    private static DraftGauges drafting() {
        return new DraftGauges(
                List.of(
                        new DraftGauges.Arm("auto", "table", 10, 0, 20, 5, 15, 0.25, -1.5),
                        new DraftGauges.Arm("auto", "both", 30, 2, 90, 60, 90, 0.75, -1.5)),
                new DraftGauges.Model(44, 500 * MILLI, 7, 300, Map.of("guessed", 30L), Map.of("refused_copy", 3L)));
    }

    private static long epochNanos() {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }

    private static List<Span> named(List<Span> spans, String name) {
        return spans.stream().filter(span -> span.getName().equals(name)).toList();
    }

    private static Metric metric(OtlpReceiver receiver, String name) {
        return receiver.metrics().reversed().stream()
                .filter(metric -> metric.getName().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no metric " + name));
    }

    private static long counter(OtlpReceiver receiver, String name) {
        return metric(receiver, name).getSum().getDataPointsList().stream()
                .mapToLong(point -> point.getAsInt())
                .sum();
    }

    private static HistogramDataPoint histogram(OtlpReceiver receiver, String name) {
        return metric(receiver, name).getHistogram().getDataPoints(0);
    }

    private static final class MapGetter implements TextMapGetter<Map<String, String>> {
        @Override
        public Iterable<String> keys(Map<String, String> carrier) {
            return carrier.keySet();
        }

        @Override
        public @Nullable String get(@Nullable Map<String, String> carrier, String key) {
            return carrier == null ? null : carrier.get(key);
        }
    }
}
