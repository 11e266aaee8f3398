package io.aded.cli;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.net.UnknownHostException;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a call failed with, as the failure that it was on the server: with its reason, and every wrong field. */
final class RemoteFailures {
    /** What netty puts in front of the system's own words. */
    private static final Pattern OF_NETTY = Pattern.compile("^\\w+\\(\\.\\.\\) failed with error\\(-?\\d+\\): ");

    private RemoteFailures() {}

    /**
     * Decodes what an observer reported.
     *
     * @param target whom the call went to, for messages
     */
    static AdedException translated(String target, Throwable failure) {
        Status status = Status.fromThrowable(failure);
        Details details = Details.of(StatusProto.fromThrowable(failure));
        String said = status.getDescription() == null ? status.getCode().name() : status.getDescription();
        String message = target + ": " + said;
        String reason = details.reason.isEmpty() ? status.getCode().name() : details.reason;
        return switch (status.getCode()) {
            case INVALID_ARGUMENT, OUT_OF_RANGE ->
                details.violations.isEmpty()
                        ? new AdedException.InvalidRequest(target, said)
                        : new AdedException.InvalidRequest(details.violations, details.leftOut);
            case NOT_FOUND, UNIMPLEMENTED -> new AdedException.NotFound(reason, message);
            case FAILED_PRECONDITION, ALREADY_EXISTS, ABORTED, PERMISSION_DENIED, UNAUTHENTICATED ->
                new AdedException.FailedPrecondition(reason, message);
            case RESOURCE_EXHAUSTED -> new AdedException.ResourceExhausted(reason, message, null);
            case DEADLINE_EXCEEDED -> new AdedException.DeadlineExceeded(reason, message);
            case CANCELLED -> new AdedException.Cancelled(message);
            case UNAVAILABLE ->
                // Who gives a reason is there.
                new AdedException.Unavailable(
                        reason, details.reason.isEmpty() ? notThere(target, status, message) : message);
            case OK, UNKNOWN, INTERNAL, DATA_LOSS -> new AdedException.Internal(reason, message, status.getCause());
        };
    }

    /** Nobody answered; the transport's own words ("io exception") say less than what it ran into. */
    private static String notThere(String target, Status status, String message) {
        Throwable cause = status.getCause();
        while (cause != null && cause.getCause() != null && cause.getCause() != cause) {
            cause = cause.getCause();
        }
        if (cause instanceof UnknownHostException) {
            return target + ": the host is not known";
        }
        String why = cause == null || cause.getMessage() == null
                ? message
                : target + ": " + OF_NETTY.matcher(cause.getMessage()).replaceFirst("");
        return why + ". Is a server running there? (aded serve --listen " + target + ")";
    }

    /** What the details say, as far as it is known here. */
    private record Details(String reason, List<FieldViolation> violations, int leftOut) {
        static Details of(com.google.rpc.@Nullable Status status) {
            String reason = "";
            List<FieldViolation> violations = List.of();
            int leftOut = 0;
            if (status != null) {
                try {
                    for (Any detail : status.getDetailsList()) {
                        if (detail.is(ErrorInfo.class)) {
                            ErrorInfo info = detail.unpack(ErrorInfo.class);
                            reason = info.getReason();
                            leftOut = Integer.parseInt(info.getMetadataOrDefault("violations_left_out", "0"));
                        } else if (detail.is(BadRequest.class)) {
                            violations = detail.unpack(BadRequest.class).getFieldViolationsList().stream()
                                    .map(wrong -> new FieldViolation(wrong.getField(), wrong.getDescription()))
                                    .toList();
                        }
                    }
                } catch (InvalidProtocolBufferException | NumberFormatException damaged) {
                    // The status itself still says what happened.
                }
            }
            return new Details(reason, violations, leftOut);
        }
    }
}
