package io.aded.draft.adaptive;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.model.TokenTree;
import io.aded.testing.Seeds;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ContextsTest {
    private static final int NONE = -1;

    private final SuffixIndex history = new SuffixIndex(1024);
    private final Contexts contexts = new Contexts(history, 16);
    private final TokenTree tree = new TokenTree(16);

    private void say(int... tokens) {
        for (int token : tokens) {
            history.append(token, false);
        }
    }

    private int child(int parent, int token) {
        int node = tree.add(parent, token, 0.5f);
        contexts.descend(tree, node, false);
        return node;
    }

    /** Each match as (position that follows, length). */
    private List<List<Integer>> matches(int node) {
        List<List<Integer>> found = new ArrayList<>();
        for (int i = 0; i < contexts.matches(node); i++) {
            found.add(List.of(contexts.matchNext(node, i), contexts.matchLength(node, i)));
        }
        return found;
    }

    // --- matches

    @Test
    void atEnd_pairStoodTwiceBefore_latestFirst() {
        say(1, 2, 8, 9, 1, 2, 7, 9, 1, 2);
        contexts.atEnd();

        assertThat(matches(0)).containsExactly(List.of(6, 3), List.of(2, 2));
    }

    @Test
    void atEnd_fewerThanTwoTokens_hasNoMatch() {
        contexts.atEnd();
        assertThat(matches(0)).isEmpty();
        say(1);
        contexts.atEnd();
        assertThat(matches(0)).isEmpty();
        say(1);
        contexts.atEnd();
        assertThat(matches(0)).as("the end itself is no match").isEmpty();
        say(1);
        contexts.atEnd();
        assertThat(matches(0)).containsExactly(List.of(2, 2));
    }

    @Test
    void atEnd_moreThanSixteen_theOldestOfTheShortestMakesWay() {
        // Seventeen places with two tokens in common, the first of them with three.
        say(5, 1, 2);
        for (int i = 0; i < 16; i++) {
            say(100 + i, 1, 2);
        }
        say(5, 1, 2);
        contexts.atEnd();

        List<List<Integer>> found = matches(0);
        assertThat(found).hasSize(16);
        // Seen latest first, the place at 3 comes last and longest: it takes the slot of the oldest two, (6, 2).
        assertThat(found.getFirst()).isEqualTo(List.of(51, 2));
        assertThat(found.getLast()).isEqualTo(List.of(3, 3));
        assertThat(found).doesNotContain(List.of(6, 2));
    }

    @Test
    void atEnd_seventeenOfOneLength_theOldestIsLeftOut() {
        for (int i = 0; i < 17; i++) {
            say(100 + i, 1, 2);
        }
        say(500, 1, 2);
        contexts.atEnd();

        assertThat(matches(0)).hasSize(16).doesNotContain(List.of(3, 2)).contains(List.of(6, 2), List.of(51, 2));
    }

    @Test
    void descend_alongAMatch_isOneLongerPerToken() {
        say(1, 2, 3, 4, 5, 1, 2);
        contexts.atEnd();
        tree.reset(2);

        int three = child(0, 3);
        int four = child(three, 4);
        int other = child(0, 9);

        assertThat(matches(three)).containsExactly(List.of(3, 3));
        assertThat(matches(four)).containsExactly(List.of(4, 4));
        assertThat(matches(other)).isEmpty();
    }

    @Test
    void descend_lengthAtItsMost_staysThere() {
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < 40; i++) {
                say(10 + i);
            }
        }
        contexts.atEnd();
        assertThat(matches(0)).containsExactly(List.of(40, 32));
        tree.reset(49);

        assertThat(matches(child(0, 10))).contains(List.of(41, 32));
    }

    @Test
    void descend_pairOfParentAndChildStoodElsewhere_isAShortMatch() {
        say(7, 8, 5, 1, 2, 9, 1, 2, 7);
        contexts.atEnd();
        tree.reset(7);

        // (7, 8) stood at the beginning; the parent (2, 7) never did.
        assertThat(matches(child(0, 8))).containsExactly(List.of(2, 2));
    }

    @Test
    void descend_inheritedMatch_isNotFoundTwice() {
        say(1, 2, 3, 4, 1, 2);
        contexts.atEnd();
        tree.reset(2);

        // (2, 3) stood before at the inherited place only.
        assertThat(matches(child(0, 3))).containsExactly(List.of(3, 3));
    }

    @Test
    void descend_fourInherited_looksForNoMore() {
        // (1, 2, 3) four times, and (2, 3) once after another token.
        say(9, 2, 3, 50);
        for (int i = 0; i < 4; i++) {
            say(1, 2, 3, 60 + i);
        }
        say(1, 2);
        contexts.atEnd();
        tree.reset(2);

        assertThat(matches(child(0, 3)))
                .hasSize(4)
                .allSatisfy(match -> assertThat(match.getLast()).isGreaterThan(2));
    }

    @Test
    void descend_threeInherited_addsOneShortMatch() {
        say(9, 2, 3, 50, 8, 2, 3, 51);
        for (int i = 0; i < 3; i++) {
            say(1, 2, 3, 60 + i);
        }
        say(1, 2);
        contexts.atEnd();
        tree.reset(2);

        // Of the two other places the later one makes four.
        assertThat(matches(child(0, 3))).hasSize(4).endsWith(List.of(7, 2));
    }

    @Test
    void descend_matchAtTheVeryEnd_runsOverIntoThePath() {
        // In a loop of two, what follows a match lies on the path itself after two tokens.
        say(1, 2, 1, 2);
        contexts.atEnd();
        assertThat(matches(0)).containsExactly(List.of(2, 2));
        tree.reset(2);

        int first = child(0, 1);
        assertThat(matches(first)).contains(List.of(3, 3));
        int second = child(first, 2);
        assertThat(matches(second)).contains(List.of(4, 4));
        assertThat(contexts.token(4)).as("the first token of the path").isEqualTo(1);
        assertThat(contexts.token(5)).isEqualTo(2);
        assertThat(contexts.token(3)).isEqualTo(2);
        assertThat(contexts.readable(5)).isTrue();
        assertThat(contexts.readable(6)).isFalse();
        assertThat(contexts.readable(-1)).isFalse();

        int third = child(second, 1);
        assertThat(matches(third)).contains(List.of(5, 5));
        contexts.atEnd();
        assertThat(contexts.readable(4)).as("at the end there is no path").isFalse();
    }

    // --- resumption

    /** The end's longest match expects {@code token} at {@code position}. */
    private void expecting(int token, int position, int length) {
        contexts.expect(0, token, position, length);
    }

    private void assertResumption(int at, int length, int gap) {
        assertThat(contexts.resumeAt(0)).isEqualTo(at);
        if (at != NONE) {
            assertThat(contexts.resumeLength(0)).isEqualTo(length);
            assertThat(contexts.gap(0)).isEqualTo(gap);
        }
    }

    @Test
    void emit_asExpected_breaksNothing() {
        say(1, 2, 3, 4, 5);
        expecting(3, 2, 7);
        contexts.emit(0, 3, true);

        assertResumption(NONE, 0, 0);
    }

    @Test
    void emit_againstTheMatch_resumesBehindWhatWasExpected() {
        say(1, 2, 3, 4, 5);
        expecting(3, 2, 7);
        contexts.emit(0, 30, false);

        assertResumption(3, 7, 1);
    }

    @Test
    void emit_withNoMatch_isNoBreak() {
        say(1, 2, 3, 4, 5);
        expecting(NONE, NONE, 0);
        contexts.emit(0, 30, false);

        assertResumption(NONE, 0, 0);
    }

    @ParameterizedTest
    @CsvSource({"13, 4", "14, 5", "12, 3"})
    void emit_afterABreak_realignsWhetherOneWasReplacedLeftOutOrPutIn(int token, int resumed) {
        say(10, 11, 12, 13, 14, 15, 16, 17);
        expecting(12, 2, 6);
        contexts.emit(0, 99, false);
        assertResumption(3, 6, 1);
        expecting(NONE, NONE, 0);

        // Replaced: 13 comes next. Left out: 14. Put in: 12, as was expected at first.
        contexts.emit(0, token, false);

        assertResumption(resumed, 6, 0);
    }

    @Test
    void emit_inStepAgain_goesOn() {
        say(10, 11, 12, 13, 14, 15);
        expecting(12, 2, 6);
        contexts.emit(0, 99, false);
        expecting(NONE, NONE, 0);
        contexts.emit(0, 13, false);
        contexts.emit(0, 14, false);

        assertResumption(5, 6, 0);
    }

    @Test
    void emit_outOfStep_waitsEightTokensAndGivesUp() {
        say(10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24);
        expecting(12, 2, 6);
        contexts.emit(0, 99, false);
        expecting(NONE, NONE, 0);
        for (int waited = 2; waited <= Contexts.LONGEST_GAP; waited++) {
            contexts.emit(0, 99, false);
            assertResumption(2 + waited, 6, waited);
        }

        contexts.emit(0, 99, false);

        assertResumption(NONE, 0, 0);
    }

    @Test
    void emit_newMatchThatHolds_replacesTheOldOne() {
        say(10, 11, 12, 13, 14, 15);
        expecting(12, 2, 6);
        contexts.emit(0, 99, false);
        expecting(50, 5, 2);

        contexts.emit(0, 50, true);

        assertResumption(NONE, 0, 0);
    }

    @Test
    void emit_newMatchBreaksToo_theNewOneIsToBeResumed() {
        say(10, 11, 12, 13, 14, 15);
        expecting(12, 2, 6);
        contexts.emit(0, 99, false);
        expecting(50, 4, 3);

        contexts.emit(0, 98, false);

        assertResumption(5, 3, 1);
    }

    @Test
    void emit_newMatchBreaksWhereTheOldOneGoesOn_theLongerWins() {
        say(10, 11, 12, 13, 14, 15);
        expecting(12, 2, 6);
        contexts.emit(0, 99, false);
        expecting(50, 4, 3);
        contexts.emit(0, 13, false);
        assertResumption(4, 6, 0);

        // The other way round: the match that breaks is as long as the one to be resumed.
        contexts.interrupt();
        expecting(12, 2, 6);
        contexts.emit(0, 99, false);
        expecting(50, 4, 6);
        contexts.emit(0, 13, false);
        assertResumption(5, 6, 1);
    }

    @Test
    void descend_alongAPath_carriesResumptionAndRunPerNode() {
        say(10, 11, 12, 13, 14, 15);
        expecting(12, 2, 6);
        tree.reset(11);
        int wrong = tree.add(0, 99, 0.5f);
        contexts.descend(tree, wrong, false);
        int right = tree.add(0, 12, 0.5f);
        contexts.descend(tree, right, true);
        contexts.expect(right, NONE, NONE, 0);
        int deeper = tree.add(right, 77, 0.5f);
        contexts.descend(tree, deeper, true);

        assertThat(contexts.resumeAt(wrong)).isEqualTo(3);
        assertThat(contexts.resumeLength(wrong)).isEqualTo(6);
        assertThat(contexts.gap(wrong)).isEqualTo(1);
        assertThat(contexts.run(wrong)).isZero();
        assertThat(contexts.resumeAt(right)).isEqualTo(NONE);
        assertThat(contexts.run(right)).isEqualTo(1);
        assertThat(contexts.run(deeper)).isEqualTo(2);
        assertThat(contexts.resumeAt(0)).as("the end itself does not move").isEqualTo(NONE);

        contexts.emit(deeper, 5, true);
        assertThat(contexts.run(0)).isEqualTo(3);
    }

    @Test
    void interrupt_forgetsWhatLeadsOverTheEnd() {
        say(10, 11, 12, 13);
        expecting(12, 2, 6);
        contexts.emit(0, 99, false);
        contexts.emit(0, 13, true);
        assertThat(contexts.run(0)).isEqualTo(1);

        contexts.interrupt();

        assertThat(contexts.run(0)).isZero();
        assertThat(contexts.resumeAt(0)).isEqualTo(NONE);
    }

    @Test
    void stateBytes_countsEveryArray() {
        // Seventeen nodes: eight ints and three lists of sixteen each. longest is the tenth array.
        assertThat(contexts.stateBytes()).isEqualTo(4L * (8 * 17 + 3 * 16 * 17));
    }

    @Test
    void descend_anyText_matchesAreTrueAndAsLongAsTheySay() {
        Seeds.with(random -> {
            for (int i = 0; i < 2_000; i++) {
                history.append(i > 30 && i % 30 < 10 ? history.token(i - 30) : random.nextInt(6), random.nextBoolean());
                if (i < 10 || i % 3 != 0) {
                    continue;
                }
                contexts.atEnd();
                List<Integer> path = new ArrayList<>();
                tree.reset(history.token(history.length() - 1));
                int node = 0;
                assertMatches(0, path);
                for (int depth = 0; depth < 5; depth++) {
                    int token = contexts.matches(node) > 0 && random.nextInt(4) > 0
                            ? contexts.token(contexts.matchNext(node, random.nextInt(contexts.matches(node))))
                            : random.nextInt(6);
                    node = child(node, token);
                    path.add(token);
                    assertMatches(node, path);
                }
            }
        });
    }

    /**
     * Each match's tokens equal the end of history and path for as long as it says, and it is followed by something.
     */
    private void assertMatches(int node, List<Integer> path) {
        int end = history.length() + path.size();
        for (List<Integer> match : matches(node)) {
            int next = match.getFirst();
            int length = match.getLast();
            assertThat(next).isBetween(2, end - 1);
            assertThat(length).isBetween(2, 32);
            for (int back = 1; back <= length; back++) {
                if (next - back < history.length() - 1000) {
                    return;
                }
                assertThat(at(next - back, path)).isEqualTo(at(end - back, path));
            }
        }
        assertThat(matches(node).stream().map(List::getFirst)).doesNotHaveDuplicates();
    }

    private int at(int position, List<Integer> path) {
        return position < history.length() ? history.token(position) : path.get(position - history.length());
    }
}
