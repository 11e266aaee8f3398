package io.aded.serving;

import io.aded.grammar.GrammarParts;
import io.aded.grammar.GrammarRefused;
import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import io.aded.model.SamplingParameters;
import org.jspecify.annotations.Nullable;

/** What the text of an answer must match. */
public sealed interface Constraint {

    /** Nothing: the answer is free. */
    Constraint NONE = new None();

    /** Any JSON object. */
    Constraint JSON_OBJECT = new JsonObject();

    /** See {@link #NONE}. */
    record None() implements Constraint {}

    /** A grammar in GBNF, llama.cpp's notation. */
    record Grammar(String gbnf) implements Constraint {}

    /** A JSON schema, as JSON text. */
    record JsonSchema(String schema) implements Constraint {}

    /** A regular expression (ECMA-262) that the whole answer matches. */
    record RegularExpression(String expression) implements Constraint {}

    /** See {@link #JSON_OBJECT}. */
    record JsonObject() implements Constraint {
        private static final String SCHEMA = "{\"type\":\"object\"}";
    }

    /** What sampling parameters say of it. */
    static Constraint of(SamplingParameters sampling) {
        String grammar = sampling.grammar();
        String schema = sampling.jsonSchema();
        if (grammar != null) {
            return new Grammar(grammar);
        }
        return schema == null ? NONE : new JsonSchema(schema);
    }

    /**
     * The parameters that draw tokens as given and keep to this.
     *
     * @throws AdedException.InvalidRequest if it is a regular expression that cannot be kept
     */
    default SamplingParameters over(SamplingParameters sampling) {
        return switch (this) {
            case None none -> with(sampling, null, null);
            case Grammar(String gbnf) -> with(sampling, gbnf, null);
            case JsonSchema(String schema) -> with(sampling, null, schema);
            case RegularExpression(String expression) -> with(sampling, gbnf(expression), null);
            case JsonObject object -> with(sampling, null, JsonObject.SCHEMA);
        };
    }

    /**
     * Refuses what no model could keep, before one is there.
     *
     * @throws AdedException.InvalidRequest naming {@link #field}
     */
    default void check() {
        try {
            switch (this) {
                case None none -> {}
                case Grammar(String gbnf) -> GrammarParts.checkForAnyVocabulary(gbnf);
                case JsonSchema(String schema) -> GrammarParts.checkSchema(schema);
                case RegularExpression(String expression) -> io.aded.grammar.RegularExpression.toGbnf(expression);
                case JsonObject object -> {}
            }
        } catch (GrammarRefused e) {
            throw new AdedException.InvalidRequest(field(), String.valueOf(e.getMessage()));
        }
    }

    /** The field that names it: {@code grammar}, {@code json_schema}, and so on. */
    default String field() {
        return switch (this) {
            case None none -> "none";
            case Grammar grammar -> "grammar";
            case JsonSchema schema -> "json_schema";
            case RegularExpression expression -> "regular_expression";
            case JsonObject object -> "json_object";
        };
    }

    /**
     * The same failure, where it speaks of the parameters that a sampler is made with, by the field that a request has
     * for them: that of this constraint, or its tools if it has none.
     */
    default AdedException named(AdedException failure) {
        return switch (failure) {
            case AdedException.InvalidRequest invalid ->
                new AdedException.InvalidRequest(
                        invalid.violations().stream().map(this::named).toList(), invalid.leftOut());
            case AdedException.ResourceExhausted exhausted
            when exhausted.violation() != null ->
                AdedException.ResourceExhausted.byField(exhausted.reason(), named(exhausted.violation()));
            default -> failure;
        };
    }

    private FieldViolation named(FieldViolation violation) {
        String field = violation.field();
        return field.equals("sampling.grammar") || field.equals("sampling.json_schema")
                ? new FieldViolation(equals(NONE) ? "tools" : "constraint." + field(), violation.description())
                : violation;
    }

    private static String gbnf(String expression) {
        try {
            return io.aded.grammar.RegularExpression.toGbnf(expression);
        } catch (GrammarRefused e) {
            throw new AdedException.InvalidRequest("constraint.regular_expression", String.valueOf(e.getMessage()));
        }
    }

    private static SamplingParameters with(
            SamplingParameters sampling, @Nullable String grammar, @Nullable String schema) {
        return sampling.withGrammar(grammar).withJsonSchema(schema);
    }
}
