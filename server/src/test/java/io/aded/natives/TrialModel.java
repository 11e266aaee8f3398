package io.aded.natives;

import io.aded.llama.GgufWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;

/**
 * Makes the model that builds are tried with. Its weights are multiples of a quarter, so that they compress to a sixth;
 * its answers win by wide margins.
 */
final class TrialModel {
    private static final int WIDTH = 64;
    private static final int LAYERS = 1;
    private static final int VOCABULARY = 272;
    private static final int FIRST_TEXT = 259;
    private static final long SEED = 3;

    private TrialModel() {}

    /** Writes the resource anew; the argument is its path. */
    public static void main(String[] arguments) throws IOException {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(compressed) {
            {
                def.setLevel(Deflater.BEST_COMPRESSION);
            }
        }) {
            out.write(bytes());
        }
        Files.write(Path.of(arguments[0]), compressed.toByteArray());
    }

    static byte[] bytes() {
        Random random = new Random(SEED);
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        for (int b = 0; b < 256; b++) {
            tokens.add("<0x%02X>".formatted(b));
        }
        for (char letter = 'a'; tokens.size() < VOCABULARY; letter++) {
            tokens.add(String.valueOf(letter));
        }
        int[] types = new int[VOCABULARY];
        Arrays.fill(types, 6);
        Arrays.fill(types, FIRST_TEXT, VOCABULARY, 1);
        types[0] = 2;
        types[1] = 3;
        types[2] = 3;
        GgufWriter writer = new GgufWriter()
                .text("general.architecture", "llama")
                .text("general.name", "trial")
                .integer("general.file_type", 0)
                .integer("llama.vocab_size", VOCABULARY)
                .integer("llama.context_length", 64)
                .integer("llama.embedding_length", WIDTH)
                .integer("llama.block_count", LAYERS)
                .integer("llama.feed_forward_length", WIDTH)
                .integer("llama.attention.head_count", 1)
                .integer("llama.attention.head_count_kv", 1)
                .integer("llama.rope.dimension_count", WIDTH)
                .number("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                .number("llama.rope.freq_base", 10_000f)
                .text("tokenizer.ggml.model", "llama")
                .texts("tokenizer.ggml.tokens", tokens)
                .numbers("tokenizer.ggml.scores", new float[VOCABULARY])
                .integers("tokenizer.ggml.token_type", types)
                .integer("tokenizer.ggml.bos_token_id", 1)
                .integer("tokenizer.ggml.eos_token_id", 2)
                .integer("tokenizer.ggml.unknown_token_id", 0);
        writer.tensor("token_embd.weight", rows(random, 4f), WIDTH, VOCABULARY);
        writer.tensor("blk.0.attn_norm.weight", ones(), WIDTH);
        for (String name : List.of("attn_q", "attn_k", "attn_v", "attn_output")) {
            writer.tensor("blk.0." + name + ".weight", weights(random, WIDTH * WIDTH, 16f), WIDTH, WIDTH);
        }
        writer.tensor("blk.0.ffn_norm.weight", ones(), WIDTH);
        for (String name : List.of("ffn_gate", "ffn_up", "ffn_down")) {
            writer.tensor("blk.0." + name + ".weight", weights(random, WIDTH * WIDTH, 32f), WIDTH, WIDTH);
        }
        writer.tensor("output_norm.weight", ones(), WIDTH);
        writer.tensor("output.weight", rows(random, 8f), WIDTH, VOCABULARY);
        return writer.toBytes();
    }

    /** A row for each token; those of byte and control tokens are zero, so that they never win. */
    private static float[] rows(Random random, float divisor) {
        float[] rows = new float[WIDTH * VOCABULARY];
        float[] text = weights(random, WIDTH * (VOCABULARY - FIRST_TEXT), divisor);
        System.arraycopy(text, 0, rows, WIDTH * FIRST_TEXT, text.length);
        return rows;
    }

    private static float[] weights(Random random, int count, float divisor) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = Math.round(random.nextGaussian() * 4) / divisor;
        }
        return values;
    }

    private static float[] ones() {
        float[] values = new float[WIDTH];
        Arrays.fill(values, 1f);
        return values;
    }
}
