package io.aded.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class FailuresTest {
    private static final Map<Status.Code, Class<? extends AdedClientException>> KINDS = Map.ofEntries(
            Map.entry(Status.Code.INVALID_ARGUMENT, AdedClientException.InvalidRequest.class),
            Map.entry(Status.Code.OUT_OF_RANGE, AdedClientException.InvalidRequest.class),
            Map.entry(Status.Code.FAILED_PRECONDITION, AdedClientException.FailedPrecondition.class),
            Map.entry(Status.Code.ABORTED, AdedClientException.FailedPrecondition.class),
            Map.entry(Status.Code.ALREADY_EXISTS, AdedClientException.FailedPrecondition.class),
            Map.entry(Status.Code.NOT_FOUND, AdedClientException.NotFound.class),
            Map.entry(Status.Code.RESOURCE_EXHAUSTED, AdedClientException.ResourceExhausted.class),
            Map.entry(Status.Code.UNAVAILABLE, AdedClientException.Unavailable.class),
            Map.entry(Status.Code.DEADLINE_EXCEEDED, AdedClientException.DeadlineExceeded.class),
            Map.entry(Status.Code.CANCELLED, AdedClientException.Cancelled.class),
            Map.entry(Status.Code.UNAUTHENTICATED, AdedClientException.Denied.class),
            Map.entry(Status.Code.PERMISSION_DENIED, AdedClientException.Denied.class),
            Map.entry(Status.Code.UNIMPLEMENTED, AdedClientException.Unsupported.class),
            Map.entry(Status.Code.INTERNAL, AdedClientException.Internal.class),
            Map.entry(Status.Code.UNKNOWN, AdedClientException.Internal.class),
            Map.entry(Status.Code.DATA_LOSS, AdedClientException.Internal.class));

    @ParameterizedTest
    @EnumSource(value = Status.Code.class, mode = EnumSource.Mode.EXCLUDE, names = "OK")
    void decode_everyCode_hasItsKind(Status.Code code) {
        AdedClientException plain = Failures.decode(
                code.toStatus().withDescription("what was wrong").asRuntimeException());
        assertThat(plain).isInstanceOf(KINDS.get(code)).hasMessage("what was wrong");
        AdedClientException bare = Failures.decode(code.toStatus().asRuntimeException());
        assertThat(bare).isInstanceOf(KINDS.get(code)).hasMessage(code.name());
    }

    @Test
    void decode_foreignDomain_leavesTheReasonEmpty() {
        var status = com.google.rpc.Status.newBuilder()
                .setCode(Code.UNAVAILABLE_VALUE)
                .addDetails(Any.pack(ErrorInfo.newBuilder()
                        .setDomain("proxy.example")
                        .setReason("NO_UPSTREAM")
                        .build()))
                .build();
        assertThat(Failures.decode(StatusProto.toStatusRuntimeException(status)).reason())
                .isEmpty();
    }

    @Test
    void decode_damagedDetails_keepsTheStatus() {
        var status = com.google.rpc.Status.newBuilder()
                .setCode(Code.NOT_FOUND_VALUE)
                .setMessage("no such model")
                .addDetails(Any.newBuilder()
                        .setTypeUrl("type.googleapis.com/google.rpc.ErrorInfo")
                        .setValue(ByteString.copyFrom(new byte[] {10, 99, 1})))
                .build();
        assertThat(Failures.decode(StatusProto.toStatusRuntimeException(status)))
                .isInstanceOf(AdedClientException.NotFound.class)
                .hasMessage("no such model");
    }

    @Test
    void decode_anyOtherThrowable_isInternal() {
        assertThat(Failures.decode(new IllegalStateException("boom")))
                .isInstanceOf(AdedClientException.Internal.class)
                .hasMessageContaining("boom");
    }

    @Test
    void toString_ofAnyFailure_hasTheReason() {
        assertThat(new AdedClientException.Unavailable("DRAINING", "is going away", null))
                .hasToString("io.aded.client.AdedClientException$Unavailable: is going away [DRAINING]");
        assertThat(new AdedClientException.Unavailable("", "is not there", null))
                .hasToString("io.aded.client.AdedClientException$Unavailable: is not there");
    }
}
