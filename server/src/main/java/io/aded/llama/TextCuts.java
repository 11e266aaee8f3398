package io.aded.llama;

import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where a text can be cut without changing the tokens that it is split into.
 *
 * <p>A tokeniser of the BPE kind first cuts a text into words by a regular expression, its pre-tokeniser, and no token
 * crosses from one word into the next. One of the SPM kind merges over the whole text, but only into tokens that it
 * has. So a place is safe where every pre-tokeniser that llama.cpp knows ends a word whatever stands around it, or
 * where no token has the two characters around it inside:
 *
 * <ul>
 *   <li>between a letter or digit and a line's end;
 *   <li>between a letter or digit and a comma;
 *   <li>between a letter and a blank, if a letter follows that;
 *   <li>between a Chinese, Japanese or Korean letter and a comma or full stop of those scripts;
 *   <li>for SPM, behind a character that is in no token with others: it merges with nothing. The library's time for
 *       such characters, which it takes byte by byte, grows with the square of their number.
 * </ul>
 *
 * <p>Pre-tokenisers for which a kind of place does not hold are named below; with names that are not known here, no
 * text is cut. {@code TextCutsTest} holds texts that are cut against whole ones, for every name on every library.
 */
final class TextCuts {
    static final int LINE = 1;
    static final int COMMA = 2;
    static final int BLANK = 4;
    static final int IDEOGRAPH = 8;
    private static final int ALL = LINE | COMMA | BLANK | IDEOGRAPH;

    /** Every pre-tokeniser of the lines that we know, but for those that split no text by itself. */
    private static final Set<String> KNOWN = Set.of(
            "default",
            "llama3",
            "llama-v3",
            "llama-bpe",
            "falcon3",
            "falcon-h1",
            "pixtral",
            "midm-2.0",
            "lfm2",
            "jina-v5-nano",
            "deepseek-llm",
            "deepseek-coder",
            "deepseek-v3",
            "spark2_5",
            "youtu",
            "falcon",
            "mpt",
            "starcoder",
            "gpt-2",
            "phi-2",
            "jina-es",
            "jina-de",
            "gigachat",
            "jina-v2-es",
            "jina-v2-de",
            "a.x-4.0",
            "mellum",
            "modern-bert",
            "jais-2",
            "jina-v1-en",
            "jina-v2-code",
            "roberta-bpe",
            "refact",
            "command-r",
            "qwen2",
            "deepseek-r1-qwen",
            "kormo",
            "f2llmv2",
            "qwen35",
            "stablelm2",
            "olmo",
            "dbrx",
            "smaug-bpe",
            "poro-chat",
            "glm4",
            "chatglm-bpe",
            "viking",
            "jais",
            "tekken",
            "smollm",
            "codeshell",
            "bloom",
            "gpt3-finnish",
            "exaone",
            "exaone4",
            "exaone-moe",
            "chameleon",
            "minerva-7b",
            "megrez",
            "gpt-4o",
            "llama4",
            "kanana2",
            "talkie",
            "granite-embed-multi-97m",
            "tiny_aya",
            "cohere2moe",
            "trillion",
            "granite-docling",
            "bailingmoe",
            "bailingmoe2",
            "llada-moe",
            "seed-coder",
            "hunyuan",
            "hunyuan-dense",
            "hy_v4",
            "joyai-llm",
            "kimi-k2",
            "ufakzeka",
            "grok-2",
            "afmoe",
            "laguna",
            "minimax-m2",
            "solar-open",
            "mellum2",
            "minicpm5");

    /** Of BPE, but merging over whole lines, with blanks written as U+2581. */
    private static final Set<String> WITHOUT_WORDS = Set.of("gemma4", "granite-embed-multi-311m", "sarvam-moe");

    private final int kinds;
    /** The characters that tokens merge, or that tokens which are matched whole have; null if nobody asks. */
    private final @Nullable BitSet merged;

    private TextCuts(int kinds, @Nullable BitSet merged) {
        this.kinds = kinds;
        this.merged = merged;
    }

    /** A text is never cut. */
    static final TextCuts NONE = new TextCuts(0, null);

    /**
     * Those of a vocabulary.
     *
     * @param kind {@code BPE}, {@code SPM} or another, which is never cut
     * @param model what the file calls its tokeniser
     * @param pre what the file calls its pre-tokeniser, or null
     * @param tokens its tokens
     */
    static TextCuts of(String kind, @Nullable String model, @Nullable String pre, Tokens tokens) {
        boolean merging = "SPM".equals(kind);
        int kinds = 0;
        if (merging) {
            kinds = ALL;
        } else if ("BPE".equals(kind)) {
            String name = "gemma4".equals(model) ? "gemma4" : pre == null || pre.isEmpty() ? "default" : pre;
            merging = WITHOUT_WORDS.contains(name);
            kinds = merging || KNOWN.contains(name) && !"hybriddna".equals(model) && !"whitespace".equals(model)
                    ? ALL
                    : 0;
            if (name.equals("exaone-moe")) {
                kinds &= ~BLANK; // its words are phrases
            }
        }
        for (int token = 0; token < tokens.size() && kinds != 0; token++) {
            boolean matched = tokens.isMatchedWhole(token);
            if (merging || matched) {
                kinds &= ~broken(tokens.bytes(), tokens.from(token), tokens.to(token), matched);
            }
        }
        BitSet merged = "SPM".equals(kind) ? merged(tokens) : null;
        return kinds == 0 && merged == null ? NONE : new TextCuts(kinds, merged);
    }

    private static BitSet merged(Tokens tokens) {
        BitSet merged = new BitSet();
        // Blanks are written as U+2581 while the library merges.
        merged.set(' ');
        merged.set('\u2581');
        byte[] bytes = tokens.bytes();
        for (int token = 0; token < tokens.size(); token++) {
            int from = tokens.from(token);
            String text = new String(bytes, from, tokens.to(token) - from, StandardCharsets.UTF_8);
            if (tokens.isMatchedWhole(token) || text.codePointCount(0, text.length()) > 1) {
                text.codePoints().forEach(merged::set);
            }
        }
        return merged;
    }

    /** What is asked of a vocabulary's tokens. */
    interface Tokens {
        int size();

        /** Whether the tokeniser looks for its text before it looks for words. */
        boolean isMatchedWhole(int token);

        /** The bytes of all. */
        byte[] bytes();

        /** Where a token's bytes begin. */
        int from(int token);

        /** Where they end, exclusive. */
        int to(int token);
    }

    /** The kinds of places that a token has inside, or, if it is looked for by itself, that would be next to it. */
    private static int broken(byte[] bytes, int from, int to, boolean matched) {
        int broken = 0;
        for (int i = from; i < to; i++) {
            if (!isLetter(bytes[i]) && !isDigit(bytes[i]) && bytes[i] >= 0) {
                continue;
            }
            if (i + 1 == to) {
                // The tokeniser may take blanks behind it away.
                broken |= matched ? LINE | BLANK | IDEOGRAPH | COMMA : 0;
            } else if (bytes[i + 1] == '\n' || bytes[i + 1] == '\r') {
                broken |= LINE;
            } else if (bytes[i + 1] == ',') {
                broken |= COMMA;
            } else if (bytes[i + 1] == ' ') {
                broken |= BLANK;
            } else if (bytes[i] < 0 && i + 3 < to && isWideMark(bytes, i + 1)) {
                broken |= IDEOGRAPH;
            }
        }
        return broken;
    }

    /** U+3001, U+3002 or U+FF0C in UTF-8. */
    private static boolean isWideMark(byte[] bytes, int at) {
        if (bytes[at] == (byte) 0xe3 && bytes[at + 1] == (byte) 0x80) {
            return bytes[at + 2] == (byte) 0x81 || bytes[at + 2] == (byte) 0x82;
        }
        return bytes[at] == (byte) 0xef && bytes[at + 1] == (byte) 0xbc && bytes[at + 2] == (byte) 0x8c;
    }

    /**
     * The first place, at {@code from} or later, before whose character the text can be cut.
     *
     * @return the text's length if there is none
     */
    int next(String text, int from) {
        if (kinds == 0 && merged == null) {
            return text.length();
        }
        for (int i = Math.max(1, from); i < text.length(); i++) {
            if ((kindAt(text, i) & kinds) != 0 || merged != null && !merges(merged, text, i)) {
                return i;
            }
        }
        return text.length();
    }

    /** Whether the character before a place may merge with what follows. */
    private static boolean merges(BitSet merged, String text, int i) {
        char before = text.charAt(i - 1);
        if (Character.isHighSurrogate(before) && Character.isLowSurrogate(text.charAt(i))) {
            return true; // it is no place
        }
        // Half a character becomes a question mark.
        int character = text.codePointBefore(i);
        return merged.get(character < 0x10000 && Character.isSurrogate((char) character) ? '?' : character);
    }

    private static int kindAt(String text, int i) {
        char before = text.charAt(i - 1);
        return switch (text.charAt(i)) {
            case '\n', '\r' -> isLetter(before) || isDigit(before) || isIdeograph(before) ? LINE : 0;
            case ',' -> isLetter(before) || isDigit(before) ? COMMA : 0;
            case ' ' -> isLetter(before) && i + 1 < text.length() && isLetter(text.charAt(i + 1)) ? BLANK : 0;
            case '\u3001', '\u3002', '\uff0c' -> isIdeograph(before) ? IDEOGRAPH : 0;
            default -> 0;
        };
    }

    private static boolean isLetter(int c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
    }

    private static boolean isDigit(int c) {
        return c >= '0' && c <= '9';
    }

    /** Letters of the scripts that do without blanks, as far as every pre-tokeniser takes them for letters. */
    private static boolean isIdeograph(char c) {
        return c >= '\u4e00' && c <= '\u9fa5'
                || c >= '\u3041' && c <= '\u3096'
                || c >= '\u30a1' && c <= '\u30fa'
                || c >= '\uac00' && c <= '\ud7a3';
    }
}
