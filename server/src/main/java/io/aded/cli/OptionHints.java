package io.aded.cli;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.UnmatchedArgumentException;

/** What somebody may have meant who typed an option that there is not. */
final class OptionHints {
    /** A third of a name may be mistyped. */
    private static final int LETTERS_A_SLIP = 3;

    private static final int MOST_SLIPS = 3;

    private static final String LISTEN = "--listen";
    private static final String TARGET = "--target";
    private static final String MODEL = "--model";

    /** What llama.cpp's programs and other servers call what is called otherwise here. */
    private static final Map<String, String> ELSEWHERE = Map.ofEntries(
            Map.entry("port", LISTEN),
            Map.entry("host", LISTEN),
            Map.entry("address", LISTEN),
            Map.entry("bind", LISTEN),
            Map.entry("server", TARGET),
            Map.entry("url", TARGET),
            Map.entry("endpoint", TARGET),
            Map.entry("ctx-size", "--context"),
            Map.entry("n-ctx", "--context"),
            Map.entry("n-gpu-layers", "--gpu-layers"),
            Map.entry("ngl", "--gpu-layers"),
            Map.entry("model-draft", "--draft-model"),
            Map.entry("md", "--draft-model"),
            Map.entry("gpu-layers-draft", "--draft-gpu-layers"),
            Map.entry("n-gpu-layers-draft", "--draft-gpu-layers"),
            Map.entry("ngld", "--draft-gpu-layers"),
            Map.entry("threads-draft", "--draft-threads"),
            Map.entry("td", "--draft-threads"),
            Map.entry("draft-max", "--draft-nodes"),
            Map.entry("draft-n", "--draft-nodes"),
            Map.entry("hf-repo", "--hf"),
            Map.entry("hfr", "--hf"),
            Map.entry("n-predict", "--max-tokens"),
            Map.entry("predict", "--max-tokens"),
            Map.entry("temp", "--temperature"),
            Map.entry("batch-size", "--batch"),
            Map.entry("np", "--parallel"),
            Map.entry("quantize", "--requantize"));

    private OptionHints() {}

    /** The option of the command that was meant, with what it takes; null if none is near. */
    static @Nullable String of(CommandLine.ParameterException failure) {
        if (!(failure instanceof UnmatchedArgumentException unmatched)) {
            return null;
        }
        CommandSpec command = failure.getCommandLine().getCommandSpec();
        String first = unmatched.getUnmatched().getFirst();
        // Other programs take a model's file as a word by itself.
        if (first.toLowerCase(Locale.ROOT).endsWith(".gguf")
                && !first.startsWith("-")
                && command.findOption(MODEL) != null) {
            return MODEL + " " + first;
        }
        List<String> names = command.options().stream()
                .filter(option -> !option.hidden())
                .map(OptionSpec::longestName)
                .toList();
        return unmatched.getUnmatched().stream()
                .filter(argument -> argument.startsWith("-"))
                .findFirst()
                .map(argument -> of(argument, names))
                .map(command::findOption)
                .map(option -> option.paramLabel().isEmpty() || option.arity().max() == 0
                        ? option.longestName()
                        : option.longestName() + " " + option.paramLabel())
                .orElse(null);
    }

    /** What the parser says, without words that only programmers have for it. */
    static String plain(CommandLine.ParameterException failure) {
        if (failure instanceof UnmatchedArgumentException unmatched && !unmatched.isUnknownOption()) {
            String word = "\"" + unmatched.getUnmatched().getFirst() + "\"";
            return failure.getCommandLine().getSubcommands().isEmpty()
                    ? word + " is one word too many"
                    : "there is no command " + word;
        }
        return String.valueOf(failure.getMessage())
                .replaceFirst("is not an? (int|long)$", "is no whole number")
                .replaceFirst("is not a (float|double)$", "is no number");
    }

    /**
     * The name that was meant.
     *
     * @param typed with or without dashes, and perhaps a value behind {@code =}
     * @param names that there are
     */
    static @Nullable String of(String typed, Collection<String> names) {
        String name = bare(typed).replaceFirst("=.*", "");
        String known = ELSEWHERE.get(name);
        if (known != null && names.contains(known)) {
            return known;
        }
        int most = Math.min(MOST_SLIPS, name.length() / LETTERS_A_SLIP);
        return names.stream()
                .filter(each -> slips(name, bare(each)) <= most)
                .min(Comparator.comparingInt((String each) -> slips(name, bare(each)))
                        .thenComparing(Comparator.naturalOrder()))
                .orElse(null);
    }

    private static String bare(String name) {
        return name.replaceFirst("^-{1,2}", "").toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Letters to insert, to leave out, to exchange for another or for their neighbour (Damerau, 1964). */
    private static int slips(String one, String other) {
        int[][] least = new int[one.length() + 1][other.length() + 1];
        for (int i = 0; i <= one.length(); i++) {
            for (int j = 0; j <= other.length(); j++) {
                if (i == 0 || j == 0) {
                    least[i][j] = i + j;
                    continue;
                }
                boolean same = one.charAt(i - 1) == other.charAt(j - 1);
                least[i][j] =
                        Math.min(Math.min(least[i - 1][j], least[i][j - 1]) + 1, least[i - 1][j - 1] + (same ? 0 : 1));
                if (i > 1
                        && j > 1
                        && one.charAt(i - 1) == other.charAt(j - 2)
                        && one.charAt(i - 2) == other.charAt(j - 1)) {
                    least[i][j] = Math.min(least[i][j], least[i - 2][j - 2] + 1);
                }
            }
        }
        return least[one.length()][other.length()];
    }
}
