package io.aded.lab.load;

import static io.aded.lab.report.Figures.NOTHING;
import static io.aded.lab.report.Figures.number;

import io.aded.lab.report.TextTable;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;

/** What an attack meant for everybody else, and what became of those who made it, for people. */
final class AttackReport {
    private static final int TAIL = 95;
    private static final List<Measure> FELT =
            List.of(Measure.FIRST_TOKEN, Measure.PAUSE, Measure.WHOLE, Measure.HEALTH);

    private final List<Tally> tallies;

    /** Where sections of a report go. */
    @FunctionalInterface
    interface Sections {
        /** Adds one. */
        void add(String title, String explanation, TextTable table);
    }

    AttackReport(List<Tally> tallies) {
        this.tallies = tallies;
    }

    void sections(Sections into) {
        into.add("UNDER ATTACK", """
            p95 of those who mean well, in milliseconds: alone, and while callers beside them send what is made
            to be dear. health: a check every 50 ms over a connection of its own.\
            """, felt());
        into.add("ATTACKERS", """
            Their calls by how they ended, and the longest. INTERNAL, UNKNOWN and UNAVAILABLE would be faults
            of the server.\
            """, attackers());
    }

    private TextTable felt() {
        TextTable table =
                new TextTable("mode", "attackers", "", "p95 alone", "p95", "÷ alone", "max alone", "max", "bad");
        for (Tally attacked : tallies) {
            for (Tally alone : tallies) {
                if (attacked.mode().isAttackOn(alone.mode())) {
                    FELT.forEach(measure -> row(table, measure, alone, attacked));
                }
            }
        }
        return table;
    }

    private static void row(TextTable table, Measure measure, Tally alone, Tally attacked) {
        Histogram before = alone.times(measure);
        Histogram during = attacked.times(measure);
        boolean both = before.getTotalCount() > 0 && during.getTotalCount() > 0;
        double p95 = during.getValueAtPercentile(TAIL);
        int bad = measure == Measure.HEALTH ? attacked.unhealthy() : attacked.failed() + attacked.rejected();
        table.row(
                alone.mode().label(),
                "" + attacked.mode().attackers(),
                measure.label(),
                millis(before.getValueAtPercentile(TAIL)),
                millis(p95),
                both ? number(p95 / before.getValueAtPercentile(TAIL), 2) : NOTHING,
                millis(before.getMaxValue()),
                millis(during.getMaxValue()),
                "" + bad);
    }

    private TextTable attackers() {
        Map<String, AttackLog.Calls> all = new TreeMap<>();
        for (Tally tally : tallies) {
            tally.attacks().kinds().forEach((kind, calls) -> all.merge(kind, calls, AttackReport::together));
        }
        TextTable table = new TextTable("kind", "calls", "longest ms", "by status");
        all.forEach((kind, calls) -> table.row(
                kind,
                "" + calls.count(),
                number(calls.longestNanos() / 1e6, 0),
                LoadReport.statuses(calls.byStatus())));
        return table;
    }

    private static AttackLog.Calls together(AttackLog.Calls one, AttackLog.Calls other) {
        Map<String, Integer> counts = new TreeMap<>(one.byStatus());
        other.byStatus().forEach((status, count) -> counts.merge(status, count, Integer::sum));
        return new AttackLog.Calls(counts, Math.max(one.longestNanos(), other.longestNanos()));
    }

    private static String millis(double micros) {
        return number(micros / 1000, micros < 10_000 ? 2 : 1);
    }
}
