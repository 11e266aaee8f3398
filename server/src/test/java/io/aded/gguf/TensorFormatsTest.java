package io.aded.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.gguf.GgufFile.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class TensorFormatsTest {
    private static GgufFile model(String architecture, long experts, List<Tensor> tensors) {
        Map<String, Object> metadata = new HashMap<>();
        metadata.put("general.architecture", architecture);
        metadata.put(architecture + ".expert_count", experts);
        return new GgufFile(Path.of("model.gguf"), 1, 3, metadata, tensors, 0, TokenTexts.NONE, 32, 1);
    }

    private static Tensor tensor(String name, long... shape) {
        List<Long> sizes = Arrays.stream(shape).boxed().toList();
        return new Tensor(name, sizes, TensorType.F16, 0, 0);
    }

    /** The matrices that a mixture knows, of so many layers. */
    private static List<Tensor> layers(int count, long width) {
        List<Tensor> tensors = new ArrayList<>();
        tensors.add(tensor("token_embd.weight", width, 1000));
        tensors.add(tensor("output.weight", width, 1000));
        for (int i = 0; i < count; i++) {
            tensors.add(tensor("blk." + i + ".attn_norm.weight", width));
            tensors.add(tensor("blk." + i + ".attn_q.weight", width, width));
            tensors.add(tensor("blk." + i + ".attn_k.weight", width, width));
            tensors.add(tensor("blk." + i + ".attn_v.weight", width, width));
            tensors.add(tensor("blk." + i + ".attn_output.weight", width, width));
            tensors.add(tensor("blk." + i + ".ffn_down.weight", 2 * width, width));
            tensors.add(tensor("blk." + i + ".ffn_up.weight", width, 2 * width));
        }
        return tensors;
    }

    private static Map<String, TensorType> types(GgufFile model, Quantization target) {
        TensorFormats formats = new TensorFormats(model, model.tensors(), target);
        Map<String, TensorType> types = new HashMap<>();
        model.tensors().forEach(tensor -> types.put(tensor.name(), formats.of(tensor)));
        return types;
    }

    private static List<Integer> inSixBits(Map<String, TensorType> types, String tensor, int layers) {
        return IntStream.range(0, layers)
                .filter(i -> types.get("blk." + i + "." + tensor) == TensorType.Q6_K)
                .boxed()
                .toList();
    }

    /** The file of TinyLlama that llama-quantize makes has six bits in these layers. */
    @Test
    void of_mixtureOfTwentyTwoLayers_hasSixBitsWhereTheyMatter() {
        Map<String, TensorType> types = types(model("llama", 0, layers(22, 2048)), Quantization.Q4_K_M);

        List<Integer> layers = List.of(0, 1, 4, 7, 10, 13, 16, 19, 20, 21);
        assertThat(inSixBits(types, "attn_v.weight", 22)).isEqualTo(layers);
        assertThat(inSixBits(types, "ffn_down.weight", 22)).isEqualTo(layers);
        assertThat(inSixBits(types, "ffn_up.weight", 22)).isEmpty();
        assertThat(types)
                .containsEntry("output.weight", TensorType.Q6_K)
                .containsEntry("token_embd.weight", TensorType.Q4_K)
                .containsEntry("blk.0.attn_q.weight", TensorType.Q4_K)
                .containsEntry("blk.2.attn_v.weight", TensorType.Q4_K)
                .containsEntry("blk.0.attn_norm.weight", TensorType.F16);
    }

    @Test
    void of_otherFormats_haveOneTypeAndSixBitsForTheOutput() {
        GgufFile model = model("llama", 0, layers(8, 256));
        for (Quantization target : Quantization.values()) {
            Map<String, TensorType> types = types(model, target);
            assertThat(types)
                    .containsEntry("blk.3.attn_q.weight", target.matrices())
                    .containsEntry("output.weight", target == Quantization.Q8_0 ? TensorType.Q8_0 : TensorType.Q6_K)
                    .containsEntry("blk.0.attn_norm.weight", TensorType.F16);
        }
        assertThat(types(model, Quantization.Q4_K)).containsEntry("blk.0.ffn_down.weight", TensorType.Q4_K);
    }

    @Test
    void of_embeddingThatServesAsOutput_isTreatedAsOne() {
        List<Tensor> tied = layers(2, 256);
        tied.removeIf(tensor -> tensor.name().equals("output.weight"));

        assertThat(types(model("llama", 0, tied), Quantization.Q4_0))
                .containsEntry("token_embd.weight", TensorType.Q6_K)
                .containsEntry("blk.0.attn_q.weight", TensorType.Q4_0);
    }

    /** Rows of 576, as of SmolLM2, are no multiple of 256; rows of 16 fit nothing. */
    @Test
    void of_rowsThatDoNotFit_fallBack() {
        GgufFile odd = model("llama", 0, layers(8, 576));
        assertThat(types(odd, Quantization.Q4_K_M))
                .containsEntry("blk.2.attn_q.weight", TensorType.Q5_0)
                .containsEntry("blk.0.attn_v.weight", TensorType.Q8_0)
                .containsEntry("output.weight", TensorType.Q8_0);
        assertThat(types(odd, Quantization.Q6_K)).containsEntry("blk.2.attn_q.weight", TensorType.Q8_0);
        assertThat(types(odd, Quantization.Q4_0))
                .containsEntry("blk.2.attn_q.weight", TensorType.Q4_0)
                .containsEntry("output.weight", TensorType.Q8_0);
        assertThat(types(model("llama", 0, layers(1, 16)), Quantization.Q4_K))
                .containsEntry("blk.0.attn_q.weight", TensorType.F16);
        assertThat(Quantization.Q4_K_M.suits(odd)).isFalse();
        assertThat(Quantization.Q8_0.suits(odd)).isTrue();
        assertThat(Quantization.Q4_K_M.suits(model("llama", 0, layers(8, 512)))).isTrue();
    }

    @Test
    void of_eightExperts_haveEightBitsForKeysAndValues() {
        List<Tensor> tensors = layers(16, 256);
        tensors.add(tensor("blk.2.ffn_gate_inp.weight", 256, 8));
        tensors.add(tensor("blk.3.ffn_down_exps.weight", 512, 256, 8));
        tensors.add(tensor("blk.4.ffn_down_exps.weight", 512, 256, 8));
        Map<String, TensorType> types = types(model("llama", 8, tensors), Quantization.Q4_K_M);

        assertThat(types)
                .containsEntry("blk.5.attn_k.weight", TensorType.Q8_0)
                .containsEntry("blk.5.attn_v.weight", TensorType.Q8_0)
                .containsEntry("blk.5.attn_output.weight", TensorType.Q5_K)
                .containsEntry("blk.2.ffn_gate_inp.weight", TensorType.F16)
                .containsEntry("blk.3.ffn_down_exps.weight", TensorType.Q4_K)
                .containsEntry("blk.4.ffn_down_exps.weight", TensorType.Q6_K);
    }

    @Test
    void of_falconAndSeventyBillion_areSpecial() {
        Map<String, TensorType> falcon = types(model("falcon", 0, layers(32, 256)), Quantization.Q4_K_M);
        assertThat(falcon)
                .containsEntry("output.weight", TensorType.Q8_0)
                .containsEntry("blk.1.ffn_down.weight", TensorType.Q6_K)
                .containsEntry("blk.2.ffn_down.weight", TensorType.Q5_K)
                .containsEntry("blk.4.ffn_down.weight", TensorType.Q4_K);
        assertThat(types(model("llama", 0, layers(80, 256)), Quantization.Q4_K_M))
                .containsEntry("blk.10.attn_v.weight", TensorType.Q5_K)
                .containsEntry("blk.12.attn_v.weight", TensorType.Q6_K);
    }

    /** A convolution, a state or a position that code reads as floats. */
    @Test
    void of_smallMatricesOfOtherArchitectures_stay() {
        List<Tensor> tensors = layers(1, 256);
        tensors.add(tensor("blk.0.ssm_conv1d.weight", 256, 512));
        tensors.add(tensor("blk.0.time_mix_w1.weight", 256, 512));
        tensors.add(tensor("position_embd.weight", 256, 512));
        tensors.add(tensor("blk.0.attn_q.bias", 256, 512));
        Map<String, TensorType> types = types(model("mamba", 0, tensors), Quantization.Q8_0);

        for (Tensor added : tensors.subList(tensors.size() - 4, tensors.size())) {
            assertThat(types).containsEntry(added.name(), TensorType.F16);
        }
    }
}
