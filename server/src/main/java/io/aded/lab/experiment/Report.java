package io.aded.lab.experiment;

import static io.aded.lab.report.Figures.NOTHING;
import static io.aded.lab.report.Figures.interval;
import static io.aded.lab.report.Figures.number;
import static io.aded.lab.report.Figures.percent;
import static io.aded.lab.report.Figures.shorten;

import io.aded.engine.SpeculationOutlook;
import io.aded.lab.report.Heading;
import io.aded.lab.report.Interval;
import io.aded.lab.report.Machine;
import io.aded.lab.report.TextTable;
import io.aded.model.SamplingParameters;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The result for people, as text of at most {@value Heading#WIDTH} columns. */
final class Report {
    /** A prompt is called slower below this ratio, and much slower below the next. */
    static final double SLOWER = 0.97;

    static final double MUCH_SLOWER = 0.90;

    private static final int MODES_A_BLOCK = 4;

    /** Upper ends of the histogram's columns; the last column is open. */
    private static final int[] HISTOGRAM_ENDS = {0, 1, 2, 3, 4, 6, 8, 12, 16};

    private final Analysis analysis;
    private final List<ModeSummary> summaries;
    private final StringBuilder text = new StringBuilder();

    Report(Analysis analysis) {
        this.analysis = analysis;
        summaries = analysis.modes().stream()
                .map(mode -> analysis.summary(mode, null))
                .toList();
    }

    /** The whole report. */
    String render(Machine machine, ExperimentSettings settings, String prompts, Benchmark.Result result) {
        WhoDrafted who = new WhoDrafted(summaries, result.drafting(), result.draftModel());
        head(machine, settings, prompts, result.skipped(), who);
        speed();
        groups();
        costs();
        outlook(SpeculationOutlook.of(result.costs().nanos()));
        histogram();
        worst();
        losslessness();
        rivals("auto against the best fixed budget", ModeSpec::isFixedBudget);
        rivals("auto against the best copying rule", ModeSpec::isBaseline);
        text.append(who.text());
        bare();
        return text.toString();
    }

    private void head(
            Machine machine, ExperimentSettings settings, String prompts, List<String> skipped, WhoDrafted who) {
        Heading heading = new Heading().machine(machine);
        who.draftModel().ifPresent(model -> heading.fact("draft", model));
        heading.fact(
                "prompts", prompts + ", " + settings.repeats() + (settings.repeats() == 1 ? " repeat" : " repeats"));
        heading.fact("answers", answers(settings));
        StatedMachine stated = settings.machine();
        if (stated != null) {
            heading.fact("time", stated.described());
        }
        if (!skipped.isEmpty()) {
            heading.fact(
                    "skipped",
                    skipped.size() + " prompts that do not fit into the context of " + machine.contextCells() + ": "
                            + String.join(", ", skipped));
        }
        text.append(heading.text()).append('\n');
    }

    private static String answers(ExperimentSettings settings) {
        SamplingParameters sampling = settings.sampling();
        List<String> parts = new ArrayList<>();
        parts.add("at most " + settings.maxTokens() + " tokens" + (settings.ignoreEnd() ? ", end ignored" : ""));
        parts.add(sampling.isPlainGreedy() ? "greedy" : "temperature " + sampling.temperature());
        if (sampling.isConstrained()) {
            parts.add("of a given form");
        }
        parts.add(settings.raw() ? "raw prompts" : "chat template");
        Double synthetic = settings.syntheticAcceptance();
        parts.add(
                synthetic != null
                        ? "synthetic drafts, each token right with chance " + synthetic
                                + (sampling.isPlainGreedy() ? ", answers held to what off said" : "")
                        : settings.warm() ? "warm drafts" : "cold drafts");
        parts.add("seed " + settings.seed());
        return String.join(", ", parts);
    }

    private void section(String title, @Nullable String explanation, TextTable table) {
        text.append(title).append('\n');
        if (explanation != null) {
            text.append(explanation).append('\n');
        }
        text.append('\n').append(table.render()).append('\n');
    }

    private void speed() {
        TextTable table = new TextTable(
                "mode", "tok/s", "speed-up [95 %]", "priced", "per prompt", "whole", "MAT", "tok/pass", "1st tok");
        for (ModeSummary summary : summaries) {
            boolean reference = summary.mode().isOff();
            table.row(
                    summary.mode().label(),
                    number(summary.tokensPerSecond(), 1),
                    reference ? "1.00" : interval(summary.against().speed()),
                    reference ? "1.00" : number(summary.priced().speed().estimate(), 2),
                    reference ? "1.00" : number(summary.against().geometric().estimate(), 2),
                    reference ? "1.00" : number(summary.against().whole().estimate(), 2),
                    number(summary.rounds().meanAcceptanceLength(), 2),
                    number(summary.tokensPerPass(), 2),
                    number(summary.firstTokenMillis(), 0) + " ms");
        }
        section("SPEED OF DECODING, OFF = 1", """
            tok/s and speed-up count from the end of the first round, so without the prefill; whole counts
            from submission. speed-up is the ratio over all prompts together, per prompt the geometric mean
            of the prompts' ratios; priced is the speed-up with every pass at the run's median for its
            width, so without noise. MAT: tokens per round with a draft. tok/pass: per round of any kind.\
            """ + timed(), table);
    }

    private String timed() {
        for (ModeSummary summary : summaries) {
            int prompts = analysis.prompts(null);
            if (!summary.mode().isOff() && summary.against().prompts() < prompts) {
                return "\n" + (prompts - summary.against().prompts()) + " of " + prompts
                        + " prompts were answered in too few tokens to be timed.";
            }
        }
        return "";
    }

    private void groups() {
        List<ModeSummary> compared =
                summaries.stream().filter(summary -> !summary.mode().isOff()).toList();
        if (analysis.groups().size() < 2 || compared.isEmpty()) {
            return;
        }
        for (int from = 0; from < compared.size(); from += MODES_A_BLOCK) {
            List<ModeSummary> block = compared.subList(from, Math.min(compared.size(), from + MODES_A_BLOCK));
            List<String> header = new ArrayList<>(List.of(groupTitle(), "prompts"));
            block.forEach(summary -> header.add(summary.mode().label()));
            TextTable table = new TextTable(header.toArray(String[]::new));
            for (String group : analysis.groups()) {
                List<String> row = new ArrayList<>(List.of(shorten(group, 18), "" + analysis.prompts(group)));
                for (ModeSummary summary : block) {
                    row.add(interval(analysis.compare(summary.mode(), ModeSpec.OFF, group)
                            .speed()));
                }
                table.row(row.toArray(String[]::new));
            }
            section(from == 0 ? "SPEED-UP BY " + groupTitle().toUpperCase(Locale.ROOT) : "… CONTINUED", null, table);
        }
    }

    private String groupTitle() {
        return switch (analysis.grouping()) {
            case TASK -> "task";
            case CATEGORY -> "category";
        };
    }

    private void costs() {
        TextTable table = new TextTable(
                "mode", "nodes", "accepted", "predicted", "delivered", "ratio", "passes", "drafting", "other host");
        for (ModeSummary summary : summaries) {
            RoundTally rounds = summary.rounds();
            boolean drafted = rounds.draftRounds > 0;
            double predicted = rounds.expectedNodes / rounds.draftRounds;
            double delivered = (double) rounds.acceptedNodes / rounds.draftRounds;
            table.row(
                    summary.mode().label(),
                    drafted ? number(rounds.nodesPerDraft(), 1) : NOTHING,
                    drafted ? percent(rounds.acceptanceRate()) : NOTHING,
                    drafted ? number(predicted, 2) : NOTHING,
                    drafted ? number(delivered, 2) : NOTHING,
                    drafted ? number(delivered / predicted, 2) : NOTHING,
                    percent(summary.verifyShare()),
                    percent(summary.draftShare()),
                    percent(summary.hostShare()));
        }
        section("DRAFTS, AND WHERE THE TIME GOES", """
            Per round with a draft: nodes verified, the share accepted, and the accepted tokens that the
            drafter predicted and delivered. Then shares of the decode time.\
            """ + forced(), table);
    }

    /** How much of constrained answers was text about which there was no choice. */
    private String forced() {
        StringBuilder shares = new StringBuilder();
        for (ModeSummary summary : summaries) {
            if (summary.rounds().forcedNodes > 0) {
                shares.append(shares.isEmpty() ? "\nOf all tokens, drafted as text that the schema forces: " : ", ")
                        .append(summary.mode().label())
                        .append(' ')
                        .append(percent(summary.rounds().forcedShare()));
            }
        }
        return shares.append(shares.isEmpty() ? "" : ".").toString();
    }

    private void histogram() {
        List<String> header = new ArrayList<>(List.of("mode"));
        for (int i = 0; i < HISTOGRAM_ENDS.length; i++) {
            int first = i == 0 ? 0 : HISTOGRAM_ENDS[i - 1] + 1;
            header.add(first == HISTOGRAM_ENDS[i] ? "" + first : first + "–" + HISTOGRAM_ENDS[i]);
        }
        header.add((HISTOGRAM_ENDS[HISTOGRAM_ENDS.length - 1] + 1) + "+");
        TextTable table = new TextTable(header.toArray(String[]::new));
        for (ModeSummary summary : summaries) {
            if (summary.rounds().draftRounds == 0) {
                continue;
            }
            double[] shares = new double[HISTOGRAM_ENDS.length + 1];
            double[] byCount = summary.rounds().histogramShares();
            for (int accepted = 0; accepted < byCount.length; accepted++) {
                int column = 0;
                while (column < HISTOGRAM_ENDS.length && accepted > HISTOGRAM_ENDS[column]) {
                    column++;
                }
                shares[column] += byCount[accepted];
            }
            List<String> row = new ArrayList<>(List.of(summary.mode().label()));
            for (double share : shares) {
                row.add(share == 0 ? NOTHING : percent(share));
            }
            table.row(row.toArray(String[]::new));
        }
        section("DRAFT TOKENS ACCEPTED IN A ROUND", "Shares of all rounds, those without a draft included.", table);
    }

    private void outlook(SpeculationOutlook outlook) {
        TextTable table = new TextTable("text", "speed-up, about", "tok/s");
        for (SpeculationOutlook.Text kind : SpeculationOutlook.Text.values()) {
            table.row(kind.label(), number(outlook.speedUp(kind), 2), number(outlook.rate(kind), 1));
        }
        table.row("any, every guess right", number(outlook.most(), 2), number(outlook.most() * outlook.plainRate(), 1));
        section(
                "THE MOST THAT DRAFTS CAN GIVE HERE",
                "Reckoned, not measured: from what passes of this run cost, and from how often guesses are right\n"
                        + "on such texts. Here "
                        + outlook.costs().replaceFirst(" one of 2", "\none of 2") + ".",
                table);
        if (!outlook.pays()) {
            text.append("Drafts gain ").append(outlook.gains()).append(".\n\n");
        }
    }

    private void worst() {
        TextTable table =
                new TextTable("mode", "prompts", "<0.97", "<0.90", "worst", "priced: <0.97", "<0.90", "worst");
        for (ModeSummary summary : summaries) {
            if (!summary.mode().isOff()) {
                List<String> row = new ArrayList<>(
                        List.of(summary.mode().label(), "" + summary.against().prompts()));
                for (Comparison against : List.of(summary.against(), summary.priced())) {
                    String id = against.worstId();
                    row.add(percent(against.shareBelow(SLOWER)));
                    row.add(percent(against.shareBelow(MUCH_SLOWER)));
                    row.add(number(against.worst(), 2) + (id == null ? "" : " (" + shorten(id, 10) + ")"));
                }
                table.row(row.toArray(String[]::new));
            }
        }
        section("PROMPTS THAT WERE SLOWER THAN OFF", """
            By the clock, and with every pass at the run's median for its width: the former also counts a
            machine that stalled, the latter only what the mode decided.\
            """, table);
    }

    private void losslessness() {
        TextTable table = new TextTable(
                "mode", "answers", "differing", "tokens compared", "first difference", "in the answer to");
        for (ModeSummary summary : summaries) {
            Losslessness lossless = summary.losslessness();
            String id = lossless.firstId();
            if (!summary.mode().isOff()) {
                table.row(
                        summary.mode().label(),
                        "" + lossless.answers(),
                        "" + lossless.differing(),
                        "" + lossless.tokens(),
                        lossless.firstPosition() < 0 ? NOTHING : "token " + lossless.firstPosition(),
                        id == null ? NOTHING : shorten(id, 30));
            }
        }
        section("SAME TOKENS AS OFF", """
            On quantised models a pass of another width rounds otherwise, so two nearly equal logits may
            change places; from there on the answer is another one. On F32 models nothing may differ.\
            """, table);
    }

    private void rivals(String title, Predicate<ModeSpec> candidates) {
        if (analysis.rival(candidates, null).isEmpty()) {
            return;
        }
        TextTable table = new TextTable(groupTitle(), "the best", "its speed-up", "auto", "auto / best [95 %]");
        List<@Nullable String> groups = new ArrayList<>(analysis.groups());
        if (groups.size() > 1) {
            groups.add(null);
        }
        for (String group : groups) {
            analysis.rival(candidates, group)
                    .ifPresent(rival -> table.row(
                            group == null ? "all" : shorten(group, 18),
                            rival.best().label(),
                            number(rival.bestAgainstOff().speed().estimate(), 2),
                            number(rival.autoAgainstOff().speed().estimate(), 2),
                            interval(rival.autoAgainstBest().speed())));
        }
        section(title.toUpperCase(Locale.ROOT), "The best is chosen by hindsight, for each row anew.", table);
    }

    private void bare() {
        if (analysis.mode(mode -> mode.equals(ModeSpec.BARE)).isPresent()) {
            Interval ratio = analysis.compare(ModeSpec.OFF, ModeSpec.BARE, null).speed();
            text.append("The engine with drafting off runs at ")
                    .append(interval(ratio))
                    .append("\nof the speed of a bare loop over the same library.\n");
        }
    }
}
