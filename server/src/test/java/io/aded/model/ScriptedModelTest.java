package io.aded.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.ScriptedModel.Cells;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScriptedModelTest extends TargetModelContract {
    private static final int A = 3 + 'a';

    @Override
    protected TargetModel open() {
        return new ScriptedModel(ScriptedModel.babble(5, 4));
    }

    @Override
    protected float tolerance() {
        return 0f;
    }

    private static ScriptedModel target() {
        return new ScriptedModel(ScriptedModel.babble(5, 4));
    }

    /** The best token after each prefix of a text. */
    private static int[] best(TargetContext context, int[] text) {
        TokenBatch batch = new TokenBatch();
        for (int i = 0; i < text.length; i++) {
            batch.add(text[i], i, 0, true);
        }
        context.decode(batch);
        int[] best = new int[text.length];
        for (int i = 0; i < text.length; i++) {
            best[i] = context.bestToken(i);
        }
        context.removeTokens(0, 0, -1);
        return best;
    }

    private static int[] text(int length) {
        return new SplittableRandom(1).ints(length, A, A + 26).toArray();
    }

    @ParameterizedTest
    @CsvSource({"0, 0, 0", "0.7, 0.63, 0.77", "1, 1, 1"})
    void draft_agreement_isTheShareOfTextsAfterWhichItThinksTheSame(double agreement, double least, double most) {
        ContextParameters parameters = ContextParameters.ofCells(500);
        int[] text = text(500);
        try (ScriptedModel target = target();
                TargetContext targets = target.newContext(parameters);
                TargetContext drafts =
                        target.draft(agreement, 1, _ -> {}, Cells.OWN).newContext(parameters)) {
            int[] expected = best(targets, text);
            int[] guessed = best(drafts, text);
            int same = 0;
            for (int i = 0; i < text.length; i++) {
                same += expected[i] == guessed[i] ? 1 : 0;
            }
            assertThat(same / 500.0).isBetween(least, most);
            assertThat(best(drafts, text)).as("again").isEqualTo(guessed);
        }
    }

    @Test
    void draft_pass_costsWhatItWasToldTo() {
        int[] charged = new int[1];
        try (ScriptedModel target = target();
                TargetContext drafts = target.draft(1, 1, tokens -> charged[0] += tokens, Cells.OWN)
                        .newContext(ContextParameters.ofCells(16))) {
            best(drafts, text(7));
            assertThat(charged[0]).isEqualTo(7);
        }
    }

    @Test
    void copy_cellsOfTheTarget_areThoseThatTheDraftWouldCompute() {
        ContextParameters parameters = ContextParameters.ofCells(32);
        int[] text = text(12);
        try (ScriptedModel target = target();
                TargetContext targets = target.newContext(parameters);
                TargetContext drafts =
                        target.draft(1, 1, _ -> {}, Cells.TAKEN_OVER).newContext(parameters);
                CellCopier copier = drafts.copierFrom(targets)) {
            TokenBatch batch = new TokenBatch();
            for (int i = 0; i < text.length; i++) {
                batch.add(text[i], i, 4, i == text.length - 1);
            }
            targets.decode(batch);
            int expected = targets.bestToken(text.length - 1);

            assertThat(copier.copy(4, 0, 6, 2)).isTrue();
            assertThat(copier.copy(4, 6, 11, 2)).isTrue();

            TokenBatch last = new TokenBatch();
            last.add(text[11], 11, 2, true);
            drafts.decode(last);
            assertThat(drafts.bestToken(0)).isEqualTo(expected);
            assertThat(targets.savedSize(4)).as("the source is as it was").isEqualTo(drafts.savedSize(2));
            drafts.removeTokens(2, 0, -1);
            assertThatThrownBy(() -> copier.copy(4, 6, 11, 2))
                    .as("a gap before the cells")
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> copier.copy(4, 0, 13, 2))
                    .as("more than the source has")
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void copierFrom_draftThatRefuses_neverCopies_andOneOfItsOwn_hasNone() {
        ContextParameters parameters = ContextParameters.ofCells(32);
        try (ScriptedModel target = target();
                TargetContext targets = target.newContext(parameters);
                TargetContext refuses =
                        target.draft(1, 1, _ -> {}, Cells.REFUSED).newContext(parameters);
                TargetContext own = target.draft(1, 1, _ -> {}, Cells.OWN).newContext(parameters);
                CellCopier copier = refuses.copierFrom(targets)) {
            TokenBatch batch = new TokenBatch();
            batch.add(A, 0, 0, false);
            targets.decode(batch);

            assertThat(copier.copy(0, 0, 1, 0)).isFalse();
            assertThat(refuses.savedSize(0)).isEqualTo(8);
            assertThat(own.copierFrom(targets)).isNull();
            assertThat(targets.copierFrom(own)).isNull();
        }
    }

    @Test
    void copy_moreThanThereIsRoomFor_isRefusedAndChangesNothing() {
        try (ScriptedModel target = target();
                TargetContext targets = target.newContext(ContextParameters.ofCells(32));
                TargetContext drafts =
                        target.draft(1, 1, _ -> {}, Cells.TAKEN_OVER).newContext(ContextParameters.ofCells(4));
                CellCopier copier = drafts.copierFrom(targets)) {
            TokenBatch batch = new TokenBatch();
            for (int i = 0; i < 5; i++) {
                batch.add(A, i, 0, false);
            }
            targets.decode(batch);

            assertThat(copier.copy(0, 0, 5, 0)).isFalse();
            assertThat(copier.copy(0, 0, 4, 0)).isTrue();
        }
    }
}
