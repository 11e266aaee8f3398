package io.aded.gguf;

import io.aded.model.AdedException;
import java.util.List;

/**
 * What a file must say to be a language model, and what llama.cpp takes for granted about it: numbers that it would
 * answer with an assertion, which ends the process, or with writing beyond its arrays.
 */
final class ModelChecks {
    /** llama.cpp's own limit on layers; more would write beyond its arrays. */
    private static final int MOST_LAYERS = 512;
    /** The limit of the older line; it is an assertion there. */
    private static final int MOST_EXPERTS = 256;

    private final GgufFile file;

    ModelChecks(GgufFile file) {
        this.file = file;
    }

    /**
     * Runs all.
     *
     * @throws AdedException.InvalidArtifact if something is missing or out of range
     */
    void run() {
        String architecture = file.architecture();
        if (architecture.isEmpty()) {
            throw GgufFile.invalid(file.path(), "it does not name an architecture (general.architecture)");
        }
        if (file.tensors().isEmpty()) {
            throw GgufFile.invalid(file.path(), "it holds no tensors");
        }
        if (file.string("tokenizer.ggml.model") == null) {
            throw GgufFile.invalid(file.path(), "it has no tokeniser (tokenizer.ggml.model); it is not a text model");
        }
        within(architecture + ".block_count", 1, MOST_LAYERS);
        within(architecture + ".embedding_length", 1, 1 << 20);
        within(architecture + ".context_length", 1, Integer.MAX_VALUE);
        optional(architecture + ".attention.head_count", 1, 1 << 14);
        optional(
                architecture + ".attention.head_count_kv",
                0,
                file.integer(architecture + ".attention.head_count", 1 << 14));
        optional(architecture + ".expert_count", 0, MOST_EXPERTS);
        optional(architecture + ".expert_used_count", 0, file.integer(architecture + ".expert_count", 0));
        for (String norm : List.of("layer_norm_rms_epsilon", "layer_norm_epsilon", "group_norm_epsilon")) {
            String key = architecture + ".attention." + norm;
            double epsilon = file.number(key, 1e-5);
            if (!(epsilon >= 0 && epsilon <= 1)) {
                throw GgufFile.invalid(file.path(), key + " is " + epsilon + "; allowed: 0 to 1");
            }
        }
        requireTokens();
        for (String special : List.of("bos", "eos", "unknown", "separator", "padding", "eot", "eom")) {
            String key = "tokenizer.ggml." + special + "_token_id";
            // Some files use 0xFFFFFFFF, or the vocabulary's size, for "none"; the library ignores those.
            if (file.metadata().get(key) != null && !(file.metadata().get(key) instanceof Long)) {
                throw GgufFile.invalid(file.path(), key + " is not an integer");
            }
        }
    }

    private void requireTokens() {
        if (!(file.metadata().get(TokenTexts.KEY) instanceof GgufFile.Array tokens) || tokens.count() < 1) {
            throw GgufFile.invalid(file.path(), "its tokeniser has no tokens (" + TokenTexts.KEY + ")");
        }
        if (tokens.count() > 1 << 24) {
            throw GgufFile.invalid(file.path(), "it has " + tokens.count() + " tokens; allowed: up to " + (1 << 24));
        }
        if (file.tokenTexts().duplicate() >= 0) {
            throw GgufFile.invalid(
                    file.path(), "its token " + file.tokenTexts().duplicate() + " has the text of an earlier one");
        }
        if ("llama".equals(file.string("tokenizer.ggml.model"))
                && file.tokenTexts().byteTokens() != 256) {
            throw GgufFile.invalid(
                    file.path(),
                    "its tokeniser knows only " + file.tokenTexts().byteTokens()
                            + " of the 256 byte tokens <0x00> to <0xFF>, so it cannot split every text");
        }
        parallel("tokenizer.ggml.scores", "f32", tokens.count());
        parallel("tokenizer.ggml.token_type", "i32", tokens.count());
    }

    /** An array with one element a token, which the library reads without looking at its length. */
    private void parallel(String key, String elementType, long count) {
        Object value = file.metadata().get(key);
        if (value == null) {
            return;
        }
        if (!(value instanceof GgufFile.Array array)
                || !array.elementType().equals(elementType)
                || array.count() != count) {
            throw GgufFile.invalid(
                    file.path(), key + " is not an array of " + count + " elements of type " + elementType);
        }
    }

    private void within(String key, long least, long most) {
        if (!(file.metadata().get(key) instanceof Long value)) {
            throw GgufFile.invalid(file.path(), "it lacks the integer " + key);
        }
        if (value < least || value > most) {
            throw GgufFile.invalid(file.path(), key + " is " + value + "; allowed: " + least + " to " + most);
        }
    }

    private void optional(String key, long least, long most) {
        if (file.metadata().containsKey(key)) {
            within(key, least, most);
        }
    }
}
