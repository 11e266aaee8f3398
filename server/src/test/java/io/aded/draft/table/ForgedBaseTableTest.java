package io.aded.draft.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.AdedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files whose checksums are right and whose content is not: nothing that a lookup relies on is taken on trust.
 *
 * <p>The table: 64 bytes of header, 16 slots of 4 bytes, then rows of 112 bytes. Row 0 is (1, 2), followed by 3 and 4,
 * half each; row 1 is (2, 3), followed by 1.
 */
final class ForgedBaseTableTest {
    private static final int SLOTS = 16;
    private static final int ROWS_AT = 64 + 4 * SLOTS;
    private static final int VOCABULARY = 10;

    @TempDir
    Path directory;

    private ByteBuffer file = ByteBuffer.allocate(0);

    @BeforeEach
    void write() throws IOException {
        Path sound = directory.resolve("sound.tri");
        new BaseTableBuilder(VOCABULARY, 7)
                .add(new int[] {1, 2, 3, 1})
                .add(new int[] {1, 2, 4})
                .writeTo(sound);
        file = ByteBuffer.wrap(Files.readAllBytes(sound)).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(file.capacity()).isEqualTo(ROWS_AT + 2 * 112);
    }

    private static int field(int row, int field) {
        return ROWS_AT + 112 * row + 4 * field;
    }

    private ByteBuffer sealed() {
        file.putInt(BaseTable.AT_BODY_CHECKSUM, BaseTable.checksum(file, 64, file.capacity()));
        return file.putInt(BaseTable.AT_HEADER_CHECKSUM, BaseTable.checksum(file, 0, BaseTable.AT_HEADER_CHECKSUM));
    }

    private BaseTable opened() throws IOException {
        Path forged = directory.resolve("forged.tri");
        Files.write(forged, sealed().array());
        return BaseTable.open(forged);
    }

    private void refused(String message) {
        assertThatThrownBy(this::opened)
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining(message);
    }

    private void forgedInt(int at, int value, String message) {
        int before = file.getInt(at);
        file.putInt(at, value);
        refused(message);
        file.putInt(at, before);
    }

    private void forgedFloat(int at, float value, String message) {
        forgedInt(at, Float.floatToRawIntBits(value), message);
    }

    @Test
    void open_sealedAgain_isStillSound() throws IOException {
        BaseTable table = opened();
        assertThat(table.find(1, 2)).isZero();
        assertThat(table.find(2, 3)).isEqualTo(1);
        assertThat(table.path()).hasFileName("forged.tri");
    }

    @Test
    void open_rowThatMakesNoSense_isRefused() {
        for (int row = 0; row < 2; row++) {
            String message = "row " + row + " makes no sense";
            forgedInt(field(row, TrigramRow.COUNT), 0, message);
            forgedInt(field(row, TrigramRow.COUNT), 13, message);
            forgedInt(field(row, TrigramRow.FIRST), VOCABULARY, message);
            forgedInt(field(row, TrigramRow.FIRST), -1, message);
            forgedInt(field(row, TrigramRow.SECOND), VOCABULARY, message);
            forgedInt(field(row, TrigramRow.TOKENS), VOCABULARY, message);
            forgedFloat(field(row, TrigramRow.TOTAL), 1.01f, message);
            forgedFloat(field(row, TrigramRow.TOTAL), Float.NaN, message);
            forgedFloat(field(row, TrigramRow.WEIGHTS), Float.NaN, message);
            forgedFloat(field(row, TrigramRow.WEIGHTS), 0f, message);
            forgedFloat(field(row, TrigramRow.WEIGHTS), -1f, message);
        }
        forgedInt(field(0, TrigramRow.TOKENS + 1), -1, "row 0 makes no sense");
    }

    @Test
    void open_weightsNotFallingOrAboveOne_areRefused() {
        file.putFloat(field(0, TrigramRow.WEIGHTS), 0.25f);
        file.putFloat(field(0, TrigramRow.WEIGHTS + 1), 0.75f);
        refused("row 0 makes no sense");

        file.putFloat(field(0, TrigramRow.WEIGHTS), 1.5f);
        file.putFloat(field(0, TrigramRow.WEIGHTS + 1), 0.5f);
        file.putFloat(field(0, TrigramRow.TOTAL), 2f);
        refused("row 0 makes no sense");
    }

    @Test
    void open_boundsOfARow_areSound() throws IOException {
        file.putInt(field(0, TrigramRow.FIRST), 0);
        file.putInt(field(0, TrigramRow.SECOND), VOCABULARY - 1);
        file.putInt(field(0, TrigramRow.TOKENS), 0);
        file.putFloat(field(0, TrigramRow.TOTAL), 1.0005f);
        for (int i = 0; i < 12; i++) {
            file.putFloat(field(1, TrigramRow.WEIGHTS + i), 1 / 12f);
        }
        file.putInt(field(1, TrigramRow.COUNT), 12);

        assertThat(opened().statistics().trigrams()).isEqualTo(14);
    }

    @Test
    void open_indexThatNamesNoRowOrTooFew_isRefused() {
        int used = 64;
        while (file.getInt(used) == 0) {
            used += 4;
        }
        forgedInt(used, TrigramRow.slotEntry(file.getInt(used), 2), "names row 2 of 2");
        forgedInt(used, 1 << TrigramRow.ROW_BITS, "names row -1 of 2");
        forgedInt(used, 0, "names 1 of 2 rows");
        int free = 64;
        while (file.getInt(free) != 0) {
            free += 4;
        }
        forgedInt(free, file.getInt(used), "names 3 of 2 rows");
    }

    @Test
    void open_headerThatMakesNoSense_isRefused() {
        String message = "has a header that makes no sense";
        forgedInt(BaseTable.AT_SUCCESSORS, 11, message);
        forgedInt(BaseTable.AT_VOCABULARY_SIZE, 0, message);
        forgedInt(BaseTable.AT_ROWS, -1, message);
        forgedInt(BaseTable.AT_ROWS, TrigramRow.MAX_ROWS + 1, message);
        forgedInt(BaseTable.AT_SLOTS, 17, message);
        forgedInt(BaseTable.AT_SLOTS, 0, message);
        forgedInt(BaseTable.AT_SLOTS, 2, message);
        forgedInt(BaseTable.AT_SLOTS, 4, "its header announces 304");
        forgedInt(BaseTable.AT_VERSION, 2, "has version 2; supported: 1");
        file.put(0, (byte) 'a');
        refused("is not a draft table");
    }

    @Test
    void open_headerAlone_isTooShort() {
        file = ByteBuffer.wrap(Arrays.copyOf(file.array(), 64)).order(ByteOrder.LITTLE_ENDIAN);
        refused("has 64 bytes; its header announces 352");
        file = ByteBuffer.wrap(Arrays.copyOf(file.array(), 63)).order(ByteOrder.LITTLE_ENDIAN);
        assertThatThrownBy(() -> {
                    Path forged = directory.resolve("short.tri");
                    Files.write(forged, file.array());
                    BaseTable.open(forged);
                })
                .hasMessageContaining("a table has 64 to");
    }

    @Test
    void open_noTextAtAll_isATableWithoutRows() {
        Path empty = directory.resolve("empty.tri");
        new BaseTableBuilder(1, 7).writeTo(empty);
        BaseTable table = BaseTable.open(empty);
        assertThat(table.statistics().rows()).isZero();
        assertThat(table.statistics().meanSuccessors()).isZero();
        assertThat(table.find(0, 0)).isEqualTo(-1);
    }
}
