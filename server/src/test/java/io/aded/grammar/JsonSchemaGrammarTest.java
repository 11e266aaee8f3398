package io.aded.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class JsonSchemaGrammarTest {
    static List<String> valid() {
        return List.of(
                "{}",
                "{\"type\":\"object\"}",
                "{\"type\":\"integer\",\"minimum\":-3,\"maximum\":12}",
                "{\"type\":\"array\",\"items\":{\"type\":\"string\",\"format\":\"date\"},\"minItems\":2,\"maxItems\":4}",
                "{\"type\":[\"string\",\"null\"]}",
                "{\"enum\":[1,\"a\",null]}",
                "{\"const\":{\"a\":[1,2]}}",
                "{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"number\"}]}",
                "{\"properties\":{\"a\":{\"$ref\":\"#/$defs/t\"}},\"$defs\":{\"t\":{\"type\":\"boolean\"}}}",
                "{\"type\":\"string\",\"pattern\":\"^(ab|[c-e]{2,3})+$\"}",
                "{\"type\":\"object\",\"properties\":{\"a\":{}},\"additionalProperties\":{\"type\":\"number\"}}",
                "{\"$ref\":\"#/$defs/n\",\"$defs\":{\"n\":{\"type\":\"object\",\"properties\":{\"n\":{\"$ref\":\"#/$defs/n\"}}}}}");
    }

    @ParameterizedTest
    @MethodSource("valid")
    void convert_validSchema_reachesTheConverterAsItIs(String schema) throws Exception {
        assertThat(JsonSchemaGrammar.convert(schema, seen -> seen)).isEqualTo(schema);
    }

    /** Each of these ends the process in the converter itself, or did something nobody asked for. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '`',
            value = {
                "{bad ~ not JSON",
                "[] ~ not an object",
                "\"x\" ~ not an object",
                "true ~ not an object",
                "{\"type\":\"foo\"} ~ #/type",
                "{\"type\":5} ~ #/type",
                "{\"type\":[]} ~ #/type",
                "{\"$ref\":\"#/nope\"} ~ not in the schema",
                "{\"$ref\":\"http://x/y\"} ~ plain reference",
                "{\"$ref\":5} ~ #/$ref",
                "{\"const\":{\"$ref\":5}} ~ $ref",
                "{\"properties\":[]} ~ not an object",
                "{\"properties\":{\"a\":{\"type\":\"foo\"}}} ~ #/properties/a/type",
                "{\"enum\":5} ~ #/enum",
                "{\"enum\":[]} ~ #/enum",
                "{\"type\":\"string\",\"maxLength\":100000} ~ maxLength",
                "{\"type\":\"string\",\"minLength\":-1} ~ minLength",
                "{\"type\":\"string\",\"minLength\":5,\"maxLength\":2} ~ above",
                "{\"type\":\"string\",\"pattern\":\"a\"} ~ begin with ^",
                "{\"type\":\"string\",\"pattern\":\"^(a$\"} ~ not closed",
                "{\"type\":\"string\",\"pattern\":\"^a)$\"} ~ without",
                "{\"type\":\"string\",\"pattern\":\"^[$\"} ~ not closed",
                "{\"type\":\"string\",\"pattern\":\"^a{x}$\"} ~ repetition",
                "{\"type\":\"integer\",\"minimum\":5,\"maximum\":2} ~ above",
                "{\"type\":\"integer\",\"minimum\":\"5\"} ~ minimum",
                "{\"anyOf\":[]} ~ at least one",
                "{\"anyOf\":[5]} ~ not an object",
                "{\"type\":\"array\",\"items\":5} ~ not an object",
                "{\"title\":\"nothing\"} ~ says nothing"
            })
    void convert_faultySchema_saysWhere(String schema, String because) {
        assertThatThrownBy(() -> JsonSchemaGrammar.convert(schema, seen -> seen))
                .isInstanceOf(JsonSchemaGrammar.Refused.class)
                .hasMessageContaining(because);
    }
}
