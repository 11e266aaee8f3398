package io.aded.grammar;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Grammars in GBNF as parts of a larger one: their rules have names with a prefix, the first of which is returned. */
public final class GrammarParts {
    private final StringBuilder text = new StringBuilder();
    private int parts;

    /** No part yet. */
    public GrammarParts() {}

    /**
     * Adds the grammar of a JSON schema.
     *
     * @return the rule that matches the JSON texts that it allows
     * @throws GrammarRefused if it is no schema, or asks what cannot be kept
     */
    public String jsonSchema(String schema) throws GrammarRefused {
        return add(JsonSchemaGrammar.compile(schema));
    }

    /**
     * Adds a grammar.
     *
     * @return the rule that matches what the grammar's root does
     * @throws GrammarRefused if it is none, is left-recursive or too large, or names tokens other than by their numbers
     */
    public String gbnf(String grammar) throws GrammarRefused {
        Rules rules = Gbnf.parse(grammar);
        Automaton.of(rules); // what is wrong is said by the names that the grammar has, not by those of a part
        return add(rules);
    }

    private String add(Rules rules) {
        String prefix = "p" + parts++ + "-";
        List<String> names = new ArrayList<>(IntStream.range(0, rules.names().size())
                .mapToObj(i -> prefix + i)
                .toList());
        text.append(GbnfText.of(new Rules(names, rules.bodies(), rules.root()), prefix));
        return names.get(rules.root());
    }

    /** Adds a rule as it stands. */
    public void rule(String name, String body) {
        text.append(name).append(" ::= ").append(body).append('\n');
    }

    /** All rules. */
    @Override
    public String toString() {
        return text.toString();
    }

    /**
     * Looks at a grammar as a whole.
     *
     * @throws GrammarRefused if it is too large
     */
    public static void check(String grammar) throws GrammarRefused {
        Automaton.of(Gbnf.parse(grammar));
    }
}
