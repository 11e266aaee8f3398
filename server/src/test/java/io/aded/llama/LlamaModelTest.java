package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import io.aded.model.TopTokens;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LlamaModelTest {
    @TempDir
    private static Path directory;

    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void decode_greedyOnTinyModel_makesVariedText(LlamaLibrary library) {
        Path file = TinyModels.f32(directory);
        try (LlamaModel model = LlamaModel.load(library, file, ModelParameters.DEFAULT);
                TargetContext context = model.newContext(ContextParameters.ofCells(512))) {
            int[] prompt = model.vocabulary().tokenize("the cat and the dog", true, false);
            TokenBatch batch = new TokenBatch();
            for (int i = 0; i < prompt.length; i++) {
                batch.add(prompt[i], i, 0, i == prompt.length - 1);
            }
            int[] made = new int[64];
            TopTokens best = new TopTokens(4);
            for (int i = 0; i < made.length; i++) {
                assertThat(context.decode(batch)).isEqualTo(DecodeOutcome.DECODED);
                context.topTokens(batch.size() - 1, best);
                made[i] = best.token(0);
                batch.clear();
                batch.add(made[i], prompt.length + i, 0, true);
            }
            assertThat(Arrays.stream(made).distinct().count()).isGreaterThan(8);
        }
    }
}
