package io.aded.lab.report;

import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Where results go beside the terminal.
 *
 * @param json all data; null for none
 * @param plot charts, as {@code .svg} or {@code .html} by the name; null for none
 */
public record ResultFiles(@Nullable Path json, @Nullable Path plot) {

    /** Adds what is wrong with them: a long run should not end with a file that cannot be written. */
    public void check(List<FieldViolation> wrong) {
        if (plot != null && !isHtml(plot) && !lowerName(plot).endsWith(".svg")) {
            wrong.add(new FieldViolation("plot", "names " + plot + "; allowed: a name that ends with .svg or .html"));
        }
        requireDirectory(wrong, "json", json);
        requireDirectory(wrong, "plot", plot);
    }

    private static void requireDirectory(List<FieldViolation> wrong, String option, @Nullable Path file) {
        if (file != null) {
            Path directory = file.toAbsolutePath().getParent();
            if (directory == null || !Files.isDirectory(directory) || Files.isDirectory(file)) {
                wrong.add(new FieldViolation(option, "names " + file + "; allowed: a file in a directory that exists"));
            }
        }
    }

    /**
     * Writes those that were asked for.
     *
     * @param title of the page
     * @param report the text below the picture in a page
     * @throws AdedException.InvalidArtifact if one cannot be written
     */
    public void write(Supplier<String> data, Supplier<String> picture, String title, String report) {
        if (json != null) {
            write(json, data.get());
        }
        if (plot != null) {
            write(plot, isHtml(plot) ? Chart.page(title, picture.get(), report) : picture.get());
        }
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new AdedException.InvalidArtifact("NOT_WRITTEN", "cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    private static boolean isHtml(Path file) {
        return lowerName(file).endsWith(".html");
    }

    private static String lowerName(Path file) {
        return String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    }
}
