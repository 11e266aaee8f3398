package io.aded.lab.load;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.aded.v1.Chat;
import io.aded.v1.ChatMessage;
import io.aded.v1.Constraint;
import io.aded.v1.CountTokensRequest;
import io.aded.v1.DetokenizeRequest;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerationOptions;
import io.aded.v1.InferenceServiceGrpc.InferenceServiceBlockingStub;
import io.aded.v1.Sampling;
import io.aded.v1.TokenizeRequest;
import io.grpc.Context;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Calls that are made to be dear for whoever answers them, of many kinds, each with something random in it so that no
 * cache knows it: grammars with as many readings as there are, schemas and expressions that multiply, texts that
 * tokenisers dislike, and callers who leave.
 */
final class AttackKinds {
    private static final int TOKENS = 24;

    private final Map<String, Kind> kinds = new LinkedHashMap<>();

    /** Makes one call. */
    @FunctionalInterface
    interface Kind {
        /**
         * Calls, and returns when the call is over.
         *
         * @throws io.grpc.StatusRuntimeException if it was refused or failed
         */
        void strike(InferenceServiceBlockingStub stub, SplittableRandom random);
    }

    /** Writes a hostile text. */
    @FunctionalInterface
    private interface Writer {
        String write(SplittableRandom random);
    }

    AttackKinds() {
        grammars();
        schemas();
        expressions();
        texts();
        manners();
    }

    /** All of them by name. */
    Map<String, Kind> kinds() {
        return kinds;
    }

    private void grammars() {
        grammar(
                "grammar: as many readings as two to the n",
                r -> "root ::= s\ns ::= \"a\" s x | \"a\" s y | \"a\"\n" + "x ::= \"a\"{" + r.nextInt(1, 9)
                        + "}\ny ::= \"a\"* \"" + word(r) + "\"?");
        grammar(
                "grammar: ambiguous sums",
                r -> "root ::= e\ne ::= t (\"+\" e)? | t (\"+\" t)*\nt ::= [ab]{1," + r.nextInt(1, 99) + "} \""
                        + word(r) + "\"? | \"(\" e \")\"");
        grammar(
                "grammar: places that may be empty, without end",
                r -> "root ::= x{" + r.nextInt(1_000, 60_000) + "}\nx ::= \"c\"? [a-z]? \"" + word(r) + "\"?");
        grammar(
                "grammar: repetition bomb",
                r -> "root ::= " + "(".repeat(6) + "[a-z]" + join(6, "", _ -> "){0," + r.nextInt(3, 900) + "}"));
        grammar(
                "grammar: nested stars of what may be empty",
                r -> "root ::= " + "(".repeat(60) + "[a-z]? \"" + word(r) + "\"?" + ")*".repeat(60));
        grammar("grammar: a long chain of rules", r -> {
            int rules = r.nextInt(1_000, 9_000);
            return "root ::= r0\n"
                    + join(
                            rules,
                            "\n",
                            i -> "r" + i + " ::= " + (i + 1 < rules ? "r" + (i + 1) : "[a-z]+ \"" + word(r) + "\"?"));
        });
        grammar(
                "grammar: alternatives that begin alike",
                r -> "root ::= "
                        + join(r.nextInt(100, 600), " | ", _ -> "\"" + "a".repeat(r.nextInt(1, 30)) + "\" [a-c]*"));
        grammar(
                "grammar: wide sets",
                r -> "root ::= (" + "[^\\u0100-\\u0200\\u0300-\\uFFFF]".repeat(40) + "\"" + word(r) + "\"?){"
                        + r.nextInt(10_000) + "}");
    }

    private void schemas() {
        schema(
                "schema: alternatives times alternatives",
                r -> "{\"allOf\":["
                        + join(
                                r.nextInt(2, 30),
                                ",",
                                i -> "{\"anyOf\":[{\"minLength\":" + i + "},{\"maxLength\":" + (99 + r.nextInt(99))
                                        + "}]}")
                        + "]}");
        schema("schema: references in a circle", r -> {
            int count = r.nextInt(2, 60);
            return "{\"$ref\":\"#/$defs/d0\",\"$defs\":{"
                    + join(
                            count,
                            ",",
                            i -> "\"d" + i + "\":{\"anyOf\":[{\"$ref\":\"#/$defs/d" + (i + 1) % count
                                    + "\"},{\"type\":\"string\"}]}")
                    + "}}";
        });
        schema("schema: types again and again, nested", r -> {
            String schema = "{\"const\":\"" + word(r) + "\"}";
            for (int i = r.nextInt(5, 40); i > 0; i--) {
                schema = "{\"type\":[\"array\",\"string\",\"object\",\"array\",\"null\"],\"items\":" + schema + "}";
            }
            return schema;
        });
        schema(
                "schema: many optional properties",
                r -> "{\"type\":\"object\",\"properties\":{"
                        + join(
                                r.nextInt(100, 2_000),
                                ",",
                                i -> "\"" + word(r) + i + "\":{\"type\":[\"integer\",\"null\"]}")
                        + "}}");
        schema(
                "schema: names that begin with each other",
                r -> "{\"type\":\"object\",\"additionalProperties\":{},\"properties\":{\"" + word(r) + "\":{},"
                        + join(r.nextInt(10, 200), ",", i -> "\"" + "a".repeat(i + 1) + "\":{}") + "}}");
        schema(
                "schema: an enum of long texts that begin alike",
                r -> "{\"enum\":[" + join(r.nextInt(10, 400), ",", i -> "\"" + "ab".repeat(i) + word(r) + "\"") + "]}");
        schema(
                "schema: a pattern that remembers, with a length",
                r -> "{\"type\":\"string\",\"pattern\":\"(a|b)*a(a|b){" + r.nextInt(5, 40) + "}$\",\"maxLength\":"
                        + r.nextInt(10, 50_000) + "}");
        schema(
                "schema: several patterns at once",
                r -> "{\"allOf\":["
                        + join(
                                r.nextInt(2, 12),
                                ",",
                                i -> "{\"type\":\"string\",\"pattern\":\"" + word(r) + "?a.{" + i + "}b\"}")
                        + "]}");
        schema(
                "schema: oneOf of many",
                r -> "{\"oneOf\":["
                        + join(
                                r.nextInt(10, 600),
                                ",",
                                i -> "{\"properties\":{\"k\":{\"const\":\"" + word(r) + i
                                        + "\"}},\"required\":[\"k\"],\"type\":\"object\"}")
                        + "]}");
    }

    private void expressions() {
        expression(
                "expression: quantifier on quantifier",
                r -> "(".repeat(20) + "[a-z]" + word(r) + "?" + ")*".repeat(20));
        expression(
                "expression: look-ahead upon look-ahead",
                r -> join(r.nextInt(1, 60), "", i -> "(?=.*" + (char) ('a' + i % 26) + ")") + ".*" + word(r));
        expression(
                "expression: properties of characters",
                r -> join(r.nextInt(1, 1_000), "|", i -> "\\p{" + (i % 2 == 0 ? "L" : "Lu") + "}\\P{Nd}") + word(r));
        expression(
                "expression: repetition bomb",
                r -> "(".repeat(4) + "[^" + word(r) + "]" + "){9999}".repeat(r.nextInt(1, 5)));
        expression(
                "expression: nested parentheses",
                r -> "(".repeat(r.nextInt(20_000)) + "a" + ")".repeat(r.nextInt(20_000)));
    }

    private void texts() {
        text("text: one character again and again", r -> word(r) + "a".repeat(1_000));
        text("text: joined emoji", r -> word(r) + "\ud83d\udc68\u200d".repeat(160));
        text("text: marks on a letter", r -> word(r) + "e" + "\u0301".repeat(500));
        text("text: blanks", r -> word(r) + " ".repeat(1_000));
        text(
                "text: characters of all planes",
                r -> r.ints(300, 0x20, 0x2FFFF)
                        .filter(c -> c < 0xD800 || c > 0xDFFF)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString());
        kinds.put(
                "text: 200 KB to split, with pieces",
                (stub, r) -> stub.tokenize(TokenizeRequest.newBuilder()
                        .setText((word(r) + " \u4e2d,").repeat(20_000))
                        .setWithPieces(true)
                        .build()));
        kinds.put(
                "text: 50,000 tokens to join",
                (stub, r) -> stub.detokenize(DetokenizeRequest.newBuilder()
                        .addAllTokens(r.ints(50_000, 3, 250).boxed().toList())
                        .build()));
        kinds.put(
                "template: 2,000 messages",
                (stub, r) -> stub.countTokens(CountTokensRequest.newBuilder()
                        .setChat(Chat.newBuilder()
                                .addAllMessages(List.of(
                                                join(2_000, " ", i -> word(r)).split(" "))
                                        .stream()
                                        .map(text -> ChatMessage.newBuilder()
                                                .setRole("user")
                                                .setContent(text)
                                                .build())
                                        .toList()))
                        .build()));
        kinds.put("template: variables of many values", (stub, r) -> {
            Struct.Builder variables = Struct.newBuilder();
            for (int i = 0; i < 60; i++) {
                variables.putFields(
                        "v" + i,
                        Value.newBuilder().setStringValue(word(r).repeat(200)).build());
            }
            generate(stub, GenerationOptions.newBuilder().setTemplateVariables(variables), word(r));
        });
    }

    private void manners() {
        kinds.put("options: stop strings that nearly match", (stub, r) -> {
            List<String> stops = new ArrayList<>();
            for (int i = 0; i < 16; i++) {
                stops.add("a".repeat(1_000) + word(r));
            }
            generate(
                    stub,
                    GenerationOptions.newBuilder().addAllStopStrings(stops).setIgnoreEnd(true),
                    word(r));
        });
        kinds.put("options: a bias on each token", (stub, r) -> {
            Sampling.Builder sampling = Sampling.newBuilder();
            for (int token = 0; token < 250; token++) {
                sampling.putLogitBias(token, r.nextInt(-100, 100));
            }
            generate(stub, GenerationOptions.newBuilder().setSampling(sampling), word(r));
        });
        kinds.put("manner: leaves at once", (stub, r) -> cancelled(stub, r, 0));
        kinds.put("manner: leaves after the first token", (stub, r) -> cancelled(stub, r, 1));
    }

    private void grammar(String name, Writer writer) {
        constrained(name, r -> Constraint.newBuilder().setGrammar(writer.write(r)));
    }

    private void schema(String name, Writer writer) {
        constrained(name, r -> Constraint.newBuilder().setJsonSchema(writer.write(r)));
    }

    private void expression(String name, Writer writer) {
        constrained(name, r -> Constraint.newBuilder().setRegularExpression(writer.write(r)));
    }

    /** Makes a constraint. */
    @FunctionalInterface
    private interface Constrainer {
        Constraint.Builder make(SplittableRandom random);
    }

    private void constrained(String name, Constrainer constrainer) {
        kinds.put(
                name,
                (stub, r) ->
                        generate(stub, GenerationOptions.newBuilder().setConstraint(constrainer.make(r)), word(r)));
    }

    private void text(String name, Writer writer) {
        kinds.put(name, (stub, r) -> generate(stub, GenerationOptions.newBuilder(), writer.write(r)));
    }

    private static void generate(InferenceServiceBlockingStub stub, GenerationOptions.Builder options, String prompt) {
        stub.generate(GenerateRequest.newBuilder()
                        .setPrompt(prompt)
                        .setOptions(options.setMaxTokens(TOKENS))
                        .build())
                .forEachRemaining(response -> {});
    }

    private static void cancelled(InferenceServiceBlockingStub stub, SplittableRandom random, int after) {
        Context.CancellableContext context = Context.current().withCancellation();
        try {
            context.run(() -> {
                var answer = stub.generate(GenerateRequest.newBuilder()
                        .setPrompt(word(random))
                        .setOptions(
                                GenerationOptions.newBuilder().setMaxTokens(200).setIgnoreEnd(true))
                        .build());
                for (int i = 0; i < after && answer.hasNext(); i++) {
                    answer.next();
                }
            });
        } finally {
            context.cancel(null);
        }
    }

    private static String word(SplittableRandom random) {
        StringBuilder word = new StringBuilder();
        for (int i = 0; i < 6; i++) {
            word.append((char) ('a' + random.nextInt(26)));
        }
        return word.toString();
    }

    /** Says what stands at a place. */
    @FunctionalInterface
    private interface Part {
        String at(int index);
    }

    private static String join(int count, String between, Part part) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append(i == 0 ? "" : between).append(part.at(i));
        }
        return text.toString();
    }
}
