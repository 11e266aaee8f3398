package io.aded.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class JsonSchemaGrammarTest {
    private static final VocabularyTrie TRIE = Bytes.trie();

    private static boolean accepts(TokenMasks masks, String text) {
        TokenMasks.Position position = masks.start();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            position = masks.after(position, b & 0xFF);
        }
        return position.accepts();
    }

    /** A schema; texts that it allows; texts that it does not. */
    private static Arguments shape(String schema, List<String> good, List<String> bad) {
        return Arguments.of(schema, good, bad);
    }

    static Stream<Arguments> schemas() {
        return Stream.of(
                shape(
                        "{\"type\":\"integer\",\"minimum\":-2147483648,\"maximum\":2147483647}",
                        List.of("-2147483648", "2147483647", "0", "-1", "99"),
                        List.of("-2147483649", "2147483648", "01", "-0", "1.0", "1e3")),
                shape(
                        "{\"type\":\"integer\",\"minimum\":1700000000000,\"exclusiveMaximum\":1.8e12}",
                        List.of("1700000000000", "1799999999999"),
                        List.of("1699999999999", "1800000000000")),
                shape("{\"type\":\"integer\",\"exclusiveMinimum\":1.0}", List.of("2", "10"), List.of("1", "0", "-5")),
                shape(
                        "{\"type\":\"number\",\"minimum\":-1.5,\"maximum\":2.25}",
                        List.of("-1.5", "-1", "0", "2.25", "2.249", "1.999999", "-0.5", "2"),
                        List.of("-1.51", "2.26", "3", "-2", "1e0", "2.2500000001")),
                shape(
                        "{\"type\":\"number\",\"exclusiveMinimum\":0,\"exclusiveMaximum\":1}",
                        List.of("0.5", "0.000000000001"),
                        List.of("0", "1", "0.0", "1.0")),
                shape("{\"type\":\"number\"}", List.of("0", "-1.5e+10", "3.25"), List.of("01", ".5", "1.", "NaN")),
                shape(
                        "{\"type\":\"string\",\"minLength\":2,\"maxLength\":3}",
                        List.of("\"ab\"", "\"é€😀\"", "\"\\n\\\"\""),
                        List.of("\"a\"", "\"abcd\"", "ab")),
                shape(
                        "{\"type\":\"string\",\"format\":\"date\"}",
                        List.of("\"2024-02-29\"", "\"2023-12-31\"", "\"2000-02-29\""),
                        List.of("\"2023-02-29\"", "\"1900-02-29\"", "\"2023-04-31\"", "\"2023-13-01\"")),
                shape(
                        "{\"type\":\"string\",\"format\":\"date-time\"}",
                        List.of("\"2024-02-29T23:59:59Z\"", "\"2024-01-01T00:00:00.123+01:30\""),
                        List.of("\"2024-02-29 23:59:59Z\"", "\"2024-02-29T24:00:00Z\"", "\"2024-02-29T23:59:59\"")),
                shape(
                        "{\"type\":\"string\",\"format\":\"ipv4\"}",
                        List.of("\"255.0.10.9\""),
                        List.of("\"256.0.0.1\"", "\"1.2.3\"")),
                shape(
                        "{\"type\":\"string\",\"format\":\"uuid\"}",
                        List.of("\"123e4567-e89b-12d3-a456-426614174000\""),
                        List.of("\"123e4567\"")),
                shape(
                        "{\"type\":\"string\",\"pattern\":\"^\\\\d{3}-\\\\w+$\"}",
                        List.of("\"123-a_b\""), List.of("\"12-a\"", "\"123-\"")),
                shape(
                        "{\"type\":\"string\",\"pattern\":\"b(c|d)+?\"}",
                        List.of("\"xxbcdy\"", "\"bd\""),
                        List.of("\"b\"", "\"\"")),
                shape(
                        "{\"type\":\"string\",\"pattern\":\"^\\\\/x\\\\-[\\\"\\\\\\\\]$\"}",
                        List.of("\"/x-\\\"\"", "\"/x-\\\\\""),
                        List.of("\"/x-\"", "\"/x-a\"")),
                shape(
                        "{\"enum\":[\"a\\\\b\",1,1.50,null,{\"x\":[1,true]}]}",
                        List.of("\"a\\\\b\"", "1", "1.5", "null", "{\"x\": [1, true]}"),
                        List.of("\"a\"", "2")),
                shape("{\"type\":\"string\",\"enum\":[\"a\",1]}", List.of("\"a\""), List.of("1")),
                shape("{\"const\":\"x\\\"y\"}", List.of("\"x\\\"y\""), List.of("\"x\"")),
                shape("{\"type\":[\"string\",\"null\",\"string\"]}", List.of("null", "\"\""), List.of("1")),
                shape(
                        "{\"type\":\"array\",\"items\":{\"type\":\"boolean\"},\"minItems\":1,\"maxItems\":2}",
                        List.of("[true]", "[true, false]"),
                        List.of("[]", "[true, true, true]", "[true,]", "[1]")),
                shape("{\"type\":\"array\",\"maxItems\":0}", List.of("[]"), List.of("[1]")),
                shape("{\"type\":\"array\",\"minItems\":2}", List.of("[1, \"a\"]"), List.of("[1]")),
                shape(
                        "{\"type\":\"array\",\"prefixItems\":[{\"type\":\"integer\"},{\"type\":\"string\"}],\"items\":{\"type\":\"null\"}}",
                        List.of("[]", "[1]", "[1, \"a\"]", "[1, \"a\", null, null]"),
                        List.of("[\"a\"]", "[1, 2]", "[1, \"a\", 1]")),
                shape(
                        "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":{\"type\":\"null\"},"
                                + "\"c\":{\"type\":\"boolean\"}},\"required\":[\"b\"]}",
                        List.of(
                                "{\"b\": null}",
                                "{\"a\": 1, \"b\": null}",
                                "{\"b\": null, \"c\": true}",
                                "{\"a\": 1, \"b\": null, \"c\": true}"),
                        List.of("{}", "{\"a\": 1}", "{\"b\": null, \"a\": 1}", "{\"b\": null, \"d\": 1}")),
                shape(
                        "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"},\"ab\":{\"type\":\"null\"}},"
                                + "\"additionalProperties\":{\"type\":\"boolean\"}}",
                        List.of("{}", "{\"a\": 1, \"x\": true, \"abc\": false, \"\": true}", "{\"b\": true}"),
                        List.of("{\"a\": true}", "{\"x\": 1}", "{\"ab\": true}")),
                shape("{\"type\":\"object\"}", List.of("{}", "{\"x\": [1, {}]}"), List.of("[]")),
                shape(
                        "{\"type\":\"object\",\"properties\":{},\"required\":[\"y\"]}",
                        List.of("{\"y\": 1}"),
                        List.of("{}")),
                shape("{}", List.of("1", "\"x\"", "{\"a\": []}", "null"), List.of("", "nul")),
                shape(
                        "{\"type\":\"object\",\"properties\":{\"v\":{\"type\":\"integer\"},\"next\":{\"anyOf\":[{\"$ref\":\"#\"},"
                            + "{\"type\":\"null\"}]}},\"required\":[\"v\",\"next\"]}",
                        List.of("{\"v\": 1, \"next\": null}", "{\"v\": 1, \"next\": {\"v\": 2, \"next\": null}}"),
                        List.of("{\"v\": 1}", "{\"v\": 1, \"next\": 2}")),
                shape(
                        "{\"properties\":{\"c\":{\"allOf\":[{\"$ref\":\"#/definitions/E\"}],\"description\":\"d\"}},"
                            + "\"required\":[\"c\"],\"type\":\"object\",\"definitions\":{\"E\":{\"enum\":[\"r\",\"g\"]}}}",
                        List.of("{\"c\": \"r\"}"),
                        List.of("{\"c\": \"b\"}")),
                shape(
                        "{\"$ref\":\"#/$defs/S\",\"maxLength\":2,\"$defs\":{\"S\":{\"type\":\"string\",\"minLength\":1}}}",
                        List.of("\"a\"", "\"ab\""),
                        List.of("\"\"", "\"abc\"", "1")),
                shape(
                        "{\"allOf\":[{\"minimum\":3},{\"type\":\"integer\",\"maximum\":5},{\"minimum\":4}]}",
                        List.of("4", "5"),
                        List.of("3", "6")),
                shape(
                        "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"}},\"anyOf\":[{\"required\":[\"a\"]},"
                            + "{\"properties\":{\"b\":{\"type\":\"string\"}},\"required\":[\"b\"]}]}",
                        List.of("{\"a\": 1}", "{\"a\": 1, \"b\": \"x\"}", "{\"b\": \"x\"}"),
                        List.of("{}")),
                shape(
                        "{\"oneOf\":[{\"type\":\"object\",\"properties\":{\"k\":{\"const\":\"a\"}},\"required\":[\"k\"]},"
                            + "{\"type\":\"object\",\"properties\":{\"k\":{\"const\":\"b\"},\"w\":{}},\"required\":[\"k\"]}]}",
                        List.of("{\"k\": \"a\"}", "{\"k\": \"b\", \"w\": 1}"),
                        List.of("{\"k\": \"a\", \"w\": 1}")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("schemas")
    void compile_schema_allowsExactlyWhatItSays(String schema, List<String> good, List<String> bad)
            throws GrammarRefused {
        TokenMasks masks = TokenMasks.ofJsonSchema(schema, TRIE);
        for (String text : good) {
            assertThat(accepts(masks, text)).as("accepts %s", text).isTrue();
        }
        for (String text : bad) {
            assertThat(accepts(masks, text)).as("accepts %s", text).isFalse();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '`',
            value = {
                "{\"not\":{}} ~ keyword not",
                "{\"if\":{}} ~ keyword if",
                "{\"type\":\"number\",\"multipleOf\":0.5} ~ keyword multipleOf",
                "{\"type\":\"array\",\"uniqueItems\":true} ~ keyword uniqueItems",
                "{\"type\":\"array\",\"contains\":{}} ~ keyword contains",
                "{\"type\":\"object\",\"patternProperties\":{\"a\":{},\"b\":{}}} ~ keyword patternProperties",
                "{\"type\":\"object\",\"dependentRequired\":{\"a\":[\"b\"]}} ~ keyword dependentRequired",
                "{\"type\":\"object\",\"minProperties\":1} ~ minProperties",
                "{\"type\":\"object\",\"properties\":{\"a\":{},\"b\":{}},\"maxProperties\":1} ~ maxProperties",
                "{\"type\":\"string\",\"format\":\"iri\"} ~ format \"iri\"",
                "{\"type\":\"string\",\"pattern\":\"(?<=a)\"} ~ look-behind",
                "{\"type\":\"string\",\"pattern\":\"(a)\\\\1\"} ~ reference back",
                "{\"type\":\"string\",\"pattern\":\"((((a\"} ~ not closed",
                "{\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"number\"}]} ~ oneOf",
                "{\"allOf\":[{\"type\":\"string\"},{\"type\":\"number\"}]} ~ exclude each other",
                "{\"$ref\":\"#/$defs/A\",\"$defs\":{\"A\":{\"allOf\":[{\"$ref\":\"#/$defs/A\"}]}}} ~ refers to itself",
                "{\"$ref\":\"http://x/y\"} ~ beyond this document",
                "{\"$ref\":\"#/nope\"} ~ not there",
                "{\"type\":\"foo\"} ~ unknown type",
                "{\"type\":\"integer\",\"minimum\":5,\"maximum\":4} ~ bounds",
                "{\"type\":\"string\",\"minLength\":-1} ~ minLength",
                "{\"properties\":{\"x\":{\"not\":{\"type\":\"null\"}}},\"type\":\"object\"} ~ at #/properties/x",
                "[] ~ no schema",
                "{ ~ not JSON",
                "false ~ allows nothing"
            })
    void compile_whatCannotBeKept_isRefusedByName(String schema, String because) {
        assertThatThrownBy(() -> TokenMasks.ofJsonSchema(schema, TRIE))
                .isInstanceOf(GrammarRefused.class)
                .hasMessageContaining(because);
    }

    @Test
    void compile_hostileSchemas_areRefusedOrSmall() throws GrammarRefused {
        for (String bomb : List.of(
                "{\"type\":\"string\",\"pattern\":\"" + "(".repeat(10_000) + "a" + ")".repeat(10_000) + "\"}",
                "{\"type\":\"string\",\"pattern\":\"((a{1000}){1000}){1000}(b{9999}c{9999}){9999}\",\"x\":"
                        + "[".repeat(500),
                "{\"a\":" + "{\"a\":".repeat(5_000) + "1" + "}".repeat(5_001))) {
            assertThatThrownBy(() -> TokenMasks.ofJsonSchema(bomb, TRIE)).isInstanceOf(GrammarRefused.class);
        }
        String types = "[" + "\"string\",\"string\",".repeat(20) + "\"null\"]";
        String nested = "{\"type\":" + types + "}";
        for (int i = 0; i < 21; i++) {
            nested = "{\"type\":" + types.replace("null", "array") + ",\"items\":" + nested + "}";
        }
        assertThat(accepts(TokenMasks.ofJsonSchema(nested, TRIE), "\"x\"")).isTrue();
        StringBuilder wide = new StringBuilder("{\"type\":\"object\",\"properties\":{");
        for (int i = 0; i < 120; i++) {
            wide.append(i == 0 ? "" : ",").append("\"p").append(i).append("\":{\"type\":\"integer\"}");
        }
        TokenMasks optional = TokenMasks.ofJsonSchema(wide + "}}", TRIE);
        assertThat(accepts(optional, "{\"p3\": 1, \"p119\": 2}")).isTrue();
        assertThat(accepts(optional, "{\"p119\": 1, \"p3\": 2}")).isFalse();
    }
}
