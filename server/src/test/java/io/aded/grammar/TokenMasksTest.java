package io.aded.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.aded.model.ListedVocabulary;
import io.aded.testing.Seeds;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenMasksTest {
    private static final String JSON = """
        root ::= object
        value ::= object | array | string | number | ("true" | "false" | "null") ws
        object ::= "{" ws ( string ":" ws value ("," ws string ":" ws value)* )? "}" ws
        array ::= "[" ws ( value ("," ws value)* )? "]" ws
        string ::= "\\"" ( [^"\\\\\\x7F\\x00-\\x1F] | "\\\\" (["\\\\bfnrt] | "u" [0-9a-fA-F]{4}) )* "\\"" ws
        number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws
        ws ::= | " " | "\\n" [ \\t]{0,20}
        """;

    /** The first two tokens of each vocabulary here: a control token named {@code <s>}, and the end. */
    private static final int CONTROL = 0;

    private static final int END = 1;

    private static ListedVocabulary words(String... texts) {
        return new ListedVocabulary(
                Stream.concat(Stream.of("<s>", "</s>"), Stream.of(texts))
                        .map(text -> text.getBytes(StandardCharsets.UTF_8))
                        .toList(),
                Set.of(CONTROL, END),
                END);
    }

    private static String text(ListedVocabulary words, int token) {
        return words.detokenize(new int[] {token}, true);
    }

    private static int token(ListedVocabulary words, String text) {
        return IntStream.range(0, words.size())
                .filter(token -> text(words, token).equals(text))
                .findFirst()
                .orElseThrow();
    }

    /** Single characters, enough to spell everything that the tests match. */
    private static ListedVocabulary letters() {
        return words(Stream.concat(IntStream.range(9, 127).mapToObj(Character::toString), Stream.of("é", "€", "😀"))
                .toArray(String[]::new));
    }

    private static boolean accepts(TokenMasks masks, ListedVocabulary words, String text) {
        TokenMasks.Position position = masks.start();
        for (int c : text.codePoints().toArray()) {
            position = masks.after(position, token(words, Character.toString(c)));
        }
        return position.accepts();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "root ::= \"a\"*~|a|aaaa~b|ab",
                "root ::= [^a-c]+~dé€😀~a|da",
                "root ::= \"a\"{2,3} \"b\"?~aa|aaab~a|aaaa|aab b",
                "root ::= x | x root⏎x ::= \"ab\" | \"a\"~ab|aab|aba~b|abb",
                "root ::= \"\" | \"(\" root \")\" root~()|(())()|~(|())",
                "root ::= (\"a\"*)*~|aaa~b",
                "root ::= (\"a\"? | \"b\"?){30}~|abab~c",
                "root ::= [a-z]+ \"-\" [\\u00e9-\\U0001F600]~ab-é|z-😀~ab-|ab-a",
                "root ::= . . ~é€|ab~a|abc",
                "root ::= a? b? c?⏎a ::= \"a\"⏎b ::= \"b\"⏎c ::= \"c\"~|ac|abc~cb",
                "root ::= (\"x\" | \"xy\"){2}~xxy|xyx|xyxy|xx~x|xyy"
            })
    void after_text_acceptsExactlyTheLanguage(String grammar, String good, String bad) throws GrammarRefused {
        ListedVocabulary words = letters();
        TokenMasks masks = TokenMasks.ofGbnf(grammar.replace('⏎', '\n'), VocabularyTrie.of(words));
        for (String text : good.split("\\|", -1)) {
            assertThat(accepts(masks, words, text)).as("accepts \"%s\"", text).isTrue();
        }
        for (String text : bad.split("\\|", -1)) {
            assertThat(accepts(masks, words, text)).as("accepts \"%s\"", text).isFalse();
        }
    }

    @Test
    void fill_placeInARule_isWhatEachTokenWouldDo() throws GrammarRefused {
        ListedVocabulary words =
                words("{", "\"", "{\"", "a", "a\"", "\":", "\": ", "1", "}", "1}", ",", ", \"", "]", "\"}", "\\", "é");
        TokenMasks masks = TokenMasks.ofGbnf(JSON, VocabularyTrie.of(words));
        TokenMasks.Position position = masks.start();
        for (int token : new int[] {4, 5, 7, 9, 13, 5, 8, 11}) {
            assertThat(allowed(masks, words, position)).isEqualTo(oneByOne(masks, words, position));
            position = masks.after(position, token);
        }
        assertThat(position.accepts()).isTrue();
        assertThat(names(words, allowed(masks, words, masks.start()))).containsExactlyInAnyOrder("{", "{\"");
    }

    private static BitSet allowed(TokenMasks masks, ListedVocabulary words, TokenMasks.Position position) {
        long[] mask = new long[(words.size() + 63) / 64];
        masks.fill(position, mask);
        return BitSet.valueOf(mask);
    }

    private static BitSet oneByOne(TokenMasks masks, ListedVocabulary words, TokenMasks.Position position) {
        BitSet allowed = new BitSet();
        for (int token = 0; token < words.size(); token++) {
            allowed.set(token, !masks.after(position, token).isDead());
        }
        return allowed;
    }

    private static List<String> names(ListedVocabulary words, BitSet tokens) {
        return tokens.stream().mapToObj(token -> text(words, token)).toList();
    }

    @Test
    void fill_countedRepetition_isWhatEachTokenWouldDo() throws GrammarRefused {
        // Tokens shorter and longer than a repetition is looked ahead, and bounds on either side of that.
        ListedVocabulary words = words(
                "a", "b", "\"", "aa", "aaa\"", "ab\"", "a".repeat(32), "a".repeat(33), "a".repeat(50) + "\"", ", \"");
        for (String bounds : List.of("0,40", "33,90", "50,50", "60,", "0,200", "34,34")) {
            TokenMasks masks = TokenMasks.ofGbnf(
                    "root ::= (s \", \"){0,3} s\ns ::= \"\\\"\" c{" + bounds
                            + "} \"\\\"\"\nc ::= [a-z] | \"\\\\\" [a-z]",
                    VocabularyTrie.of(words));
            TokenMasks.Position position = masks.after(masks.start(), 4);
            for (int i = 0; i < 120 && !position.isDead(); i++) {
                assertThat(allowed(masks, words, position))
                        .as("%s after %d", bounds, i)
                        .isEqualTo(oneByOne(masks, words, position));
                position = masks.after(
                        position, i % 9 == 8 && !masks.after(position, 5).isDead() ? 5 : 2);
            }
        }
    }

    @Test
    void allows_nameOfAControlToken_isNotItsText() throws GrammarRefused {
        ListedVocabulary words = words("<", "s", ">", "x", "<s>");
        TokenMasks masks = TokenMasks.ofGbnf("root ::= \"<s>\" \"x\"", VocabularyTrie.of(words));
        assertThat(names(words, allowed(masks, words, masks.start()))).containsExactly("<", "<s>");
        assertThat(masks.allows(masks.start(), CONTROL)).isFalse();
        assertThat(masks.after(masks.start(), CONTROL).isDead()).isTrue();
    }

    @Test
    void forced_oneContinuation_isAllOfIt() throws GrammarRefused {
        ListedVocabulary words = letters();
        TokenMasks masks = TokenMasks.ofGbnf(
                "root ::= \"{\\\"é\\\": \" [0-9] \"}\" | \"{\\\"é\\\": \" \"x\"", VocabularyTrie.of(words));
        byte[] text = new byte[64];
        int length = masks.forced(masks.start(), text);
        assertThat(new String(text, 0, length, StandardCharsets.UTF_8)).isEqualTo("{\"é\": ");
        assertThat(masks.forced(masks.start(), new byte[3])).isEqualTo(3);
        TokenMasks ended = TokenMasks.ofGbnf("root ::= \"a\"?", VocabularyTrie.of(words));
        assertThat(ended.forced(ended.start(), text)).isZero();
    }

    @Test
    void drawn_whereTheTextIsForced_isExpectedNextTime() throws GrammarRefused {
        ListedVocabulary words = words("a", "ab", "b", "c", "bc", "abcd");
        TokenMasks masks = TokenMasks.ofGbnf("root ::= \"abc\" [d-e]", VocabularyTrie.of(words));
        TokenMasks.Position start = masks.start();
        assertThat(masks.expected(start)).isZero();
        masks.guess(start, 3);
        assertThat(masks.expected(start, 0)).isEqualTo(3);
        assertThat(masks.probability(start, 0)).isEqualTo(0.75f);
        TokenMasks.Position second = masks.drawn(start, 2);
        assertThat(masks.expected(start)).isOne();
        assertThat(masks.expected(start, 0)).isEqualTo(2);
        assertThat(masks.probability(start, 0)).isBetween(0.85f, 0.9f);
        masks.drawn(start, 3);
        masks.drawn(start, 3);
        assertThat(masks.expected(start)).isEqualTo(2);
        assertThat(masks.expected(start, 0)).isEqualTo(3);
        assertThat(masks.expected(start, 1)).isEqualTo(2);
        assertThat(masks.probability(start, 0) + masks.probability(start, 1)).isLessThan(1);
        masks.guess(start, 7);
        assertThat(masks.expected(start, 0))
                .as("a draw counts more than a guess")
                .isEqualTo(3);
        TokenMasks.Position third = masks.drawn(second, 6);
        masks.drawn(third, 5);
        assertThat(masks.expected(third)).as("there is a choice of text").isZero();
    }

    @Test
    void after_grammarWithExponentiallyManyDerivations_staysSmall() throws GrammarRefused {
        ListedVocabulary words = letters();
        TokenMasks masks = TokenMasks.ofGbnf(
                "root ::= s\ns ::= \"a\" s x | \"a\" s y | \"b\"\nx ::= \"c\"\ny ::= \"c\" | \"d\"",
                VocabularyTrie.of(words));
        int a = token(words, "a");
        int c = token(words, "c");
        TokenMasks.Position position = masks.start();
        for (int i = 0; i < 1_000; i++) {
            position = masks.after(position, a);
        }
        position = masks.after(position, token(words, "b"));
        for (int i = 0; i < 999; i++) {
            position = masks.after(position, c);
            assertThat(position.accepts()).isFalse();
        }
        position = masks.after(position, token(words, "d"));
        assertThat(position.accepts()).isTrue();
        assertThat(position.isComplete()).isTrue();
    }

    @Test
    void ofGbnf_hostileGrammars_areRefusedOrSmall() throws GrammarRefused {
        VocabularyTrie trie = VocabularyTrie.of(letters());
        refused("root ::= \"" + "a".repeat(2_000_000) + "\"", "allowed: up to", trie);
        refused("root ::= root \"a\"", "left-recursive", trie);
        refused("root ::= \"a\"? root", "left-recursive", trie);
        refused("root ::= x{100000}\nx ::= y{100000}\ny ::= (\"a\" \"b\"){100000} \"c\"{100000}", "too large", trie);
        StringBuilder chain = new StringBuilder("root ::= r1\n");
        for (int i = 1; i < 20_000; i++) {
            chain.append("r").append(i).append(" ::= r").append(i + 1).append('\n');
        }
        ListedVocabulary words = letters();
        TokenMasks long1 = TokenMasks.ofGbnf(chain + "r20000 ::= \"a\"", trie);
        assertThat(accepts(long1, words, "a")).isTrue();
        for (String nullable : List.of(
                "root ::= ((((\"a\"?){50})?{50})?{50})?{50}",
                "root ::= ((((\"a\" | \"b\"?){50} \"c\"?){50} \"d\"?){50} \"e\"?){50}",
                "root ::= (((\"a\"*)*)*)*",
                "root ::= x{99} \"a\"*\nx ::= y{99}\ny ::= z{99}\nz ::= (\"\" | \"b\"?){99}")) {
            TokenMasks masks = TokenMasks.ofGbnf(nullable, trie);
            assertThat(accepts(masks, words, "a".repeat(200))).as(nullable).isTrue();
            assertThat(accepts(masks, words, "aax")).as(nullable).isFalse();
        }
        TokenMasks nested = TokenMasks.ofGbnf("root ::= ((((\"a\"){1,50}){1,50}){1,50}){1,50}", trie);
        assertThat(accepts(nested, words, "aaaaaaa")).isTrue();
    }

    private static void refused(String grammar, String because, VocabularyTrie trie) {
        assertThatThrownBy(() -> TokenMasks.ofGbnf(grammar, trie))
                .isInstanceOf(GrammarRefused.class)
                .hasMessageContaining(because);
    }

    /** The reference model: all places where a pattern that begins at a place can end, by definition. */
    private record Reference(Rules rules, String text, Map<List<Object>, TreeSet<Integer>> known) {
        boolean matches() {
            return ends(new Pattern.Reference(rules.root()), 0).contains(text.length());
        }

        TreeSet<Integer> ends(Pattern pattern, int from) {
            List<Object> key = List.of(pattern, from);
            TreeSet<Integer> done = known.get(key);
            if (done != null) {
                return done;
            }
            TreeSet<Integer> ends = new TreeSet<>();
            switch (pattern) {
                case Pattern.Characters(int[] ranges) -> {
                    for (int i = 0; i < ranges.length && from < text.length(); i += 2) {
                        if (text.charAt(from) >= ranges[i] && text.charAt(from) <= ranges[i + 1]) {
                            ends.add(from + 1);
                        }
                    }
                }
                case Pattern.Token _ -> {} // no text has it
                case Pattern.Reference(int rule) ->
                    ends.addAll(ends(rules.bodies().get(rule), from));
                case Pattern.Choice(List<Pattern> all) -> all.forEach(one -> ends.addAll(ends(one, from)));
                case Pattern.Sequence(List<Pattern> parts) -> {
                    TreeSet<Integer> at = new TreeSet<>(List.of(from));
                    for (Pattern part : parts) {
                        TreeSet<Integer> next = new TreeSet<>();
                        at.forEach(place -> next.addAll(ends(part, place)));
                        at = next;
                    }
                    ends.addAll(at);
                }
                case Pattern.Repeat(Pattern part, int least, int most) -> {
                    TreeSet<Integer> at = new TreeSet<>(List.of(from));
                    int bound = most == Pattern.UNBOUNDED ? least + text.length() + 1 : most;
                    for (int i = 0; i <= bound; i++) {
                        if (i >= least) {
                            ends.addAll(at);
                        }
                        if (i == bound) {
                            break; // what is never repeated may be what no text is read by
                        }
                        TreeSet<Integer> next = new TreeSet<>();
                        at.forEach(place -> next.addAll(ends(part, place)));
                        at = next;
                    }
                }
            }
            known.put(key, ends);
            return ends;
        }
    }

    @Test
    void after_randomGrammars_agreeWithTheDefinition() throws GrammarRefused {
        long seed = Seeds.next();
        Random random = new Random(seed);
        ListedVocabulary words = words("a", "b", "ab", "ba", "aab");
        VocabularyTrie trie = VocabularyTrie.of(words);
        int compared = 0;
        for (int round = 0; round < 200; round++) {
            Rules rules = randomRules(random);
            TokenMasks masks;
            try {
                masks = TokenMasks.of(rules, trie);
            } catch (GrammarRefused leftRecursive) {
                continue;
            }
            compared++;
            for (int bits = 0; bits < 1 << 7; bits++) {
                String text = Integer.toBinaryString(bits | 1 << 7)
                        .substring(1)
                        .replace('0', 'a')
                        .replace('1', 'b');
                text = text.substring(bits % 8);
                TokenMasks.Position position = masks.start();
                for (char c : text.toCharArray()) {
                    position = masks.after(position, c == 'a' ? 2 : 3);
                }
                boolean expected = new Reference(rules, text, new HashMap<>()).matches();
                assertThat(position.accepts())
                        .as("seed %d, %s, \"%s\"", seed, rules, text)
                        .isEqualTo(expected);
                assertThat(allowed(masks, words, position))
                        .as("seed %d, %s, after \"%s\"", seed, rules, text)
                        .isEqualTo(oneByOne(masks, words, position));
            }
        }
        assertThat(compared).isGreaterThan(50);
    }

    /** The same by way of the text: a grammar that is written down and read means what it meant. */
    @Test
    void ofGbnf_randomGrammars_agreeWithTheDefinition() {
        ListedVocabulary words = words("a", "b", "ab", "ba", "aab");
        VocabularyTrie trie = VocabularyTrie.of(words);
        Seeds.with(seeds -> {
            Random random = new Random(seeds.nextLong());
            int compared = 0;
            for (int round = 0; round < 200; round++) {
                Rules rules = randomRules(random);
                String text = Notation.of(rules, random);
                if (isRefused(() -> TokenMasks.of(rules, trie))) {
                    assertThat(isRefused(() -> TokenMasks.ofGbnf(text, trie)))
                            .as(text)
                            .isTrue();
                    continue;
                }
                TokenMasks masks = unrefused(() -> TokenMasks.ofGbnf(text, trie));
                compared++;
                for (int length = 0; length <= 6; length++) {
                    for (int bits = 0; bits < 1 << length; bits++) {
                        StringBuilder string = new StringBuilder();
                        TokenMasks.Position position = masks.start();
                        for (int i = 0; i < length; i++) {
                            boolean isB = (bits >> i & 1) == 1;
                            string.append(isB ? 'b' : 'a');
                            position = masks.after(position, isB ? 3 : 2);
                        }
                        assertThat(position.accepts())
                                .as("%s, \"%s\"", text, string)
                                .isEqualTo(new Reference(rules, string.toString(), new HashMap<>()).matches());
                    }
                }
            }
            assertThat(compared).isGreaterThan(50);
        });
    }

    /** Something that may be refused. */
    private interface Refusable {
        TokenMasks get() throws GrammarRefused;
    }

    private static boolean isRefused(Refusable grammar) {
        try {
            grammar.get();
            return false;
        } catch (GrammarRefused e) {
            return true;
        }
    }

    private static TokenMasks unrefused(Refusable grammar) {
        try {
            return grammar.get();
        } catch (GrammarRefused e) {
            throw new AssertionError(e.getMessage(), e);
        }
    }

    /** Writes rules of the letters a and b as GBNF, each thing in one of the ways that there are. */
    private record Notation(Random random) {
        static String of(Rules rules, Random random) {
            Notation notation = new Notation(random);
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < rules.bodies().size(); i++) {
                text.append(name(i))
                        .append(notation.one(" ::= ", "::=", " ::=\n  "))
                        .append(notation.written(rules.bodies().get(i)))
                        .append(notation.one("\n", " # a comment\n", "\r\n\n"));
            }
            return text.toString();
        }

        private static String name(int rule) {
            return rule == 0 ? "root" : "rule-" + rule;
        }

        private String one(String... ways) {
            return ways[random.nextInt(ways.length)];
        }

        private String written(Pattern pattern) {
            return switch (pattern) {
                case Pattern.Characters(int[] ranges) ->
                    ranges[0] == ranges[1]
                            ? letter(ranges[0])
                            : one("[ab]", "[a-b]", "[\\x61-b]", "[^c-\\U0010FFFF\\x00-\\x60]", "(\"a\" | \"b\")");
                case Pattern.Token(int id, boolean negated) -> (negated ? "!<[" : "<[") + id + "]>";
                case Pattern.Reference(int rule) -> name(rule);
                case Pattern.Sequence(List<Pattern> parts) ->
                    parts.stream().map(this::written).collect(Collectors.joining(" ", "(", ")"));
                case Pattern.Choice(List<Pattern> all) ->
                    all.stream().map(this::written).collect(Collectors.joining(one("|", " | ", " |\n "), "(", ")"));
                case Pattern.Repeat(Pattern part, int least, int most) ->
                    "(" + written(part) + ")" + times(least, most);
            };
        }

        private String letter(int c) {
            String name = Character.toString(c);
            String hex = Integer.toHexString(c);
            return one("\"" + name + "\"", "[" + name + "]", "\"\\x" + hex + "\"", "[\\u00" + hex + "]");
        }

        private String times(int least, int most) {
            if (most == Pattern.UNBOUNDED) {
                String counted = "{" + least + ",}";
                return least == 0 ? one("*", counted) : least == 1 ? one("+", counted) : counted;
            }
            String counted = least == most
                    ? one("{" + least + "}", "{" + least + "," + most + "}")
                    : "{" + least + one(",", " , ") + most + "}";
            return least == 0 && most == 1 ? one("?", counted) : counted;
        }
    }

    private static Rules randomRules(Random random) {
        List<Pattern> bodies = new ArrayList<>();
        int count = 1 + random.nextInt(3);
        for (int i = 0; i < count; i++) {
            bodies.add(randomPattern(random, 3, count));
        }
        List<String> names = new ArrayList<>();
        bodies.forEach(_ -> names.add("r"));
        return new Rules(names, bodies, 0);
    }

    private static Pattern randomPattern(Random random, int depth, int rules) {
        int kind = depth == 0 ? random.nextInt(3) : random.nextInt(7);
        return switch (kind) {
            case 0 -> Pattern.text("a");
            case 1 -> Pattern.text("b");
            case 2 -> new Pattern.Characters(new int[] {'a', 'b'});
            case 3 ->
                new Pattern.Sequence(
                        List.of(randomPattern(random, depth - 1, rules), randomPattern(random, depth - 1, rules)));
            case 4 ->
                new Pattern.Choice(
                        List.of(randomPattern(random, depth - 1, rules), randomPattern(random, depth - 1, rules)));
            case 5 -> {
                int least = random.nextInt(3);
                int most = random.nextBoolean() ? Pattern.UNBOUNDED : least + random.nextInt(4);
                yield new Pattern.Repeat(randomPattern(random, depth - 1, rules), least, most);
            }
            default -> new Pattern.Reference(random.nextInt(rules));
        };
    }

    @Test
    void gbnf_leftRecursionInAPart_isSaidByTheCallersName() {
        for (String grammar : List.of("root ::= root \"a\"", "root ::= list\nlist ::= list \"a\" | \"a\"")) {
            GrammarRefused alone = assertThrows(GrammarRefused.class, () -> Automaton.of(Gbnf.parse(grammar)));
            assertThat(alone)
                    .hasMessageContaining("the left-recursive rule " + (grammar.contains("list") ? "list:" : "root:"));
            assertThatThrownBy(() -> GrammarParts.check(grammar))
                    .isInstanceOf(GrammarRefused.class)
                    .hasMessage(alone.getMessage());
            assertThatCode(() -> new GrammarParts().gbnf(grammar))
                    .as("no automaton of a part before the whole is refused")
                    .doesNotThrowAnyException();
        }
    }
}
