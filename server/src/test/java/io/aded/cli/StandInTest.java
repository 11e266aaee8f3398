package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.host.DraftModelConfiguration;
import io.aded.model.AdedException;
import io.aded.telemetry.EngineTelemetry;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

final class StandInTest {
    @Test
    void named_scripted_isTheStandIn() {
        try (StandIn quick = StandIn.named("scripted", null);
                StandIn slow = StandIn.named("scripted:5", null)) {
            assertThat(quick).isNotNull();
            assertThat(Objects.requireNonNull(slow).info().name()).isEqualTo("scripted");
        }
    }

    @Test
    void named_anythingElse_isNot() {
        assertThat(StandIn.named(null, null)).isNull();
        assertThat(StandIn.named("scripted:", null)).isNull();
        assertThat(StandIn.named("scripted.gguf", null)).isNull();
    }

    @Test
    void named_draftOfItsKind_draftsForIt() {
        for (String draft : List.of("scripted", "scripted:0.9", "scripted:1")) {
            try (StandIn model = StandIn.named("scripted", DraftModelConfiguration.named(draft))) {
                List<Engine> engines =
                        Objects.requireNonNull(model).start(EngineOptions.ofCells(256), 1, EngineTelemetry.NONE);
                assertThat(engines.getFirst().hasDraftModel()).isTrue();
            }
        }
    }

    @Test
    void named_draftOfAnotherKind_isRefused() {
        assertThatThrownBy(() -> StandIn.named("scripted", DraftModelConfiguration.named("x.gguf")))
                .isInstanceOf(AdedException.InvalidRequest.class);
        assertThatThrownBy(() -> StandIn.named("scripted", DraftModelConfiguration.named("scripted:2")))
                .isInstanceOf(AdedException.InvalidRequest.class);
        assertThatThrownBy(() -> StandIn.named("scripted", DraftModelConfiguration.copy("q8_0")))
                .isInstanceOf(AdedException.InvalidRequest.class);
        assertThatThrownBy(() -> StandIn.named("x.gguf", DraftModelConfiguration.named("scripted:0.5")))
                .isInstanceOf(AdedException.InvalidRequest.class);
        assertThat(StandIn.named("x.gguf", DraftModelConfiguration.named("y.gguf")))
                .isNull();
    }
}
