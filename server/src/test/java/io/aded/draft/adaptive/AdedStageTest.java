package io.aded.draft.adaptive;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class AdedStageTest {

    @Test
    void named_everyStage_isFoundByItsModeName() {
        for (AdedStage stage : AdedStage.values()) {
            assertThat(AdedStage.named(stage.modeName())).isEqualTo(stage);
        }
        assertThat(AdedStage.WHOLE_PROMPT.modeName()).isEqualTo("whole-prompt");
        assertThat(AdedStage.BIGRAMS_AND_VIEWS.modeName()).isEqualTo("bigrams-and-views");
        assertThat(AdedStage.SUFFIX.label()).isEqualTo("+ suffix");
        assertThat(AdedStage.named("aded")).isNull();
    }
}
