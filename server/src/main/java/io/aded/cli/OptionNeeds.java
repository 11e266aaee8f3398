package io.aded.cli;

import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * Options that say how something is done that is not done at all unless another option asks for it. Who types one alone
 * believes that it does something, so that is refused. What a file or a variable sets as usual is no such belief, and
 * is let be.
 */
final class OptionNeeds {
    private static final Asks SET = Objects::nonNull;
    private static final Asks NOT_NONE = value -> value != null && !value.equals("none");

    /** Those that name a server, which has loaded what it serves. */
    private static final List<String> SERVERS = List.of("--target", "--http");

    /** Those that set what is loaded by this process. */
    private static final Set<Class<?>> OF_A_MODEL =
            Set.of(ModelOptions.class, ContextOptions.class, DraftModelOptions.class, ReplicaOption.class);

    /** Whether an option's value asks for what others are about. */
    @FunctionalInterface
    private interface Asks {
        /** For a value, typed or not; null for none. */
        boolean by(@Nullable Object value);
    }

    /**
     * Who needs whom.
     *
     * @param options each of them needs one of the others
     * @param needed the others
     * @param asks which of their values ask for it
     * @param why what is missing, for the message
     * @param sampling whether a server's callers may ask for it later
     */
    private record Need(List<String> options, List<String> needed, Asks asks, String why, boolean sampling) {}

    private static final List<Need> ALL = List.of(
            need(
                    List.of("--draft-gpu-layers", "--draft-threads", "--draft-cost"),
                    List.of("--draft-model", "--draft-self"),
                    NOT_NONE,
                    "is about a draft model, and none is named; give --draft-model or --draft-self, too"),
            need(
                    List.of("--pass", "--draft-cost"),
                    List.of("--curve"),
                    SET,
                    "is about time that is reckoned; give --curve, too"),
            need(
                    List.of("--draft-nodes", "--draft-depth", "--draft-branches", "--draft-table"),
                    List.of("--draft"),
                    mode -> !"off".equals(mode),
                    "is about drafts, and --draft is off"),
            need(
                    List.of("--draft-table"),
                    List.of("--model"),
                    model -> !StandIn.isNamed(String.valueOf(model)),
                    "is a table of a model's tokens, and the model scripted has none that a table could be built for"),
            need(
                    List.of("--allow-training"),
                    List.of("--target"),
                    SET,
                    "is consent to what a server keeps, and nothing is kept by a model that is loaded for one answer;"
                            + " give --target, too"),
            need(
                    List.of("--main-gpu", "--split-mode", "--tensor-split"),
                    List.of("--gpu-layers"),
                    layers -> !"0".equals(layers),
                    "is about GPUs, and --gpu-layers puts nothing there"),
            need(
                    List.of("--stall-grace"),
                    List.of("--stall"),
                    seconds -> !Integer.valueOf(0).equals(seconds),
                    "is about engines that hang, which --stall does not look for"),
            need(
                    List.of("--retained"),
                    List.of("--retention"),
                    seconds -> !Integer.valueOf(0).equals(seconds),
                    "is about conversations that are kept, and --retention keeps none"),
            need(
                    List.of("--socket-mode"),
                    List.of("--listen"),
                    addresses -> addresses instanceof Collection<?> all
                            && all.stream()
                                    .anyMatch(each -> String.valueOf(each).startsWith("unix:")),
                    "is about Unix sockets; give --listen unix:PATH, too"),
            need(
                    List.of("--headerless"),
                    List.of("--from-recordings"),
                    files -> files instanceof Collection<?> all && !all.isEmpty(),
                    "is about recordings; give --from-recordings, too"),
            sampling(List.of("--xtc-threshold"), List.of("--xtc-probability")),
            sampling(List.of("--dynamic-temperature-exponent"), List.of("--dynamic-temperature-range")),
            sampling(List.of("--mirostat-eta"), List.of("--mirostat-tau")),
            sampling(
                    List.of("--penalty-window"),
                    List.of("--repeat-penalty", "--frequency-penalty", "--presence-penalty")),
            sampling(
                    List.of("--dry-base", "--dry-allowed-length", "--dry-window", "--dry-sequence-breakers"),
                    List.of("--dry-multiplier")));

    private OptionNeeds() {}

    private static Need need(List<String> options, List<String> needed, Asks asks, String why) {
        return new Need(options, needed, asks, why, false);
    }

    private static Need sampling(List<String> options, List<String> needed) {
        return new Need(options, needed, SET, "does nothing without " + String.join(" or ", needed), true);
    }

    /**
     * Refuses options that would do nothing.
     *
     * @throws AdedException.InvalidRequest naming all of them
     */
    static void require(ParseResult parsed) {
        ParseResult last = parsed;
        while (last.hasSubcommand()) {
            last = last.subcommand();
        }
        CommandSpec command = last.commandSpec();
        String elsewhere = SERVERS.stream()
                .filter(option -> valueOf(command, option) != null)
                .findFirst()
                .orElse(null);
        // What a server draws by, its callers may go on from: there all of them mean something.
        boolean defaults = elsewhere != null || command.userObject() instanceof ServeCommand;
        List<FieldViolation> wrong = new ArrayList<>();
        for (Need need : ALL) {
            if ((need.sampling() && defaults) || isAsked(command, need)) {
                continue;
            }
            for (String option : need.options()) {
                if (last.hasMatchedOption(option)) {
                    wrong.add(new FieldViolation(option, need.why()));
                }
            }
        }
        if (last.hasMatchedOption("--hf") && last.hasMatchedOption("--model")) {
            wrong.add(new FieldViolation("--hf", "cannot be combined with --model; one model is served"));
        }
        if (elsewhere != null) {
            last.matchedOptions().stream()
                    .filter(OptionNeeds::isOfAModel)
                    .map(OptionSpec::longestName)
                    .distinct()
                    .forEach(option -> wrong.add(new FieldViolation(
                            option, "cannot be combined with " + elsewhere + ", whose server has its model")));
        }
        if (!wrong.isEmpty()) {
            throw new AdedException.InvalidRequest(wrong);
        }
    }

    private static @Nullable Object valueOf(CommandSpec command, String option) {
        OptionSpec found = command.findOption(option);
        return found == null ? null : found.getValue();
    }

    /**
     * Whether one of the needed options has a value that asks for it, typed or not; or the command has none of them.
     */
    private static boolean isAsked(CommandSpec command, Need need) {
        List<OptionSpec> there = need.needed().stream()
                .map(command::findOption)
                .filter(Objects::nonNull)
                .toList();
        return there.isEmpty() || there.stream().anyMatch(option -> need.asks().by(option.getValue()));
    }

    private static boolean isOfAModel(OptionSpec option) {
        return option.userObject() instanceof Field field && OF_A_MODEL.contains(field.getDeclaringClass())
                || option.longestName().equals("--draft-table");
    }
}
