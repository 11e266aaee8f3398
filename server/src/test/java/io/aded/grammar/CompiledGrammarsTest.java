package io.aded.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CompiledGrammarsTest {
    @Test
    void gbnf_sameGrammar_isCompiledOnce() throws GrammarRefused {
        CompiledGrammars grammars = new CompiledGrammars(Bytes.trie());
        TokenMasks first = grammars.gbnf("root ::= \"a\"");
        assertThat(grammars.gbnf("root ::= \"a\"")).isSameAs(first);
        assertThat(grammars.jsonSchema("{}")).isNotSameAs(first);
    }

    @Test
    void gbnf_manyLargeGrammars_areForgotten() throws GrammarRefused {
        CompiledGrammars grammars = new CompiledGrammars(Bytes.trie(), 1 << 20);
        TokenMasks first = grammars.gbnf("root ::= \"a\"");
        // Each takes some 0.4 MB.
        for (int i = 0; i < 4; i++) {
            grammars.gbnf("root ::= \"" + i + "\" [b-y]{9000}");
        }
        assertThat(grammars.gbnf("root ::= \"a\"")).isNotSameAs(first);
    }
}
