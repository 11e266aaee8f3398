package io.aded.lab.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.draft.adaptive.AdedStage;
import io.aded.draft.catalogue.Drafters;
import io.aded.engine.DraftPolicy;
import io.aded.model.AdedException;
import org.junit.jupiter.api.Test;

class ModeSpecTest {

    @Test
    void parse_list_keepsOrderAndDropsRepetition() {
        assertThat(ModeSpec.parse("auto, off,aded:12,bare,auto"))
                .extracting(ModeSpec::label)
                .containsExactly("auto", "off", "aded:12", "bare");
    }

    @Test
    void parse_withoutOff_putsItFirst() {
        assertThat(ModeSpec.parse("prompt-lookup")).extracting(ModeSpec::label).containsExactly("off", "prompt-lookup");
    }

    @Test
    void parse_withNodes_boundsThePolicy() {
        DraftPolicy policy = ModeSpec.parse("off,ngram-simple:5").get(1).policy();
        assertThat(policy).isEqualTo(DraftPolicy.of(Drafters.NGRAM_SIMPLE).withMaxNodes(5));
        assertThat(ModeSpec.fixed(12)).isEqualTo(ModeSpec.parse("aded:12").get(1));
    }

    @Test
    void parse_severalWrongParts_namesThemAll() {
        assertThatThrownBy(() -> ModeSpec.parse("off:3,turbo,aded:0,aded:x,aded:257,"))
                .isInstanceOfSatisfying(
                        AdedException.InvalidRequest.class,
                        e -> assertThat(e.violations()).hasSize(6))
                .hasMessageContaining("turbo")
                .hasMessageContaining("prompt-lookup")
                .hasMessageContaining("1 to 256");
    }

    @Test
    void kinds_areToldApart() {
        assertThat(ModeSpec.parse("off,auto,aded:4,aded-mcts,ngram-mod,bare"))
                .extracting(mode -> (mode.isOff() ? "o" : "")
                        + (mode.isAuto() ? "a" : "")
                        + (mode.isFixedBudget() ? "f" : "")
                        + (mode.isBaseline() ? "b" : "")
                        + (mode.policy() == null ? "l" : ""))
                .containsExactly("o", "a", "f", "", "b", "l");
    }

    @Test
    void parse_stageOfTheAdaptiveDrafter_isNoRivalOfAuto() {
        ModeSpec stage = ModeSpec.parse("off,whole-prompt:3").get(1);
        assertThat(stage.stage()).isEqualTo(AdedStage.WHOLE_PROMPT);
        assertThat(stage.policy()).isEqualTo(DraftPolicy.of(Drafters.ADED).withMaxNodes(3));
        assertThat(stage.isFixedBudget()).isFalse();
        assertThat(stage.isBaseline()).isFalse();
    }
}
