package io.aded.telemetry;

import io.opentelemetry.api.metrics.BatchCallback;
import io.opentelemetry.api.metrics.Meter;
import io.opentelemetry.api.metrics.ObservableLongMeasurement;
import java.util.function.Supplier;

/** A server's gauge and counters of connections. One snapshot is taken per reading. */
final class ConnectionPublisher implements AutoCloseable {
    private static final String UNIT = "{connection}";

    private final BatchCallback callback;

    ConnectionPublisher(Meter meter, Supplier<ConnectionGauges> gauges) {
        ObservableLongMeasurement open = meter.gaugeBuilder(TelemetryNames.CONNECTIONS)
                .ofLongs()
                .setUnit(UNIT)
                .setDescription("Connections of callers.")
                .buildObserver();
        ObservableLongMeasurement displaced = counter(
                meter,
                TelemetryNames.CONNECTIONS_DISPLACED,
                "Connections without a call that were closed for new ones.");
        ObservableLongMeasurement refused =
                counter(meter, TelemetryNames.CONNECTIONS_REFUSED, "Connections that were turned away.");
        callback = meter.batchCallback(
                () -> {
                    ConnectionGauges now = gauges.get();
                    open.record(now.open());
                    displaced.record(now.displaced());
                    refused.record(now.refused());
                },
                open,
                displaced,
                refused);
    }

    private static ObservableLongMeasurement counter(Meter meter, String name, String description) {
        return meter.counterBuilder(name)
                .setUnit(UNIT)
                .setDescription(description)
                .buildObserver();
    }

    @Override
    public void close() {
        callback.close();
    }
}
