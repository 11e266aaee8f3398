package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShutdownTest {
    /** A tenth for closing, at least a second, of which half a second is for telling callers, and at most three. */
    @ParameterizedTest
    @CsvSource({"0, 0", "1000, 500", "2000, 1000", "5000, 4000", "10000, 9000", "20000, 18000", "60000, 57000"})
    void answers_ofAGrace_leaveTimeToClose(long graceMillis, long answersMillis) {
        assertThat(Shutdown.answers(Duration.ofMillis(graceMillis))).isEqualTo(Duration.ofMillis(answersMillis));
    }
}
