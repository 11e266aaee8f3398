package io.aded.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.testing.Seeds;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Random grammars against a plain model of what makes one unmatchable, and random texts against nothing but patience. */
final class GbnfFuzzTest {

    /** One element of a sequence: a literal, or a rule as it is, optional, or repeated. */
    private record Element(int rule, String suffix) {
        static final int LITERAL = -1;

        String text() {
            return (rule == LITERAL ? "\"x\"" : "r" + rule) + suffix;
        }
    }

    /** Rule i is alternatives of sequences. */
    private record Grammar(List<List<List<Element>>> rules) {

        static Grammar random(SplittableRandom random) {
            int count = 1 + random.nextInt(5);
            List<List<List<Element>>> rules = new ArrayList<>();
            for (int rule = 0; rule < count; rule++) {
                List<List<Element>> alternatives = new ArrayList<>();
                for (int left = 1 + random.nextInt(2); left > 0; left--) {
                    List<Element> sequence = new ArrayList<>();
                    for (int elements = random.nextInt(4); elements > 0; elements--) {
                        sequence.add(new Element(
                                random.nextInt(3) == 0 ? Element.LITERAL : random.nextInt(count),
                                List.of("", "", "?", "*").get(random.nextInt(4))));
                    }
                    alternatives.add(sequence);
                }
                rules.add(alternatives);
            }
            return new Grammar(rules);
        }

        String text() {
            StringBuilder text = new StringBuilder("root ::= r0\n");
            for (int rule = 0; rule < rules.size(); rule++) {
                text.append('r').append(rule).append(" ::= ");
                for (int i = 0; i < rules.get(rule).size(); i++) {
                    text.append(i == 0 ? "" : " | ");
                    List<Element> sequence = rules.get(rule).get(i);
                    text.append(sequence.isEmpty() ? "\"\"" : "");
                    for (Element element : sequence) {
                        text.append(element.text()).append(' ');
                    }
                }
                text.append('\n');
            }
            return text.toString();
        }

        private boolean isNullable(Element element, Set<Integer> nullable) {
            return !element.suffix().isEmpty() || nullable.contains(element.rule());
        }

        /** Rules that can match nothing: the least fixed point. */
        Set<Integer> nullable() {
            Set<Integer> found = new HashSet<>();
            for (int pass = 0; pass <= rules.size(); pass++) {
                for (int rule = 0; rule < rules.size(); rule++) {
                    if (rules.get(rule).stream()
                            .anyMatch(sequence -> sequence.stream().allMatch(e -> isNullable(e, found)))) {
                        found.add(rule);
                    }
                }
            }
            return found;
        }

        /** Whether some rule can begin with itself, or repeats nothing without end, before a character is read. */
        boolean isLeftRecursive() {
            Set<Integer> nullable = nullable();
            boolean[][] begins = new boolean[rules.size()][rules.size()];
            for (int rule = 0; rule < rules.size(); rule++) {
                for (List<Element> sequence : rules.get(rule)) {
                    for (Element element : sequence) {
                        if (element.rule() != Element.LITERAL) {
                            begins[rule][element.rule()] = true;
                            if (element.suffix().equals("*") && nullable.contains(element.rule())) {
                                return true;
                            }
                        }
                        if (!isNullable(element, nullable)) {
                            break;
                        }
                    }
                }
            }
            for (int via = 0; via < rules.size(); via++) {
                for (int from = 0; from < rules.size(); from++) {
                    for (int to = 0; to < rules.size(); to++) {
                        begins[from][to] |= begins[from][via] && begins[via][to];
                    }
                }
            }
            for (int rule = 0; rule < rules.size(); rule++) {
                if (begins[rule][rule]) {
                    return true;
                }
            }
            return false;
        }
    }

    @Test
    void check_randomGrammars_refusesTheLeftRecursiveAndNoOthers() {
        Seeds.with(random -> {
            int recursive = 0;
            int sound = 0;
            for (int round = 0; round < 3_000; round++) {
                Grammar grammar = Grammar.random(random);
                String text = grammar.text();
                String refused = refusal(text);
                if (refused != null && refused.contains("too ambiguous")) {
                    continue;
                }
                boolean expected = grammar.isLeftRecursive();
                assertThat(refused != null
                                && (refused.contains("left-recursive") || refused.contains("left recursion")))
                        .as("%s%s", text, refused)
                        .isEqualTo(expected);
                if (!expected) {
                    assertThat(refused).as(text).isNull();
                    sound++;
                } else {
                    recursive++;
                }
            }
            assertThat(recursive).isGreaterThan(100);
            assertThat(sound).isGreaterThan(100);
        });
    }

    @Test
    void check_damagedGrammars_areAcceptedOrRefusedAndNothingElse() {
        String sound = "root ::= (\"a\" | [^b-d\\n]{2,5} word?)+ # end\nword ::= \"\\x41\\u00e9\" ws\nws ::= [ \\t]*\n";
        assertThat(refusal(sound)).isNull();
        String alphabet = "root wd\"[]{}()|*+?.\\-^,:=#\n\r\t09xuU\u00e9\ud83d\ude00\u0000";
        Seeds.with(random -> {
            for (int round = 0; round < 5_000; round++) {
                StringBuilder text = new StringBuilder(sound);
                for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
                    int at = random.nextInt(text.length());
                    switch (random.nextInt(3)) {
                        case 0 -> text.deleteCharAt(at);
                        case 1 -> text.insert(at, alphabet.charAt(random.nextInt(alphabet.length())));
                        default -> text.setCharAt(at, alphabet.charAt(random.nextInt(alphabet.length())));
                    }
                }
                String refused = refusal(text.toString());
                if (refused != null) {
                    assertThat(refused).isNotBlank();
                }
            }
        });
    }

    private static @Nullable String refusal(String text) {
        try {
            Gbnf.check(text);
            return null;
        } catch (Gbnf.Refused e) {
            return e.getMessage();
        }
    }
}
