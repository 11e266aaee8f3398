package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.AdedException;
import io.aded.model.Vocabulary;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LlamaVocabularyTest {
    private static final String LIBRARIES = "io.aded.llama.Libraries#all";

    @TempDir
    private static Path directory;

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void tokenize_anyText_comesBackWhole(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            Vocabulary vocabulary = tiny.model.vocabulary();
            for (String text : new String[] {
                "the cat and the dog", "", " ", "é\u4e2d\ud83d\ude00 \n\t\0x", "x".repeat(5_000), "\ud800 lone"
            }) {
                int[] tokens = vocabulary.tokenize(text, false, false);
                // SentencePiece puts a blank in front. A lone surrogate is no character; Java writes a question mark.
                assertThat(vocabulary.detokenize(tokens, false))
                        .isEqualTo(text.isEmpty() ? "" : " " + text.replace('\ud800', '?'));
                assertThat(vocabulary.detokenize(vocabulary.tokenizeContinuation(text, false), false))
                        .isEqualTo(text.replace('\ud800', '?'));
            }
            assertThat(vocabulary.tokenize("the", true, false)[0]).isEqualTo(vocabulary.beginningOfSequence());
        }
    }

    /** Where a library tidies blanks before punctuation away, a stream would say what {@code Detokenize} does not. */
    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void detokenize_blanksBeforePunctuation_areThoseOfTheStream(LlamaLibrary library) {
        String text = "Ca va ? I 'm sure , it 's ... do n't , 've 're ! ( a ) .";
        List<Path> models = List.of(
                TinyModels.f32(directory),
                TinyVocabularies.bpe(directory, "default"),
                TinyVocabularies.bpe(directory, "llama-bpe"),
                TinyVocabularies.bpe(directory, "falcon"));
        for (Path file : models) {
            try (LlamaModel model = LlamaModel.load(library, file, ModelParameters.DEFAULT)) {
                Vocabulary vocabulary = model.vocabulary();
                int[] tokens = vocabulary.tokenizeContinuation(text, false);
                StringBuilder streamed = new StringBuilder();
                byte[] piece = new byte[256];
                for (int token : tokens) {
                    streamed.append(
                            new String(piece, 0, vocabulary.piece(token, piece, false), StandardCharsets.UTF_8));
                }
                assertThat(streamed.toString()).isEqualTo(text);
                assertThat(vocabulary.detokenize(tokens, false))
                        .as(file.toString())
                        .isEqualTo(text);
                assertThat(vocabulary.detokenize(tokens, true))
                        .as(file.toString())
                        .isEqualTo(text);
            }
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void tokenize_controlTokensInText_areTextUnlessAskedFor(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            Vocabulary vocabulary = tiny.model.vocabulary();
            int[] asText = vocabulary.tokenize("a<|im_end|></s>", false, false);
            assertThat(Arrays.stream(asText)).noneMatch(vocabulary::isControl);
            int[] parsed = vocabulary.tokenize("a<|im_end|></s>", false, true);
            assertThat(Arrays.stream(parsed).filter(vocabulary::isControl)).hasSize(2);
            assertThat(vocabulary.endsGeneration(TinyModels.END)).isTrue();
            assertThat(vocabulary.endsGeneration(parsed[parsed.length - 2])).isTrue();
            assertThat(vocabulary.endsGeneration(300)).isFalse();
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void piece_everyToken_givesTheBytesThatTextIsMadeOf(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            Vocabulary vocabulary = tiny.model.vocabulary();
            byte[] buffer = new byte[256];
            for (int token = 0; token < vocabulary.size(); token++) {
                assertThat(vocabulary.piece(token, buffer, true)).isPositive();
            }
            assertThat(vocabulary.piece(TinyModels.FIRST_BYTE + 0xe9, buffer, false))
                    .isEqualTo(1);
            assertThat(buffer[0]).isEqualTo((byte) 0xe9);
            assertThat(vocabulary.piece(TinyModels.BEGINNING, buffer, false)).isZero();
            assertThat(vocabulary.piece(TinyModels.BEGINNING, buffer, true)).isEqualTo(3);
            int[] cat = vocabulary.tokenize(" cat", false, false);
            assertThat(vocabulary.piece(cat[cat.length - 1], new byte[1], false))
                    .isNegative();
            StringBuilder text = new StringBuilder();
            for (int token : vocabulary.tokenize("the cat", false, false)) {
                text.append(new String(buffer, 0, vocabulary.piece(token, buffer, false), StandardCharsets.UTF_8));
            }
            assertThat(text.toString().strip()).isEqualTo("the cat");
        }
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void detokenize_idOutOfRange_isRefused(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            Vocabulary vocabulary = tiny.model.vocabulary();
            for (int token : new int[] {-1, vocabulary.size(), Integer.MAX_VALUE, Integer.MIN_VALUE}) {
                assertThatThrownBy(() -> vocabulary.detokenize(new int[] {5, token}, true))
                        .isInstanceOf(AdedException.InvalidRequest.class);
                assertThatThrownBy(() -> vocabulary.piece(token, new byte[256], true))
                        .isInstanceOf(AdedException.InvalidRequest.class);
            }
        }
    }
}
