package io.aded.gguf;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;

/**
 * What the texts of a file's tokens say about each other: whether two are the same (an assertion in llama.cpp), and
 * which single bytes have a token (without which its tokeniser throws).
 *
 * @param duplicate the first token whose text an earlier one has, or -1; the library reads texts up to a byte 0, and
 *     empty ones may repeat: it names them
 * @param byteTokens how many of {@code <0x00>} to {@code <0xFF>} are there
 * @param singleBytes how many bytes are a text of their own, if texts are read as RWKV writes them: {@code \xff},
 *     {@code \n}
 * @param longest bytes of the longest
 * @param at where in the file the length of the first one stands; 0 if they were not looked at
 * @param count how many there are
 */
record TokenTexts(int duplicate, int byteTokens, int singleBytes, int longest, int at, int count) {
    static final String KEY = "tokenizer.ggml.tokens";
    /** More tokens than this no model has; they are not looked at. */
    static final int MOST = 1 << 24;

    static final TokenTexts NONE = new TokenTexts(-1, 0, 0, 0, 0, 0);

    /** The length of {@code <0xFF>}. */
    private static final int BYTE_TOKEN = 6;

    /**
     * Reads an array of texts whose lengths have been checked. The table holds places in the file, open-addressed.
     *
     * @param file little-endian
     * @param start where the length of the first text stands
     * @param count at most {@link #MOST}
     */
    static TokenTexts read(ByteBuffer file, int start, int count) {
        int[] table = new int[Integer.highestOneBit(Math.max(1, count)) * 4];
        Arrays.fill(table, -1);
        boolean[] bytes = new boolean[256];
        BitSet single = new BitSet();
        int duplicate = -1;
        int longest = 0;
        int at = start;
        for (int i = 0; i < count; i++) {
            int length = (int) file.getLong(at);
            longest = Math.max(longest, length);
            int read = read(file, at);
            if (duplicate < 0 && read > 0 && !insert(file, table, at, read)) {
                duplicate = i;
            }
            noteByteToken(file, at + 8, length, bytes);
            noteSingleByte(file, at + 8, read, single);
            at += 8 + length;
        }
        int found = 0;
        for (boolean there : bytes) {
            found += there ? 1 : 0;
        }
        return new TokenTexts(duplicate, found, single.cardinality(), longest, start, count);
    }

    /** How much of a text the library reads: up to a byte 0. */
    private static int read(ByteBuffer file, int at) {
        int length = (int) file.getLong(at);
        int read = 0;
        while (read < length && file.get(at + 8 + read) != 0) {
            read++;
        }
        return read;
    }

    private static boolean insert(ByteBuffer file, int[] table, int at, int length) {
        long hash = length;
        for (int i = at + 8; i < at + 8 + length; i++) {
            hash = (hash ^ file.get(i)) * 0x9E3779B97F4A7C15L;
            hash ^= hash >>> 29;
        }
        int slot = (int) (hash ^ hash >>> 32) & table.length - 1;
        while (table[slot] >= 0) {
            if (same(file, table[slot], at, length)) {
                return false;
            }
            slot = slot + 1 & table.length - 1;
        }
        table[slot] = at;
        return true;
    }

    private static boolean same(ByteBuffer file, int one, int other, int length) {
        if (read(file, one) != length) {
            return false;
        }
        for (int i = 8; i < 8 + length; i++) {
            if (file.get(one + i) != file.get(other + i)) {
                return false;
            }
        }
        return true;
    }

    /** A byte by itself, or as it is escaped; {@code \x} alone is none, nor is what follows it but small digits. */
    private static void noteSingleByte(ByteBuffer file, int at, int length, BitSet single) {
        if (length == 1 && file.get(at) != '\\') {
            single.set(file.get(at) & 0xff);
        } else if (length == 2 && file.get(at) == '\\' && file.get(at + 1) != 'x') {
            byte escaped = file.get(at + 1);
            single.set(
                    switch (escaped) {
                        case 't' -> '\t';
                        case 'n' -> '\n';
                        case 'r' -> '\r';
                        default -> escaped & 0xff;
                    });
        } else if (length == 4 && file.get(at) == '\\' && file.get(at + 1) == 'x') {
            int high = digit(file.get(at + 2), 'a');
            int low = digit(file.get(at + 3), 'a');
            if (high >= 0 && low >= 0) {
                single.set(high << 4 | low);
            }
        }
    }

    /**
     * A hexadecimal digit, or -1.
     *
     * @param ten how 10 is written, as the library wants it: a, or A
     */
    private static int digit(byte character, char ten) {
        if (character >= '0' && character <= '9') {
            return character - '0';
        }
        return character >= ten && character < ten + 6 ? character - ten + 10 : -1;
    }

    private static void noteByteToken(ByteBuffer file, int at, int length, boolean[] bytes) {
        if (length != BYTE_TOKEN
                || file.get(at) != '<'
                || file.get(at + 1) != '0'
                || file.get(at + 2) != 'x'
                || file.get(at + 5) != '>') {
            return;
        }
        int high = digit(file.get(at + 3), 'A');
        int low = digit(file.get(at + 4), 'A');
        if (high >= 0 && low >= 0) {
            bytes[high << 4 | low] = true;
        }
    }
}
