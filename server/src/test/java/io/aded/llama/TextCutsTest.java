package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.testing.Seeds;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TextCutsTest {
    private static final String LIBRARIES = "io.aded.llama.Libraries#all";
    private static final String[] PARTS = {
        "a",
        "b",
        "C",
        "AB",
        "abc",
        "0",
        "19",
        "901",
        " ",
        "  ",
        "\n",
        "\r\n",
        "\n\n",
        ",",
        ", ",
        ".",
        "'s",
        "'",
        "(",
        "!",
        "\t",
        "\u4e2d",
        "\u3042\u4e00",
        "\u3002",
        "\uff0c",
        "\u3001",
        "\u00e9",
        "e\u0301",
        "\ud83d\ude00",
        "\u0416\u0436",
        "\u0627\u0628",
        "\uac00",
        "\u00a0",
        "\u3000",
        "a ",
        " b",
        "<|im_end|>",
        "\u0301",
        "\u200d"
    };

    @TempDir
    private static Path directory;

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void next_everyPreTokeniser_cutTextsHaveTheTokensOfWholeOnes(LlamaLibrary library) {
        int texts = Integer.getInteger("aded.cuts.texts", 2);
        Seeds.with(random -> {
            for (String pre : TinyVocabularies.of(library)) {
                try (LlamaModel model =
                        LlamaModel.load(library, TinyVocabularies.bpe(directory, pre), ModelParameters.DEFAULT)) {
                    holds((LlamaVocabulary) model.vocabulary(), pre, random, texts);
                }
            }
            try (LlamaModel model = LlamaModel.load(library, TinyModels.f32(directory), ModelParameters.DEFAULT)) {
                holds((LlamaVocabulary) model.vocabulary(), "SPM", random, 10 * texts);
            }
        });
    }

    /** Few long texts, cut at some of the places: a call compiles the pre-tokeniser's expression, which is slow. */
    private static void holds(LlamaVocabulary vocabulary, String name, SplittableRandom random, int texts) {
        int cuts = 0;
        for (int i = 0; i < texts; i++) {
            StringBuilder builder = new StringBuilder();
            for (int part = 0; part < 400; part++) {
                builder.append(PARTS[random.nextInt(PARTS.length)]);
            }
            String text = builder.toString();
            boolean parse = random.nextBoolean();
            IntStream tokens = IntStream.empty();
            StringBuilder bars = new StringBuilder();
            for (int from = 0; from < text.length(); ) {
                int to = vocabulary.cuts().next(text, from + 1 + random.nextInt(250));
                String piece = text.substring(from, to);
                int[] more = from == 0
                        ? vocabulary.tokenize(piece, false, parse)
                        : vocabulary.tokenizeContinuation(piece, parse);
                tokens = IntStream.concat(tokens, Arrays.stream(more));
                bars.append(from == 0 ? "" : "|").append(piece);
                from = to;
                cuts += to < text.length() ? 1 : 0;
            }
            assertThat(tokens.toArray())
                    .as(name + " on " + escaped(bars.toString()))
                    .isEqualTo(vocabulary.tokenize(text, false, parse));
        }
        assertThat(cuts).as(name).isGreaterThanOrEqualTo(name.equals("superbpe") ? 0 : texts);
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void tokenize_longText_isSplitInPiecesAsAWholeWithSpecialTokensAround(LlamaLibrary library) {
        try (LlamaModel model = LlamaModel.load(library, TinyModels.f32(directory), ModelParameters.DEFAULT)) {
            LlamaVocabulary vocabulary = (LlamaVocabulary) model.vocabulary();
            String text = "the cat and the dog, ".repeat(1_000);
            int[] all = vocabulary.tokenize(text, true, false);
            assertThat(all[0]).isEqualTo(TinyModels.BEGINNING);
            assertThat(vocabulary.detokenize(all, false)).isEqualTo(" " + text);
            int[] twice = vocabulary.tokenize("the cat and the dog, ".repeat(2), false, false);
            int[] thrice = vocabulary.tokenize("the cat and the dog, ".repeat(3), false, false);
            assertThat(all).hasSize(1 + twice.length + 998 * (thrice.length - twice.length));
            assertThat(text.length()).isGreaterThan(4 * TextSplitter.SMALL_PIECE);
        }
    }

    @Test
    void of_charactersThatMergeWithNothing_areCutOffBehind() {
        List<String> tokens = List.of("ab");
        assertThat(cut("SPM", null, "abab", tokens)).isEqualTo("abab");
        assertThat(cut("SPM", null, "a\u4e2d\u4e2db", tokens)).isEqualTo("a\u4e2d|\u4e2d|b");
        assertThat(cut("SPM", null, "\ud83d\ude00\ud83d\ude00 \u2581x", tokens))
                .isEqualTo("\ud83d\ude00|\ud83d\ude00| \u2581x");
        assertThat(cut("BPE", "qwen2", "\u4e2d\u4e2d", tokens)).isEqualTo("\u4e2d\u4e2d");
    }

    /** The library's time for them grows with the square of their number: 60,000 at once took some 4 s. */
    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void next_manyCharactersThatNoTokenHas_leavesSmallPieces(LlamaLibrary library) {
        try (LlamaModel model = LlamaModel.load(library, TinyModels.f32(directory), ModelParameters.DEFAULT)) {
            TextCuts cuts = ((LlamaVocabulary) model.vocabulary()).cuts();
            for (String text :
                    List.of("\u4e2d", "\0\u200b\ufeff\u202e\ufdd0\ufdd1\u2060", "e\u0301\u0301", "\ud83d\ude00")) {
                String long60 = text.repeat(60_000 / text.length());
                assertThat(cuts.next(long60, TextSplitter.SMALL_PIECE))
                        .isLessThanOrEqualTo(TextSplitter.SMALL_PIECE + text.length());
            }
        }
    }

    @Test
    void of_tokenThatGoesAcrossAPlace_takesThatKindAway() {
        assertThat(cut("SPM", null, "a b", List.of())).isEqualTo("a| b");
        assertThat(cut("SPM", null, "a b", List.of("ea tb"))).isEqualTo("a b");
        assertThat(cut("SPM", null, "a b,c\nd", List.of("\ne,abcd"))).isEqualTo("a| b,c|\nd");
        assertThat(cut("BPE", "gpt-2", "a b,c\nd", List.of("e,"))).isEqualTo("a| b|,c|\nd");
        assertThat(cut("BPE", "of tomorrow", "a b,c\nd", List.of())).isEqualTo("a b,c\nd");
        assertThat(cut("BPE", "superbpe", "a b,c\nd", List.of())).isEqualTo("a b,c\nd");
        assertThat(cut("BPE", "exaone-moe", "a b,c\nd", List.of())).isEqualTo("a b|,c|\nd");
        assertThat(cut("UGM", null, "a b,c\nd", List.of())).isEqualTo("a b,c\nd");
        assertThat(cut("BPE", "qwen2", "1, 2", List.of())).isEqualTo("1|, 2");
        assertThat(cut("BPE", "qwen2", "\u4e2d\u3002\u6587", List.of())).isEqualTo("\u4e2d|\u3002\u6587");
    }

    /** The text with a bar at each place; tokens are looked for whole where the kind is BPE. */
    private static String cut(String kind, String pre, String text, List<String> tokens) {
        TextCuts cuts = TextCuts.of(kind, null, pre, new TextCuts.Tokens() {
            @Override
            public int size() {
                return tokens.size();
            }

            @Override
            public boolean isMatchedWhole(int token) {
                return false;
            }

            @Override
            public byte[] bytes() {
                return String.join("", tokens).getBytes(StandardCharsets.UTF_8);
            }

            @Override
            public int from(int token) {
                return 0;
            }

            @Override
            public int to(int token) {
                return bytes().length;
            }
        });
        StringBuilder cutText = new StringBuilder();
        for (int from = 0; from < text.length(); ) {
            int to = cuts.next(text, from + 1);
            cutText.append(from == 0 ? "" : "|").append(text, from, to);
            from = to;
        }
        return cutText.toString();
    }

    private static String escaped(String text) {
        StringBuilder escaped = new StringBuilder();
        text.chars()
                .forEach(c -> escaped.append(c < 0x20 || c > 0x7e ? "\\u%04x".formatted(c) : Character.toString(c)));
        return escaped.toString();
    }
}
