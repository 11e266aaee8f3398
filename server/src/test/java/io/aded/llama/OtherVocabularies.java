package io.aded.llama;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Models that are hardly more than a vocabulary of a kind that merges no pairs: words of BERT ({@code bert}), unigrams
 * ({@code t5}), RWKV's trie ({@code rwkv}), PLaMo's table ({@code plamo2}).
 */
public final class OtherVocabularies {
    private static final int DIMENSION = 32;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int BYTE = 6;

    private final List<String> tokens = new ArrayList<>();
    private final List<Integer> types = new ArrayList<>();

    private OtherVocabularies() {}

    /** The kinds that a library knows. */
    public static List<String> of(LlamaLibrary library) {
        return library.isBundled() ? List.of("bert", "t5", "rwkv") : List.of("bert", "t5", "rwkv", "plamo2");
    }

    /** Writes the model of a kind; its first tokens are those of the other tiny models. */
    public static Path write(Path directory, String kind) {
        try {
            return new OtherVocabularies()
                    .writer(kind)
                    .write(Files.createDirectories(directory).resolve("vocabulary-" + kind + ".gguf"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void add(int type, String... texts) {
        for (String text : texts) {
            if (!tokens.contains(text)) {
                tokens.add(text);
                types.add(type);
            }
        }
    }

    private GgufWriter writer(String kind) {
        add(UNKNOWN, "<unk>");
        add(CONTROL, "<s>", "</s>", "<|im_start|>", "<|im_end|>");
        if (kind.equals("rwkv")) {
            for (int b = 0; b < 256; b++) {
                boolean seen = b > ' ' && b < 127;
                add(1, b == '\\' ? "\\\\" : seen ? Character.toString(b) : "\\x%02x".formatted(b));
            }
        } else {
            for (int letter = ' ' + 1; letter < 127; letter++) {
                add(1, Character.toString(letter));
                if (kind.equals("bert")) {
                    add(1, "\u2581" + (char) letter);
                }
            }
        }
        if (kind.equals("plamo2")) {
            for (int b = 0; b < 256; b++) {
                add(BYTE, "<0x%02X>".formatted(b));
            }
        }
        add(1, "the", "cat", "aa", "aaaa", "\u4e2d", "im_", "\u2581the", "\u2581", "ing");
        add(USER_DEFINED, "<|user|>");
        float[] scores = new float[tokens.size()];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = -0.1f * i;
        }
        GgufWriter writer = new GgufWriter()
                .text("general.architecture", "llama")
                .text("general.name", "tiny " + kind)
                .integer("llama.vocab_size", tokens.size())
                .integer("llama.context_length", 4096)
                .integer("llama.embedding_length", DIMENSION)
                .integer("llama.block_count", 1)
                .integer("llama.feed_forward_length", DIMENSION)
                .integer("llama.attention.head_count", 2)
                .integer("llama.attention.head_count_kv", 2)
                .integer("llama.rope.dimension_count", DIMENSION / 2)
                .number("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                .text("tokenizer.ggml.model", kind)
                .texts("tokenizer.ggml.tokens", tokens)
                .numbers("tokenizer.ggml.scores", scores)
                .integers(
                        "tokenizer.ggml.token_type",
                        types.stream().mapToInt(Integer::intValue).toArray())
                .integer("tokenizer.ggml.unknown_token_id", 0)
                .integer("tokenizer.ggml.bos_token_id", 1)
                .integer("tokenizer.ggml.eos_token_id", 2)
                .integer("tokenizer.ggml.seperator_token_id", 2)
                .integer("tokenizer.ggml.padding_token_id", 0)
                .flag("tokenizer.ggml.add_space_prefix", kind.equals("t5"));
        float[] ones = new float[DIMENSION];
        Arrays.fill(ones, 1f);
        float[] square = new float[DIMENSION * DIMENSION];
        float[] rows = new float[DIMENSION * tokens.size()];
        writer.tensor("token_embd.weight", rows, DIMENSION, tokens.size());
        writer.tensor("blk.0.attn_norm.weight", ones, DIMENSION);
        for (String name : List.of("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")) {
            writer.tensor("blk.0." + name + ".weight", square, DIMENSION, DIMENSION);
        }
        return writer.tensor("blk.0.ffn_norm.weight", ones, DIMENSION)
                .tensor("output_norm.weight", ones, DIMENSION)
                .tensor("output.weight", rows, DIMENSION, tokens.size());
    }
}
