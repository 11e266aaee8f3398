package io.aded.telemetry;

import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.metrics.Meter;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.TracerProvider;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.ContextKey;
import io.opentelemetry.context.propagation.TextMapPropagator;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.InstantSource;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The façade of tracing and metrics: one for the process, handed to the engines and to the RPC server. Thread-safe.
 *
 * <h2>Off unless asked for</h2>
 *
 * OpenTelemetry's own defaults send everything to a collector on the local machine. A sidecar that nobody configured
 * must not try, so here every exporter is {@code none} until an {@code OTEL_*} variable (or the system property of the
 * same meaning) names an exporter or an OTLP endpoint. Traces and metrics are decided separately; what is off costs a
 * no-op object and allocates nothing. OpenTelemetry's SDK is not even loaded before {@link #fromEnvironment}, so that
 * an engine can be embedded without it.
 *
 * <h2>Spans</h2>
 *
 * <pre>
 * aded.v1.InferenceService/Converse      SERVER    {@link #startCall}
 * └─ chat tinyllama                      INTERNAL  {@link EngineTelemetry#startTurn}
 *    ├─ prefill
 *    ├─ draft     round 0
 *    ├─ verify    round 0
 *    └─ …
 * </pre>
 */
public final class Telemetry implements AutoCloseable {
    private static final ContextKey<Attributes> TURN_ATTRIBUTES = ContextKey.named("aded-turn-attributes");

    private final OpenTelemetry openTelemetry;
    private final Runnable shutDown;
    private final boolean traces;
    private final boolean metrics;
    private final Tracer tracer;
    private final EpochClock clock;
    private final @Nullable PrometheusRegistry prometheus;
    private final Map<String, Instruments> instruments = new ConcurrentHashMap<>();

    private Telemetry(
            OpenTelemetry openTelemetry,
            Runnable shutDown,
            boolean traces,
            boolean metrics,
            @Nullable PrometheusRegistry prometheus,
            EpochClock clock) {
        this.openTelemetry = openTelemetry;
        this.shutDown = shutDown;
        this.traces = traces;
        this.metrics = metrics;
        this.prometheus = prometheus;
        this.tracer = (traces ? openTelemetry.getTracerProvider() : TracerProvider.noop()).get(TelemetryNames.SCOPE);
        this.clock = clock;
    }

    /** Records nothing. */
    public static Telemetry none() {
        return new Telemetry(OpenTelemetry.noop(), () -> {}, false, false, null, new EpochClock(System::nanoTime, 0));
    }

    /** Records traces and metrics with a given OpenTelemetry, which stays the caller's to close. */
    public static Telemetry of(OpenTelemetry openTelemetry) {
        return new Telemetry(openTelemetry, () -> {}, true, true, null, systemClock());
    }

    /**
     * As {@link #of(OpenTelemetry)}, by clocks of the caller's.
     *
     * @param nanoClock monotonic nanoseconds, the clock of the engines that report here
     * @param wall the calendar, looked at once
     */
    public static Telemetry of(OpenTelemetry openTelemetry, LongSupplier nanoClock, InstantSource wall) {
        return new Telemetry(openTelemetry, () -> {}, true, true, null, EpochClock.anchored(nanoClock, wall));
    }

    private static EpochClock systemClock() {
        return EpochClock.anchored(System::nanoTime, InstantSource.system());
    }

    /** As {@link #fromEnvironment(PrometheusEndpoint)}, without a Prometheus page. */
    public static Telemetry fromEnvironment() {
        return fromEnvironment(null);
    }

    /**
     * Configures itself by the standard {@code OTEL_*} environment variables and {@code otel.*} system properties.
     *
     * @param prometheus where to serve a Prometheus page, or null for nowhere
     * @throws IllegalStateException if the port cannot be bound or a variable has a value that is not allowed
     */
    public static Telemetry fromEnvironment(@Nullable PrometheusEndpoint prometheus) {
        return configured(Map.of(), prometheus);
    }

    /** As {@link #fromEnvironment(PrometheusEndpoint)}, where {@code overrides} win over the environment. */
    static Telemetry configured(Map<String, String> overrides, @Nullable PrometheusEndpoint prometheus) {
        ConfiguredSdk configured = ConfiguredSdk.of(overrides, prometheus);
        return new Telemetry(
                configured.sdk(),
                configured::shutDown,
                configured.traces(),
                configured.metrics(),
                configured.registry(),
                systemClock());
    }

    /** Where the Prometheus page is served. Port 0 picks a free one. */
    public record PrometheusEndpoint(String host, int port) {
        public PrometheusEndpoint {
            Objects.requireNonNull(host);
            if (port < 0 || port > 65535) {
                throw new IllegalArgumentException("Prometheus port is " + port + "; allowed: 0 to 65535");
            }
        }

        /** Reads {@code PORT} (on the loopback address) or {@code HOST:PORT}. */
        public static PrometheusEndpoint parse(String text) {
            int colon = text.lastIndexOf(':');
            String host = colon < 0 ? "127.0.0.1" : text.substring(0, colon);
            try {
                return new PrometheusEndpoint(host, Integer.parseInt(text.substring(colon + 1)));
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(
                        "Prometheus address is \"" + text + "\"; allowed: PORT or HOST:PORT", e);
            }
        }
    }

    /** Whether spans are recorded. */
    public boolean recordsTraces() {
        return traces;
    }

    /** Whether measurements are recorded. */
    public boolean recordsMetrics() {
        return metrics;
    }

    /** What is behind this, for libraries that bring instruments of their own. */
    public OpenTelemetry openTelemetry() {
        return openTelemetry;
    }

    /** How trace context and baggage travel in metadata. */
    public TextMapPropagator propagator() {
        return openTelemetry.getPropagators().getTextMapPropagator();
    }

    /**
     * What one engine reports to.
     *
     * @param model the model's name, for spans and metric attributes
     */
    public EngineTelemetry forEngine(String model) {
        return traces || metrics
                ? new RecordingEngineTelemetry(
                        model, traces ? tracer : null, metrics ? instruments(model) : null, clock)
                : EngineTelemetry.NONE;
    }

    /** One set a model, however many engines decode with it: an instrument that is read may be made only once. */
    private Instruments instruments(String model) {
        return instruments.computeIfAbsent(
                model, name -> new Instruments(openTelemetry.getMeter(TelemetryNames.SCOPE), name));
    }

    /**
     * Shows an engine's gauges, and how its drafters fare, to metric readers until the result is closed.
     *
     * @param model the model's name
     * @param gauges a recent snapshot; called by readers, so cheap and thread-safe
     * @param drafts as {@code gauges}
     */
    public AutoCloseable watch(String model, Supplier<EngineGauges> gauges, Supplier<DraftGauges> drafts) {
        if (!metrics) {
            return () -> {};
        }
        Meter meter = openTelemetry.getMeter(TelemetryNames.SCOPE);
        GaugePublisher busy = new GaugePublisher(meter, prometheus, model, gauges);
        DraftPublisher drafting = new DraftPublisher(meter, model, drafts);
        return () -> {
            busy.close();
            drafting.close();
        };
    }

    /**
     * Shows a server's connections to metric readers until the result is closed.
     *
     * @param gauges as they are; called by readers, so cheap and thread-safe
     */
    public AutoCloseable watchConnections(Supplier<ConnectionGauges> gauges) {
        return metrics ? new ConnectionPublisher(openTelemetry.getMeter(TelemetryNames.SCOPE), gauges) : () -> {};
    }

    /**
     * Starts the span of a call, SERVER, as a child of what the caller sent.
     *
     * @param parent with the caller's trace context and baggage
     * @param service full name of the service
     * @param method name of the method
     */
    public Context startCall(Context parent, String service, String method) {
        if (!traces) {
            return parent;
        }
        Span span = tracer.spanBuilder(service + "/" + method)
                .setSpanKind(SpanKind.SERVER)
                .setParent(parent)
                .setStartTimestamp(clock.epochNanos(clock.nanoTime()), TimeUnit.NANOSECONDS)
                .setAttribute(TelemetryNames.RPC_SYSTEM, "grpc")
                .setAttribute(TelemetryNames.RPC_SERVICE, service)
                .setAttribute(TelemetryNames.RPC_METHOD, method)
                .startSpan();
        return parent.with(span);
    }

    /**
     * Ends the span of a call.
     *
     * @param call what {@link #startCall} returned
     * @param statusCode the numeric gRPC status
     * @param error the name of the status if the server is to blame, null otherwise
     */
    public void endCall(Context call, int statusCode, @Nullable String error) {
        Span span = Span.fromContext(call);
        if (!traces || !span.isRecording()) {
            return;
        }
        span.setAttribute(TelemetryNames.RPC_STATUS, statusCode);
        if (error != null) {
            span.setStatus(io.opentelemetry.api.trace.StatusCode.ERROR, error);
            span.setAttribute(TelemetryNames.ERROR_TYPE, error);
        }
        span.end(clock.epochNanos(clock.nanoTime()), TimeUnit.NANOSECONDS);
    }

    /** Attributes that the next turn started below this context puts on its span, such as sampling settings. */
    public static Context withTurnAttributes(Context context, Attributes attributes) {
        return context.with(TURN_ATTRIBUTES, attributes);
    }

    static @Nullable Attributes turnAttributes(Context context) {
        return context.get(TURN_ATTRIBUTES);
    }

    /** Sends what is still held, for a few seconds at most, and stops. */
    @Override
    public void close() {
        shutDown.run();
    }
}
