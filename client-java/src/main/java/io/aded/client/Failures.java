package io.aded.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.aded.client.AdedClientException.Violation;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The one place where a gRPC status becomes an exception of ours. */
final class Failures {
    static final String TIMEOUT = "CLIENT_TIMEOUT";
    static final String CANCELLED = "CLIENT_CANCELLED";

    /** The reason of a server that noticed the call's deadline first. */
    private static final String SERVER_DEADLINE = "DEADLINE";

    private static final String DOMAIN = "aded.io";

    /** gRPC cancels a call whose bytes are no message, and tells the parser's complaint as the cause. */
    private static final String MALFORMED = "MALFORMED_ANSWER";

    /** Levels of causes that a message tells. */
    private static final int MOST_CAUSES = 5;

    private Failures() {}

    /** Decodes whatever a stub or an observer reported. */
    static AdedClientException decode(Throwable thrown) {
        if (thrown instanceof AdedClientException already) {
            return already;
        }
        Status status = Status.fromThrowable(thrown);
        // What the transport made of it is in the message; its own exceptions are nothing that a caller could use.
        Throwable cause = isOfGrpc(thrown) ? null : thrown;
        Details details = Details.of(StatusProto.fromThrowable(thrown));
        String reason = details.reason;
        String message = describe(status, reason.isEmpty());
        return kind(status, reason, message, details, cause).of(status.getCode().name(), details.violations);
    }

    private static AdedClientException kind(
            Status status, String reason, String message, Details details, @Nullable Throwable cause) {
        return switch (status.getCode()) {
            case INVALID_ARGUMENT, OUT_OF_RANGE -> new AdedClientException.InvalidRequest(reason, message, cause);
            case FAILED_PRECONDITION, ABORTED, ALREADY_EXISTS ->
                new AdedClientException.FailedPrecondition(reason, message, cause);
            case NOT_FOUND -> new AdedClientException.NotFound(reason, message, cause);
            case RESOURCE_EXHAUSTED ->
                new AdedClientException.ResourceExhausted(reason, message, details.retryAfter, cause);
            case UNAVAILABLE -> new AdedClientException.Unavailable(reason, message, details.retryAfter, cause);
            case DEADLINE_EXCEEDED -> new AdedClientException.DeadlineExceeded(reason, message, cause);
            case CANCELLED ->
                status.getCause() == null
                        ? new AdedClientException.Cancelled(reason, message, cause)
                        : new AdedClientException.Internal(MALFORMED, message, cause);
            case UNAUTHENTICATED, PERMISSION_DENIED -> new AdedClientException.Denied(reason, message, cause);
            case UNIMPLEMENTED -> new AdedClientException.Unsupported(reason, message, cause);
            case INTERNAL, UNKNOWN, DATA_LOSS, OK -> new AdedClientException.Internal(reason, message, cause);
        };
    }

    /** The same with the reason that the caller himself was: his time limit, or that he cancelled. */
    static AdedClientException decode(Throwable thrown, boolean limited, boolean stopped) {
        AdedClientException failure = decode(thrown);
        boolean noticedByServer = failure.reason().equals(SERVER_DEADLINE);
        if (!failure.reason().isEmpty() && !noticedByServer) {
            return failure;
        }
        if (limited && failure instanceof AdedClientException.DeadlineExceeded) {
            return new AdedClientException.DeadlineExceeded(TIMEOUT, failure.message(), null)
                    .of(failure.code(), failure.violations());
        }
        if (stopped && failure instanceof AdedClientException.Cancelled) {
            return new AdedClientException.Cancelled(CANCELLED, failure.message(), null)
                    .of(failure.code(), failure.violations());
        }
        return failure;
    }

    /** What the sidecar said; for what the transport said, its cause too, since that names the host and the trouble. */
    private static String describe(Status status, boolean withCause) {
        String description = status.getDescription();
        String said =
                description == null || description.isEmpty() ? status.getCode().name() : description;
        StringBuilder whole = new StringBuilder(said);
        Throwable cause = withCause ? status.getCause() : null;
        for (int level = 0; cause != null && level < MOST_CAUSES; level++) {
            String detail = cause.getMessage() == null ? cause.toString() : cause.getMessage();
            if (whole.indexOf(detail) < 0) {
                whole.append(": ").append(detail);
            }
            cause = cause.getCause();
        }
        return whole.toString();
    }

    private static boolean isOfGrpc(Throwable thrown) {
        return thrown instanceof StatusException || thrown instanceof StatusRuntimeException;
    }

    /** What the details say, as far as this client knows them; details of other kinds are passed over. */
    private record Details(
            String reason,
            List<Violation> violations,
            @Nullable Duration retryAfter) {
        static Details of(com.google.rpc.@Nullable Status status) {
            String reason = "";
            List<Violation> violations = List.of();
            Duration retryAfter = null;
            if (status != null) {
                try {
                    for (Any detail : status.getDetailsList()) {
                        if (detail.is(ErrorInfo.class)) {
                            ErrorInfo info = detail.unpack(ErrorInfo.class);
                            reason = info.getDomain().equals(DOMAIN) ? info.getReason() : reason;
                        } else if (detail.is(BadRequest.class)) {
                            violations = detail.unpack(BadRequest.class).getFieldViolationsList().stream()
                                    .map(wrong -> new Violation(wrong.getField(), wrong.getDescription()))
                                    .toList();
                        } else if (detail.is(RetryInfo.class)) {
                            retryAfter = ResponseReader.duration(
                                    detail.unpack(RetryInfo.class).getRetryDelay());
                        }
                    }
                } catch (InvalidProtocolBufferException damaged) {
                    // The status itself still says what happened; half-read details are better than another failure.
                }
            }
            return new Details(reason, violations, retryAfter);
        }
    }
}
