package io.aded.telemetry;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.metrics.BatchCallback;
import io.opentelemetry.api.metrics.Meter;
import io.opentelemetry.api.metrics.ObservableDoubleMeasurement;
import io.opentelemetry.api.metrics.ObservableLongMeasurement;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The choice among drafters and the draft model, as metrics. One snapshot is taken per reading; where there is no
 * choice and no draft model, nothing is published.
 */
final class DraftPublisher implements AutoCloseable {
    private static final String ROUNDS = "{round}";

    private final Attributes model;
    private final ObservableLongMeasurement rounds;
    private final ObservableLongMeasurement probes;
    private final ObservableLongMeasurement nodes;
    private final ObservableLongMeasurement accepted;
    private final ObservableLongMeasurement tokens;
    private final ObservableDoubleMeasurement weight;
    private final ObservableDoubleMeasurement regret;
    private final ObservableLongMeasurement passes;
    private final ObservableDoubleMeasurement time;
    private final ObservableLongMeasurement read;
    private final ObservableLongMeasurement copied;
    private final ObservableLongMeasurement modelRounds;
    private final ObservableLongMeasurement fallbacks;
    private final BatchCallback callback;

    DraftPublisher(Meter meter, String modelName, Supplier<DraftGauges> gauges) {
        model = Attributes.of(TelemetryNames.REQUEST_MODEL, modelName);
        rounds = counter(meter, TelemetryNames.ARM_ROUNDS, ROUNDS, "Rounds, by the way to draft that was taken.");
        probes = counter(
                meter,
                TelemetryNames.ARM_PROBES,
                ROUNDS,
                "Rounds in which a way to draft was tried although another looked better.");
        nodes = counter(
                meter,
                TelemetryNames.ARM_NODES,
                TelemetryNames.TOKENS,
                "Draft tokens verified, by the way to draft that was taken.");
        accepted = counter(
                meter,
                TelemetryNames.ARM_ACCEPTED,
                TelemetryNames.TOKENS,
                "Draft tokens accepted, by the way to draft that was taken.");
        tokens = counter(
                meter,
                TelemetryNames.ARM_TOKENS,
                TelemetryNames.TOKENS,
                "Tokens emitted, by the way to draft that was taken.");
        weight = meter.gaugeBuilder(TelemetryNames.ARM_WEIGHT)
                .setUnit("1")
                .setDescription("Share of the choice among ways to draft, 0 to 1.")
                .buildObserver();
        regret = meter.gaugeBuilder(TelemetryNames.REGRET)
                .setUnit(TelemetryNames.TOKENS)
                .setDescription("Time above the best single way to draft in hindsight, in plain tokens.")
                .buildObserver();
        passes = counter(meter, TelemetryNames.MODEL_PASSES, "{pass}", "Forward passes of the draft model.");
        time = meter.counterBuilder(TelemetryNames.MODEL_TIME)
                .ofDoubles()
                .setUnit(TelemetryNames.SECONDS)
                .setDescription("Time of the draft model's passes and of taking over cells.")
                .buildObserver();
        read = counter(
                meter,
                TelemetryNames.MODEL_READ,
                TelemetryNames.TOKENS,
                "Tokens of texts that the draft model read itself.");
        copied = counter(
                meter,
                TelemetryNames.MODEL_COPIED,
                TelemetryNames.TOKENS,
                "Tokens whose KV cells the draft model took over from the served model.");
        modelRounds = counter(
                meter,
                TelemetryNames.MODEL_ROUNDS,
                ROUNDS,
                "Rounds that the draft model might have drafted, by what became of that.");
        fallbacks =
                counter(meter, TelemetryNames.MODEL_FALLBACKS, "{event}", "What the draft model had to do otherwise.");
        callback = meter.batchCallback(
                () -> record(gauges.get()),
                rounds,
                probes,
                nodes,
                accepted,
                tokens,
                weight,
                regret,
                passes,
                time,
                read,
                copied,
                modelRounds,
                fallbacks);
    }

    private static ObservableLongMeasurement counter(Meter meter, String name, String unit, String description) {
        return meter.counterBuilder(name)
                .setUnit(unit)
                .setDescription(description)
                .buildObserver();
    }

    private void record(DraftGauges now) {
        for (DraftGauges.Arm arm : now.arms()) {
            Attributes drafter =
                    model.toBuilder().put(TelemetryNames.DRAFTER, arm.drafter()).build();
            Attributes each =
                    drafter.toBuilder().put(TelemetryNames.ARM, arm.arm()).build();
            rounds.record(arm.rounds(), each);
            probes.record(arm.probes(), each);
            nodes.record(arm.nodes(), each);
            accepted.record(arm.accepted(), each);
            tokens.record(arm.tokens(), each);
            weight.record(arm.weight(), each);
            if (arm.arm().equals(now.arms().getFirst().arm())) {
                regret.record(arm.regret(), drafter); // the same in all arms of a drafter
            }
        }
        DraftGauges.Model drafting = now.model();
        if (drafting != null) {
            passes.record(drafting.passes(), model);
            time.record(drafting.nanos() * 1e-9, model);
            read.record(drafting.readTokens(), model);
            copied.record(drafting.copiedTokens(), model);
            byOutcome(modelRounds, drafting.rounds());
            byOutcome(fallbacks, drafting.fallbacks());
        }
    }

    private void byOutcome(ObservableLongMeasurement out, Map<String, Long> counts) {
        counts.forEach((outcome, count) -> out.record(
                count, model.toBuilder().put(TelemetryNames.OUTCOME, outcome).build()));
    }

    @Override
    public void close() {
        callback.close();
    }
}
