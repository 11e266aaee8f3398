package io.aded.llama;

import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.SamplingParameters;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import io.aded.model.TokenSampler;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Damages grammars and schemas at random and samples by those that are accepted. Any may be refused; none may end the
 * process. Run in a {@linkplain io.aded.testing.ForkedJvm process of its own}: library (or "bundled"), directory, seed,
 * rounds.
 */
final class HostileGrammars {
    private static final List<String> GRAMMARS = List.of(
            "root ::= object\n"
                    + "object ::= \"{\" ws pair (\",\" ws pair)* \"}\" ws\n"
                    + "pair ::= string \":\" ws value\n"
                    + "string ::= \"\\\"\" [^\"\\\\\\x00-\\x1f]* \"\\\"\" ws\n"
                    + "value ::= object | string | num | \"null\" ws\n"
                    + "num ::= \"-\"? [0-9]+ (\".\" [0-9]{1,3})? ws\n"
                    + "ws ::= [ \\t\\n"
                    + "]*\n",
            "root ::= (a | b){1,5} c?\na ::= \"x\" b?\nb ::= [a-f0-9]+\nc ::= \"\\u00e9\" . \"\\U0001F600\"\n",
            "root ::= expr\nexpr ::= term ((\"+\" | \"-\") term)*\nterm ::= [0-9]+ | \"(\" expr \")\"\n");
    private static final List<String> SCHEMAS = List.of(
            "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":9},\"n\":"
                + "{\"type\":\"integer\",\"minimum\":-5,\"maximum\":120},\"tags\":{\"type\":\"array\",\"items\":"
                + "{\"enum\":[\"a\",\"b\",3]},\"minItems\":1,\"maxItems\":3},\"next\":{\"$ref\":\"#/$defs/node\"}},"
                + "\"required\":[\"name\",\"n\"],\"additionalProperties\":false,\"$defs\":{\"node\":{\"type\":"
                + "[\"object\",\"null\"],\"properties\":{\"v\":{\"const\":1.5},\"next\":{\"$ref\":\"#/$defs/node\"}}}}}",
            "{\"anyOf\":[{\"type\":\"string\",\"pattern\":\"^(ab|[c-e]{2,3})+x?$\"},{\"type\":\"array\",\"prefixItems\":"
                + "[{\"type\":\"boolean\"},{\"format\":\"date-time\"}]},{\"allOf\":[{\"properties\":{\"a\":{\"type\":"
                + "\"number\"}}},{\"properties\":{\"b\":{\"type\":\"null\"}},\"required\":[\"b\"]}]}]}");
    private static final String SPICE = "(){}[]|*+?\"\\:=,.^$-#/<>!'~0159axrtu \n\té";
    private static final List<String> WORDS = List.of(
            "null",
            "true",
            "[]",
            "{}",
            "-1",
            "1e9",
            "\"\"",
            "\"$ref\":",
            "\"type\":",
            "\"string\"",
            "\"object\"",
            "\"items\":",
            "\"pattern\":",
            "\"minimum\":",
            "99999999999999999999",
            "\"#/$defs/node\"",
            "root",
            "{0,1000}");

    private static final List<String> LITERALS = List.of(
            "null",
            "true",
            "0",
            "-3",
            "1.5",
            "1000",
            "\"\"",
            "\"string\"",
            "\"object\"",
            "\"array\"",
            "\"integer\"",
            "\"uuid\"",
            "\"date\"",
            "\"^[a-z]+$\"",
            "\"^a.b\\\\.c{3}|d$\"",
            "\"#/$defs/node\"",
            "[]",
            "{}",
            "[\"a\"]",
            "[\"string\",\"null\"]",
            "{\"type\":\"string\"}",
            "{\"$ref\":\"#/$defs/node\"}");
    private static final List<String> KEYWORDS = List.of(
            "type",
            "properties",
            "items",
            "prefixItems",
            "required",
            "additionalProperties",
            "anyOf",
            "oneOf",
            "allOf",
            "enum",
            "const",
            "pattern",
            "format",
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "minLength",
            "maxLength",
            "minItems",
            "maxItems",
            "$ref",
            "$defs",
            "definitions",
            "not",
            "if",
            "title");

    private HostileGrammars() {}

    public static void main(String[] arguments) {
        LlamaLibrary library =
                arguments[0].equals("bundled") ? LlamaLibrary.bundled() : LlamaLibrary.load(Path.of(arguments[0]));
        int rounds = Integer.parseInt(arguments[3]);
        int used = 0;
        try (LlamaModel model =
                        LlamaModel.load(library, TinyModels.f32(Path.of(arguments[1])), ModelParameters.DEFAULT);
                TargetContext context = model.newContext(
                        ContextParameters.ofCells(64).withThreads(1).withMaxSequences(2))) {
            TokenBatch batch = new TokenBatch();
            batch.add(TinyModels.BEGINNING, 0, 0, true);
            context.decode(batch);
            for (int round = 0; round < rounds; round++) {
                Random random = new Random(Long.parseLong(arguments[2]) * 1_000_003 + round);
                boolean schema = random.nextBoolean();
                List<String> sources = schema ? SCHEMAS : GRAMMARS;
                String source = sources.get(random.nextInt(sources.size()));
                String text = schema && random.nextInt(4) != 0 ? mutate(source, random) : damage(source, random);
                System.out.println("round " + round + " " + text.replace("\n", "\\n"));
                System.out.flush();
                SamplingParameters parameters = SamplingParameters.GREEDY
                        .withTemperature(1f)
                        .withSeed(round)
                        .withGrammar(schema ? null : text)
                        .withJsonSchema(schema ? text : null);
                try (TokenSampler sampler = model.newSampler(parameters)) {
                    for (int i = 0; i < 40; i++) {
                        if (model.vocabulary().endsGeneration(sampler.sample(context, 0))) {
                            break;
                        }
                    }
                    used++;
                } catch (AdedException.InvalidRequest refused) {
                    System.out.println("  " + refused.getMessage());
                }
            }
        }
        System.out.println("done, usable: " + used);
    }

    /** Exchanges parts of a schema for others, so that it stays JSON and goes past the parser. */
    private static String mutate(String schema, Random random) {
        JsonNode root = JsonMapper.shared().readTree(schema);
        for (int i = random.nextInt(3); i >= 0; i--) {
            List<JsonNode> parts = new ArrayList<>();
            collect(root, parts);
            JsonNode holder = parts.get(random.nextInt(parts.size()));
            JsonNode other = random.nextBoolean()
                    ? parts.get(random.nextInt(parts.size())).deepCopy()
                    : JsonMapper.shared().readTree(LITERALS.get(random.nextInt(LITERALS.size())));
            if (holder instanceof ObjectNode object) {
                List<String> names = new ArrayList<>(object.propertyNames());
                names.addAll(KEYWORDS);
                // Half of the time where there is something already.
                int bound = random.nextBoolean() && object.size() > 0 ? object.size() : names.size();
                object.set(names.get(random.nextInt(bound)), other);
            } else if (holder instanceof ArrayNode array) {
                array.insert(random.nextInt(array.size() + 1), other);
            }
        }
        return root.toString();
    }

    private static void collect(JsonNode node, List<JsonNode> parts) {
        parts.add(node);
        for (JsonNode child : node) {
            collect(child, parts);
        }
    }

    private static String damage(String text, Random random) {
        StringBuilder damaged = new StringBuilder(text);
        for (int i = random.nextInt(4); i >= 0; i--) {
            int at = random.nextInt(damaged.length());
            switch (random.nextInt(5)) {
                case 0 -> damaged.deleteCharAt(at);
                case 1 -> damaged.insert(at, SPICE.charAt(random.nextInt(SPICE.length())));
                case 2 -> damaged.setCharAt(at, SPICE.charAt(random.nextInt(SPICE.length())));
                case 3 -> damaged.insert(at, WORDS.get(random.nextInt(WORDS.size())));
                default -> {
                    // A whole value or item is swapped for a word, so that the text stays well-formed more often.
                    int end = Math.min(damaged.length(), at + 1 + random.nextInt(12));
                    damaged.replace(at, end, WORDS.get(random.nextInt(WORDS.size())));
                }
            }
        }
        return damaged.toString();
    }
}
