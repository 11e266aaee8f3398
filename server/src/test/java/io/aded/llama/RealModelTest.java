package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.aded.model.ChatMessage;
import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.SamplingParameters;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import io.aded.model.TokenSampler;
import io.aded.testing.SharedFiles;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RealModelTest {
    private static final String LIBRARIES = "io.aded.llama.Libraries#all";

    private static final String CHAT = "<|im_start|>user\nSay hello in English.<|im_end|>\n<|im_start|>assistant\n";

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void decode_stories260K_tellsTheSameStoryOnEveryLibrary(LlamaLibrary library) {
        String text = greedy(library, "stories260K-F32.gguf", "Once upon a time", 60);
        assertThat(text)
                .isEqualTo(
                        ", there was a little girl named Lily. She loved to play outside in the park. One day, she saw"
                                + " a big, red ball. She wanted to play with it, but it was too high.\n"
                                + "Lily");
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void decode_quantisedModelWithBytePairs_writesWords(LlamaLibrary library) {
        Path file = model("minimind2-small-Q8_0.gguf");
        try (LlamaModel model = LlamaModel.load(library, file, ModelParameters.DEFAULT)) {
            assertThat(model.vocabulary().kind()).isEqualTo("BPE");
            assertThat(model.info().quantization()).isEqualTo("Q8_0");
            String prompt = model.chatTemplate()
                    .render(List.of(new ChatMessage("user", "Say hello.")), true)
                    .text();
            assertThat(prompt).contains("Say hello.").endsWith("<|im_start|>assistant\n");
            for (String word : new String[] {"Hello, world", "\u4f60\u597d", "\ud83d\ude00"}) {
                int[] tokens = model.vocabulary().tokenize(word, false, false);
                assertThat(model.vocabulary().detokenize(tokens, false)).isEqualTo(word);
            }
        }
        assertThat(greedy(library, "minimind2-small-Q8_0.gguf", CHAT, 24)).matches("(?s).*[a-z]{3,} [a-z]+.*");
    }

    private static String greedy(LlamaLibrary library, String name, String prompt, int count) {
        Path file = model(name);
        try (LlamaModel model = LlamaModel.load(library, file, ModelParameters.DEFAULT);
                TargetContext context = model.newContext(
                        ContextParameters.ofCells(256).withMaxSequences(4).withThreads(1));
                TokenSampler sampler = model.newSampler(SamplingParameters.GREEDY)) {
            int[] tokens = model.vocabulary().tokenize(prompt, true, true);
            TokenBatch batch = new TokenBatch();
            for (int i = 0; i < tokens.length; i++) {
                batch.add(tokens[i], i, 0, i == tokens.length - 1);
            }
            int[] made = new int[count];
            for (int i = 0; i < count; i++) {
                assertThat(context.decode(batch)).isEqualTo(DecodeOutcome.DECODED);
                made[i] = sampler.sample(context, batch.size() - 1);
                batch.clear();
                batch.add(made[i], tokens.length + i, 0, true);
            }
            return model.vocabulary().detokenize(made, false);
        }
    }

    private static Path model(String name) {
        Optional<Path> file = SharedFiles.find("models/" + name);
        assumeTrue(file.isPresent());
        return file.orElseThrow();
    }
}
