package io.aded.lab.load;

import static io.aded.lab.report.Figures.NOTHING;
import static io.aded.lab.report.Figures.interval;
import static io.aded.lab.report.Figures.number;
import static io.aded.lab.report.Figures.percent;

import io.aded.lab.report.Heading;
import io.aded.lab.report.Machine;
import io.aded.lab.report.Statistics;
import io.aded.lab.report.TextTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;

/** The result for people. */
final class LoadReport {
    private static final String OFF = "off";

    private final List<Tally> tallies;
    private final LoadSetting setting;
    private final StringBuilder text = new StringBuilder();

    LoadReport(List<Tally> tallies, LoadSetting setting) {
        this.tallies = List.copyOf(tallies);
        this.setting = setting;
    }

    /** The whole report. Call once. */
    String render(Machine machine, String server, boolean stopped) {
        text.append(new Heading()
                        .machine(machine)
                        .fact("server", server)
                        .fact("load", setting.load())
                        .fact("prompts", setting.prompts())
                        .fact("answers", setting.answers())
                        .fact("measured", setting.measured() + (stopped ? "; STOPPED, these are partial results" : ""))
                        .text())
                .append('\n');
        throughput();
        latency();
        tokens();
        calls();
        if (tallies.stream().anyMatch(tally -> tally.mode().attackers() > 0)) {
            new AttackReport(tallies).sections(this::section);
        }
        return text.toString();
    }

    private void section(String title, String explanation, TextTable table) {
        text.append(title)
                .append('\n')
                .append(explanation)
                .append("\n\n")
                .append(table.render())
                .append('\n');
    }

    private void throughput() {
        Tally first = tallies.getFirst();
        // What drafting is worth is asked against off, also where something else comes first.
        Tally off = tallies.stream()
                .filter(tally -> tally.mode().label().equals(OFF) && tally != first)
                .findFirst()
                .orElse(null);
        List<String> header = new ArrayList<>(List.of("mode", "streams", "tok/s"));
        header.add("÷ " + first.mode().label() + " [95 %]");
        if (off != null) {
            header.add("÷ off [95 %]");
        }
        header.addAll(List.of("steady", "÷ first", "calls/s"));
        TextTable table = new TextTable(header.toArray(String[]::new));
        for (Tally tally : tallies) {
            List<String> row = new ArrayList<>();
            row.add(tally.mode().label());
            row.add(tally.mode().streams() == 0 ? NOTHING : "" + tally.mode().streams());
            row.add(number(tally.tokensPerSecond(), 1));
            row.add(ratio(tally, first));
            if (off != null) {
                row.add(ratio(tally, off));
            }
            row.add(number(tally.steadyTokensPerSecond(), 1));
            row.add(number(tally.steadyTokensPerSecond() / first.steadyTokensPerSecond(), 2));
            row.add(number(tally.callsPerSecond(), 2));
            table.row(row.toArray(String[]::new));
        }
        section("THROUGHPUT", """
            tok/s: tokens of answered calls over the time from each block's start to its last answer. Ratios
            are of these, with a bootstrap over blocks if there are three. steady: tokens a second while the
            load was full, so without the end of a block, where callers have nothing more to ask.\
            """, table);
    }

    private String ratio(Tally tally, Tally other) {
        return tally == other
                ? "1.00"
                : interval(tally.against(other, setting.bounds().seed()));
    }

    private void latency() {
        TextTable table = new TextTable("milliseconds", "mode", "count", "p50", "p90", "p99", "max", "mean");
        for (Measure measure : Measure.values()) {
            for (Tally tally : tallies) {
                Histogram times = tally.times(measure);
                if (times.getTotalCount() > 0) {
                    table.row(
                            measure.label(),
                            tally.mode().label(),
                            "" + times.getTotalCount(),
                            millis(times.getValueAtPercentile(50)),
                            millis(times.getValueAtPercentile(90)),
                            Statistics.supports(99, times.getTotalCount())
                                    ? millis(times.getValueAtPercentile(99))
                                    : NOTHING,
                            millis(times.getMaxValue()),
                            millis(times.getMean()));
                }
            }
        }
        section("LATENCY", """
            First token and whole call count from when the call was to begin (open loop) or began (closed
            loop). inter-token: the time between messages, divided among the tokens that came with them;
            pause: that time as it is.\
            """, table);
    }

    private static String millis(double micros) {
        return number(micros / 1000, micros < 10_000 ? 2 : micros < 100_000 ? 1 : 0);
    }

    private void tokens() {
        TextTable table = new TextTable(
                "mode", "answers", "prompts", "of them cached", "draft tokens", "accepted", "MAT", "tok/pass", "host");
        for (Tally tally : tallies) {
            table.row(
                    tally.mode().label(),
                    "" + tally.tokens(),
                    "" + tally.promptTokens(),
                    percent((double) tally.cachedTokens() / tally.promptTokens()),
                    "" + tally.draftTokens(),
                    percent((double) tally.acceptedTokens() / tally.draftTokens()),
                    number(tally.meanAcceptanceLength(), 2),
                    number(tally.tokensPerPass(), 2),
                    percent(tally.hostShare()));
        }
        section(
                "TOKENS",
                "MAT: tokens per round that had a draft. tok/pass: per round of any kind, stream by stream.\n"
                        + "host: the share of the rounds' time outside of forward passes.",
                table);
    }

    private void calls() {
        TextTable table = new TextTable(
                "mode", "answered", "rejected", "failed", "interrupted", "held back", "not started", "by status");
        for (Tally tally : tallies) {
            table.row(
                    tally.mode().label(),
                    "" + tally.answered(),
                    "" + tally.rejected(),
                    "" + tally.failed(),
                    "" + tally.interrupted(),
                    tally.heldBack() == 0
                            ? "0"
                            : tally.heldBack() + ", up to " + number(tally.longestHoldNanos() / 1e9, 2) + " s",
                    "" + tally.unstarted(),
                    statuses(tally.failures()));
        }
        section("CALLS", """
            rejected: for want of room (RESOURCE_EXHAUSTED, HTTP 429). held back: arrivals that waited because
            as many calls as allowed were outstanding; not started: those whose time was up before a place was.\
            """, table);
        reasons(tallies).forEach(reason -> text.append(reason).append('\n'));
    }

    /** What the server said when it refused or failed, each status and its first words. */
    static List<String> reasons(List<Tally> tallies) {
        Map<String, String> all = new TreeMap<>();
        tallies.forEach(tally -> tally.reasons().forEach(all::putIfAbsent));
        return all.entrySet().stream()
                .map(reason -> reason.getKey() + ": " + reason.getValue())
                .toList();
    }

    static String statuses(Map<String, Integer> failures) {
        if (failures.isEmpty()) {
            return NOTHING;
        }
        StringBuilder all = new StringBuilder();
        failures.forEach((status, count) ->
                all.append(all.isEmpty() ? "" : ", ").append(status).append(" ").append(count));
        return all.toString();
    }
}
