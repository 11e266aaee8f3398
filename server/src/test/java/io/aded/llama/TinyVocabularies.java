package io.aded.llama;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Models that are hardly more than a vocabulary: one for each pre-tokeniser that llama.cpp knows, with a byte-level
 * vocabulary whose merges go across every kind of character, so that a text that is split at a wrong place shows.
 */
public final class TinyVocabularies {
    /** Each regular expression of b4916 once, by one of its names. */
    static final List<String> BUNDLED = List.of(
            "default",
            "llama-bpe",
            "deepseek-llm",
            "deepseek-v3",
            "deepseek-coder",
            "falcon",
            "starcoder",
            "gpt-2",
            "stablelm2",
            "qwen2",
            "bloom",
            "chatglm-bpe",
            "viking",
            "tekken",
            "chameleon",
            "gpt-4o");
    /** Those that v0.5.0 has beside or instead. */
    static final List<String> NEWER = List.of(
            "jais-2",
            "spark2_5",
            "youtu",
            "qwen35",
            "granite-embed-multi-97m",
            "tiny_aya",
            "kimi-k2",
            "superbpe",
            "bailingmoe",
            "seed-coder",
            "ufakzeka",
            "grok-2",
            "afmoe",
            "laguna",
            "exaone-moe",
            "minicpm5",
            "minimax-m2",
            "hy_v4",
            "cohere2moe",
            "solar-open",
            "trillion",
            "command-r");

    private static final int DIMENSION = 32;
    private static final String ALPHABET = "abcABC019 ,.\n\r'(!\t";

    private TinyVocabularies() {}

    /** The pre-tokenisers of a library. */
    static List<String> of(LlamaLibrary library) {
        List<String> all = new ArrayList<>(BUNDLED);
        if (!library.isBundled()) {
            all.addAll(NEWER);
        }
        return all;
    }

    /** Writes the model of a pre-tokeniser. */
    public static Path bpe(Path directory, String pre) {
        try {
            return writer(pre).write(Files.createDirectories(directory).resolve("bpe-" + pre + ".gguf"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes one of {@code llama-bpe} with other names for the two marks of ChatML. */
    public static Path named(Path directory, String start, String end) {
        try {
            return writer("llama-bpe", start, end)
                    .write(Files.createDirectories(directory).resolve("bpe-named.gguf"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The same before it is written. */
    static GgufWriter writer(String pre) {
        return writer(pre, "<|im_start|>", "<|im_end|>");
    }

    private static GgufWriter writer(String pre, String start, String end) {
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>", start, end));
        for (int b = 0; b < 256; b++) {
            tokens.add(letter(b));
        }
        List<String> merges = merges(tokens);
        int[] types = new int[tokens.size()];
        Arrays.fill(types, 1);
        types[0] = 2;
        Arrays.fill(types, 1, 5, 3);
        GgufWriter writer = new GgufWriter()
                .text("general.architecture", "llama")
                .text("general.name", "tiny " + pre)
                .integer("llama.vocab_size", tokens.size())
                .integer("llama.context_length", 4096)
                .integer("llama.embedding_length", DIMENSION)
                .integer("llama.block_count", 1)
                .integer("llama.feed_forward_length", DIMENSION)
                .integer("llama.attention.head_count", 2)
                .integer("llama.attention.head_count_kv", 2)
                .integer("llama.rope.dimension_count", DIMENSION / 2)
                .number("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                .text("tokenizer.ggml.model", "gpt2")
                .text("tokenizer.ggml.pre", pre)
                .texts("tokenizer.ggml.tokens", tokens)
                .integers("tokenizer.ggml.token_type", types)
                .texts("tokenizer.ggml.merges", merges)
                .integer("tokenizer.ggml.bos_token_id", 1)
                .integer("tokenizer.ggml.eos_token_id", 2);
        float[] ones = new float[DIMENSION];
        Arrays.fill(ones, 1f);
        Random random = new Random(1);
        writer.tensor("token_embd.weight", weights(random, tokens.size()), DIMENSION, tokens.size());
        writer.tensor("blk.0.attn_norm.weight", ones, DIMENSION);
        for (String name : List.of("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")) {
            writer.tensor("blk.0." + name + ".weight", weights(random, DIMENSION), DIMENSION, DIMENSION);
        }
        writer.tensor("blk.0.ffn_norm.weight", ones, DIMENSION);
        writer.tensor("output_norm.weight", ones, DIMENSION);
        writer.tensor("output.weight", weights(random, tokens.size()), DIMENSION, tokens.size());
        return writer;
    }

    /** Pairs of what there is, up to four characters long; their tokens are added. */
    private static List<String> merges(List<String> tokens) {
        Random random = new Random(7);
        List<String> parts = new ArrayList<>();
        ALPHABET.chars().forEach(c -> parts.add(letter(c)));
        List<String> merges = new ArrayList<>();
        while (merges.size() < 500) {
            String left = parts.get(random.nextInt(parts.size()));
            String right = parts.get(random.nextInt(parts.size()));
            if (left.length() + right.length() <= 4 && !tokens.contains(left + right)) {
                tokens.add(left + right);
                parts.add(left + right);
                merges.add(left + " " + right);
            }
        }
        return merges;
    }

    private static float[] weights(Random random, int rows) {
        float[] values = new float[rows * DIMENSION];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian() / 6;
        }
        return values;
    }

    /** The character that GPT-2's byte alphabet has for a byte: itself if it can be seen, else one from U+0100 on. */
    static String letter(int value) {
        int hidden = 0;
        for (int b = 0; b < 256; b++) {
            boolean seen = b >= 0x21 && b <= 0x7e || b >= 0xa1 && b <= 0xac || b >= 0xae;
            if (b == value) {
                return Character.toString(seen ? b : 256 + hidden);
            }
            hidden += seen ? 0 : 1;
        }
        throw new IllegalArgumentException("not a byte: " + value);
    }
}
