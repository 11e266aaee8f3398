package io.aded.lab.schema;

import io.aded.grammar.GrammarRefused;
import io.aded.grammar.TokenMasks;
import io.aded.grammar.VocabularyTrie;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Grammars and schemas of many kinds: what people write, and what is dear for masks. */
public final class SampleGrammars {
    private SampleGrammars() {}

    /**
     * One of them.
     *
     * @param isSchema whether it is a JSON schema; else it is GBNF
     */
    public record Sample(String name, boolean isSchema, String text) {
        /** Compiles it for a vocabulary. */
        public TokenMasks compile(VocabularyTrie trie) throws GrammarRefused {
            return isSchema ? TokenMasks.ofJsonSchema(text, trie) : TokenMasks.ofGbnf(text, trie);
        }
    }

    /** JSON in GBNF, with bounded white space. */
    public static final String JSON = """
        root ::= object
        value ::= object | array | string | number | ("true" | "false" | "null") ws
        object ::= "{" ws ( string ":" ws value ("," ws string ":" ws value)* )? "}" ws
        array ::= "[" ws ( value ("," ws value)* )? "]" ws
        string ::= "\\"" ( [^"\\\\\\x7F\\x00-\\x1F] | "\\\\" (["\\\\bfnrt] | "u" [0-9a-fA-F]{4}) )* "\\"" ws
        number ::= "-"? ([0-9] | [1-9] [0-9]{0,15}) ("." [0-9]+)? ([eE] [-+]? [0-9]+)? ws
        ws ::= | " " | "\\n" [ \\t]{0,20}
        """;

    private static final String FREE_JSON = """
        root ::= ws value
        value ::= (object | array | string | number | "true" | "false" | "null") ws
        object ::= "{" ws ( string ws ":" ws value ("," ws string ws ":" ws value)* )? "}"
        array ::= "[" ws ( value ("," ws value)* )? "]"
        string ::= "\\"" ([^"\\\\\\x00-\\x1F] | "\\\\" ["\\\\/bfnrt])* "\\""
        number ::= "-"? [0-9]+ ("." [0-9]+)? ([eE] [-+]? [0-9]+)?
        ws ::= [ \\t\\n\\r]*
        """;

    private static final String PROGRAM = """
        root ::= (declaration)*
        declaration ::= type " " name "(" parameter? ")" "{" statement* "}"
        type ::= "int" | "float" | "char"
        name ::= [a-zA-Z_] [a-zA-Z_0-9]*
        parameter ::= type " " name
        statement ::= type " " name ws "=" ws expression ";" | name ws "=" ws expression ";" | name ws "(" argument? ")" ";" |
            "return" ws expression ";" | "while" "(" condition ")" "{" statement* "}" | "//" [^\\n]* "\\n"
        condition ::= expression ("<=" | "<" | "==" | "!=") expression
        expression ::= term (("+" | "-") term)*
        term ::= factor (("*" | "/") factor)*
        factor ::= name | number | "-" factor | name "(" argument ")" | "(" expression ")"
        argument ::= expression ("," ws expression)*
        number ::= [0-9]+
        ws ::= ([ \\t\\n]+)?
        """;

    private static final String CALL = """
        {"anyOf":[
        {"type":"object","properties":{"tool":{"const":"search"},"arguments":{"type":"object","properties":
        {"query":{"type":"string","minLength":1,"maxLength":200},"limit":{"type":"integer","minimum":1,"maximum":50}},
        "required":["query"]}},"required":["tool","arguments"]},
        {"type":"object","properties":{"tool":{"const":"send"},"arguments":{"type":"object","properties":
        {"to":{"type":"string","format":"email"},"body":{"type":"string"},"urgent":{"type":"boolean"}},
        "required":["to","body"]}},"required":["tool","arguments"]},
        {"type":"object","properties":{"tool":{"const":"shell"},"arguments":{"type":"array","items":{"type":"string"}}},
        "required":["tool","arguments"]}]}\
        """;

    private static Sample gbnf(String name, String text) {
        return new Sample(name, false, text);
    }

    private static Sample schema(String name, String text) {
        return new Sample(name, true, text);
    }

    private static Sample string(String name, String keywords) {
        return schema(
                name,
                "{\"type\":\"object\",\"properties\":{\"value\":{\"type\":\"string\"," + keywords
                        + "}},\"required\":[\"value\"]}");
    }

    private static String numbered(String before, String after, int count, String between) {
        return IntStream.range(0, count)
                .mapToObj(i -> before + Integer.toString(i * 7919 + 17, 36) + after)
                .collect(Collectors.joining(between));
    }

    /** All of them. */
    public static List<Sample> all() {
        return List.of(
                gbnf("JSON", JSON),
                gbnf("JSON, free white space", FREE_JSON),
                gbnf("program", PROGRAM),
                gbnf("any text", "root ::= .*"),
                gbnf("lines", "root ::= (\"- \" [^\\n]+ \"\\n\")+"),
                gbnf(
                        "letters of all scripts",
                        "root ::= ([A-Za-z\\u00C0-\\u024F\\u0370-\\u04FF\\u4E00-\\u9FFF] | \" \")+"),
                gbnf("not a quote", "root ::= \"<\" ([^>\\u4E00-\\u4EFF]+ \"=\" [^>]*)? \">\""),
                gbnf(
                        "twelve alike",
                        "root ::= "
                                + IntStream.range(0, 12)
                                        .mapToObj(i -> "[^\\n" + (char) ('a' + i) + "]* \"" + (char) ('a' + i) + "\"")
                                        .collect(Collectors.joining(" | "))),
                gbnf("a word of five hundred", "root ::= w (\" \" w)*\nw ::= " + numbered("\"", "\"", 500, " | ")),
                gbnf(
                        "five hundred rules",
                        "root ::= (" + numbered("r", "", 500, " | ") + ")+\n"
                                + IntStream.range(0, 500)
                                        .mapToObj(i -> "r" + Integer.toString(i * 7919 + 17, 36) + " ::= \"" + i
                                                + "\" [^\\n]{1,9} \"\\n\"")
                                        .collect(Collectors.joining("\n"))),
                gbnf("contains a word", "root ::= .* \"stop\" .* \"end\" .*"),
                gbnf("numbers", "root ::= (\"-\"? [0-9]{1,12} (\".\" [0-9]{1,9})? \"\\n\")+"),
                schema("anything", "{}"),
                schema("an object", "{\"type\":\"object\"}"),
                schema("calls of tools", CALL),
                schema(
                        "a record",
                        "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\",\"maxLength\":40},"
                                + "\"country\":{\"enum\":[\"Austria\",\"Belgium\",\"Denmark\"]},\"paid\":{\"type\":"
                                + "\"boolean\"},\"number\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":99999},"
                                + "\"date\":{\"type\":[\"string\",\"null\"],\"format\":\"date\"}},\"required\":"
                                + "[\"name\",\"country\",\"paid\",\"number\",\"date\"]}"),
                schema(
                        "twenty texts",
                        "{\"type\":\"object\",\"properties\":{"
                                + IntStream.range(0, 20)
                                        .mapToObj(i ->
                                                "\"t" + i + "\":{\"type\":\"string\",\"maxLength\":" + (10 + i) + "}")
                                        .collect(Collectors.joining(","))
                                + "},\"required\":["
                                + IntStream.range(0, 20)
                                        .mapToObj(i -> "\"t" + i + "\"")
                                        .collect(Collectors.joining(","))
                                + "]}"),
                schema("a list of texts", "{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"maxItems\":90}"),
                schema(
                        "itself",
                        "{\"type\":\"object\",\"properties\":{\"value\":{\"type\":\"number\"},\"next\":{\"anyOf\":"
                                + "[{\"$ref\":\"#\"},{\"type\":\"null\"}]}},\"required\":[\"value\",\"next\"]}"),
                schema("an enum of a thousand", "{\"enum\":[" + numbered("\"", "\"", 1000, ",") + "]}"),
                string("5,000 characters", "\"minLength\":10,\"maxLength\":5000"),
                string("40 characters", "\"maxLength\":40"),
                string("a pattern", "\"pattern\":\"^[A-Z]{2,5}-[0-9]{4}(/[a-z]+)*$\""),
                string("a pattern of letters", "\"pattern\":\"^\\\\p{L}[\\\\p{L}\\\\p{N} '-]*$\""),
                string("a pattern that searches", "\"pattern\":\"id=\\\\d+\""),
                string("a pattern and lengths", "\"pattern\":\"^(?=.*\\\\d)\\\\S+$\",\"minLength\":8,\"maxLength\":64"),
                string("an address of mail", "\"format\":\"email\""),
                string("a URI", "\"format\":\"uri\""),
                string("a moment", "\"format\":\"date-time\""),
                string("a host", "\"format\":\"hostname\""),
                schema(
                        "an integer of 64 bits",
                        "{\"type\":\"integer\",\"minimum\":-9223372036854775808,\"maximum\":" + "9223372036854775807}"),
                schema("a number", "{\"type\":\"number\",\"minimum\":-1.5,\"maximum\":1e9}"));
    }
}
