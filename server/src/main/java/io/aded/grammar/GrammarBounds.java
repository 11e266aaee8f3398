package io.aded.grammar;

/**
 * How large a constraint's text may be. What it means is bounded as well, by the states and work that it costs; no
 * number says that beforehand.
 */
public final class GrammarBounds {
    /** Characters of a grammar. */
    public static final int GRAMMAR_CHARACTERS = Gbnf.LONGEST;

    /** Levels of groups in a grammar. */
    public static final int GRAMMAR_DEPTH = Gbnf.DEEPEST_NESTING;

    /** Characters of a JSON schema. */
    public static final int SCHEMA_CHARACTERS = SchemaNodes.LONGEST;

    /** Levels of nesting in a JSON schema. */
    public static final int SCHEMA_DEPTH = SchemaNodes.DEEPEST_NESTING;

    /** Characters of a regular expression. */
    public static final int EXPRESSION_CHARACTERS = ExpressionReader.LONGEST;

    /** Levels of groups in a regular expression. */
    public static final int EXPRESSION_DEPTH = ExpressionReader.DEEPEST;

    private GrammarBounds() {}
}
