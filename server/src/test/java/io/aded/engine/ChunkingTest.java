package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Chunks worked out by hand, from passes that cost a thousand nanoseconds a token. */
class ChunkingTest {
    private static final int WIDEST = 512;

    private final TestTurns turns = new TestTurns(2048);
    private int callers;

    @AfterEach
    void close() {
        turns.close();
    }

    /** Rounds of one caller's turns of which so many prompt tokens are to be computed before the root. */
    private List<Round> rounds(int... pending) {
        String caller = "caller " + callers++;
        return IntStream.of(pending).mapToObj(n -> round(caller, 0, n)).toList();
    }

    private static Chunking chunking(double fixed, long stallNanos) {
        CostCurve curve = new CostCurve(WIDEST);
        for (int n = 1; n <= WIDEST; n++) {
            curve.set(n, fixed + 1000 * n);
        }
        return new Chunking(curve, stallNanos);
    }

    /** Each round's chunk, and a plus where it verifies. */
    private static List<String> plan(Chunking chunking, List<Round> rounds, int room) {
        return plan(chunking, rounds, room, false);
    }

    private static List<String> plan(Chunking chunking, List<Round> rounds, int room, boolean contended) {
        chunking.plan(rounds, room, contended);
        chunking.played(Long.MAX_VALUE);
        return rounds.stream()
                .map(round -> round.chunk() + (round.verifies() ? "+" : ""))
                .toList();
    }

    @Test
    void plan_allDecode_allVerify() {
        assertThat(plan(chunking(0, 100_000), rounds(0, 0, 0), WIDEST)).containsExactly("0+", "0+", "0+");
    }

    @Test
    void plan_besideAStream_keepsWithinTheStallInStepsOfSixteen() {
        // 100 tokens in 100 us, one of them the stream's.
        assertThat(plan(chunking(0, 100_000), rounds(0, 400), WIDEST)).containsExactly("0+", "96");
        // Below a step there are no steps: 12 and the root are 13.
        assertThat(plan(chunking(0, 13_000), rounds(0, 400), WIDEST)).containsExactly("0+", "12");
        // 16 fit, though steps of an eighth lead past them.
        assertThat(plan(chunking(0, 17_000), rounds(0, 400), WIDEST)).containsExactly("0+", "16");
        // Never fewer than 8, whatever that takes.
        assertThat(plan(chunking(0, 9_000), rounds(0, 400), WIDEST)).containsExactly("0+", "8");
        assertThat(plan(chunking(0, 1), rounds(0, 400), WIDEST)).containsExactly("0+", "8");
    }

    @Test
    void plan_streamsSlowerThanTheStall_takesHalfAsMuchAgain() {
        // Four roots take 104 us, so 156 are allowed, which is 56 tokens, and 52 without the roots.
        assertThat(plan(chunking(100_000, 50_000), rounds(0, 400, 0, 0, 0), WIDEST))
                .containsExactly("0+", "48", "0+", "0+", "0+");
    }

    @Test
    void plan_nobodyDecodes_fillsThePassUpToEightStalls() {
        assertThat(plan(chunking(0, 64_000), rounds(600), WIDEST)).containsExactly("512");
        // 8 stalls are 504 tokens.
        assertThat(plan(chunking(0, 63_000), rounds(600), WIDEST)).containsExactly("496");
    }

    @Test
    void plan_besideAStreamWhileSeveralCallersAreAbout_takesNoMoreTimeThanTheStream() {
        Chunking chunking = chunking(0, 100_000);
        Round decodes = round("a", 0, 0);
        List<Round> rounds = List.of(decodes, round("b", 0, 400));
        // 16 tokens take 16 us beside a root, which takes 1: of 16 passes one has a chunk.
        for (int i = 0; i < 33; i++) {
            assertThat(plan(chunking, rounds, WIDEST, true)).containsExactly("0+", i % 16 == 0 ? "16" : "0");
        }
        // An ordinary prompt does not wait for that, and what it takes is added to what is owed.
        List<Round> more = List.of(decodes, rounds.getLast(), round("c", 0, 7));
        assertThat(plan(chunking, more, WIDEST, true)).containsExactly("0+", "0", "7+");
        for (int i = 0; i < 22; i++) {
            assertThat(plan(chunking, rounds, WIDEST, true)).containsExactly("0+", "0");
        }
        assertThat(plan(chunking, rounds, WIDEST, true)).containsExactly("0+", "16");
        // It is owed to those who decode while several are about, and to nobody else.
        assertThat(plan(chunking, rounds, WIDEST, false)).containsExactly("0+", "96");
        assertThat(plan(chunking, List.of(rounds.getLast()), WIDEST, true)).containsExactly("16");
    }

    @Test
    void plan_afterAPassThatTookLessThanItsPrice_owesWhatItTook() {
        Chunking chunking = chunking(0, 100_000);
        List<Round> rounds = List.of(round("a", 0, 0), round("b", 0, 400));
        assertThat(plan(chunking, rounds, WIDEST, true)).containsExactly("0+", "16");
        for (int i = 0; i < 15; i++) {
            assertThat(plan(chunking, rounds, WIDEST, true)).containsExactly("0+", "0");
        }
        for (int i = 0; i < 5; i++) {
            chunking.plan(rounds, WIDEST, true);
            assertThat(rounds.getLast().chunk()).isEqualTo(16);
            chunking.played(2_000); // a microsecond more than the root
        }
    }

    @Test
    void plan_besideManyStreams_aChunkAsDearAsTheirRootsIsInEachPass() {
        // Ten roots take 110 us and ten with a chunk of 96 take 206.
        Chunking chunking = chunking(100_000, 210_000);
        List<Round> rounds = IntStream.range(0, 11)
                .mapToObj(i -> round("caller " + i, 0, i < 10 ? 0 : 400))
                .toList();
        for (int i = 0; i < 4; i++) {
            assertThat(plan(chunking, rounds, WIDEST, true).getLast()).isEqualTo("96");
        }
    }

    @Test
    void plan_severalPrompts_areServedInOrderAndVerifyWithTheirRoot() {
        // Of 96: 50 and a root, 45 of the next, none for the last.
        assertThat(plan(chunking(0, 100_000), rounds(0, 50, 100, 100), WIDEST)).containsExactly("0+", "50+", "45", "0");
        // A prompt that ends exactly there has no room for its root; one token fewer has.
        assertThat(plan(chunking(0, 100_000), rounds(0, 96), WIDEST)).containsExactly("0+", "96");
        assertThat(plan(chunking(0, 100_000), rounds(0, 95), WIDEST)).containsExactly("0+", "95+");
    }

    @Test
    void plan_narrowPass_keepsRoomForTheRootsOfThoseWhoDecode() {
        assertThat(plan(chunking(0, 100_000), rounds(0, 400, 0), 10)).containsExactly("0+", "8", "0+");
        assertThat(plan(
                        chunking(0, 100_000),
                        Stream.concat(rounds(3).stream(), rounds(400).stream()).toList(),
                        2))
                .containsExactly("2", "0");
    }

    /** The round of a turn of which so many prompt tokens are to be computed before the root. */
    private Round round(String caller, int priority, int pending) {
        return turns.turn(caller, priority, 5, pending + 1, 10, Long.MAX_VALUE).round();
    }

    @Test
    void plan_shortPromptOfAnotherCaller_goesInWhole() {
        List<Round> rounds = List.of(round("a", 0, 400), round("a", 0, 400), round("b", 0, 20));
        // Of 64: 20 and a root for the one who wants less, what is left for the one who came first.
        assertThat(plan(chunking(0, 9_000), rounds, WIDEST)).containsExactly("43", "0", "20+");
        // Of 16, which is less than it wants, all.
        List<Round> narrow = List.of(round("c", 0, 400), round("d", 0, 20));
        assertThat(plan(chunking(0, 9_000), narrow, 16)).containsExactly("0", "16");
    }

    @Test
    void plan_callersWithLongPrompts_takeTurnsByQuanta() {
        Chunking chunking = chunking(0, 9_000);
        List<Round> rounds = List.of(round("a", 0, 400), round("b", 0, 400), round("c", 0, 400));
        assertThat(plan(chunking, rounds, WIDEST)).containsExactly("64", "0", "0");
        assertThat(plan(chunking, rounds, WIDEST)).containsExactly("0", "64", "0");
        assertThat(plan(chunking, rounds, WIDEST)).containsExactly("0", "0", "64");
        // Within its quantum nobody is interrupted.
        assertThat(plan(chunking, rounds, 48)).containsExactly("48", "0", "0");
        assertThat(plan(chunking, rounds, 48)).containsExactly("16", "32", "0");
        assertThat(plan(chunking, rounds, 48)).containsExactly("0", "32", "16");
        // A wide pass is shared.
        List<Round> others = List.of(round("d", 0, 400), round("e", 0, 400), round("f", 0, 400));
        assertThat(plan(chunking(0, 64_000), others, WIDEST)).containsExactly("192", "192", "128");
    }

    @Test
    void plan_callerComesNew_standsLevelWithWhoHadLeast() {
        Chunking chunking = chunking(0, 9_000);
        Round old = round("a", 0, 400);
        for (int i = 0; i < 5; i++) {
            assertThat(plan(chunking, List.of(old), WIDEST)).containsExactly("64");
        }
        // It is owed nothing for the time before it came: the next pass is its, and then they take turns.
        List<Round> rounds = List.of(old, round("b", 0, 300));
        assertThat(plan(chunking, rounds, WIDEST)).containsExactly("0", "64");
        assertThat(plan(chunking, rounds, WIDEST)).containsExactly("64", "0");
        assertThat(plan(chunking, rounds, WIDEST)).containsExactly("0", "64");
    }

    @Test
    void plan_promptsOfOneCaller_halfForTheFirstAndHalfForTheNearestToItsEnd() {
        Chunking chunking = chunking(0, 9_000);
        List<Round> rounds = List.of(round("a", 0, 400), round("a", 0, 300), round("a", 0, 200));
        assertThat(plan(chunking, rounds, WIDEST)).containsExactly("32", "0", "32");
        // Equal ones are computed one after the other.
        assertThat(plan(chunking, rounds(400, 400), WIDEST)).containsExactly("64", "0");
        // Halves of 7 are too narrow, so they take turns.
        assertThat(plan(chunking, rounds, 15)).containsExactly("15", "0", "0");
        assertThat(plan(chunking, rounds, 15)).containsExactly("0", "0", "15");
    }

    @Test
    void plan_higherPriority_goesFirstAndLeavesTheRest() {
        List<Round> rounds = List.of(round("a", 0, 400), round("a", 2, 30), round("b", 1, 20));
        assertThat(plan(chunking(0, 9_000), rounds, WIDEST)).containsExactly("12", "30+", "20+");
        List<Round> narrow = List.of(round("c", 0, 400), round("c", 2, 30), round("d", 1, 20));
        assertThat(plan(chunking(0, 9_000), narrow, 32)).containsExactly("0", "30+", "1");
    }

    @Test
    void plan_severalCallersAbout_takesTwiceTheTimeOfAShortPromptAtMost() {
        // Beside one root 18 us: a root, and a root with a short prompt.
        assertThat(plan(chunking(0, 100_000), rounds(0, 400), WIDEST, true)).containsExactly("0+", "16");
        // An eighth of the stall is allowed in any case.
        assertThat(plan(chunking(0, 400_000), rounds(0, 400), WIDEST, true)).containsExactly("0+", "48");
        // Where nobody decodes, the same holds for the short prompt alone.
        assertThat(plan(chunking(0, 63_000), rounds(400), WIDEST, true)).containsExactly("16");
        // Never more than without the others.
        assertThat(plan(chunking(0, 13_000), rounds(0, 400), WIDEST, true)).containsExactly("0+", "12");
    }
}
