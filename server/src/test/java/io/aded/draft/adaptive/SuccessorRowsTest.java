package io.aded.draft.adaptive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.aded.testing.Seeds;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class SuccessorRowsTest {
    private static final float EXACT = 1e-7f;

    private static List<Integer> successors(SuccessorRows rows, int row) {
        List<Integer> tokens = new ArrayList<>();
        for (int i = 0; i < SuccessorRows.WIDTH && rows.weight(row, i) > 0; i++) {
            tokens.add(rows.successor(row, i));
        }
        return tokens;
    }

    @Test
    void find_neverTaught_isNone() {
        SuccessorRows rows = new SuccessorRows(16);

        assertThat(rows.find(5)).isEqualTo(-1);
        assertThat(rows.find(0)).isEqualTo(-1);
    }

    @Test
    void fadeAndAdd_twoLessons_averageExponentially() {
        SuccessorRows rows = new SuccessorRows(16);

        int row = rows.fade(5, 0.5f, true);
        rows.add(row, 70, 0.5f * 0.6f);
        rows.add(row, 71, 0.5f * 0.4f);
        row = rows.fade(5, 0.5f, true);
        rows.add(row, 71, 0.5f);

        // 70: 0.3 · 0.5; 71: 0.2 · 0.5 + 0.5.
        assertThat(rows.find(5)).isEqualTo(row);
        assertThat(successors(rows, row)).containsExactly(71, 70);
        assertThat(rows.weight(row, 0)).isCloseTo(0.6f, within(EXACT));
        assertThat(rows.weight(row, 1)).isCloseTo(0.15f, within(EXACT));
        assertThat(rows.weight(row, 2)).isZero();
    }

    @Test
    void add_tokenZero_isATokenLikeAnyOther() {
        SuccessorRows rows = new SuccessorRows(16);
        int row = rows.fade(5, 0.5f, true);
        rows.add(row, 0, 0.125f);
        rows.add(row, 3, 0.25f);
        rows.add(row, 0, 0.0625f);

        assertThat(successors(rows, row)).containsExactly(3, 0);
        assertThat(rows.weight(row, 1)).isEqualTo(0.1875f);
    }

    @Test
    void add_equalWeights_theOlderStaysInFront() {
        SuccessorRows rows = new SuccessorRows(16);
        int row = rows.fade(5, 0.5f, true);
        rows.add(row, 1, 0.25f);
        rows.add(row, 2, 0.25f);
        rows.add(row, 3, 0.25f);

        assertThat(successors(rows, row)).containsExactly(1, 2, 3);
    }

    @Test
    void add_fullRow_replacesTheWeakestOnlyByAStronger() {
        SuccessorRows rows = new SuccessorRows(16);
        int row = rows.fade(5, 0.5f, true);
        for (int i = 0; i < 8; i++) {
            rows.add(row, i, 0.5f - i / 16f);
        }

        rows.add(row, 99, 0.5f - 7 / 16f);
        assertThat(successors(rows, row)).containsExactly(0, 1, 2, 3, 4, 5, 6, 7);

        rows.add(row, 99, 0.07f);
        assertThat(successors(rows, row)).containsExactly(0, 1, 2, 3, 4, 5, 6, 99);

        rows.add(row, 98, 0.45f);
        assertThat(successors(rows, row)).containsExactly(0, 98, 1, 2, 3, 4, 5, 6);

        // The last one of a full row is known too.
        rows.add(row, 6, 0.2f);
        assertThat(successors(rows, row)).containsExactly(0, 98, 1, 2, 6, 3, 4, 5);
    }

    @Test
    void sightings_ofTheTarget_countUpToThreePromptsDoNot() {
        SuccessorRows rows = new SuccessorRows(16);
        int row = rows.fade(5, 0.5f, false);
        assertThat(rows.sightings(row)).isZero();
        for (int expected : new int[] {1, 2, 3, 3}) {
            rows.fade(5, 0.5f, true);
            assertThat(rows.sightings(row)).isEqualTo(expected);
        }
        rows.fade(5, 0.5f, false);
        assertThat(rows.sightings(row)).isEqualTo(3);
    }

    @Test
    void age_isTheLessonsOfTheTableSince() {
        SuccessorRows rows = new SuccessorRows(16);
        int row = rows.fade(5, 0.5f, true);
        assertThat(rows.age(row)).isZero();
        rows.fade(6, 0.5f, true);
        rows.fade(7, 0.5f, true);
        assertThat(rows.age(row)).isEqualTo(2);
        assertThat(rows.age(rows.find(7))).isZero();
        rows.fade(5, 0.5f, true);
        assertThat(rows.age(row)).isZero();
        assertThat(rows.age(rows.find(7))).isEqualTo(1);
    }

    @Test
    void fade_tableOfEight_givesUpTheRowThatWasTouchedLongestAgo() {
        // With eight rows every key's window is the whole table.
        SuccessorRows rows = new SuccessorRows(8);
        for (int key = 0; key < 8; key++) {
            int row = rows.fade(key, 0.5f, true);
            rows.add(row, 100 + key, 0.5f);
        }
        for (int key = 0; key < 8; key++) {
            assertThat(rows.find(key)).as("key %d", key).isNotNegative();
        }
        rows.fade(0, 0.5f, true);

        int fresh = rows.fade(50, 0.5f, false);

        assertThat(rows.find(1)).isEqualTo(-1);
        assertThat(rows.find(0)).isNotNegative();
        assertThat(rows.find(50)).isEqualTo(fresh);
        assertThat(rows.sightings(fresh)).isZero();
        assertThat(successors(rows, fresh)).isEmpty();
        assertThat(rows.stateBytes()).isEqualTo(8 * (8 + 4 + 1 + 64));

        rows.fade(51, 0.5f, true);
        assertThat(rows.find(2)).isEqualTo(-1);
        assertThat(rows.find(50)).isEqualTo(fresh);
    }

    @Test
    void fade_halfFull_growsAndKeepsEveryRow() {
        SuccessorRows rows = new SuccessorRows(1 << 14);
        assertThat(rows.stateBytes()).isEqualTo(1024L * 77);
        for (int key = 0; key < 512; key++) {
            int row = rows.fade(key * 7919L, 0.5f, key % 2 == 0);
            rows.add(row, key, 0.5f);
            rows.add(row, key + 1, 0.25f);
        }
        assertThat(rows.stateBytes()).isEqualTo(1024L * 77);
        int last = rows.fade(1L << 40, 0.5f, true);
        assertThat(rows.stateBytes()).isEqualTo(2048L * 77);
        assertThat(rows.age(last)).isZero();

        int kept = 0;
        for (int key = 0; key < 512; key++) {
            int row = rows.find(key * 7919L);
            if (row >= 0) {
                kept++;
                assertThat(successors(rows, row)).containsExactly(key, key + 1);
                assertThat(rows.weight(row, 0)).isEqualTo(0.5f);
                assertThat(rows.sightings(row)).isEqualTo(key % 2 == 0 ? 1 : 0);
                assertThat(rows.age(row)).isEqualTo(512 - key);
            }
        }
        // A window of eight places may have been full for a few.
        assertThat(kept).isGreaterThan(500);
    }

    @Test
    void fade_atTheBound_growsNoMore() {
        SuccessorRows rows = new SuccessorRows(2048);
        for (int key = 0; key < 20_000; key++) {
            rows.add(rows.fade(key, 0.5f, true), key, 0.5f);
        }
        assertThat(rows.stateBytes()).isEqualTo(2048L * 77);
        assertThat(rows.find(19_999)).isNotNegative();
        assertThat(rows.find(0)).isEqualTo(-1);
    }

    /** What a row is, written down plainly. */
    private static final class PlainRow {
        private final List<Integer> tokens = new ArrayList<>();
        private final List<Float> weights = new ArrayList<>();

        void fade(float rate) {
            weights.replaceAll(weight -> weight * (1 - rate));
        }

        void add(int token, float weight) {
            int known = tokens.indexOf(token);
            float sum = weight;
            if (known >= 0) {
                sum += weights.get(known);
                tokens.remove(known);
                weights.remove(known);
            } else if (tokens.size() == SuccessorRows.WIDTH) {
                if (weight <= weights.getLast()) {
                    return;
                }
                tokens.removeLast();
                weights.removeLast();
            }
            int at = tokens.size();
            while (at > 0 && weights.get(at - 1) < sum) {
                at--;
            }
            tokens.add(at, token);
            weights.add(at, sum);
        }
    }

    @Test
    void anything_againstPlainRows_agrees() {
        Seeds.with(random -> {
            SuccessorRows rows = new SuccessorRows(1 << 12);
            Map<Long, PlainRow> plain = new HashMap<>();
            for (int lesson = 0; lesson < 20_000; lesson++) {
                long key = random.nextInt(60) * 0x1_0000_0001L;
                float rate = random.nextInt(1, 4) / 4f;
                int row = rows.fade(key, rate, random.nextBoolean());
                PlainRow expected = plain.computeIfAbsent(key, _ -> new PlainRow());
                expected.fade(rate);
                for (int left = random.nextInt(4); left > 0; left--) {
                    int token = random.nextInt(14);
                    float weight = rate * (1 + random.nextInt(8)) / 32f;
                    rows.add(row, token, weight);
                    expected.add(token, weight);
                }
                assertThat(rows.find(key)).isEqualTo(row);
                float sum = 0;
                for (int i = 0; i < expected.tokens.size(); i++) {
                    assertThat(rows.successor(row, i)).isEqualTo(expected.tokens.get(i));
                    assertThat(rows.weight(row, i)).isEqualTo(expected.weights.get(i));
                    sum += rows.weight(row, i);
                }
                assertThat(sum).isLessThan(1.001f);
            }
        });
    }
}
