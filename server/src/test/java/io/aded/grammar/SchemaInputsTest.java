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

/**
 * Schemas as libraries write them, and keywords that converters of schemas are known to pass over: each is obeyed, or
 * refused by its name. Schemas and texts are written with ' for ".
 */
class SchemaInputsTest {
    private static String json(String text) {
        return text.replace('\'', '"');
    }

    private static Machine machine(String schema) throws GrammarRefused {
        return new Machine(Automaton.of(JsonSchemaGrammar.compile(json(schema))));
    }

    private static boolean accepts(Machine machine, String text) {
        Machine.State state = machine.initial();
        for (byte b : json(text).getBytes(StandardCharsets.UTF_8)) {
            state = machine.step(state, b);
        }
        return state.accepts();
    }

    private static Arguments shape(String schema, List<String> good, List<String> bad) {
        return Arguments.of(schema, good, bad);
    }

    static Stream<Arguments> ordinary() {
        return Stream.of(
                // zod's z.int()
                shape(
                        "{'type':'integer','minimum':-9007199254740991,'maximum':9007199254740991}",
                        List.of("-9007199254740991", "9007199254740991", "0", "17"),
                        List.of("9007199254740992", "-9007199254740992", "1.5")),
                // a tree that refers to its root, and a linked list, as guides to structured outputs show them
                shape(
                        "{'type':'object','properties':{'kind':{'type':'string','enum':['row','button']},'children':"
                                + "{'type':'array','items':{'$ref':'#'}}},'required':['kind','children'],"
                                + "'additionalProperties':false}",
                        List.of(
                                "{'kind': 'row', 'children': []}",
                                "{'kind': 'row', 'children': [{'kind': 'button', 'children': []}]}"),
                        List.of(
                                "{'kind': 'row'}",
                                "{'kind': 'row', 'children': [1]}",
                                "{'kind': 'x', 'children': []}")),
                shape(
                        "{'type':'object','properties':{'list':{'$ref':'#/$defs/node'}},'$defs':{'node':{'type':'object',"
                            + "'properties':{'value':{'type':'number'},'next':{'anyOf':[{'$ref':'#/$defs/node'},"
                            + "{'type':'null'}]}},'required':['value','next'],'additionalProperties':false}},"
                            + "'required':['list'],'additionalProperties':false}",
                        List.of("{'list': {'value': 1, 'next': {'value': 2.5, 'next': null}}}"),
                        List.of("{'list': null}", "{'list': {'value': 1}}")),
                // pydantic 1: a reference within allOf, beside a title and a default
                shape(
                        "{'title':'M','type':'object','properties':{'c':{'title':'C','default':'r','allOf':[{'$ref':"
                            + "'#/definitions/E'}]}},'required':['c'],'definitions':{'E':{'title':'E','enum':['r','g'],"
                            + "'type':'string'}}}",
                        List.of("{'c': 'g'}"),
                        List.of("{'c': 'b'}", "{'c': 1}", "{}")),
                // pydantic's Any: a schema that says nothing
                shape(
                        "{'type':'object','properties':{'x':{'title':'X'}},'required':['x']}",
                        List.of("{'x': null}", "{'x': {'a': [1, 'b']}}", "{'x': 'y'}"),
                        List.of("{}", "{'y': 1}")),
                // what may not be there at all, as zod's never and TypeBox's: a property less
                shape(
                        "{'type':'object','properties':{'a':{'not':{}},'b':{'type':'integer'},'c':false,'d':{'type':'integer',"
                            + "'minimum':2,'maximum':1}},'required':['b']}",
                        List.of("{'b': 1}"),
                        List.of("{'a': 1, 'b': 1}", "{}", "{'b': 1, 'c': 1}", "{'b': 1, 'd': 1}")),
                // a rule for what nothing fits, which another refers to, is left to nobody
                shape(
                        "{'$defs':{'S':{'type':'object','properties':{'a':{'$ref':'#/$defs/T'},'b':false},'required':['a','b']},"
                            + "'T':{'type':'object','properties':{'s':{'$ref':'#/$defs/S'},'n':{'type':'integer'}},"
                            + "'required':['n']}},'type':'object','properties':{'x':{'$ref':'#/$defs/S'},'y':{'$ref':"
                            + "'#/$defs/T'}},'required':['y']}",
                        List.of("{'y': {'n': 1}}"),
                        List.of("{'y': {'s': , 'n': 1}}", "{'x': , 'y': {'n': 1}}", "{'y': {'s': {}, 'n': 1}}")),
                shape(
                        "{'anyOf':[{'type':'object','properties':{'k':false},'required':['k']},{'type':'null'}]}",
                        List.of("null"),
                        List.of("{}", "{'k': 1}")),
                // names from a list, as zod's records of an enum: each once
                shape(
                        "{'type':'object','propertyNames':{'enum':['x','y']},'additionalProperties':{'type':'integer'},"
                                + "'required':['y']}",
                        List.of("{'y': 1}", "{'x': 1, 'y': 2}"),
                        List.of("{'x': 1}", "{'y': 1, 'y': 2}", "{'y': 'a'}", "{'y': 1, 'z': 2}")),
                // one pattern for all names, as TypeBox's records and pydantic's dictionaries of constrained keys
                shape(
                        "{'type':'object','patternProperties':{'^a\\\\d$':{'type':'integer'}},'additionalProperties':false}",
                        List.of("{}", "{'a1': 5}", "{'a1': 5, 'a2': 6}"),
                        List.of("{'b': 1}", "{'a1': 'x'}", "{'a12': 1}")),
                // a reference by the document's own name
                shape(
                        "{'$id':'T0','type':'object','properties':{'n':{'type':'array','items':{'$ref':'T0'}}},'required':['n']}",
                        List.of("{'n': [{'n': []}]}"),
                        List.of("{'n': [1]}", "{}")),
                shape(
                        "{'$id':'https://a.b/c','$ref':'https://a.b/c#/$defs/F','$defs':{'F':{'type':'boolean'}}}",
                        List.of("true"),
                        List.of("1")),
                // zod's z.float64(): bounds of 309 digits
                shape(
                        "{'type':'number','minimum':-1.7976931348623157e308,'maximum':1.7976931348623157e308}",
                        List.of("0", "-12.5", "9".repeat(40)),
                        List.of("1" + "0".repeat(41), "'1'")),
                shape(
                        "{'type':'number','minimum':1e45}",
                        List.of("1" + "0".repeat(45)),
                        List.of("9".repeat(45), "0", "-1")),
                // a format that counts, and a length
                shape(
                        "{'type':'string','format':'email','maxLength':60}",
                        List.of("'a@b.cd'", "'anna.meier@mail.example.com'"),
                        List.of("'a@b'", "'" + "a".repeat(50) + "@example.org'", "'@b.cd'")),
                shape(
                        "{'type':'string','format':'email','minLength':8,'maxLength':255}",
                        List.of("'ab@cd.ef'", "'anna.meier@mail.example.com'"),
                        List.of("'a@b.cd'")),
                shape(
                        "{'type':'string','format':'hostname','maxLength':20}",
                        List.of("'a'", "'www.ab-cd.org'"),
                        List.of("'-a'", "'a.'", "'" + "a".repeat(21) + "'")),
                shape(
                        "{'type':'string','format':'uri','maxLength':2048}",
                        List.of("'https://example.org:8080/a/b?c=d'", "'ab://c'"),
                        List.of("'example.org'", "'https://example.org/" + "a".repeat(2040) + "'")),
                shape(
                        "{'type':'string','pattern':'^\\\\p{Extended_Pictographic}$'}",
                        List.of("'😀'"),
                        List.of("'1'", "'a'")),
                shape("{'type':'integer','minimum':1.0,'maximum':3.0}", List.of("1", "3"), List.of("0", "4", "1.0")),
                shape(
                        "{'type':'array','items':{'type':'string'},'maxItems':0}",
                        List.of("[]"),
                        List.of("['a']", "['']")),
                shape(
                        "{'type':'string','minLength':1200,'maxLength':5000}",
                        List.of("'" + "a".repeat(1200) + "'", "'" + "é".repeat(5000) + "'"),
                        List.of("'" + "a".repeat(1199) + "'", "'" + "a".repeat(5001) + "'")),
                shape("{'type':'string','pattern':'\\\\d'}", List.of("'1'", "'a1b'"), List.of("'a'", "''", "'١'")),
                shape(
                        "{'type':'string','pattern':'^(ab|c(d|e))(f)?$'}",
                        List.of("'ab'", "'cdf'", "'ce'"),
                        List.of("'abc'", "'c'", "'xab'")),
                shape("{'type':'string','pattern':'foo|bar'}", List.of("'a foo b'", "'bar'"), List.of("'fo'", "'ba'")),
                shape(
                        "{'type':'string','pattern':'^a|b$'}",
                        List.of("'ax'", "'xb'", "'a'"),
                        List.of("'xa'", "'bx'", "''")),
                shape("{'type':'string','pattern':'(^x$)|(^yy$)'}", List.of("'x'", "'yy'"), List.of("'xx'", "'y'")),
                shape("{'const':'a\\\\b\\\"c'}", List.of("'a\\\\b\\\"c'"), List.of("'abc'", "'a\\\\b'")),
                shape(
                        "{'type':'object','properties':{'a\\\\b':{'type':'null'},'c\\\"d':{'type':'null'},'été':"
                                + "{'type':'null'}},'required':['a\\\\b','c\\\"d','été']}",
                        List.of("{'a\\\\b': null, 'c\\\"d': null, 'été': null}"),
                        List.of("{'ab': null, 'cd': null, 'été': null}")),
                shape(
                        "{'type':'string','format':'date-time'}",
                        List.of("'2024-05-06T07:08:09.5Z'", "'2024-05-06T07:08:09.123456789+02:00'"),
                        List.of("'2024-05-06T07:08:09.Z'", "'2024-05-06T07:08Z'")),
                shape(
                        "{'type':'string','format':'time'}",
                        List.of("'07:08:09.25Z'", "'23:59:59-01:00'"),
                        List.of("'24:00:00Z'", "'07:08:09'")),
                shape(
                        "{'type':'integer'}",
                        List.of("18446744073709551615", "-9223372036854775808", "0"),
                        List.of("00", "-0", "1e2")),
                shape(
                        "{'type':'number'}",
                        List.of("12345678901234567890.5", "0.30000000000000004", "1e-7"),
                        List.of("1.", "+1")),
                shape(
                        "{'type':'number','minimum':0,'maximum':1}",
                        List.of("0.8571428571428571", "1", "0"),
                        List.of("1.0000000000000002", "-0.1")),
                // what zod writes for an address, a record, and a nullable
                shape(
                        "{'type':'string','format':'email','pattern':'^(?!\\\\.)(?!.*\\\\.\\\\.)([A-Za-z0-9_.+-]*)"
                                + "[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9-]*\\\\.)+[A-Za-z]{2,}$'}",
                        List.of("'a.b@example.org'"),
                        List.of("'.a@example.org'", "'a..b@example.org'", "'a@b'", "'a!@example.org'")),
                shape(
                        "{'type':'object','propertyNames':{'type':'string','enum':['a','b']},'additionalProperties':"
                                + "{'type':'integer'}}",
                        List.of("{'a': 1}", "{}", "{'a': 1, 'b': 2}"),
                        List.of("{'c': 1}", "{'a': 'x'}", "{'a': 1, 'a': 2}")),
                shape("{'anyOf':[{'type':'string'},{'type':'null'}]}", List.of("null", "'a'"), List.of("1")),
                shape(
                        "{'type':'array','prefixItems':[{'type':'string'},{'type':'number'}],'minItems':2,'maxItems':2}",
                        List.of("['a', 1]"),
                        List.of("['a']", "['a', 1, 2]")));
    }

    static Stream<Arguments> passedOver() {
        return Stream.of(
                shape("{'type':'number','exclusiveMaximum':10}", List.of("9.99", "-3"), List.of("10", "10.0", "11")),
                // as doubles, the bad ones are the bounds themselves
                shape(
                        "{'type':'number','exclusiveMinimum':-2,'exclusiveMaximum':-1}",
                        List.of("-1.0000000000000003", "-1.5", "-1.9999999999999997"),
                        List.of("-1.00000000000000000001", "-1.99999999999999999999", "-1", "-2")),
                shape(
                        "{'type':'integer','minimum':100,'maximum':1999}",
                        List.of("100", "109", "999", "1000", "1099", "1999"),
                        List.of("99", "0100", "2000", "10000", "-100")),
                shape(
                        "{'type':'integer','minimum':-1200,'maximum':-199}",
                        List.of("-199", "-200", "-999", "-1000", "-1200"),
                        List.of("-198", "-1201", "-2000", "199", "0")),
                shape("{'type':'integer','minimum':7,'maximum':7}", List.of("7"), List.of("6", "8", "77", "")),
                shape(
                        "{'type':'integer','minimum':0}",
                        List.of("0", "9", "10", "9".repeat(40)),
                        List.of("-1", "00", "01", "1" + "0".repeat(41))),
                shape(
                        "{'type':'number','minimum':0.5,'maximum':1.099}",
                        List.of("0.5", "0.50", "0.999", "1", "1.09", "1.099", "1.0990"),
                        List.of("0.4", "0.49", "0.", "0", "1.0991", "1.1", "2")),
                shape(
                        "{'type':'integer','minimum':1577836800000,'maximum':4102444800000}",
                        List.of("1577836800000", "1700000000000", "4102444800000"),
                        List.of("1577836799999", "4102444800001", "5")),
                shape(
                        "{'type':'string','format':'email'}",
                        List.of("'ann@example.org'"),
                        List.of("'ann'", "'ann@'", "'@example.org'", "'a b@example.org'")),
                shape(
                        "{'type':'string','format':'uri'}",
                        List.of("'https://example.org/a?b=c#d'"),
                        List.of("'example'", "'/a'", "'https://a b'")),
                shape("{'type':'string','format':'ipv4'}", List.of("'10.0.0.255'"), List.of("'10.0.0.256'", "'1.2.3'")),
                shape(
                        "{'type':'string','format':'ipv6'}",
                        List.of("'::1'", "'2001:db8::ff00:42:8329'"),
                        List.of("':1'", "'1:2:3'", "'g::1'")),
                shape(
                        "{'type':'string','format':'hostname'}",
                        List.of("'a-b.example'"),
                        List.of("'-a'", "'a_b'", "''")),
                shape(
                        "{'type':'string','format':'duration'}",
                        List.of("'P1Y2M3DT4H5M6S'", "'PT30M'", "'P2W'"),
                        List.of("'P'", "'1D'", "'PT'", "'P1S'")),
                shape(
                        "{'type':'string','format':'date'}",
                        List.of("'2024-02-29'", "'2000-02-29'", "'2023-04-30'"),
                        List.of(
                                "'2023-02-29'",
                                "'1900-02-29'",
                                "'2023-04-31'",
                                "'2023-00-10'",
                                "'2023-1-1'",
                                "'0000-01-01'")),
                shape(
                        "{'type':'string','pattern':'^[a-c]+$','minLength':2,'maxLength':3}",
                        List.of("'ab'", "'abc'"),
                        List.of("'a'", "'abca'", "'xy'")),
                shape(
                        "{'type':'string','pattern':'ab','maxLength':3}",
                        List.of("'ab'", "'xab'", "'abx'"),
                        List.of("'abxx'", "'aa'")),
                shape(
                        "{'allOf':[{'prefixItems':[{'minimum':3}]}],'items':{'type':'integer','minimum':5}}",
                        List.of("[5]", "[5, 6]"),
                        List.of("[3]", "[5, 4]", "['a']")),
                shape(
                        "{'allOf':[{'prefixItems':[{'type':'integer'},{}]},{'prefixItems':[{'minimum':2}],'items':"
                                + "{'type':'null'}}]}",
                        List.of("[2]", "[2, null]", "[2, null, null]"),
                        List.of("[1]", "[2, 1]", "[2, null, 1]")),
                shape("{'type':'array','minItems':1}", List.of("[1]", "['a', {}]"), List.of("[]")),
                shape(
                        "{'type':'array','prefixItems':[{'type':'null'}],'items':{'type':'boolean'}}",
                        List.of("[null, true]", "[]"),
                        List.of("[true]", "[null, null]")),
                shape(
                        "{'type':'object','propertyNames':{'pattern':'^x'},'additionalProperties':{'type':'null'}}",
                        List.of("{}", "{'x1': null}"),
                        List.of("{'y': null}")),
                shape(
                        "{'type':'object','properties':{'ab':{},'cd':{}},'propertyNames':{'maxLength':2,'pattern':'a'}}",
                        List.of("{'ab': 1}", "{}"),
                        List.of("{'cd': 1}")),
                shape(
                        "{'$ref':'#/$defs/a','maximum':5,'$defs':{'a':{'type':'integer','minimum':3}}}",
                        List.of("3", "5"),
                        List.of("2", "6")),
                shape(
                        "{'type':'object','properties':{'a':{'type':'null'}},'required':['a'],'anyOf':[{'properties':{'b':"
                            + "{'type':'null'}},'required':['b']},{'properties':{'c':{'type':'null'}},"
                            + "'required':['c']}]}",
                        List.of("{'a': null, 'b': null}", "{'a': null, 'c': null}"),
                        List.of("{'a': null}", "{'b': null}")),
                shape("{'type':'integer','enum':[1,'a',2.0,2.5]}", List.of("1", "2"), List.of("'a'", "2.5")),
                shape(
                        "{'enum':['ab','abc','b'],'pattern':'^a','minLength':3}",
                        List.of("'abc'"),
                        List.of("'ab'", "'b'")),
                shape("{'enum':[1,2,3],'const':2.0}", List.of("2"), List.of("1", "3")),
                shape("{'type':'object','required':['n']}", List.of("{'n': 1}"), List.of("{}", "{'m': 1}")),
                shape(
                        "{'type':'object','properties':{'a':{'type':'null'}},'required':['a','z']}",
                        List.of("{'a': null, 'z': [1]}"),
                        List.of("{'a': null}")),
                shape(
                        "{'allOf':[{'type':'string','pattern':'^a'},{'pattern':'b$'}]}",
                        List.of("'ab'", "'axb'"),
                        List.of("'a'", "'b'", "'ba'")),
                shape(
                        "{'oneOf':[{'type':'object','properties':{'t':{'type':'string'}},'required':['t']},{'type':"
                                + "'object','properties':{'t':{'type':'null'}},'required':['t']}]}",
                        List.of("{'t': 'x'}", "{'t': null}"),
                        List.of("{'t': 1}")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource({"ordinary", "passedOver"})
    void compile_schema_isObeyed(String schema, List<String> good, List<String> bad) throws GrammarRefused {
        Machine machine = machine(schema);
        for (String text : good) {
            assertThat(accepts(machine, text)).as("accepts %s", text).isTrue();
        }
        for (String text : bad) {
            assertThat(accepts(machine, text)).as("accepts %s", text).isFalse();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            quoteCharacter = '`',
            value = {
                "{'type':'number','multipleOf':0.5} ~ multipleOf",
                "{'type':'array','items':{},'uniqueItems':true} ~ uniqueItems",
                "{'type':'array','contains':{'type':'null'}} ~ contains",
                "{'type':'object','patternProperties':{'^a':{},'b$':{}}} ~ patternProperties",
                "{'type':'object','properties':{'ab':{}},'patternProperties':{'^a':{}}} ~ patternProperties",
                "{'type':'object','patternProperties':{'^a':{}},'required':['a']} ~ patternProperties",
                "{'allOf':[{'patternProperties':{'^a':{}}},{'additionalProperties':false}]} ~ patternProperties",
                "{'not':{}} ~ not",
                "{'type':'object','properties':{'a':{'not':{}}},'required':['a']} ~ not",
                "{'$id':'https://a.b/c','$ref':'https://a.b/cd'} ~ $ref",
                "{'$ref':'#'} ~ $ref",
                "{'type':'object','properties':{'a':{}},'additionalProperties':{},'propertyNames':{'maxLength':1}} ~"
                        + " propertyNames",
                "{'type':'object','minProperties':2} ~ minProperties",
                "{'type':'object','additionalProperties':{},'maxProperties':2} ~ maxProperties",
                "{'type':'object','dependentRequired':{'a':['b']}} ~ dependentRequired",
                "{'type':'object','dependentSchemas':{'a':{'required':['b']}}} ~ dependentSchemas",
                "{'type':'object','dependencies':{'a':['b']}} ~ dependencies",
                "{'if':{'type':'string'},'then':{'minLength':1},'else':false} ~ if",
                "{'not':{'type':'null'}} ~ not",
                "{'type':'array','unevaluatedItems':false} ~ unevaluatedItems",
                "{'type':'object','unevaluatedProperties':false} ~ unevaluatedProperties",
                "{'$dynamicRef':'#x'} ~ $dynamicRef",
                "{'type':'string','format':'json-pointer'} ~ format",
                "{'type':'string','pattern':'a(?<!b)'} ~ look-behind",
                "{'type':'string','pattern':'\\\\bx'} ~ word boundary",
                "{'properties':{'p':{'$id':'http://x/','$ref':'#/a'}}} ~ $id",
                "{'enum':[1e999999999]} ~ digits",
                "{'allOf':[{'format':'date'},{'format':'time'}]} ~ format",
                "{'enum':['a'],'pattern':'b'} ~ no listed value fits"
            })
    void compile_whatCannotBeKept_isRefusedByName(String schema, String name) {
        assertThatThrownBy(() -> machine(schema))
                .isInstanceOf(GrammarRefused.class)
                .hasMessageContaining(name)
                .hasMessageStartingWith("at #");
    }

    @Test
    void compile_schemasThatGrowWhereTheyCombine_areRefusedSoon() {
        String two = "{'anyOf':[{'minLength':1},{'maxLength':9}]}";
        String many = "{'anyOf':[" + "{'maxLength':9},".repeat(3_000) + "{}]}";
        String names = "'a'" + ",'b'".repeat(20_000);
        StringBuilder numbers = new StringBuilder("{'type':'object','properties':{");
        for (int i = 10_000; i < 20_000; i++) {
            numbers.append("'").append(i).append("':{'type':'integer','minimum':-");
            numbers.append("1234567".repeat(5)).append(i).append("},");
        }
        for (String bomb : List.of(
                numbers + "'a':{}}}",
                "{'allOf':[" + (two + ",").repeat(40) + "{}]}",
                "{'allOf':[" + (many + ",").repeat(20) + "{}]}",
                "{'$ref':'#/$defs/a','$defs':{'a':{'allOf':[{'$ref':'#/$defs/b'}]},'b':{'allOf':[{'$ref':'#/$defs/a'}]}}}",
                "{'allOf':[{'$ref':'#'}]}",
                "{'anyOf':[{'$ref':'#'},{'type':'null'}]}",
                "{'oneOf':[{'$ref':'#'}]}",
                "{'type':'string','pattern':'(a|b)*a(a|b){30}$','maxLength':50000}",
                "{'type':'string','pattern':'" + "(?=a)".repeat(50) + "x{10000}','minLength':9999}",
                "{'type':'string','pattern':'" + "(".repeat(10_000) + "a" + ")".repeat(10_000) + "'}",
                "{'type':'array','minItems':100000,'items':{'type':'array','minItems':100000,'items':{'type':'string',"
                        + "'pattern':'^(a{9999}b{9999}c{9999}){9999}$','maxLength':99999}}}")) {
            assertThatThrownBy(() -> machine(bomb)).isInstanceOf(GrammarRefused.class);
        }
        assertThatThrownBy(() -> machine("{'type':'object','required':[" + names + "],'allOf':[{'required':[" + names
                        + "]},{'not':{}}]}"))
                .isInstanceOf(GrammarRefused.class);
    }
}
