package io.aded.cli;

import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Says of what is wrong by which option it was set. What is below the command line calls a thing by its own name ({@code
 * modes}, {@code draft.max_nodes}); here that becomes the option's ({@code --modes}, {@code --draft-nodes}).
 */
final class OptionNames {
    private OptionNames() {}

    /** The failure, its wrong fields named by the command's options where there are such. */
    static Throwable applied(Throwable failure, CommandSpec command) {
        if (!(failure instanceof AdedException.InvalidRequest request)) {
            return failure;
        }
        AdedException.InvalidRequest named = new AdedException.InvalidRequest(request.violations().stream()
                .map(violation -> new FieldViolation(option(violation.field(), command), violation.description()))
                .toList());
        named.setStackTrace(failure.getStackTrace());
        return named;
    }

    private static String option(String field, CommandSpec command) {
        String last = field.substring(field.lastIndexOf('.') + 1);
        String whole = find(field, command);
        String found = whole == null ? find(last, command) : whole;
        return found == null ? field : found;
    }

    private static @Nullable String find(String name, CommandSpec command) {
        OptionSpec option = command.findOption(
                "--" + name.toLowerCase(Locale.ROOT).replace('_', '-').replace('.', '-'));
        return option == null ? null : option.longestName();
    }
}
