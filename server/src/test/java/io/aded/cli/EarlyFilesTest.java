package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files that options name are looked at before a model is fetched: here it cannot be, and nothing is said of it. */
class EarlyFilesTest {
    private static final String UNREACHABLE = "http://127.0.0.1:1/model.gguf";

    @TempDir
    private Path directory;

    private TestTerminal terminal = new TestTerminal(Path.of(""));

    @BeforeEach
    void prepare() throws IOException {
        terminal = new TestTerminal(directory).with("ADED_NATIVES", "bundled").with("ADED_LISTEN", "127.0.0.1:0");
        Files.writeString(directory.resolve("text"), "Some text, which is nothing else.");
        Files.writeString(directory.resolve("text.gguf"), "Some text, which is nothing else.");
        Files.write(directory.resolve("bytes"), new byte[] {(byte) 0xff, (byte) 0xfe});
        Files.writeString(directory.resolve("left.gbnf"), "root ::= root \"a\"");
        Files.writeString(directory.resolve("schema.json"), "{\"type\": \"sausage\"}");
        Files.writeString(directory.resolve("broken.jinja"), "{% for m in %}");
    }

    private int run(String line) {
        return terminal.run(Arrays.stream(line.split(" "))
                .map(word -> word.replace("MODEL", "--model " + UNREACHABLE))
                .flatMap(word -> Arrays.stream(word.split(" ")))
                .map(word -> word.startsWith("@")
                        ? directory.resolve(word.substring(1)).toString()
                        : word)
                .toArray(String[]::new));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "serve MODEL --draft-table @none | NOT_FOUND | no draft table",
                "serve MODEL --draft-table @text | INVALID_ARTIFACT | text has 33 bytes",
                "generate MODEL --draft-table @text hi | INVALID_ARTIFACT | text has 33 bytes",
                "chat MODEL --draft-table @text.gguf | INVALID_ARTIFACT | text.gguf has 33 bytes",
                "serve MODEL --draft-model @none.gguf | NOT_FOUND | the draft model",
                "serve MODEL --draft-model @text.gguf | INVALID_ARTIFACT | text.gguf",
                "bench MODEL --draft-model @none.gguf | NOT_FOUND | the draft model",
                "load MODEL --draft-model @text.gguf | INVALID_ARTIFACT | text.gguf",
                "generate MODEL --draft-model @text.gguf hi | INVALID_ARTIFACT | text.gguf",
                "serve MODEL --draft-self q4_k --draft-policy @none | NOT_FOUND | none",
                "load MODEL --draft-self q4_k --draft-policy @text | INVALID_ARTIFACT | text",
                "serve MODEL --grammar @none | NOT_FOUND | --grammar: there is no file",
                "serve MODEL --grammar @left.gbnf | INVALID_REQUEST | --grammar: has the left-recursive rule root",
                "generate MODEL --grammar @bytes hi | INVALID_ARTIFACT | is not UTF-8 text",
                "chat MODEL --json-schema @schema.json | INVALID_REQUEST | --json-schema",
                "serve MODEL --json-schema @text | INVALID_REQUEST | --json-schema",
                "bench MODEL --json-schema @schema.json | INVALID_REQUEST | --json-schema",
                "bench MODEL --json-schema @none | NOT_FOUND | --json-schema",
                "serve MODEL --temperature 101 | INVALID_REQUEST | --temperature",
                "serve MODEL --chat-template @broken.jinja | INVALID_REQUEST | --chat-template: is broken",
                "bench MODEL --chat-template @none.jinja | INVALID_REQUEST | is no known template",
                "load MODEL --chat-template @bytes | INVALID_ARTIFACT | is not UTF-8 text",
                "record MODEL --chat-template @broken.jinja -o @out | INVALID_REQUEST | --chat-template",
                "serve MODEL --align-record @text | INVALID_REQUEST | --align-record",
                "serve MODEL --align-record @text/below | INVALID_ARTIFACT | cannot be written to",
                "align export MODEL -o @out --draft @none.gguf | NOT_FOUND | none.gguf",
                "align export MODEL -o @text/below | INVALID_ARTIFACT | cannot be written to",
                "align evaluate --data @ --draft http://127.0.0.1:1/model.gguf --draft @none.gguf | NOT_FOUND |"
                        + " none.gguf",
                "draft build MODEL --from @none | NOT_FOUND | --from: there is no",
                "draft build MODEL --from @text -o @text/below | INVALID_ARTIFACT | cannot be written to",
                "record MODEL -o @text/below | INVALID_REQUEST | --output",
                "bench MODEL --json @text/below | INVALID_REQUEST | --json",
                "load MODEL --plot @text/below.svg | INVALID_REQUEST | --plot",
                "models derive http://127.0.0.1:1/model.gguf --format q8_0 -o @text/below | INVALID_ARTIFACT | cannot"
                        + " be written to"
            })
    void call_fileThatCannotBeUsed_isSaidBeforeTheModelIsFetched(String line, ExitCode code, String said) {
        assertThat(run(line)).describedAs(terminal::err).isEqualTo(code.code());
        assertThat(terminal.err()).contains(said).doesNotContain("nobody answers");
    }

    @Test
    void call_goodFiles_goOnToTheModel() throws IOException {
        Files.writeString(directory.resolve("good.gbnf"), "root ::= !<[3]> <think> \"a\"");
        assertThat(run("generate MODEL --grammar @good.gbnf --chat-template chatml hi"))
                .isEqualTo(ExitCode.UNAVAILABLE.code());
        assertThat(terminal.err()).contains("nobody answers");
    }
}
