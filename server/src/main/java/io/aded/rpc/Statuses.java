package io.aded.rpc;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.rpc.BadRequest;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.QuotaFailure;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one place that turns an exception into a gRPC status with its details.
 *
 * <p>What we throw on purpose has a message that was written for the caller. Anything else is a fault of ours: its
 * message may quote what was being worked on, so the caller gets a number, and the log gets the rest under that number.
 */
final class Statuses {
    /** The domain of every {@link ErrorInfo}. */
    static final String DOMAIN = "aded.io";

    /** What callers are told to wait if nobody knows better. */
    private static final Duration DEFAULT_RETRY =
            Duration.newBuilder().setSeconds(1).build();

    /** All details of a status together are to stay below 4 KiB: proxies and clients take 8 KiB of trailers in all. */
    private static final int MOST_VIOLATION_BYTES = 2048;

    private static final int MOST_DESCRIPTION = 256;
    private static final int MOST_MESSAGE = 512;

    private static final Logger LOG = LoggerFactory.getLogger(Statuses.class);

    private Statuses() {}

    static StatusRuntimeException of(Throwable failure) {
        return switch (failure) {
            case AdedException known -> of(known);
            case StatusRuntimeException status -> status;
            case StatusException status -> status.getStatus().asRuntimeException(status.getTrailers());
            default -> unexpected(failure);
        };
    }

    static StatusRuntimeException of(AdedException failure) {
        return StatusProto.toStatusRuntimeException(
                switch (failure) {
                    case AdedException.InvalidRequest invalid ->
                        status(Code.INVALID_ARGUMENT, invalid)
                                .addDetails(Any.pack(badRequest(invalid.violations())))
                                .build();
                    case AdedException.NotServed notServed ->
                        status(Code.UNIMPLEMENTED, notServed)
                                .addDetails(Any.pack(badRequest(notServed.fields())))
                                .build();
                    case AdedException.InvalidArtifact artifact ->
                        // The only artefact that travels over this API is one that the caller sent.
                        status(Code.INVALID_ARGUMENT, artifact).build();
                    case AdedException.FailedPrecondition precondition ->
                        status(Code.FAILED_PRECONDITION, precondition).build();
                    case AdedException.NotFound notFound ->
                        status(Code.NOT_FOUND, notFound).build();
                    case AdedException.ResourceExhausted exhausted ->
                        status(Code.RESOURCE_EXHAUSTED, exhausted)
                                .addDetails(Any.pack(retry(exhausted)))
                                .addDetails(Any.pack(quota(exhausted)))
                                .build();
                    case AdedException.Unavailable unavailable ->
                        status(Code.UNAVAILABLE, unavailable)
                                .addDetails(Any.pack(RetryInfo.newBuilder()
                                        .setRetryDelay(DEFAULT_RETRY)
                                        .build()))
                                .build();
                    case AdedException.Cancelled cancelled ->
                        status(Code.CANCELLED, cancelled).build();
                    case AdedException.DeadlineExceeded deadline ->
                        status(Code.DEADLINE_EXCEEDED, deadline).build();
                    case AdedException.Internal internal -> {
                        LOG.error("{}: {}", internal.reason(), internal.getMessage(), internal);
                        yield status(Code.INTERNAL, internal).build();
                    }
                });
    }

    private static StatusRuntimeException unexpected(Throwable failure) {
        String number = Long.toHexString(ThreadLocalRandom.current().nextLong());
        LOG.error("unexpected fault {}", number, failure);
        return StatusProto.toStatusRuntimeException(
                status(Code.INTERNAL, "UNEXPECTED", "a fault of the server; its log has the details under " + number)
                        .build());
    }

    private static Status.Builder status(Code code, AdedException failure) {
        String message = failure.getMessage();
        return status(code, failure.reason(), message == null ? failure.reason() : cut(message, MOST_MESSAGE));
    }

    private static Status.Builder status(Code code, String reason, String message) {
        return Status.newBuilder()
                .setCode(code.getNumber())
                .setMessage(message)
                .addDetails(Any.pack(ErrorInfo.newBuilder()
                        .setReason(reason)
                        .setDomain(DOMAIN)
                        .build()));
    }

    /** As many as fit into what clients take of trailers. */
    private static BadRequest badRequest(List<FieldViolation> violations) {
        BadRequest.Builder request = BadRequest.newBuilder();
        int bytes = 0;
        for (FieldViolation violation : violations) {
            BadRequest.FieldViolation.Builder named = BadRequest.FieldViolation.newBuilder()
                    .setField(violation.field())
                    .setDescription(cut(violation.description(), MOST_DESCRIPTION));
            bytes += named.build().getSerializedSize() + 3;
            if (bytes > MOST_VIOLATION_BYTES) {
                break;
            }
            request.addFieldViolations(named);
        }
        return request.build();
    }

    private static String cut(String text, int most) {
        if (text.length() <= most) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(most - 1)) ? most - 1 : most;
        return text.substring(0, end) + "\u2026";
    }

    private static RetryInfo retry(AdedException.ResourceExhausted exhausted) {
        java.time.Duration after = exhausted.retryAfter();
        return RetryInfo.newBuilder()
                .setRetryDelay(after == null ? DEFAULT_RETRY : ResponseWriter.duration(after))
                .build();
    }

    private static QuotaFailure quota(AdedException.ResourceExhausted exhausted) {
        String message = exhausted.getMessage();
        return QuotaFailure.newBuilder()
                .addViolations(QuotaFailure.Violation.newBuilder()
                        .setSubject("server:" + exhausted.reason())
                        .setDescription(message == null ? "" : message))
                .build();
    }
}
