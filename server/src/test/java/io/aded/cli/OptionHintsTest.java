package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class OptionHintsTest {
    private static final List<String> NAMES =
            List.of("--listen", "--model", "--max-tokens", "--draft-model", "--draft", "--context", "--raw");

    @TempDir
    Path home;

    @ParameterizedTest
    @CsvSource({
        "--port, --listen",
        "--host=0.0.0.0, --listen",
        "-md, --draft-model",
        "--ctx-size, --context",
        "--modell, --model",
        "--modle, --model",
        "--max_tokens, --max-tokens",
        "--max-tokns=4, --max-tokens",
        "--drfat-model, --draft-model",
        "max-token, --max-tokens",
        "--row, --raw"
    })
    void of_slipOrNameFromElsewhere_isTheOptionThatWasMeant(String typed, String meant) {
        assertThat(OptionHints.of(typed, NAMES)).isEqualTo(meant);
    }

    @ParameterizedTest
    @CsvSource({"--zebra", "--x", "--temp", "''"})
    void of_nothingNear_isNone(String typed) {
        assertThat(OptionHints.of(typed, NAMES)).isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "serve --port 8080 | --listen HOST:PORT",
                "serve --host=0.0.0.0 | --listen HOST:PORT",
                "chat --server x:1 | --target ADDRESS",
                "generate -n 4 --temp 0 hi | --temperature",
                "serve --no-map | --no-mmap",
                "models derive x --fromat q8_0 | --format"
            })
    void run_unknownOption_saysWhatItIsHere(String line, String meant) {
        TestTerminal terminal = new TestTerminal(home);
        assertThat(terminal.run(line.split(" "))).isEqualTo(2);
        assertThat(terminal.err()).contains("Unknown option", "; here: " + meant);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "serve --context abc | is no whole number",
                "generate --temperature hot hi | is no number",
                "sreve | there is no command \"sreve\"",
                "serve mine.gguf | \"mine.gguf\" is one word too many; here: --model mine.gguf",
                "chat Mine.GGUF | \"Mine.GGUF\" is one word too many; here: --model Mine.GGUF",
                "serve mine | \"mine\" is one word too many",
                "models frmats | there is no command \"frmats\""
            })
    void run_wrongWord_isSaidInPlainWords(String line, String said) {
        TestTerminal terminal = new TestTerminal(home);
        assertThat(terminal.run(line.split(" "))).isEqualTo(2);
        assertThat(terminal.err()).contains(said);
    }

    @Test
    void run_noCommand_namesThoseForUsers() {
        TestTerminal terminal = new TestTerminal(home);
        assertThat(terminal.run()).isEqualTo(2);
        assertThat(terminal.err()).contains("serve, generate, chat").doesNotContain("warm-up");
    }

    @Test
    void run_fileWithASlip_saysWhatIsAllowed() throws IOException {
        Path file = Files.writeString(home.resolve("mine.yaml"), "serve:\n  port: 8080\n");
        TestTerminal terminal = new TestTerminal(home);
        assertThat(terminal.run("serve", "--config", file.toString())).isEqualTo(2);
        assertThat(terminal.err()).contains("serve.port", "allowed: listen");
    }
}
