package io.aded.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.grpc.Metadata;
import io.opentelemetry.api.GlobalOpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
final class CallSpansTest {
    private final InMemorySpanExporter exporter = InMemorySpanExporter.create();
    private final OpenTelemetrySdk telemetry = OpenTelemetrySdk.builder()
            .setTracerProvider(SdkTracerProvider.builder()
                    .addSpanProcessor(SimpleSpanProcessor.create(exporter))
                    .build())
            .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance()))
            .build();
    private final Sidecars sidecars = new Sidecars();

    @BeforeEach
    void open() {
        GlobalOpenTelemetry.resetForTest();
        GlobalOpenTelemetry.set(telemetry);
    }

    @AfterEach
    void close() {
        sidecars.close();
        telemetry.close();
        GlobalOpenTelemetry.resetForTest();
    }

    /** The one of a method; a span ends after its call has told its end. */
    private SpanData only(String method) {
        List<SpanData> spans = await().until(
                        () -> exporter.getFinishedSpanItems().stream()
                                .filter(span -> span.getName().endsWith(method))
                                .toList(),
                        found -> !found.isEmpty());
        assertThat(spans).hasSize(1);
        return spans.getFirst();
    }

    private String header() {
        return sidecars.fake.headers.element().get(Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER));
    }

    @Test
    @SuppressWarnings("try") // the scope is there to be closed
    void generate_withinASpan_isItsChildAndTheServerIsToldOfIt() {
        Span outer = telemetry.getTracer("test").spanBuilder("outer").startSpan();
        try (Scope inside = outer.makeCurrent()) {
            sidecars.client.generate("count 3").await();
        }
        SpanData span = only("Generate");
        assertThat(span.getName()).isEqualTo("aded.v1.InferenceService/Generate");
        assertThat(span.getKind()).isEqualTo(SpanKind.CLIENT);
        assertThat(span.getParentSpanId()).isEqualTo(outer.getSpanContext().getSpanId());
        assertThat(header()).startsWith("00-" + span.getTraceId() + "-" + span.getSpanId() + "-0");
        assertThat(span.getAttributes().get(AttributeKey.longKey("gen_ai.usage.output_tokens")))
                .isEqualTo(3);
        assertThat(span.getAttributes().get(AttributeKey.stringArrayKey("gen_ai.response.finish_reasons")))
                .containsExactly("stop");
        assertThat(span.getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
    }

    @Test
    void converse_severalTurns_isOneSpanWithAnEventForEach() {
        try (Conversation conversation = sidecars.client.converse()) {
            conversation.ask("count 1").await();
            conversation.ask("count 2").await();
        }
        assertThat(only("Converse").getEvents()).hasSize(2);
    }

    @Test
    void call_fails_isAnErrorWithItsReason() {
        assertThatExceptionOfType(AdedClientException.class)
                .isThrownBy(() -> sidecars.client.generate("fail 1 INTERNAL").await());
        SpanData span = only("Generate");
        assertThat(span.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
        assertThat(span.getAttributes().get(AttributeKey.stringKey("error.type")))
                .isEqualTo("SCRIPTED_INTERNAL");
    }

    @Test
    void tracing_switchedOff_hasNoSpans() {
        AdedClient silent = AdedClient.builder(sidecars.channel).tracing(false).build();
        silent.tokenize("a");
        assertThat(exporter.getFinishedSpanItems()).isEmpty();
        assertThat(header()).isNull();
    }

    @Test
    void call_noTelemetrySet_worksWithoutSpans() {
        GlobalOpenTelemetry.resetForTest();
        assertThat(sidecars.client.tokenize("a")).containsExactly(97);
        assertThat(GlobalOpenTelemetry.isSet()).isFalse();
        assertThat(header()).isNull();
    }
}
