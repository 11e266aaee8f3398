package io.aded.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.llama.TinyModels;
import io.aded.llama.TinyVocabularies;
import io.aded.model.AdedException;
import io.aded.testing.Seeds;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelChecksTest {
    @TempDir
    private static Path directory;

    private static byte[] whole;

    @BeforeAll
    static void write() throws IOException {
        whole = Files.readAllBytes(TinyModels.f32(directory));
    }

    private static GgufFile changed(UnaryOperator<EditableGguf> change) throws IOException {
        return GgufFile.readModel(Files.write(
                directory.resolve("changed.gguf"),
                change.apply(EditableGguf.parse(whole)).toBytes()));
    }

    private static void refused(String because, UnaryOperator<EditableGguf> change) throws IOException {
        GgufFile file = changed(change);
        assertThatThrownBy(file::requireModel)
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining(because);
    }

    private static void accepted(UnaryOperator<EditableGguf> change) throws IOException {
        GgufFile file = changed(change);
        assertThatCode(file::requireModel).doesNotThrowAnyException();
    }

    @Test
    void parse_thenToBytes_isTheSameFile() {
        assertThat(EditableGguf.parse(whole).toBytes()).isEqualTo(whole);
    }

    @Test
    void namesWithoutEnd_areNotRepeatedInMessages() throws IOException {
        refused(
                "general.architecture has 100000 characters",
                gguf -> gguf.text("general.architecture", "x".repeat(100_000)));
        byte[] twice = EditableGguf.parse(whole)
                .text("k".repeat(60_000), "a")
                .text("K".repeat(60_000), "a")
                .toBytes();
        int second = new String(twice, StandardCharsets.ISO_8859_1).indexOf("KKKK");
        Arrays.fill(twice, second, second + 60_000, (byte) 'k');
        Path path = Files.write(directory.resolve("twice.gguf"), twice);
        assertThatThrownBy(() -> GgufFile.read(path))
                .hasMessageContaining("the entry kkkk")
                .satisfies(e -> assertThat(e.getMessage().length()).isLessThan(1_000));
    }

    @Test
    void scoresAndTypes_asTheLineReadsThem() throws IOException {
        int count = EditableGguf.parse(whole).texts("tokenizer.ggml.tokens").size();
        for (String key : List.of("tokenizer.ggml.scores", "tokenizer.ggml.token_type")) {
            accepted(gguf -> gguf.integers(key, new int[count]));
            accepted(gguf -> gguf.integers(key, new int[count + 3]));
            accepted(gguf -> gguf.remove(key));
            refused(key + " is not an array of " + count, gguf -> gguf.integers(key, new int[count - 1]));
            refused(key + " is not an array of " + count, gguf -> gguf.integer(key, 1));
            refused(key + " is not an array of " + count, gguf -> gguf.texts(key, List.of("a")));
        }
        GgufFile integers = changed(gguf -> gguf.integers("tokenizer.ggml.scores", new int[count]));
        assertThatThrownBy(() -> integers.requireModel(new LineLimits(256, Map.of(), false)))
                .hasMessageContaining("elements of type f32");
    }

    @Test
    void preTokeniser_whitespace_onlyWithTheTokeniserThatDropsBlanks() throws IOException {
        refused(
                "tokenizer.ggml.pre is whitespace",
                gguf -> gguf.text("tokenizer.ggml.model", "gpt2").text("tokenizer.ggml.pre", "whitespace"));
        accepted(gguf -> gguf.text("tokenizer.ggml.model", "whitespace").text("tokenizer.ggml.pre", "whitespace"));
    }

    @Test
    void headCounts_perLayer_areAccepted() throws IOException {
        accepted(gguf -> gguf.integers("llama.attention.head_count", 4, 4));
        accepted(gguf -> gguf.integers("llama.attention.head_count_kv", 2, 0));
        refused("has 3 numbers", gguf -> gguf.integers("llama.attention.head_count_kv", 2, 2, 2));
        refused("head_count_kv is 5; allowed: 0 to 4", gguf -> gguf.integers("llama.attention.head_count_kv", 2, 5));
        refused("head_count is -1", gguf -> gguf.integers("llama.attention.head_count", 4, -1));
        refused("head_count is 0", gguf -> gguf.integer("llama.attention.head_count", 0));
        accepted(gguf -> gguf.text("general.architecture", "mamba")
                .integer("mamba.block_count", 2)
                .integer("mamba.embedding_length", 64)
                .integer("mamba.context_length", 64)
                .integer("mamba.attention.head_count", 0));
    }

    @Test
    void experts_asManyAsTheLineTakes() throws IOException {
        UnaryOperator<EditableGguf> kimi =
                gguf -> gguf.integer("llama.expert_count", 384).integer("llama.expert_used_count", 8);
        accepted(kimi);
        GgufFile file = changed(kimi);
        assertThatThrownBy(() -> file.requireModel(new LineLimits(256, Map.of(), false)))
                .hasMessageContaining("expert_count is 384; allowed: 0 to 256");
        refused("expert_count is 2000", gguf -> gguf.integer("llama.expert_count", 2000));
        refused("does not say how many of them work", gguf -> gguf.integer("llama.expert_count", 8));
        refused(
                "expert_used_count is 0",
                gguf -> gguf.integer("llama.expert_count", 8).integer("llama.expert_used_count", 0));
        refused(
                "expert_used_count is 9",
                gguf -> gguf.integer("llama.expert_count", 8).integer("llama.expert_used_count", 9));
        refused("expert_used_count is 1; allowed: 0 to 0", gguf -> gguf.integer("llama.expert_used_count", 1));
        refused(
                "does not divide",
                gguf -> gguf.integer("llama.expert_count", 8)
                        .integer("llama.expert_used_count", 2)
                        .integer("llama.expert_group_count", 3));
    }

    @Test
    void layers_outOfWhatThePatternNeeds_areRefused() throws IOException {
        refused("nextn_predict_layers is 2; allowed: 0 to 1", gguf -> gguf.integer("llama.nextn_predict_layers", 2));
        GgufFile file = changed(gguf -> gguf);
        assertThatThrownBy(() -> file.requireModel(new LineLimits(256, Map.of("llama", 3), false)))
                .hasMessageContaining("has 2 layers; llama needs at least 3");
    }

    @Test
    void tensors_ofTypesThatNothingTakes_areRefused() throws IOException {
        for (TensorType type : List.of(
                TensorType.Q8_1, TensorType.I8, TensorType.I16, TensorType.I32, TensorType.I64, TensorType.F64)) {
            refused("has the type " + type.label(), gguf -> gguf.retype("blk.0.attn_q.weight", type));
        }
        refused("norms and biases must be F32", gguf -> gguf.retype("blk.1.ffn_norm.weight", TensorType.F16));
        refused("norms and biases must be F32", gguf -> gguf.retype("output_norm.weight", TensorType.BF16));
        accepted(gguf -> gguf.retype("blk.0.attn_q.weight", TensorType.Q8_0));
    }

    @Test
    void alignment_lessThanTensorsNeed_isRefused() throws IOException {
        refused("aligned to 8 bytes", gguf -> gguf.align(8));
        refused("aligned to 16 bytes", gguf -> gguf.align(16));
        accepted(gguf -> gguf.align(64));
        Path wrong = Files.write(
                directory.resolve("alignment.gguf"),
                EditableGguf.parse(whole)
                        .set(
                                "general.alignment",
                                EditableGguf.U64,
                                EditableGguf.buffer(8).putLong(32).array())
                        .toBytes());
        assertThatThrownBy(() -> GgufFile.read(wrong)).hasMessageContaining("general.alignment");
    }

    @Test
    void tokens_withoutATokeniserOrTooLong_areRefused_emptyOnesMayRepeat() throws IOException {
        refused("no tokeniser", gguf -> gguf.text("tokenizer.ggml.model", "no_vocab"));
        refused("no tokeniser", gguf -> gguf.text("tokenizer.ggml.model", "none"));
        refused("no tokeniser", gguf -> gguf.remove("tokenizer.ggml.model"));
        refused("merges is not an array of texts", gguf -> gguf.integers("tokenizer.ggml.merges", 1));
        accepted(gguf -> withToken(gguf, "x".repeat(2048), "a tail"));
        refused("a token of 70000 bytes", gguf -> withToken(gguf, "x".repeat(70_000), "a tail"));
        accepted(gguf -> withToken(gguf, "", ""));
        refused("has the text of an earlier one", gguf -> withToken(gguf, "same", "same"));
    }

    /** The last two tokens have these texts. */
    private static EditableGguf withToken(EditableGguf gguf, String one, String other) {
        List<String> tokens = gguf.texts("tokenizer.ggml.tokens");
        tokens.set(tokens.size() - 2, one);
        tokens.set(tokens.size() - 1, other);
        return gguf.texts("tokenizer.ggml.tokens", tokens);
    }

    @Test
    void architecture_thatGeneratesNothing_isRefused() throws IOException {
        refused("encodes texts", gguf -> gguf.text("general.architecture", "t5"));
        refused("encodes texts", gguf -> gguf.text("general.architecture", "nomic-bert"));
        refused("mmproj", gguf -> gguf.text("general.architecture", "clip"));
        refused("rope.scaling.type is unknown", gguf -> gguf.text("llama.rope.scaling.type", "spiral"));
        accepted(gguf -> gguf.text("llama.rope.scaling.type", "yarn"));
    }

    @Test
    void readModel_inSeveralFiles_isOneModel() throws IOException {
        EditableGguf first = EditableGguf.parse(whole);
        EditableGguf second = EditableGguf.parse(whole);
        int half = first.tensors.size() / 2;
        first.tensors.subList(half, first.tensors.size()).clear();
        second.tensors.subList(0, half).clear();
        second.entries.clear();
        int all = EditableGguf.parse(whole).tensors.size();
        Path one = part(first, 0, all, "m-00001-of-00002.gguf");
        assertThatThrownBy(() -> GgufFile.readModel(one)).hasMessageContaining("m-00002-of-00002.gguf is missing");
        Path two = part(second, 1, all, "m-00002-of-00002.gguf");
        GgufFile model = GgufFile.readModel(one);
        model.requireModel();
        assertThat(model.tensors()).hasSize(all);
        assertThat(model.size()).isEqualTo(Files.size(one) + Files.size(two));
        assertThatThrownBy(() -> GgufFile.readModel(part(first, 0, all, "other.gguf")))
                .hasMessageContaining("only finds if its name ends in -00001-of-00002.gguf");
        assertThatThrownBy(() -> GgufFile.read(one).requireModel()).hasMessageContaining("cannot be used alone");
        EditableGguf last = EditableGguf.parse(whole).integer("split.no", 1).integer("split.count", 2);
        Path named = Files.write(directory.resolve("n-00002-of-00002.gguf"), last.toBytes());
        assertThatThrownBy(() -> GgufFile.readModel(named).requireModel())
                .hasMessageContaining("part 2 of a model in 2 files; name the first");
    }

    private static Path part(EditableGguf gguf, int number, int tensors, String name) throws IOException {
        return Files.write(
                directory.resolve(name),
                gguf.set("split.no", 2, new byte[] {(byte) number, 0})
                        .set("split.count", 2, new byte[] {2, 0})
                        .set("split.tensors.count", EditableGguf.I32, EditableGguf.int32(tensors))
                        .toBytes());
    }

    @Test
    void requireModel_mutatedFiles_areAcceptedOrRefusedWithAReason() throws IOException {
        Path file = directory.resolve("mutant.gguf");
        int accepted = 0;
        long seed = Seeds.next();
        for (int i = 0; i < 400; i++) {
            Files.write(file, GgufMutations.mutate(whole, seed + i));
            try {
                GgufFile.readModel(file).requireModel();
                accepted++;
            } catch (AdedException.InvalidArtifact e) {
                assertThat(e.getMessage()).contains("is not a usable GGUF file: ");
            } catch (RuntimeException e) {
                throw new AssertionError("mutant " + i + " of seed " + seed, e);
            }
        }
        assertThat(accepted).as("seed " + seed).isBetween(40, 360);
    }

    @Test
    void everyTinyVocabulary_isAccepted() throws IOException {
        GgufFile.readModel(TinyVocabularies.bpe(directory, "tekken")).requireModel();
    }
}
