package io.aded.cli;

import io.aded.lab.prompts.Scenario;
import io.aded.lab.prompts.Scenarios;
import io.aded.model.FieldViolation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** Which conversations are asked: those of files or the built-in ones, and a choice among them. */
final class PromptOptions {
    @Option(
            names = "--prompts",
            paramLabel = "FILE",
            description = "JSON lines with id, task, category, turns; may be repeated. Else built-in scenarios:"
                    + " chat, code, quote, edit, json, creative.")
    private List<Path> files = new ArrayList<>();

    @Option(
            names = "--limit",
            paramLabel = "N",
            description = "At most N prompts, spread evenly over the groups; 0 for all.")
    private int limit;

    @Option(
            names = "--category",
            paramLabel = "NAME",
            split = ",",
            description = "Only prompts of this task or category; may be repeated.")
    private List<String> categories = new ArrayList<>();

    /** Whether any of these options was given. */
    boolean given() {
        return !(files.isEmpty() && categories.isEmpty() && limit == 0);
    }

    void check(List<FieldViolation> wrong) {
        LoadOptions.within(wrong, "--limit", limit, 0, Integer.MAX_VALUE);
    }

    /** Reads and chooses them, whole conversations, in the order in which they are asked. */
    List<Scenario> scenarios(Scenario.Grouping grouping) {
        List<Scenario> all = new ArrayList<>(files.isEmpty() ? Scenarios.builtIn() : List.of());
        files.forEach(file -> all.addAll(Scenarios.read(file)));
        return Scenarios.select(all, grouping, categories, limit);
    }

    /** Where they come from, in words. */
    String source() {
        Stream<String> sources = files.isEmpty()
                ? Stream.of("the built-in scenarios")
                : files.stream().map(file -> String.valueOf(file.getFileName()));
        return Stream.concat(sources, categories.stream()).collect(Collectors.joining(", "));
    }
}
