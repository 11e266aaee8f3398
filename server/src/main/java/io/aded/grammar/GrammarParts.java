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
     * Adds a grammar. Whether it is left-recursive or too large is found out with the whole, see {@link #check}.
     *
     * @return the rule that matches what the grammar's root does
     * @throws GrammarRefused if it is none, or names tokens other than by their numbers
     */
    public String gbnf(String grammar) throws GrammarRefused {
        return add(Gbnf.parse(grammar));
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
     * Looks at a grammar by itself. Where a whole was refused, this says of a part what is wrong by the names that its
     * author gave to the rules.
     *
     * @throws GrammarRefused if it is none, is left-recursive or too large, or names tokens other than by their numbers
     */
    public static void check(String grammar) throws GrammarRefused {
        Automaton.of(Gbnf.parse(grammar));
    }

    /**
     * Looks at a grammar for a model that is not there yet: it may name tokens, and whether the model has them is found
     * out later.
     *
     * @throws GrammarRefused if it is none, is left-recursive or too large
     */
    public static void checkForAnyVocabulary(String grammar) throws GrammarRefused {
        Automaton.of(Gbnf.parseForAnyVocabulary(grammar));
    }

    /**
     * Looks at a JSON schema.
     *
     * @throws GrammarRefused if it is none, asks what cannot be kept, or is too large
     */
    public static void checkSchema(String schema) throws GrammarRefused {
        Automaton.of(JsonSchemaGrammar.compile(schema));
    }
}
