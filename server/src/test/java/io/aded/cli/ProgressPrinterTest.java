package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is told of files that somebody else named. */
class ProgressPrinterTest {
    private static final String NAME = "a\u001b[31m\nb\u0007.gguf";

    @TempDir
    Path home;

    @Test
    void progress_nameWithCommandsForATerminal_isShownAndObeyedByNone() {
        TestTerminal terminal = new TestTerminal(home);
        ProgressPrinter progress = new ProgressPrinter(terminal.terminal());

        progress.note("writing " + NAME);
        progress.progress(NAME, 5, 10);
        progress.loading(NAME, 0.5);
        progress.loaded(NAME);

        assertThat(terminal.err())
                .startsWith("writing a\\u001b[31m\nb\\u0007.gguf\n  a\\u001b[31m b\\u0007.gguf  [###############")
                .contains("\rLoading a\\u001b[31m b\\u0007.gguf  50%")
                .doesNotContain("\u001b", "\u0007");
    }
}
