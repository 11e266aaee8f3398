package io.aded.rpc;

import io.aded.model.AdedException;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.StatusRuntimeException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * Answers INVALID_ARGUMENT to bytes that are no message: text that is not UTF-8, or no protobuf at all. gRPC by itself
 * lets the call die with a status that blames the server.
 */
final class MalformedRequests {
    private MalformedRequests() {}

    /**
     * The same service, guarded.
     *
     * @param schema what reflection says of it
     */
    static ServerServiceDefinition refuse(ServerServiceDefinition service, Object schema) {
        ServiceDescriptor.Builder descriptor =
                ServiceDescriptor.newBuilder(service.getServiceDescriptor().getName());
        descriptor.setSchemaDescriptor(schema);
        var methods =
                service.getMethods().stream().map(MalformedRequests::refuse).toList();
        methods.forEach(method -> descriptor.addMethod(method.getMethodDescriptor()));
        ServerServiceDefinition.Builder guarded = ServerServiceDefinition.builder(descriptor.build());
        methods.forEach(guarded::addMethod);
        return guarded.build();
    }

    private static <Q, A> ServerMethodDefinition<Q, A> refuse(ServerMethodDefinition<Q, A> method) {
        MethodDescriptor<Q, A> descriptor = method.getMethodDescriptor();
        ServerCallHandler<Q, A> handler = method.getServerCallHandler();
        return ServerMethodDefinition.create(
                descriptor.toBuilder(
                                new LenientMarshaller<>(descriptor.getRequestMarshaller()),
                                descriptor.getResponseMarshaller())
                        .build(),
                (call, headers) -> new RefusingListener<>(call, handler.startCall(call, headers)));
    }

    /** Reads null from what cannot be read. */
    private record LenientMarshaller<Q>(MethodDescriptor.Marshaller<Q> exact)
            implements MethodDescriptor.Marshaller<Q> {
        @Override
        public InputStream stream(Q message) {
            return exact.stream(message);
        }

        @Override
        @SuppressWarnings("NullAway") // gRPC is not annotated; the listener below is the only one who sees the null
        public @Nullable Q parse(InputStream bytes) {
            try {
                return exact.parse(bytes);
            } catch (StatusRuntimeException e) {
                return null;
            }
        }
    }

    private static final class RefusingListener<Q, A> extends SimpleForwardingServerCallListener<Q> {
        private final ServerCall<Q, A> call;
        private boolean refused;

        RefusingListener(ServerCall<Q, A> call, ServerCall.Listener<Q> next) {
            super(next);
            this.call = call;
        }

        @Override
        public void onMessage(@Nullable Q message) {
            if (refused) {
                return;
            }
            if (message != null) {
                super.onMessage(message);
                return;
            }
            refused = true;
            super.onCancel(); // what was begun for this call ends, and sends nothing any more
            StatusRuntimeException status = Statuses.of(new AdedException.InvalidRequest(
                    "request", "cannot be read; allowed: a message of this API whose strings are valid UTF-8"));
            Metadata trailers = status.getTrailers();
            call.close(status.getStatus(), trailers == null ? new Metadata() : trailers);
        }

        @Override
        public void onHalfClose() {
            if (!refused) {
                super.onHalfClose();
            }
        }

        @Override
        public void onCancel() {
            if (!refused) {
                super.onCancel();
            }
        }
    }
}
