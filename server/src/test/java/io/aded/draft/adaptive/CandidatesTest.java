package io.aded.draft.adaptive;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.model.TokenTree;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The cells were worked out by hand from their layout:
 *
 * <pre>
 *    0  suffix      length bucket · 24 + standing among the matches
 *  240  bi-gram     no row | 1 + sightings (0, 1, 2) · 48 + place in the row (none, 1, 2, later) · 12 + bin of weight
 *  385  tri-gram    (bin of weight, 12 for no row) · 12 + short length bucket · 3 + standing
 *  541  runner-up   bin · 2 + (below the root)
 *  565  latest      below the root | 1 + bin · 4 + state in the bi-gram row
 *  614  resumption  none | 1 + kind · 48 + length bucket · 12 + gap bucket · 3 + shortest length bucket
 *  807  run         bucket · 9 + standing · 3 + (first of a row)
 *  879  frequency   (bucket · 4 + state) · 3 + standing
 *  975  age         no row | 1 + (sightings · 8 + logarithm) · 3 + place
 * 1072  recency     (logarithm · 4 + state) · 3 + standing
 * 1228  end
 * </pre>
 *
 * Bins of a weight: from 3, 8, 16, 31, 52, 82, 128, 174, 218, 243 of 256 on; 0 is none at all.
 */
final class CandidatesTest {

    /** A stream with its evidence; everything is empty at first. */
    static final class Fixture {
        final SuffixIndex history = new SuffixIndex(1024);
        final Contexts contexts = new Contexts(history, 32);
        final Candidates candidates;
        final TokenTree tree = new TokenTree(32);

        Fixture(boolean useSuffix, boolean useBigrams, int... tokens) {
            candidates = new Candidates(history, contexts, useSuffix, useBigrams);
            for (int token : tokens) {
                history.append(token, false);
            }
        }

        /** The candidates at the end of the stream. */
        void gather(int beforeLast, int last) {
            contexts.atEnd();
            candidates.chooseReserve();
            candidates.gather(0, beforeLast, last, true);
        }

        /** The candidates below a node that follows the root. */
        int gatherBelow(int rootToken, int token) {
            contexts.atEnd();
            candidates.chooseReserve();
            tree.reset(rootToken);
            int node = tree.add(0, token, 0.5f);
            contexts.descend(tree, node, true);
            candidates.gather(node, rootToken, token, false);
            return node;
        }

        void bigram(int last, int token, float weight) {
            SuccessorRows rows = candidates.bigrams;
            int row = rows.find(last);
            rows.add(row < 0 ? rows.fade(last, 0.5f, true) : row, token, weight);
        }

        void trigram(int first, int second, int token, float weight) {
            SuccessorRows rows = candidates.trigrams;
            long key = Candidates.trigram(first, second);
            int row = rows.find(key);
            rows.add(row < 0 ? rows.fade(key, 0.5f, true) : row, token, weight);
        }

        List<Integer> tokens() {
            return IntStream.range(0, candidates.size())
                    .mapToObj(candidates::token)
                    .toList();
        }

        List<Integer> cells(int token) {
            int i = candidates.find(token);
            assertThat(i).as("token %d is a candidate", token).isNotNegative();
            return IntStream.range(0, Candidates.KINDS)
                    .mapToObj(kind -> candidates.cell(i, kind))
                    .toList();
        }

        int cell(int token, int kind) {
            return cells(token).get(kind);
        }

        float probability(int token) {
            return candidates.probabilities()[candidates.find(token)];
        }
    }

    @Test
    void layout_kinds_beginWhereTheTableSays() {
        assertThat(List.of(
                        Candidates.SUFFIX,
                        Candidates.BIGRAM,
                        Candidates.TRIGRAM,
                        Candidates.RUNNER_UP,
                        Candidates.LATEST,
                        Candidates.RESUMPTION,
                        Candidates.RUN,
                        Candidates.FREQUENCY,
                        Candidates.AGE,
                        Candidates.RECENCY,
                        Candidates.CELLS))
                .containsExactly(0, 240, 385, 541, 565, 614, 807, 879, 975, 1072, 1228);
    }

    @Test
    void gather_nothingKnown_isEmpty() {
        Fixture f = new Fixture(true, true, 3, 2);
        f.gather(3, 2);

        assertThat(f.candidates.size()).isZero();
        assertThat(f.candidates.longestMatch()).isZero();
        assertThat(f.candidates.hasTrigrams()).isFalse();
        assertThat(f.candidates.find(7)).isEqualTo(-1);
        assertThat(f.candidates.isLikeliest(0)).isFalse();
    }

    @Test
    void gather_bigramRow_firstAndSecondOfIt() {
        Fixture f = new Fixture(true, true, 3, 2);
        f.bigram(2, 7, 0.25f); // 64 of 256: bin 6
        f.bigram(2, 8, 0.125f); // 32: bin 5
        f.gather(3, 2);

        assertThat(f.tokens()).containsExactly(7, 8);
        assertThat(f.cells(7)).containsExactly(0, 307, 529, 541, 568, 614, 808, 885, 1000, 1078);
        assertThat(f.cells(8)).containsExactly(0, 318, 529, 541, 569, 614, 807, 888, 1001, 1081);
        assertThat(f.candidates.bigramWeight(0)).isEqualTo(0.25f);
        assertThat(f.candidates.trigramWeight(0)).isZero();
        assertThat(f.candidates.matchLength(0)).isZero();
        assertThat(f.candidates.votes(0)).isZero();
    }

    @Test
    void gather_laterInTheRow_isThirdPlaceForAll() {
        Fixture f = new Fixture(true, true, 3, 2);
        f.bigram(2, 7, 0.25f);
        f.bigram(2, 8, 0.125f);
        f.bigram(2, 9, 0.0625f); // 16: bin 4
        f.bigram(2, 10, 0.01f); // 2: bin 1
        f.gather(3, 2);

        assertThat(f.cell(9, 1)).isEqualTo(289 + 36 + 4);
        assertThat(f.cell(10, 1)).isEqualTo(289 + 36 + 1);
        assertThat(f.cell(9, 8)).isEqualTo(1001);
        assertThat(f.cell(10, 8)).isEqualTo(1001);
    }

    @Test
    void gather_notInTheRow_isSeenBesideTheRowsBest() {
        Fixture f = new Fixture(true, true, 3, 2);
        f.bigram(2, 7, 0.25f);
        f.candidates.frequent.add(9, 0.1f);
        f.gather(3, 2);

        assertThat(f.tokens()).containsExactly(7, 9);
        assertThat(f.cells(9)).containsExactly(0, 295, 529, 541, 567, 614, 807, 882, 1002, 1075);
    }

    @Test
    void gather_noRow_hasItsOwnCells() {
        Fixture f = new Fixture(true, true, 3, 2);
        f.candidates.frequent.add(9, 0.1f);
        f.gather(3, 2);

        assertThat(f.cells(9)).containsExactly(0, 240, 529, 541, 566, 614, 807, 879, 975, 1072);
    }

    @Test
    void gather_sightingsAndAge_chooseTheRowsCells() {
        Fixture f = new Fixture(true, true, 3, 2);
        f.candidates.bigrams.fade(2, 0.5f, false); // from a prompt alone
        f.bigram(2, 7, 0.25f);
        f.gather(3, 2);
        assertThat(f.cell(7, 1)).isEqualTo(241 + 12 + 6);
        assertThat(f.cell(7, 8)).isEqualTo(976);

        for (int lesson = 0; lesson < 3; lesson++) {
            f.candidates.bigrams.fade(2, 0f, true);
        }
        for (int other = 0; other < 6; other++) {
            f.candidates.bigrams.fade(100 + other, 0.5f, true);
        }
        f.gather(3, 2);
        // Three sightings: two of them count for the weight, three for the age; log2(1 + 6) = 2.
        assertThat(f.cell(7, 1)).isEqualTo(241 + 96 + 12 + 6);
        assertThat(f.cell(7, 8)).isEqualTo(976 + (3 * 8 + 2) * 3);

        for (int other = 0; other < 300; other++) {
            f.candidates.bigrams.fade(100 + other, 0.5f, true);
        }
        f.gather(3, 2);
        assertThat(f.cell(7, 8)).as("no more than 7").isEqualTo(976 + (3 * 8 + 7) * 3);
    }

    @Test
    void gather_trigramRow_weighsAndRanks() {
        Fixture f = new Fixture(true, true, 3, 2);
        f.trigram(3, 2, 7, 0.5f); // 128: bin 8
        f.trigram(3, 2, 8, 0.4f); // 102: bin 7
        f.candidates.frequent.add(9, 0.1f);
        f.gather(3, 2);

        assertThat(f.tokens()).containsExactly(7, 8, 9);
        assertThat(f.candidates.hasTrigrams()).isTrue();
        assertThat(f.cells(7)).containsExactly(0, 240, 481, 541, 566, 614, 809, 879, 975, 1072);
        assertThat(f.cell(8, 2)).isEqualTo(385 + 84);
        assertThat(f.cell(8, 6)).isEqualTo(807);
        assertThat(f.cell(9, 2)).isEqualTo(385);
        assertThat(f.candidates.trigramWeight(0)).isEqualTo(0.5f);
    }

    @Test
    void gather_firstOfBothRows_countsAsTheTrigrams() {
        Fixture f = new Fixture(true, true, 3, 2);
        f.trigram(3, 2, 7, 0.5f);
        f.bigram(2, 7, 0.25f);
        f.gather(3, 2);

        assertThat(f.tokens()).containsExactly(7);
        assertThat(f.cell(7, 6)).isEqualTo(809);
    }

    @Test
    void gather_noTokenBeforeTheLast_looksForNoTrigram() {
        Fixture f = new Fixture(true, true, 2);
        f.candidates.trigrams.add(f.candidates.trigrams.fade(Candidates.trigram(-1, 2), 0.5f, true), 7, 0.5f);
        f.gather(-1, 2);

        assertThat(f.candidates.hasTrigrams()).isFalse();
        assertThat(f.candidates.size()).isZero();
    }

    @Test
    void gather_twoMatches_theLongerIsBest() {
        Fixture f = new Fixture(true, true, 1, 2, 8, 9, 1, 2, 7, 9, 1, 2);
        f.gather(1, 2);

        // 7 follows three tokens that match, 8 follows two.
        assertThat(f.tokens()).containsExactly(7, 8);
        assertThat(f.candidates.longestMatch()).isEqualTo(3);
        assertThat(f.candidates.matchLength(0)).isEqualTo(3);
        assertThat(f.candidates.matchLength(1)).isEqualTo(2);
        assertThat(f.cells(7)).containsExactly(59, 240, 536, 541, 566, 614, 810, 880, 975, 1073);
        assertThat(f.cells(8)).containsExactly(67, 240, 537, 541, 566, 614, 813, 881, 975, 1074);
    }

    @Test
    void gather_onlyMatch_saysWhetherItWasAPrompt() {
        Fixture f = new Fixture(true, true);
        for (int token : new int[] {1, 2, 8, 1, 2}) {
            f.history.append(token, token == 8);
        }
        f.gather(1, 2);
        assertThat(f.cell(8, 0)).isEqualTo(24 + 1 + 1);

        Fixture answer = new Fixture(true, true, 1, 2, 8, 1, 2);
        answer.gather(1, 2);
        assertThat(answer.cell(8, 0)).isEqualTo(24 + 1);
    }

    @Test
    void gather_allMatchesAgree_twoOrThreeOrMore() {
        Fixture two = new Fixture(true, true, 1, 2, 8, 1, 2, 8, 1, 2);
        two.gather(1, 2);
        assertThat(two.cell(8, 0)).as("a match of 5, two votes").isEqualTo(4 * 24 + 3);
        assertThat(two.candidates.votes(0)).isEqualTo(2);

        Fixture five = new Fixture(true, true, 1, 2, 8, 1, 2, 8, 1, 2, 8, 1, 2, 8, 1, 2, 8, 1, 2);
        five.gather(1, 2);
        assertThat(five.cell(8, 0)).as("a match of 14, five votes").isEqualTo(7 * 24 + 5);
        assertThat(five.cell(8, 2)).isEqualTo(385 + (12 * 4 + 3) * 3 + 1);
    }

    @Test
    void gather_matchesOfOneLength_theLatestIsBest() {
        Fixture f = new Fixture(true, true, 1, 2, 8, 3, 1, 2, 7, 4, 1, 2, 6, 5, 1, 2);
        f.gather(1, 2);

        assertThat(f.tokens()).containsExactly(6, 7, 8);
        assertThat(f.cell(6, 0)).isEqualTo(24 + 7);
        assertThat(f.cell(7, 0)).isEqualTo(24 + 13);
        assertThat(f.cell(8, 0)).isEqualTo(24 + 16);
    }

    @Test
    void gather_secondBestWithAThirdOfTheVotes_isToldApart() {
        Fixture f = new Fixture(true, true, 1, 2, 8, 3, 1, 2, 7, 4, 1, 2);
        f.gather(1, 2);

        assertThat(f.cell(7, 0)).isEqualTo(24 + 7);
        assertThat(f.cell(8, 0)).isEqualTo(24 + 18);
    }

    @Test
    void gather_majorityOfTheMatches_isToldApart() {
        Fixture f = new Fixture(true, true, 1, 2, 8, 9, 1, 2, 7, 9, 1, 2, 7, 9, 1, 2);
        f.gather(1, 2);

        assertThat(f.candidates.longestMatch()).isEqualTo(7);
        assertThat(f.cell(7, 0)).as("two votes of three").isEqualTo(5 * 24 + 9);
        assertThat(f.cell(8, 0)).as("five tokens shorter").isEqualTo(5 * 24 + 15);
    }

    @ParameterizedTest
    @CsvSource({"2, 1", "5, 4", "6, 5", "7, 5", "8, 6", "11, 6", "12, 7", "19, 7", "20, 8", "31, 8", "32, 9", "40, 9"})
    void gather_longestMatch_fallsIntoItsBucket(int length, int bucket) {
        // length tokens, 500, the same tokens again.
        int[] text = new int[2 * length + 1];
        for (int i = 0; i < length; i++) {
            text[i] = 10 + i;
            text[length + 1 + i] = 10 + i;
        }
        text[length] = 500;
        Fixture f = new Fixture(true, true, text);
        f.gather(10 + length - 2, 10 + length - 1);

        assertThat(f.candidates.longestMatch()).isEqualTo(Math.min(32, length));
        assertThat(f.cell(500, 0)).isEqualTo(bucket * 24 + 1);
    }

    @Test
    void gather_withoutSuffix_ignoresMatchesAndResumption() {
        Fixture f = new Fixture(false, true, 1, 2, 8, 1, 2);
        f.gather(1, 2);
        assertThat(f.candidates.size()).isZero();

        f.contexts.expect(0, 8, 2, 2);
        f.contexts.emit(0, 30, false);
        f.history.append(30, false);
        f.gather(2, 30);
        assertThat(f.candidates.size()).isZero();
    }

    @Test
    void gather_withoutBigrams_ignoresRowsAndTokensOfNoContext() {
        Fixture f = new Fixture(true, false, 3, 2);
        f.bigram(2, 7, 0.25f);
        f.trigram(3, 2, 8, 0.25f);
        f.candidates.frequent.add(9, 0.5f);
        f.candidates.runnersUp.add(10, 0.5f);
        f.candidates.latest.add(11, 0.5f);
        f.gather(3, 2);

        assertThat(f.tokens()).containsExactly(8);
        assertThat(f.cell(8, 1)).isEqualTo(240);
        assertThat(f.cell(8, 8)).isEqualTo(975);
    }

    @Test
    void gather_runnersUpAndLatest_atTheRootAreCandidates() {
        Fixture f = new Fixture(true, true, 3, 2);
        f.candidates.latest.add(7, 0.25f); // bin 6
        f.candidates.runnersUp.add(8, 0.5f); // bin 8
        f.candidates.runnersUp.add(5, 4f); // as if 1: bin 11
        f.candidates.runnersUp.add(6, 0.01f); // too little
        f.gather(3, 2);

        assertThat(f.tokens()).containsExactly(7, 8, 5);
        assertThat(f.cell(7, 4)).isEqualTo(566 + 24);
        assertThat(f.cell(7, 3)).isEqualTo(541);
        assertThat(f.cell(8, 3)).isEqualTo(541 + 16);
        assertThat(f.cell(5, 3)).isEqualTo(541 + 22);
        assertThat(f.cell(8, 4)).isEqualTo(566);
    }

    @Test
    void gatherBelowTheRoot_runnersUpOnlyMarkWhatIsThere() {
        Fixture f = new Fixture(true, true, 3, 2);
        f.bigram(9, 7, 0.25f);
        f.bigram(9, 8, 0.02f); // not worth a look below the root
        f.candidates.runnersUp.add(7, 0.5f);
        f.candidates.latest.add(7, 0.5f);
        f.gatherBelow(2, 9);

        assertThat(f.tokens()).containsExactly(7);
        assertThat(f.cell(7, 3)).isEqualTo(541 + 16 + 1);
        assertThat(f.cell(7, 4)).isEqualTo(565);
    }

    @Test
    void gatherBelowTheRoot_fallsBackOnTheFourBestOfNoContext() {
        Fixture f = new Fixture(true, true, 3, 2);
        f.candidates.frequent.add(1, 0.4f);
        f.candidates.frequent.add(2, 0.3f);
        f.candidates.runnersUp.add(3, 0.8f); // a quarter of it: 0.2
        f.candidates.runnersUp.add(4, 4f); // 1
        f.candidates.runnersUp.add(5, 0.04f); // 0.01
        f.gatherBelow(2, 9);

        assertThat(f.tokens()).containsExactly(4, 1, 2, 3);

        // A stronger one turns the weakest out, wherever it comes from.
        f.candidates.frequent.add(6, 0.35f);
        f.gatherBelow(2, 9);
        assertThat(f.tokens()).containsExactly(4, 1, 6, 2);
    }

    @Test
    void gatherBelowTheRoot_someCandidates_leaveLessRoomForTheReserve() {
        Fixture f = new Fixture(true, true, 3, 2);
        f.bigram(9, 7, 0.25f);
        f.bigram(9, 8, 0.125f);
        f.bigram(9, 6, 0.0625f);
        f.candidates.frequent.add(1, 0.4f);
        f.candidates.frequent.add(2, 0.3f);
        f.gatherBelow(2, 9);

        assertThat(f.tokens()).containsExactly(7, 8, 6, 1);
    }

    @Test
    void gather_afterABrokenMatch_offersWhatWouldFollowInThreeWays() {
        Fixture f = new Fixture(true, true, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3);
        f.candidates.frequent.add(9, 0.1f);
        f.gather(2, 3);
        assertThat(f.tokens()).containsExactly(4, 9);

        // 4 was expected, 20 came.
        f.contexts.emit(0, 20, false);
        f.history.append(20, false);
        f.gather(3, 20);

        // Instead of 4 (then 5 follows), skipping it and one more (6), or put in before it (4).
        assertThat(f.tokens()).containsExactly(9, 5, 6, 4);
        assertThat(f.cell(5, 5)).isEqualTo(615 + 12 + 3);
        assertThat(f.cell(6, 5)).isEqualTo(615 + 48 + 12 + 3);
        assertThat(f.cell(4, 5)).isEqualTo(615 + 96 + 12 + 3);
        assertThat(f.cell(9, 5)).isEqualTo(615 + 144 + 12 + 3);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "2, 2", "3, 3", "4, 3", "5, 4", "8, 4", "9, 5", "15, 5", "16, 6", "31, 6", "32, 7", "99, 7"})
    void gather_run_fallsIntoItsBucket(int run, int bucket) {
        Fixture f = new Fixture(true, true, 3, 2);
        f.candidates.frequent.add(9, 0.1f);
        for (int i = 0; i < run; i++) {
            f.contexts.emit(0, 9, true);
        }
        f.gather(3, 2);

        assertThat(f.cell(9, 6)).isEqualTo(807 + 9 * bucket);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 1", "4, 4", "5, 5", "7, 5", "8, 6", "15, 6", "16, 7", "60, 7"})
    void gather_frequency_fallsIntoItsBucket(int count, int bucket) {
        Fixture f = new Fixture(true, true, 3, 2);
        f.candidates.frequent.add(9, 0.1f);
        for (int i = 0; i < count; i++) {
            f.candidates.occurrences.add(9, 0);
        }
        f.gather(3, 2);

        assertThat(f.cell(9, 7)).isEqualTo(879 + 12 * bucket);
        // Two tokens ago, if ever: one more than log2(2).
        assertThat(f.cell(9, 9)).isEqualTo(1072 + (count == 0 ? 0 : 12 * 2));
    }

    @Test
    void gather_again_forgetsTheCandidatesBefore() {
        Fixture f = new Fixture(true, true, 1, 2, 8, 1, 2);
        f.trigram(1, 2, 8, 0.5f);
        f.bigram(2, 8, 0.5f);
        f.candidates.latest.add(8, 0.5f);
        f.candidates.runnersUp.add(8, 0.5f);
        f.gather(1, 2);
        f.candidates.latest.clear();
        f.candidates.runnersUp.remove(8);
        f.candidates.frequent.add(8, 0.5f);

        f.candidates.gather(0, 40, 50, true);
        // 8 is still matched, since the contexts were left as they are; nothing else of it remains.
        assertThat(f.cells(8)).containsExactly(24 + 1, 240, 530 + 3, 541, 566, 614, 810, 880, 975, 1073);
        assertThat(f.candidates.votes(0)).isEqualTo(1);
        assertThat(f.candidates.trigramWeight(0)).isZero();
        assertThat(f.candidates.bigramWeight(0)).isZero();
    }

    @Test
    void copyBest_probabilities_areSortedAndCut() {
        Fixture f = new Fixture(true, true, 3, 2);
        for (int i = 0; i < 5; i++) {
            f.bigram(2, 10 + i, 0.5f - i / 16f);
        }
        f.gather(3, 2);
        System.arraycopy(new float[] {0.1f, 0.3f, 0.2f, 0.3f, 0.05f}, 0, f.candidates.probabilities(), 0, 5);
        int[] tokens = new int[8];
        float[] probabilities = new float[8];

        int count = f.candidates.copyBest(tokens, probabilities, 2, 3);

        assertThat(count).isEqualTo(3);
        assertThat(tokens).containsExactly(0, 0, 11, 13, 12, 0, 0, 0);
        assertThat(probabilities).containsExactly(0, 0, 0.3f, 0.3f, 0.2f, 0, 0, 0);
        assertThat(f.candidates.copyBest(tokens, probabilities, 0, 8)).isEqualTo(5);
        assertThat(tokens).startsWith(11, 13, 12, 10, 14);
        assertThat(f.candidates.isLikeliest(11)).isTrue();
        assertThat(f.candidates.isLikeliest(13)).as("the first of equals").isFalse();
    }

    @Test
    void trigram_key_keepsBothTokens() {
        assertThat(Candidates.trigram(1, 2)).isEqualTo(0x1_0000_0002L);
        assertThat(Candidates.trigram(2, 1)).isNotEqualTo(Candidates.trigram(1, 2));
    }

    @Test
    void stateBytes_isTheSumOfTheParts() {
        Fixture f = new Fixture(true, true);
        Candidates c = f.candidates;

        // 83 candidates: 16 matches, 3 rows of 8, 3 resumptions, 24 frequent, 16 runners-up.
        assertThat(c.stateBytes())
                .isEqualTo(f.history.stateBytes()
                        + c.trigrams.stateBytes()
                        + c.bigrams.stateBytes()
                        + c.frequent.stateBytes()
                        + c.runnersUp.stateBytes()
                        + 8 * 8
                        + c.occurrences.stateBytes()
                        + 4 * 21 * 83
                        + 4 * 512);
    }

    /**
     * A long text, its rows taught as it comes: every candidate and every cell at the end of the text and along a draft
     * of three tokens. The number stands for all of it; it changes if anything does, in which case the prior
     * (evidence-prior.bin) has to be fitted anew.
     */
    @Test
    void gather_longText_everyCellIsAsBefore() {
        Fixture f = new Fixture(true, true);
        Candidates c = f.candidates;
        CRC32 digest = new CRC32();
        List<Integer> text = new ArrayList<>();
        long random = 7;
        for (int step = 0; step < 4_000; step++) {
            random = random * 6364136223846793005L + 1442695040888963407L;
            int choice = (int) (random >>> 33);
            // Copies with one token replaced, put in or left out now and then, and a little chance.
            int copied = step - 37 + choice % 2 * (choice / 2 % 29 == 0 ? 1 : 0);
            int token = step > 60 && choice % 11 != 0 ? text.get(copied) : choice / 16 % 50;
            learn(f, token, step, choice);
            text.add(token);
            if (step < 3) {
                continue;
            }
            int last = text.get(step);
            f.gather(text.get(step - 1), last);
            add(digest, f);
            f.tree.reset(last);
            int before = last;
            int node = 0;
            for (int depth = 0; depth < 3 && c.size() > 0; depth++) {
                int next = c.token((choice >>> depth) % c.size());
                int child = f.tree.add(node, next, 0.5f);
                f.contexts.descend(f.tree, child, (choice >>> depth) % 2 == 0);
                c.gather(child, before, next, false);
                add(digest, f);
                before = next;
                node = child;
            }
            // As the drafter does: the expectation at the end of the text, then what came.
            f.gather(text.get(step - 1), last);
            f.contexts.emit(0, peek(text, step, choice), choice % 3 == 0);
        }

        assertThat(digest.getValue()).isEqualTo(GOLDEN);
    }

    private static final long GOLDEN = 733_693_117L;

    private static int peek(List<Integer> text, int step, int choice) {
        return step > 60 ? text.get(step - 36) : choice % 50;
    }

    private static void learn(Fixture f, int token, int step, int choice) {
        Candidates c = f.candidates;
        int length = f.history.length();
        if (length >= 2) {
            int last = f.history.token(length - 1);
            boolean byTarget = choice % 4 != 0;
            c.bigrams.add(c.bigrams.fade(last, 0.5f, byTarget), token, 0.375f);
            long key = Candidates.trigram(f.history.token(length - 2), last);
            c.trigrams.add(c.trigrams.fade(key, 0.5f, byTarget), token, 0.25f);
        }
        c.frequent.fade();
        c.frequent.add(token, 0.25f);
        c.runnersUp.fade();
        c.runnersUp.add(choice / 64 % 50, 0.25f + choice % 64 / 64f);
        if (step % 5 == 0) {
            c.runnersUp.remove(token);
        }
        considerLatest(c.latest, choice / 32 % 50, choice % 32 / 32f, choice / 128 % 50, choice % 16 / 32f);
        c.occurrences.add(token, length);
        f.history.append(token, step % 100 < 30);
    }

    private static void add(CRC32 digest, Fixture f) {
        for (int i = 0; i < f.candidates.size(); i++) {
            put(digest, f.candidates.token(i));
            put(digest, f.candidates.votes(i));
            put(digest, f.candidates.matchLength(i));
            put(digest, Float.floatToIntBits(f.candidates.trigramWeight(i)));
            put(digest, Float.floatToIntBits(f.candidates.bigramWeight(i)));
            for (int kind = 0; kind < Candidates.KINDS; kind++) {
                put(digest, f.candidates.cell(i, kind));
            }
        }
        put(digest, f.candidates.longestMatch());
    }

    private static void put(CRC32 digest, int value) {
        digest.update(value);
        digest.update(value >>> 8);
        digest.update(value >>> 16);
        digest.update(value >>> 24);
    }

    /** A view of two tokens, unless they are the same or have no probability. */
    private static void considerLatest(LatestView latest, int one, float ofOne, int other, float ofOther) {
        latest.clear();
        float first = one == other ? ofOne + ofOther : ofOne;
        if (first > 0) {
            latest.add(one, first);
        }
        if (one != other && ofOther > 0) {
            latest.add(other, ofOther);
        }
    }
}
