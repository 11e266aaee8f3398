package io.aded.draft.table;

import io.aded.model.AdedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * Counts the tri-grams of token streams and writes them as a {@link BaseTable}. Not thread-safe.
 *
 * <pre>{@code
 * var builder = new BaseTableBuilder(vocabulary.size(), BaseTable.fingerprint(vocabulary));
 * documents.forEach(text -> builder.add(vocabulary.tokenize(text, true, false)));
 * builder.writeTo(path);
 * }</pre>
 */
public final class BaseTableBuilder {
    /*
     * Counting in bounded memory
     * ==========================
     * One open-addressed table holds the count of every tri-gram, keyed by three ids of 21 bits. When it holds as many
     * as allowed, all that were seen once are dropped, then all seen twice, and so on until a quarter of the room is
     * free: the idea of lossy counting [1], by memory and not by a given error. What is frequent survives; a tri-gram's
     * count is too low by at most the number of times it was dropped. Text with fewer distinct tri-grams than the bound
     * is counted exactly.
     *
     * Weights
     * =======
     * P(c | a, b) = count(a, b, c) / Σ count(a, b, ·) over all successors counted; a row then keeps the 12 largest,
     * ties by the lower id. Equal input gives an equal file, bit by bit.
     *
     * [1] G. S. Manku, R. Motwani: Approximate frequency counts over data streams. VLDB 2002.
     */

    /** Distinct tri-grams counted at once: about 100 MiB while building. */
    public static final int DEFAULT_MAX_TRIGRAMS = 1 << 22;

    /** Rows written: at most 120 MiB of file. */
    public static final int DEFAULT_MAX_ROWS = 1 << 20;

    private static final int ID_BITS = 21;
    private static final int ID_MASK = (1 << ID_BITS) - 1;
    private static final int FIRST_SLOTS = 1 << 12;
    private static final int BUFFER_BYTES = 1 << 18;

    /** No key: ids have 63 bits together. */
    private static final long FREE = -1;

    private final int vocabularySize;
    private final long fingerprint;
    private final int maxTrigrams;
    private final int maxRows;

    private long[] keys;
    private int[] counts;
    private int trigrams;
    private long tokensCounted;

    /**
     * A builder with the default bounds.
     *
     * @param vocabularySize ids run from 0 to this, exclusive; at most 2,097,152
     * @param fingerprint {@link BaseTable#fingerprint} of the vocabulary
     */
    public BaseTableBuilder(int vocabularySize, long fingerprint) {
        this(vocabularySize, fingerprint, DEFAULT_MAX_TRIGRAMS, DEFAULT_MAX_ROWS);
    }

    /**
     * A builder with bounds.
     *
     * @param maxTrigrams distinct tri-grams counted at once, 16 to 2^28; at most 24 bytes each
     * @param maxRows rows written, 1 to 4,194,303: those of the most frequent pairs
     */
    public BaseTableBuilder(int vocabularySize, long fingerprint, int maxTrigrams, int maxRows) {
        requireWithin("vocabularySize", vocabularySize, 1, 1 << ID_BITS);
        requireWithin("maxTrigrams", maxTrigrams, 16, 1 << 28);
        requireWithin("maxRows", maxRows, 1, TrigramRow.MAX_ROWS);
        this.vocabularySize = vocabularySize;
        this.fingerprint = fingerprint;
        this.maxTrigrams = maxTrigrams;
        this.maxRows = maxRows;
        keys = new long[FIRST_SLOTS];
        counts = new int[FIRST_SLOTS];
        Arrays.fill(keys, FREE);
    }

    private static void requireWithin(String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(name + " is " + value + "; allowed: " + least + " to " + most);
        }
    }

    /**
     * Counts one stream of tokens; no tri-gram reaches from one call into the next.
     *
     * @return this builder
     * @throws IllegalArgumentException if an id is outside the vocabulary; nothing is counted then
     */
    public BaseTableBuilder add(int[] tokens) {
        for (int token : tokens) {
            requireWithin("token id", token, 0, vocabularySize - 1);
        }
        tokensCounted += tokens.length;
        for (int i = 2; i < tokens.length; i++) {
            count(key(tokens[i - 2], tokens[i - 1], tokens[i]));
        }
        return this;
    }

    /** Tokens counted so far. */
    public long tokensCounted() {
        return tokensCounted;
    }

    /** Distinct tri-grams held now. */
    public int trigrams() {
        return trigrams;
    }

    private static long key(int first, int second, int third) {
        return ((long) first << 2 * ID_BITS) | ((long) second << ID_BITS) | third;
    }

    private void count(long key) {
        int slot = slotOf(key);
        if (keys[slot] == key) {
            counts[slot] = Math.max(counts[slot], counts[slot] + 1);
            return;
        }
        if (trigrams == maxTrigrams) {
            prune();
            slot = slotOf(key);
        } else if (2L * (trigrams + 1) > keys.length) {
            rebuild(2 * keys.length, 0);
            slot = slotOf(key);
        }
        keys[slot] = key;
        counts[slot] = 1;
        trigrams++;
    }

    private int slotOf(long key) {
        int mask = keys.length - 1;
        long mixed = (key ^ (key >>> 32)) * 0x9E3779B97F4A7C15L;
        int slot = (int) (mixed >>> 32) & mask;
        while (keys[slot] != FREE && keys[slot] != key) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private void prune() {
        for (int rarest = 1; trigrams > maxTrigrams - maxTrigrams / 4; rarest++) {
            rebuild(keys.length, rarest);
        }
    }

    /** Copies all tri-grams counted more than {@code drop} times into fresh arrays. */
    private void rebuild(int slots, int drop) {
        long[] oldKeys = keys;
        int[] oldCounts = counts;
        keys = new long[slots];
        counts = new int[slots];
        Arrays.fill(keys, FREE);
        trigrams = 0;
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldKeys[i] != FREE && oldCounts[i] > drop) {
                int slot = slotOf(oldKeys[i]);
                keys[slot] = oldKeys[i];
                counts[slot] = oldCounts[i];
                trigrams++;
            }
        }
    }

    // Writing

    /**
     * Writes the table to a temporary file beside {@code path}, forces it to disk and renames it into place: a reader
     * sees the old table or the new one, whole.
     *
     * @return what was written
     * @throws AdedException.Internal if the file cannot be written; the old one is untouched
     */
    public BaseTable.Statistics writeTo(Path path) {
        Path absolute = path.toAbsolutePath();
        Path directory = absolute.getParent();
        if (directory == null) {
            throw new AdedException.InvalidRequest("path", path + " names no file");
        }
        try {
            Files.createDirectories(directory);
            Path temporary = Files.createTempFile(directory, absolute.getFileName() + ".", ".tmp");
            try {
                BaseTable.Statistics written = writeRows(temporary, sortedKeys());
                Files.move(temporary, absolute, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                return written;
            } finally {
                Files.deleteIfExists(temporary);
            }
        } catch (IOException e) {
            throw new AdedException.Internal(
                    "DRAFT_TABLE_NOT_WRITTEN", "the draft table " + path + " cannot be written: " + e, e);
        }
    }

    private long[] sortedKeys() {
        long[] sorted = new long[trigrams];
        int n = 0;
        for (long key : keys) {
            if (key != FREE) {
                sorted[n++] = key;
            }
        }
        Arrays.sort(sorted);
        return sorted;
    }

    private BaseTable.Statistics writeRows(Path file, long[] sorted) throws IOException {
        int[] starts = frequentRows(sorted);
        int rows = starts.length;
        int slots = TrigramRow.slotsFor(rows);
        CRC32C crc = new CRC32C();
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        long kept = 0;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.position(BaseTable.HEADER_BYTES);
            for (int entry : index(sorted, starts, slots)) {
                room(channel, buffer, crc, Integer.BYTES).putInt(entry);
            }
            int[] row = new int[TrigramRow.INTS];
            for (int start : starts) {
                kept += fillRow(sorted, start, row);
                room(channel, buffer, crc, BaseTable.ROW_BYTES);
                for (int field : row) {
                    buffer.putInt(field);
                }
            }
            drain(channel, buffer, crc);
            long length = channel.position();
            channel.position(0);
            ByteBuffer header = header(rows, slots, (int) crc.getValue());
            while (header.hasRemaining()) {
                channel.write(header);
            }
            channel.force(true);
            return new BaseTable.Statistics(
                    BaseTable.VERSION, vocabularySize, fingerprint, tokensCounted, rows, kept, length);
        }
    }

    /** Where the rows to be written begin among the sorted keys, ascending. */
    private int[] frequentRows(long[] sorted) {
        int all = 0;
        for (int start = 0; start < sorted.length; start = rowEnd(sorted, start)) {
            all++;
        }
        // Most frequent pairs first, ties by the lower pair: one sort of (complement of the total, start).
        long[] ranked = new long[all];
        int n = 0;
        for (int start = 0; start < sorted.length; start = rowEnd(sorted, start)) {
            long total = Math.min(Integer.MAX_VALUE, rowTotal(sorted, start));
            ranked[n++] = (Integer.MAX_VALUE - total) << 32 | start;
        }
        Arrays.sort(ranked);
        int[] starts = new int[Math.min(all, maxRows)];
        for (int i = 0; i < starts.length; i++) {
            starts[i] = (int) ranked[i];
        }
        Arrays.sort(starts);
        return starts;
    }

    private static int rowEnd(long[] sorted, int start) {
        long pair = sorted[start] >>> ID_BITS;
        int end = start + 1;
        while (end < sorted.length && sorted[end] >>> ID_BITS == pair) {
            end++;
        }
        return end;
    }

    private long rowTotal(long[] sorted, int start) {
        long total = 0;
        int end = rowEnd(sorted, start);
        for (int i = start; i < end; i++) {
            total += counts[slotOf(sorted[i])];
        }
        return total;
    }

    private static int first(long key) {
        return (int) (key >>> 2 * ID_BITS);
    }

    private static int second(long key) {
        return (int) (key >>> ID_BITS) & ID_MASK;
    }

    private static int[] index(long[] sorted, int[] starts, int slots) {
        int[] index = new int[slots];
        for (int row = 0; row < starts.length; row++) {
            long key = sorted[starts[row]];
            int hash = TrigramRow.hash(first(key), second(key));
            int slot = hash & (slots - 1);
            while (index[slot] != 0) {
                slot = (slot + 1) & (slots - 1);
            }
            index[slot] = TrigramRow.slotEntry(hash, row);
        }
        return index;
    }

    /** Returns the successors that the row keeps. */
    private int fillRow(long[] sorted, int start, int[] row) {
        Arrays.fill(row, 0);
        int[] best = new int[TrigramRow.SUCCESSORS];
        int kept = 0;
        int end = rowEnd(sorted, start);
        for (int i = start; i < end; i++) {
            int token = (int) sorted[i] & ID_MASK;
            int count = counts[slotOf(sorted[i])];
            int place = kept;
            while (place > 0 && best[place - 1] < count) {
                place--;
            }
            if (place == TrigramRow.SUCCESSORS) {
                continue;
            }
            kept = Math.min(kept + 1, TrigramRow.SUCCESSORS);
            System.arraycopy(best, place, best, place + 1, kept - place - 1);
            System.arraycopy(row, TrigramRow.TOKENS + place, row, TrigramRow.TOKENS + place + 1, kept - place - 1);
            best[place] = count;
            row[TrigramRow.TOKENS + place] = token;
        }
        double total = rowTotal(sorted, start);
        float sum = 0;
        for (int i = 0; i < kept; i++) {
            float weight = (float) (best[i] / total);
            row[TrigramRow.WEIGHTS + i] = Float.floatToRawIntBits(weight);
            sum += weight;
        }
        row[TrigramRow.FIRST] = first(sorted[start]);
        row[TrigramRow.SECOND] = second(sorted[start]);
        row[TrigramRow.COUNT] = kept;
        row[TrigramRow.TOTAL] = Float.floatToRawIntBits(sum);
        return kept;
    }

    private static ByteBuffer room(FileChannel channel, ByteBuffer buffer, CRC32C crc, int bytes) throws IOException {
        if (buffer.remaining() < bytes) {
            drain(channel, buffer, crc);
        }
        return buffer;
    }

    private static void drain(FileChannel channel, ByteBuffer buffer, CRC32C crc) throws IOException {
        buffer.flip();
        crc.update(buffer.duplicate());
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        buffer.clear();
    }

    private ByteBuffer header(int rows, int slots, int bodyChecksum) {
        ByteBuffer header = ByteBuffer.allocate(BaseTable.HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        header.put(0, BaseTable.MAGIC)
                .putInt(BaseTable.AT_VERSION, BaseTable.VERSION)
                .putInt(BaseTable.AT_SUCCESSORS, TrigramRow.SUCCESSORS)
                .putLong(BaseTable.AT_FINGERPRINT, fingerprint)
                .putInt(BaseTable.AT_VOCABULARY_SIZE, vocabularySize)
                .putInt(BaseTable.AT_ROWS, rows)
                .putInt(BaseTable.AT_SLOTS, slots)
                .putLong(BaseTable.AT_TOKENS_COUNTED, tokensCounted)
                .putInt(BaseTable.AT_BODY_CHECKSUM, bodyChecksum)
                .putInt(BaseTable.AT_HEADER_CHECKSUM, BaseTable.checksum(header, 0, BaseTable.AT_HEADER_CHECKSUM));
        return header;
    }
}
