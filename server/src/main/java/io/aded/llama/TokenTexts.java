package io.aded.llama;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * What the texts of a file's tokens say about each other: whether two are the same (an assertion in llama.cpp), and
 * which single bytes have a token (without which its tokeniser throws).
 *
 * @param duplicate the first token whose text an earlier one has, or -1
 * @param byteTokens how many of {@code <0x00>} to {@code <0xFF>} are there
 */
record TokenTexts(long duplicate, int byteTokens) {
    static final String KEY = "tokenizer.ggml.tokens";
    static final TokenTexts NONE = new TokenTexts(-1, 0);

    private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    /** The length of {@code <0xFF>}. */
    private static final int BYTE_TOKEN = 6;

    /** Reads an array of texts whose lengths have been checked. The table holds file offsets, open-addressed. */
    static TokenTexts read(MemorySegment file, long start, long count) {
        if (count > 1 << 24) {
            return NONE;
        }
        long[] table = new long[Integer.highestOneBit((int) count) * 4];
        Arrays.fill(table, -1);
        boolean[] bytes = new boolean[256];
        long duplicate = -1;
        long at = start;
        for (long i = 0; i < count; i++) {
            long length = file.get(LENGTH, at);
            if (duplicate < 0 && !insert(file, table, at, length)) {
                duplicate = i;
            }
            noteByteToken(file, at + 8, length, bytes);
            at += 8 + length;
        }
        int found = 0;
        for (boolean there : bytes) {
            found += there ? 1 : 0;
        }
        return new TokenTexts(duplicate, found);
    }

    private static boolean insert(MemorySegment file, long[] table, long at, long length) {
        long hash = length;
        for (long i = at + 8; i < at + 8 + length; i++) {
            hash = (hash ^ file.get(ValueLayout.JAVA_BYTE, i)) * 0x9E3779B97F4A7C15L;
            hash ^= hash >>> 29;
        }
        int slot = (int) (hash ^ hash >>> 32) & table.length - 1;
        while (table[slot] >= 0) {
            long other = table[slot];
            if (file.get(LENGTH, other) == length
                    && MemorySegment.mismatch(file, at + 8, at + 8 + length, file, other + 8, other + 8 + length)
                            == -1) {
                return false;
            }
            slot = slot + 1 & table.length - 1;
        }
        table[slot] = at;
        return true;
    }

    private static void noteByteToken(MemorySegment file, long at, long length, boolean[] bytes) {
        if (length != BYTE_TOKEN
                || file.get(ValueLayout.JAVA_BYTE, at) != '<'
                || file.get(ValueLayout.JAVA_BYTE, at + 1) != '0'
                || file.get(ValueLayout.JAVA_BYTE, at + 2) != 'x'
                || file.get(ValueLayout.JAVA_BYTE, at + 5) != '>') {
            return;
        }
        int high = Character.digit((char) file.get(ValueLayout.JAVA_BYTE, at + 3), 16);
        int low = Character.digit((char) file.get(ValueLayout.JAVA_BYTE, at + 4), 16);
        if (high >= 0 && low >= 0) {
            bytes[high << 4 | low] = true;
        }
    }
}
