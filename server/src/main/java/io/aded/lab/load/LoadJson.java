package io.aded.lab.load;

import io.aded.lab.report.Interval;
import io.aded.lab.report.Machine;
import io.aded.lab.report.Statistics;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The result for programs: the environment, the settings, and one entry a mode. Times are seconds, shares lie between 0
 * and 1, intervals are {@code [estimate, low, high]}, what is not known is null. Field names are snake case.
 */
final class LoadJson {
    /** Grows when a field changes its meaning or goes; new fields do not count. */
    private static final int FORMAT = 1;

    private static final double[] PERCENTILES = {50, 75, 90, 95, 99, 99.9};

    private final @Nullable DraftTold drafting;

    private final JsonMapper mapper =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /**
     * A report.
     *
     * @param drafting how drafting fared; null where that is not told
     */
    LoadJson(@Nullable DraftTold drafting) {
        this.drafting = drafting;
    }

    /** The whole result, ending with a line feed. */
    String render(Machine machine, String server, LoadSetting setting, List<Tally> tallies, boolean stopped) {
        ObjectNode root = mapper.createObjectNode();
        root.put("format", FORMAT);
        machine.describe(root.putObject("environment"));
        root.put("server", server);
        settings(root.putObject("settings"), setting);
        root.put("stopped", stopped);
        ArrayNode modes = root.putArray("modes");
        for (Tally tally : tallies) {
            mode(modes.addObject(), tally, tallies.getFirst(), setting.bounds().seed());
        }
        if (drafting != null) {
            drafting.describe(root.putObject("who_drafted"));
        }
        return mapper.writeValueAsString(root) + "\n";
    }

    private static void settings(ObjectNode node, LoadSetting setting) {
        node.put("load", setting.load());
        node.put("prompts", setting.prompts());
        node.put("answers", setting.answers());
        node.put("requests", setting.bounds().requests());
        node.put("duration", setting.bounds().nanos() / 1e9);
        node.put("blocks", setting.bounds().blocks());
        node.put("warm_up", setting.bounds().warmUp());
        node.put("seed", setting.bounds().seed());
    }

    private static void mode(ObjectNode node, Tally tally, Tally first, long seed) {
        node.put("mode", tally.mode().label());
        node.put("arrivals", tally.mode().arrivals().toString());
        node.put("streams", tally.mode().streams());
        node.put("answered", tally.answered());
        node.put("rejected", tally.rejected());
        node.put("failed", tally.failed());
        node.put("interrupted", tally.interrupted());
        node.put("held_back", tally.heldBack());
        node.put("longest_hold", tally.longestHoldNanos() / 1e9);
        node.put("not_started", tally.unstarted());
        ObjectNode failures = node.putObject("failures");
        tally.failures().forEach(failures::put);
        ObjectNode reasons = node.putObject("reasons");
        tally.reasons().forEach(reasons::put);
        number(node, "tokens_per_second", tally.tokensPerSecond());
        number(node, "steady_tokens_per_second", tally.steadyTokensPerSecond());
        number(node, "calls_per_second", tally.callsPerSecond());
        interval(node.putArray("against_first"), tally.against(first, seed));
        node.put("completion_tokens", tally.tokens());
        node.put("prompt_tokens", tally.promptTokens());
        node.put("cached_prompt_tokens", tally.cachedTokens());
        number(node, "mean_acceptance_length", tally.meanAcceptanceLength());
        number(node, "tokens_per_pass", tally.tokensPerPass());
        node.put("num_steps", tally.rounds());
        node.put("num_draft_tokens", tally.draftTokens());
        node.put("num_accepted_draft_tokens", tally.acceptedTokens());
        number(node, "host_share", tally.hostShare());
        number(node, "pass_seconds_per_round", tally.passSecondsPerRound());
        number(node, "host_seconds_per_round", tally.hostSecondsPerRound());
        if (tally.mode().attackers() > 0) {
            node.put("attackers", tally.mode().attackers());
            node.put("unhealthy", tally.unhealthy());
            ObjectNode attacks = node.putObject("attacks");
            tally.attacks().kinds().forEach((kind, calls) -> {
                ObjectNode of = attacks.putObject(kind);
                of.put("longest", calls.longestNanos() / 1e9);
                calls.byStatus().forEach(of::put);
            });
        }
        ObjectNode latency = node.putObject("latency");
        for (Measure measure : Measure.values()) {
            if (measure != Measure.HEALTH || tally.times(measure).getTotalCount() > 0) {
                times(latency.putObject(measure.field()), tally.times(measure));
            }
        }
        ArrayNode blocks = node.putArray("blocks");
        for (Tally.Block block : tally.blocks()) {
            ObjectNode part = blocks.addObject();
            part.put("answered", block.answered());
            part.put("tokens", block.tokens());
            part.put("seconds", block.nanos() / 1e9);
            part.put("steady_tokens", block.steadyTokens());
            part.put("steady_seconds", block.steadyNanos() / 1e9);
        }
    }

    private static void times(ObjectNode node, Histogram times) {
        long count = times.getTotalCount();
        node.put("count", count);
        number(node, "mean", count == 0 ? Double.NaN : times.getMean() / 1e6);
        number(node, "min", count == 0 ? Double.NaN : times.getMinValue() / 1e6);
        for (double percentile : PERCENTILES) {
            number(
                    node,
                    "p" + String.valueOf(percentile).replaceFirst("\\.0$", "").replace('.', '_'),
                    Statistics.supports(percentile, count) ? times.getValueAtPercentile(percentile) / 1e6 : Double.NaN);
        }
        number(node, "max", count == 0 ? Double.NaN : times.getMaxValue() / 1e6);
    }

    private static void interval(ArrayNode node, Interval interval) {
        for (double value : new double[] {interval.estimate(), interval.low(), interval.high()}) {
            if (Double.isFinite(value)) {
                node.add(value);
            } else {
                node.addNull();
            }
        }
    }

    private static void number(ObjectNode node, String field, double value) {
        if (Double.isFinite(value)) {
            node.put(field, value);
        } else {
            node.putNull(field);
        }
    }
}
