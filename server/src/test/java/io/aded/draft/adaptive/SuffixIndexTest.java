package io.aded.draft.adaptive;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.testing.Seeds;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class SuffixIndexTest {
    private static final int A = 11;
    private static final int B = 12;
    private static final int C = 13;
    private static final int D = 14;

    private static SuffixIndex of(int capacity, int... tokens) {
        SuffixIndex index = new SuffixIndex(capacity);
        for (int token : tokens) {
            index.append(token, false);
        }
        return index;
    }

    @Test
    void latestAndOlder_pairSeenThrice_leadBackThroughThePositionsOfItsSecondToken() {
        SuffixIndex index = of(64, A, B, C, A, B, D, A, B);

        assertThat(index.length()).isEqualTo(8);
        assertThat(index.latest(A, B)).isEqualTo(7);
        assertThat(index.older(7, A, B)).isEqualTo(4);
        assertThat(index.older(4, A, B)).isEqualTo(1);
        assertThat(index.older(1, A, B)).isEqualTo(-1);
        assertThat(index.latest(B, D)).isEqualTo(5);
        assertThat(index.latest(D, B)).isEqualTo(-1);
    }

    @Test
    void latest_firstTokenAlone_isNoPair() {
        SuffixIndex index = of(64, A);
        assertThat(index.latest(A, A)).isEqualTo(-1);

        index.append(A, false);
        assertThat(index.latest(A, A)).isEqualTo(1);
        assertThat(index.older(1, A, A)).isEqualTo(-1);
    }

    @Test
    void matchLength_positionsBefore_countsEqualTokensBackwards() {
        // position            0  1  2  3  4  5  6  7
        SuffixIndex index = of(64, A, B, C, D, A, B, C, D);

        assertThat(index.matchLength(3, 0)).isEqualTo(4);
        assertThat(index.matchLength(2, 0)).isZero();
        index.append(A, false);
        assertThat(index.matchLength(4, 2)).isEqualTo(5);
        assertThat(index.matchLength(0, 0)).isEqualTo(1);
    }

    @Test
    void matchLength_longCopy_stopsAtThirtyTwo() {
        SuffixIndex index = new SuffixIndex(256);
        for (int round = 0; round < 2; round++) {
            for (int token = 0; token < 50; token++) {
                index.append(token, false);
            }
        }

        assertThat(index.matchLength(49, 2)).isEqualTo(32);
        assertThat(SuffixIndex.MAX_MATCH).isEqualTo(32);
        assertThat(SuffixIndex.MIN_MATCH).isEqualTo(2);
    }

    @Test
    void isPrompt_mixedAcrossWords_isAsAppendedAlsoWhenOverwritten() {
        SuffixIndex index = new SuffixIndex(128);
        for (int i = 0; i < 300; i++) {
            index.append(i, i % 3 == 0);
            if (i >= 1) {
                assertThat(index.isPrompt(i - 1)).isEqualTo((i - 1) % 3 == 0);
            }
            assertThat(index.isPrompt(i)).isEqualTo(i % 3 == 0);
        }
        for (int i = 200; i < 300; i++) {
            assertThat(index.isPrompt(i)).as("position %d", i).isEqualTo(i % 3 == 0);
        }
    }

    @Test
    void remembers_full_endsTwoShortOfTheCapacity() {
        SuffixIndex index = new SuffixIndex(64);
        for (int i = 0; i < 100; i++) {
            index.append(i, false);
        }

        // 100 − 38 = 62 < 63, but 100 − 37 is not.
        assertThat(index.remembers(38)).isTrue();
        assertThat(index.remembers(37)).isFalse();
        assertThat(index.remembers(99)).isTrue();
        assertThat(index.remembers(-1)).isFalse();
        assertThat(index.token(38)).isEqualTo(38);
        assertThat(new SuffixIndex(64).remembers(0)).isTrue();
    }

    @Test
    void latest_overwritten_isForgotten() {
        SuffixIndex index = new SuffixIndex(64);
        index.append(A, false);
        index.append(B, false);
        for (int i = 0; i < 60; i++) {
            index.append(100 + i, false);
        }
        assertThat(index.latest(A, B)).as("62 tokens: 62 - 0 < 63").isEqualTo(1);

        index.append(C, false);
        assertThat(index.latest(A, B)).isEqualTo(-1);
    }

    @Test
    void matchLength_reachesThePastThatIsForgotten_stops() {
        SuffixIndex index = new SuffixIndex(64);
        for (int i = 0; i < 120; i++) {
            index.append(i % 30, false);
        }

        // Position 89 equals the end for as far back as is remembered: 120 − p < 63 holds down to p = 58.
        assertThat(index.matchLength(89, 0)).isEqualTo(32);
        assertThat(index.matchLength(59, 0)).isEqualTo(2);
    }

    @Test
    void older_aPairThatIsEverywhere_givesUpAfterSixtyFourLinks() {
        SuffixIndex index = new SuffixIndex(1024);
        for (int i = 0; i < 200; i++) {
            index.append(i % 2 == 0 ? A : B, false);
        }

        int found = 0;
        for (int at = index.latest(A, B); at >= 0; at = index.older(at, A, B)) {
            assertThat(at).isEqualTo(199 - 2 * found);
            found++;
        }
        assertThat(found).isEqualTo(64);
    }

    @Test
    void grow_pastTheFirstCapacity_keepsEverything() {
        SuffixIndex index = new SuffixIndex(4096);
        assertThat(index.stateBytes()).isEqualTo(3 * 4 * 1024 + 1024 / 8);
        for (int i = 0; i < 1024; i++) {
            index.append(i, i < 5);
        }
        assertThat(index.stateBytes()).isEqualTo(3 * 4 * 1024 + 1024 / 8);

        index.append(1024, true);

        assertThat(index.stateBytes()).isEqualTo(3 * 4 * 2048 + 2048 / 8);
        assertThat(index.latest(0, 1)).isEqualTo(1);
        assertThat(index.latest(1022, 1023)).isEqualTo(1023);
        assertThat(index.latest(1023, 1024)).isEqualTo(1024);
        assertThat(index.isPrompt(4)).isTrue();
        assertThat(index.isPrompt(5)).isFalse();
        assertThat(index.isPrompt(1024)).isTrue();
        assertThat(index.older(1, 0, 1)).isEqualTo(-1);
    }

    @Test
    void anything_againstAPlainList_agrees() {
        Seeds.with(random -> {
            int capacity = 1 << (6 + random.nextInt(7));
            int alphabet = 2 + random.nextInt(60);
            SuffixIndex index = new SuffixIndex(capacity);
            List<Integer> all = new ArrayList<>();
            for (int step = 0; step < 6_000; step++) {
                // Now and then a stretch of the past comes again.
                int token = step > 50 && step % 40 < 12 ? all.get(all.size() - 40) : random.nextInt(alphabet);
                index.append(token, step % 5 == 0);
                all.add(token);
                if (step % 3 == 0) {
                    compare(index, all, random.nextInt(alphabet), random.nextInt(alphabet));
                    compare(index, all, all.get(Math.max(0, all.size() - 2)), token);
                }
            }
        });
    }

    /**
     * Where a pair stands among what is remembered, latest first, and how far each place equals the end. The index
     * gives up after 64 places whose pairs fall into the same bucket, which a plain list has to count as well.
     */
    private static void compare(SuffixIndex index, List<Integer> all, int first, int second) {
        // Three ints and a bit for each place.
        int buckets = (int) (index.stateBytes() * 8 / 97);
        int at = index.latest(first, second);
        int links = 0;
        for (int p = all.size() - 1; p >= 1 && index.remembers(p - 1); p--) {
            if (bucket(all.get(p - 1), all.get(p), buckets) != bucket(first, second, buckets)) {
                continue;
            }
            if (++links > 64) {
                break;
            }
            if (all.get(p) == second && all.get(p - 1) == first) {
                assertThat(at)
                        .as("(%d, %d) after %d links", first, second, links)
                        .isEqualTo(p);
                assertThat(index.matchLength(p, 0)).isEqualTo(match(index, all, p));
                at = index.older(at, first, second);
            }
        }
        assertThat(at).isEqualTo(-1);
    }

    private static int bucket(int first, int second, int buckets) {
        int hash = first * 0x9E3779B1 + second * 0x85EBCA77;
        return (hash ^ (hash >>> 15)) & (buckets - 1);
    }

    private static int match(SuffixIndex index, List<Integer> all, int position) {
        int matched = 0;
        while (matched < SuffixIndex.MAX_MATCH
                && index.remembers(position - matched)
                && all.get(position - matched).equals(all.get(all.size() - 1 - matched))) {
            matched++;
        }
        return matched;
    }

    @Test
    void agrees_atADistance_isTheTokenThereAndRemembered() {
        SuffixIndex index = new SuffixIndex(64);
        for (int token : new int[] {5, 1, 2, 3, 6, 1, 2, 3}) {
            index.append(token, false);
        }

        assertThat(index.agrees(3, 2)).isTrue();
        assertThat(index.agrees(3, 3)).as("5 is not 6").isFalse();
        assertThat(index.agrees(3, 4)).as("before the first").isFalse();
    }
}
