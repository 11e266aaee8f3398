package io.aded.draft.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is counted, what is dropped at the bounds, and in which order it is written. */
final class BaseTableBuilderTest {
    @TempDir
    Path directory;

    private static void count(BaseTableBuilder builder, int first, int second, int third, int times) {
        for (int i = 0; i < times; i++) {
            builder.add(new int[] {first, second, third});
        }
    }

    /** Adds tri-grams (token, 0, 0) for tokens from one on to another. */
    private static void count(BaseTableBuilder builder, int from, int to, int times) {
        for (int token = from; token < to; token++) {
            count(builder, token, 0, 0, times);
        }
    }

    @Test
    void newBuilder_boundsThatAreNone_areRefusedByName() {
        assertThatThrownBy(() -> new BaseTableBuilder(0, 7)).hasMessage("vocabularySize is 0; allowed: 1 to 2097152");
        assertThatThrownBy(() -> new BaseTableBuilder((1 << 21) + 1, 7)).hasMessageContaining("vocabularySize");
        assertThatThrownBy(() -> new BaseTableBuilder(9, 7, 15, 1)).hasMessageContaining("maxTrigrams is 15");
        assertThatThrownBy(() -> new BaseTableBuilder(9, 7, 16, 0)).hasMessageContaining("maxRows is 0");
        assertThat(new BaseTableBuilder(1 << 21, 7, 16, TrigramRow.MAX_ROWS).trigrams())
                .isZero();
    }

    @Test
    void add_text_countsItsTokensAndDistinctTrigrams() {
        BaseTableBuilder builder =
                new BaseTableBuilder(9, 7).add(new int[] {1, 2, 3, 1, 2, 3}).add(new int[] {1});

        assertThat(builder.tokensCounted()).isEqualTo(7);
        // 123, 231, 312.
        assertThat(builder.trigrams()).isEqualTo(3);
    }

    @Test
    void add_boundReachedWithThreeQuartersSeenTwice_dropsTheRest() {
        BaseTableBuilder builder = new BaseTableBuilder(99, 7, 16, 100);
        count(builder, 0, 4, 1);
        count(builder, 4, 16, 2);
        assertThat(builder.trigrams()).isEqualTo(16);

        count(builder, 50, 0, 0, 1);

        // Four go, and twelve are no more than three quarters; then comes the new one.
        assertThat(builder.trigrams()).isEqualTo(13);
    }

    @Test
    void add_boundReachedWithAllSeenTwice_dropsThemToo() {
        BaseTableBuilder builder = new BaseTableBuilder(99, 7, 16, 100);
        count(builder, 0, 16, 2);

        count(builder, 50, 0, 0, 1);

        assertThat(builder.trigrams()).isEqualTo(1);
    }

    @Test
    void writeTo_countsInAnyOrder_sortsTheRowByCountThenToken() {
        BaseTableBuilder builder = new BaseTableBuilder(99, 7);
        int[] times = {5, 1, 3, 4, 2, 3};
        for (int i = 0; i < times.length; i++) {
            count(builder, 1, 2, 10 + i, times[i]);
        }
        Path path = directory.resolve("sorted.tri");
        builder.writeTo(path);
        BaseTable table = BaseTable.open(path);

        int[] tokens = new int[12];
        int[] bits = new int[12];
        table.copySuccessors(table.find(1, 2), tokens, bits, 0);

        // 5, 4, 3, 3, 2 and 1 of 18.
        assertThat(tokens).startsWith(10, 13, 12, 15, 14, 11, 0);
        int[] counts = {5, 4, 3, 3, 2, 1};
        for (int i = 0; i < counts.length; i++) {
            assertThat(Float.intBitsToFloat(bits[i])).isEqualTo((float) (counts[i] / 18.0));
        }
    }

    @Test
    void writeTo_rows_standInTheOrderOfTheirPairsAndAreCounted() {
        BaseTableBuilder builder = new BaseTableBuilder(99, 7);
        count(builder, 1, 2, 3, 1);
        count(builder, 4, 5, 6, 3);
        count(builder, 4, 5, 7, 1);
        count(builder, 4, 6, 7, 2);
        Path path = directory.resolve("rows.tri");

        BaseTable.Statistics written = builder.writeTo(path);

        BaseTable table = BaseTable.open(path);
        assertThat(table.find(1, 2)).isZero();
        assertThat(table.find(4, 5)).isEqualTo(1);
        assertThat(table.find(4, 6)).isEqualTo(2);
        assertThat(written).isEqualTo(table.statistics());
        assertThat(written.trigrams()).isEqualTo(4);
        assertThat(written.tokensCounted()).isEqualTo(21);
    }
}
