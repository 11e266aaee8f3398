package io.aded.client;

/**
 * What the whole text of an answer must match. It replaces the one in force as a whole; {@link #none} frees an answer
 * whose conversation has one. Texts that do not parse are {@link AdedClientException.InvalidRequest}.
 */
public sealed interface Constraint {

    /** Explicitly nothing. */
    static Constraint none() {
        return new None();
    }

    /** A grammar in GBNF, matched from its rule {@code root}. */
    static Constraint grammar(String gbnf) {
        return new Grammar(gbnf);
    }

    /** A JSON schema, as JSON text; the answer is a value that is valid under it. */
    static Constraint jsonSchema(String schema) {
        return new JsonSchema(schema);
    }

    /** A regular expression (ECMA-262) that the whole answer matches. */
    static Constraint regularExpression(String pattern) {
        return new RegularExpression(pattern);
    }

    /** Any JSON object. */
    static Constraint jsonObject() {
        return new JsonObject();
    }

    /** Explicitly nothing. */
    record None() implements Constraint {}

    /** A grammar in GBNF. */
    record Grammar(String gbnf) implements Constraint {}

    /** A JSON schema, as JSON text. */
    record JsonSchema(String schema) implements Constraint {}

    /** A regular expression. */
    record RegularExpression(String pattern) implements Constraint {}

    /** Any JSON object. */
    record JsonObject() implements Constraint {}
}
