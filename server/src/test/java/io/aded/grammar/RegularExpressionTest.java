package io.aded.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.testing.Seeds;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is written is read again as a grammar, matched by the machine, and compared with Java's own expressions. */
class RegularExpressionTest {

    private static boolean matches(String expression, String text) throws GrammarRefused {
        return matches(machine(expression), text);
    }

    private static Machine machine(String expression) throws GrammarRefused {
        return new Machine(Automaton.of(Gbnf.parse(RegularExpression.toGbnf(expression))));
    }

    private static boolean matches(Machine machine, String text) {
        Machine.State state = machine.initial();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            state = machine.step(state, b);
        }
        return state.accepts();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ' ',
            value = {
                "abc root·::=·[a]·[b]·[c]",
                "a|b root·::=·[a]·|·[b]",
                "a+b? root·::=·[a]+·[b]?",
                "[a-c\\d]{2,5} root·::=·[0-9a-c]{2,5}",
                "(?:ab){3} root·::=·([a]·[b]){3,3}",
                "^x$ root·::=·[x]",
                "\\u00e9\\. root·::=·[\\xe9]·[\\x2e]"
            })
    void toGbnf_expression_isWrittenPieceByPiece(String expression, String gbnf) throws GrammarRefused {
        assertThat(RegularExpression.toGbnf(expression).strip().replace(' ', '·'))
                .isEqualTo(gbnf);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\\bword",
                "a\\B",
                "(a)\\1",
                "(?<=a)b",
                "(?<!a)b",
                "(?i)a",
                "\\k<n>",
                "*a",
                "a**",
                "a++",
                "a{2}{3}",
                "a{",
                "a{x}",
                "a{3,2}",
                "a{10001}",
                "\\01",
                "^*",
                "(?=a)*",
                "\\p{None}",
                "\\p",
                "[a",
                "[]",
                "[b-a]",
                "[\\d-z]",
                "[^\\s\\S]",
                "(a",
                "a)",
                "\\",
                "\\x1",
                "\\u12",
                "\\u{110000}",
                "\\uD83D",
                "\\cé",
                "(?<1>a)"
            })
    void toGbnf_whatCannotBeKept_isRefusedWithItsPlace(String expression) {
        assertThatThrownBy(() -> RegularExpression.toGbnf(expression))
                .isInstanceOf(GrammarRefused.class)
                .hasMessageContaining("at character");
    }

    @Test
    void toGbnf_nestedTooDeep_isRefused() {
        assertThatCode(() -> machine("(?:b|".repeat(90) + "a" + "c)*".repeat(90)))
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> RegularExpression.toGbnf("(".repeat(10_000))).isInstanceOf(GrammarRefused.class);
    }

    @ParameterizedTest
    @CsvSource({
        "'\\d{4}-\\d{2}-\\d{2}', 2026-11-27, 2026-11-7",
        "'(yes|no|maybe)', maybe, may",
        "'[^\"]*', hello, 'say \"hi\"'",
        "'\\w+@\\w+\\.(com|org)', ann@example.org, ann@example.net",
        "'-?(0|[1-9]\\d*)(\\.\\d+)?', -10.25, 01",
        "'[\\s\\S]+', 'a b', ''",
        "'.', ü, 'ab'",
        "'(?<year>\\d+)?', '', x",
        "'a{0}b', b, ab"
    })
    void toGbnf_commonExpressions_matchWhatTheyShould(String expression, String good, String bad)
            throws GrammarRefused {
        assertThat(matches(expression, good)).isTrue();
        assertThat(matches(expression, bad)).isFalse();
    }

    @Test
    void dot_lineEnds_areNotMatched() throws GrammarRefused {
        for (String end : List.of("\n", "\r", "\u2028", "\u2029")) {
            assertThat(matches("a.c", "a" + end + "c")).isFalse();
        }
        assertThat(matches("a.c", "a\uD83D\uDE42c")).isTrue();
        assertThat(matches("\\uD83D\\uDE42|\\u{1F642}", "\uD83D\uDE42")).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "'(a*)*', aaa, b",
        "'(?:(?:(?:(?:a?){50})?){50}b?){50}', aaabaa, c",
        "'(|a)+', '', b",
        "'(?=.*\\d)[a-z\\d]{2,4}', b1a, bca",
        "'(?!ab)\\w+', ba, abc",
        "'a(?!b).', ac, ab",
        "'\\p{Lu}\\p{Ll}+', Éva, éva",
        "'\\p{Script=Greek}+', αβ, ab",
        "'(^a|b)c$', ac, c",
        "'a]}', 'a]}', a",
        "'[^]', x, xx"
    })
    void toGbnf_lookAheadAnchorsAndEmptyParts_areKept(String expression, String good, String bad)
            throws GrammarRefused {
        assertThat(matches(expression, good)).isTrue();
        assertThat(matches(expression, bad)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a^b", "a$b", "(?=b)a", "(?!a)a"})
    void toGbnf_whatMatchesNothing_isRefused(String expression) {
        assertThatThrownBy(() -> RegularExpression.toGbnf(expression))
                .isInstanceOf(GrammarRefused.class)
                .hasMessageContaining("allows nothing");
    }

    @Test
    void space_isThatOfTheStandard() throws GrammarRefused {
        Machine space = machine("\\s");
        Machine other = machine("\\S");
        for (int c = 1; c < 0x3100; c++) {
            // Java's \h and \v together are ECMA's white space and line ends, but for these.
            boolean expected = c == 0xFEFF
                    || c != 0x85 && c != 0x180E && Character.toString(c).matches("[\\h\\v]");
            assertThat(matches(space, Character.toString(c))).as("U+%04X", c).isEqualTo(expected);
            assertThat(matches(other, Character.toString(c))).as("U+%04X", c).isEqualTo(!expected);
        }
        assertThat(matches("\\s", "\uFEFF")).isTrue();
    }

    @Test
    void toGbnf_madeUpExpressions_matchWhatJavasOwnDo() {
        Seeds.with(random -> {
            int accepted = 0;
            for (int i = 0; i < 1_000; i++) {
                String expression = expression(random, 3);
                Machine machine;
                try {
                    machine = machine(expression);
                } catch (GrammarRefused notKept) {
                    continue;
                }
                accepted++;
                Pattern reference = Pattern.compile(expression.replace("$", "\\z"));
                for (int j = 0; j < 10; j++) {
                    String text = text(random);
                    assertThat(matches(machine, text))
                            .as("%s on \"%s\"", expression, text)
                            .isEqualTo(reference.matcher(text).matches());
                }
            }
            assertThat(accepted).isGreaterThan(600);
        });
    }

    @Test
    void pattern_madeUpExpressions_areFoundWhereJavasOwnAre() {
        Seeds.with(random -> {
            int accepted = 0;
            for (int i = 0; i < 600; i++) {
                String expression = expression(random, 2);
                String schema = "{\"type\":\"string\",\"pattern\":" + JsonText.quoted(expression)
                        + (random.nextInt(3) == 0 ? ",\"minLength\":2,\"maxLength\":4" : "") + "}";
                boolean bounded = schema.contains("minLength");
                Machine machine;
                try {
                    machine = new Machine(Automaton.of(JsonSchemaGrammar.compile(schema)));
                } catch (GrammarRefused notKept) {
                    continue;
                }
                accepted++;
                Pattern reference = Pattern.compile(expression.replace("$", "\\z"));
                for (int j = 0; j < 10; j++) {
                    String text = text(random);
                    boolean fits = !bounded || text.length() >= 2 && text.length() <= 4;
                    assertThat(matches(machine, JsonText.quoted(text)))
                            .as("%s on \"%s\"", schema, text)
                            .isEqualTo(fits && reference.matcher(text).find());
                }
            }
            assertThat(accepted).isGreaterThan(300);
        });
    }

    private static String expression(SplittableRandom random, int depth) {
        StringBuilder expression = new StringBuilder();
        int items = 1 + random.nextInt(3);
        for (int i = 0; i < items; i++) {
            int kind = random.nextInt(depth == 0 ? 5 : 7);
            if (random.nextInt(12) == 0) {
                expression.append(i == 0 && random.nextBoolean() ? "^" : i == items - 1 ? "$" : "(?:)");
                continue;
            }
            if (depth > 0 && random.nextInt(12) == 0) {
                expression
                        .append(random.nextBoolean() ? "(?=" : "(?!")
                        .append(expression(random, 0))
                        .append(')');
                continue;
            }
            expression.append(
                    switch (kind) {
                        case 0, 1 -> String.valueOf((char) ('a' + random.nextInt(3)));
                        case 2 -> ".";
                        case 3 ->
                            List.of("[ab]", "[^a]", "[a-c]", "[^b-c]", "[\\d]", "[^\\d\\s]")
                                    .get(random.nextInt(6));
                        case 4 ->
                            List.of("\\d", "\\D", "\\w", "\\W", "\\s", "\\S").get(random.nextInt(6));
                        case 5 -> "(" + expression(random, depth - 1) + ")";
                        default -> "(?:" + expression(random, depth - 1) + "|" + expression(random, depth - 1) + ")";
                    });
            expression.append(List.of("", "", "", "?", "*", "+", "{2}", "{1,}", "{0,2}", "*?")
                    .get(random.nextInt(10)));
        }
        return expression.toString();
    }

    private static String text(SplittableRandom random) {
        StringBuilder text = new StringBuilder();
        int length = random.nextInt(6);
        for (int i = 0; i < length; i++) {
            text.append("abc1 \n".charAt(random.nextInt(6)));
        }
        return text.toString();
    }
}
