package io.aded.cli;

import io.aded.engine.SpeculationOutlook;
import io.aded.engine.SpeculationOutlook.Text;
import io.aded.host.FormatChoice;
import io.aded.host.MeasuredFormat;
import io.aded.host.ModelConfiguration;
import io.aded.lab.experiment.PlainRate;
import io.aded.lab.report.TextTable;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Tells what each format of a model gives on this machine, and how to have the best one. */
final class FormatAdvice {
    private final @Nullable FormatChoice choice;
    private final String measuring;
    private final String serving;

    private FormatAdvice(@Nullable FormatChoice choice, String measuring, String serving) {
        this.choice = choice;
        this.measuring = measuring;
        this.serving = serving;
    }

    /**
     * Advice.
     *
     * @param known what was measured, if it was
     * @param program how the user called the program
     * @param model as the user named it
     */
    static FormatAdvice of(Optional<FormatChoice> known, String program, ModelConfiguration model) {
        String named = model.model() == null ? "" : " --model " + model.model();
        return new FormatAdvice(
                known.orElse(null),
                program + " models formats" + named(model),
                program + " serve" + (model.hub() == null ? named : " --hf " + model.hub()));
    }

    private static String named(ModelConfiguration model) {
        if (model.hub() != null) {
            return " --hf " + model.hub();
        }
        return model.model() == null ? "" : " " + model.model();
    }

    /** A table with a title, or how to get one. */
    void print(PrintStream out) {
        FormatChoice measured = choice;
        if (measured == null) {
            out.println("What other formats of this model would give here: " + measuring);
        } else {
            out.print("FORMATS OF THIS MODEL ON THIS MACHINE\n\n" + table(measured) + "\n");
            out.println(conclusion(measured));
        }
        out.flush();
    }

    /**
     * What is to be said where one speed was measured twice, by answers and by the passes of the formats, and the two
     * are further apart than the answers are among each other; nothing if they agree or one was not measured.
     *
     * @param format in which the answers were written
     */
    static Optional<String> contradiction(Optional<FormatChoice> known, String format, Optional<PlainRate> answered) {
        return known.flatMap(choice -> choice.formats().stream()
                        .filter(each -> each.name().equals(format)
                                || each.requantized() != null
                                        && each.requantized().matrixType().equals(format))
                        .findFirst())
                .flatMap(measured -> answered.filter(
                                rate -> rate.contradicts(measured.outlook().plainRate()))
                        .map(rate -> String.format(
                                Locale.ROOT,
                                "Two speeds of plain %s stand above: %.1f tokens/s by the answers (nine in ten of them"
                                        + " %.1f to %.1f), %.1f by the passes of the formats. The machine did not run"
                                        + " at one speed; compare what stands in one table.",
                                format,
                                rate.rate(),
                                rate.low(),
                                rate.high(),
                                measured.outlook().plainRate())));
    }

    /** The same in a line. */
    String line() {
        FormatChoice measured = choice;
        if (measured == null) {
            return "what others would give was not measured; " + measuring + " does";
        }
        if (measured.formats().size() == 1) {
            return "none other is written quickly and below 2 GB; " + measuring + " looks at more";
        }
        MeasuredFormat wanted = measured.fastest();
        String how = wanted == measured.asItIs()
                ? ""
                : "; to use " + wanted.name() + ": " + serving + " --requantize "
                        + (wanted == measured.best() ? "auto" : wanted.name().toLowerCase(Locale.ROOT));
        return measured.reason().replaceFirst("\\.$", "") + how;
    }

    static String table(FormatChoice measured) {
        List<String> header = new ArrayList<>(List.of("format", "MB", "t(1)", "t(2)", "t(4)", "t(8)", "plain tok/s"));
        for (Text text : Text.values()) {
            header.add(
                    switch (text) {
                        case EDITED -> "edited";
                        case QUESTIONS -> "questions";
                        case CHAT -> "chat";
                    });
        }
        header.add("auto/plain");
        header.add("most");
        TextTable table = new TextTable(header.toArray(String[]::new));
        for (MeasuredFormat format : measured.formats()) {
            SpeculationOutlook outlook = format.outlook();
            List<String> row = new ArrayList<>(List.of(
                    marked(measured, format),
                    number("%.0f", format.bytes() / 1e6),
                    number("%.1f ms", outlook.passMillis()),
                    number("%.2f", outlook.cost(2)),
                    number("%.2f", outlook.cost(4)),
                    number("%.2f", outlook.cost(8)),
                    rate(outlook.plainRate(), measured)));
            for (Text text : Text.values()) {
                row.add(rate(outlook.rate(text), measured));
            }
            row.add(number("%.2f", outlook.typicalRate() / outlook.plainRate()));
            row.add(number("%.1f×", outlook.most()));
            table.row(row.toArray(String[]::new));
        }
        return table.render();
    }

    /** A format's name, with a mark if it is the file as it came or costs answers. */
    static String marked(FormatChoice measured, MeasuredFormat format) {
        return format.name()
                + (format == measured.asItIs() ? " (the file)" : measured.keepsAnswers(format) ? "" : " *");
    }

    /** Tokens a second, and how many times as fast as the file as it is without drafts. */
    private static String rate(double rate, FormatChoice measured) {
        double times = rate / measured.asItIs().outlook().plainRate();
        return String.format(Locale.ROOT, "%.0f (%.2f×)", rate, times);
    }

    private String conclusion(FormatChoice measured) {
        MeasuredFormat best = measured.best();
        MeasuredFormat fastest = measured.fastest();
        StringBuilder text = new StringBuilder("""
            Tokens a second of one caller, and in brackets how many times as fast as the file without drafts.
            t(1) is the time of a pass of one token; t(2) to t(8) are in such passes. The rates with drafts (auto) are
            reckoned from these costs and from how often guesses are right on such texts; auto/plain is what drafts
            gain with the format itself, over the three kinds of text, and most what no text can exceed.
            """);
        if (best == measured.asItIs()) {
            text.append("The file as it is, ")
                    .append(best.name())
                    .append(", is the fastest here")
                    .append(fastest == best ? "." : " of those that keep answers.");
        } else {
            text.append(best.name())
                    .append(" is the fastest here")
                    .append(fastest == best ? "" : " of those that keep answers")
                    .append(". To use it: ")
                    .append(serving)
                    .append(" --requantize auto, the default for the catalogue's models.");
        }
        if (fastest != best) {
            text.append('\n')
                    .append(fastest.name())
                    .append(" is faster, with other answers. To use it: ")
                    .append(serving)
                    .append(" --requantize ")
                    .append(fastest.name().toLowerCase(Locale.ROOT))
                    .append('.');
        }
        if (!measured.formats().stream().allMatch(measured::keepsAnswers)) {
            text.append("\n* It changes answers, so it is used only where it is named.");
        }
        return text.toString();
    }

    private static String number(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }
}
