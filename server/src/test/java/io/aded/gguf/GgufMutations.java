package io.aded.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Changes sound GGUF files as somebody would who knows the format: values, types and presence of entries, entries that
 * the library knows and the file does not have, types, shapes, names and number of tensors; and beneath that, cuts and
 * flipped bits. The same seed makes the same file.
 */
public final class GgufMutations {
    private static final int[] INTEGERS = {
        0,
        1,
        2,
        3,
        5,
        7,
        8,
        16,
        31,
        32,
        33,
        63,
        64,
        65,
        128,
        255,
        256,
        257,
        512,
        513,
        1023,
        4096,
        65_535,
        1 << 20,
        Integer.MAX_VALUE,
        -1,
        -2,
        Integer.MIN_VALUE
    };
    private static final float[] FLOATS = {
        0f, -0f, 1f, -1f, 0.5f, 1e-5f, 1e-30f, 1e30f, 10_000f, Float.NaN, Float.POSITIVE_INFINITY, Float.MIN_VALUE
    };
    private static final List<String> TEXTS = List.of(
            "",
            "llama",
            "gpt2",
            "bert",
            "t5",
            "rwkv",
            "none",
            "no_vocab",
            "plamo2",
            "gemma4",
            "default",
            "tekken",
            "whitespace",
            "superbpe",
            "qwen2",
            "linear",
            "yarn",
            "longrope",
            "spiral",
            "x".repeat(300),
            "\u0000",
            "%s%n");
    private static final List<String> ARCHITECTURES = List.of(
            "llama",
            "gemma",
            "gemma2",
            "gemma3",
            "qwen2",
            "qwen3",
            "qwen2moe",
            "phi3",
            "mamba",
            "rwkv6",
            "t5",
            "bert",
            "falcon",
            "gpt2",
            "gptneox",
            "bloom",
            "mpt",
            "starcoder2",
            "stablelm",
            "command-r",
            "cohere2",
            "deepseek2",
            "olmo2",
            "minicpm3",
            "jamba",
            "lfm2",
            "granitehybrid",
            "deci",
            "grok",
            "dbrx",
            "nemotron",
            "exaone",
            "openelm",
            "arctic",
            "chatglm",
            "jais",
            "plamo2",
            "smollm3",
            "clip",
            "nonsense");
    private static final List<String> KNOWN = List.of(
            "expert_count",
            "expert_used_count",
            "expert_feed_forward_length",
            "expert_shared_count",
            "expert_group_count",
            "expert_group_used_count",
            "nextn_predict_layers",
            "leading_dense_block_count",
            "interleave_moe_layer_step",
            "attention.key_length",
            "attention.value_length",
            "attention.sliding_window",
            "attention.sliding_window_pattern",
            "attention.causal",
            "attention.clamp_kqv",
            "attention.max_alibi_bias",
            "attention.scale",
            "attention.layer_norm_epsilon",
            "attention.head_count_kv",
            "attention.head_count",
            "attention.group_norm_groups",
            "rope.dimension_count",
            "rope.dimension_sections",
            "rope.freq_base",
            "rope.scaling.type",
            "rope.scaling.factor",
            "rope.scaling.original_context_length",
            "rope.scale_linear",
            "pooling_type",
            "use_parallel_residual",
            "tensor_data_layout",
            "vocab_size",
            "context_length",
            "embedding_length",
            "block_count",
            "feed_forward_length",
            "logit_scale",
            "ssm.conv_kernel",
            "ssm.inner_size",
            "ssm.state_size",
            "decoder_start_token_id",
            "attn_logit_softcapping",
            "final_logit_softcapping",
            "residual_scale",
            "embedding_scale");
    private static final List<String> KNOWN_ELSEWHERE = List.of(
            "general.alignment",
            "general.file_type",
            "general.quantization_version",
            "general.type",
            "general.name",
            "split.count",
            "split.no",
            "split.tensors.count",
            "tokenizer.ggml.pre",
            "tokenizer.ggml.model",
            "tokenizer.ggml.merges",
            "tokenizer.ggml.scores",
            "tokenizer.ggml.token_type",
            "tokenizer.ggml.token_type_count",
            "tokenizer.ggml.bos_token_id",
            "tokenizer.ggml.eos_token_id",
            "tokenizer.ggml.unknown_token_id",
            "tokenizer.ggml.padding_token_id",
            "tokenizer.ggml.eot_token_id",
            "tokenizer.ggml.eom_token_id",
            "tokenizer.ggml.seperator_token_id",
            "tokenizer.ggml.mask_token_id",
            "tokenizer.ggml.add_bos_token",
            "tokenizer.ggml.add_eos_token",
            "tokenizer.ggml.add_space_prefix",
            "tokenizer.ggml.remove_extra_whitespaces",
            "tokenizer.ggml.precompiled_charsmap",
            "tokenizer.ggml.fim_pre_token_id",
            "tokenizer.chat_template");

    private final byte[] whole;
    private final Random random;
    private String architecture = "llama";

    private GgufMutations(byte[] whole, long seed) {
        this.whole = whole;
        random = new Random(seed);
    }

    /** One changed file. */
    public static byte[] mutate(byte[] whole, long seed) {
        return new GgufMutations(whole, seed * 0x9E3779B97F4A7C15L).run();
    }

    private byte[] run() {
        EditableGguf gguf = EditableGguf.parse(whole);
        int changes = 1 + random.nextInt(random.nextInt(4) == 0 ? 4 : 1);
        for (int i = 0; i < changes; i++) {
            change(gguf);
        }
        byte[] bytes = gguf.toBytes();
        return switch (random.nextInt(12)) {
            case 0 -> Arrays.copyOf(bytes, random.nextInt(bytes.length));
            case 1 -> flipped(bytes);
            default -> bytes;
        };
    }

    private void change(EditableGguf gguf) {
        switch (random.nextInt(12)) {
            case 0, 1, 2 -> revalue(pick(gguf.entries));
            case 3 -> retype(pick(gguf.entries));
            case 4 -> gguf.entries.remove(random.nextInt(gguf.entries.size()));
            case 5, 6 -> {
                var entry = new EditableGguf.Entry("", 0, new byte[0]);
                retype(entry);
                gguf.set(
                        random.nextBoolean() ? architecture + "." + pick(KNOWN) : pick(KNOWN_ELSEWHERE),
                        entry.type,
                        entry.value);
            }
            case 7 -> rename(gguf, pick(ARCHITECTURES));
            case 8 -> {
                EditableGguf.Tensor tensor = pick(gguf.tensors);
                tensor.type = random.nextInt(43);
                fit(tensor);
            }
            case 9 -> reshape(pick(gguf.tensors));
            case 10 -> {
                EditableGguf.Tensor tensor = pick(gguf.tensors);
                tensor.name = random.nextBoolean() ? pick(gguf.tensors).name + "x" : pick(TEXTS) + ".weight";
            }
            default -> gguf.tensors.remove(random.nextInt(gguf.tensors.size()));
        }
    }

    private void revalue(EditableGguf.Entry entry) {
        if (entry.type == EditableGguf.ARRAY) {
            array(entry);
        } else {
            entry.value = value(entry.type);
        }
    }

    private void retype(EditableGguf.Entry entry) {
        entry.type = random.nextInt(13);
        if (entry.type == EditableGguf.ARRAY) {
            entry.value =
                    EditableGguf.buffer(12).putInt(random.nextInt(9)).putLong(0).array();
            array(entry);
        } else {
            entry.value = value(entry.type);
        }
    }

    /** Another length, other elements, or elements of another type. */
    private void array(EditableGguf.Entry entry) {
        ByteBuffer in = ByteBuffer.wrap(entry.value).order(ByteOrder.LITTLE_ENDIAN);
        int type = in.getInt();
        long count = in.getLong();
        if (random.nextInt(3) == 0 || type == EditableGguf.ARRAY) {
            type = List.of(0, 1, 4, 5, 6, 7, 8, 10, 12).get(random.nextInt(9));
        } else if (type != EditableGguf.STRING && random.nextBoolean()) {
            // The elements that there are, but for one.
            if (count > 0) {
                byte[] one = value(type);
                int place = 12 + random.nextInt((int) count) * one.length;
                System.arraycopy(one, 0, entry.value, place, one.length);
            }
            return;
        }
        int length = (int) Math.min(random.nextBoolean() ? count : INTEGERS[random.nextInt(20)], 4096);
        var out = new ByteArrayOutputStream();
        out.writeBytes(EditableGguf.buffer(12).putInt(type).putLong(length).array());
        for (int i = 0; i < length; i++) {
            out.writeBytes(value(type));
        }
        entry.value = out.toByteArray();
    }

    private byte[] value(int type) {
        int integer = INTEGERS[random.nextInt(INTEGERS.length)];
        return switch (type) {
            case 0, 1 -> new byte[] {(byte) integer};
            case 2, 3 -> EditableGguf.buffer(2).putShort((short) integer).array();
            case EditableGguf.U32, EditableGguf.I32 -> EditableGguf.int32(integer);
            case EditableGguf.F32 ->
                EditableGguf.buffer(4)
                        .putFloat(FLOATS[random.nextInt(FLOATS.length)])
                        .array();
            case EditableGguf.BOOL -> new byte[] {(byte) random.nextInt(random.nextInt(8) == 0 ? 3 : 2)};
            case EditableGguf.STRING -> EditableGguf.string(pick(TEXTS));
            case 12 ->
                EditableGguf.buffer(8)
                        .putDouble(FLOATS[random.nextInt(FLOATS.length)])
                        .array();
            default -> EditableGguf.buffer(8).putLong(integer).array();
        };
    }

    /** Another architecture, with the entries of this one under its name. */
    private void rename(EditableGguf gguf, String name) {
        for (EditableGguf.Entry entry : gguf.entries) {
            if (entry.key.startsWith(architecture + ".")) {
                entry.key = name + entry.key.substring(architecture.length());
            }
        }
        gguf.text("general.architecture", name);
        architecture = name;
    }

    private void reshape(EditableGguf.Tensor tensor) {
        int which = random.nextInt(tensor.shape.length);
        switch (random.nextInt(5)) {
            case 0 -> tensor.shape[which] = 1 + random.nextInt(300);
            case 1 -> tensor.shape[which] *= 2;
            case 2 -> tensor.shape[which] = Math.max(1, tensor.shape[which] / 2);
            case 3 -> tensor.shape = Arrays.copyOf(tensor.shape, 1 + random.nextInt(4));
            default -> {
                long first = tensor.shape[0];
                tensor.shape[0] = tensor.shape[tensor.shape.length - 1];
                tensor.shape[tensor.shape.length - 1] = first;
            }
        }
        for (int i = 0; i < tensor.shape.length; i++) {
            tensor.shape[i] = Math.max(1, tensor.shape[i]);
        }
        fit(tensor);
    }

    /** As much data as the tensor says, most of the time. */
    private void fit(EditableGguf.Tensor tensor) {
        if (random.nextInt(10) != 0) {
            tensor.data = Arrays.copyOf(tensor.data, (int) Math.min(1 << 24, EditableGguf.bytes(tensor)));
        }
    }

    private byte[] flipped(byte[] bytes) {
        for (int i = random.nextInt(4); i >= 0; i--) {
            int place = random.nextInt(random.nextBoolean() ? Math.min(1500, bytes.length) : bytes.length);
            bytes[place] ^= (byte) (1 << random.nextInt(8));
        }
        return bytes;
    }

    private <T> T pick(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }
}
