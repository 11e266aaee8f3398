package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WarmUpCommandTest {
    @TempDir
    Path home;

    @Test
    void warmUp_fewTokens_answersAndKeepsToItself() {
        TestTerminal terminal = new TestTerminal(home);

        assertThat(terminal.run("warm-up", "--tokens", "8"))
                .describedAs(terminal::err)
                .isZero();

        assertThat(terminal.out()).isEmpty();
        assertThat(home).isEmptyDirectory();
    }
}
