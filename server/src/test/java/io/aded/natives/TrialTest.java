package io.aded.natives;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.llama.ModelParameters;
import io.aded.model.ContextParameters;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import io.aded.model.TopTokens;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TrialTest {
    @TempDir
    private Path directory;

    @Test
    void model_isWhatTrialModelMakes() throws IOException {
        try (InputStream in = Objects.requireNonNull(Trial.class.getResourceAsStream(BuiltInModel.RESOURCE))) {
            assertThat(new GZIPInputStream(in).readAllBytes()).isEqualTo(TrialModel.bytes());
        }
    }

    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void run_aLibraryThatWorks_passes(LlamaLibrary library) {
        Verdict verdict = Trial.run(library.path(), false);

        assertThat(verdict.problem()).isNull();
        assertThat(verdict.library()).contains(library.version());
        assertThat(verdict.devices()).isNotEmpty();
    }

    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void run_gpuNeededWhereThereIsNone_saysSo(LlamaLibrary library) {
        if (library.devices().stream().noneMatch(Verdict::isGpu)) {
            assertThat(Trial.run(library.path(), true).problem()).contains("finds no GPU");
        }
    }

    /** Half precision keeps three digits; the answers must not hang on the fourth. */
    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void answer_winsByAWideMargin(LlamaLibrary library) throws IOException {
        Path file = Files.write(directory.resolve("trial.gguf"), TrialModel.bytes());
        try (LlamaModel model = LlamaModel.load(library, file, ModelParameters.DEFAULT);
                TargetContext context = model.newContext(ContextParameters.ofCells(64))) {
            TokenBatch batch = new TokenBatch();
            for (int i = 0; i < Trial.PROMPT.length; i++) {
                batch.add(Trial.PROMPT[i], i, 0, i == Trial.PROMPT.length - 1);
            }
            TopTokens best = new TopTokens(2);
            for (int i = 0; i < Trial.ANSWER.length; i++) {
                context.decode(batch);
                int row = batch.size() - 1;
                context.topTokens(row, best);
                assertThat(best.token(0)).isEqualTo(Trial.ANSWER[i]);
                assertThat(context.logit(row, best.token(0)) - context.logit(row, best.token(1)))
                        .isGreaterThan(0.5f);
                batch.clear();
                batch.add(best.token(0), Trial.PROMPT.length + i, 0, true);
            }
        }
    }

    @Test
    void run_noLibrary_saysWhatIsWrong() {
        assertThat(Trial.run(directory, false).problem()).contains("cannot be loaded", "no llama.cpp library");
    }
}
