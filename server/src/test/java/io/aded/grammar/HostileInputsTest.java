package io.aded.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.testing.HostileTally;
import io.aded.testing.Seeds;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Grammars, schemas and expressions that are made to be dear, of many kinds and at random: each is refused with a
 * reason or followed, for a bounded time of the processor. {@code -Daded.hostile=N} tries N of each kind.
 */
class HostileInputsTest {
    /** Some hundred times what the dearest takes on a quiet machine; it tells bounded from unbounded. */
    /** One for 64 calls or 4,096 steps, of which a text may take 20 million, and one for each rule. */
    private static final long MOST_LOOKS = 400_000;

    private static final int EACH = Integer.getInteger("aded.hostile", 1);
    private static final VocabularyTrie TRIE = Bytes.trie();

    /** Makes one input of a kind. */
    @FunctionalInterface
    private interface Maker {
        String make(SplittableRandom random);
    }

    private static final Map<String, Maker> GRAMMARS = new LinkedHashMap<>();
    private static final Map<String, Maker> SCHEMAS = new LinkedHashMap<>();
    private static final Map<String, Maker> EXPRESSIONS = new LinkedHashMap<>();

    static {
        GRAMMARS.put(
                "as many stacks as two to the n",
                r -> "root ::= s\ns ::= \"a\" s x | \"a\" s y | \"a\"\nx ::= \"a\"{" + r.nextInt(1, 4)
                        + "}\ny ::= \"a\"*");
        GRAMMARS.put(
                "self-embedding on both sides", r -> "root ::= \"a\" root root | \"a\" root | \"a\"" + alternatives(r));
        GRAMMARS.put(
                "left recursion through empty rules",
                r -> chain(r, 1 + r.nextInt(50)) + "\nempty ::= \"\" | \"x\"{0," + r.nextInt(9) + "}");
        GRAMMARS.put(
                "nested repetition of what may be empty", r -> "root ::= " + nested(r, "\"a\"?", 2 + r.nextInt(6)));
        GRAMMARS.put("nested repetition bomb", r -> "root ::= " + nested(r, "[a-z]", 3 + r.nextInt(5)));
        GRAMMARS.put("palindromes", r -> "root ::= \"a\" root \"a\" | \"b\" root \"b\" | [ab]?" + alternatives(r));
        GRAMMARS.put("a long chain of rules", r -> longChain(r.nextInt(1_000, 20_000)));
        GRAMMARS.put("many alternatives that begin alike", r -> "root ::= " + alike(r, r.nextInt(100, 1_000)));
        GRAMMARS.put(
                "wide sets again and again",
                r -> "root ::= (" + "[^\\u0100-\\u0200\\u0300-\\uFFFF]".repeat(r.nextInt(50)) + "\"a\"){"
                        + r.nextInt(10_000) + "}");
        GRAMMARS.put(
                "unbalanced groups",
                r -> "root ::= " + "(".repeat(r.nextInt(5_000)) + "\"a\"" + ")".repeat(r.nextInt(5_000)));
        GRAMMARS.put(
                "counts at their bounds",
                r -> "root ::= \"a\"{" + r.nextInt(99_000, 101_000) + "," + r.nextInt(99_000, 200_000) + "}");
        GRAMMARS.put("a rule that never ends", r -> "root ::= \"a\" root | \"b\" dead\ndead ::= \"c\" dead");
        GRAMMARS.put(
                "ambiguous sums",
                r -> "root ::= e\ne ::= t (\"+\" e)? | t (\"+\" t)*\nt ::= [ab]{1," + r.nextInt(1, 99)
                        + "} | \"(\" e \")\"");

        SCHEMAS.put(
                "alternatives times alternatives",
                r -> "{\"allOf\":["
                        + join(
                                r.nextInt(2, 40),
                                ",",
                                i -> "{\"anyOf\":[" + "{\"minLength\":" + i + "},{\"maxLength\":" + (99 + i) + "}]}")
                        + "]}");
        SCHEMAS.put("references in a circle", r -> circle(r.nextInt(1, 60), "allOf"));
        SCHEMAS.put("references in a circle of alternatives", r -> circle(r.nextInt(1, 20), "anyOf"));
        SCHEMAS.put("types again and again, nested", r -> types(r.nextInt(5, 60)));
        SCHEMAS.put(
                "deeply nested arrays",
                r -> "{\"items\":".repeat(r.nextInt(150, 400)) + "{}" + "}".repeat(r.nextInt(150, 400)));
        SCHEMAS.put("many optional properties", r -> properties(r.nextInt(100, 3_000)));
        SCHEMAS.put(
                "names that are beginnings of each other",
                r -> "{\"type\":\"object\",\"additionalProperties\":{},\"properties\":{"
                        + join(r.nextInt(10, 200), ",", i -> "\"" + "a".repeat(i) + "\":{}") + "}}");
        SCHEMAS.put(
                "enum of long alike texts",
                r -> "{\"enum\":[" + join(r.nextInt(10, 500), ",", i -> "\"" + "ab".repeat(i) + "\"") + "]}");
        SCHEMAS.put(
                "numbers of many digits",
                r -> "{\"type\":\"number\",\"minimum\":" + digits(r, 299) + "." + digits(r, 200) + ",\"maximum\":"
                        + digits(r, 299) + "9}");
        SCHEMAS.put(
                "numbers with large exponents",
                r -> "{\"enum\":[1e" + r.nextInt(1, 1_999_999_999) + ",-1e-" + r.nextInt(1, 999_999_999)
                        + "],\"minimum\":1e" + r.nextInt(400) + "}");
        SCHEMAS.put(
                "pattern with a length",
                r -> "{\"type\":\"string\",\"pattern\":\"(a|b)*a(a|b){" + r.nextInt(5, 40) + "}$\",\"maxLength\":"
                        + r.nextInt(10, 50_000) + "}");
        SCHEMAS.put(
                "several patterns",
                r -> "{\"allOf\":["
                        + join(r.nextInt(2, 12), ",", i -> "{\"type\":\"string\",\"pattern\":\"a.{" + i + "}b\"}")
                        + "]}");
        SCHEMAS.put(
                "many items of many items",
                r -> "{\"type\":\"array\",\"minItems\":" + r.nextInt(100_000)
                        + ",\"items\":{\"type\":\"array\",\"maxItems\":" + r.nextInt(100_000)
                        + ",\"items\":{\"type\":\"string\",\"maxLength\":" + r.nextInt(100_000) + "}}}");
        SCHEMAS.put(
                "oneOf of many",
                r -> "{\"oneOf\":["
                        + join(
                                r.nextInt(10, 800),
                                ",",
                                i -> "{\"properties\":{\"k\":{\"const\":" + i
                                        + "}},\"required\":[\"k\"],\"type\":\"object\"}")
                        + "]}");
        SCHEMAS.put(
                "required names without end",
                r -> "{\"type\":\"object\",\"required\":[" + join(r.nextInt(100, 8_000), ",", i -> "\"n" + i + "\"")
                        + "],\"allOf\":[{\"required\":[\"x\"]},{\"required\":[\"y\",\"x\"]}]}");
        SCHEMAS.put(
                "keywords of the wrong type",
                r -> "{\"type\":" + junk(r) + ",\"properties\":" + junk(r) + ",\"items\":" + junk(r)
                        + ",\"enum\":" + junk(r) + ",\"pattern\":" + junk(r) + ",\"minLength\":" + junk(r)
                        + ",\"$ref\":" + junk(r)
                        + ",\"anyOf\":" + junk(r) + "}");
        SCHEMAS.put("merged properties", r -> "{\"allOf\":[" + join(r.nextInt(2, 30), ",", i -> properties(50)) + "]}");

        EXPRESSIONS.put("nested parentheses", r -> "(".repeat(r.nextInt(20_000)) + "a" + ")".repeat(r.nextInt(20_000)));
        EXPRESSIONS.put(
                "quantifier on quantifier",
                r -> "(".repeat(20) + "a" + ")*".repeat(r.nextInt(21)) + ")+".repeat(r.nextInt(21)));
        EXPRESSIONS.put(
                "look-ahead upon look-ahead",
                r -> join(r.nextInt(1, 60), "", i -> "(?=.*" + (char) ('a' + i % 26) + ")") + ".*");
        EXPRESSIONS.put(
                "negated look-ahead of repetitions",
                r -> "(?!(a|b)*a(a|b){" + r.nextInt(3, 30) + "})[ab]{" + r.nextInt(1, 99) + "}");
        EXPRESSIONS.put(
                "properties of characters",
                r -> join(r.nextInt(1, 2_000), "|", i -> "\\p{" + (i % 2 == 0 ? "L" : "Lu") + "}\\P{Nd}"));
        EXPRESSIONS.put("repetition bomb", r -> "(".repeat(4) + "[^a]" + "){9999}".repeat(r.nextInt(1, 5)));
        EXPRESSIONS.put(
                "anchors everywhere", r -> join(r.nextInt(2, 200), "", i -> "(^|a$|" + (char) ('a' + i % 26) + ")"));
        EXPRESSIONS.put("characters at random", HostileInputsTest::noise);
    }

    @Test
    @Timeout(value = 12, unit = TimeUnit.HOURS) // as many as are asked for; the work on each is bounded
    void compileAndFollow_hostileInputs_areBounded() {
        assertThat(GRAMMARS.size() + SCHEMAS.size() + EXPRESSIONS.size()).isGreaterThanOrEqualTo(30);
        HostileTally tally = new HostileTally("grammars, schemas and expressions", HostileTally.Time.OF_THE_THREAD);
        Seeds.with(random -> {
            for (int i = 0; i < EACH; i++) {
                GRAMMARS.forEach((kind, maker) -> attempt(tally, kind, maker.make(random), random, TokenMasks::ofGbnf));
                SCHEMAS.forEach(
                        (kind, maker) -> attempt(tally, kind, maker.make(random), random, TokenMasks::ofJsonSchema));
                EXPRESSIONS.forEach((kind, maker) -> attempt(
                        tally,
                        kind,
                        maker.make(random),
                        random,
                        (text, trie) -> TokenMasks.ofGbnf(RegularExpression.toGbnf(text), trie)));
            }
        });
        tally.print();
        assertThat(tally.mostLooks()).isLessThanOrEqualTo(MOST_LOOKS);
    }

    /** Compiles. */
    @FunctionalInterface
    private interface Compiler {
        TokenMasks compile(String text, VocabularyTrie trie) throws GrammarRefused;
    }

    private static void attempt(
            HostileTally tally, String kind, String text, SplittableRandom random, Compiler compiler) {
        tally.attempt(kind, () -> {
            try {
                follow(kind, compiler.compile(text, TRIE), random);
                return "followed";
            } catch (GrammarRefused e) {
                assertThat(e.getMessage()).as(kind).isNotBlank();
                return "refused";
            } catch (GrammarExhausted e) {
                assertThat(e.getMessage()).as(kind).isNotBlank();
                return "given up";
            }
        });
    }

    private static void follow(String kind, TokenMasks masks, SplittableRandom random) {
        long[] mask = new long[5];
        TokenMasks.Position position = masks.start();
        for (int i = 0; i < 30 && !position.isComplete(); i++) {
            masks.fill(position, mask);
            List<Integer> allowed = new ArrayList<>();
            for (int token = 0; token < 256; token++) {
                if ((mask[token >> 6] & 1L << token) != 0) {
                    allowed.add(token);
                }
            }
            if (allowed.isEmpty()) {
                return;
            }
            position = masks.after(position, allowed.get(random.nextInt(allowed.size())));
            assertThat(position.isDead()).as(kind).isFalse();
        }
    }

    // --- how they are made

    /** Says what stands at a place. */
    @FunctionalInterface
    private interface Part {
        String at(int index);
    }

    private static String join(int count, String between, Part part) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append(i == 0 ? "" : between).append(part.at(i));
        }
        return text.toString();
    }

    private static String alternatives(SplittableRandom random) {
        return join(random.nextInt(4), "", _ -> " | \"a\" root{0," + random.nextInt(1, 9) + "} \"b\"");
    }

    private static String alike(SplittableRandom random, int count) {
        return join(count, " | ", _ -> "\"" + "a".repeat(random.nextInt(1, 30)) + "\" [a-c]*");
    }

    private static String chain(SplittableRandom random, int rules) {
        int back = random.nextInt(rules);
        return "root ::= r0\n"
                + join(
                        rules,
                        "\n",
                        i -> "r" + i + " ::= empty " + (i + 1 < rules ? "r" + (i + 1) : "r" + back) + " \"a\" | \"b\"");
    }

    private static String longChain(int rules) {
        return "root ::= r0\n" + join(rules, "\n", i -> "r" + i + " ::= " + (i + 1 < rules ? "r" + (i + 1) : "\"a\"?"));
    }

    private static String nested(SplittableRandom random, String inside, int levels) {
        return "(".repeat(levels)
                + inside
                + join(levels, "", _ -> "){" + random.nextInt(3) + "," + random.nextInt(3, 300) + "}");
    }

    private static String circle(int schemas, String combined) {
        return "{\"$ref\":\"#/$defs/d0\",\"$defs\":{"
                + join(
                        schemas,
                        ",",
                        i -> "\"d" + i + "\":{\"" + combined + "\":[{\"$ref\":\"#/$defs/d" + (i + 1) % schemas
                                + "\"},{\"type\":\"string\"},{\"$ref\":\"#/$defs/d" + (i + 2) % schemas + "\"}]}")
                + "}}";
    }

    private static String types(int levels) {
        String types = "[" + "\"array\",\"string\",\"object\",".repeat(10) + "\"null\"]";
        String schema = "{}";
        for (int i = 0; i < levels; i++) {
            schema = "{\"type\":" + types + ",\"items\":" + schema + "}";
        }
        return schema;
    }

    private static String properties(int count) {
        return "{\"type\":\"object\",\"properties\":{"
                + join(count, ",", i -> "\"p" + i + "\":{\"type\":[\"integer\",\"null\"]}") + "}}";
    }

    private static String digits(SplittableRandom random, int most) {
        return random.nextInt(1, 10) + join(random.nextInt(most), "", _ -> "" + random.nextInt(10));
    }

    private static String junk(SplittableRandom random) {
        return List.of(
                        "null",
                        "[]",
                        "{}",
                        "-1",
                        "\"x\"",
                        "true",
                        "[{}]",
                        "[[1]]",
                        "1e9",
                        "{\"a\":1}",
                        "\"#\"",
                        "[\"a\",\"a\"]")
                .get(random.nextInt(12));
    }

    private static String noise(SplittableRandom random) {
        String characters = "ab^$.|?*+(){}[]\\-:=!<>,019pdwsuxk\u00e9";
        return join(random.nextInt(1, 60), "", _ -> "" + characters.charAt(random.nextInt(characters.length())));
    }
}
