package io.aded.rpc;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
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

    /**
     * The details of a status, written as text, stay below 4 KiB with all that is in them: clients and proxies take 8
     * KiB of trailers, in which the message is a second time.
     */
    private static final int MOST_VIOLATION_BYTES = 1792;

    private static final int MOST_FIELD_BYTES = 128;
    private static final int MOST_DESCRIPTION_BYTES = 256;
    private static final int MOST_MESSAGE_BYTES = 400;

    /** In the metadata of {@link ErrorInfo}: how many fields are wrong and not named. */
    static final String LEFT_OUT = "violations_left_out";

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
                        status(Code.INVALID_ARGUMENT, invalid, invalid.violations(), invalid.leftOut());
                    case AdedException.NotServed notServed ->
                        status(Code.UNIMPLEMENTED, notServed, notServed.fields(), 0);
                    case AdedException.InvalidArtifact artifact ->
                        // The only artefact that travels over this API is one that the caller sent.
                        status(Code.INVALID_ARGUMENT, artifact).build();
                    case AdedException.FailedPrecondition precondition ->
                        status(Code.FAILED_PRECONDITION, precondition).build();
                    case AdedException.NotFound notFound ->
                        status(Code.NOT_FOUND, notFound).build();
                    case AdedException.ResourceExhausted exhausted -> exhausted(exhausted);
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
        return status(code, failure.reason(), message(failure, MOST_MESSAGE_BYTES));
    }

    private static String message(AdedException failure, int bytes) {
        String message = failure.getMessage();
        return message == null ? failure.reason() : cut(message, bytes);
    }

    private static Status.Builder status(Code code, String reason, String message) {
        return Status.newBuilder()
                .setCode(code.getNumber())
                .setMessage(message)
                .addDetails(Any.pack(info(reason).build()));
    }

    private static ErrorInfo.Builder info(String reason) {
        return ErrorInfo.newBuilder().setReason(reason).setDomain(DOMAIN);
    }

    /** Names as many wrong fields as fit, and says how many more there are. */
    private static Status status(Code code, AdedException failure, List<FieldViolation> violations, int leftOut) {
        BadRequest.Builder request = BadRequest.newBuilder();
        int bytes = 0;
        for (FieldViolation violation : violations) {
            BadRequest.FieldViolation named = named(violation);
            bytes += named.getSerializedSize() + 3;
            if (bytes > MOST_VIOLATION_BYTES) {
                break;
            }
            request.addFieldViolations(named);
        }
        int more = leftOut + violations.size() - request.getFieldViolationsCount();
        ErrorInfo.Builder info = info(failure.reason());
        String message = message(failure, MOST_MESSAGE_BYTES);
        if (more > 0) {
            info.putMetadata(LEFT_OUT, Integer.toString(more));
            message += "; " + more + " more are wrong";
        }
        return Status.newBuilder()
                .setCode(code.getNumber())
                .setMessage(message)
                .addDetails(Any.pack(info.build()))
                .addDetails(Any.pack(request.build()))
                .build();
    }

    private static BadRequest.FieldViolation named(FieldViolation violation) {
        return BadRequest.FieldViolation.newBuilder()
                .setField(cut(violation.field(), MOST_FIELD_BYTES))
                .setDescription(cut(violation.description(), MOST_DESCRIPTION_BYTES))
                .build();
    }

    /** Cut to so many bytes of UTF-8, before a character. */
    private static String cut(String text, int most) {
        int bytes = 0;
        for (int at = 0; at < text.length(); ) {
            int character = text.codePointAt(at);
            bytes += character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
            if (bytes > most - 3) {
                return ByteString.copyFromUtf8(text).size() <= most ? text : text.substring(0, at) + "\u2026";
            }
            at += Character.charCount(character);
        }
        return text;
    }

    private static Status exhausted(AdedException.ResourceExhausted exhausted) {
        Status.Builder status = status(Code.RESOURCE_EXHAUSTED, exhausted);
        if (!exhausted.isPermanent()) {
            status.addDetails(Any.pack(retry(exhausted)));
        }
        FieldViolation violation = exhausted.violation();
        if (violation != null) {
            status.addDetails(Any.pack(
                    BadRequest.newBuilder().addFieldViolations(named(violation)).build()));
        }
        return status.addDetails(Any.pack(quota(exhausted))).build();
    }

    private static RetryInfo retry(AdedException.ResourceExhausted exhausted) {
        java.time.Duration after = exhausted.retryAfter();
        return RetryInfo.newBuilder()
                .setRetryDelay(after == null ? DEFAULT_RETRY : ResponseWriter.duration(after))
                .build();
    }

    private static QuotaFailure quota(AdedException.ResourceExhausted exhausted) {
        return QuotaFailure.newBuilder()
                .addViolations(QuotaFailure.Violation.newBuilder()
                        .setSubject("server:" + exhausted.reason())
                        .setDescription(message(exhausted, MOST_MESSAGE_BYTES)))
                .build();
    }
}
