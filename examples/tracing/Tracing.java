import io.aded.client.AdedClient;
import io.opentelemetry.api.GlobalOpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.Collection;

/**
 * One trace from this program into the server: its spans, down to draft and verify, are descendants of the span here.
 *
 * <p>The client needs OpenTelemetry's API alone; this program prints its own spans. A server that exports its own,
 * such as {@code OTEL_TRACES_EXPORTER=otlp ./aded serve}, sends the rest of the same trace to where it is told.
 */
public final class Tracing {
    private Tracing() {}

    public static void main(String[] arguments) {
        OpenTelemetrySdk telemetry = OpenTelemetrySdk.builder()
                .setTracerProvider(SdkTracerProvider.builder()
                        .addSpanProcessor(SimpleSpanProcessor.create(new Printer()))
                        .build())
                .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance()))
                .build();
        GlobalOpenTelemetry.set(telemetry);
        try (telemetry;
                AdedClient client = AdedClient.connect(arguments[0])) {
            Span question =
                    telemetry.getTracer("example").spanBuilder("a question").startSpan();
            try (Scope inside = question.makeCurrent()) {
                System.out.println(client.chat("Name three rivers.")
                        .with(options -> options.maxTokens(32))
                        .answer()
                        .text());
                System.out.println("trace " + Span.current().getSpanContext().getTraceId());
            } finally {
                question.end();
            }
        }
    }

    /** Where a program of its own would send its spans to a collector. */
    private static final class Printer implements SpanExporter {
        @Override
        public CompletableResultCode export(Collection<SpanData> spans) {
            spans.forEach(span -> System.out.println("span " + span.getName() + " " + span.getSpanId() + " below "
                    + span.getParentSpanId() + " " + span.getAttributes().asMap()));
            return CompletableResultCode.ofSuccess();
        }

        @Override
        public CompletableResultCode flush() {
            return CompletableResultCode.ofSuccess();
        }

        @Override
        public CompletableResultCode shutdown() {
            return CompletableResultCode.ofSuccess();
        }
    }
}
