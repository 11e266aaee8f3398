package io.aded.telemetry;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.metrics.DoubleHistogram;
import io.opentelemetry.api.metrics.LongHistogram;
import io.opentelemetry.api.metrics.Meter;
import io.opentelemetry.api.metrics.ObservableLongMeasurement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/**
 * One engine's histograms and counters.
 *
 * <p><b>Cost.</b> A round adds to plain adders; OpenTelemetry reads them when an exporter asks, so the engine thread
 * never hashes attributes to count. Histograms are recorded directly, with attributes that are built once.
 */
final class Instruments {
    private static final double NANOS = 1e-9;

    private final Attributes model;
    private final Map<String, Attributes> byOperation = new ConcurrentHashMap<>();
    private final Map<String, LongAdder> turns = new ConcurrentHashMap<>();
    private final AtomicLongArray acceptedAt = new AtomicLongArray(TelemetryNames.POSITIONS);
    private final List<Attributes> positions;

    private final DoubleHistogram requestDuration;
    private final DoubleHistogram timeToFirstToken;
    private final DoubleHistogram timePerOutputToken;
    private final DoubleHistogram draftDuration;
    private final DoubleHistogram verifyDuration;
    private final LongHistogram acceptanceLength;
    private final LongAdder rounds;
    private final LongAdder drafts;
    private final LongAdder draftTokens;
    private final LongAdder acceptedTokens;
    private final LongAdder prefilled;
    private final LongAdder reused;
    private final LongAdder emitted;

    Instruments(Meter meter, String modelName) {
        model = Attributes.of(TelemetryNames.REQUEST_MODEL, modelName);
        positions = new ArrayList<>(TelemetryNames.POSITIONS);
        for (int position = 0; position < TelemetryNames.POSITIONS; position++) {
            positions.add(model.toBuilder()
                    .put(TelemetryNames.POSITION, Integer.toString(position))
                    .build());
        }
        requestDuration = seconds(
                meter,
                TelemetryNames.REQUEST_DURATION,
                "From submission to the end of a turn.",
                TelemetryNames.REQUEST_DURATION_BUCKETS);
        timeToFirstToken = seconds(
                meter,
                TelemetryNames.TIME_TO_FIRST_TOKEN,
                "From submission to the first token.",
                TelemetryNames.TIME_TO_FIRST_TOKEN_BUCKETS);
        timePerOutputToken = seconds(
                meter,
                TelemetryNames.TIME_PER_OUTPUT_TOKEN,
                "Mean time per token after the first.",
                TelemetryNames.TIME_PER_OUTPUT_TOKEN_BUCKETS);
        draftDuration = seconds(
                meter, TelemetryNames.DRAFT_DURATION, "Time to draft a tree.", TelemetryNames.DRAFT_DURATION_BUCKETS);
        verifyDuration = seconds(
                meter,
                TelemetryNames.VERIFY_DURATION,
                "Time of a forward pass with its verification.",
                TelemetryNames.VERIFY_DURATION_BUCKETS);
        acceptanceLength = meter.histogramBuilder(TelemetryNames.ACCEPTANCE_LENGTH)
                .ofLongs()
                .setUnit(TelemetryNames.TOKENS)
                .setDescription("Tokens emitted by a round.")
                .setExplicitBucketBoundariesAdvice(TelemetryNames.ACCEPTANCE_LENGTH_BUCKETS.stream()
                        .map(Double::longValue)
                        .toList())
                .build();
        rounds = counter(meter, TelemetryNames.ROUNDS, "{round}", "Rounds, drafted or not.");
        drafts = counter(meter, TelemetryNames.NUM_DRAFTS, "{draft}", "Rounds that verified a draft.");
        draftTokens = counter(meter, TelemetryNames.NUM_DRAFT_TOKENS, TelemetryNames.TOKENS, "Draft tokens verified.");
        acceptedTokens =
                counter(meter, TelemetryNames.NUM_ACCEPTED_TOKENS, TelemetryNames.TOKENS, "Draft tokens accepted.");
        prefilled = counter(meter, TelemetryNames.PREFILLED_TOKENS, TelemetryNames.TOKENS, "Prompt tokens computed.");
        reused = counter(
                meter,
                TelemetryNames.REUSED_TOKENS,
                TelemetryNames.TOKENS,
                "Prompt tokens that were in the KV cache already.");
        emitted = counter(meter, TelemetryNames.EMITTED_TOKENS, TelemetryNames.TOKENS, "Tokens emitted.");
        meter.counterBuilder(TelemetryNames.NUM_ACCEPTED_PER_POSITION)
                .setUnit(TelemetryNames.TOKENS)
                .setDescription("Draft tokens accepted, by depth in the tree.")
                .buildWithCallback(this::readPositions);
        meter.counterBuilder(TelemetryNames.TURNS)
                .setUnit("{turn}")
                .setDescription("Turns that ended.")
                .buildWithCallback(this::readTurns);
    }

    private static DoubleHistogram seconds(Meter meter, String name, String description, List<Double> buckets) {
        return meter.histogramBuilder(name)
                .setUnit(TelemetryNames.SECONDS)
                .setDescription(description)
                .setExplicitBucketBoundariesAdvice(buckets)
                .build();
    }

    private LongAdder counter(Meter meter, String name, String unit, String description) {
        LongAdder adder = new LongAdder();
        meter.counterBuilder(name)
                .setUnit(unit)
                .setDescription(description)
                .buildWithCallback(out -> out.record(adder.sum(), model));
        return adder;
    }

    private void readPositions(ObservableLongMeasurement out) {
        for (int position = 0; position < TelemetryNames.POSITIONS; position++) {
            long count = acceptedAt.get(position);
            if (count != 0) {
                out.record(count, positions.get(position));
            }
        }
    }

    private void readTurns(ObservableLongMeasurement out) {
        turns.forEach((reason, count) -> out.record(
                count.sum(),
                model.toBuilder().put(TelemetryNames.FINISH_REASON, reason).build()));
    }

    void prefill(int computed, int cached) {
        prefilled.add(computed);
        reused.add(cached);
    }

    void round(int nodes, int accepted, long draftNanos, long verifyNanos) {
        rounds.increment();
        if (nodes > 0) {
            drafts.increment();
            draftTokens.add(nodes);
            acceptedTokens.add(accepted);
            for (int position = 0; position < accepted; position++) {
                acceptedAt.getAndIncrement(Math.min(position, TelemetryNames.POSITIONS - 1));
            }
            draftDuration.record(draftNanos * NANOS, model);
        }
        verifyDuration.record(verifyNanos * NANOS, model);
        acceptanceLength.record(accepted + 1L, model);
    }

    void emitted(int tokens) {
        emitted.add(tokens);
    }

    void firstToken(String operation, long nanos) {
        timeToFirstToken.record(nanos * NANOS, attributes(operation));
    }

    void ended(String operation, String finishReason, long totalNanos, long afterFirstNanos, int completionTokens) {
        turns.computeIfAbsent(finishReason, reason -> new LongAdder()).increment();
        requestDuration.record(totalNanos * NANOS, attributes(operation));
        if (completionTokens > 1 && afterFirstNanos > 0) {
            timePerOutputToken.record(afterFirstNanos * NANOS / (completionTokens - 1), attributes(operation));
        }
    }

    private Attributes attributes(String operation) {
        Attributes known = byOperation.get(operation);
        return known != null
                ? known
                : byOperation.computeIfAbsent(
                        operation,
                        name -> model.toBuilder()
                                .put(TelemetryNames.OPERATION_NAME, name)
                                .put(TelemetryNames.PROVIDER_NAME, TelemetryNames.PROVIDER)
                                .build());
    }
}
