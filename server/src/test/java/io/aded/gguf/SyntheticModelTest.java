package io.aded.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.gguf.SyntheticModel.Shape;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.llama.ModelParameters;
import io.aded.llama.TinyModels;
import io.aded.model.ContextParameters;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SyntheticModelTest {
    private static final Shape TINY = new Shape("tiny", 2, 256, 4, 2, 512, 0, 512, 10_000f);

    @TempDir
    private Path directory;

    @ParameterizedTest
    @EnumSource
    void write_eachFormat_isAModelThatGoesRoundInItsCircle(SyntheticFormat format) throws Exception {
        Path file = directory.resolve("random.gguf");
        List<Long> written = new ArrayList<>();
        SyntheticModel.write(
                TINY, format, 1, TinyModels.f32(directory), file, (bytes, total) -> written.add(total - bytes));

        GgufFile header = GgufFile.read(file);
        header.requireModel();
        assertThat(header.quantization()).isEqualTo(format.name());
        assertThat(header.string("tokenizer.chat_template")).isNotNull();
        assertThat(written)
                .isSortedAccordingTo((a, b) -> Long.compare(b, a))
                .last()
                .isEqualTo(0L);
        try (LlamaModel model = LlamaModel.load(LlamaLibrary.bundled(), file, ModelParameters.DEFAULT);
                TargetContext context =
                        model.newContext(ContextParameters.ofCells(64).withThreads(1))) {
            int vocabulary = model.vocabulary().size();
            int token = 17;
            TokenBatch batch = new TokenBatch();
            for (int position = 0; position < 24; position++) {
                batch.clear();
                batch.add(token, position, 0, true);
                context.decode(batch);
                int next = context.bestToken(0);
                assertThat(next).isEqualTo(SyntheticModel.after(token, vocabulary));
                token = next;
            }
        }
    }

    @Test
    void write_largerVocabulary_isPadded() throws Exception {
        Path file = directory.resolve("random.gguf");
        Shape wide = new Shape("wide", 1, 256, 4, 2, 512, 1000, 512, 10_000f);
        SyntheticModel.write(wide, SyntheticFormat.Q8_0, 1, TinyModels.f32(directory), file, (bytes, total) -> {});

        GgufFile header = GgufFile.read(file);
        header.requireModel();
        assertThat(header.metadata().get("tokenizer.ggml.tokens"))
                .isInstanceOfSatisfying(
                        GgufFile.Array.class, array -> assertThat(array.count()).isEqualTo(1000));
        try (LlamaModel model = LlamaModel.load(LlamaLibrary.bundled(), file, ModelParameters.DEFAULT)) {
            assertThat(model.vocabulary().size()).isEqualTo(1000);
            assertThat(model.vocabulary().detokenize(model.vocabulary().tokenize("the cat", false, false), false))
                    .isEqualTo(" the cat");
        }
    }

    @Test
    void write_sameSeed_givesTheSameBytes() throws Exception {
        Path vocabulary = TinyModels.f32(directory);
        Path one = directory.resolve("one.gguf");
        Path two = directory.resolve("two.gguf");
        Path other = directory.resolve("other.gguf");
        SyntheticModel.write(TINY, SyntheticFormat.Q4_0, 1, vocabulary, one, (bytes, total) -> {});
        SyntheticModel.write(TINY, SyntheticFormat.Q4_0, 1, vocabulary, two, (bytes, total) -> {});
        SyntheticModel.write(TINY, SyntheticFormat.Q4_0, 2, vocabulary, other, (bytes, total) -> {});

        assertThat(Files.mismatch(one, two)).isEqualTo(-1);
        assertThat(Files.mismatch(one, other)).isNotEqualTo(-1);
    }

    @Test
    void write_whatDoesNotFit_isRefusedAndLeavesNothing() throws Exception {
        Path file = directory.resolve("random.gguf");
        Path vocabulary = TinyModels.f32(directory);
        Shape odd = new Shape("odd", 1, 64, 4, 2, 128, 0, 512, 10_000f);
        assertThatThrownBy(() -> SyntheticModel.write(odd, SyntheticFormat.Q4_K, 1, vocabulary, file, (b, t) -> {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("multiples of 256");
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).containsExactly(vocabulary);
        }
    }

    @Test
    void after_aWholeCircle_visitsEveryTokenOnce() {
        for (int vocabulary : new int[] {1, 2, 7, 100, 32_000, 128_256}) {
            boolean[] seen = new boolean[vocabulary];
            int token = 0;
            for (int i = 0; i < vocabulary; i++) {
                assertThat(seen[token]).isFalse();
                seen[token] = true;
                token = SyntheticModel.after(token, vocabulary);
            }
        }
    }
}
