package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.junit.jupiter.api.Test;

final class StandInTest {
    @Test
    void named_scripted_isTheStandIn() {
        try (StandIn quick = StandIn.named("scripted");
                StandIn slow = StandIn.named("scripted:5")) {
            assertThat(quick).isNotNull();
            assertThat(Objects.requireNonNull(slow).info().name()).isEqualTo("scripted");
        }
    }

    @Test
    void named_anythingElse_isNot() {
        assertThat(StandIn.named(null)).isNull();
        assertThat(StandIn.named("scripted:")).isNull();
        assertThat(StandIn.named("scripted.gguf")).isNull();
    }
}
