/**
 * Spans per turn and per draft/verify round, metrics, and every name of either in one place.
 *
 * <p>The engine speaks to {@link io.aded.telemetry.TurnTelemetry} and knows no exporter. Nothing is recorded, and
 * nothing is allocated, unless the standard {@code OTEL_*} environment variables or the Prometheus port ask for it.
 */
@NullMarked
package io.aded.telemetry;

import org.jspecify.annotations.NullMarked;
