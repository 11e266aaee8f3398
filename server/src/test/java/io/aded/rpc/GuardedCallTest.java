package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.model.AdedException;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerateResponse;
import io.aded.v1.InferenceServiceGrpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class GuardedCallTest {
    /** As strict as gRPC's own, which logs what is thrown here. */
    private static final class Strict extends ServerCall<GenerateRequest, GenerateResponse> {
        final List<Status.Code> ends = new ArrayList<>();
        int sent;

        @Override
        public void request(int messages) {}

        @Override
        public void sendHeaders(Metadata headers) {}

        @Override
        public void sendMessage(GenerateResponse message) {
            requireOpen();
            sent++;
        }

        @Override
        public void close(Status status, Metadata trailers) {
            requireOpen();
            ends.add(status.getCode());
        }

        private void requireOpen() {
            if (!ends.isEmpty()) {
                throw new IllegalStateException("call already closed");
            }
        }

        @Override
        public boolean isCancelled() {
            return false;
        }

        @Override
        public MethodDescriptor<GenerateRequest, GenerateResponse> getMethodDescriptor() {
            return InferenceServiceGrpc.getGenerateMethod();
        }
    }

    private final Strict strict = new Strict();
    private final GuardedCall<GenerateRequest, GenerateRequest, GenerateResponse> call =
            new GuardedCall<>(strict, InferenceServiceGrpc.getGenerateMethod());

    @Test
    void close_again_isDropped() {
        call.sendMessage(GenerateResponse.getDefaultInstance());
        call.close(Status.OK, new Metadata());
        call.close(Status.ABORTED, new Metadata());
        call.sendHeaders(new Metadata());
        call.sendMessage(GenerateResponse.getDefaultInstance());
        call.refuse(new AdedException.Cancelled("late"));

        assertThat(strict.ends).containsExactly(Status.Code.OK);
        assertThat(strict.sent).isEqualTo(1);
        assertThat(call.isRefused()).isFalse();
    }

    @Test
    void refuse_thenTheHandlerGoesOn_keepsTheFirstEnd() {
        call.refuse(new AdedException.ResourceExhausted("ANY", "no more", null));
        call.sendMessage(GenerateResponse.getDefaultInstance());
        call.close(Status.OK, new Metadata());

        assertThat(strict.ends).containsExactly(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(strict.sent).isZero();
        assertThat(call.isRefused()).isTrue();
        assertThat(call.isCancelled()).isTrue();
    }
}
