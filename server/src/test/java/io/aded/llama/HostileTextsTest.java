package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.model.AdedException;
import io.aded.model.Vocabulary;
import io.aded.testing.HostileTally;
import io.aded.testing.Seeds;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Texts that tokenisers dislike, of many kinds and at random, on the tokenisers that dislike them most: each is split
 * and put together again in bounded time, or refused with a reason. {@code -Daded.hostile=N} tries N of each kind.
 */
class HostileTextsTest {
    private static final int EACH = Integer.getInteger("aded.hostile", 1);
    private static final List<String> PRE_TOKENISERS = List.of("deepseek-v3", "tekken", "gpt-4o", "qwen2", "falcon");
    /** One for each piece of a text, which has 4,096 characters or more where it can be cut. */
    private static final long MOST_LOOKS = 1_000;

    private static final Map<String, Maker> KINDS = new LinkedHashMap<>();

    @TempDir
    private static Path directory;

    /** Makes one text. */
    @FunctionalInterface
    private interface Maker {
        String make(SplittableRandom random);
    }

    static {
        KINDS.put("one character again and again", r -> ("" + (char) r.nextInt(32, 0xD7FF)).repeat(length(r)));
        KINDS.put("one letter again and again", r -> ("" + (char) r.nextInt('a', 'z')).repeat(length(r)));
        KINDS.put(
                "blanks",
                r -> List.of(" ", "\n", "\t", "\r\n", "\u00a0", "\u3000")
                        .get(r.nextInt(6))
                        .repeat(length(r)));
        KINDS.put("digits", r -> Integer.toString(r.nextInt(1, 999)).repeat(length(r) / 3));
        KINDS.put("joined emoji", r -> "\ud83d\udc68\u200d".repeat(length(r) / 3));
        KINDS.put("marks on a letter", r -> "e" + "\u0301".repeat(length(r)));
        KINDS.put(
                "punctuation",
                r -> r.ints(length(r), 33, 48)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString());
        KINDS.put(
                "characters of all planes",
                r -> r.ints(length(r), 1, 0x10FFFF)
                        .filter(c -> c < 0xD800 || c > 0xDFFF)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString());
        KINDS.put(
                "halves of characters",
                r -> r.ints(length(r), 0xD800, 0xDFFF)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString());
        KINDS.put(
                "names of control tokens",
                r -> List.of("<s>", "<|im_end|>", "<|im_\0end|>", "</s><s>", "<0x00>")
                        .get(r.nextInt(5))
                        .repeat(length(r) / 9));
        KINDS.put("what cannot be seen", r -> "\0\u200b\ufeff\u202e\ufdd0\ufdd1\u2060".repeat(length(r) / 7));
        KINDS.put(
                "case that changes",
                r -> r.ints(length(r), 0, 2)
                        .mapToObj(i -> i == 0 ? "a" : "A")
                        .collect(StringBuilder::new, StringBuilder::append, StringBuilder::append)
                        .toString());
    }

    private static int length(SplittableRandom random) {
        return 1 + random.nextInt(random.nextInt(20) == 0 ? 200_000 : 8_000);
    }

    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    @Timeout(value = 12, unit = TimeUnit.HOURS) // as many as are asked for; the work on each is bounded
    void tokenize_hostileTexts_isBounded(LlamaLibrary library) {
        HostileTally tally = new HostileTally("texts on " + library.version(), HostileTally.Time.OF_THE_CLOCK);
        List<LlamaModel> models = new ArrayList<>();
        try {
            models.add(LlamaModel.load(library, TinyModels.f32(directory), ModelParameters.DEFAULT));
            for (String pre : PRE_TOKENISERS) {
                models.add(LlamaModel.load(library, TinyVocabularies.bpe(directory, pre), ModelParameters.DEFAULT));
            }
            Seeds.with(random -> {
                for (int i = 0; i < EACH; i++) {
                    KINDS.forEach((kind, maker) -> {
                        String text = maker.make(random);
                        Vocabulary vocabulary =
                                models.get(random.nextInt(models.size())).vocabulary();
                        tally.attempt(kind, () -> split(vocabulary, text, random));
                    });
                }
            });
        } finally {
            models.forEach(LlamaModel::close);
        }
        tally.print();
        assertThat(tally.mostLooks()).isLessThanOrEqualTo(MOST_LOOKS);
    }

    private static String split(Vocabulary vocabulary, String text, SplittableRandom random) {
        try {
            int[] tokens = vocabulary.tokenize(text, random.nextBoolean(), random.nextBoolean());
            vocabulary.detokenize(tokens, random.nextBoolean());
            return "split";
        } catch (AdedException e) {
            assertThat(e.getMessage()).isNotBlank();
            return "refused";
        }
    }
}
