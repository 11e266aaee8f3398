package io.aded.cli;

import io.aded.host.FormatChoice;
import io.aded.host.MeasuredFormat;
import io.aded.lab.experiment.FormatTrial.Rates;
import io.aded.lab.report.TextTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * What formats gave when they answered, beside what was chosen by the costs of their passes alone.
 *
 * @param choice what was chosen
 * @param rates of the choice's formats, in their order
 * @param rounds how often each prompt was answered
 * @param maxTokens the most tokens of an answer
 */
record FormatAnswers(FormatChoice choice, List<Rates> rates, int rounds, int maxTokens) {
    FormatAnswers {
        rates = List.copyOf(rates);
        if (rates.size() != choice.formats().size()) {
            throw new IllegalArgumentException("a rate for each format");
        }
    }

    /** A format in the file of results. */
    private record Row(
            String format,
            boolean keepsAnswers,
            boolean chosen,
            double reckonedPlain,
            double reckonedDrafted,
            @Nullable Double plain,
            @Nullable Double drafted) {}

    /** What the file of results holds. */
    private record Found(List<Row> formats, @Nullable Double ofTheBest) {}

    /** What the chosen format gives with drafts, which is how it is served, over the best that keeps answers. */
    double ofTheBest() {
        double chosen = 0;
        double best = 0;
        for (int i = 0; i < rates.size(); i++) {
            MeasuredFormat format = choice.formats().get(i);
            if (format == choice.best()) {
                chosen = rates.get(i).drafted();
            }
            if (choice.keepsAnswers(format)) {
                best = Math.max(best, rates.get(i).best());
            }
        }
        return chosen / best;
    }

    /** A table with a title, and what follows from it. */
    String text() {
        TextTable table = new TextTable("format", "plain tok/s", "drafted tok/s", "speed-up");
        for (int i = 0; i < rates.size(); i++) {
            Rates each = rates.get(i);
            table.row(
                    FormatAdvice.marked(choice, choice.formats().get(i)),
                    number("%.1f", each.plain()),
                    number("%.1f", each.drafted()),
                    number("%.2f", each.drafted() / each.plain()));
        }
        return "ANSWERS TO THE PROMPTS OF THE EXAMPLES, BY TURNS\nAt most " + maxTokens
                + " tokens, greedy, " + rounds + (rounds == 1 ? " round" : " rounds")
                + "; tokens a second from the end of an answer's first round.\n\n" + table.render() + "\n"
                + choice.best().name()
                + ", chosen by what passes cost, gives "
                + number("%.2f", ofTheBest())
                + " of the fastest that keeps answers, plain or with drafts.\n";
    }

    /** The same, and what was reckoned, as JSON; without answers only what was reckoned. */
    static String json(FormatChoice choice, @Nullable FormatAnswers answers) {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < choice.formats().size(); i++) {
            MeasuredFormat format = choice.formats().get(i);
            Rates rates = answers == null ? null : answers.rates().get(i);
            rows.add(new Row(
                    format.name(),
                    choice.keepsAnswers(format),
                    format == choice.best(),
                    format.outlook().plainRate(),
                    format.outlook().typicalRate(),
                    rates == null ? null : (Double) rates.plain(),
                    rates == null ? null : (Double) rates.drafted()));
        }
        Found found = new Found(rows, answers == null ? null : (Double) answers.ofTheBest());
        return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(found);
    }

    private static String number(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }
}
