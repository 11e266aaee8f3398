package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThatCode;

import io.aded.grammar.JsonSchemaGrammar;
import io.aded.grammar.TokenMasks;
import io.aded.grammar.VocabularyTrie;
import io.aded.model.ScriptedModel;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class KherudConverterTest {
    private static final VocabularyTrie TRIE =
            VocabularyTrie.of(new ScriptedModel(ScriptedModel.babble(1, 2)).vocabulary());

    @ParameterizedTest
    @MethodSource("io.aded.grammar.JsonSchemaGrammarTest#valid")
    void convert_validSchema_givesAGrammar(String schema) {
        assertThatCode(() -> TokenMasks.ofGbnf(JsonSchemaGrammar.convert(schema, new KherudConverter()), TRIE))
                .doesNotThrowAnyException();
    }
}
