package io.aded.rpc;

import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import io.aded.v1.GenerateRequest;
import java.util.function.UnaryOperator;

/**
 * The names that a caller of this API uses for what was found wrong: who looks at a turn knows neither in which message it
 * came nor that {@code prompt} is short for {@code messages}.
 */
final class FieldPaths {
    private FieldPaths() {}

    /** The same violations under other names. */
    static AdedException.InvalidRequest renamed(AdedException.InvalidRequest invalid, UnaryOperator<String> names) {
        return new AdedException.InvalidRequest(invalid.violations().stream()
                .map(violation -> new FieldViolation(names.apply(violation.field()), violation.description()))
                .toList());
    }

    /** A failure whose violations, if it has any, are those of a message at {@code prefix}. */
    static Throwable below(String prefix, Throwable failure) {
        return failure instanceof AdedException.InvalidRequest invalid
                ? renamed(invalid, field -> prefix + field)
                : failure;
    }

    /** A failure whose violations, if it has any, are those of a turn at {@code prefix}. */
    static Throwable ofTurn(String prefix, GenerateRequest turn, Throwable failure) {
        return failure instanceof AdedException.InvalidRequest invalid
                ? renamed(invalid, field -> prefix + (turn.hasPrompt() && isMessages(field) ? "prompt" : field))
                : failure;
    }

    private static boolean isMessages(String field) {
        return field.startsWith("messages");
    }
}
