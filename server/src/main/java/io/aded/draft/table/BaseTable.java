package io.aded.draft.table;

import io.aded.model.AdedException;
import io.aded.model.RegularFiles;
import io.aded.model.Vocabulary;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Locale;
import java.util.zip.CRC32C;

/**
 * Tri-grams counted from text, as a read-only file that is memory-mapped: what a stream's drafter knows before it has
 * seen anything. Thread-safe; any number of streams and processes share the pages.
 *
 * <h2>The file</h2>
 *
 * Little-endian; offsets and sizes in bytes.
 *
 * <pre>
 *  offset  size
 *       0     8  magic: the ASCII letters ADEDTRIG
 *       8     4  version: 1
 *      12     4  successors a row: 12
 *      16     8  vocabulary fingerprint
 *      24     4  vocabulary size V
 *      28     4  rows R, 0 to 4,194,303
 *      32     4  index slots S, a power of two above R
 *      36     4  reserved: 0
 *      40     8  tokens that were counted
 *      48     8  reserved: 0
 *      56     4  CRC-32C of everything from offset 64 on
 *      60     4  CRC-32C of the 60 bytes above
 *      64   4·S  index: open addressing with linear probing over the pair's hash
 *  64+4·S 112·R  rows, by ascending pair
 * </pre>
 *
 * An index slot is 0 if empty; otherwise its low 22 bits are a row's number plus one and its upper 10 bits equal those
 * of the pair's hash. A row is the pair, the number of successors (1 to 12), the sum of their weights as a float,
 * twelve successor ids and twelve weights as floats, largest first; a weight is count(a, b, c) / count(a, b). Unused
 * places are 0.
 *
 * <p>A table is replaced by renaming a new file over it ({@link BaseTableBuilder#writeTo} does so); the mapping of the
 * old one stays good. A file that somebody shortens while it is mapped takes the process down with it: the operating
 * system gives no other way.
 */
public final class BaseTable {
    static final byte[] MAGIC = {'A', 'D', 'E', 'D', 'T', 'R', 'I', 'G'};
    static final int VERSION = 1;
    static final int HEADER_BYTES = 64;

    static final int AT_VERSION = 8;
    static final int AT_SUCCESSORS = 12;
    static final int AT_FINGERPRINT = 16;
    static final int AT_VOCABULARY_SIZE = 24;
    static final int AT_ROWS = 28;
    static final int AT_SLOTS = 32;
    static final int AT_TOKENS_COUNTED = 40;
    static final int AT_BODY_CHECKSUM = 56;
    static final int AT_HEADER_CHECKSUM = 60;

    static final int ROW_BYTES = TrigramRow.INTS * Integer.BYTES;

    /** The most a byte of a mapped file may be numbered. */
    private static final long MOST_BYTES = Integer.MAX_VALUE;

    private final Path path;
    private final ByteBuffer file;
    private final int slots;
    private final int rowsAt;
    private final Statistics statistics;

    private BaseTable(Path path, ByteBuffer file, int slots, Statistics statistics) {
        this.path = path;
        this.file = file;
        this.slots = slots;
        this.rowsAt = HEADER_BYTES + Integer.BYTES * slots;
        this.statistics = statistics;
    }

    /**
     * What is in a table.
     *
     * @param version of the file format
     * @param vocabularySize ids run from 0 to this, exclusive
     * @param fingerprint see {@link BaseTable#fingerprint}
     * @param tokensCounted tokens of the text that it was counted from
     * @param rows pairs that have successors
     * @param trigrams successors in all rows
     * @param fileBytes the file's length
     */
    public record Statistics(
            int version,
            int vocabularySize,
            long fingerprint,
            long tokensCounted,
            int rows,
            long trigrams,
            long fileBytes) {

        /** Successors a row, 1 to 12; 0 for an empty table. */
        public double meanSuccessors() {
            return rows == 0 ? 0 : (double) trigrams / rows;
        }
    }

    /**
     * Maps a table after checking all of it: header, length, checksums, and that every row and index slot is sound.
     *
     * @throws AdedException.NotFound if there is no such file
     * @throws AdedException.InvalidArtifact if it is not a sound table of a supported version
     */
    public static BaseTable open(Path path) {
        RegularFiles.require(path, "DRAFT_TABLE_UNREADABLE", "the draft table " + path);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long length = channel.size();
            if (length < HEADER_BYTES || length > MOST_BYTES) {
                throw invalid(
                        path,
                        "DRAFT_TABLE_TRUNCATED",
                        "has " + length + " bytes; a table has " + HEADER_BYTES + " to " + MOST_BYTES);
            }
            ByteBuffer file =
                    channel.map(FileChannel.MapMode.READ_ONLY, 0, length).order(ByteOrder.LITTLE_ENDIAN);
            return checked(path, file);
        } catch (NoSuchFileException e) {
            throw new AdedException.NotFound("DRAFT_TABLE_NOT_FOUND", "no draft table at " + path);
        } catch (IOException e) {
            throw new AdedException.InvalidArtifact(
                    "DRAFT_TABLE_UNREADABLE", "the draft table " + path + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static BaseTable checked(Path path, ByteBuffer file) {
        int length = file.capacity();
        byte[] magic = new byte[MAGIC.length];
        file.get(0, magic);
        if (!Arrays.equals(magic, MAGIC)) {
            throw invalid(path, "DRAFT_TABLE_FOREIGN", "is not a draft table: it does not begin with ADEDTRIG");
        }
        int version = file.getInt(AT_VERSION);
        if (version != VERSION) {
            throw invalid(path, "DRAFT_TABLE_VERSION", "has version " + version + "; supported: " + VERSION);
        }
        if (file.getInt(AT_HEADER_CHECKSUM) != checksum(file, 0, AT_HEADER_CHECKSUM)) {
            throw invalid(path, "DRAFT_TABLE_CORRUPT", "is damaged: its header does not match its checksum");
        }
        int successors = file.getInt(AT_SUCCESSORS);
        int vocabularySize = file.getInt(AT_VOCABULARY_SIZE);
        int rows = file.getInt(AT_ROWS);
        int slots = file.getInt(AT_SLOTS);
        if (successors != TrigramRow.SUCCESSORS
                || vocabularySize < 1
                || rows < 0
                || rows > TrigramRow.MAX_ROWS
                || Integer.bitCount(slots) != 1
                || slots <= rows) {
            throw invalid(
                    path,
                    "DRAFT_TABLE_CORRUPT",
                    "has a header that makes no sense: " + successors + " successors, " + vocabularySize + " tokens, "
                            + rows + " rows, " + slots + " slots");
        }
        long expected = HEADER_BYTES + (long) Integer.BYTES * slots + (long) ROW_BYTES * rows;
        if (length != expected) {
            throw invalid(path, "DRAFT_TABLE_TRUNCATED", "has " + length + " bytes; its header announces " + expected);
        }
        if (file.getInt(AT_BODY_CHECKSUM) != checksum(file, HEADER_BYTES, length)) {
            throw invalid(path, "DRAFT_TABLE_CORRUPT", "is damaged: its content does not match its checksum");
        }
        long trigrams = checkRows(path, file, slots, rows, vocabularySize);
        checkIndex(path, file, slots, rows);
        return new BaseTable(
                path,
                file,
                slots,
                new Statistics(
                        version,
                        vocabularySize,
                        file.getLong(AT_FINGERPRINT),
                        file.getLong(AT_TOKENS_COUNTED),
                        rows,
                        trigrams,
                        length));
    }

    /** A checksum is no signature: what a lookup relies on is checked, so that no file can lead it astray. */
    private static long checkRows(Path path, ByteBuffer file, int slots, int rows, int vocabularySize) {
        long trigrams = 0;
        int rowsAt = HEADER_BYTES + Integer.BYTES * slots;
        for (int row = 0; row < rows; row++) {
            int at = rowsAt + row * ROW_BYTES;
            int count = file.getInt(at + Integer.BYTES * TrigramRow.COUNT);
            boolean sound = count >= 1
                    && count <= TrigramRow.SUCCESSORS
                    && isToken(file.getInt(at + Integer.BYTES * TrigramRow.FIRST), vocabularySize)
                    && isToken(file.getInt(at + Integer.BYTES * TrigramRow.SECOND), vocabularySize);
            float sum = 0;
            float previous = 1;
            for (int i = 0; sound && i < count; i++) {
                float weight = file.getFloat(at + Integer.BYTES * (TrigramRow.WEIGHTS + i));
                // Written so that NaN fails.
                sound = weight > 0
                        && weight <= previous
                        && isToken(file.getInt(at + Integer.BYTES * (TrigramRow.TOKENS + i)), vocabularySize);
                previous = weight;
                sum += weight;
            }
            float total = file.getFloat(at + Integer.BYTES * TrigramRow.TOTAL);
            if (!sound || !(Math.abs(total - sum) < 1e-3f)) {
                throw invalid(path, "DRAFT_TABLE_CORRUPT", "is damaged: row " + row + " makes no sense");
            }
            trigrams += count;
        }
        return trigrams;
    }

    private static boolean isToken(int id, int vocabularySize) {
        return id >= 0 && id < vocabularySize;
    }

    /** With an empty slot somewhere every probe ends. */
    private static void checkIndex(Path path, ByteBuffer file, int slots, int rows) {
        int used = 0;
        for (int slot = 0; slot < slots; slot++) {
            int entry = file.getInt(HEADER_BYTES + Integer.BYTES * slot);
            if (entry != 0) {
                used++;
                int row = TrigramRow.rowOf(entry);
                if (row < 0 || row >= rows) {
                    throw invalid(
                            path, "DRAFT_TABLE_CORRUPT", "is damaged: its index names row " + row + " of " + rows);
                }
            }
        }
        if (used != rows) {
            throw invalid(path, "DRAFT_TABLE_CORRUPT", "is damaged: its index names " + used + " of " + rows + " rows");
        }
    }

    static int checksum(ByteBuffer bytes, int from, int to) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.slice(from, to - from));
        return (int) crc.getValue();
    }

    private static AdedException.InvalidArtifact invalid(Path path, String reason, String what) {
        return new AdedException.InvalidArtifact(reason, "the draft table " + path + " " + what);
    }

    /**
     * Refuses a table that was counted over other tokens: its ids would mean something else.
     *
     * @return this table
     * @throws AdedException.InvalidArtifact if size or fingerprint differ
     */
    public BaseTable requireVocabulary(int vocabularySize, long fingerprint) {
        if (statistics.vocabularySize() != vocabularySize || statistics.fingerprint() != fingerprint) {
            throw invalid(
                    path,
                    "DRAFT_TABLE_VOCABULARY",
                    String.format(
                            Locale.ROOT,
                            "was built for another vocabulary (%d tokens, fingerprint %016x); the model has %d tokens,"
                                    + " fingerprint %016x: build the table with this model",
                            statistics.vocabularySize(),
                            statistics.fingerprint(),
                            vocabularySize,
                            fingerprint));
        }
        return this;
    }

    /** As {@link #requireVocabulary(int, long)} for a model's vocabulary. */
    public BaseTable requireVocabulary(Vocabulary vocabulary) {
        return requireVocabulary(vocabulary.size(), fingerprint(vocabulary));
    }

    /**
     * A number that differs, in all likelihood, between vocabularies: 64-bit FNV-1a over the length and bytes of every
     * token in order. Takes some milliseconds for 32 k tokens.
     */
    public static long fingerprint(Vocabulary vocabulary) {
        byte[] piece = new byte[256];
        long hash = 0xCBF29CE484222325L;
        for (int token = 0; token < vocabulary.size(); token++) {
            int length = vocabulary.piece(token, piece, true);
            if (length < 0) {
                piece = new byte[-length];
                length = vocabulary.piece(token, piece, true);
            }
            hash = (hash ^ length) * 0x100000001B3L;
            for (int i = 0; i < length; i++) {
                hash = (hash ^ (piece[i] & 0xFF)) * 0x100000001B3L;
            }
        }
        return hash;
    }

    /** What is in the table. */
    public Statistics statistics() {
        return statistics;
    }

    /** Where the table came from. */
    public Path path() {
        return path;
    }

    /** The number of a pair's row, or -1. */
    int find(int first, int second) {
        int hash = TrigramRow.hash(first, second);
        int mask = slots - 1;
        for (int slot = hash & mask; ; slot = (slot + 1) & mask) {
            int entry = file.getInt(HEADER_BYTES + Integer.BYTES * slot);
            if (entry == 0) {
                return -1;
            }
            if (TrigramRow.tagMatches(entry, hash)) {
                int row = TrigramRow.rowOf(entry);
                int at = rowsAt + row * ROW_BYTES;
                if (file.getInt(at) == first && file.getInt(at + Integer.BYTES * TrigramRow.SECOND) == second) {
                    return row;
                }
            }
        }
    }

    /** One field of a row, see {@link TrigramRow}. */
    int rowInt(int row, int field) {
        return file.getInt(rowsAt + row * ROW_BYTES + Integer.BYTES * field);
    }

    /** See {@link TrigramTable#copySuccessors}. */
    void copySuccessors(int row, int[] tokens, int[] weightBits, int to) {
        int tokensAt = rowsAt + row * ROW_BYTES + Integer.BYTES * TrigramRow.TOKENS;
        int weightsAt = tokensAt + Integer.BYTES * TrigramRow.SUCCESSORS;
        for (int i = 0; i < TrigramRow.SUCCESSORS; i++) {
            tokens[to + i] = file.getInt(tokensAt + Integer.BYTES * i);
            weightBits[to + i] = file.getInt(weightsAt + Integer.BYTES * i);
        }
    }

    /** Copies a row to an array. */
    void copyRow(int row, int[] destination, int at) {
        for (int field = 0; field < TrigramRow.INTS; field++) {
            destination[at + field] = rowInt(row, field);
        }
    }
}
