package io.aded.dialect;

import io.aded.grammar.GrammarParts;
import io.aded.grammar.GrammarRefused;
import io.aded.model.JsonValues;
import io.aded.model.ToolDefinition;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The rules of a call's body. */
final class CallRules {
    private static final String ANY_OBJECT = "{\"type\": \"object\"}";
    private static final String ID = "[a-zA-Z0-9]{9}";

    /** What cannot be kept of a string that stands without quotes. */
    private static final Set<String> KEPT =
            Set.of("type", "enum", "const", "description", "title", "default", "examples");

    private final GrammarParts parts;
    private final Marks marks;
    private final CallForm calls;

    CallRules(GrammarParts parts, Marks marks, CallForm calls) {
        this.parts = parts;
        this.marks = marks;
        this.calls = calls;
    }

    /**
     * The body of a call of a tool.
     *
     * @throws GrammarRefused if its parameters cannot be kept
     */
    String body(ToolDefinition tool, int number) throws GrammarRefused {
        return switch (calls.body()) {
            case CallForm.JsonBody json ->
                slotted(json.head(), tool.name()) + " " + marks.gbnf(tool.name()) + " "
                        + slotted(json.middle(), tool.name()) + " " + object(tool) + " "
                        + slotted(json.tail(), tool.name());
            case CallForm.NamedBody named ->
                marks.gbnf(tool.name()) + " " + slotted(named.between(), tool.name()) + " " + object(tool);
            case CallForm.KeyedBody keyed ->
                marks.gbnf(tool.name()) + " " + slotted(keyed.open(), tool.name()) + " "
                        + (tool.strict() ? arguments(keyed, tool, number) : anyArguments(keyed, number));
        };
    }

    private String object(ToolDefinition tool) throws GrammarRefused {
        if (tool.parameters().equals(ToolDefinition.NO_PARAMETERS)) {
            return "\"{}\"";
        }
        return parts.jsonSchema(tool.strict() ? tool.parameters() : ANY_OBJECT);
    }

    /** A mark with places for ids, numbers of calls, and the tool's name. */
    private String slotted(String text, String name) {
        StringBuilder gbnf = new StringBuilder();
        int done = 0;
        for (int at = 0; at < text.length(); at++) {
            String c = text.substring(at, at + 1);
            boolean number = Character.isDigit(c.charAt(0));
            if (!c.equals(CallForm.ID) && !c.equals(CallForm.NAME) && !number) {
                continue;
            }
            gbnf.append(at > done ? marks.gbnf(text.substring(done, at)) + " " : "");
            gbnf.append(number ? "[0-9]{1,3}" : c.equals(CallForm.ID) ? ID : marks.gbnf(name))
                    .append(' ');
            while (number && at + 1 < text.length() && Character.isDigit(text.charAt(at + 1))) {
                at++;
            }
            done = at + 1;
        }
        gbnf.append(done < text.length() || done == 0 ? marks.gbnf(text.substring(done)) : "");
        return gbnf.toString().strip();
    }

    /** Arguments of any names and kinds. */
    private String anyArguments(CallForm.KeyedBody keyed, int number) throws GrammarRefused {
        String one = "any-argument" + number;
        String value = keyed.quote().isEmpty()
                ? FreeText.until(parts, marks, one + "v", mark(keyed, ""), "\"\"", false)
                : "( " + quotedText(keyed, one) + " | " + scalar(keyed) + " )" + closing(keyed, "");
        parts.rule(
                one,
                marks.gbnf(keyed.argumentOpen()) + " [a-zA-Z0-9_-]{1,64} " + marks.gbnf(keyed.equals()) + " " + value);
        return "( " + one + " ( " + marks.gbnf(keyed.separator()) + " " + one + " )* )?";
    }

    private static String mark(CallForm.KeyedBody keyed, String key) {
        return keyed.argumentClose().replace(CallForm.KEY, key);
    }

    private String closing(CallForm.KeyedBody keyed, String key) {
        return keyed.argumentClose().isEmpty() ? "" : " " + marks.gbnf(mark(keyed, key));
    }

    private String scalar(CallForm.KeyedBody keyed) throws GrammarRefused {
        return parts.jsonSchema("{\"type\": \"number\"}") + " | " + truth(keyed);
    }

    private static String truth(CallForm.KeyedBody keyed) {
        return keyed.other() == CallForm.OtherValues.PYTHON ? "\"True\" | \"False\"" : "\"true\" | \"false\"";
    }

    /** Arguments as a tool declares them, in that order; only those that are required must be there. */
    private String arguments(CallForm.KeyedBody keyed, ToolDefinition tool, int number) throws GrammarRefused {
        parts.jsonSchema(tool.parameters()); // says what is wrong with the schema as a whole
        Map<String, @Nullable Object> schema = JsonValues.object(tool.parameters());
        Map<?, ?> properties =
                schema != null && schema.get("properties") instanceof Map<?, ?> declared ? declared : Map.of();
        List<?> required = schema != null && schema.get("required") instanceof List<?> names ? names : List.of();
        List<String> kept = List.of(
                "type",
                "properties",
                "required",
                "description",
                "title",
                "additionalProperties",
                "$defs",
                "definitions",
                "$schema");
        if (schema != null) {
            for (String keyword : schema.keySet()) {
                if (!kept.contains(keyword)) {
                    throw refused("the keyword " + keyword + " of all arguments together");
                }
            }
        }
        List<String> names = new ArrayList<>();
        List<Boolean> must = new ArrayList<>();
        for (Map.Entry<?, ?> property : properties.entrySet()) {
            String key = String.valueOf(property.getKey());
            String rule = "argument" + number + "-" + names.size();
            parts.rule(rule, argument(keyed, key, property.getValue(), rule, schema == null ? Map.of() : schema));
            names.add(rule);
            must.add(required.contains(key));
        }
        return list(names, must, keyed.separator(), "arguments" + number);
    }

    /** Some of several things in their order, with something between any two that are there. */
    private String list(List<String> names, List<Boolean> must, String separator, String rule) {
        for (int i = names.size() - 1; i >= 0; i--) {
            for (int first = 0; first < 2; first++) {
                String own = (first == 1 || separator.isEmpty() ? "" : marks.gbnf(separator) + " ") + names.get(i) + " "
                        + rule + "-n" + (i + 1);
                String skip = must.get(i) ? "" : " | " + rule + (first == 1 ? "-f" : "-n") + (i + 1);
                parts.rule(rule + (first == 1 ? "-f" : "-n") + i, own + skip);
            }
        }
        parts.rule(rule + "-n" + names.size(), "\"\"");
        parts.rule(rule + "-f" + names.size(), "\"\"");
        return rule + "-f0";
    }

    private String argument(
            CallForm.KeyedBody keyed, String key, @Nullable Object property, String rule, Map<String, ?> whole)
            throws GrammarRefused {
        String open = marks.gbnf(keyed.argumentOpen()) + " " + marks.gbnf(key) + " ";
        if (AnswerForm.isText(property) && property instanceof Map<?, ?> schema) {
            return open + marks.gbnf(keyed.equals()) + " " + text(keyed, key, schema, rule);
        }
        boolean json =
                keyed.other() == CallForm.OtherValues.JSON && keyed.quote().length() <= 1
                        || property instanceof Map<?, ?> one
                                && ("number".equals(one.get("type")) || "integer".equals(one.get("type")));
        String value;
        if (json) {
            value = parts.jsonSchema(JsonValues.text(within(property, whole)));
        } else if (property instanceof Map<?, ?> one && "boolean".equals(one.get("type"))) {
            value = "( " + truth(keyed) + " )";
        } else {
            throw refused("the argument " + key + ", which is neither a string, a number nor a truth value,");
        }
        return open + marks.gbnf(keyed.otherEquals()) + " " + value + closing(keyed, key);
    }

    /** A part of a schema that refers to definitions of the whole. */
    private static @Nullable Object within(@Nullable Object property, Map<String, ?> whole) {
        if (!(property instanceof Map<?, ?> map)) {
            return property;
        }
        Map<String, @Nullable Object> with = new LinkedHashMap<>();
        map.forEach((name, value) -> with.put(String.valueOf(name), value));
        for (String definitions : List.of("$defs", "definitions")) {
            if (whole.containsKey(definitions)) {
                with.putIfAbsent(definitions, whole.get(definitions));
            }
        }
        return with;
    }

    private String text(CallForm.KeyedBody keyed, String key, Map<?, ?> schema, String rule) throws GrammarRefused {
        for (Object keyword : schema.keySet()) {
            if (!KEPT.contains(String.valueOf(keyword))) {
                throw refused("the keyword " + keyword + " of the argument " + key + ", a string without quotes,");
            }
        }
        List<?> values = schema.get("enum") instanceof List<?> listed
                ? listed
                : schema.containsKey("const") ? Collections.singletonList(schema.get("const")) : List.of();
        if (!values.isEmpty()) {
            List<String> ways = new ArrayList<>();
            for (Object value : values) {
                String quote = keyed.text() == CallForm.TextValues.JSON ? "" : keyed.quote();
                String plain =
                        keyed.text() == CallForm.TextValues.JSON ? JsonValues.text(value) : String.valueOf(value);
                ways.add(marks.gbnf(quote + plain + quote));
            }
            return "( " + String.join(" | ", ways) + " )" + closing(keyed, key);
        }
        return keyed.quote().isEmpty()
                ? FreeText.until(parts, marks, rule + "v", mark(keyed, key), "\"\"", false)
                : quotedText(keyed, rule) + closing(keyed, key);
    }

    private String quotedText(CallForm.KeyedBody keyed, String rule) throws GrammarRefused {
        return switch (keyed.text()) {
            case JSON -> parts.jsonSchema("{\"type\": \"string\"}");
            case QUOTED ->
                marks.gbnf(keyed.quote()) + " "
                        + FreeText.until(parts, marks, rule + "q", keyed.quote(), "\"\"", false);
            case PYTHON, RAW -> {
                String quote = Marks.escaped(keyed.quote().charAt(0));
                yield "\"" + quote + "\" ( [^" + quote + "\\\\\\n] | \"\\\\\" [\\\\'\"ntr] )* \"" + quote + "\"";
            }
        };
    }

    private static GrammarRefused refused(String what) {
        return new GrammarRefused(what + " cannot be kept by the way in which this model writes calls");
    }
}
