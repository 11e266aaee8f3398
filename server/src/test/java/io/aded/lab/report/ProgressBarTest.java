package io.aded.lab.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ProgressBarTest {

    @Test
    void at_partOfTheWay_saysHowMuchIsLeftAndClearsTheLineInTheEnd() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        long[] now = {0};
        ProgressBar bar = new ProgressBar(new PrintStream(bytes, true, StandardCharsets.UTF_8), () -> now[0]);
        now[0] = 60_000_000_000L;
        bar.at(10, 40, "81 auto");
        String drawn = bytes.toString(StandardCharsets.UTF_8);
        assertThat(drawn)
                .contains("10/40", "3:00 left", "81 auto")
                .startsWith("\r██████░")
                .hasSize(80);
        bar.at(40, 40, "done");
        assertThat(bytes.toString(StandardCharsets.UTF_8)).endsWith(" \r");
    }
}
