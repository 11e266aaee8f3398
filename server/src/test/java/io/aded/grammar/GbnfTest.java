package io.aded.grammar;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GbnfTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "root ::= \"a\"",
                "root ::= [a-z]+ # letters",
                "# comment\n\nroot  ::=\n  (\"yes\" |\n   \"no\") ws\nws ::= [ \\t\\n]*\n",
                "root ::= a | b\r\na ::= \"\\x41\\u00e9\\U0001F600\"\r\nb ::= .{2,}",
                "root ::= x{3} y{0,2} z{4,5}\nx ::= \"x\"\ny ::= [^\\]-]\nz ::= (\"z\")?",
                "root ::= \"\" | \"(\" root \")\"",
                "root ::= [a-] [-a]"
            })
    void check_validGrammar_returns(String grammar) {
        assertThatCode(() -> Gbnf.parse(grammar)).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "rule ::= \"a\" ~ no rule named root",
                "root ::= other ~ rule other",
                "root ::= (\"a\" ~ expected )",
                "root ::= \"a ~ ends within",
                "root ::= \"\\q\" ~ unknown escape",
                "root ::= \"\\x4\" ~ hexadecimal digits",
                "root ::= [] ~ empty",
                "root ::= [z-a] ~ backwards",
                "root ::= * ~ nothing stands before *",
                "root ::= \"a\"{ ~ expected a number",
                "root ::= \"a\"{5,2} ~ upper bound",
                "root ::= \"a\"{100001} ~ above 100000",
                "root = \"a\" ~ expected ::=",
                "root ::= \"a\" ) ~ end of the line",
                "root ::= <[5]> ~ no tokens can be named here"
            })
    void check_faultyGrammar_saysWhy(String grammar, String because) {
        assertThatThrownBy(() -> Gbnf.parse(grammar))
                .isInstanceOf(GrammarRefused.class)
                .hasMessageContaining(because);
    }

    @Test
    void check_fault_isLocated() {
        assertThatThrownBy(() -> Gbnf.parse("root ::= \"a\"\nb ::= ?")).hasMessageContaining("line 2, column 7");
    }

    @Test
    void check_deepLongOrWide_isRefused() {
        refused("root ::= " + "(".repeat(5_000) + "\"a\"" + ")".repeat(5_000), "nests deeper");
        refused("root ::= \"" + "a".repeat(2_000_000) + "\"", "allowed: up to");
        refused("root ::= \"a\0b\"", "U+0000");
    }

    private static void refused(String grammar, String because) {
        assertThatThrownBy(() -> Gbnf.parse(grammar))
                .isInstanceOf(GrammarRefused.class)
                .hasMessageContaining(because);
    }
}
