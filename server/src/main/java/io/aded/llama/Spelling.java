package io.aded.llama;

import io.aded.grammar.VocabularyTrie;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * How a model will probably spell a text that it has no choice about: as its tokeniser does, which is what it was
 * trained on. Where the tokeniser gives other bytes than the text's, the longest tokens that fit are taken.
 */
final class Spelling {
    private final LlamaVocabulary vocabulary;
    private final VocabularyTrie trie;

    Spelling(LlamaVocabulary vocabulary, VocabularyTrie trie) {
        this.vocabulary = vocabulary;
        this.trie = trie;
    }

    /**
     * Splits the first {@code length} bytes of a text, which may end within a character.
     *
     * @return tokens that spell a beginning of it, all of it if there are such
     */
    int[] spell(byte[] text, int length) {
        int whole = length;
        while (whole > 0 && (text[whole - 1] & 0xC0) == 0x80) {
            whole--;
        }
        if (whole > 0 && whole < length + 1 && (text[whole - 1] & 0x80) != 0) {
            whole = isWhole(text, whole - 1, length) ? length : whole - 1;
        }
        int[] tokens = vocabulary.tokenizeContinuation(new String(text, 0, whole, StandardCharsets.UTF_8), false);
        return spells(tokens, text, whole) ? tokens : longest(text, length);
    }

    /** Whether the character that begins at a byte is there to its end. */
    private static boolean isWhole(byte[] text, int first, int length) {
        int lead = text[first] & 0xFF;
        return first + (lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2) <= length;
    }

    private boolean spells(int[] tokens, byte[] text, int length) {
        int at = 0;
        byte[] piece = new byte[256];
        for (int token : tokens) {
            int size = vocabulary.piece(token, piece, false);
            if (size <= 0 || at + size > length) {
                return false;
            }
            for (int i = 0; i < size; i++) {
                if (piece[i] != text[at + i]) {
                    return false;
                }
            }
            at += size;
        }
        return at == length;
    }

    private int[] longest(byte[] text, int length) {
        int[] tokens = new int[length];
        int count = 0;
        for (int at = 0; at < length; ) {
            int token = trie.longestPrefix(text, at, length);
            if (token < 0) {
                break;
            }
            tokens[count++] = token;
            at += trie.length(token);
        }
        return Arrays.copyOf(tokens, count);
    }
}
