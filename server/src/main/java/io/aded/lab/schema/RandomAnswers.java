package io.aded.lab.schema;

import io.aded.grammar.GrammarExhausted;
import io.aded.grammar.GrammarRefused;
import io.aded.grammar.TokenMasks;
import io.aded.grammar.VocabularyTrie;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads schemas or grammars, one JSON object a line: {@code schema} or {@code gbnf}, {@code texts} to be recognised
 * (each a text, or a list of texts and of tokens by number), and {@code answers} to be drawn. Adds to each line {@code
 * refused} (why), or {@code accepted} (of each text, whether it is one of the grammar's) and {@code drawn} (texts that
 * the masks led to), and the {@code nanos} that compiling took.
 */
public final class RandomAnswers {
    /** Tokens after which an answer is led to its end, and after which it is given up. */
    private static final int LONG = 200;

    private static final int LONGEST = 4_000;

    private final WalkVocabulary vocabulary = new WalkVocabulary();
    private final VocabularyTrie trie = VocabularyTrie.of(vocabulary.tokens());
    private final long[] mask = new long[vocabulary.tokens().size() + 63 >> 6];
    private final SplittableRandom random;

    private RandomAnswers(long seed) {
        random = new SplittableRandom(seed);
    }

    /** Reads standard input and writes standard output; the argument is the seed. */
    public static void main(String[] arguments) throws IOException {
        RandomAnswers answers = new RandomAnswers(arguments.length > 0 ? Long.parseLong(arguments[0]) : 1);
        ObjectMapper json = new ObjectMapper();
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                ObjectNode object = (ObjectNode) json.readTree(line);
                answers.answer(object);
                out.println(json.writeValueAsString(object));
            }
        }
        out.flush();
    }

    private void answer(ObjectNode object) {
        long start = System.nanoTime();
        try {
            TokenMasks masks = object.has("gbnf")
                    ? TokenMasks.ofGbnf(object.get("gbnf").asString(), trie)
                    : TokenMasks.ofJsonSchema(object.get("schema").asString(), trie);
            object.put("nanos", System.nanoTime() - start);
            ArrayNode accepted = object.putArray("accepted");
            for (JsonNode text : object.path("texts")) {
                accepted.add(accepts(masks, text));
            }
            ArrayNode drawn = object.putArray("drawn");
            for (int i = object.path("answers").asInt(0); i > 0; i--) {
                String answer = draw(masks);
                if (answer != null) {
                    drawn.add(answer);
                }
            }
        } catch (GrammarRefused | GrammarExhausted e) {
            object.put("nanos", System.nanoTime() - start);
            object.put("refused", e.getMessage());
        }
    }

    private boolean accepts(TokenMasks masks, JsonNode text) {
        TokenMasks.Position position = masks.start();
        if (text.isString()) {
            return read(masks, position, text.asString()).accepts();
        }
        for (JsonNode part : text) {
            position = part.isString() ? read(masks, position, part.asString()) : masks.after(position, part.asInt());
        }
        return position.accepts();
    }

    private static TokenMasks.Position read(TokenMasks masks, TokenMasks.Position from, String text) {
        TokenMasks.Position position = from;
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            position = masks.after(position, b & 0xFF);
        }
        return position;
    }

    /** An answer, every token of which was drawn from a mask; null if it did not end. */
    private @Nullable String draw(TokenMasks masks) {
        byte[] text = new byte[LONGEST * 8];
        int length = 0;
        TokenMasks.Position position = masks.start();
        for (int count = 0; count < LONGEST; count++) {
            if (position.accepts() && (position.isComplete() || count > LONG || random.nextInt(4) == 0)) {
                return new String(text, 0, length, StandardCharsets.UTF_8);
            }
            masks.fill(position, mask);
            int token = count > LONG && random.nextInt(4) > 0 ? closing() : -1;
            if (token < 0) {
                token = any();
            }
            if (token < 0) {
                return null;
            }
            position = masks.after(position, token);
            length += vocabulary.copy(token, text, length);
        }
        return null;
    }

    /** A token that tends to end something, if one may come. */
    private int closing() {
        for (int token : vocabulary.closing()) {
            if ((mask[token >> 6] & 1L << token) != 0) {
                return token;
            }
        }
        return -1;
    }

    /** Any token that may come, by weight. */
    private int any() {
        double total = 0;
        int chosen = -1;
        for (int word = 0; word < mask.length; word++) {
            for (long bits = mask[word]; bits != 0; bits &= bits - 1) {
                int token = (word << 6) + Long.numberOfTrailingZeros(bits);
                double weight = vocabulary.weight(token);
                total += weight;
                if (random.nextDouble() * total < weight) {
                    chosen = token;
                }
            }
        }
        return chosen;
    }
}
