package io.aded.lab.template;

import io.aded.dialect.Dialect;
import io.aded.dialect.DialectProbe;
import io.aded.template.ChatTemplates;
import io.aded.template.SpecialTexts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Prints how each template's model writes tool calls and reasoning, as probing finds it. */
public final class DialectTable {
    /** What ends answers in the vocabularies that go with the templates. */
    private static final Set<String> ENDS = Set.of(
            "</s>",
            "<|eot_id|>",
            "<|eom_id|>",
            "<|im_end|>",
            "<|end|>",
            "<|call|>",
            "<|return|>",
            "<|endoftext|>",
            "<|end_of_text|>",
            "<turn|>",
            "<end_of_turn>",
            "<|END_OF_TURN_TOKEN|>",
            "<｜end▁of▁sentence｜>",
            "<|eos|>");

    private DialectTable() {}

    /**
     * Prints a line for each template.
     *
     * @param arguments files, or folders of files that end in {@code .jinja}
     */
    public static void main(String[] arguments) throws IOException {
        int calls = 0;
        int reasoning = 0;
        List<Path> files = files(arguments);
        for (Path file : files) {
            ChatTemplates template = ChatTemplates.of(
                    Files.readString(file), new SpecialTexts("<s>", "</s>", true), () -> Instant.EPOCH, ZoneOffset.UTC);
            Dialect dialect = DialectProbe.probe(template, ENDS::contains);
            calls += dialect.calls() == null ? 0 : 1;
            reasoning += dialect.reasoning() == null ? 0 : 1;
            System.out.println(String.valueOf(file.getFileName()).replaceFirst("\\.jinja$", ""));
            System.out.println("  " + dialect.describe().replace("; reasoning", "\n  reasoning"));
        }
        System.out.println(files.size() + " templates: " + calls + " with calls, " + reasoning + " with reasoning");
    }

    private static List<Path> files(String[] arguments) throws IOException {
        List<Path> files = new ArrayList<>();
        for (String argument : arguments) {
            Path path = Path.of(argument);
            if (Files.isDirectory(path)) {
                try (Stream<Path> inside = Files.list(path)) {
                    inside.filter(file -> file.toString().endsWith(".jinja"))
                            .sorted()
                            .forEach(files::add);
                }
            } else {
                files.add(path);
            }
        }
        return files;
    }
}
