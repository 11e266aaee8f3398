package io.aded.client;

import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Everything that a call can fail with, decoded from the status that the server sent and its details. Sealed: a
 * {@code switch} over it can decide what to do, and a new kind will not go unnoticed.
 *
 * <p>Which kind? {@link InvalidRequest} and {@link NotFound} will fail again unless the request changes;
 * {@link FailedPrecondition} unless something else happens first; {@link Unavailable} is worth another try later, and
 * so is a {@link ResourceExhausted} that says {@linkplain #retryAfter() when};
 * {@link DeadlineExceeded} and {@link Cancelled} were the caller's own wish; {@link BadAnswer} came, but is of no use.
 * None of them has an exception of gRPC, or of its transport, as its cause: what these say is in the message.
 */
public abstract sealed class AdedClientException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final String reason;
    private String code = "";
    private String text = "";
    private List<Violation> violations = List.of();
    private @Nullable Duration retryAfter;

    private AdedClientException(String reason, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    /**
     * A stable name in UPPER_SNAKE_CASE that programs may compare; empty if none was given. {@code CLIENT_TIMEOUT},
     * {@code CLIENT_CANCELLED}, {@code CONVERSATION_ENDED}, {@code INCOMPLETE_ANSWER} and {@code MALFORMED_ANSWER} are
     * this client's, all others the sidecar's.
     */
    public String reason() {
        return reason;
    }

    /** The gRPC status that it was, such as {@code UNAVAILABLE}; empty if no call ended so. */
    public String code() {
        return code;
    }

    /** Says which status it was, and which fields were wrong. */
    final AdedClientException of(String status, List<Violation> wrong) {
        code = status;
        violations = List.copyOf(wrong);
        return this;
    }

    /** Every field of the request that is wrong; empty if the server named none. */
    public List<Violation> violations() {
        return violations;
    }

    /** After what time trying again makes sense; empty if the same request would fail again, or nobody knows. */
    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(retryAfter);
    }

    /** Says when trying again makes sense. */
    final void later(@Nullable Duration delay) {
        retryAfter = delay;
    }

    String message() {
        return String.valueOf(getMessage());
    }

    /** The kind, the message and, in brackets, the reason if there is one: what logs and stack traces show. */
    @Override
    public String toString() {
        return reason.isEmpty() ? super.toString() : super.toString() + " [" + reason + "]";
    }

    /** What had come of the answer; empty if nothing had, or no answer was asked for. */
    public String text() {
        return text;
    }

    /** The same failure after another text; the same object if there is none. */
    AdedClientException after(String came) {
        if (came.equals(text)) {
            return this;
        }
        AdedClientException same = again();
        same.code = code;
        same.violations = violations;
        same.text = came;
        same.setStackTrace(getStackTrace());
        return same;
    }

    /** The same failure where it is thrown: of one that a thread of gRPC reported, its own trace would tell nothing. */
    AdedClientException here() {
        AdedClientException same = again();
        same.code = code;
        same.violations = violations;
        same.text = text;
        return same;
    }

    /** A copy without text, status and wrong fields. */
    abstract AdedClientException again();

    /** The request itself is wrong; the same request will fail again. */
    public static final class InvalidRequest extends AdedClientException {
        private static final long serialVersionUID = 1;

        InvalidRequest(String reason, String message, @Nullable Throwable cause) {
            super(reason, message, cause);
        }

        @Override
        AdedClientException again() {
            return new InvalidRequest(reason(), message(), getCause());
        }
    }

    /**
     * One thing that is wrong with a request.
     *
     * @param field its path in the request message, such as {@code options.sampling.temperature}
     * @param description what was wrong and what is allowed
     */
    public record Violation(String field, String description) implements Serializable {}

    /** The request is fine, but not now: the state that it needs is not there. */
    public static final class FailedPrecondition extends AdedClientException {
        private static final long serialVersionUID = 1;

        FailedPrecondition(String reason, String message, @Nullable Throwable cause) {
            super(reason, message, cause);
        }

        @Override
        AdedClientException again() {
            return new FailedPrecondition(reason(), message(), getCause());
        }
    }

    /** The model or conversation that was named is not there. */
    public static final class NotFound extends AdedClientException {
        private static final long serialVersionUID = 1;

        NotFound(String reason, String message, @Nullable Throwable cause) {
            super(reason, message, cause);
        }

        @Override
        AdedClientException again() {
            return new NotFound(reason(), message(), getCause());
        }
    }

    /**
     * A limit of the server is reached: its queue is full, this turn has waited in it for too long, the answer was not
     * read, or the request is larger than any may be.
     */
    public static final class ResourceExhausted extends AdedClientException {
        private static final long serialVersionUID = 1;

        ResourceExhausted(String reason, String message, @Nullable Duration retryAfter, @Nullable Throwable cause) {
            super(reason, message, cause);
            later(retryAfter);
        }

        @Override
        AdedClientException again() {
            return new ResourceExhausted(reason(), message(), retryAfter().orElse(null), getCause());
        }
    }

    /** The server cannot be reached, is loading the model, is draining, or went away in the middle. */
    public static final class Unavailable extends AdedClientException {
        private static final long serialVersionUID = 1;

        Unavailable(String reason, String message, @Nullable Throwable cause) {
            this(reason, message, null, cause);
        }

        Unavailable(String reason, String message, @Nullable Duration retryAfter, @Nullable Throwable cause) {
            super(reason, message, cause);
            later(retryAfter);
        }

        @Override
        AdedClientException again() {
            return new Unavailable(reason(), message(), retryAfter().orElse(null), getCause());
        }
    }

    /** The caller's time limit passed. */
    public static final class DeadlineExceeded extends AdedClientException {
        private static final long serialVersionUID = 1;

        DeadlineExceeded(String reason, String message, @Nullable Throwable cause) {
            super(reason, message, cause);
        }

        @Override
        AdedClientException again() {
            return new DeadlineExceeded(reason(), message(), getCause());
        }
    }

    /** The caller cancelled, closed what it was reading, or was interrupted. */
    public static final class Cancelled extends AdedClientException {
        private static final long serialVersionUID = 1;

        Cancelled(String reason, String message, @Nullable Throwable cause) {
            super(reason, message, cause);
        }

        @Override
        AdedClientException again() {
            return new Cancelled(reason(), message(), getCause());
        }
    }

    /** The server wants credentials, or other ones. */
    public static final class Denied extends AdedClientException {
        private static final long serialVersionUID = 1;

        Denied(String reason, String message, @Nullable Throwable cause) {
            super(reason, message, cause);
        }

        @Override
        AdedClientException again() {
            return new Denied(reason(), message(), getCause());
        }
    }

    /** The server does not serve this part of the API; see {@link ServerDetails#capabilities}. */
    public static final class Unsupported extends AdedClientException {
        private static final long serialVersionUID = 1;

        Unsupported(String reason, String message, @Nullable Throwable cause) {
            super(reason, message, cause);
        }

        @Override
        AdedClientException again() {
            return new Unsupported(reason(), message(), getCause());
        }
    }

    /** A fault of the server, or an answer that the API does not allow. */
    public static final class Internal extends AdedClientException {
        private static final long serialVersionUID = 1;

        Internal(String reason, String message, @Nullable Throwable cause) {
            super(reason, message, cause);
        }

        @Override
        AdedClientException again() {
            return new Internal(reason(), message(), getCause());
        }
    }

    /**
     * An answer that is not of the type that was asked for: it was cut short, or its constraint does not hold it to the
     * type. {@link #text} is the answer.
     */
    public static final class BadAnswer extends AdedClientException {
        private static final long serialVersionUID = 1;

        BadAnswer(String message, @Nullable Throwable cause) {
            super("", message, cause);
        }

        @Override
        AdedClientException again() {
            return new BadAnswer(message(), getCause());
        }
    }
}
