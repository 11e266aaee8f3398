package io.aded.draft.neural;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.draft.DraftModelStatistics;
import io.aded.model.DecodeOutcome;
import io.aded.model.ScriptedModel;
import io.aded.model.ScriptedModel.Cells;
import io.aded.model.TokenTree;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class DraftModelTest {
    /** An even share of each level is what one token costs when it has a pass for itself. */
    private static final long ALONE = Bench.PASS_NANOS + Bench.TOKEN_NANOS;

    private static DraftStream learned(Bench bench, int[] text) {
        DraftStream stream = bench.model.open();
        stream.learn(text, 0, text.length);
        return stream;
    }

    private static void begin(Bench bench, DraftStream... streams) {
        bench.model.beginPass(0);
        for (DraftStream stream : streams) {
            stream.begin(-1, 0);
        }
    }

    /** Has a stream's chain grow to so many tokens, a level each. */
    private static void grow(Bench bench, DraftStream stream, int tokens) {
        while (stream.pathLength() < tokens) {
            bench.model.level(List.of(stream));
            stream.extend(stream.opinion(stream.pathLength()).token(0));
        }
    }

    @Test
    void level_severalStreams_isOneForwardPassForAll() {
        try (Bench bench = Bench.of(1, Cells.OWN)) {
            int[] first = Bench.text(0, 6);
            int[] second = Bench.text(1, 4);
            DraftStream a = learned(bench, first);
            DraftStream b = learned(bench, second);
            begin(bench, a, b);

            bench.model.level(List.of(a, b));

            assertThat(bench.decoded).as("all of both texts, which are short").containsExactly(10);
            assertThat(a.opinions()).isEqualTo(1);
            assertThat(a.opinion(0).token(0)).isEqualTo(Bench.next(first, 6));
            assertThat(b.opinion(0).token(0)).isEqualTo(Bench.next(second, 4));
            a.extend(a.opinion(0).token(0));
            b.extend(b.opinion(0).token(0));
            bench.model.level(List.of(a, b));
            a.extend(a.opinion(1).token(0));
            bench.model.level(List.of(a));

            assertThat(bench.decoded).containsExactly(10, 2, 1);
            int[] longer = Bench.text(0, 9);
            assertThat(a.opinion(1).token(0)).isEqualTo(longer[7]);
            assertThat(a.opinion(2).token(0)).isEqualTo(longer[8]);
            assertThat(bench.model.statistics().levels()).isEqualTo(3);
            assertThat(bench.model.statistics().nodes()).isEqualTo(5);
            assertThat(bench.model.statistics().readTokens()).isEqualTo(8);
            assertThat(a.takeNanos()).isEqualTo(2000 * 6 / 10 + 1200 / 2 + ALONE);
            assertThat(b.takeNanos()).isEqualTo(2000 * 4 / 10 + 1200 / 2);
            assertThat(b.takeNanos()).isZero();
        }
    }

    @Test
    void level_wholePathAtOnce_bringsAnOpinionAtEachOfItsTokens() {
        try (Bench bench = Bench.of(1, Cells.OWN)) {
            int[] text = Bench.text(0, 10);
            DraftStream stream = learned(bench, Arrays.copyOf(text, 6));
            begin(bench, stream);
            for (int i = 6; i < 9; i++) {
                stream.extend(text[i]);
            }

            bench.model.level(List.of(stream));

            assertThat(bench.decoded).containsExactly(9);
            assertThat(stream.opinions()).isEqualTo(4);
            for (int depth = 0; depth < 4; depth++) {
                assertThat(stream.opinion(depth).token(0)).isEqualTo(text[6 + depth]);
            }
            bench.model.level(List.of(stream));
            assertThat(bench.decoded).as("nothing is new: no pass").hasSize(1);
        }
    }

    @Test
    void cut_fedPath_letsAnotherTakeItsPlace() {
        try (Bench bench = Bench.of(1, Cells.OWN)) {
            int[] text = Bench.text(0, 10);
            DraftStream stream = learned(bench, Arrays.copyOf(text, 6));
            begin(bench, stream);
            stream.extend(text[6]);
            stream.extend(3 + '?');
            bench.model.level(List.of(stream));
            assertThat(stream.opinions()).isEqualTo(3);

            stream.cut(1);
            stream.extend(text[7]);
            bench.model.level(List.of(stream));

            assertThat(bench.decoded).containsExactly(8, 1);
            assertThat(stream.opinion(2).token(0)).isEqualTo(text[8]);
            assertThat(bench.model.heldCells()).isEqualTo(8);
        }
    }

    /** Cells after a round: the text without its last token as far as the draft has computed it, and no more. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4})
    void accept_anyLength_keepsWhatWasAcceptedAndNothingElse(int accepted) {
        try (Bench bench = Bench.of(1, Cells.OWN)) {
            int[] text = Bench.text(0, 12);
            DraftStream stream = learned(bench, Arrays.copyOf(text, 6));
            begin(bench, stream);
            grow(bench, stream, 4);
            assertThat(bench.model.heldCells())
                    .as("the last of the chain is not fed")
                    .isEqualTo(6 + 3);
            TokenTree tree = Bench.chain(text[5], text[6], text[7], text[8], text[9]);
            int bonus = accepted == 4 ? text[10] : 3 + '?';

            stream.accept(tree, accepted, bonus);

            assertThat(stream.length()).isEqualTo(6 + accepted + 1);
            assertThat(bench.model.heldCells()).isEqualTo(6 + Math.min(accepted, 3));
            begin(bench, stream);
            assertThat(stream.missing()).isEqualTo(accepted == 4 ? 1 : 0);
            bench.decoded.clear();
            bench.model.level(List.of(stream));
            assertThat(bench.decoded).containsExactly(accepted == 4 ? 2 : 1);
            int[] now = Arrays.copyOf(text, 6 + accepted + 1);
            now[6 + accepted] = bonus;
            assertThat(stream.opinion(0).token(0)).isEqualTo(Bench.next(now, now.length));
        }
    }

    @Test
    void accept_pathThatDiffersFromWhatWasAccepted_keepsWhatTheyShare() {
        try (Bench bench = Bench.of(1, Cells.OWN)) {
            int[] text = Bench.text(0, 12);
            DraftStream stream = learned(bench, Arrays.copyOf(text, 6));
            begin(bench, stream);
            stream.extend(text[6]);
            stream.extend(3 + '!');
            stream.extend(3 + '?');
            bench.model.level(List.of(stream));

            stream.accept(Bench.chain(text[5], text[6], text[7], text[8]), 3, text[9]);

            assertThat(bench.model.heldCells()).isEqualTo(7);
            begin(bench, stream);
            assertThat(stream.missing()).isEqualTo(2);
            bench.model.level(List.of(stream));
            assertThat(stream.opinion(0).token(0)).isEqualTo(text[10]);
        }
    }

    @Test
    void accept_withoutALevel_onlyLengthensTheText() {
        try (Bench bench = Bench.of(1, Cells.OWN)) {
            int[] text = Bench.text(0, 12);
            DraftStream stream = learned(bench, Arrays.copyOf(text, 6));
            stream.accept(Bench.chain(text[5], text[6]), 1, text[7]);

            begin(bench, stream);
            bench.model.level(List.of(stream));

            assertThat(bench.decoded).containsExactly(8);
            assertThat(stream.opinion(0).token(0)).isEqualTo(text[8]);
        }
    }

    @Test
    void begin_again_forgetsARoundThatHadNoOutcome() {
        try (Bench bench = Bench.of(1, Cells.OWN)) {
            int[] text = Bench.text(0, 12);
            DraftStream stream = learned(bench, Arrays.copyOf(text, 6));
            begin(bench, stream);
            grow(bench, stream, 3);

            begin(bench, stream);

            assertThat(stream.opinions()).isZero();
            assertThat(bench.model.heldCells()).isEqualTo(5);
            bench.model.level(List.of(stream));
            assertThat(stream.opinion(0).token(0)).isEqualTo(text[6]);
        }
    }

    @Test
    void rewind_anyLength_takesBackCellsAndGoesOnFromThere() {
        try (Bench bench = Bench.of(1, Cells.OWN)) {
            int[] text = Bench.text(0, 20);
            for (int standing = 0; standing <= 15; standing++) {
                DraftStream stream = learned(bench, Arrays.copyOf(text, 15));
                begin(bench, stream);
                grow(bench, stream, 2);
                stream.rewind(standing);
                assertThat(stream.length()).isEqualTo(standing);
                int[] other = Arrays.copyOf(text, standing + 2);
                other[standing] = 3 + '+';
                other[standing + 1] = 3 + '-';
                stream.learn(other, standing, standing + 2);
                begin(bench, stream);
                bench.model.level(List.of(stream));
                while (!stream.isReady()) {
                    bench.model.level(List.of(stream));
                }
                assertThat(stream.opinion(0).token(0)).isEqualTo(Bench.next(other, other.length));
                stream.close();
                assertThat(bench.model.heldCells()).isZero();
            }
        }
    }

    /** The root's opinion is asked for anew where the text was cut right after a token that is cached. */
    @Test
    void begin_afterARewindToWhatIsCached_computesTheRootAgain() {
        try (Bench bench = Bench.of(1, Cells.OWN)) {
            int[] text = Bench.text(0, 9);
            DraftStream stream = learned(bench, text);
            begin(bench, stream);
            bench.model.level(List.of(stream));
            stream.rewind(5);

            begin(bench, stream);
            bench.model.level(List.of(stream));

            assertThat(bench.decoded).containsExactly(9, 1);
            assertThat(stream.opinion(0).token(0)).isEqualTo(text[5]);
        }
    }

    @Test
    void level_longText_isReadInPiecesBesideOthers() {
        try (Bench bench = Bench.of(1, Cells.OWN)) {
            DraftStream quick = learned(bench, Bench.text(0, 5));
            DraftStream slow = learned(bench, Bench.text(1, 100));
            begin(bench, quick, slow);

            bench.model.level(List.of(quick, slow));

            assertThat(bench.decoded).containsExactly(5 + DraftModel.PIECE);
            assertThat(quick.opinions()).isEqualTo(1);
            assertThat(slow.opinions()).isZero();
            assertThat(slow.isReady()).isFalse();
            assertThat(slow.takeNanos()).as("reading is no round's to pay").isZero();
            assertThat(quick.takeNanos()).isEqualTo((1000 + 37 * 100) * 5 / 37);
            quick.extend(quick.opinion(0).token(0));
            bench.model.level(List.of(quick, slow));
            assertThat(bench.decoded).as("one piece a pass").containsExactly(37, 1);
            for (int pass = 0; pass < 3; pass++) {
                begin(bench, slow);
                bench.model.level(List.of(slow));
            }
            assertThat(bench.decoded).containsExactly(37, 1, 32, 32, 4);
            assertThat(slow.opinion(0).token(0)).isEqualTo(Bench.text(1, 101)[100]);
        }
    }

    @Test
    void level_textsWithAPassToTake_areReadInPiecesThatTakeNoLonger() {
        try (Bench bench = Bench.of(1, Cells.OWN)) {
            DraftStream warm = learned(bench, Bench.text(0, 5));
            begin(bench, warm);
            grow(bench, warm, 6);
            DraftStream stream = learned(bench, Bench.text(1, 200));

            bench.decoded.clear();
            bench.model.beginPass(5200);
            stream.begin(-1, 0);
            bench.model.level(List.of(stream));

            assertThat(bench.decoded)
                    .singleElement()
                    .satisfies(tokens -> assertThat(Bench.PASS_NANOS + Bench.TOKEN_NANOS * tokens)
                            .isLessThanOrEqualTo(5200));
            assertThat(bench.decoded.getFirst()).isGreaterThan(8);
        }
    }

    @Test
    void begin_copier_takesOverWhatTheTargetHasAndNoMore() {
        try (Bench bench = Bench.of(1, Cells.TAKEN_OVER)) {
            int[] text = Bench.text(0, 60);
            bench.commit(2, text, 0, 49);
            DraftStream stream = learned(bench, Arrays.copyOf(text, 50));

            bench.model.beginPass(0);
            stream.begin(2, 49);

            assertThat(stream.isReady()).isTrue();
            assertThat(bench.decoded).as("nothing was read").isEmpty();
            grow(bench, stream, 3);
            assertThat(bench.decoded).containsExactly(1, 1, 1);
            stream.accept(Bench.chain(text[49], text[50], text[51], text[52]), 3, text[53]);
            assertThat(bench.model.heldCells())
                    .as("its own cells make way for the target's")
                    .isEqualTo(49);
            bench.commit(2, text, 49, 53);
            bench.model.beginPass(0);
            stream.begin(2, 53);
            assertThat(bench.model.heldCells()).isEqualTo(53);
            grow(bench, stream, 1);
            assertThat(stream.opinion(0).token(0)).isEqualTo(text[54]);
            DraftModelStatistics statistics = bench.model.statistics();
            assertThat(statistics.copies()).isEqualTo(2);
            assertThat(statistics.copiedTokens()).isEqualTo(53);
            assertThat(statistics.readTokens()).isZero();
            assertThat(statistics.refusedCopies()).isZero();
            stream.close();
            assertThat(bench.model.heldCells()).isZero();
        }
    }

    /** In the pass that takes the last piece of a prompt along, the target's cache lacks it still. */
    @Test
    void begin_copier_targetThatLacksTheEndOfThePrompt_readsTheRest() {
        try (Bench bench = Bench.of(1, Cells.TAKEN_OVER)) {
            int[] text = Bench.text(0, 60);
            bench.commit(2, text, 0, 45);
            DraftStream stream = learned(bench, Arrays.copyOf(text, 50));

            bench.model.beginPass(0);
            stream.begin(2, 45);
            bench.model.level(List.of(stream));

            assertThat(bench.decoded).containsExactly(4 + 1);
            assertThat(stream.opinion(0).token(0)).isEqualTo(text[50]);
        }
    }

    /** What the target is about to read need not be read twice. */
    @Test
    void begin_copier_targetThatLacksMostOfThePrompt_waitsForIt() {
        try (Bench bench = Bench.of(1, Cells.TAKEN_OVER)) {
            int[] text = Bench.text(0, 60);
            DraftStream stream = learned(bench, Arrays.copyOf(text, 50));
            bench.model.beginPass(0);
            stream.begin(2, 0);
            bench.model.level(List.of(stream));
            assertThat(bench.decoded).isEmpty();
            stream.accept(Bench.chain(text[49]), 0, text[50]);
            bench.commit(2, text, 0, 50);

            bench.model.beginPass(0);
            stream.begin(2, 50);
            bench.model.level(List.of(stream));

            assertThat(bench.decoded).containsExactly(1);
            assertThat(stream.opinion(0).token(0)).isEqualTo(text[51]);
        }
    }

    @Test
    void begin_copierThatRefuses_readsTheTextAndStopsAsking() {
        try (Bench bench = Bench.of(1, Cells.REFUSED)) {
            int[] text = Bench.text(0, 60);
            bench.commit(2, text, 0, 9);
            DraftStream stream = learned(bench, Arrays.copyOf(text, 10));

            for (int attempt = 1; attempt <= DraftModel.MOST_FAILURES; attempt++) {
                assertThat(bench.model.copies()).isTrue();
                bench.model.beginPass(0);
                stream.begin(2, 9);
                assertThat(bench.model.statistics().refusedCopies()).isEqualTo(attempt);
            }
            bench.model.level(List.of(stream));
            assertThat(bench.model.copies()).as("given up after three").isFalse();
            bench.model.level(List.of(stream));

            assertThat(stream.opinion(0).token(0)).isEqualTo(text[10]);
            assertThat(bench.model.isUsable()).isTrue();
            assertThat(bench.model.statistics().copies()).isZero();
        }
    }

    @Test
    void begin_moreStreamsThanSequences_theLongestUnusedMakesWay() {
        try (Bench bench = new Bench(1, Cells.OWN, Bench.parameters(1024, 2), Integer.MAX_VALUE, 1024)) {
            DraftStream a = learned(bench, Bench.text(0, 6));
            DraftStream b = learned(bench, Bench.text(1, 6));
            DraftStream c = learned(bench, Bench.text(2, 6));
            for (DraftStream stream : List.of(a, b, c)) {
                begin(bench, stream);
                bench.model.level(List.of(stream));
                assertThat(stream.opinions()).isEqualTo(1);
            }

            assertThat(bench.model.statistics().evictions()).isEqualTo(1);
            assertThat(bench.model.heldSequences()).isEqualTo(2);
            assertThat(bench.model.heldCells()).isEqualTo(12);
            begin(bench, b, c, a);
            bench.model.level(List.of(b, c, a));
            assertThat(b.opinions() + c.opinions())
                    .as("who drafts in this pass keeps its place")
                    .isEqualTo(2);
            assertThat(a.opinions()).isZero();
            begin(bench, a);
            bench.model.level(List.of(a));
            assertThat(a.opinion(0).token(0)).isEqualTo(Bench.text(0, 7)[6]);
        }
    }

    @Test
    void level_cacheThatIsFull_takesTheCellsOfTheLongestUnused() {
        try (Bench bench = new Bench(1, Cells.OWN, Bench.parameters(20, 8), Integer.MAX_VALUE, 20)) {
            DraftStream a = learned(bench, Bench.text(0, 9));
            DraftStream b = learned(bench, Bench.text(1, 9));
            DraftStream c = learned(bench, Bench.text(2, 9));
            for (DraftStream stream : List.of(a, b, c)) {
                begin(bench, stream);
                bench.model.level(List.of(stream));
                assertThat(stream.opinions()).isEqualTo(1);
            }
            assertThat(bench.model.statistics().evictions()).isEqualTo(1);
            assertThat(bench.model.statistics().withoutRoom()).isZero();
            begin(bench, a, b, c);
            bench.model.level(List.of(a, b, c));
            assertThat(bench.model.heldCells()).isLessThanOrEqualTo(20);
            assertThat(a.opinions() + b.opinions() + c.opinions()).isEqualTo(2);
        }
    }

    @Test
    void canDraft_textLongerThanTheDraftReads_isNotDraftedForUntilItIsShorter() {
        try (Bench bench = new Bench(1, Cells.OWN, Bench.parameters(64, 4), Integer.MAX_VALUE, 12)) {
            int[] text = Bench.text(0, 40);
            DraftStream stream = learned(bench, Arrays.copyOf(text, 10));
            begin(bench, stream);
            assertThat(stream.canDraft()).isTrue();
            while (stream.pathLength() < 2) {
                bench.model.level(List.of(stream));
                stream.extend(stream.opinion(stream.pathLength()).token(0));
            }
            bench.model.level(List.of(stream));
            assertThat(stream.opinions()).as("twelve tokens fit").isEqualTo(3);
            stream.extend(text[12]);
            assertThat(stream.canDraft()).isFalse();
            stream.accept(Bench.chain(text[9], text[10], text[11], text[12]), 3, text[13]);
            begin(bench, stream);
            assertThat(stream.canDraft()).isFalse();
            stream.learn(text, 14, 40);
            assertThat(stream.length()).isEqualTo(40);
            assertThat(stream.stateBytes()).isLessThan(2000);
            stream.rewind(8);
            begin(bench, stream);
            assertThat(stream.canDraft()).isTrue();
            bench.model.level(List.of(stream));
            assertThat(stream.opinion(0).token(0)).isEqualTo(text[8]);
        }
    }

    /** Vocabularies may differ at their ends: ids that one of the models lacks are neither proposed nor read. */
    @Test
    void level_tokensThatOneModelLacks_areNotProposedAndEndTheReading() {
        int vocabulary = 3 + 'p';
        int unknown = 3 + 'z';
        try (Bench bench = new Bench(1, Cells.OWN, Bench.parameters(64, 4), vocabulary, 64)) {
            DraftStream stream = learned(bench, new int[] {3 + 'a', 3 + 'b'});
            for (int round = 0; round < 30; round++) {
                begin(bench, stream);
                assertThat(stream.canDraft()).isTrue();
                bench.model.level(List.of(stream));
                for (int i = 0; i < stream.opinion(0).size(); i++) {
                    assertThat(stream.opinion(0).token(i)).isLessThan(vocabulary);
                }
                stream.accept(Bench.chain(3), 0, 3 + 'a' + round % 14);
            }

            stream.learn(new int[] {unknown, 3 + 'a'}, 0, 2);
            begin(bench, stream);
            assertThat(stream.canDraft()).isFalse();
            bench.model.level(List.of(stream));
            assertThat(stream.opinions()).isZero();
            stream.accept(Bench.chain(3), 0, 3 + 'c');
            stream.rewind(32);
            begin(bench, stream);
            assertThat(stream.canDraft()).isTrue();
            stream.extend(unknown);
            assertThat(stream.canDraft()).as("a path that it cannot read").isFalse();
            stream.cut(0);
            assertThat(stream.canDraft()).isTrue();
            assertThat(bench.model.isUsable()).isTrue();
            assertThat(bench.model.statistics().failures()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DecodeOutcome.class,
            names = {"NO_ROOM", "ABORTED"})
    void level_passThatDidNotHappen_bringsNothingAndTheNextWorks(DecodeOutcome outcome) {
        try (Bench bench = Bench.of(1, Cells.OWN)) {
            int[] text = Bench.text(0, 6);
            DraftStream stream = learned(bench, text);
            begin(bench, stream);
            bench.model.level(List.of(stream));
            stream.extend(stream.opinion(0).token(0));
            bench.fault = _ -> outcome;
            bench.model.level(List.of(stream));
            assertThat(stream.opinions()).isEqualTo(1);
            bench.fault = null;

            stream.accept(Bench.chain(text[5]), 0, 3 + '?');
            begin(bench, stream);
            bench.model.level(List.of(stream));

            assertThat(stream.opinions()).isEqualTo(1);
            assertThat(bench.model.isUsable()).isTrue();
            assertThat(bench.model.statistics().withoutRoom()).isEqualTo(outcome == DecodeOutcome.NO_ROOM ? 1 : 0);
            stream.close();
            assertThat(bench.model.heldCells()).isZero();
        }
    }

    @Test
    void level_failures_areNobodysButTheDraftsUntilItIsGivenUp() {
        try (Bench bench = Bench.of(1, Cells.OWN)) {
            int[] text = Bench.text(0, 6);
            DraftStream stream = learned(bench, text);
            DraftStream other = learned(bench, Bench.text(1, 6));
            bench.fault = _ -> {
                throw new IllegalStateException("the device is gone");
            };
            begin(bench, stream, other);
            bench.model.level(List.of(stream, other));
            assertThat(stream.opinions()).isZero();
            bench.fault = null;
            begin(bench, stream, other);
            bench.model.level(List.of(stream, other));
            assertThat(stream.opinion(0).token(0)).isEqualTo(Bench.next(text, 6));
            assertThat(other.opinions()).isEqualTo(1);

            bench.fault = _ -> {
                throw new IllegalStateException("the device is gone");
            };
            for (int i = 0; i < DraftModel.MOST_FAILURES; i++) {
                assertThat(bench.model.isUsable()).isTrue();
                begin(bench, stream, other);
                bench.model.level(List.of(stream, other));
            }

            assertThat(bench.model.isUsable()).isFalse();
            assertThat(bench.model.trouble()).contains("forward pass", "3 times");
            assertThat(stream.canDraft()).isFalse();
            stream.accept(Bench.chain(text[5], 70), 1, 71);
            stream.close();
            other.close();
            assertThat(bench.model.statistics().failures()).isEqualTo(4);
        }
    }

    @Test
    void level_rowsThatAreNoDistributions_bringNothingAndEndTheModel() {
        try (Bench bench = Bench.of(1, Cells.OWN)) {
            int[] text = Bench.text(0, 6);
            DraftStream stream = learned(bench, text);
            bench.broken = true;
            for (int i = 0; i < DraftModel.MOST_FAILURES; i++) {
                begin(bench, stream);
                bench.model.level(List.of(stream));
                assertThat(stream.opinions()).isZero();
            }

            assertThat(bench.model.isUsable()).isFalse();
            assertThat(bench.model.trouble()).contains("no distribution");
        }
    }

    @Test
    void take_contextThatCannotBeOpened_isAModelThatSaysWhyAndDraftsNothing() {
        try (ScriptedModel target = new ScriptedModel(Bench.SCRIPT)) {
            DraftModels models = new DraftModels(_ -> {
                throw new IllegalStateException("no memory is left");
            });
            var context = target.newContext(Bench.parameters(8, 1));

            DraftModel model = models.take(context, () -> 0);

            assertThat(model.isUsable()).isFalse();
            assertThat(model.trouble()).contains("no memory is left");
            DraftStream stream = model.open();
            stream.learn(new int[] {3, 4, 5}, 0, 3);
            model.beginPass(0);
            stream.begin(0, 2);
            model.level(List.of(stream));
            assertThat(stream.canDraft()).isFalse();
            stream.accept(Bench.chain(5, 6), 1, 7);
            stream.close();
            models.giveBack();
            context.close();
        }
    }

    @Test
    void take_severalProposers_shareOneModelThatTheLastOneCloses() {
        try (ScriptedModel target = new ScriptedModel(Bench.SCRIPT)) {
            var context = target.newContext(Bench.parameters(8, 1));
            var opened = new java.util.ArrayList<io.aded.model.TargetContext>();
            DraftModels models = new DraftModels(_ -> {
                opened.add(target.newContext(Bench.parameters(8, 1)));
                return new DraftContexts.Opened(opened.getLast(), null);
            });
            assertThat(DraftModels.of(models)).isSameAs(models);
            DraftModel first = models.take(context, () -> 0);
            assertThat(models.take(context, () -> 0)).isSameAs(first);
            models.giveBack();
            opened.getFirst().clear();
            models.giveBack();

            assertThat(opened).hasSize(1);
            assertThat(models.take(context, () -> 0)).isNotSameAs(first);
            models.giveBack();
            context.close();
        }
    }
}
