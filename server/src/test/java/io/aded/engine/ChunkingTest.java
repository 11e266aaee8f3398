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

    @AfterEach
    void close() {
        turns.close();
    }

    /** Rounds of turns of which so many prompt tokens are to be computed before the root. */
    private List<Round> rounds(int... pending) {
        return IntStream.of(pending)
                .mapToObj(n -> turns.turn("a", 0, 5, n + 1, 10, Long.MAX_VALUE).round())
                .toList();
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
        chunking.plan(rounds, room);
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
        // 100 tokens in 100 us, one of them the stream's: from 511 on, an eighth less at a time, 92 is the first.
        assertThat(plan(chunking(0, 100_000), rounds(0, 400), WIDEST)).containsExactly("0+", "80");
        // Below a step there are no steps: 12 and the root are 13.
        assertThat(plan(chunking(0, 13_000), rounds(0, 400), WIDEST)).containsExactly("0+", "12");
        // Never fewer than 8, whatever that takes.
        assertThat(plan(chunking(0, 9_000), rounds(0, 400), WIDEST)).containsExactly("0+", "8");
        assertThat(plan(chunking(0, 1), rounds(0, 400), WIDEST)).containsExactly("0+", "8");
    }

    @Test
    void plan_streamsSlowerThanTheStall_takesHalfAsMuchAgain() {
        // Four roots take 104 us, so 156 are allowed, which is 56 tokens: from 508 on, 49 is the first below 53.
        assertThat(plan(chunking(100_000, 50_000), rounds(0, 400, 0, 0, 0), WIDEST))
                .containsExactly("0+", "48", "0+", "0+", "0+");
    }

    @Test
    void plan_nobodyDecodes_fillsThePassUpToEightStalls() {
        assertThat(plan(chunking(0, 64_000), rounds(600), WIDEST)).containsExactly("512");
        // 8 stalls are 504 tokens: an eighth less than 512 is 448.
        assertThat(plan(chunking(0, 63_000), rounds(600), WIDEST)).containsExactly("448");
    }

    @Test
    void plan_severalPrompts_areServedInOrderAndVerifyWithTheirRoot() {
        // Of 80: 50 and a root, 29 of the next, none for the last.
        assertThat(plan(chunking(0, 100_000), rounds(0, 50, 100, 100), WIDEST)).containsExactly("0+", "50+", "29", "0");
        // A prompt that ends exactly there has no room for its root; one token fewer has.
        assertThat(plan(chunking(0, 100_000), rounds(0, 80), WIDEST)).containsExactly("0+", "80");
        assertThat(plan(chunking(0, 100_000), rounds(0, 79), WIDEST)).containsExactly("0+", "79+");
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
}
