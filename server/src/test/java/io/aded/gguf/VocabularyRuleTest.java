package io.aded.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.llama.GgufWriter;
import io.aded.model.AdedException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class VocabularyRuleTest {
    @TempDir
    private Path directory;

    private int files;

    private static List<String> tokens(int count) {
        List<String> tokens = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            tokens.add("t" + i);
        }
        return tokens;
    }

    private static GgufWriter of(List<String> tokens) {
        return new GgufWriter()
                .text("general.architecture", "llama")
                .text("tokenizer.ggml.model", "llama")
                .texts("tokenizer.ggml.tokens", tokens);
    }

    private GgufFile file(GgufWriter writer) throws IOException {
        return GgufFile.read(writer.write(directory.resolve("v" + files++ + ".gguf")));
    }

    private void refused(GgufWriter draft, String... why) throws IOException {
        GgufFile target = file(of(tokens(300)));
        GgufFile other = file(draft);
        assertThatThrownBy(() -> VocabularyRule.require(target, other))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContainingAll(why);
    }

    @Test
    void require_sameTexts_allIdsAreCommon() throws IOException {
        assertThat(VocabularyRule.require(file(of(tokens(300))), file(of(tokens(300)))))
                .isEqualTo(300);
    }

    @Test
    void require_controlTokensWithOtherNames_areNotCompared() throws IOException {
        List<String> renamed = tokens(300);
        renamed.set(4, "<pad>");
        assertThat(VocabularyRule.require(file(of(tokens(300))), file(of(renamed))))
                .isEqualTo(300);
    }

    @Test
    void require_otherText_namesTheFirstIdThatDiffersAndBothTexts() throws IOException {
        List<String> other = tokens(300);
        other.set(5, "x\u001b[0m");
        other.set(7, "y");
        refused(of(other), "v1.gguf cannot draft for", "token 5 is \"x?[0m\" in it and \"t5\" in the target");
    }

    @Test
    void require_sizesWithin128_onlyTheCommonIdsCount() throws IOException {
        GgufFile target = file(of(tokens(300)));
        assertThat(VocabularyRule.require(target, file(of(tokens(172))))).isEqualTo(172);
        assertThat(VocabularyRule.require(target, file(of(tokens(428))))).isEqualTo(300);
        refused(of(tokens(171)), "171 tokens", "300");
        refused(of(tokens(429)), "429 tokens", "more than 128");
    }

    @Test
    void require_otherKindBeginningOrEnd_isRefused() throws IOException {
        UnaryOperator<GgufWriter> more = writer -> writer.texts("tokenizer.ggml.tokens", tokens(300));
        refused(more.apply(new GgufWriter().text("tokenizer.ggml.model", "gpt2")), "kind of vocabulary", "gpt2");
        GgufWriter all = new GgufWriter()
                .text("tokenizer.ggml.model", "gpt2")
                .texts("tokenizer.ggml.tokens", List.of("a", "b", "c", "d", "e", "f"));
        refused(all, "kind of vocabulary", "token 5 is \"f\" in it and \"t5\" in the target");
        refused(of(tokens(300)).integer("tokenizer.ggml.bos_token_id", 3), "begins a text is 3, the target's 1");
        refused(of(tokens(300)).integer("tokenizer.ggml.eos_token_id", 3), "ends a text is 3, the target's 2");
        refused(of(tokens(300)).flag("tokenizer.ggml.add_bos_token", false), "beginning texts");
        refused(of(tokens(300)).flag("tokenizer.ggml.add_eos_token", true), "ending texts");
    }

    @Test
    void require_whatTheFileDoesNotSay_isTheUsualOfItsKind() throws IOException {
        GgufFile silent = file(of(tokens(300)));
        GgufFile said = file(of(tokens(300))
                .integer("tokenizer.ggml.bos_token_id", 1)
                .integer("tokenizer.ggml.eos_token_id", 2)
                .flag("tokenizer.ggml.add_bos_token", true)
                .flag("tokenizer.ggml.add_eos_token", false));
        assertThat(VocabularyRule.require(silent, said)).isEqualTo(300);
        assertThat(VocabularyRule.require(said, silent)).isEqualTo(300);
    }
}
