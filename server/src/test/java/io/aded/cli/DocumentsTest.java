package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.draft.catalogue.Drafters;
import io.aded.lab.prompts.Scenarios;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** What the pages of the tree name is there. */
class DocumentsTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    /** Options of other programs that the pages tell how to call. */
    private static final Set<String> OF_OTHERS = Set.of(
            "--enable-native-access",
            "--protocol",
            "--http2-prior-knowledge",
            "--list-methods",
            "--diff",
            "--exit-code",
            "--against",
            "--exclude-source-info",
            "--summary",
            "--gpus");

    private static List<Path> files(Path directory, String ending) throws IOException {
        try (Stream<Path> found = Files.walk(directory)) {
            return found.filter(file -> file.toString().endsWith(ending))
                    .filter(file -> Stream.of("target", ".git", ".venv", "node_modules", "shared")
                            .noneMatch(name -> ROOT.relativize(file).startsWith(name)
                                    || ROOT.relativize(file).toString().contains("/" + name + "/")))
                    .toList();
        }
    }

    private static Set<String> matches(String pattern, String text) {
        return Pattern.compile(pattern)
                .matcher(text)
                .results()
                .map(MatchResult::group)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static void options(CommandLine command, Set<String> into) {
        command.getCommandSpec().options().forEach(option -> into.addAll(List.of(option.names())));
        command.getSubcommands().values().forEach(each -> options(each, into));
    }

    @Test
    void pages_nameOptionsThatThereAre() throws IOException {
        Set<String> known = new HashSet<>(OF_OTHERS);
        Terminal terminal = new TestTerminal(ROOT).terminal();
        options(Main.commandLine(terminal, Configuration.of(terminal.environment(), null)), known);
        for (Path script : files(ROOT.resolve("bench"), ".sh")) {
            known.addAll(matches("--[a-z][a-z0-9-]+", Files.readString(script)));
        }
        for (String program : List.of("conformance/runner.py", "align/aded_align/train.py")) {
            known.addAll(matches("--[a-z][a-z0-9-]+", Files.readString(ROOT.resolve(program))));
        }
        assertThat(known).contains("--metrics", "--model");
        // Pages of clients in other languages name options of those languages' tools.
        for (Path page : files(ROOT, ".md")) {
            if (ROOT.relativize(page).toString().matches("client-(python|node|go)/.*")) {
                continue;
            }
            assertThat(matches("(?<![\\w-])--[a-z][a-z0-9-]+", Files.readString(page)))
                    .as("options that " + page + " names")
                    .isSubsetOf(known);
        }
    }

    @Test
    void comments_nameTestsThatThereAre() throws IOException {
        Set<String> tests = files(ROOT, "Test.java").stream()
                .map(file -> file.getFileName().toString().replace(".java", ""))
                .collect(Collectors.toSet());
        for (Path source : files(ROOT, ".java")) {
            if (source.toString().contains("/src/main/")) {
                assertThat(matches("(?<=\\{@code )[A-Z]\\w*Test(?=\\})", Files.readString(source)))
                        .as("tests that " + source + " names")
                        .isSubsetOf(tests);
            }
        }
    }

    @Test
    void pages_listEveryModeAndEveryBenchmark() throws IOException {
        String modes = Files.readString(ROOT.resolve("docs/benchmarks.md"));
        assertThat(Drafters.all()).allSatisfy(kind -> assertThat(modes).contains("`" + kind.label() + "`"));
        String benchmarks = Files.readString(ROOT.resolve("bench/README.md"));
        assertThat(files(ROOT.resolve("bench/src"), "Benchmark.java"))
                .isNotEmpty()
                .allSatisfy(file -> assertThat(benchmarks)
                        .contains("| `" + file.getFileName().toString().replace(".java", "") + "` |"));
    }

    @Test
    void demonstration_helloPrompts_areThoseOfTheExample() throws IOException {
        // A text block ends its lines in \ where they go on.
        String example = Files.readString(ROOT.resolve("examples/hello/Hello.java"))
                .replaceAll("\\\\\\n *", "")
                .replaceAll("\\s+", " ");

        List<String> asked = Scenarios.demonstration().stream()
                .filter(scenario -> scenario.id().startsWith("hello"))
                .flatMap(scenario -> scenario.turns().stream())
                .flatMap(String::lines)
                .map(line -> line.strip().replaceAll("\\s+", " "))
                .filter(line -> !line.isEmpty())
                .toList();

        assertThat(asked).hasSize(7 + 3).allSatisfy(line -> assertThat(example).contains(line));
    }
}
