package io.aded.draft.table;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Files hold what these compute: a table of one build is read by the next. */
final class TrigramRowTest {

    /** Computed from the definition, in Python. */
    @Test
    void hash_pairs_areThoseOfTheFilesThatExist() {
        assertThat(TrigramRow.hash(0, 0)).isEqualTo(0x0);
        assertThat(TrigramRow.hash(1, 2)).isEqualTo(0x5FFDCFF4);
        assertThat(TrigramRow.hash(2, 1)).isEqualTo(0x87F3C9AB);
        assertThat(TrigramRow.hash(151_643, 17)).isEqualTo(0xD53DCA99);
    }

    @Test
    void slotEntry_hashAndRow_keepsTheTagAndTheNumber() {
        int hash = 0x7FC0_0123;
        int entry = TrigramRow.slotEntry(hash, 41);

        assertThat(entry).isEqualTo(0x7FC0_0000 | 42);
        assertThat(TrigramRow.rowOf(entry)).isEqualTo(41);
        assertThat(TrigramRow.tagMatches(entry, hash)).isTrue();
        assertThat(TrigramRow.tagMatches(entry, hash ^ 1 << 21))
                .as("below the tag")
                .isTrue();
        assertThat(TrigramRow.tagMatches(entry, hash ^ 1 << 22)).isFalse();
        assertThat(TrigramRow.rowOf(TrigramRow.slotEntry(hash, TrigramRow.MAX_ROWS - 1)))
                .isEqualTo(TrigramRow.MAX_ROWS - 1);
    }

    @Test
    void slotsFor_rows_isAPowerOfTwoWithAThirdToSpare() {
        assertThat(TrigramRow.slotsFor(0)).isEqualTo(16);
        assertThat(TrigramRow.slotsFor(10)).isEqualTo(16);
        assertThat(TrigramRow.slotsFor(16)).isEqualTo(32);
        assertThat(TrigramRow.slotsFor(21)).isEqualTo(32);
        assertThat(TrigramRow.slotsFor(22)).isEqualTo(64);
        assertThat(TrigramRow.slotsFor(256)).isEqualTo(512);
    }
}
