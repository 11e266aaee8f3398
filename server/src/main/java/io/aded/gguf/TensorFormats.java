package io.aded.gguf;

import io.aded.gguf.GgufFile.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What each tensor of a model becomes in a format: the choice that {@code llama-quantize} makes without an importance
 * matrix (llama.cpp, {@code src/llama-quant.cpp}).
 *
 * <pre>
 * vectors, norms, routers, positions, convolutions   stay
 * output, or the embedding that serves as output     Q6_K, but Q8_0 in a Q8_0 file
 * Q4_K_M: attention's values, feed-forward's way     Q6_K in the first and last eighth of the layers
 *         back                                       and in each third one between
 * all other matrices                                 the format's own type
 * rows that are no multiple of 256                   Q5_0 for Q4_K, Q5_1 for Q5_K, Q8_0 for Q6_K
 * rows that fit no type at all                       stay
 * </pre>
 */
final class TensorFormats {
    private static final Pattern BLOCK = Pattern.compile("blk\\.(\\d{1,4})\\..*");

    /** Parts of names of matrices that are small, or looked at by code that takes floats only. */
    private static final List<String> UNTOUCHED = List.of(
            "_norm.weight",
            "ffn_gate_inp.weight",
            "ffn_gate_tid2eid.weight",
            "altup",
            "laurel",
            "per_layer_model_proj",
            "position_embd",
            "token_types.weight",
            "ssm_conv1d",
            "shortconv.conv.weight",
            "indexer.k_proj.weight",
            "indexer.q_proj.weight",
            "time_mix_first.weight",
            "time_mix_w0.weight",
            "time_mix_w1.weight",
            "time_mix_w2.weight",
            "time_mix_v0.weight",
            "time_mix_v1.weight",
            "time_mix_v2.weight",
            "time_mix_a0.weight",
            "time_mix_a1.weight",
            "time_mix_a2.weight",
            "time_mix_g1.weight",
            "time_mix_g2.weight",
            "time_mix_decay_w1.weight",
            "time_mix_decay_w2.weight",
            "time_mix_lerp_fused.weight",
            "attn_rel_b.weight");

    /** The models of this shape share a head of values among eight of queries: more bits cost little. */
    private static final int LAYERS_OF_70B = 80;

    private final Quantization target;
    private final boolean falcon;
    private final boolean seventyBillion;
    private final long experts;
    private final int layers;
    private final boolean outputIsEmbedding;
    /** By block: how many before it have such a tensor. */
    private final Map<Integer, Integer> values = new HashMap<>();

    private final Map<Integer, Integer> waysBack = new HashMap<>();

    /**
     * For a model that has these tensors.
     *
     * @param model says what it is
     * @param tensors its tensors, or what is left of them, by the names that they have in the new file
     */
    TensorFormats(GgufFile model, List<Tensor> tensors, Quantization target) {
        this.target = target;
        falcon = model.architecture().equals("falcon");
        experts = model.integer(model.architecture() + ".expert_count", 0);
        layers = 1
                + tensors.stream()
                        .mapToInt(tensor -> block(tensor.name()))
                        .max()
                        .orElse(-1);
        seventyBillion = model.architecture().equals("llama") && layers == LAYERS_OF_70B;
        outputIsEmbedding = tensors.stream().noneMatch(tensor -> tensor.name().equals("output.weight"));
        count(tensors, true, values);
        count(tensors, false, waysBack);
    }

    private static void count(List<Tensor> tensors, boolean ofValues, Map<Integer, Integer> before) {
        tensors.stream()
                .map(Tensor::name)
                .filter(name -> ofValues ? isValues(name) : isWayBack(name))
                .map(TensorFormats::block)
                .sorted()
                .distinct()
                .forEach(block -> before.put(block, before.size()));
    }

    /** The type of this tensor in the new file. */
    TensorType of(Tensor tensor) {
        if (stays(tensor)) {
            return tensor.type();
        }
        long row = tensor.shape().getFirst();
        TensorType wanted = wanted(tensor.name());
        if (row % wanted.blockElements() != 0) {
            wanted = switch (wanted) {
                case Q4_K -> TensorType.Q5_0;
                case Q5_K -> TensorType.Q5_1;
                case Q6_K -> TensorType.Q8_0;
                default -> wanted;
            };
        }
        return row % wanted.blockElements() == 0 ? wanted : tensor.type();
    }

    private static boolean stays(Tensor tensor) {
        String name = tensor.name();
        return tensor.shape().size() < 2
                || !name.endsWith(".weight")
                || tensor.type().isInteger()
                || UNTOUCHED.stream().anyMatch(name::contains);
    }

    private TensorType wanted(String name) {
        boolean isEmbedding = name.equals("token_embd.weight") || name.equals("per_layer_token_embd.weight");
        if (name.equals("output.weight") || outputIsEmbedding && isEmbedding) {
            return falcon || target == Quantization.Q8_0 ? TensorType.Q8_0 : TensorType.Q6_K;
        }
        if (target != Quantization.Q4_K_M || isEmbedding) {
            return target.matrices();
        }
        if (isValues(name)) {
            if (experts == 8) {
                return TensorType.Q8_0;
            }
            TensorType type =
                    isWorthMore(values.getOrDefault(block(name), 0), values.size()) ? TensorType.Q6_K : TensorType.Q4_K;
            return seventyBillion && type == TensorType.Q4_K ? TensorType.Q5_K : type;
        }
        if (name.contains("attn_k.weight") && experts == 8) {
            return TensorType.Q8_0;
        }
        if (name.contains("attn_output.weight") && experts == 8 && !falcon) {
            return TensorType.Q5_K;
        }
        return isWayBack(name) ? wayBack(name) : TensorType.Q4_K;
    }

    private TensorType wayBack(String name) {
        int layer = experts > 1 ? block(name) : waysBack.getOrDefault(block(name), 0);
        if (falcon && layer >= layers / 16) {
            return isWorthMore(layer, layers) ? TensorType.Q5_K : TensorType.Q4_K;
        }
        return falcon || isWorthMore(layer, layers) ? TensorType.Q6_K : TensorType.Q4_K;
    }

    /** The first and the last eighth, and each third one between. */
    static boolean isWorthMore(int layer, int layers) {
        return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
    }

    private static boolean isValues(String name) {
        return name.contains("attn_v.weight") || name.contains("attn_qkv.weight") || name.contains("attn_kv_b.weight");
    }

    private static boolean isWayBack(String name) {
        return name.contains("ffn_down") && name.endsWith(".weight");
    }

    /** The number of the block that a tensor belongs to, or -1. */
    static int block(String name) {
        Matcher matcher = BLOCK.matcher(name);
        return matcher.matches() ? Integer.parseInt(matcher.group(1)) : -1;
    }
}
