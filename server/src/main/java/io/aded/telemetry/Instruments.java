package io.aded.telemetry;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.metrics.DoubleHistogram;
import io.opentelemetry.api.metrics.LongHistogram;
import io.opentelemetry.api.metrics.Meter;
import io.opentelemetry.api.metrics.ObservableLongMeasurement;
import java.util.ArrayList;
import java.util.EnumMap;
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
    private final Map<Counter, LongAdder> counters = new EnumMap<>(Counter.class);

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
        for (Counter counter : Counter.values()) {
            counters.put(counter, counter(meter, counter));
        }
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

    private LongAdder counter(Meter meter, Counter counter) {
        LongAdder adder = new LongAdder();
        meter.counterBuilder(counter.metric())
                .setUnit(counter.unit())
                .setDescription(counter.description())
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

    void count(Counter counter, long amount) {
        LongAdder adder = counters.get(counter);
        if (adder != null) {
            adder.add(amount);
        }
    }

    void round(RoundRecord round) {
        RoundRecord.Draft draft = round.draft();
        RoundRecord.Verify verify = round.verify();
        count(Counter.ROUNDS, 1);
        if (draft.nodes() > 0) {
            count(Counter.NUM_DRAFTS, 1);
            count(Counter.NUM_DRAFT_TOKENS, draft.nodes());
            count(Counter.NUM_ACCEPTED_TOKENS, verify.accepted());
            for (int position = 0; position < verify.accepted(); position++) {
                acceptedAt.getAndIncrement(Math.min(position, TelemetryNames.POSITIONS - 1));
            }
            draftDuration.record((draft.endNanos() - draft.startNanos()) * NANOS, model);
        }
        verifyDuration.record((verify.endNanos() - verify.startNanos()) * NANOS, model);
        acceptanceLength.record(verify.accepted() + 1L, model);
    }

    void firstToken(String operation, long nanos) {
        timeToFirstToken.record(nanos * NANOS, attributes(operation));
    }

    void ended(String operation, String finishReason, long totalNanos, long afterFirstNanos, int emittedTokens) {
        turns.computeIfAbsent(finishReason, reason -> new LongAdder()).increment();
        requestDuration.record(totalNanos * NANOS, attributes(operation));
        if (emittedTokens > 1 && afterFirstNanos > 0) {
            timePerOutputToken.record(afterFirstNanos * NANOS / (emittedTokens - 1), attributes(operation));
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
