package io.aded.lab.schema;

import io.aded.model.ListedVocabulary;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * A vocabulary as tokenisers learn them, of any size: every byte, numbers, runs of blanks, punctuation as code and JSON
 * have it, words with and without a blank before them, pieces of words, and other scripts. Lengths are spread as in
 * Llama's and Qwen's: half of the tokens have 3 to 7 bytes, one in a thousand more than 32.
 */
public final class SyntheticVocabulary {
    private static final String[] SYLLABLES = {
        "a", "an", "ar", "be", "ca", "co", "de", "di", "e", "en", "er", "es", "fo", "ge", "ha", "i", "in", "ing", "is",
                "it",
        "ka", "la", "le", "li", "lo", "ma", "me", "mi", "mo", "na", "ne", "o", "on", "or", "pa", "pre", "qu", "ra",
                "re", "ri",
        "ro", "sa", "se", "si", "st", "ta", "te", "ti", "tion", "to", "tr", "u", "un", "ver", "vi", "wa", "wi", "y", "z"
    };
    private static final String MARKS = "{}[]()\"':;,.<>/\\|+-*=&%$#@!?_~^`";

    private SyntheticVocabulary() {}

    /** So many tokens, the last of which ends an answer: at least 2,000 and at most some hundred thousand. */
    public static ListedVocabulary of(int size) {
        List<byte[]> pieces = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(7);
        for (int b = 0; b < 256; b++) {
            pieces.add(new byte[] {(byte) b});
        }
        Set<String> texts = new LinkedHashSet<>(List.of(
                "{\"", "\":", "\": ", "\": \"", "\", \"", "\",", "\"}", "\"},", "\"]", "],", "},", "}]", "[]", "{}",
                "[{\"", "null", "true", "false", " \"", " {", " [", " null", " true", " false", "://", "https"));
        for (int run = 2; run <= 16; run++) {
            texts.add(" ".repeat(run));
            texts.add("\n" + " ".repeat(run));
        }
        texts.add(" ".repeat(64));
        texts.add("-".repeat(80));
        for (int number = 0; number < 1000; number++) {
            texts.add(String.valueOf(number));
        }
        while (texts.size() < size - 257) {
            texts.add(
                    switch (random.nextInt(20)) {
                        case 0 -> marks(random, 2 + random.nextInt(3));
                        case 1 -> mark(random) + word(random, 2);
                        case 2 -> word(random, 2) + mark(random);
                        case 3, 4 -> script(random);
                        case 5 -> capital(word(random, 1 + random.nextInt(3)));
                        case 6 -> random.nextInt(30) == 0 ? " " + word(random, 20) : word(random, 4);
                        case 7, 8, 9, 10, 11 -> word(random, 1 + random.nextInt(3));
                        default -> " " + word(random, 1 + random.nextInt(4));
                    });
        }
        texts.forEach(text -> pieces.add(text.getBytes(StandardCharsets.UTF_8)));
        return ListedVocabulary.withEnd(pieces);
    }

    private static char mark(SplittableRandom random) {
        return MARKS.charAt(random.nextInt(MARKS.length()));
    }

    private static String marks(SplittableRandom random, int count) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append(mark(random));
        }
        return text.toString();
    }

    private static String word(SplittableRandom random, int syllables) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < syllables; i++) {
            text.append(SYLLABLES[random.nextInt(SYLLABLES.length)]);
        }
        return text.toString();
    }

    private static String capital(String word) {
        return Character.toUpperCase(word.charAt(0)) + word.substring(1);
    }

    private static String script(SplittableRandom random) {
        int first = new int[] {0x430, 0x4E00, 0x3B1, 0xC0DC, 0x905, 0xE0}[random.nextInt(6)];
        StringBuilder text = new StringBuilder();
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            text.appendCodePoint(first + random.nextInt(first == 0x4E00 ? 8_000 : 24));
        }
        return text.toString();
    }
}
