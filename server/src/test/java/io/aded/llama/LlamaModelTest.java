package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import io.aded.model.TopTokens;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
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

    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void load_withListener_tellsProgressAndEndsWhenItThrows(LlamaLibrary library) {
        Path file = TinyModels.f32(directory);
        List<Double> shares = new ArrayList<>();
        LlamaModel.load(library, file, ModelParameters.DEFAULT.withProgress(shares::add))
                .close();
        assertThat(shares).isSorted().last().isEqualTo(1.0);

        ModelParameters impatient = ModelParameters.DEFAULT.withProgress(share -> {
            throw new AdedException.Cancelled("enough");
        });
        assertThatThrownBy(() -> LlamaModel.load(library, file, impatient)).isInstanceOf(AdedException.Cancelled.class);
    }

    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void load_everyWayOfHoldingWeights_givesTheSameModel(LlamaLibrary library) {
        Path file = TinyModels.f32(directory);
        for (boolean mapped : new boolean[] {true, false}) {
            ModelParameters parameters =
                    new ModelParameters(0, 0, ModelParameters.SplitMode.NONE, List.of(1f), mapped, false, null);
            try (LlamaModel model = LlamaModel.load(library, file, parameters)) {
                assertThat(model.info().parameters()).isEqualTo(model.file().parameters());
                assertThat(model.info().recurrent()).isFalse();
                assertThat(model.info().devices()).containsExactly("CPU");
                assertThat(model.info().trainedContext()).isEqualTo(TinyModels.TRAINED_CONTEXT);
            }
        }
        ModelParameters tooMany = new ModelParameters(
                0, 0, ModelParameters.SplitMode.LAYER, Collections.nCopies(100, 1f), true, false, null);
        assertThatThrownBy(() -> LlamaModel.load(library, file, tooMany))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining("100 shares");
    }

    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void load_fileTheLibraryRefuses_saysWhyInItsWords(LlamaLibrary library) throws IOException {
        // Well-formed, but a tensor is missing.
        byte[] bytes = Files.readAllBytes(TinyModels.f32(directory));
        String text =
                new String(bytes, StandardCharsets.ISO_8859_1).replace("output_norm.weight", "output_morn.weight");
        Path file = Files.write(directory.resolve("missing.gguf"), text.getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> LlamaModel.load(library, file, ModelParameters.DEFAULT))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("output_norm.weight");
    }

    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void decode_thousandsOfPasses_allocateNothing(LlamaLibrary library) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Tiny tiny = new Tiny(library, directory)) {
            TokenBatch batch = new TokenBatch();
            TopTokens best = new TopTokens(8);
            long allocated = Long.MAX_VALUE;
            // The first rounds are interpreted and compiled, which allocates.
            for (int round = 0; round < 10 && allocated > 16; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int pass = 0; pass < 1_000; pass++) {
                    batch.clear();
                    batch.add(262, 0, 0, true);
                    batch.add(263, 1, 0, true);
                    tiny.context.decode(batch);
                    tiny.context.topTokens(0, best);
                    tiny.context.topTokens(1, best);
                    tiny.context.removeTokens(0, 0, -1);
                }
                allocated = (threads.getCurrentThreadAllocatedBytes() - before) / 1_000;
            }
            assertThat(allocated).as("bytes a pass").isLessThanOrEqualTo(16);
        }
    }

    @Test
    void sized_sizeThatTheLibraryDoesNotName_isTheCountedOne() {
        assertThat(LlamaModel.sized("llama ?B Q8_0", 134_515_008)).isEqualTo("llama 135M Q8_0");
        assertThat(LlamaModel.sized("qwen3 ?B Q4_0", 1_720_574_976)).isEqualTo("qwen3 1.7B Q4_0");
        assertThat(LlamaModel.sized("llama 1B Q8_0", 1_100_048_384)).isEqualTo("llama 1B Q8_0");
    }
}
