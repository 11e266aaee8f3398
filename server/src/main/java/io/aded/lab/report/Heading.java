package io.aded.lab.report;

import java.util.Locale;

/** The lines above the tables: what was measured, where and how. */
public final class Heading {
    /** Columns that a report may take. */
    public static final int WIDTH = 100;

    private final StringBuilder text = new StringBuilder();

    /** Adds a line, cut to the report's width. */
    public Heading fact(String name, String value) {
        text.append(String.format(Locale.ROOT, "%-9s %s%n", name, Figures.shorten(Figures.shown(value), WIDTH - 10))
                .replace("\r", ""));
        return this;
    }

    /** Adds the program, the model, the library and the machine. */
    public Heading machine(Machine machine) {
        String parameters = machine.parameters() == 0
                ? ""
                : String.format(Locale.ROOT, ", %.2f B parameters", machine.parameters() / 1e9);
        fact("aded", machine.version() + ", " + machine.date());
        fact("model", machine.model() + ", " + machine.quantization() + parameters);
        fact("library", machine.library() + " on " + String.join(", ", machine.devices()));
        return fact(
                "machine",
                machine.processor() + ", " + machine.cores() + " cores, " + machine.system() + ", Java "
                        + machine.java());
    }

    /** All lines. */
    public String text() {
        return text.toString();
    }
}
