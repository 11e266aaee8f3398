package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThatCode;

import io.aded.grammar.Gbnf;
import io.aded.grammar.JsonSchemaGrammar;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class KherudConverterTest {
    @ParameterizedTest
    @MethodSource("io.aded.grammar.JsonSchemaGrammarTest#valid")
    void convert_validSchema_givesAGrammar(String schema) {
        assertThatCode(() -> Gbnf.check(JsonSchemaGrammar.convert(schema, new KherudConverter())))
                .doesNotThrowAnyException();
    }
}
