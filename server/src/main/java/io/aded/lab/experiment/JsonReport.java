package io.aded.lab.experiment;

import io.aded.draft.select.DrafterChoice;
import io.aded.lab.prompts.Scenario;
import io.aded.lab.report.Interval;
import io.aded.lab.report.Machine;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The result for programs: the environment, the settings, summaries by mode and group, and one entry for each answer.
 * Times are seconds, shares are between 0 and 1, absent values are null. Field names are snake case.
 */
final class JsonReport {
    private static final int FORMAT = 1;

    private final JsonMapper mapper =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
    private final Analysis analysis;
    private final Prompted prompted;

    /** What is told of the prompts. */
    interface Prompted {
        /** Of the vocabulary. */
        long fingerprint();

        /** Whether a model drafted, so that {@code auto} is table and model. */
        boolean hasDraftModel();

        /** Of the first turn's prompt. */
        double[] features(Scenario scenario);
    }

    JsonReport(Analysis analysis, Prompted prompted) {
        this.analysis = analysis;
        this.prompted = prompted;
    }

    /** The whole report, ending with a line feed. */
    String render(Machine machine, ExperimentSettings settings, String prompts, Benchmark.Result result) {
        ObjectNode root = mapper.createObjectNode();
        root.put("format", FORMAT);
        machine.describe(root.putObject("environment"));
        root.set("settings", settings(settings, prompts));
        ArrayNode skipped = root.putArray("skipped");
        result.skipped().forEach(skipped::add);
        ArrayNode curve = root.putArray("pass_seconds");
        for (double nanos : result.costs().nanos()) {
            curve.add(nanos / 1e9);
        }
        ArrayNode modes = root.putArray("modes");
        for (ModeSpec mode : analysis.modes()) {
            modes.add(summary(mode, null));
        }
        ArrayNode groups = root.putArray("groups");
        for (String group : analysis.groups()) {
            ObjectNode node = groups.addObject();
            node.put("group", group);
            node.put("prompts", analysis.prompts(group));
            ArrayNode members = node.putArray("modes");
            for (ModeSpec mode : analysis.modes()) {
                members.add(summary(mode, group));
            }
        }
        choice(root.putObject("choice"), result);
        new WhoDrafted(
                        analysis.modes().stream()
                                .map(mode -> analysis.summary(mode, null))
                                .toList(),
                        result.drafting(),
                        result.draftModel())
                .describe(root.putObject("who_drafted"));
        ArrayNode answers = root.putArray("answers");
        for (Measurement measurement : result.measurements()) {
            answers.add(answer(measurement));
        }
        return mapper.writeValueAsString(root) + "\n";
    }

    /** What "aded draft policy train" needs beside the answers: numbers that tell of the prompts, and no text. */
    private void choice(ObjectNode node, Benchmark.Result result) {
        node.put("features", DrafterChoice.layout());
        node.put("vocabulary_fingerprint", String.format(Locale.ROOT, "%016x", prompted.fingerprint()));
        node.put("draft_model", prompted.hasDraftModel());
        ArrayNode prompts = node.putArray("prompts");
        result.measurements().stream().map(Measurement::scenario).distinct().forEach(scenario -> {
            ObjectNode prompt = prompts.addObject();
            prompt.put("id", scenario.id());
            prompt.put("task", scenario.task());
            prompt.put("category", scenario.category());
            ArrayNode numbers = prompt.putArray("features");
            for (double number : prompted.features(scenario)) {
                numbers.add(number);
            }
        });
    }

    private ObjectNode settings(ExperimentSettings settings, String prompts) {
        ObjectNode node = mapper.createObjectNode();
        node.put("prompts", prompts);
        node.put("max_tokens", settings.maxTokens());
        node.put("repeats", settings.repeats());
        node.put("temperature", (double) settings.sampling().temperature());
        node.put("seed", settings.seed());
        node.put("ignore_end", settings.ignoreEnd());
        node.put("raw", settings.raw());
        node.put("warm", settings.warm());
        node.put("synthetic_acceptance", settings.syntheticAcceptance());
        StatedMachine stated = settings.machine();
        node.put("curve", stated == null ? null : stated.curve().name());
        node.put("draft_cost", stated == null ? null : stated.draftCost());
        return node;
    }

    private ObjectNode summary(ModeSpec mode, @Nullable String group) {
        ModeSummary summary = analysis.summary(mode, group);
        RoundTally rounds = summary.rounds();
        Comparison against = summary.against();
        ObjectNode node = mapper.createObjectNode();
        node.put("mode", mode.label());
        node.put("answers", summary.answers());
        number(node, "tokens_per_second", summary.tokensPerSecond());
        number(node, "whole_tokens_per_second", summary.wholeTokensPerSecond());
        node.put("timed_prompts", against.prompts());
        node.set("speedup", interval(against.speed()));
        node.set("speedup_geometric_mean", interval(against.geometric()));
        node.set("whole_speedup", interval(against.whole()));
        number(node, "share_below_0_97", against.shareBelow(Report.SLOWER));
        number(node, "share_below_0_90", against.shareBelow(Report.MUCH_SLOWER));
        number(node, "worst", against.worst());
        node.put("worst_id", against.worstId());
        priced(node.putObject("priced"), summary.priced());
        number(node, "mean_acceptance_length", rounds.meanAcceptanceLength());
        number(node, "tokens_per_pass", summary.tokensPerPass());
        node.put("num_steps", rounds.rounds);
        node.put("num_spec_steps", rounds.draftRounds);
        node.put("num_draft_tokens", rounds.draftNodes);
        node.put("num_accepted_draft_tokens", rounds.acceptedNodes);
        number(node, "draft_acceptance_rate", rounds.acceptanceRate());
        number(node, "expected_accepted_draft_tokens", rounds.expectedNodes);
        counts(node.putArray("acceptance_histogram"), rounds.histogram);
        ArrayNode byDepth = node.putArray("acceptance_by_depth");
        for (double share : rounds.acceptanceByDepth()) {
            byDepth.add(share);
        }
        ArrayNode calibration = node.putArray("calibration");
        for (int bin = 0; bin < RoundTally.BINS; bin++) {
            if (rounds.binNodes[bin] > 0) {
                ObjectNode entry = calibration.addObject();
                entry.put("nodes", rounds.binNodes[bin]);
                number(entry, "predicted", rounds.binExpected[bin] / rounds.binNodes[bin]);
                number(entry, "delivered", (double) rounds.binAccepted[bin] / rounds.binNodes[bin]);
            }
        }
        number(node, "verify_share", summary.verifyShare());
        number(node, "draft_share", summary.draftShare());
        number(node, "host_share", summary.hostShare());
        number(node, "time_to_first_token", summary.firstTokenMillis() / 1e3);
        Losslessness lossless = summary.losslessness();
        ObjectNode same = node.putObject("lossless");
        same.put("answers", lossless.answers());
        same.put("differing", lossless.differing());
        same.put("tokens_compared", lossless.tokens());
        same.put("first_position", lossless.firstPosition());
        same.put("first_id", lossless.firstId());
        return node;
    }

    private void priced(ObjectNode node, Comparison against) {
        node.set("speedup", interval(against.speed()));
        node.set("speedup_geometric_mean", interval(against.geometric()));
        number(node, "share_below_0_97", against.shareBelow(Report.SLOWER));
        number(node, "share_below_0_90", against.shareBelow(Report.MUCH_SLOWER));
        number(node, "worst", against.worst());
        node.put("worst_id", against.worstId());
    }

    private ObjectNode answer(Measurement measurement) {
        Answer answer = measurement.answer();
        RoundTally rounds = answer.rounds();
        ObjectNode node = mapper.createObjectNode();
        node.put("id", measurement.scenario().id());
        node.put("task", measurement.scenario().task());
        node.put("category", measurement.scenario().category());
        node.put("turn", measurement.turn());
        node.put("repeat", measurement.repeat());
        node.put("mode", measurement.mode().label());
        node.put("place", measurement.place());
        node.put("prompt_tokens", answer.promptTokens());
        node.put("cached_prompt_tokens", answer.cachedPromptTokens());
        node.put("completion_tokens", answer.tokens().length);
        node.put("first_round_tokens", answer.firstRoundTokens());
        node.put("finish_reason", answer.finish());
        node.put("time_to_first_token", answer.firstTokenNanos() / 1e9);
        node.put("decode_seconds", answer.decodeNanos() / 1e9);
        node.put("whole_seconds", answer.wholeNanos() / 1e9);
        node.put("pass_seconds", rounds.passNanos / 1e9);
        node.put("draft_seconds", rounds.draftNanos / 1e9);
        node.put("num_steps", rounds.rounds);
        node.put("num_spec_steps", rounds.draftRounds);
        node.put("num_draft_tokens", rounds.draftNodes);
        node.put("num_accepted_draft_tokens", rounds.acceptedNodes);
        number(node, "expected_accepted_draft_tokens", rounds.expectedNodes);
        number(node, "mean_acceptance_length", rounds.meanAcceptanceLength());
        counts(node.putArray("acceptance_histogram"), rounds.histogram);
        node.put("tokens_crc32", checksum(answer.tokens()));
        return node;
    }

    private static void counts(ArrayNode array, long[] counts) {
        for (int i = 0; i < RoundTally.trimmed(counts); i++) {
            array.add(counts[i]);
        }
    }

    private static String checksum(int[] tokens) {
        CRC32 crc = new CRC32();
        for (int token : tokens) {
            for (int shift = 24; shift >= 0; shift -= 8) {
                crc.update(token >>> shift);
            }
        }
        return String.format(Locale.ROOT, "%08x", crc.getValue());
    }

    private ArrayNode interval(Interval interval) {
        ArrayNode node = mapper.createArrayNode();
        for (double value : List.of(interval.estimate(), interval.low(), interval.high())) {
            if (Double.isFinite(value)) {
                node.add(value);
            } else {
                node.addNull();
            }
        }
        return node;
    }

    private static void number(ObjectNode node, String field, double value) {
        if (Double.isFinite(value)) {
            node.put(field, value);
        } else {
            node.putNull(field);
        }
    }
}
