package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.AdedException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class OptionNeedsTest {
    @TempDir
    Path home;

    private TestTerminal terminal = new TestTerminal(Path.of(""));

    @BeforeEach
    void prepare() {
        terminal = new TestTerminal(home);
    }

    private void require(String line) {
        Terminal at = terminal.terminal();
        OptionNeeds.require(
                Main.commandLine(at, Configuration.of(at.environment(), null)).parseArgs(line.split(" ")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "serve --draft-threads 2 | --draft-threads | --draft-model",
                "bench --draft-gpu-layers 0 | --draft-gpu-layers | --draft-self",
                "load --draft-self none --draft-threads 2 | --draft-threads | --draft-self",
                "generate --draft off --draft-nodes 4 hi | --draft-nodes | --draft is off",
                "serve --draft off --draft-table x | --draft-table | --draft is off",
                "serve --model scripted:2 --draft-table x | --draft-table | scripted",
                "chat --allow-training | --allow-training | --target",
                "serve --gpu-layers 0 --main-gpu 1 | --main-gpu | --gpu-layers",
                "serve --stall 0 --stall-grace 5 | --stall-grace | --stall",
                "serve --retention 0 --retained 5 | --retained | --retention",
                "serve --socket-mode 600 | --socket-mode | unix:PATH",
                "align export --headerless -o x | --headerless | --from-recordings",
                "generate --xtc-threshold 0.2 hi | --xtc-threshold | --xtc-probability",
                "chat --dynamic-temperature-exponent 2 | --dynamic-temperature-exponent | --dynamic-temperature-range",
                "generate --mirostat-eta 0.2 hi | --mirostat-eta | --mirostat-tau",
                "generate --penalty-window 5 hi | --penalty-window | --repeat-penalty",
                "generate --dry-base 2 hi | --dry-base | --dry-multiplier",
                "serve --hf a/b --model c | --hf | --model",
                "generate --target x:1 --draft-self q8_0 hi | --draft-self | --target",
                "chat --target x:1 --threads 2 | --threads | --target",
                "generate --target x:1 --draft-table t hi | --draft-table | --target",
                "load --http http://127.0.0.1:1 --context 5 | --context | --http"
            })
    void require_optionThatWouldDoNothing_isNamedWithWhatItNeeds(String line, String option, String needed) {
        assertThatThrownBy(() -> require(line))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageStartingWith(option + ": ")
                .hasMessageContaining(needed);
        terminal.run(line.split(" "));
        assertThat(terminal.err()).startsWith("aded: " + option);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "serve --draft-self q4_k --draft-threads 2",
                "serve --draft-model x.gguf --draft-gpu-layers 0",
                "serve --model x.gguf --draft-table y",
                "serve --draft-table y",
                "serve --listen unix:/x,127.0.0.1:0 --socket-mode 600",
                "serve --stall-grace 5 --retained 5 --main-gpu 1",
                "serve --dry-base 2 --penalty-window 5",
                "generate --target x:1 --dry-base 2 hi",
                "generate --target x:1 --allow-training hi",
                "generate --dry-base 2 --dry-multiplier 0.8 hi",
                "generate --draft-nodes 4 --model x hi",
                "load --target x:1 --concurrency 4"
            })
    void require_optionThatDoesSomething_isTaken(String line) {
        assertThatCode(() -> require(line)).doesNotThrowAnyException();
    }

    @Test
    void require_whatAVariableSetsAsUsual_isLetBeAndCountsAsAsking() {
        terminal.with("ADED_THREADS", "2").with("ADED_SOCKET_MODE", "600").with("ADED_MODEL", "x");
        assertThatCode(() -> require("generate --target x:1 hi")).doesNotThrowAnyException();
        assertThatCode(() -> require("serve --hf a/b")).doesNotThrowAnyException();
        terminal.with("ADED_DRAFT_SELF", "q4_k");
        assertThatCode(() -> require("serve --draft-threads 2")).doesNotThrowAnyException();
    }
}
