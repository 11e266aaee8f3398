package io.aded.telemetry;

import io.opentelemetry.exporter.prometheus.PrometheusHttpServer;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.spi.ConfigProperties;
import io.opentelemetry.sdk.autoconfigure.spi.ConfigurationException;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * OpenTelemetry's SDK as the environment wants it. The only class that names the SDK: it is loaded when somebody asks
 * for telemetry by the environment.
 *
 * @param sdk what was configured; ours to shut down
 * @param traces whether somebody exports spans
 * @param metrics whether somebody reads measurements
 * @param registry behind the Prometheus page; null without one
 */
record ConfiguredSdk(
        OpenTelemetrySdk sdk,
        boolean traces,
        boolean metrics,
        @Nullable PrometheusRegistry registry) {
    private static final List<String> PROTOCOLS = List.of("grpc", "http/protobuf");

    /**
     * Reads the {@code OTEL_*} variables and {@code otel.*} system properties, over which {@code overrides} win.
     *
     * @param prometheus where to serve a Prometheus page, or null for nowhere
     * @throws IllegalStateException if the port cannot be bound or a variable has a value that is not allowed
     */
    static ConfiguredSdk of(Map<String, String> overrides, Telemetry.@Nullable PrometheusEndpoint prometheus) {
        var registry = prometheus == null ? null : new PrometheusRegistry();
        var chosen = new Chosen();
        var builder = AutoConfiguredOpenTelemetrySdk.builder()
                .disableShutdownHook()
                .addPropertiesSupplier(ConfiguredSdk::defaults)
                .addPropertiesCustomizer(properties -> overrides)
                .addPropertiesCustomizer(properties -> exporters(properties, chosen));
        if (prometheus != null && registry != null) {
            builder.addMeterProviderCustomizer(
                    (meters, properties) -> meters.registerMetricReader(page(prometheus, registry)));
        }
        OpenTelemetrySdk sdk;
        try {
            sdk = builder.build().getOpenTelemetrySdk();
        } catch (RuntimeException e) {
            throw new IllegalStateException("telemetry cannot be started: " + e.getMessage(), e);
        }
        boolean on = !chosen.disabled;
        boolean metered = on && (chosen.metrics || prometheus != null);
        return new ConfiguredSdk(sdk, on && chosen.traces, metered, registry);
    }

    /** Sends what is still held, for a few seconds at most. */
    void shutDown() {
        sdk.shutdown().join(5, TimeUnit.SECONDS);
    }

    private static PrometheusHttpServer page(Telemetry.PrometheusEndpoint endpoint, PrometheusRegistry registry) {
        try {
            return PrometheusHttpServer.builder()
                    .setHost(endpoint.host())
                    .setPort(endpoint.port())
                    .setPrometheusRegistry(registry)
                    .build();
        } catch (UncheckedIOException e) {
            Throwable cause = e.getCause();
            throw new ConfigurationException(
                    "the Prometheus page cannot be served on " + endpoint.host() + ":" + endpoint.port() + ": "
                            + (cause == null ? e : cause).getMessage()
                            + "; another port can be named, or 0 for any that is free",
                    e);
        }
    }

    private static Map<String, String> defaults() {
        Map<String, String> defaults = new HashMap<>();
        defaults.put("otel.service.name", "aded");
        defaults.put("otel.exporter.otlp.protocol", "grpc");
        return defaults;
    }

    /** Switches off what nobody asked for, and remembers what is on. */
    private static Map<String, String> exporters(ConfigProperties properties, Chosen chosen) {
        String traces = exporter(properties, "traces");
        String metrics = exporter(properties, "metrics");
        String logs = properties.getString("otel.logs.exporter", "none");
        chosen.disabled = properties.getBoolean("otel.sdk.disabled", false);
        chosen.traces = !traces.equals("none");
        chosen.metrics = !metrics.equals("none");
        if (!chosen.disabled) {
            requireProtocol(properties, "traces", traces);
            requireProtocol(properties, "metrics", metrics);
            requireProtocol(properties, "logs", logs);
        }
        return Map.of("otel.traces.exporter", traces, "otel.metrics.exporter", metrics, "otel.logs.exporter", logs);
    }

    /** The SDK itself would say no more than that it does not know it. Where nothing is sent, any will do. */
    private static void requireProtocol(ConfigProperties properties, String signal, String exporters) {
        if (!exporters.contains("otlp")) {
            return;
        }
        String own = "otel.exporter.otlp." + signal + ".protocol";
        String name = properties.getString(own) == null ? "otel.exporter.otlp.protocol" : own;
        String protocol = properties.getString(name);
        if (protocol != null && !PROTOCOLS.contains(protocol)) {
            throw new ConfigurationException(name.toUpperCase(Locale.ROOT).replace('.', '_') + " is \"" + protocol
                    + "\"; it can be " + String.join(" or ", PROTOCOLS));
        }
    }

    private static String exporter(ConfigProperties properties, String signal) {
        String named = properties.getString("otel." + signal + ".exporter");
        if (named != null) {
            return named;
        }
        boolean endpoint = properties.getString("otel.exporter.otlp.endpoint") != null
                || properties.getString("otel.exporter.otlp." + signal + ".endpoint") != null;
        return endpoint ? "otlp" : "none";
    }

    private static final class Chosen {
        private boolean disabled;
        private boolean traces;
        private boolean metrics;
    }
}
