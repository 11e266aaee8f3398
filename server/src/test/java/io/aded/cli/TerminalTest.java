package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.llama.TinyModels;
import io.aded.store.ProcessEnvironment;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is printed commands no terminal, whatever files are called and whatever a model says. */
class TerminalTest {
    /** Sets the title of a terminal, in the one and in the other way to begin a command, and clears it. */
    private static final String COMMANDS = "a\u001b]0;x\u0007b\u009b2Jc";

    private static final String SHOWN = "a\\u001b]0;x\\u0007b\\u009b2Jc";

    @TempDir
    private Path directory;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private Terminal terminal(boolean interactive) {
        return new Terminal(
                new PrintStream(out, false, StandardCharsets.UTF_8),
                new PrintStream(out, false, StandardCharsets.UTF_8),
                new BufferedReader(new StringReader("")),
                interactive,
                false,
                new ProcessEnvironment(Map.of(), directory, directory));
    }

    private String printed() {
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void out_textInPieces_isShownInOrderWithWholeCharacters() {
        Terminal terminal = terminal(true);
        byte[] text = ("x " + COMMANDS + " žluťoučký 🦊\n").getBytes(StandardCharsets.UTF_8);
        for (byte each : text) {
            terminal.out().write(each);
            terminal.out().flush();
        }
        terminal.out().print("no line " + COMMANDS);
        terminal.out().flush();
        assertThat(printed()).isEqualTo("x " + SHOWN + " žluťoučký 🦊\nno line " + SHOWN);
    }

    @Test
    void answer_ofAModelThatCommands_isShownToAPersonAndLeftToAProgram() {
        terminal(true).answer(COMMANDS + "\u202e, e\u200dmoji\n");
        assertThat(printed()).isEqualTo(SHOWN + "\\u202e, e\u200dmoji\n");
        out.reset();
        terminal(false).answer(COMMANDS);
        assertThat(printed()).isEqualTo(COMMANDS);
    }

    /** All else goes through what shows it. */
    @Test
    void raw_isAskedForByThoseOfTheListOnly() throws IOException {
        try (Stream<Path> sources = Files.list(Path.of("src/main/java/io/aded/cli"))) {
            Set<String> asking = sources.filter(file -> {
                        try {
                            return Files.readString(file).contains("terminal.raw()");
                        } catch (IOException e) {
                            throw new AssertionError(e);
                        }
                    })
                    .map(file -> file.getFileName().toString())
                    .collect(Collectors.toSet());
            assertThat(asking)
                    .containsExactlyInAnyOrder(
                            "ChatCommand.java", "DoctorCommand.java", "GenerateCommand.java", "Main.java");
        }
    }

    @Test
    void commands_filesWithCommandsInTheirNames_areShown() throws IOException {
        Path place = Files.createDirectory(directory.resolve(COMMANDS));
        String model = TinyModels.f32(place).toString();
        Path prompts = Files.writeString(
                place.resolve("p.jsonl"),
                "{\"id\": 1, \"task\": \""
                        + COMMANDS.replace("\u001b", "\\u001b").replace("\u0007", "\\u0007")
                        + "\", \"turns\": [\"the cat and the dog\"]}\n");
        TestTerminal terminal = new TestTerminal(directory)
                .with("ADED_NATIVES", "bundled")
                .with("ADED_MODEL", model)
                .with("ADED_NO_MODEL_TRIAL", "true");
        String asked = "--raw -c 256 -n 8 --prompts " + prompts;
        String recorded = place.resolve("recorded").toString();
        String table = place.resolve("table").toString();
        for (String line : List.of(
                "record " + asked + " -o " + recorded,
                "models derive " + model + " --skip 0 -o " + place.resolve("copy.gguf"),
                "models show " + model,
                "draft build --from " + prompts + " -o " + table,
                "draft show " + table,
                "align export " + asked + " -o " + place.resolve("export"))) {
            assertThat(terminal.run(line.split(" "))).describedAs(terminal::err).isZero();
            assertShown(line, terminal);
        }
        assertThat(terminal.run("draft", "policy", "show", place.resolve("none").toString()))
                .isEqualTo(ExitCode.NOT_FOUND.code());
        assertShown("draft policy show", terminal);
    }

    private static void assertShown(String line, TestTerminal terminal) {
        assertThat(terminal.out() + terminal.err())
                .as(line)
                .contains("\\u001b]0;x")
                .doesNotContain("\u001b", "\u0007", "\u009b");
    }
}
