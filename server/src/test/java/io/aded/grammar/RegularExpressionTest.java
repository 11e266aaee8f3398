package io.aded.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is written is read again by a matcher of a few lines, and compared with Java's own expressions. */
class RegularExpressionTest {

    private static boolean matches(String expression, String text) throws GrammarRefused {
        String gbnf = RegularExpression.toGbnf(expression);
        Gbnf.parse(gbnf);
        return new Matcher(gbnf).matches(text);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ' ',
            value = {
                "abc root·::=·[a]·[b]·[c]",
                "a|b root·::=·[a]·|·[b]",
                "a+b? root·::=·([a])+·([b])?",
                "[a-c\\d]{2,5} root·::=·([0-9a-c]){2,5}",
                "(?:ab){3} root·::=·([a]·[b]){3,3}",
                "^x$ root·::=·[x]",
                "\\u00e9\\. root·::=·[\\xe9]·[\\x2e]"
            })
    void toGbnf_expression_isWrittenPieceByPiece(String expression, String gbnf) throws GrammarRefused {
        String written = RegularExpression.toGbnf(expression).strip();
        assertThat(written.replace("(([a] [b]))", "([a] [b])").replace(' ', '·'))
                .isEqualTo(gbnf);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\\bword",
                "a\\B",
                "(a)\\1",
                "(?=a)b",
                "(?!a)b",
                "(?<=a)b",
                "(?<!a)b",
                "(?i)a",
                "\\p{L}",
                "\\k<n>",
                "a^b",
                "a$b",
                "(^a)",
                "(a$)",
                "(a*)*",
                "(a?){2,3}",
                "(|a)+",
                "*a",
                "a**",
                "a++",
                "a{2}{3}",
                "a{",
                "a{x}",
                "a{3,2}",
                "a{1001}",
                "a}",
                "a]",
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
                "\\0",
                "(?<1>a)"
            })
    void toGbnf_whatCannotBeKept_isRefusedWithItsPlace(String expression) {
        assertThatThrownBy(() -> RegularExpression.toGbnf(expression))
                .isInstanceOf(GrammarRefused.class)
                .hasMessageContaining("at character");
    }

    @Test
    void toGbnf_nestedTooDeep_isRefused() {
        assertThatCode(() -> RegularExpression.toGbnf("(".repeat(32) + "a" + ")".repeat(32)))
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
        for (String end : List.of("\n", "\r", "\u2028", "\u2029", "\0")) {
            assertThat(matches("a.c", "a" + end + "c")).isFalse();
        }
        assertThat(matches("a.c", "a\uD83D\uDE42c")).isTrue();
        assertThat(matches("\\uD83D\\uDE42|\\u{1F642}", "\uD83D\uDE42")).isTrue();
    }

    @Test
    void space_isThatOfTheStandard() throws GrammarRefused {
        for (int c = 1; c < 0x3100; c++) {
            // Java's \h and \v together are ECMA's white space and line ends, but for these.
            boolean expected = c == 0xFEFF
                    || c != 0x85 && c != 0x180E && Character.toString(c).matches("[\\h\\v]");
            assertThat(matches("\\s", Character.toString(c))).as("U+%04X", c).isEqualTo(expected);
            assertThat(matches("\\S", Character.toString(c))).as("U+%04X", c).isEqualTo(!expected);
        }
        assertThat(matches("\\s", "\uFEFF")).isTrue();
    }

    @Test
    void toGbnf_madeUpExpressions_matchWhatJavasOwnDo() throws GrammarRefused {
        long seed = Long.getLong("aded.seed", new SplittableRandom().nextLong());
        SplittableRandom random = new SplittableRandom(seed);
        int accepted = 0;
        for (int i = 0; i < 800; i++) {
            String expression = expression(random, 3);
            String gbnf;
            try {
                gbnf = RegularExpression.toGbnf(expression);
                Gbnf.parse(gbnf);
            } catch (GrammarRefused notKept) {
                continue;
            }
            accepted++;
            Matcher matcher = new Matcher(gbnf);
            Pattern reference = Pattern.compile(expression);
            for (int j = 0; j < 20; j++) {
                String text = text(random);
                assertThat(matcher.matches(text))
                        .as("%s on \"%s\", seed %d", expression, text, seed)
                        .isEqualTo(reference.matcher(text).matches());
            }
        }
        assertThat(accepted).isGreaterThan(400);
    }

    private static String expression(SplittableRandom random, int depth) {
        StringBuilder expression = new StringBuilder();
        int items = 1 + random.nextInt(3);
        for (int i = 0; i < items; i++) {
            int kind = random.nextInt(depth == 0 ? 5 : 7);
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

    /** Matches the GBNF that is written here: one rule of sets, groups, alternatives and repetitions. */
    private static final class Matcher {
        private final String gbnf;

        Matcher(String gbnf) {
            this.gbnf = gbnf.substring("root ::= ".length()).strip();
        }

        /** Where the text may stand after something was matched, and where the grammar then is. */
        private record Ends(List<Integer> text, int grammar) {}

        boolean matches(String text) {
            int[] points = text.codePoints().toArray();
            Ends ends = alternatives(0, points, List.of(0));
            return ends.text().contains(points.length);
        }

        private Ends alternatives(int grammar, int[] text, List<Integer> from) {
            List<Integer> ends = new ArrayList<>();
            int at = grammar;
            while (true) {
                Ends one = sequence(at, text, from);
                one.text().stream().filter(end -> !ends.contains(end)).forEach(ends::add);
                at = one.grammar();
                if (at >= gbnf.length() || gbnf.charAt(at) != '|') {
                    return new Ends(ends, at);
                }
                at += 2;
            }
        }

        private Ends sequence(int grammar, int[] text, List<Integer> from) {
            List<Integer> ends = from;
            int at = grammar;
            while (at < gbnf.length() && gbnf.charAt(at) != '|' && gbnf.charAt(at) != ')') {
                Ends item = item(at, text, ends);
                ends = item.text();
                at = item.grammar();
                while (at < gbnf.length() && gbnf.charAt(at) == ' ') {
                    at++;
                }
            }
            return new Ends(ends, at);
        }

        private Ends item(int grammar, int[] text, List<Integer> from) {
            Ends once = one(grammar, text, from);
            int at = once.grammar();
            int least = 1;
            int most = 1;
            if (at < gbnf.length() && "*+?{".indexOf(gbnf.charAt(at)) >= 0) {
                char c = gbnf.charAt(at++);
                least = c == '+' ? 1 : 0;
                most = c == '?' ? 1 : text.length + 1;
                if (c == '{') {
                    int end = gbnf.indexOf('}', at);
                    String[] counts = gbnf.substring(at, end).split(",", -1);
                    least = Integer.parseInt(counts[0]);
                    most = counts[1].isEmpty() ? Math.max(least, text.length + 1) : Integer.parseInt(counts[1]);
                    at = end + 1;
                }
            }
            List<Integer> ends = new ArrayList<>();
            List<Integer> reached = from;
            for (int times = 0; times <= most; times++) {
                // Once a round reaches nothing new, no later one does.
                if (times >= least && !ends.addAll(missing(ends, reached))) {
                    break;
                }
                if (times < most) {
                    reached = one(grammar, text, reached).text();
                }
            }
            return new Ends(ends, at);
        }

        private static List<Integer> missing(List<Integer> known, List<Integer> found) {
            return found.stream().filter(end -> !known.contains(end)).toList();
        }

        private Ends one(int grammar, int[] text, List<Integer> from) {
            if (gbnf.startsWith("\"\"", grammar)) {
                return new Ends(from, grammar + 2);
            }
            if (gbnf.charAt(grammar) == '(') {
                Ends inner = alternatives(grammar + 1, text, from);
                return new Ends(inner.text(), inner.grammar() + 1);
            }
            List<int[]> ranges = new ArrayList<>();
            int at = grammar + 1;
            while (gbnf.charAt(at) != ']') {
                int[] first = character(at);
                at = first[1];
                int last = first[0];
                if (gbnf.charAt(at) == '-') {
                    int[] second = character(at + 1);
                    last = second[0];
                    at = second[1];
                }
                ranges.add(new int[] {first[0], last});
            }
            List<Integer> ends = new ArrayList<>();
            for (int start : from) {
                if (start < text.length
                        && ranges.stream().anyMatch(range -> range[0] <= text[start] && text[start] <= range[1])) {
                    ends.add(start + 1);
                }
            }
            return new Ends(ends, at + 1);
        }

        private int[] character(int at) {
            if (gbnf.charAt(at) != '\\') {
                return new int[] {gbnf.charAt(at), at + 1};
            }
            int digits = gbnf.charAt(at + 1) == 'x' ? 2 : gbnf.charAt(at + 1) == 'u' ? 4 : 8;
            return new int[] {Integer.parseInt(gbnf.substring(at + 2, at + 2 + digits), 16), at + 2 + digits};
        }
    }
}
