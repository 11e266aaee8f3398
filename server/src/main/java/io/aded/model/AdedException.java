package io.aded.model;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Everything that can go wrong and that a caller can act on. Each kind has one gRPC status (mapped in one place, in
 * {@code io.aded.rpc}) and one process exit code (in {@code io.aded.cli}).
 *
 * <p>Messages say what was wrong and what is allowed, and never contain a prompt.
 */
public abstract sealed class AdedException extends RuntimeException {
    /**
     * The reason of a turn that met a row of logits with a NaN or +infinity in it, or with nothing else than
     * -infinity.
     */
    public static final String LOGITS_NOT_FINITE = "LOGITS_NOT_FINITE";

    /** The reason of a turn whose constraint and logit bias leave no token that may come. */
    public static final String NO_TOKEN_ALLOWED = "NO_TOKEN_ALLOWED";

    /** The reason of a turn whose grammar or schema cannot be followed within the bounds of work and memory. */
    public static final String CONSTRAINT_EXHAUSTED = "CONSTRAINT_EXHAUSTED";

    /** The reason of a model whose architecture the library in use does not know, while a newer one does. */
    public static final String ARCHITECTURE_OF_A_NEWER_LIBRARY = "ARCHITECTURE_OF_A_NEWER_LIBRARY";

    /** The reason of a model whose architecture no library that can be used knows. */
    public static final String ARCHITECTURE_UNKNOWN = "ARCHITECTURE_UNKNOWN";

    private final String reason;

    private AdedException(String reason, String message, @Nullable Throwable cause) {
        super(printable(message), cause);
        this.reason = reason;
    }

    /**
     * A text as it may be shown: names in messages come from files, servers and callers, and none of their bytes may
     * command a terminal.
     */
    public static String printable(String message) {
        StringBuilder shown = new StringBuilder(message.length());
        message.codePoints().forEach(c -> {
            boolean commands =
                    Character.isISOControl(c) && c != '\n' && c != '\t' || Character.getType(c) == Character.FORMAT;
            if (commands) {
                shown.append(String.format(Locale.ROOT, "\\u%04x", c));
            } else {
                shown.appendCodePoint(c);
            }
        });
        return shown.toString();
    }

    /** A stable name in UPPER_SNAKE_CASE that programs may compare. */
    public String reason() {
        return reason;
    }

    /** The request itself is wrong; the same request will fail again. */
    public static final class InvalidRequest extends AdedException {
        private final List<FieldViolation> violations;
        private final int leftOut;

        /** All wrong fields at once; at least one. */
        public InvalidRequest(List<FieldViolation> violations) {
            this(violations, 0);
        }

        /**
         * Wrong fields; at least one.
         *
         * @param leftOut how many more there are
         */
        public InvalidRequest(List<FieldViolation> violations, int leftOut) {
            super("INVALID_REQUEST", describe(violations), null);
            this.violations = List.copyOf(violations);
            this.leftOut = leftOut;
        }

        /** One wrong field. */
        public InvalidRequest(String field, String description) {
            this(List.of(new FieldViolation(field, description)));
        }

        /** What is wrong, field by field. */
        public List<FieldViolation> violations() {
            return violations;
        }

        /** How many wrong fields are not among them. */
        public int leftOut() {
            return leftOut;
        }

        private static String describe(List<FieldViolation> violations) {
            return violations.stream()
                    .map(violation -> violation.field() + ": " + violation.description())
                    .collect(Collectors.joining("; "));
        }
    }

    /** The request is fine, but uses parts of the interface that are not served here. */
    public static final class NotServed extends AdedException {
        private final List<FieldViolation> fields;

        /** All such parts at once, as the request names them; at least one. */
        public NotServed(List<String> fields) {
            super("NOT_SERVED", "this server does not serve " + String.join(", ", fields), null);
            this.fields = fields.stream()
                    .map(field -> new FieldViolation(field, "is not served"))
                    .toList();
        }

        /** What is not served, field by field. */
        public List<FieldViolation> fields() {
            return fields;
        }
    }

    /** The request is fine but not now: the state it needs is not there (two turns at once, first message not open). */
    public static final class FailedPrecondition extends AdedException {
        public FailedPrecondition(String reason, String message) {
            super(reason, message, null);
        }
    }

    /** The named model, file, conversation or table does not exist. */
    public static final class NotFound extends AdedException {
        public NotFound(String reason, String message) {
            super(reason, message, null);
        }
    }

    /** A model, table or library file is there but cannot be used: truncated, corrupt, of an unsupported kind. */
    public static final class InvalidArtifact extends AdedException {
        public InvalidArtifact(String reason, String message) {
            super(reason, message, null);
        }

        public InvalidArtifact(String reason, String message, @Nullable Throwable cause) {
            super(reason, message, cause);
        }
    }

    /** A limit is reached: one that may have room later, or one that the same request will reach again. */
    public static final class ResourceExhausted extends AdedException {
        private final @Nullable Duration retryAfter;
        private final boolean permanent;
        private final @Nullable FieldViolation violation;

        /** A limit that may have room later. */
        public ResourceExhausted(String reason, String message, @Nullable Duration retryAfter) {
            this(reason, message, retryAfter, false, null);
        }

        private ResourceExhausted(
                String reason,
                String message,
                @Nullable Duration retryAfter,
                boolean permanent,
                @Nullable FieldViolation violation) {
            super(reason, message, null);
            this.retryAfter = retryAfter;
            this.permanent = permanent;
            this.violation = violation;
        }

        /** A limit that the same request will reach again. */
        public static ResourceExhausted forGood(String reason, String message) {
            return new ResourceExhausted(reason, message, null, true, null);
        }

        /** A limit that the same request will reach again because of one of its fields. */
        public static ResourceExhausted byField(String reason, FieldViolation violation) {
            String message = violation.field() + " " + violation.description();
            return new ResourceExhausted(reason, message, null, true, violation);
        }

        /** The field that takes too much; null if it is no single one. */
        public @Nullable FieldViolation violation() {
            return violation;
        }

        /** Whether the same request will fail again, however long one waits. */
        public boolean isPermanent() {
            return permanent;
        }

        /** When trying again makes sense, if that is known. */
        public @Nullable Duration retryAfter() {
            return retryAfter;
        }
    }

    /** The server is starting, draining or gone. */
    public static final class Unavailable extends AdedException {
        public Unavailable(String reason, String message) {
            super(reason, message, null);
        }

        public Unavailable(String reason, String message, @Nullable Throwable cause) {
            super(reason, message, cause);
        }
    }

    /** The caller gave up. */
    public static final class Cancelled extends AdedException {
        public Cancelled(String message) {
            super("CANCELLED", message, null);
        }
    }

    /** The caller's deadline, or the queue's wait limit, passed. */
    public static final class DeadlineExceeded extends AdedException {
        public DeadlineExceeded(String reason, String message) {
            super(reason, message, null);
        }
    }

    /** A fault of ours or of the native library. */
    public static final class Internal extends AdedException {
        public Internal(String reason, String message, @Nullable Throwable cause) {
            super(reason, message, cause);
        }
    }
}
