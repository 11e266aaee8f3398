package io.aded.grammar;

import java.util.List;

/**
 * A grammar's right-hand sides, whatever notation they were written in: GBNF, a regular expression, or a JSON schema.
 *
 * <p>Characters are code points; what a pattern matches is their UTF-8.
 */
sealed interface Pattern {
    /** No upper bound on a repetition. */
    int UNBOUNDED = -1;

    /** Nothing: the empty text. */
    Pattern EMPTY = new Sequence(List.of());

    /**
     * One character.
     *
     * @param ranges rising pairs of first and last code point, both inclusive, that do not overlap
     */
    record Characters(int[] ranges) implements Pattern {}

    /**
     * One token of the model, whatever its text: also one that has none.
     *
     * @param id of the token
     * @param negated whether it is any other token that is meant, but those that end an answer
     */
    record Token(int id, boolean negated) implements Pattern {}

    /** What a rule matches, by its index. */
    record Reference(int rule) implements Pattern {}

    /** One after the other. */
    record Sequence(List<Pattern> parts) implements Pattern {}

    /** Any one of them. */
    record Choice(List<Pattern> alternatives) implements Pattern {}

    /** So many times; {@code most} may be {@link #UNBOUNDED}. */
    record Repeat(Pattern part, int least, int most) implements Pattern {}

    /** A text as it stands. */
    static Pattern text(String text) {
        return new Sequence(text.codePoints()
                .<Pattern>mapToObj(c -> new Characters(new int[] {c, c}))
                .toList());
    }
}
