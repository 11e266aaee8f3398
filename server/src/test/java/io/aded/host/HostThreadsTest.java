package io.aded.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.engine.DraftPolicy;
import io.aded.model.ModelInfo;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostThreadsTest {
    @ParameterizedTest
    @CsvSource({
        // Passes on the processor take all cores, as they do unless told otherwise: nothing is free.
        "1, 1, 1, 0",
        "2, 2, 1, 0",
        "16, 16, 1, 0",
        "16, 8, 2, 0",
        // Some are left: half of what is free beside the engine's own thread.
        "16, 8, 1, 3",
        "16, 3, 2, 2",
        // Passes on a device.
        "1, 0, 1, 0",
        "2, 0, 1, 0",
        "3, 0, 1, 1",
        "4, 0, 1, 1",
        "8, 0, 1, 3",
        "16, 0, 1, 7",
        "64, 0, 1, 7",
        "16, 0, 4, 1"
    })
    void usual_machine_isHalfOfWhatIsFree(int cores, int computing, int engines, int helpers) {
        assertThat(HostThreads.usual(cores, computing, engines)).isEqualTo(helpers);
    }

    @Test
    void engineOptions_hostThreadsNamed_areTaken() {
        ModelInfo model = new ModelInfo("m", "a", "d", "F32", 0, 0, 0, 10, 0, 0, false, "none", List.of());

        assertThat(ContextConfiguration.DEFAULT
                        .withHostThreads(5)
                        .engineOptions(model, DraftPolicy.OFF)
                        .hostThreads())
                .isEqualTo(5);
        assertThat(ContextConfiguration.DEFAULT.withHostThreads(5).helpers(true))
                .isEqualTo(5);
        // All cores compute, so none is free.
        assertThat(ContextConfiguration.DEFAULT
                        .engineOptions(model, DraftPolicy.OFF)
                        .hostThreads())
                .isZero();
    }
}
