package io.aded.cli;

import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import io.aded.natives.NativesKind;
import io.aded.natives.NativesPlatform;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Says of what is wrong by which option it was set. What is below the command line calls a thing by its own name
 * ({@code modes}, {@code draft.max_nodes}); here that becomes the option's ({@code --modes}, {@code --draft-nodes}).
 */
final class OptionNames {
    private OptionNames() {}

    /** The failure, its wrong fields named by the command's options where there are such. */
    static Throwable applied(Throwable failure, CommandSpec command) {
        if (!(failure instanceof AdedException.InvalidRequest request)) {
            return failure;
        }
        AdedException.InvalidRequest named = new AdedException.InvalidRequest(
                request.violations().stream()
                        .map(violation ->
                                new FieldViolation(option(violation.field(), command), violation.description()))
                        .toList(),
                request.leftOut());
        named.setStackTrace(failure.getStackTrace());
        return named;
    }

    /** What to type, where the message says only what is allowed; null if there is nothing to add. */
    static @Nullable String hint(AdedException failure) {
        return switch (failure.reason()) {
            case "MODEL_NOT_FOUND" -> "a model of Hugging Face: --hf OWNER/REPO[:FILE]";
            case "DRAFT_MODEL_NOT_FOUND" -> "it is named by --draft-model";
            case "MODEL_TRIAL_FAILED" -> "--no-model-trial loads it nevertheless";
            case AdedException.ARCHITECTURE_OF_A_NEWER_LIBRARY -> installing(NativesPlatform.ofProcess());
            case "NO_BUNDLED_LIBRARY" -> "by --natives DIR or ADED_NATIVES";
            default -> null;
        };
    }

    /** Which command gets the newest library, the build for processors first: that one runs everywhere. */
    static String installing(NativesPlatform platform) {
        List<String> kinds = NativesKind.availableOn(platform).reversed().stream()
                .map(NativesKind::label)
                .toList();
        if (kinds.isEmpty()) {
            return "none is published for " + platform + "; one of your own: --natives DIR";
        }
        String others = String.join(", ", kinds.subList(1, kinds.size()));
        return "\"aded natives install " + kinds.getFirst() + "\"" + (others.isEmpty() ? "" : ", or " + others + ",")
                + " gets it";
    }

    private static String option(String field, CommandSpec command) {
        int dot = field.lastIndexOf('.');
        String last = field.substring(dot + 1);
        return Stream.of(field, last, field.substring(0, dot + 1) + last.replaceFirst("^max_", ""))
                .map(name -> command.findOption(
                        "--" + name.toLowerCase(Locale.ROOT).replace('_', '-').replace('.', '-')))
                .filter(Objects::nonNull)
                .map(OptionSpec::longestName)
                .findFirst()
                .orElse(field);
    }
}
