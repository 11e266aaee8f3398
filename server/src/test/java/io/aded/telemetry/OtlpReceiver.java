package io.aded.telemetry;

import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceResponse;
import io.opentelemetry.proto.collector.metrics.v1.MetricsServiceGrpc;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import io.opentelemetry.proto.collector.trace.v1.TraceServiceGrpc;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;

/** A collector: a real OTLP/gRPC endpoint on the loopback address that keeps what it is sent. */
public final class OtlpReceiver implements AutoCloseable {
    private final Queue<Span> spans = new ConcurrentLinkedQueue<>();
    private final Queue<Metric> metrics = new ConcurrentLinkedQueue<>();
    private final Server server;

    private OtlpReceiver() throws IOException {
        server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .addService(new TraceServiceGrpc.TraceServiceImplBase() {
                    @Override
                    public void export(
                            ExportTraceServiceRequest request, StreamObserver<ExportTraceServiceResponse> responses) {
                        request.getResourceSpansList()
                                .forEach(resource -> resource.getScopeSpansList()
                                        .forEach(scope -> spans.addAll(scope.getSpansList())));
                        responses.onNext(ExportTraceServiceResponse.getDefaultInstance());
                        responses.onCompleted();
                    }
                })
                .addService(new MetricsServiceGrpc.MetricsServiceImplBase() {
                    @Override
                    public void export(
                            ExportMetricsServiceRequest request,
                            StreamObserver<ExportMetricsServiceResponse> responses) {
                        request.getResourceMetricsList()
                                .forEach(resource -> resource.getScopeMetricsList()
                                        .forEach(scope -> metrics.addAll(scope.getMetricsList())));
                        responses.onNext(ExportMetricsServiceResponse.getDefaultInstance());
                        responses.onCompleted();
                    }
                })
                .build()
                .start();
    }

    /** Listens on a free port. */
    public static OtlpReceiver start() throws IOException {
        return new OtlpReceiver();
    }

    /** What {@code OTEL_EXPORTER_OTLP_ENDPOINT} takes. */
    public String endpoint() {
        return "http://127.0.0.1:" + server.getPort();
    }

    /** A telemetry that sends here, as the environment would have set it up. */
    public Telemetry telemetry() {
        return Telemetry.configured(Map.of("otel.exporter.otlp.endpoint", endpoint()), null);
    }

    /** Spans received so far. */
    public List<Span> spans() {
        return List.copyOf(spans);
    }

    /** Metrics received so far. */
    public List<Metric> metrics() {
        return List.copyOf(metrics);
    }

    /** Attributes by name. */
    public static Map<String, AnyValue> attributes(Span span) {
        return span.getAttributesList().stream().collect(Collectors.toMap(KeyValue::getKey, KeyValue::getValue));
    }

    /** The value of one attribute; fails if the span has none of that name. */
    public static AnyValue attribute(Span span, String name) {
        AnyValue value = attributes(span).get(name);
        if (value == null) {
            throw new AssertionError(span.getName() + " has no " + name);
        }
        return value;
    }

    @Override
    public void close() {
        server.shutdownNow();
    }
}
