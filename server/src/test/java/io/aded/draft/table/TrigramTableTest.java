package io.aded.draft.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.aded.testing.Seeds;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class TrigramTableTest {

    @Test
    void find_emptyTable_none() {
        TrigramTable table = new TrigramTable(null, 16);

        assertThat(table.find(1, 2)).isEqualTo(TrigramTable.NONE);
        assertThat(table.findOrBackOff(1, 2)).isEqualTo(TrigramTable.NONE);
    }

    @Test
    void reinforce_absentThenPresent_insertsThenAddsStep() {
        TrigramTable table = new TrigramTable(null, 16);

        table.reinforce(1, 2, 3, 0.04f);
        table.reinforce(1, 2, 3, 0.04f);
        table.reinforce(1, 2, 4, 0.04f);

        int row = table.find(1, 2);
        assertThat(table.count(row)).isEqualTo(2);
        assertThat(table.token(row, 0)).isEqualTo(3);
        assertThat(table.weight(row, 0)).isCloseTo(0.08f, within(1e-6f));
        assertThat(table.token(row, 1)).isEqualTo(4);
        assertThat(table.weight(row, 1)).isCloseTo(0.04f, within(1e-6f));
        assertThat(table.total(row)).isCloseTo(0.12f, within(1e-6f));
    }

    @Test
    void reinforce_hundredTimes_stopsAtThree() {
        TrigramTable table = new TrigramTable(null, 16);

        for (int i = 0; i < 100; i++) {
            table.reinforce(1, 2, 3, TrigramTable.STEP);
        }

        assertThat(table.weight(table.find(1, 2), 0)).isEqualTo(3.0f);
    }

    @Test
    void reinforce_overtakes_rowStaysSorted() {
        TrigramTable table = new TrigramTable(null, 16);
        table.reinforce(1, 2, 10, 0.5f);
        table.reinforce(1, 2, 11, 0.4f);
        table.reinforce(1, 2, 12, 0.3f);

        table.reinforce(1, 2, 12, 0.15f);

        assertThat(successors(table, 1, 2)).containsExactly(10, 12, 11);
    }

    @Test
    void reinforce_thirteenthSuccessor_replacesTheSmallest() {
        TrigramTable table = new TrigramTable(null, 16);
        for (int i = 0; i < 12; i++) {
            table.reinforce(1, 2, 100 + i, 1f - 0.05f * i);
        }

        table.reinforce(1, 2, 999, 0.04f);

        assertThat(successors(table, 1, 2)).containsExactly(100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 999);
        assertThat(table.weight(table.find(1, 2), 11)).isEqualTo(0.04f);
    }

    @Test
    void draw_valuesAlongTheTotal_hitsEachSuccessorInProportion() {
        TrigramTable table = new TrigramTable(null, 16);
        table.reinforce(1, 2, 10, 0.5f);
        table.reinforce(1, 2, 11, 0.25f);
        table.reinforce(1, 2, 12, 0.25f);
        int row = table.find(1, 2);

        assertThat(table.draw(row, 0f)).isZero();
        assertThat(table.draw(row, 0.49f)).isZero();
        assertThat(table.draw(row, 0.5f)).isEqualTo(1);
        assertThat(table.draw(row, 0.74f)).isEqualTo(1);
        assertThat(table.draw(row, 0.75f)).isEqualTo(2);
        assertThat(table.draw(row, 0.9999f)).isEqualTo(2);
        assertThat(table.draw(row, 1f)).as("what rounding may leave").isEqualTo(2);
    }

    @Test
    void findOrBackOff_pairUnknown_latestRowOfTheSecondToken() {
        TrigramTable table = new TrigramTable(null, 16);
        table.reinforce(1, 2, 10, 0.5f);
        table.reinforce(7, 2, 11, 0.5f);

        int row = table.findOrBackOff(99, 2);

        assertThat(row).isEqualTo(table.find(7, 2));
        assertThat(table.findOrBackOff(1, 2)).isEqualTo(table.find(1, 2));
        assertThat(table.findOrBackOff(99, 3)).isEqualTo(TrigramTable.NONE);
    }

    @Test
    void reinforce_tableFull_evictsWhatWasNotReinforcedSince() {
        TrigramTable table = new TrigramTable(null, 3);
        table.reinforce(1, 1, 9, 0.5f);
        table.reinforce(2, 2, 9, 0.5f);
        table.reinforce(3, 3, 9, 0.5f);

        // The hand passes all three once (they were touched), then takes the first.
        table.reinforce(4, 4, 9, 0.5f);
        assertThat(table.find(1, 1)).isEqualTo(TrigramTable.NONE);
        assertThat(table.weight(table.find(2, 2), 0)).isEqualTo(0.25f);

        // Row 2 is reinforced, so row 3 goes.
        table.reinforce(2, 2, 9, 0.5f);
        table.reinforce(5, 5, 9, 0.5f);

        assertThat(table.find(3, 3)).isEqualTo(TrigramTable.NONE);
        assertThat(table.find(2, 2)).isNotEqualTo(TrigramTable.NONE);
        assertThat(table.find(4, 4)).isNotEqualTo(TrigramTable.NONE);
        assertThat(table.find(5, 5)).isNotEqualTo(TrigramTable.NONE);
        assertThat(table.ownRows()).isEqualTo(3);
    }

    @Test
    void reinforce_randomTrigrams_agreesWithAMapOfMaps() {
        long seed = Seeds.next();
        Random random = new Random(seed);
        TrigramTable table = new TrigramTable(null, 4096);
        Map<Long, Map<Integer, Float>> expected = new HashMap<>();

        for (int i = 0; i < 20_000; i++) {
            int a = random.nextInt(40);
            int b = random.nextInt(40);
            // At most 12 different successors, so nothing is ever pushed out.
            int c = random.nextInt(12);
            table.reinforce(a, b, c, TrigramTable.STEP);
            expected.computeIfAbsent((long) a << 32 | b, pair -> new HashMap<>())
                    .merge(c, TrigramTable.STEP, (old, step) -> Math.min(TrigramTable.CAP, old + step));
        }

        assertThat(table.ownRows()).as("seed %d", seed).isEqualTo(expected.size());
        expected.forEach((pair, row) -> {
            int found = table.find((int) (pair >>> 32), pair.intValue());
            assertThat(found).as("seed %d", seed).isNotEqualTo(TrigramTable.NONE);
            assertThat(table.count(found)).as("seed %d", seed).isEqualTo(row.size());
            for (int i = 0; i < table.count(found); i++) {
                assertThat(table.weight(found, i))
                        .as("seed %d", seed)
                        .isCloseTo(row.getOrDefault(table.token(found, i), -1f), within(1e-5f));
                assertThat(i == 0 || table.weight(found, i - 1) >= table.weight(found, i))
                        .as("seed %d: sorted", seed)
                        .isTrue();
            }
        });
    }

    @Test
    void reinforce_farBeyondTheBound_everyRowThatIsThereIsFound() {
        long seed = Seeds.next();
        Random random = new Random(seed);
        TrigramTable table = new TrigramTable(null, 100);

        for (int i = 0; i < 10_000; i++) {
            int a = random.nextInt(30);
            int b = random.nextInt(30);
            table.reinforce(a, b, i % 50, TrigramTable.STEP);
            assertThat(table.find(a, b)).as("seed %d", seed).isNotNegative();
        }

        int found = 0;
        for (int a = 0; a < 30; a++) {
            for (int b = 0; b < 30; b++) {
                found += table.find(a, b) == TrigramTable.NONE ? 0 : 1;
            }
        }
        assertThat(found).as("seed %d", seed).isEqualTo(100);
        assertThat(table.stateBytes()).isEqualTo(table.maxStateBytes());
    }

    @Test
    void newTable_boundOfRowsThatIsNone_isRefused() {
        assertThatThrownBy(() -> new TrigramTable(null, 0)).hasMessage("maxRows is 0; allowed: 1 to 4194303");
        assertThatThrownBy(() -> new TrigramTable(null, TrigramRow.MAX_ROWS + 1))
                .isInstanceOf(IllegalArgumentException.class);
        // 1 and 256 rows of 32 ints, 16 and 512 slots, and 4,096 of the latest.
        assertThat(new TrigramTable(null, 1).stateBytes()).isEqualTo(4 * (32 + 16 + 4096));
        assertThat(new TrigramTable(null, TrigramRow.MAX_ROWS).stateBytes()).isEqualTo(4 * (256 * 32 + 512 + 4096));
    }

    @Test
    void reinforce_equalWeights_keepTheirOrder() {
        TrigramTable table = new TrigramTable(null, 16);
        table.reinforce(1, 2, 10, 0.5f);
        table.reinforce(1, 2, 11, 0.5f);
        table.reinforce(1, 2, 12, 0.25f);
        table.reinforce(1, 2, 12, 0.25f);

        assertThat(successors(table, 1, 2)).containsExactly(10, 11, 12);
    }

    @Test
    void findBySecond_severalTokens_remembersEach() {
        TrigramTable table = new TrigramTable(null, 16);
        table.reinforce(1, 2, 10, 0.5f);
        assertThat(table.findBySecond(2)).isZero();
        table.reinforce(1, 3, 10, 0.5f);
        table.reinforce(1, 4, 10, 0.5f);

        assertThat(table.findBySecond(2)).isZero();
        assertThat(table.findBySecond(3)).isEqualTo(1);
        assertThat(table.findBySecond(4)).isEqualTo(2);
    }

    @Test
    void copySuccessors_ownRow_copiesAllTwelvePlaces() {
        TrigramTable table = new TrigramTable(null, 16);
        table.reinforce(9, 9, 9, 0.5f);
        table.reinforce(1, 2, 10, 0.5f);
        table.reinforce(1, 2, 11, 0.25f);
        int[] tokens = new int[15];
        int[] bits = new int[15];

        table.copySuccessors(table.find(1, 2), tokens, bits, 2);

        assertThat(tokens).startsWith(0, 0, 10, 11, 0);
        assertThat(bits).startsWith(0, 0, Float.floatToIntBits(0.5f), Float.floatToIntBits(0.25f), 0);
    }

    @Test
    void reinforce_evictedRow_leavesNothingOfItself() {
        TrigramTable table = new TrigramTable(null, 2);
        table.reinforce(1, 1, 7, 0.5f);
        table.reinforce(1, 1, 8, 0.25f);
        table.reinforce(2, 2, 9, 0.5f);
        table.reinforce(2, 2, 10, 0.25f);

        table.reinforce(3, 3, 9, 0.125f);

        int row = table.find(3, 3);
        assertThat(table.count(row)).isEqualTo(1);
        assertThat(table.total(row)).isEqualTo(0.125f);
        int halved = table.find(2, 2);
        assertThat(table.weight(halved, 0)).as("halved as the hand passed").isEqualTo(0.25f);
        assertThat(table.weight(halved, 1)).isEqualTo(0.125f);
        assertThat(table.total(halved)).isEqualTo(0.375f);
    }

    @Test
    void reinforce_oneRowMoreThanThereIsRoomFor_doublesAndFindsThemAll() {
        TrigramTable table = new TrigramTable(null, 1024);
        for (int i = 1; i <= 256; i++) {
            table.reinforce(i, 5, 9, 0.5f);
        }
        assertThat(table.stateBytes()).isEqualTo(4 * (256 * 32 + 512 + 4096));

        table.reinforce(257, 5, 9, 0.5f);

        assertThat(table.stateBytes()).isEqualTo(4 * (512 * 32 + 1024 + 4096));
        for (int i = 1; i <= 257; i++) {
            assertThat(table.find(i, 5)).isEqualTo(i - 1);
        }
        assertThat(table.find(0, 0)).isEqualTo(TrigramTable.NONE);
    }

    private static List<Integer> successors(TrigramTable table, int first, int second) {
        int row = table.find(first, second);
        List<Integer> tokens = new ArrayList<>();
        for (int i = 0; i < table.count(row); i++) {
            tokens.add(table.token(row, i));
        }
        return tokens;
    }
}
