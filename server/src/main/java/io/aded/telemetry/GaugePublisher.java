package io.aded.telemetry;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.metrics.BatchCallback;
import io.opentelemetry.api.metrics.Meter;
import io.opentelemetry.api.metrics.ObservableDoubleMeasurement;
import io.opentelemetry.api.metrics.ObservableLongMeasurement;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** An engine's gauges, and their aliases on the Prometheus page. One snapshot is taken per reading. */
final class GaugePublisher implements AutoCloseable {
    private final BatchCallback callback;
    private final @Nullable PrometheusRegistry prometheus;
    private final MultiCollector aliases;

    GaugePublisher(Meter meter, @Nullable PrometheusRegistry prometheus, String model, Supplier<EngineGauges> gauges) {
        Attributes attributes = Attributes.of(TelemetryNames.REQUEST_MODEL, model);
        ObservableLongMeasurement running =
                gauge(meter, TelemetryNames.RUNNING, "{request}", "Turns being decoded or prefilled.");
        ObservableLongMeasurement waiting = gauge(meter, TelemetryNames.WAITING, "{request}", "Turns in the queue.");
        ObservableLongMeasurement parked =
                gauge(meter, TelemetryNames.PARKED, "{request}", "Running turns whose client is slow.");
        ObservableLongMeasurement sessions = gauge(meter, TelemetryNames.SESSIONS, "{session}", "Open sessions.");
        ObservableLongMeasurement cellsUsed = gauge(meter, TelemetryNames.KV_CELLS_USED, "{cell}", "KV cells in use.");
        ObservableLongMeasurement cells = gauge(meter, TelemetryNames.KV_CELLS, "{cell}", "KV cells there are.");
        ObservableDoubleMeasurement usage =
                ratio(meter, TelemetryNames.KV_USAGE, "Share of the KV cells in use, 0 to 1.");
        ObservableDoubleMeasurement sequences =
                ratio(meter, TelemetryNames.SEQUENCES_USAGE, "Share of the sequence ids in use, 0 to 1.");
        this.callback = meter.batchCallback(
                () -> {
                    EngineGauges now = gauges.get();
                    running.record(now.running(), attributes);
                    waiting.record(now.waiting(), attributes);
                    parked.record(now.parked(), attributes);
                    sessions.record(now.sessions(), attributes);
                    cellsUsed.record(now.cellsUsed(), attributes);
                    cells.record(now.cells(), attributes);
                    usage.record(now.cellUsage(), attributes);
                    sequences.record(now.sequenceUsage(), attributes);
                },
                running,
                waiting,
                parked,
                sessions,
                cellsUsed,
                cells,
                usage,
                sequences);
        this.prometheus = prometheus;
        this.aliases = () -> aliases(model, gauges.get());
        if (prometheus != null) {
            prometheus.register(aliases);
        }
    }

    private static ObservableLongMeasurement gauge(Meter meter, String name, String unit, String description) {
        return meter.gaugeBuilder(name)
                .ofLongs()
                .setUnit(unit)
                .setDescription(description)
                .buildObserver();
    }

    private static ObservableDoubleMeasurement ratio(Meter meter, String name, String description) {
        return meter.gaugeBuilder(name).setUnit("1").setDescription(description).buildObserver();
    }

    private static MetricSnapshots aliases(String model, EngineGauges now) {
        return MetricSnapshots.of(
                alias(TelemetryNames.VLLM_RUNNING, "Requests being decoded or prefilled.", model, now.running()),
                alias(TelemetryNames.VLLM_WAITING, "Requests in the queue.", model, now.waiting()),
                alias(TelemetryNames.VLLM_KV_USAGE, "Share of the KV cells in use, 0 to 1.", model, now.cellUsage()));
    }

    private static GaugeSnapshot alias(String name, String help, String model, double value) {
        return GaugeSnapshot.builder()
                .name(name)
                .help(help)
                .dataPoint(GaugeSnapshot.GaugeDataPointSnapshot.builder()
                        .labels(Labels.of(TelemetryNames.VLLM_MODEL_LABEL, model))
                        .value(value)
                        .build())
                .build();
    }

    @Override
    public void close() {
        callback.close();
        if (prometheus != null) {
            prometheus.unregister(aliases);
        }
    }
}
