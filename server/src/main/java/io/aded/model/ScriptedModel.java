package io.aded.model;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A target model in plain Java whose logits are a function of the tokens so far. It stands in for llama.cpp where the
 * engine, the services or a client are the thing under test, and it prices what remains of a round when the forward
 * pass costs nothing.
 *
 * <p>Its KV cache is a strict one: it throws {@link IllegalStateException} wherever llama.cpp would silently compute
 * with wrong history: a token whose position does not continue each of its sequences, a sequence copied onto another
 * that is not a prefix of it, more cells than there are.
 *
 * <p>The vocabulary is bytes: 0 unknown, 1 beginning, 2 end, 3 + b for byte b.
 */
public final class ScriptedModel implements TargetModel {
    /** Ids 0 to 258. */
    public static final int VOCABULARY_SIZE = 259;

    private static final int BEGIN = 1;
    private static final int END = 2;
    private static final int FIRST_BYTE = 3;

    /** What the model thinks of what follows. Must be a pure function of its arguments. */
    @FunctionalInterface
    public interface Script {
        /**
         * Fills a row of logits.
         *
         * @param tokens the history; only the first {@code length} entries count
         * @param length at least 1
         * @param row {@link #VOCABULARY_SIZE} elements to overwrite
         */
        void logits(int[] tokens, int length, float[] row);
    }

    /** What a pass costs; tests advance an injected clock here. */
    @FunctionalInterface
    public interface PassCost {
        /** Called once a pass with the number of its tokens. */
        void charge(int tokens);
    }

    /** How a scripted draft comes by cells of texts that its target has read. */
    public enum Cells {
        /** It computes its own. */
        OWN,
        /** It {@linkplain TargetContext#copierFrom takes over} the target's. */
        TAKEN_OVER,
        /** It has a copier, which never can. */
        REFUSED
    }

    private final Script script;
    private final PassCost cost;
    private final Cells draftCells;

    /** A model that follows the script, with free passes. */
    public ScriptedModel(Script script) {
        this(script, _ -> {});
    }

    /** A model that follows the script and charges for each pass. */
    public ScriptedModel(Script script, PassCost cost) {
        this(script, cost, Cells.OWN);
    }

    private ScriptedModel(Script script, PassCost cost, Cells draftCells) {
        this.script = script;
        this.cost = cost;
        this.draftCells = draftCells;
    }

    /**
     * A draft model for this one: after each text it thinks the same, or has the two best tokens the other way round.
     *
     * @param agreement the share of texts after which it thinks the same, in [0, 1]
     * @param seed chooses after which
     * @param passCost what its own passes cost
     * @param cells how it comes by cells of the target's
     */
    public ScriptedModel draft(double agreement, long seed, PassCost passCost, Cells cells) {
        Script target = script;
        Script own = (tokens, length, row) -> {
            target.logits(tokens, length, row);
            long hash = seed;
            for (int i = Math.max(0, length - 8); i < length; i++) {
                hash = (hash ^ tokens[i]) * 0x9E3779B97F4A7C15L;
                hash ^= hash >>> 31;
            }
            if ((hash >>> 11) * 0x1p-53 >= agreement) {
                swapBest(row);
            }
        };
        return new ScriptedModel(own, passCost, cells);
    }

    private static void swapBest(float[] row) {
        int best = 0;
        for (int token = 1; token < row.length; token++) {
            best = row[token] > row[best] ? token : best;
        }
        int second = best == 0 ? 1 : 0;
        for (int token = 0; token < row.length; token++) {
            second = token != best && row[token] > row[second] ? token : second;
        }
        float highest = row[best];
        row[best] = row[second];
        row[second] = highest;
    }

    /**
     * A script that babbles lower-case words: the next byte depends on the last {@code order} ones. Low orders fall
     * into loops soon and are easy to draft, high ones are not.
     *
     * @param seed chooses the language
     * @param order 1 to 8
     */
    public static Script babble(long seed, int order) {
        return (tokens, length, row) -> {
            Arrays.fill(row, -20f);
            long hash = seed;
            for (int i = Math.max(0, length - order); i < length; i++) {
                hash = (hash ^ tokens[i]) * 0x9E3779B97F4A7C15L;
                hash ^= hash >>> 29;
            }
            for (int candidate = 0; candidate < 4; candidate++) {
                int letter = (int) Math.floorMod(hash >> (candidate * 11), 27L);
                int token = FIRST_BYTE + (letter == 26 ? ' ' : 'a' + letter);
                row[token] = Math.max(row[token], 4f - candidate * 1.5f + ((hash >>> (40 + candidate)) & 7) * 0.1f);
            }
        };
    }

    @Override
    public ModelInfo info() {
        return new ModelInfo(
                "scripted",
                "scripted",
                "scripted bytes, no weights",
                "none",
                0,
                0,
                1 << 20,
                VOCABULARY_SIZE,
                0,
                0,
                false,
                "none",
                List.of("JVM"));
    }

    @Override
    public Vocabulary vocabulary() {
        return Bytes.INSTANCE;
    }

    @Override
    public ChatTemplate chatTemplate() {
        return Plain.INSTANCE;
    }

    @Override
    public TargetContext newContext(ContextParameters parameters) {
        List<FieldViolation> violations = new ArrayList<>();
        atLeast(violations, "context.cells", parameters.cells(), 1);
        atLeast(violations, "context.max_batch_tokens", parameters.maxBatchTokens(), 1);
        atLeast(violations, "context.max_sequences", parameters.maxSequences(), 1);
        atLeast(violations, "context.threads", parameters.threads(), 0);
        if (!violations.isEmpty()) {
            throw new AdedException.InvalidRequest(violations);
        }
        return new ScriptedContext(script, cost, draftCells, parameters);
    }

    private static void atLeast(List<FieldViolation> violations, String field, int value, int least) {
        if (value < least) {
            violations.add(new FieldViolation(field, "is " + value + "; allowed: " + least + " or more"));
        }
    }

    @Override
    public TokenSampler newSampler(SamplingParameters parameters) {
        List<FieldViolation> violations = parameters.violations("sampling.", VOCABULARY_SIZE);
        if (!violations.isEmpty()) {
            throw new AdedException.InvalidRequest(violations);
        }
        if (parameters.isConstrained()) {
            throw new AdedException.InvalidRequest(
                    parameters.grammar() != null ? "sampling.grammar" : "sampling.json_schema",
                    "the scripted model knows no grammars; leave it empty");
        }
        return new Sampler(parameters);
    }

    @Override
    public void close() {}

    private static final class Bytes implements Vocabulary {
        static final Bytes INSTANCE = new Bytes();

        @Override
        public int size() {
            return VOCABULARY_SIZE;
        }

        @Override
        public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            int offset = addSpecial ? 1 : 0;
            int[] tokens = new int[bytes.length + offset];
            if (addSpecial) {
                tokens[0] = BEGIN;
            }
            for (int i = 0; i < bytes.length; i++) {
                tokens[i + offset] = FIRST_BYTE + (bytes[i] & 0xff);
            }
            return tokens;
        }

        @Override
        public int piece(int token, byte[] destination, boolean special) {
            check(token);
            if (token < FIRST_BYTE) {
                return 0;
            }
            if (destination.length == 0) {
                return -1;
            }
            destination[0] = (byte) (token - FIRST_BYTE);
            return 1;
        }

        @Override
        public String detokenize(int[] tokens, boolean special) {
            byte[] bytes = new byte[tokens.length];
            int count = 0;
            for (int token : tokens) {
                check(token);
                if (token >= FIRST_BYTE) {
                    bytes[count++] = (byte) (token - FIRST_BYTE);
                }
            }
            return new String(bytes, 0, count, StandardCharsets.UTF_8);
        }

        private static void check(int token) {
            if (token < 0 || token >= VOCABULARY_SIZE) {
                throw new AdedException.InvalidRequest(
                        "tokens",
                        "token " + token + " is outside the vocabulary; allowed: 0 to " + (VOCABULARY_SIZE - 1));
            }
        }

        @Override
        public int beginningOfSequence() {
            return BEGIN;
        }

        @Override
        public int endOfSequence() {
            return END;
        }

        @Override
        public boolean endsGeneration(int token) {
            return token == END;
        }

        @Override
        public boolean isControl(int token) {
            return token < FIRST_BYTE;
        }

        @Override
        public @Nullable String kind() {
            return "BYTES";
        }
    }

    private static final class Plain implements ChatTemplate {
        static final Plain INSTANCE = new Plain();

        @Override
        public RenderedChat render(List<ChatMessage> messages, boolean addGenerationPrompt) {
            StringBuilder text = new StringBuilder();
            int[] ranges = new int[2 * messages.size()];
            for (int i = 0; i < messages.size(); i++) {
                ChatMessage message = messages.get(i);
                ranges[2 * i] = text.length();
                text.append(message.role()).append(": ").append(message.content());
                ranges[2 * i + 1] = text.length();
                text.append('\n');
            }
            text.append(addGenerationPrompt ? "assistant: " : "");
            return new RenderedChat(text.toString(), ranges);
        }

        @Override
        public String description() {
            return "plain";
        }
    }

    /** Greedy, or one uniform draw over the softmax at the temperature. */
    private static final class Sampler implements TokenSampler {
        private final SamplingParameters parameters;
        private final boolean plainGreedy;
        private final SplittableRandom random;
        private final float[] row = new float[VOCABULARY_SIZE];

        Sampler(SamplingParameters parameters) {
            this.parameters = parameters;
            plainGreedy = parameters.isPlainGreedy();
            Integer seed = parameters.seed();
            random = new SplittableRandom(seed == null ? 0 : seed);
        }

        @Override
        public boolean isPlainGreedy() {
            return plainGreedy;
        }

        @Override
        public int sample(TargetContext context, int index) {
            context.copyLogits(index, row);
            if (!ScriptedContext.isFinite(row)) {
                return -1;
            }
            parameters.logitBias().forEach((token, bias) -> row[token] += bias);
            int best = 0;
            for (int token = 1; token < row.length; token++) {
                best = row[token] > row[best] ? token : best;
            }
            if (row[best] == Float.NEGATIVE_INFINITY) {
                throw TokenSampler.noToken("the logit bias forbids every token");
            }
            if (parameters.temperature() == 0f) {
                return best;
            }
            double total = 0;
            for (int token = 0; token < row.length; token++) {
                total += Math.exp((row[token] - row[best]) / parameters.temperature());
            }
            double left = random.nextDouble() * total;
            float top = row[best];
            for (int token = 0; token < row.length; token++) {
                left -= Math.exp((row[token] - top) / parameters.temperature());
                if (left < 0) {
                    return token;
                }
            }
            return best;
        }

        @Override
        public void remember(int token) {
            if (token < 0 || token >= VOCABULARY_SIZE) {
                throw new IllegalArgumentException(
                        "token " + token + " is outside the vocabulary; allowed: 0 to " + (VOCABULARY_SIZE - 1));
            }
        }

        @Override
        public boolean constrains() {
            return false;
        }

        @Override
        public void prune(TokenTree tree) {}

        @Override
        public void close() {}
    }
}
