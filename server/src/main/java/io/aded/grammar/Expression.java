package io.aded.grammar;

import java.util.List;

/** A regular expression as it was written, in ECMAScript's notation; {@link ExpressionReader} reads it. */
sealed interface Expression {

    /** One character. */
    record Characters(CharacterSet set) implements Expression {}

    /** One after the other. */
    record Sequence(List<Expression> parts) implements Expression {}

    /** Any one of them. */
    record Choice(List<Expression> alternatives) implements Expression {}

    /** So many times; {@code most} may be {@link Pattern#UNBOUNDED}. */
    record Repeat(Expression part, int least, int most) implements Expression {}

    /** The beginning of the text, or its end. */
    record Anchor(boolean isEnd) implements Expression {}

    /** What must, or must not, follow. */
    record LookAhead(Expression what, boolean negated) implements Expression {}

    /** Whether it looks ahead anywhere. */
    static boolean looksAhead(Expression expression) {
        return switch (expression) {
            case Characters _, Anchor _ -> false;
            case LookAhead _ -> true;
            case Repeat repeat -> looksAhead(repeat.part());
            case Sequence(List<Expression> parts) -> parts.stream().anyMatch(Expression::looksAhead);
            case Choice(List<Expression> alternatives) -> alternatives.stream().anyMatch(Expression::looksAhead);
        };
    }
}
