package io.aded.grammar;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What a schema asks of a string: pattern, format and length, as patterns over the text that JSON makes of it. */
final class SchemaStrings {
    private final RuleBook rules;
    private final Effort effort;
    private int characterRule = -1;
    private int anyRule = -1;

    SchemaStrings(RuleBook rules, Effort effort) {
        this.rules = rules;
        this.effort = effort;
    }

    private static Pattern quoted(Pattern inside) {
        return new Pattern.Sequence(List.of(Pattern.text("\""), inside, Pattern.text("\"")));
    }

    /** What the keywords for strings ask. */
    Pattern pattern(ObjectNode schema, String path) throws GrammarRefused {
        List<Expression> asked = new ArrayList<>();
        String what = schema.has(SchemaNodes.PATTERNS) ? "pattern" : "format";
        try {
            for (JsonNode pattern : schema.path(SchemaNodes.PATTERNS)) {
                asked.add(ExpressionReader.read(pattern.asString("")));
            }
        } catch (GrammarRefused e) {
            throw SchemaNodes.refused(path, "has a pattern that " + e.getMessage());
        }
        int least = SchemaNodes.count(schema, "minLength", 0, path);
        int most = SchemaNodes.count(schema, "maxLength", Pattern.UNBOUNDED, path);
        String format = SchemaNodes.text(schema, "format", path);
        if (format != null) {
            String expression = StringFormats.expression(format, path);
            String shortened = most == Pattern.UNBOUNDED ? null : StringFormats.atMost(format, most);
            if (shortened != null && most >= least) {
                asked.add(ExpressionReader.read(shortened));
                most = Pattern.UNBOUNDED;
                least = least <= StringFormats.shortest(format) ? 0 : least;
            } else if (expression != null) {
                asked.add(ExpressionReader.read(expression));
            }
        }
        if (most != Pattern.UNBOUNDED && most < least) {
            throw SchemaNodes.refused(path, "has a maxLength below its minLength");
        }
        boolean bounded = least > 0 || most != Pattern.UNBOUNDED;
        if (asked.isEmpty()) {
            return bounded ? quoted(new Pattern.Repeat(character(), least, most)) : any();
        }
        try {
            return quoted(
                    asked.size() == 1 && !bounded && !Expression.looksAhead(asked.getFirst())
                            ? ExpressionPattern.somewhere(asked.getFirst(), JsonText::character)
                            : together(asked, least, most, path));
        } catch (GrammarRefused e) {
            throw SchemaNodes.refused(path, "has a " + what + " that " + e.getMessage());
        }
    }

    /** A rule for each state of the automaton of what several expressions and a length ask. */
    private Pattern together(List<Expression> asked, int least, int most, String path) throws GrammarRefused {
        List<Derivatives.State> states = Derivatives.of(asked, least, most, effort);
        int first = rules.add(path + " text", Pattern.EMPTY);
        for (int state = 1; state < states.size(); state++) {
            rules.add(path + " text " + state, Pattern.EMPTY);
        }
        for (int state = 0; state < states.size(); state++) {
            List<Pattern> ways = new ArrayList<>();
            if (states.get(state).ends()) {
                ways.add(Pattern.EMPTY);
            }
            states.get(state)
                    .next()
                    .forEach((target, set) -> ways.add(new Pattern.Sequence(
                            List.of(JsonText.character(set), new Pattern.Reference(first + target)))));
            rules.set(first + state, ways.size() == 1 ? ways.getFirst() : new Pattern.Choice(ways));
        }
        return new Pattern.Reference(first);
    }

    private Pattern character() throws GrammarRefused {
        if (characterRule < 0) {
            characterRule = rules.add("character", JsonText.CHARACTER);
        }
        return new Pattern.Reference(characterRule);
    }

    /** Any string, with its quotes. */
    Pattern any() throws GrammarRefused {
        if (anyRule < 0) {
            anyRule = rules.add("string", quoted(new Pattern.Repeat(JsonText.CHARACTER, 0, Pattern.UNBOUNDED)));
        }
        return new Pattern.Reference(anyRule);
    }
}
