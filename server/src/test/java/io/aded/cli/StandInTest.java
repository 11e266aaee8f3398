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
import org.jspecify.annotations.Nullable;
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
    void named_draftOfAnotherKind_isRefusedByTheOptionThatNamedIt() {
        refused("scripted", DraftModelConfiguration.named("x.gguf"), "--draft-model", "scripted[:SHARE]");
        refused("scripted:5", DraftModelConfiguration.named("scripted:2"), "--draft-model", "0 to 1");
        refused("scripted", DraftModelConfiguration.copy("q8_0"), "--draft-self", "--draft-model scripted[:SHARE]");
        refused("x.gguf", DraftModelConfiguration.named("scripted:0.5"), "--draft-model", "a .gguf file");
        refused(null, DraftModelConfiguration.named("scripted"), "--draft-model", "a .gguf file");
        assertThat(StandIn.named("x.gguf", DraftModelConfiguration.named("y.gguf")))
                .isNull();
    }

    private static void refused(@Nullable String model, DraftModelConfiguration draft, String option, String allowed) {
        assertThatThrownBy(() -> StandIn.named(model, draft))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageStartingWith(option + ": ")
                .hasMessageContaining(allowed);
    }

    @Test
    void draftLine_saysWhatDrafts() {
        try (StandIn alone = StandIn.named("scripted", null);
                StandIn drafted = StandIn.named("scripted", DraftModelConfiguration.named("scripted"))) {
            assertThat(Objects.requireNonNull(alone).draftLine()).isNull();
            assertThat(Objects.requireNonNull(drafted).draftLine())
                    .isEqualTo(
                            "scripted, which agrees after 80 % of the texts and takes over the served model's cache");
        }
    }
}
