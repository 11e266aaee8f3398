package io.aded.cli;

import io.aded.engine.SpeculationOutlook;
import io.aded.engine.SpeculationOutlook.Text;
import io.aded.host.FormatChoice;
import io.aded.host.MeasuredFormat;
import io.aded.host.ModelConfiguration;
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

    private FormatAdvice(@Nullable FormatChoice choice, String measuring) {
        this.choice = choice;
        this.measuring = measuring;
    }

    /**
     * Advice.
     *
     * @param known what was measured, if it was
     * @param program how the user called the program
     * @param model as the user named it
     */
    static FormatAdvice of(Optional<FormatChoice> known, String program, ModelConfiguration model) {
        return new FormatAdvice(known.orElse(null), program + " models formats" + named(model));
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

    /** The same in a line. */
    String line() {
        FormatChoice measured = choice;
        return measured == null
                ? "what others would give was not measured yet; " + measuring + " does"
                : measured.reason().replaceFirst("\\.$", "");
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
        header.add("most");
        TextTable table = new TextTable(header.toArray(String[]::new));
        for (MeasuredFormat format : measured.formats()) {
            SpeculationOutlook outlook = format.outlook();
            String mark = format == measured.asItIs() ? " (the file)" : measured.keepsAnswers(format) ? "" : " *";
            List<String> row = new ArrayList<>(List.of(
                    format.name() + mark,
                    number("%.0f", format.bytes() / 1e6),
                    number("%.1f ms", outlook.passMillis()),
                    number("%.2f", outlook.cost(2)),
                    number("%.2f", outlook.cost(4)),
                    number("%.2f", outlook.cost(8)),
                    number("%.0f", outlook.plainRate())));
            for (Text text : Text.values()) {
                row.add(number("%.0f", outlook.rate(text)));
            }
            row.add(number("%.1f×", outlook.most()));
            table.row(row.toArray(String[]::new));
        }
        return table.render();
    }

    private static String conclusion(FormatChoice measured) {
        MeasuredFormat best = measured.best();
        boolean asItIs = best == measured.asItIs();
        String which = asItIs ? "The file as it is, " + best.name() + "," : best.name();
        String how =
                asItIs ? "" : " serve --requantize auto uses it, and so does the default of the catalogue's models.";
        boolean changes = !measured.formats().stream().allMatch(measured::keepsAnswers);
        String note = changes ? "\n* It changes answers, so it is used only where it is named." : "";
        return """
            t(1) is the time of a pass of one token; t(2) to t(8) are in such passes. The rates with drafts (auto) are
            reckoned from these costs and from how often guesses are right on such texts; most is what no
            text can exceed.
            """ + which + " is the fastest here." + how + note;
    }

    private static String number(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }
}
