package io.aded.draft.catalogue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.draft.DraftLimits;
import io.aded.draft.DraftState;
import io.aded.draft.Drafter;
import io.aded.draft.LoopProposer;
import io.aded.draft.Proposer;
import io.aded.draft.ProposerFactory;
import io.aded.draft.adaptive.EvidenceWeights;
import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetContext;
import io.aded.model.TokenTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class DraftersTest {

    @Test
    void all_beginsWithTheDefaultAndWithNone() {
        assertThat(Drafters.labels())
                .startsWith("auto", "off", "aded", "aded-mcts")
                .doesNotHaveDuplicates();
        assertThat(Drafters.all()).extracting(DrafterKind::label).isEqualTo(Drafters.labels());
        assertThat(Drafters.all())
                .filteredOn(DrafterKind::budgeted)
                .containsExactly(Drafters.AUTO, Drafters.MODEL, Drafters.AUTO_POLICY, Drafters.AUTO_TABLE);
        assertThat(Drafters.all()).filteredOn(kind -> !kind.drafts()).containsExactly(Drafters.OFF);
        assertThat(Drafters.all())
                .filteredOn(DrafterKind::baseline)
                .contains(Drafters.PROMPT_LOOKUP, Drafters.NGRAM_SIMPLE, Drafters.NGRAM_MOD, Drafters.NGRAM_CACHE)
                .doesNotContain(Drafters.AUTO, Drafters.OFF, Drafters.ADED, Drafters.ADED_MCTS);
    }

    @Test
    void available_withAndWithoutADraftModel_listsWhatCanBeAskedFor() {
        assertThat(Drafters.all())
                .filteredOn(DrafterKind::needsModel)
                .containsExactly(
                        Drafters.MODEL,
                        Drafters.DRAFT_VERIFY,
                        Drafters.ADED_MODEL,
                        Drafters.AUTO_POLICY,
                        Drafters.AUTO_TABLE);
        assertThat(Drafters.available(true)).isEqualTo(Drafters.all());
        assertThat(Drafters.withoutModel())
                .contains(Drafters.AUTO, Drafters.OFF)
                .doesNotContain(
                        Drafters.MODEL,
                        Drafters.DRAFT_VERIFY,
                        Drafters.ADED_MODEL,
                        Drafters.AUTO_POLICY,
                        Drafters.AUTO_TABLE);
        assertThat(Drafters.proposers(DrafterSettings.DEFAULT).hasDraftModel()).isFalse();
    }

    @Test
    void create_modelModeWithoutAModel_isRefused() {
        try (ScriptedModel model = new ScriptedModel(ScriptedModel.babble(1, 1));
                TargetContext target = model.newContext(ContextParameters.ofCells(8))) {
            for (DrafterKind kind :
                    Drafters.all().stream().filter(DrafterKind::needsModel).toList()) {
                assertThatThrownBy(() -> Drafters.proposers(DrafterSettings.DEFAULT)
                                .create(kind.label(), target, System::nanoTime))
                        .isInstanceOf(AdedException.InvalidRequest.class)
                        .hasMessageContaining("needs a draft model");
            }
        }
    }

    @Test
    void bounds_ofThePublishedAlgorithm_areThePapers() {
        assertThat(Drafters.ADED_MCTS.bounds()).isEqualTo(new DraftLimits(64, 4, 32));
        assertThat(Drafters.AUTO.bounds()).isEqualTo(new DraftLimits(64, 32, 8));
        assertThat(Drafters.ADED.bounds()).isEqualTo(new DraftLimits(12, 32, 8));
        assertThat(Drafters.PROMPT_LOOKUP.bounds()).isEqualTo(new DraftLimits(10, 64, 1));
    }

    @ParameterizedTest
    @MethodSource("io.aded.draft.catalogue.Drafters#all")
    void kind_any_hasAPlainLabelAndOneLineOfHelp(DrafterKind kind) {
        assertThat(Drafters.named(kind.label())).isSameAs(kind);
        assertThat(kind).hasToString(kind.label());
        assertThat(kind.help())
                .isNotBlank()
                .doesNotContain("\n")
                .doesNotEndWith(".")
                .hasSizeLessThan(90);
        assertThat(Drafters.explained()).contains(kind.label() + " (" + kind.help() + ")");
    }

    @Test
    void named_unknown_saysWhatIsAllowed() {
        assertThatThrownBy(() -> Drafters.named("magic"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("unknown draft mode \"magic\"; allowed: auto, off, aded, aded-mcts, ");
    }

    @Test
    void kind_labelThatIsNone_isRefused() {
        assertThatThrownBy(() -> DrafterKind.of("Two words", "x", _ -> new NoDrafter()))
                .hasMessageContaining("Two words")
                .hasMessageContaining("lower case letters");
    }

    @Test
    void create_kindThatDraftsForAllTogether_saysSo() {
        DrafterKind together = new DrafterKind(
                "together",
                "x",
                new DraftLimits(1, 1, 1),
                false,
                false,
                false,
                (_, _, clock) -> new LoopProposer(NoDrafter::new, clock));

        assertThatThrownBy(() -> together.create(DrafterSettings.DEFAULT))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageStartingWith("together");
    }

    @Test
    void proposers_ofAnEngine_openStatesThatAreOwnButShareWhatEvidenceIsWorth() {
        ProposerFactory factory = Drafters.proposers(DrafterSettings.DEFAULT);
        try (ScriptedModel model = new ScriptedModel(ScriptedModel.babble(7, 2));
                TargetContext target = model.newContext(ContextParameters.ofCells(64));
                Proposer proposer = factory.create("auto", target, System::nanoTime);
                DraftState first = proposer.open();
                DraftState second = proposer.open()) {
            assertThat(first).isNotSameAs(second).isInstanceOf(Drafter.class);
            assertThat(first.name()).isEqualTo("aded");
        }
    }

    @Test
    void proposers_weightsBroughtAlong_areTheOnesThatAreTaught() {
        EvidenceWeights mine = EvidenceWeights.untrained();
        ProposerFactory factory = Drafters.proposers(DrafterSettings.DEFAULT.withEvidenceWeights(mine));
        try (ScriptedModel model = new ScriptedModel(ScriptedModel.babble(7, 2));
                TargetContext target = model.newContext(ContextParameters.ofCells(64));
                Proposer proposer = factory.create("aded", target, System::nanoTime);
                DraftState state = proposer.open()) {
            state.learnPrompt(new int[] {1, 2, 3, 1, 2}, 0, 5);
            TokenTree tree = new TokenTree(4);
            tree.reset(2);
            state.accept(tree, 0, 3);
            state.share();
        }

        assertThat(mine.toEnvelope(Map.of()).bytes())
                .isNotEqualTo(EvidenceWeights.untrained().toEnvelope(Map.of()).bytes());
    }

    @Test
    void settings_sizesOutsideTheirBounds_areRefusedByName() {
        DrafterSettings settings = DrafterSettings.DEFAULT;
        assertThat(settings.withHistoryTokens(64).withTableRows(1 << 20).historyTokens())
                .isEqualTo(64);
        assertThat(settings.withHistoryTokens(1 << 20).withTableRows(64).tableRows())
                .isEqualTo(64);
        assertThatThrownBy(() -> settings.withHistoryTokens(63))
                .hasMessage("historyTokens is 63; allowed: 64 to 1048576");
        assertThatThrownBy(() -> settings.withHistoryTokens((1 << 20) + 1)).hasMessageContaining("historyTokens");
        assertThatThrownBy(() -> settings.withTableRows(63)).hasMessageContaining("tableRows is 63");
        assertThatThrownBy(() -> settings.withTableRows((1 << 20) + 1)).hasMessageContaining("tableRows");
    }

    @Test
    void off_neverDrafts() {
        Drafter off = Drafters.OFF.create(DrafterSettings.DEFAULT);
        assertThat(off.name()).isEqualTo("off");
        assertThat(off.stateBytes()).isZero();
    }

    /** The table of the documentation is the catalogue's, line by line. */
    @Test
    void documentation_listsEveryDrafterWithItsHelp() throws IOException {
        Path page = Path.of("").toAbsolutePath();
        while (!Files.exists(page.resolve("docs/drafters.md"))) {
            page = page.getParent();
        }
        String text = Files.readString(page.resolve("docs/drafters.md"));
        for (DrafterKind kind : Drafters.all()) {
            DraftLimits bounds = kind.bounds();
            assertThat(text)
                    .as("the row of %s in docs/drafters.md", kind)
                    .contains("| `%s` | %s | %s |"
                            .formatted(
                                    kind.label(),
                                    kind.help(),
                                    kind.drafts()
                                            ? "%d / %d / %d"
                                                    .formatted(
                                                            bounds.maxNodes(), bounds.maxDepth(), bounds.maxBranches())
                                            : "none"));
        }
    }
}
