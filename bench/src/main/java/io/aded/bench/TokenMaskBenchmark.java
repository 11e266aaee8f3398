package io.aded.bench;

import io.aded.grammar.GrammarRefused;
import io.aded.grammar.TokenMasks;
import io.aded.grammar.VocabularyTrie;
import io.aded.lab.schema.SampleGrammars;
import io.aded.lab.schema.SyntheticVocabulary;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/**
 * All tokens that may come next in an answer in JSON, position by position: what a constrained draw costs at most,
 * where the model's best tokens do not do. One operation is one mask.
 *
 * <p>{@code seen=warm} goes through some answers again and again; with {@code first}, the grammar has just been
 * compiled.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Threads(1)
@Fork(1)
public class TokenMaskBenchmark {
    /** Tokens of a made-up vocabulary, Llama 2's size or Qwen's; or a GGUF file whose vocabulary is taken. */
    @Param({"32000", "151936"})
    public String vocabulary = "32000";

    /** JSON in GBNF, any JSON object by a schema, or a record by a schema. */
    @Param({"gbnf", "object", "record"})
    public String grammar = "gbnf";

    /** Whether each position was asked for before, or the grammar has just been compiled. */
    @Param({"warm", "first"})
    public String seen = "warm";

    private static final String RECORD = """
        {"type":"object","properties":{"name":{"type":"string","maxLength":200},"tags":{"type":"array","items":
        {"type":"string"}},"score":{"type":"number"},"next":{"anyOf":[{"$ref":"#"},{"type":"null"}]}},
        "required":["name","tags","score","next"]}\
        """;

    private VocabularyTrie trie = VocabularyTrie.of(SyntheticVocabulary.of(300));
    private List<int[]> answers = new ArrayList<>();
    private TokenMasks masks = compile("object", trie);
    private long[] mask = {};
    private TokenMasks.Position[] positions = {};
    private int at;

    /** Reads or makes the vocabulary, and makes answers of it. */
    @Setup
    public void prepare() throws IOException {
        trie = VocabularyTrie.of(ColdMaskTable.vocabulary(vocabulary));
        mask = new long[trie.vocabularySize() + 63 >> 6];
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < 200; i++) {
            StringBuilder text = new StringBuilder();
            if (grammar.equals("record")) {
                record(text, 0, random);
            } else {
                object(text, 0, random);
            }
            answers.add(tokens(text.toString().getBytes(StandardCharsets.UTF_8)));
        }
        masks = compile(grammar, trie);
    }

    private static TokenMasks compile(String grammar, VocabularyTrie trie) {
        try {
            return switch (grammar) {
                case "gbnf" -> TokenMasks.ofGbnf(SampleGrammars.JSON, trie);
                case "object" -> TokenMasks.ofJsonSchema("{\"type\":\"object\"}", trie);
                default -> TokenMasks.ofJsonSchema(RECORD, trie);
            };
        } catch (GrammarRefused e) {
            throw new IllegalStateException(e);
        }
    }

    /** A grammar that has seen nothing yet, and all positions of the answers in it. */
    private void begin() {
        masks = compile(grammar, trie);
        List<TokenMasks.Position> all = new ArrayList<>();
        for (int[] answer : answers) {
            TokenMasks.Position position = masks.start();
            for (int token : answer) {
                all.add(position);
                position = masks.after(position, token);
                if (position.isDead()) {
                    throw new IllegalStateException("an answer is none of the grammar's");
                }
            }
        }
        positions = all.toArray(new TokenMasks.Position[0]);
        at = 0;
    }

    /** Compiles the grammar again when all positions have been asked for, or asks for them all beforehand. */
    @Setup(Level.Invocation)
    public void renew() {
        if (at < positions.length) {
            return;
        }
        if (positions.length == 0 || seen.equals("first")) {
            begin();
        }
        if (seen.equals("warm")) {
            for (TokenMasks.Position position : positions) {
                masks.fill(position, mask);
            }
        }
        at = 0;
    }

    /** The mask at the next position. */
    @Benchmark
    public long mask() {
        masks.fill(positions[at++], mask);
        return mask[0];
    }

    private int[] tokens(byte[] text) {
        List<Integer> tokens = new ArrayList<>();
        for (int from = 0; from < text.length; ) {
            int token = trie.longestPrefix(text, from, text.length);
            tokens.add(token);
            from += trie.length(token);
        }
        return tokens.stream().mapToInt(Integer::intValue).toArray();
    }

    private static void object(StringBuilder text, int depth, SplittableRandom random) {
        text.append('{');
        for (int i = random.nextInt(1, 5); i > 0; i--) {
            text.append('"').append(word(random)).append("\": ");
            value(text, depth + 1, random);
            text.append(i > 1 ? ", " : "");
        }
        text.append('}');
    }

    private static void value(StringBuilder text, int depth, SplittableRandom random) {
        switch (random.nextInt(depth > 5 ? 4 : 6)) {
            case 0, 1 ->
                text.append('"')
                        .append(word(random))
                        .append(' ')
                        .append(word(random))
                        .append('"');
            case 2 -> text.append(random.nextInt(100_000)).append('.').append(random.nextInt(1, 100));
            case 3 -> text.append(random.nextBoolean() ? "true" : "null");
            case 4 -> object(text, depth, random);
            default -> {
                text.append('[');
                for (int i = random.nextInt(1, 4); i > 0; i--) {
                    value(text, depth + 1, random);
                    text.append(i > 1 ? ", " : "");
                }
                text.append(']');
            }
        }
    }

    private static void record(StringBuilder text, int depth, SplittableRandom random) {
        text.append("{\"name\": \"")
                .append(word(random))
                .append(' ')
                .append(word(random))
                .append("\", \"tags\": [");
        for (int i = random.nextInt(4); i > 0; i--) {
            text.append('"').append(word(random)).append(i > 1 ? "\", " : "\"");
        }
        text.append("], \"score\": ").append(random.nextInt(1000)).append(".5, \"next\": ");
        if (depth < 4 && random.nextBoolean()) {
            record(text, depth + 1, random);
        } else {
            text.append("null");
        }
        text.append('}');
    }

    private static String word(SplittableRandom random) {
        StringBuilder word = new StringBuilder();
        for (int i = random.nextInt(3, 12); i > 0; i--) {
            word.append((char) ('a' + random.nextInt(26)));
        }
        return word.toString();
    }
}
