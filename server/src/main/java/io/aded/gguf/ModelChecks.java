package io.aded.gguf;

import io.aded.model.AdedException;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a file must say to be a language model, and what llama.cpp takes for granted about it: numbers that it would
 * answer with an assertion, which ends the process, or with writing beyond its arrays.
 */
final class ModelChecks {
    /** llama.cpp's own limit on layers; more would write beyond its arrays. */
    private static final int MOST_LAYERS = 512;

    private static final int MOST_HEADS = 1 << 14;

    /** Characters of the longest name of one that there is, thrice. */
    private static final int LONGEST_ARCHITECTURE = 64;

    /** Longer ones exhaust the stack: the library's trie of tokens calls itself for every byte of one. */
    private static final int LONGEST_TOKEN = 2048;

    /** Less is no alignment that its tensors in mapped memory may have. */
    private static final int LEAST_ALIGNMENT = 32;

    /** Networks that read a text and say nothing, or need another's output beside it. */
    private static final Set<String> NOT_GENERATING = Set.of(
            "t5",
            "t5encoder",
            "bert",
            "modern-bert",
            "neo-bert",
            "eurobert",
            "nomic-bert",
            "nomic-bert-moe",
            "jina-bert-v2",
            "jina-bert-v3",
            "gemma-embedding",
            "llama-embed",
            "wavtokenizer-dec",
            "clip");

    /** Networks without attention; their files say that they have no heads. */
    private static final Set<String> WITHOUT_HEADS =
            Set.of("mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7");

    private static final Set<String> ROPE_SCALINGS = Set.of("none", "linear", "yarn", "longrope");

    private final GgufFile file;
    private final LineLimits limits;

    ModelChecks(GgufFile file, LineLimits limits) {
        this.file = file;
        this.limits = limits;
    }

    /**
     * Runs all.
     *
     * @throws AdedException.InvalidArtifact if something is missing or out of range
     */
    void run() {
        String architecture = file.architecture();
        if (architecture.isEmpty()) {
            throw invalid("it does not name an architecture (general.architecture)");
        }
        if (architecture.length() > LONGEST_ARCHITECTURE) {
            throw invalid("its general.architecture has " + architecture.length() + " characters; allowed: up to "
                    + LONGEST_ARCHITECTURE);
        }
        if (architecture.equals("clip") || "mmproj".equals(file.string("general.type"))) {
            throw invalid("it is a projector for images (mmproj) that belongs to a language model, not one itself");
        }
        if (NOT_GENERATING.contains(architecture)) {
            throw invalid("its architecture " + architecture
                    + " encodes texts and generates none by itself; name a model that generates");
        }
        requireWhole();
        if (file.tensors().isEmpty()) {
            throw invalid("it holds no tensors");
        }
        if (file.alignment() < LEAST_ALIGNMENT) {
            throw invalid(
                    "its tensors are aligned to " + file.alignment() + " bytes; llama.cpp needs " + LEAST_ALIGNMENT);
        }
        shape(architecture);
        experts(architecture);
        for (String norm : List.of("layer_norm_rms_epsilon", "layer_norm_epsilon", "group_norm_epsilon")) {
            String key = architecture + ".attention." + norm;
            double epsilon = file.number(key, 1e-5);
            if (!(epsilon >= 0 && epsilon <= 1)) {
                throw invalid(key + " is " + epsilon + "; allowed: 0 to 1");
            }
        }
        String scaling = file.string(architecture + ".rope.scaling.type");
        if (scaling != null && !ROPE_SCALINGS.contains(scaling)) {
            throw invalid(architecture + ".rope.scaling.type is unknown; allowed: none, linear, yarn, longrope");
        }
        file.tensors().forEach(tensor -> kernels(architecture, tensor));
        requireTokens();
    }

    /** All parts of a model in several files, seen from the first. */
    private void requireWhole() {
        long parts = file.integer("split.count", 1);
        if (parts <= 1) {
            return;
        }
        long number = file.integer("split.no", 0);
        if (number != 0) {
            throw invalid("it is part " + (number + 1) + " of a model in " + parts + " files; name the first of them");
        }
        if (file.parts() != parts) {
            throw invalid("it is the first part of a model in " + parts + " files, and cannot be used alone");
        }
    }

    private void shape(String architecture) {
        within(architecture + ".block_count", 1, MOST_LAYERS);
        long layers = file.integer(architecture + ".block_count", 1);
        long least = limits.leastLayers().getOrDefault(architecture, 1);
        if (layers < least) {
            throw invalid("it has " + layers + " layers; " + architecture + " needs at least " + least
                    + " with this llama.cpp");
        }
        optional(architecture + ".nextn_predict_layers", 0, layers - 1);
        within(architecture + ".embedding_length", 1, 1 << 20);
        within(architecture + ".context_length", 1, Integer.MAX_VALUE);
        String heads = architecture + ".attention.head_count";
        perLayer(heads, WITHOUT_HEADS.contains(architecture) ? 0 : 1, MOST_HEADS, layers);
        perLayer(heads + "_kv", 0, file.integer(heads, MOST_HEADS), layers);
    }

    private void experts(String architecture) {
        String used = architecture + ".expert_used_count";
        String all = architecture + ".expert_count";
        optional(all, 0, limits.mostExperts());
        long experts = file.integer(all, 0);
        if (experts <= 1 && architecture.startsWith("hunyuan")) {
            return; // its dense models say that they have one
        }
        if (experts > 0 && !file.metadata().containsKey(used)) {
            throw invalid(
                    "it has " + experts + " experts a layer but does not say how many of them work (" + used + ")");
        }
        perLayer(used, experts > 0 ? 1 : 0, experts, file.integer(architecture + ".block_count", 1));
        optional(architecture + ".expert_group_count", 0, Math.max(0, experts - 1));
        long groups = file.integer(architecture + ".expert_group_count", 0);
        if (groups > 1) {
            if (experts % groups != 0) {
                throw invalid(architecture + ".expert_group_count is " + groups + ", which does not divide the "
                        + experts + " experts");
            }
            within(architecture + ".expert_group_used_count", 1, groups - 1);
        }
    }

    /** Types that no arithmetic takes where they stand. */
    private void kernels(String architecture, GgufFile.Tensor tensor) {
        TensorType type = tensor.type();
        String name = tensor.name();
        boolean matrix = tensor.shape().size() > 1;
        // Some tables of newer models are integers.
        boolean integer = type.isInteger() && (matrix && name.endsWith(".weight") && !architecture.equals("deepseek4"));
        if (integer || type.isForActivations() || type == TensorType.F64) {
            throw invalid("tensor " + name + " has the type " + type.label()
                    + ", with which llama.cpp cannot compute; requantise the model");
        }
        boolean added = !matrix && (name.endsWith(".bias") || name.endsWith("norm.weight"));
        if ((added || name.endsWith("_norm.weight") || name.endsWith("_norm.bias")) && type != TensorType.F32) {
            throw invalid("tensor " + name + " has the type " + type.label() + "; norms and biases must be F32");
        }
    }

    private void requireTokens() {
        String model = file.string("tokenizer.ggml.model");
        if (model == null || model.equals("none") || model.equals("no_vocab")) {
            throw invalid("it has no tokeniser (tokenizer.ggml.model); it is not a text model");
        }
        if (!(file.metadata().get(TokenTexts.KEY) instanceof GgufFile.Array tokens)
                || tokens.count() < 1
                || !tokens.elementType().equals("string")) {
            throw invalid("its tokeniser has no tokens (" + TokenTexts.KEY + ")");
        }
        if (tokens.count() > 1 << 24) {
            throw invalid("it has " + tokens.count() + " tokens; allowed: up to " + (1 << 24));
        }
        TokenTexts texts = file.tokenTexts();
        if (texts.longest() > LONGEST_TOKEN) {
            throw invalid("it has a token of " + texts.longest() + " bytes; allowed: up to " + LONGEST_TOKEN);
        }
        if (texts.duplicate() >= 0) {
            throw invalid("its token " + texts.duplicate() + " has the text of an earlier one");
        }
        if ("llama".equals(model) && texts.byteTokens() != 256) {
            throw invalid("its tokeniser knows only " + texts.byteTokens()
                    + " of the 256 byte tokens <0x00> to <0xFF>, so it cannot split every text");
        }
        // Where a text begins as tokens do and is none, its tokeniser stands still and fills the memory.
        if ("rwkv".equals(model) && texts.singleBytes() != 256) {
            throw invalid("its tokeniser knows only " + texts.singleBytes()
                    + " of the 256 single bytes, so it cannot split every text");
        }
        // Two blanks in a row are an assertion of the library's, but where its tokeniser drops them before.
        if ("whitespace".equals(file.string("tokenizer.ggml.pre")) && !"whitespace".equals(model)) {
            throw invalid("tokenizer.ggml.pre is whitespace, which goes with the tokeniser of that name only");
        }
        parallel(
                "tokenizer.ggml.scores", limits.integerScores() ? Set.of("f32", "i32") : Set.of("f32"), tokens.count());
        parallel("tokenizer.ggml.token_type", Set.of("i32"), tokens.count());
        Object merges = file.metadata().get("tokenizer.ggml.merges");
        if (merges != null
                && !(merges instanceof GgufFile.Array pairs
                        && pairs.elementType().equals("string"))) {
            throw invalid("tokenizer.ggml.merges is not an array of texts");
        }
        for (String special : List.of("bos", "eos", "unknown", "separator", "padding", "eot", "eom")) {
            String key = "tokenizer.ggml." + special + "_token_id";
            // Some files use 0xFFFFFFFF, or the vocabulary's size, for "none"; the library ignores those.
            if (file.metadata().get(key) != null && !(file.metadata().get(key) instanceof Long)) {
                throw invalid(key + " is not an integer");
            }
        }
    }

    /** An array with an element for each token, which the library reads without looking at its length. */
    private void parallel(String key, Set<String> elementTypes, long count) {
        Object value = file.metadata().get(key);
        if (value == null) {
            return;
        }
        if (!(value instanceof GgufFile.Array array)
                || !elementTypes.contains(array.elementType())
                || array.count() < count) {
            throw invalid(key + " is not an array of " + count + " elements of type "
                    + elementTypes.stream().sorted().collect(Collectors.joining(" or ")));
        }
    }

    private void within(String key, long least, long most) {
        if (!(file.metadata().get(key) instanceof Long value)) {
            throw invalid("it lacks the integer " + key);
        }
        inRange(key, value, least, most);
    }

    private void inRange(String key, long value, long least, long most) {
        if (value < least || value > most) {
            throw invalid(key + " is " + value + "; allowed: " + least + " to " + most);
        }
    }

    private void optional(String key, long least, long most) {
        if (file.metadata().containsKey(key)) {
            within(key, least, most);
        }
    }

    /** One number for all layers, or one for each; layers of other kinds have none, which is 0. */
    private void perLayer(String key, long least, long most, long layers) {
        if (!(file.metadata().get(key) instanceof GgufFile.Array values)) {
            optional(key, least, most);
            return;
        }
        if (values.count() != layers) {
            throw invalid(key + " has " + values.count() + " numbers; allowed: one, or one for each of the " + layers
                    + " layers");
        }
        for (Object value : values.head()) {
            if (!(value instanceof Long number)) {
                throw invalid(key + " is not an array of integers");
            }
            inRange(key, number, 0, most);
        }
    }

    private AdedException.InvalidArtifact invalid(String why) {
        return GgufFile.invalid(file.path(), why);
    }
}
