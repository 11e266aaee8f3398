package io.aded.draft.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.aded.model.AdedException;
import io.aded.model.ListedVocabulary;
import io.aded.testing.Seeds;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BaseTableTest {
    private static final long FINGERPRINT = 0x1234_5678_9ABC_DEF0L;

    @TempDir
    Path directory;

    private Path written() {
        Path path = directory.resolve("base.tri");
        new BaseTableBuilder(100, FINGERPRINT)
                .add(new int[] {1, 2, 3, 1, 2, 3, 1, 2, 4})
                .add(new int[] {1, 2, 4, 5})
                .writeTo(path);
        return path;
    }

    @Test
    void writeTo_countedText_readsBackAsRelativeFrequencies() {
        BaseTable table = BaseTable.open(written());

        // (1, 2) was followed by 3 twice and by 4 twice: ties by the lower id.
        int row = table.find(1, 2);
        assertThat(table.rowInt(row, TrigramRow.COUNT)).isEqualTo(2);
        assertThat(table.rowInt(row, TrigramRow.TOKENS)).isEqualTo(3);
        assertThat(table.rowInt(row, TrigramRow.TOKENS + 1)).isEqualTo(4);
        assertThat(Float.intBitsToFloat(table.rowInt(row, TrigramRow.WEIGHTS))).isEqualTo(0.5f);
        assertThat(Float.intBitsToFloat(table.rowInt(row, TrigramRow.TOTAL))).isEqualTo(1f);
        // No tri-gram reaches over the border between two calls: (2, 4) is followed by 5 only.
        assertThat(table.rowInt(table.find(2, 4), TrigramRow.COUNT)).isEqualTo(1);
        assertThat(table.find(4, 1)).isNegative();
    }

    @Test
    void statistics_countedText_saysWhatIsThere() throws IOException {
        Path path = written();

        BaseTable.Statistics statistics = BaseTable.open(path).statistics();

        assertThat(statistics.tokensCounted()).isEqualTo(13);
        assertThat(statistics.rows()).isEqualTo(4);
        assertThat(statistics.trigrams()).isEqualTo(5);
        assertThat(statistics.vocabularySize()).isEqualTo(100);
        assertThat(statistics.fingerprint()).isEqualTo(FINGERPRINT);
        assertThat(statistics.fileBytes()).isEqualTo(Files.size(path));
        assertThat(statistics.meanSuccessors()).isEqualTo(1.25);
    }

    @Test
    void writeTo_moreThanTwelveSuccessors_keepsTheMostFrequent() {
        BaseTableBuilder builder = new BaseTableBuilder(100, FINGERPRINT);
        for (int successor = 0; successor < 20; successor++) {
            for (int times = 0; times <= successor; times++) {
                builder.add(new int[] {1, 2, successor});
            }
        }
        Path path = directory.resolve("wide.tri");
        builder.writeTo(path);
        BaseTable table = BaseTable.open(path);

        int row = table.find(1, 2);
        for (int i = 0; i < 12; i++) {
            assertThat(table.rowInt(row, TrigramRow.TOKENS + i)).isEqualTo(19 - i);
            assertThat(Float.intBitsToFloat(table.rowInt(row, TrigramRow.WEIGHTS + i)))
                    .isCloseTo((20f - i) / 210f, within(1e-6f));
        }
    }

    @Test
    void writeTo_moreRowsThanAllowed_keepsTheMostFrequentPairs() {
        Path path = directory.resolve("few.tri");
        new BaseTableBuilder(100, FINGERPRINT, 1000, 1)
                .add(new int[] {1, 2, 3})
                .add(new int[] {4, 5, 6, 4, 5, 6})
                .writeTo(path);

        BaseTable table = BaseTable.open(path);

        assertThat(table.statistics().rows()).isEqualTo(1);
        assertThat(table.find(4, 5)).isZero();
    }

    @Test
    void add_moreTrigramsThanTheBound_dropsTheRare() {
        BaseTableBuilder builder = new BaseTableBuilder(10_000, FINGERPRINT, 64, 1000);
        for (int i = 0; i < 1000; i++) {
            builder.add(new int[] {7, 8, 9}).add(new int[] {i, i + 1, i + 2});
        }
        Path path = directory.resolve("pruned.tri");

        BaseTable.Statistics statistics = builder.writeTo(path);

        assertThat(builder.trigrams()).isLessThanOrEqualTo(64);
        assertThat(statistics.rows()).isLessThanOrEqualTo(64);
        assertThat(BaseTable.open(path).find(7, 8)).isNotNegative();
    }

    @Test
    void writeTo_equalInput_equalFiles() throws IOException {
        Path one = written();
        byte[] first = Files.readAllBytes(one);

        assertThat(Files.readAllBytes(written())).isEqualTo(first);
        try (var files = Files.list(directory)) {
            assertThat(files).containsExactly(one);
        }
    }

    @Test
    void add_idOutsideTheVocabulary_isRefusedWhole() {
        BaseTableBuilder builder = new BaseTableBuilder(100, FINGERPRINT);

        assertThatThrownBy(() -> builder.add(new int[] {1, 2, 100}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("100");
        assertThat(builder.tokensCounted()).isZero();
    }

    @Test
    void open_missingFile_notFound() {
        assertThatThrownBy(() -> BaseTable.open(directory.resolve("none.tri")))
                .isInstanceOf(AdedException.NotFound.class);
    }

    @Test
    @Tag("long")
    void open_anyBitFlipped_isRefused() throws IOException {
        Path path = written();
        byte[] sound = Files.readAllBytes(path);
        Path bad = directory.resolve("bad.tri");
        for (int at = 0; at < sound.length; at++) {
            byte[] bytes = sound.clone();
            bytes[at] ^= (byte) (1 << at % 8);
            Files.write(bad, bytes);

            assertThatThrownBy(() -> BaseTable.open(bad))
                    .as("byte %d", at)
                    .isInstanceOf(AdedException.InvalidArtifact.class);
        }
    }

    @Test
    void open_anyTruncation_isRefused() throws IOException {
        byte[] sound = Files.readAllBytes(written());
        Path bad = directory.resolve("short.tri");
        for (int length = 0; length < sound.length; length += 7) {
            Files.write(bad, Arrays.copyOf(sound, length));

            assertThatThrownBy(() -> BaseTable.open(bad))
                    .as("length %d", length)
                    .isInstanceOf(AdedException.InvalidArtifact.class);
        }
    }

    @Test
    void requireVocabulary_another_isRefusedAndSaysWhatToDo() {
        BaseTable table = BaseTable.open(written());

        assertThat(table.requireVocabulary(100, FINGERPRINT)).isSameAs(table);
        assertThatThrownBy(() -> table.requireVocabulary(101, FINGERPRINT))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("build the table with this model");
        assertThatThrownBy(() -> table.requireVocabulary(100, 5)).isInstanceOf(AdedException.InvalidArtifact.class);
    }

    @Test
    void trigramTable_overABase_readsItAndCopiesOnWrite() {
        BaseTable base = BaseTable.open(written());
        TrigramTable mine = new TrigramTable(base, 64);
        TrigramTable other = new TrigramTable(base, 64);
        assertThat(mine.weight(mine.find(1, 2), 1)).isEqualTo(0.5f);
        assertThat(mine.count(mine.find(1, 2))).isEqualTo(2);
        assertThat(mine.count(mine.find(2, 4))).isEqualTo(1);
        assertThat(mine.total(mine.find(2, 4))).isEqualTo(1f);
        assertThat(mine.ownRows()).isZero();

        mine.reinforce(1, 2, 4, 0.04f);

        int row = mine.find(1, 2);
        assertThat(mine.ownRows()).isEqualTo(1);
        assertThat(mine.token(row, 0)).isEqualTo(4);
        assertThat(mine.weight(row, 0)).isCloseTo(0.54f, within(1e-6f));
        assertThat(mine.token(row, 1)).isEqualTo(3);
        assertThat(other.token(other.find(1, 2), 0)).isEqualTo(3);
        assertThat(other.ownRows()).isZero();
    }

    @Test
    void copySuccessors_aRowOfTheBase_copiesTokensAndWeights() {
        BaseTable base = BaseTable.open(written());
        int[] tokens = new int[14];
        int[] bits = new int[14];

        base.copySuccessors(base.find(1, 2), tokens, bits, 1);

        assertThat(tokens).startsWith(0, 3, 4, 0).hasSize(14);
        assertThat(bits).startsWith(0, Float.floatToIntBits(0.5f), Float.floatToIntBits(0.5f), 0);
        // The same through a stream's own table, which has no copy of the row.
        int[] again = new int[14];
        TrigramTable table = new TrigramTable(base, 64);
        table.copySuccessors(table.find(3, 1), again, bits, 2);
        assertThat(again).startsWith(0, 0, 2, 0);
        assertThat(bits).startsWith(0, Float.floatToIntBits(0.5f), Float.floatToIntBits(1f), 0);
    }

    /** FNV-1a by its definition: for each token its length, then its bytes. */
    @Test
    void fingerprint_threeTokens_isFnvOverLengthsAndBytes() {
        List<Integer> octets = new ArrayList<>(List.of(1, (int) 'a', 2, (int) 'a', (int) 'a', 300));
        octets.addAll(Collections.nCopies(300, 0xE4));
        BigInteger hash = new BigInteger("cbf29ce484222325", 16);
        for (int octet : octets) {
            hash = hash.xor(BigInteger.valueOf(octet))
                    .multiply(BigInteger.valueOf(0x100000001B3L))
                    .mod(BigInteger.TWO.pow(64));
        }

        byte[] long300 = new byte[300]; // does not fit the first buffer
        Arrays.fill(long300, (byte) 0xE4);
        ListedVocabulary vocabulary =
                new ListedVocabulary(List.of(new byte[] {'a'}, new byte[] {'a', 'a'}, long300), Set.of(), -1);
        assertThat(BaseTable.fingerprint(vocabulary)).isEqualTo(hash.longValue());
    }

    @Test
    void find_manyRandomRows_findsEachAndNoOther() {
        long seed = Seeds.next();
        Random random = new Random(seed);
        int[] text = random.ints(20_000, 0, 300).toArray();
        Path path = directory.resolve("random.tri");
        new BaseTableBuilder(300, FINGERPRINT).add(text).writeTo(path);
        BaseTable table = BaseTable.open(path);
        boolean[][] seen = new boolean[300][300];
        for (int i = 2; i < text.length; i++) {
            seen[text[i - 2]][text[i - 1]] = true;
        }

        for (int a = 0; a < 300; a++) {
            for (int b = 0; b < 300; b++) {
                assertThat(table.find(a, b) >= 0).as("seed %d", seed).isEqualTo(seen[a][b]);
            }
        }
    }

    @Test
    void open_whatIsNoRegularFile_isRefusedBeforeItIsRead() {
        for (Path file : List.of(directory, Path.of("/dev/zero"))) {
            Assumptions.assumeTrue(Files.exists(file));
            assertThatThrownBy(() -> BaseTable.open(file))
                    .isInstanceOf(AdedException.InvalidArtifact.class)
                    .hasMessageContaining("the draft table " + file + " cannot be read: it is a d");
        }
    }
}
