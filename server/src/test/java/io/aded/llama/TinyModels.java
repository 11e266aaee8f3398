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
 * Real models without a download: the llama architecture with random weights, a fraction of a megabyte, written where
 * the test says.
 *
 * <p>The text that they make has no meaning, but it is not degenerate either. Attention is as strong as the residual
 * stream, so what comes next depends on what came before; the rows of the output matrix are zero for byte and control
 * tokens, so that these practically never win and the text is readable and does not end early.
 */
public final class TinyModels {
    /** Tokens that no text is made of: unknown, beginning, end, and the two marks of ChatML. */
    public static final int UNKNOWN = 0;

    public static final int BEGINNING = 1;
    public static final int END = 2;

    /** The token of byte 0; the others follow in order. */
    public static final int FIRST_BYTE = 5;

    /** How many tokens of context the models say that they were trained on. */
    public static final int TRAINED_CONTEXT = 4096;

    private static final int DIMENSION = 64;
    private static final int HEADS = 4;
    private static final int KEY_VALUE_HEADS = 2;
    private static final int HEAD_SIZE = DIMENSION / HEADS;
    private static final int FEED_FORWARD = 128;
    private static final int LAYERS = 2;

    private TinyModels() {}

    /** Writes a model with F32 weights and seed 1 into a directory, and returns the file. */
    public static Path f32(Path directory) {
        return f32(directory, 1);
    }

    /** Writes a model with F32 weights into a directory, and returns the file. The same seed gives the same bytes. */
    public static Path f32(Path directory, long seed) {
        try {
            return writer(seed).write(Files.createDirectories(directory).resolve("tiny-" + seed + "-f32.gguf"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The model as a writer, for tests that change it before it is written. */
    public static GgufWriter writer(long seed) {
        return writer(seed, LAYERS);
    }

    /** With more layers than the others, for tests that need passes which take their time. */
    public static GgufWriter writer(long seed, int layers) {
        Random random = new Random(seed);
        Vocabulary words = Vocabulary.create();
        int vocabulary = words.tokens().size();
        int firstText = words.firstText();
        GgufWriter writer = new GgufWriter()
                .text("general.architecture", "llama")
                .text("general.name", "tiny random llama " + seed)
                .integer("general.file_type", 0)
                .integer("llama.vocab_size", vocabulary)
                .integer("llama.context_length", TRAINED_CONTEXT)
                .integer("llama.embedding_length", DIMENSION)
                .integer("llama.block_count", layers)
                .integer("llama.feed_forward_length", FEED_FORWARD)
                .integer("llama.attention.head_count", HEADS)
                .integer("llama.attention.head_count_kv", KEY_VALUE_HEADS)
                .integer("llama.rope.dimension_count", HEAD_SIZE)
                .number("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                .number("llama.rope.freq_base", 10_000f)
                .text(
                        "tokenizer.chat_template",
                        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n"
                                + "' + message['content'] + '<|im_end|>' + '\\n"
                                + "' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n"
                                + "' }}{% endif %}");

        words.describe(writer);
        writer.tensor("token_embd.weight", normal(random, DIMENSION * vocabulary, 1f), DIMENSION, vocabulary);
        for (int layer = 0; layer < layers; layer++) {
            String block = "blk." + layer + ".";
            int keyValue = KEY_VALUE_HEADS * HEAD_SIZE;
            writer.tensor(block + "attn_norm.weight", ones(DIMENSION), DIMENSION);
            // Sharp attention: queries and keys are larger than a trained model's at the start.
            writer.tensor(block + "attn_q.weight", matrix(random, DIMENSION, DIMENSION, 1.5f), DIMENSION, DIMENSION);
            writer.tensor(block + "attn_k.weight", matrix(random, DIMENSION, keyValue, 1.5f), DIMENSION, keyValue);
            writer.tensor(block + "attn_v.weight", matrix(random, DIMENSION, keyValue, 1.5f), DIMENSION, keyValue);
            writer.tensor(
                    block + "attn_output.weight", matrix(random, DIMENSION, DIMENSION, 1.5f), DIMENSION, DIMENSION);
            writer.tensor(block + "ffn_norm.weight", ones(DIMENSION), DIMENSION);
            writer.tensor(
                    block + "ffn_gate.weight", matrix(random, DIMENSION, FEED_FORWARD, 1f), DIMENSION, FEED_FORWARD);
            writer.tensor(
                    block + "ffn_up.weight", matrix(random, DIMENSION, FEED_FORWARD, 1f), DIMENSION, FEED_FORWARD);
            writer.tensor(
                    block + "ffn_down.weight", matrix(random, FEED_FORWARD, DIMENSION, 1f), FEED_FORWARD, DIMENSION);
        }
        writer.tensor("output_norm.weight", ones(DIMENSION), DIMENSION);
        float[] output = matrix(random, DIMENSION, vocabulary, 2.5f);
        Arrays.fill(output, 0, firstText * DIMENSION, 0f);
        writer.tensor("output.weight", output, DIMENSION, vocabulary);
        return writer;
    }

    /**
     * Writes a recurrent model (Mamba) of the same vocabulary into a directory, and returns the file: one that cannot
     * take back what it has read.
     */
    public static Path recurrent(Path directory) {
        Random random = new Random(3);
        int inner = 2 * DIMENSION;
        int state = 16;
        int rank = 4;
        Vocabulary words = Vocabulary.create();
        int vocabulary = words.tokens().size();
        GgufWriter writer = new GgufWriter()
                .text("general.architecture", "mamba")
                .text("general.name", "tiny random mamba")
                .integer("general.file_type", 0)
                .integer("mamba.vocab_size", vocabulary)
                .integer("mamba.context_length", TRAINED_CONTEXT)
                .integer("mamba.embedding_length", DIMENSION)
                .integer("mamba.feed_forward_length", 0)
                .integer("mamba.attention.head_count", 0)
                .integer("mamba.block_count", LAYERS)
                .integer("mamba.ssm.conv_kernel", 4)
                .integer("mamba.ssm.inner_size", inner)
                .integer("mamba.ssm.state_size", state)
                .integer("mamba.ssm.time_step_rank", rank)
                .number("mamba.attention.layer_norm_rms_epsilon", 1e-5f);
        words.describe(writer);
        writer.tensor("token_embd.weight", normal(random, DIMENSION * vocabulary, 1f), DIMENSION, vocabulary);
        for (int layer = 0; layer < LAYERS; layer++) {
            String block = "blk." + layer + ".";
            float[] decay = new float[state * inner];
            Arrays.fill(decay, -1f);
            writer.tensor(block + "attn_norm.weight", ones(DIMENSION), DIMENSION);
            writer.tensor(block + "ssm_in.weight", matrix(random, DIMENSION, 2 * inner, 1f), DIMENSION, 2 * inner);
            writer.tensor(block + "ssm_conv1d.weight", normal(random, 4 * inner, 0.5f), 4, inner);
            writer.tensor(block + "ssm_conv1d.bias", new float[inner], inner);
            writer.tensor(block + "ssm_x.weight", matrix(random, inner, rank + 2 * state, 1f), inner, rank + 2 * state);
            writer.tensor(block + "ssm_dt.weight", matrix(random, rank, inner, 1f), rank, inner);
            writer.tensor(block + "ssm_dt.bias", new float[inner], inner);
            writer.tensor(block + "ssm_a", decay, state, inner);
            writer.tensor(block + "ssm_d", ones(inner), inner);
            writer.tensor(block + "ssm_out.weight", matrix(random, inner, DIMENSION, 1f), inner, DIMENSION);
        }
        writer.tensor("output_norm.weight", ones(DIMENSION), DIMENSION);
        writer.tensor("output.weight", matrix(random, DIMENSION, vocabulary, 2.5f), DIMENSION, vocabulary);
        try {
            return writer.write(Files.createDirectories(directory).resolve("tiny-recurrent.gguf"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The tokens of all these models; those from {@code firstText} on are texts. */
    private record Vocabulary(List<String> tokens, float[] scores, int[] types, int firstText) {
        static Vocabulary create() {
            List<String> tokens = new ArrayList<>();
            List<Float> scores = new ArrayList<>();
            List<Integer> types = new ArrayList<>();
            add(tokens, scores, types, "<unk>", 0, 2);
            add(tokens, scores, types, "<s>", 0, 3);
            add(tokens, scores, types, "</s>", 0, 3);
            add(tokens, scores, types, "<|im_start|>", 0, 3);
            add(tokens, scores, types, "<|im_end|>", 0, 3);
            for (int b = 0; b < 256; b++) {
                add(tokens, scores, types, "<0x%02X>".formatted(b), 0, 6);
            }
            int firstText = tokens.size();
            // Longer pieces have better scores, so that the tokeniser merges up to them.
            for (String word : List.of(
                    "▁the", "▁cat", "▁dog", "▁and", "▁sun", "▁sea", "ing", "ed", "er", "▁a", "▁t", "▁c", "▁d", "▁s",
                    "th", "in", "he", "an", "▁")) {
                add(tokens, scores, types, word, word.length() - 20f, 1);
            }
            for (String part : List.of("▁th", "ca", "▁ca", "do", "▁do", "▁an", "su", "▁su", "se", "▁se")) {
                add(tokens, scores, types, part, part.length() - 22f, 1);
            }
            for (char letter = 'a'; letter <= 'z'; letter++) {
                add(tokens, scores, types, String.valueOf(letter), -30f - (letter - 'a'), 1);
            }
            for (String mark :
                    List.of(".", ",", "!", "?", "{", "}", "\"", ":", "0", "1", "2", "3", "4", "5", "é", "ß")) {
                add(tokens, scores, types, mark, -60f, 1);
            }
            float[] scoreArray = new float[tokens.size()];
            for (int i = 0; i < scoreArray.length; i++) {
                scoreArray[i] = scores.get(i);
            }
            return new Vocabulary(
                    tokens,
                    scoreArray,
                    types.stream().mapToInt(Integer::intValue).toArray(),
                    firstText);
        }

        void describe(GgufWriter writer) {
            writer.text("tokenizer.ggml.model", "llama")
                    .texts("tokenizer.ggml.tokens", tokens)
                    .numbers("tokenizer.ggml.scores", scores)
                    .integers("tokenizer.ggml.token_type", types)
                    .integer("tokenizer.ggml.bos_token_id", BEGINNING)
                    .integer("tokenizer.ggml.eos_token_id", END)
                    .integer("tokenizer.ggml.unknown_token_id", UNKNOWN)
                    .flag("tokenizer.ggml.add_bos_token", true)
                    .flag("tokenizer.ggml.add_eos_token", false);
        }
    }

    private static void add(
            List<String> tokens, List<Float> scores, List<Integer> types, String token, float score, int type) {
        tokens.add(token);
        scores.add(score);
        types.add(type);
    }

    /** Keeps the variance of what goes through it, times the square of the gain. */
    private static float[] matrix(Random random, int inputs, int outputs, float gain) {
        return normal(random, inputs * outputs, gain / (float) Math.sqrt(inputs));
    }

    private static float[] normal(Random random, int count, float deviation) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian() * deviation;
        }
        return values;
    }

    private static float[] ones(int count) {
        float[] values = new float[count];
        Arrays.fill(values, 1f);
        return values;
    }
}
