package io.aded.rpc;

import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import java.util.function.UnaryOperator;

/**
 * The names that a caller of this API uses for what was found wrong: who looks at a turn knows neither in which message
 * it came, nor that {@code prompt} is short for a chat, nor that all but the input stands under {@code options}.
 */
final class FieldPaths {
    private FieldPaths() {}

    /** The same failure under other names, if it names fields at all. */
    static Throwable renamed(Throwable failure, UnaryOperator<String> names) {
        return switch (failure) {
            case AdedException.InvalidRequest invalid ->
                new AdedException.InvalidRequest(
                        invalid.violations().stream()
                                .map(violation ->
                                        new FieldViolation(names.apply(violation.field()), violation.description()))
                                .toList(),
                        invalid.leftOut());
            case AdedException.NotServed notServed ->
                new AdedException.NotServed(notServed.fields().stream()
                        .map(violation -> names.apply(violation.field()))
                        .toList());
            case AdedException.ResourceExhausted exhausted
            when exhausted.violation() != null ->
                AdedException.ResourceExhausted.byField(
                        exhausted.reason(),
                        new FieldViolation(
                                names.apply(exhausted.violation().field()),
                                exhausted.violation().description()));
            default -> failure;
        };
    }

    /**
     * A failure under the paths of a message that has an input and options, or one of the two.
     *
     * @param prefix the path of the message, such as {@code turn.}; empty for a request
     * @param shorthand whether its input is a {@code prompt}
     */
    static Throwable below(String prefix, boolean shorthand, Throwable failure) {
        return renamed(failure, field -> prefix + path(field, shorthand));
    }

    private static String path(String field, boolean shorthand) {
        if (field.startsWith("messages")) {
            return shorthand ? "prompt" : "chat." + field;
        }
        if (field.startsWith("tokens")) {
            return "tokens.ids" + field.substring("tokens".length());
        }
        return OptionPaths.isOption(field) ? "options." + field : field;
    }
}
